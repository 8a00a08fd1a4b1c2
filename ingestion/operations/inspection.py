"""What sources have, beside what the catalogue says: `python -m ingestion inspect`.

Belongs here: the comparison. Not here: the rules (recommendation.py), its display (inspection_report.py), new
entries in the catalogue's file (adoption.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ingestion import sample
from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.matching import find_tables, matched_columns, refused_tables
from ingestion.catalogue.recommendation import Recommendation, declared_type, found_key, recommend, resolved
from ingestion.catalogue.sources_file import configured_sources
from ingestion.errors import ConfigurationError, SourceError, TableError
from ingestion.rows.columns import IDENTIFIER, ColumnType
from ingestion.rows.folding import Folding
from ingestion.settings import SAMPLE_DIRECTORY, SOURCES, Settings
from ingestion.sources.base import Snapshot, SourceName
from ingestion.sources.shape import TableShape


@dataclass(frozen=True, slots=True)
class Inspection:
    """One table: in the source, in the catalogue, and how it is best read.

    Attributes:
        source: name of the source.
        table: name of the table.
        shape: the table in the source; None where it has none.
        entry: its entry in the catalogue; None where there is none.
        recommended: how to read it; None where the source has no such table.
        differences: what the catalogue says and the source does not bear out, a sentence each.
        comparisons: what the source does not tell apart in its ids, a sentence each.
    """

    source: str
    table: str
    shape: TableShape | None
    entry: TableEntry | None
    recommended: Recommendation | None
    differences: tuple[str, ...]
    comparisons: tuple[str, ...] = ()

    @property
    def is_adoptable(self) -> bool:
        """Whether an entry can be written for it, and there is none."""
        return self.entry is None and self.recommended is not None and self.recommended.problem is None


def inspect(settings: Settings, source: str | None = None, table: str | None = None) -> Iterator[Inspection | str]:
    """Compare configured sources with the catalogue, reading nothing but their catalogs. No warehouse is needed.

    Yields:
        Tables, those of the catalogue first; for a source that can't be read, why.

    Raises:
        ConfigurationError: the source or the table is not known or not configured, or the settings are wrong.
    """
    catalogue = load_catalogue(settings.ingestion_catalogue)
    if source is None and table is not None:
        raise ConfigurationError("--table needs --source: tables of different sources share names.")
    configured = configured_sources(settings, catalogue)
    if source is not None and source not in (*SOURCES, *configured):
        known = ", ".join(dict.fromkeys([*SOURCES, *configured]))
        raise ConfigurationError(f"Unknown source '{source}'. Use one of: {known}.")
    if source is not None and source not in configured:
        raise ConfigurationError(f"{SourceName(source).variable} is not set. Set it in the environment or in .env.")
    if settings.uses_sample and not sample.exists(SAMPLE_DIRECTORY):
        raise ConfigurationError(
            "No source is configured, and there is no sample yet. Set a source's URL, or: make run"
        )
    for name, one in configured.items():
        if source in (None, name):
            try:
                with one.source.snapshot() as snapshot:
                    listed = snapshot.shapes()
                    found, faults = find_tables(one.entries, snapshot)
                    # A partition, say, is not listed, but may be what the catalogue names.
                    if others := {t.name for t in found.values()} - set(listed):
                        listed |= snapshot.shapes(others)
                    inspections = list(_compared(name, one.entries, listed, found, faults, table, snapshot))
            except SourceError as error:
                yield str(error)
            else:
                yield from inspections


def _compared(
    source: str,
    entries: dict[str, TableEntry],
    listed: dict[str, TableShape],
    found: dict[str, FoundTable],
    faults: dict[str, str],
    only: str | None,
    snapshot: Snapshot,
) -> Iterable[Inspection]:
    meant = {table.name for table in found.values()}
    shapes = {name: listed[table.name] for name, table in found.items() if table.name in listed}
    shapes |= {name: shape for name, shape in listed.items() if name not in meant and name not in entries}
    names = list(dict.fromkeys([*entries, *shapes]))
    if only is not None and only not in names:
        raise ConfigurationError(
            f"Neither {source} nor the catalogue has a table '{only}'. Use one of: {', '.join(names)}."
        )
    misnamed = refused_tables(names, ())
    told = [only] if only is not None else names
    foldings = snapshot.foldings({shapes[n].name: _ids(entries.get(n), shapes[n]) for n in told if n in shapes})
    for name in told:
        shape, entry = shapes.get(name), entries.get(name)
        if shape is None:
            yield Inspection(source, name, None, entry, None, (faults.get(name, "the source has no such table"),))
        else:
            # A key that a person named for a table without one is as good as it gets.
            key = entry.raw_key if entry and not found_key(shape)[0] and (entry.key or entry.mode) else ()
            differences = tuple(_differences(entry, shape)) if entry else ()
            recommended = recommend(shape, key)
            if fault := misnamed.get(name):
                recommended = replace(recommended, problem=fault)
            compared = tuple(_comparisons(foldings.get(shape.name, {})))
            yield Inspection(source, name, shape, entry, recommended, differences, compared)


def _ids(entry: TableEntry | None, shape: TableShape) -> list[str]:
    """Columns of text that are or would be declared as identifiers."""
    declared = {name.casefold() for name, column in entry.columns.items() if column.type == IDENTIFIER} if entry else ()
    return [
        name
        for name, column in shape.columns.items()
        if column.type is ColumnType.TEXT and (name.casefold() in declared or declared_type(shape, name) == IDENTIFIER)
    ]


def _comparisons(foldings: Mapping[str, Folding]) -> Iterator[str]:
    for folding in dict.fromkeys(foldings.values()):
        columns = ", ".join(name for name, of in foldings.items() if of == folding)
        told = f"{columns}: the source does not tell {folding.words} apart"
        if folding.changes_values:
            told += "; an identifier's canonical form lands in raw, what was written in <column>_as_written"
        if folding.accents:
            told += "; accents stay, so that ids which differ in one are two in raw"
        yield told


def _differences(entry: TableEntry, shape: TableShape) -> Iterator[str]:
    try:
        if entry.mode is None:
            entry = resolved(entry, shape)
        matched = matched_columns(entry, shape.columns)
    except TableError as error:
        yield str(error)
        return
    found = {name: shape.columns[column].type for name, column in matched.items()}
    told = entry.mapping.columns
    for name in entry.columns:
        if name not in found and name not in entry.dropped and (name not in told or told[name].default is None):
            yield f"{name} is in the catalogue, but not in the source"
    for name, column in entry.columns.items():
        # What is made of another value is of the type that it is made.
        if name in found and entry.mapping.keeps_values(name) and not _fits(column.type, found[name]):
            yield f"{name} is declared {column.type}, but is {found[name]} in the source: what does not fit is rejected"
    cursor = matched.get(entry.cursor or "")
    is_used = entry.mode == "cursor" or not shape.tells_changes
    if cursor and is_used and shape.kind == "table" and not shape.is_led_by(cursor):
        yield f"no index begins with the cursor {cursor}: each read scans the table"
    yield from _key_differences([matched.get(name, name) for name in entry.raw_key], shape)


def _key_differences(key: list[str], shape: TableShape) -> Iterator[str]:
    constraints = [c for c in (shape.primary_key, *shape.unique) if c]
    if any(set(constraint) <= set(key) for constraint in constraints):
        return
    columns = ", ".join(key)
    if constraints:
        known = "; ".join(", ".join(constraint) for constraint in constraints)
        yield f"no constraint keeps the key ({columns}) unique, but one does ({known}): rows that share it are rejected"
    elif shape.kind == "table":
        yield f"no constraint keeps the key ({columns}) unique: rows that share it are rejected"


_NUMBERS = {ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE}
_FITTING: dict[str, set[ColumnType]] = {
    IDENTIFIER: {ColumnType.INTEGER},
    ColumnType.JSON: {ColumnType.JSON},
    ColumnType.TIMEZONE: set(),
    ColumnType.INTEGER: _NUMBERS,
    ColumnType.DECIMAL: _NUMBERS,
    ColumnType.DOUBLE: _NUMBERS,
    ColumnType.BOOLEAN: {ColumnType.BOOLEAN, ColumnType.INTEGER},
    ColumnType.DATE: {ColumnType.DATE, ColumnType.TIMESTAMP},
    ColumnType.TIMESTAMP: {ColumnType.TIMESTAMP, ColumnType.DATE},
    ColumnType.BYTES: {ColumnType.BYTES},
}


def _fits(declared: str, found: ColumnType) -> bool:
    """Whether values of a column may be held by a declared type; text may spell any."""
    if declared == ColumnType.TEXT:
        return found is not ColumnType.BYTES
    return found is ColumnType.TEXT or found in _FITTING[declared]
