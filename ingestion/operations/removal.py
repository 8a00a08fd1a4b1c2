"""A source system is taken away: its raw log, and what was built of it.

Belongs here: what belongs to a system, and when it may go. Not here: the statements (warehouses/), published files.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingestion.errors import ConfigurationError
from ingestion.loading.run import Ingestion
from ingestion.settings import PROJECT_ROOT, SOURCES

_PROJECT = PROJECT_ROOT / "dbt_project"
_LAYERS = ("staging", "intermediate", "core", "marts", "reporting")


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to be removed, or was.

    Attributes:
        source: the system.
        raw: its tables of raw.
        built: tables and views that were built of it: schema, name.
        archived: how many files of the archive were removed.
    """

    source: str
    raw: list[str]
    built: list[tuple[str, str]]
    archived: int = 0


def find(ingestion: Ingestion, source: str) -> Removal:
    """What the warehouse has of a system.

    Raises:
        ConfigurationError: the source is not known, or its URL is set: the next run would bring it back.
        WarehouseError: the warehouse can't be read.
    """
    is_of_kind = source in SOURCES
    # One that was taken out of the owner's file is known by what it left.
    if not is_of_kind and source not in ingestion.configured and not ingestion.warehouse.loaded_sources([source]):
        ingestion.chosen(source, None, only_configured=False)
    if source in ingestion.configured:
        raise ConfigurationError(
            f"{source} is of the sample, which stands in for all sources while no URL is set. Set one."
            if ingestion.settings.uses_sample
            else f"{ingestion.configured[source].name.variable} is set: the next run would bring {source} back. Unset "
            "it first, or take it out of the file that names it."
        )
    raw = f"raw_{source}"
    is_last = is_of_kind and source not in {one.kind for one in ingestion.configured.values()}
    there = ingestion.warehouse.tables((raw, *_LAYERS))
    return Removal(
        source,
        sorted(name for schema, name in there if schema == raw),
        # What other sources of its kind feed stays, and is built anew without it.
        sorted(place for place in there if place[0] != raw and _is_of(source, place)) if is_last else [],
    )


def remove(ingestion: Ingestion, removal: Removal, *, with_archive: bool) -> Removal:
    """Remove what was found, and the archive's files if they are to go too: then nothing brings the rows back.

    Raises:
        StorageError: the archive can't be changed; the warehouse is done already.
        WarehouseError: the warehouse can't be written.
    """
    with ingestion.warehouse.session() as session:
        session.remove(removal.source, removal.built)
    archived = ingestion.archive.remove(removal.source) if with_archive else 0
    return Removal(removal.source, removal.raw, removal.built, archived)


def _is_of(source: str, place: tuple[str, str]) -> bool:
    schema, name = place
    return name.startswith((f"stg_{source}__", f"int_{source}__")) or name in _names(source, schema)


def _names(source: str, layer: str) -> Iterable[str]:
    """Models lie in folders by layer and system; what seeds hold is in core, views over marts in reporting."""
    folder = "marts" if layer == "reporting" else layer
    models = {path.stem for path in (_PROJECT / "models" / folder / source).rglob("*.sql")}
    seeds = {path.stem for path in (_PROJECT / "seeds" / source).glob("*.csv")} if layer == "core" else set()
    return models | seeds
