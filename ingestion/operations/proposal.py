"""A mapping for a source whose tables are called otherwise than its kind's: a part of sources.yml to begin with.

Belongs here: what is proposed, and its text. Not here: which names may mean the same (catalogue/likeness.py).
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.catalogue_file import load_catalogue, parsed_yaml
from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.likeness import like_columns, like_tables, words
from ingestion.catalogue.listed_names import shortened
from ingestion.catalogue.matching import find_tables, matched_columns
from ingestion.catalogue.sources_file import RAW, ConfiguredSource, configured_sources
from ingestion.catalogue.units import likely_factor
from ingestion.errors import ConfigurationError, SourceError, TableError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conversion import convert
from ingestion.settings import Settings
from ingestion.sources.base import Snapshot
from ingestion.sources.shape import SourceColumn, TableShape
from ingestion.sources.translation import EPOCHS

KNOWN_VALUES: Mapping[tuple[str, str, str], tuple[str, ...]] = {
    ("whatsapp", "conversations", "status"): ("active", "resolved", "handed_off"),
    ("whatsapp", "messages", "sender_type"): ("customer", "llm", "agent"),
    ("restaurant", "campaigns", "status"): ("draft", "running", "paused", "completed"),
    ("restaurant", "outreach_events", "status"): ("queued", "sent", "failed"),
    ("erp", "customer_interactions", "status"): ("pending", "in_progress", "completed", "cancelled"),
    ("erp", "customer_interactions", "interaction_type"): (
        *("call", "email", "meeting", "support_ticket", "complaint", "feedback"),
    ),
}
"""What models know, of columns that have but a few values."""

_MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class TableProposal:
    """What a table of the kind may be in the source.

    Attributes:
        table: the source's table, where it is called otherwise.
        columns: ours → the source's, of those that are called otherwise.
        values: ours → what the source has in it that models do not know, and what they do.
        units: ours → what their numbers are, where the source's may be in another unit.
        missing: ours for which nothing was found.
        unused: the source's that are none of ours.
        where: the source's column, and what it has in rows that are not deleted.
        lacks_cursor: whether no column as it is can be the table's cursor.
        zoneless: the source's columns whose instants tell no zone, where none is declared.
    """

    table: str | None
    columns: Mapping[str, str]
    values: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    units: Mapping[str, str]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    where: tuple[str, str] | None = None
    lacks_cursor: bool = False
    zoneless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a source.

    Attributes:
        source: the source.
        tables: table of the kind → what it may be.
        missing: tables of the kind for which nothing was found.
        unused: the source's that are none of ours.
    """

    source: ConfiguredSource
    tables: Mapping[str, TableProposal]
    missing: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def text(self) -> str:
        """As a part of sources.yml."""
        name = self.source.name
        lines = [f"{name}:", f"  kind: {self.source.kind}", f"  url: ${{{name.variable}}}"]
        lines += [f"  schema: {_scalar(self.source.schema)}"] if self.source.schema else []
        lines += self._zone()
        lines.append("  tables:")
        for table, proposal in self.tables.items():
            lines.append(f"    {table}:")
            lines += [f"      table: {_scalar(proposal.table)}"] if proposal.table else []
            lines += ["      mode: changes"] if proposal.lacks_cursor else []
            if proposal.where:
                lines.append("      # A guess, of the name: other rows are marked as deleted, and would be counted.")
                lines.append(f"      where: {{{_scalar(proposal.where[0])}: {proposal.where[1]}}}")
            lines += ["      columns:"] if proposal.columns or proposal.values else []
            for column in dict.fromkeys([*proposal.columns, *proposal.values]):
                source = proposal.columns.get(column, column)
                if column not in proposal.values:
                    lines += _of_column(column, source, proposal.units.get(column))
                    continue
                found, known = proposal.values[column]
                listed = ", ".join(f"{_scalar(value)}: unknown" for value in found)
                lines.append(f"        # Say what each value is: {', '.join(known)}.")
                lines.append(f"        {column}: {{from: {_scalar(source)}, values: {{{listed}}}}}")
            if proposal.missing:
                lines += [f"      # Nothing like these was found: {', '.join(proposal.missing)}."]
                lines += [f"      # Not read so far: {', '.join(proposal.unused)}."] if proposal.unused else []
        if self.missing:
            lines.append(f"    # No table like these was found, and they would be empty: {', '.join(self.missing)}.")
            lines += [f"    # Not read so far: {', '.join(self.unused)}."] if self.unused else []
            for table in self.missing:
                lines += [f"    # {table}:", "    #   table: ...", "    #   columns:"]
                lines += [
                    f"    #     {column}: ...  # {entry.type}{', needed' if entry.required or column == 'id' else ''}"
                    for column, entry in self.source.entries[table].columns.items()
                ]
        return "\n".join(lines) + "\n"

    def _zone(self) -> list[str]:
        """The lines that ask for the zone of what tells none."""
        zoneless = [f"{one.table or name}.{column}" for name, one in self.tables.items() for column in one.zoneless]
        if not zoneless:
            return []
        return [
            f"  # No zone is told in {shortened(zoneless)}: read as UTC, unless you say whose clocks showed them.",
            "  # zone: Europe/Madrid",
        ]


def proposals(settings: Settings, only: str | None = None) -> Iterator[Proposal]:
    """Mappings for configured sources, or for one, that call things otherwise than their kinds.

    A source that can't be read has none.

    Raises:
        ConfigurationError: settings, catalogue or the owner's file are wrong.
    """
    if settings.uses_sample:
        return
    for name, source in configured_sources(settings, load_catalogue(settings.ingestion_catalogue)).items():
        if only in (None, name):
            with suppress(SourceError):
                if proposal := propose(source):
                    yield proposal


def propose(source: ConfiguredSource) -> Proposal | None:
    """A mapping for those of a kind's tables and columns that the source calls otherwise; None where it calls none so.

    Reads the source's catalog, and of columns with few values some rows.

    Raises:
        SourceError: the source can't be read.
    """
    if source.kind == RAW or source.folder is not None:
        return None
    with source.source.snapshot() as snapshot:
        shapes = snapshot.shapes()
        found, _ = find_tables(source.entries, snapshot)
        meant = {table.name for table in found.values()}
        absent = [name for name in source.entries if name not in found]
        free = {name: shape for name, shape in shapes.items() if name not in meant}
        like = like_tables(source.entries, absent, free)
        tables = {}
        for name, entry in source.entries.items():
            theirs = found[name].name if name in found else like.get(name)
            if theirs is not None and theirs in shapes:
                proposal = _of_table(source.kind, name, entry, shapes[theirs], snapshot)
                if name in like or proposal.columns or proposal.values or proposal.where:
                    tables[name] = replace(proposal, table=theirs if name in like else None)
    missing = tuple(name for name in absent if name not in like)
    unused = [name for name in free if name not in like.values()]
    is_other = tables or not found
    return Proposal(source, tables, missing, tuple(unused)) if is_other and shapes else None


def _of_table(kind: str, name: str, entry: TableEntry, shape: TableShape, snapshot: Snapshot) -> TableProposal:
    try:
        known = matched_columns(entry, shape.columns)
    except TableError:
        known = {}
    told = {*known, *entry.mapping.columns}
    open_columns = {name: column for name, column in shape.columns.items() if name not in entry.mapping.exclude}
    columns = {
        ours: theirs
        for ours, theirs in like_columns(entry, replace(shape, columns=open_columns), known).items()
        if ours not in told
    }
    units = {}
    for ours, theirs in [*columns.items()]:
        asked = entry.columns[ours].type
        if asked == ColumnType.TIMESTAMP and shape.columns[theirs].type is ColumnType.INTEGER:
            if unit := _epoch(_numbers(shape, theirs, snapshot)):
                units[ours] = f"epoch: {unit}"
            else:
                del columns[ours]
        elif factor := likely_factor(ours, asked, theirs):
            units[ours] = f"times: {factor}"
    values = {}
    for column, theirs in {**known, **columns}.items():
        listed = KNOWN_VALUES.get((kind, name, column))
        if listed and entry.mapping.keeps_values(column):
            held = _values(shape, theirs, snapshot)
            if held and not {*held} <= {*listed}:
                values[column] = held, listed
                if theirs != column:
                    columns[column] = theirs
    missing = tuple(c for c in entry.columns if c not in told and c not in columns)
    read = {*known.values(), *columns.values()}
    unused = tuple(f"{n} ({column.type})" for n, column in open_columns.items() if n not in read)
    lacks_cursor = entry.cursor is not None and (entry.cursor in units or entry.cursor in missing)
    instants = [
        theirs
        for ours, theirs in {**known, **columns}.items()
        if entry.columns[ours].type == ColumnType.TIMESTAMP
        and not (ours in units or entry.mapping.zone_of(ours, ColumnType.TIMESTAMP))
    ]
    where = _where(entry, open_columns, read)
    zoneless = _zoneless(shape, instants, snapshot)
    return TableProposal(None, columns, values, units, missing, unused, where, lacks_cursor, zoneless)


def _where(entry: TableEntry, columns: Mapping[str, SourceColumn], read: Collection[str]) -> tuple[str, str] | None:
    """The column by which rows seem to be marked as deleted, and what it has where they are not."""
    marks = (
        (name, _NOT_DELETED[column.type])
        for name, column in columns.items()
        if name not in read and column.type in _NOT_DELETED and not _DELETED.isdisjoint(words(name))
    )
    return None if entry.mapping.where else next(marks, None)


def _of_column(column: str, source: str, unit: str | None) -> list[str]:
    """The lines of a column that has no list of values."""
    if unit is None:
        return [f"        {column}: {_scalar(source)}"]
    is_guess = unit.startswith("times")
    return [
        *(["        # A guess, of the names: times: 1 if both are in the same unit."] if is_guess else []),
        f"        {column}: {{from: {_scalar(source)}, {unit}}}",
    ]


def _values(shape: TableShape, column: str, snapshot: Snapshot) -> tuple[str, ...]:
    """The values of the first rows, if they are few."""
    values = sorted(value for value in pc.unique(_first_rows(shape, column, snapshot)).to_pylist() if value is not None)
    return tuple(values) if len(values) <= _MOST_VALUES else ()


def _numbers(shape: TableShape, column: str, snapshot: Snapshot) -> list[int]:
    """The numbers of the first rows, in order."""
    return sorted(int(value) for value in _first_rows(shape, column, snapshot).to_pylist() if value is not None)


def _first_rows(shape: TableShape, column: str, snapshot: Snapshot) -> pa.Array:
    """What the first rows hold in a column, as text."""
    type_ = shape.columns[column].type
    [wire] = _first_wire(shape, [Column(column, type_)], snapshot) or [pa.array([], pa.string())]
    return convert(convert(wire, type_)[0], _TEXT)[0]


def _zoneless(shape: TableShape, columns: list[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Those columns of instants of which another one would be read in the first rows, were another zone told."""
    asked = [Column(name, ColumnType.TIMESTAMP) for name in dict.fromkeys(columns)]
    return tuple(
        column.name
        for column, wire in zip(asked, _first_wire(shape, asked, snapshot), strict=False)
        if not convert(wire, column.type)[0].equals(convert(wire, column.type, "Etc/GMT-1")[0])
    )


def _first_wire(shape: TableShape, columns: list[Column], snapshot: Snapshot) -> list[pa.Array]:
    """What the first rows hold in columns, as the driver has it; nothing where there are no rows or no columns."""
    wires = snapshot.read(RawTable("", shape.name, (), tuple(columns))) if columns else ()
    wire = next(iter(wires), None)
    return [] if wire is None else wire.batch.columns


def _epoch(numbers: list[int]) -> str | None:
    """The unit by which most of the numbers are instants of the years 1990 to 2100; None if none is."""
    middle = numbers[len(numbers) // 2] if numbers else 0
    return next((unit for unit, size in EPOCHS.items() if _YEAR_1990 <= middle * size < _YEAR_2100), None)


_YEAR_1990, _YEAR_2100 = 631_152_000 * EPOCHS["seconds"], 4_102_444_800 * EPOCHS["seconds"]
_TEXT = ColumnType.TEXT
_DELETED = {"deleted", "removed", "trashed", "discarded"}
_NOT_DELETED = {
    ColumnType.TIMESTAMP: "null",
    ColumnType.DATE: "null",
    ColumnType.BOOLEAN: "false",
    ColumnType.INTEGER: "0",
}


def _scalar(text: str | None) -> str:
    """A text as YAML reads it: in quotes where it would be something else."""
    plain = text is not None and text.replace("_", "a").isalnum() and parsed_yaml(text) == text
    return str(text) if plain or (text or "").lstrip("-").isdecimal() else json.dumps(text, ensure_ascii=False)


def write(path: Path, proposal: Proposal) -> bool:
    """Add a proposal to the owner's file; returns False where the file speaks of the source already.

    Raises:
        ConfigurationError: the file can't be written.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if proposal.source.name in (parsed_yaml(text) or {}):
            return False
        joint = "" if not text or text.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{joint}{proposal.text}")
    except OSError as error:
        raise ConfigurationError(f"{path.name} can't be written: {error.strerror}.") from None
    return True
