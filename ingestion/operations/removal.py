"""A source system is taken away: its raw log, and what was built of it.

Belongs here: what belongs to a system, and when it may go. Not here: the statements (warehouses/), published files.

Where other sources feed the same models, these stay. They know the removed one by its name and the number of its last
batch: were another one called so before they are built again, they would take its batches for those that they saw. So
what they saw is forgotten, and all of them is made anew.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from ingestion.errors import ConfigurationError
from ingestion.loading.run import Ingestion
from ingestion.operations.last_builds import forget_models, last_build
from ingestion.settings import PROJECT_ROOT, SOURCES
from ingestion.warehouses.sql import relation

_PROJECT = PROJECT_ROOT / "dbt_project"
_LAYERS = ("staging", "intermediate", "core", "marts", "reporting")


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to be removed, or was.

    Attributes:
        source: the system.
        raw: its tables of raw.
        built: tables and views that were built of it: schema, name.
        shared_with: other sources whose models have rows of it.
        archived: how many files of the archive were removed.
    """

    source: str
    raw: list[str]
    built: list[tuple[str, str]]
    shared_with: tuple[str, ...] = ()
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
    there = ingestion.warehouse.tables((raw, *_LAYERS))
    of_raw = sorted(name for schema, name in there if schema == raw)
    held_by = _kind_of_last_build(ingestion, source, there)
    kind = source if is_of_kind else held_by
    if kind is None:
        return Removal(source, of_raw, [])
    others = tuple(name for name in ingestion.sources_of_kinds().get(kind, ()) if name != source)
    built = [] if others else sorted(place for place in there if place[0] != raw and _is_of(kind, place))
    return Removal(source, of_raw, built, others if held_by == kind else ())


def _kind_of_last_build(ingestion: Ingestion, source: str, there: Collection[tuple[str, str]]) -> str | None:
    """The kind whose models, as they were last built, have rows of a source; None where none's do."""
    for kind in SOURCES:
        if (place := last_build(kind)) in there:
            rows = ingestion.warehouse.query(f"select * from {relation(*place)}").to_pylist()
            if any(row.get("source_name") == source for row in rows):
                return kind
    return None


def remove(ingestion: Ingestion, removal: Removal, *, with_archive: bool) -> Removal:
    """Remove what was found, and the archive's files if they are to go too: then nothing brings the rows back.

    Raises:
        StorageError: the archive can't be changed; the warehouse is done already.
        WarehouseError: the warehouse can't be written.
    """
    with ingestion.warehouse.session() as session:
        # First: who is killed before the end may call it once more.
        forget_models(session, removal.shared_with, {ingestion.kind(name) for name in removal.shared_with})
        session.remove(removal.source, removal.built)
    archived = ingestion.archive.remove(removal.source) if with_archive else 0
    return replace(removal, archived=archived)


def _is_of(source: str, place: tuple[str, str]) -> bool:
    schema, name = place
    return name.startswith((f"stg_{source}__", f"int_{source}__")) or name in _names(source, schema)


def _names(source: str, layer: str) -> Iterable[str]:
    """Models lie in folders by layer and system; what seeds hold is in core, views over marts in reporting."""
    folder = "marts" if layer == "reporting" else layer
    models = {path.stem for path in (_PROJECT / "models" / folder / source).rglob("*.sql")}
    seeds = {path.stem for path in (_PROJECT / "seeds" / source).glob("*.csv")} if layer == "core" else set()
    return models | seeds
