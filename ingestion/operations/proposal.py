"""A mapping for a source whose tables are called otherwise than its kind's: a part of sources.yml to begin with.

Belongs here: what is proposed, and its text. Not here: which names may mean the same (catalogue/likeness.py).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from ingestion.catalogue.entries import TableEntry, load_catalogue, parsed_yaml
from ingestion.catalogue.likeness import like_columns, like_tables
from ingestion.catalogue.matching import find_tables, matched_columns
from ingestion.catalogue.sources_file import RAW, ConfiguredSource, configured_sources
from ingestion.errors import ConfigurationError, SourceError, TableError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conversion import convert
from ingestion.settings import Settings
from ingestion.sources.base import Snapshot
from ingestion.sources.shape import TableShape

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
        missing: ours for which nothing was found.
    """

    table: str | None
    columns: Mapping[str, str]
    values: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a source.

    Attributes:
        source: the source.
        tables: table of the kind → what it may be.
        missing: tables of the kind for which nothing was found.
    """

    source: ConfiguredSource
    tables: Mapping[str, TableProposal]
    missing: tuple[str, ...]

    @property
    def text(self) -> str:
        """As a part of sources.yml."""
        name = self.source.name
        lines = [f"{name}:", f"  kind: {self.source.kind}", f"  url: ${{{name.variable}}}", "  tables:"]
        for table, proposal in self.tables.items():
            lines.append(f"    {table}:")
            lines += [f"      table: {_scalar(proposal.table)}"] if proposal.table else []
            lines += ["      columns:"] if proposal.columns or proposal.values else []
            for column in dict.fromkeys([*proposal.columns, *proposal.values]):
                source = proposal.columns.get(column, column)
                if column not in proposal.values:
                    lines.append(f"        {column}: {_scalar(source)}")
                    continue
                found, known = proposal.values[column]
                listed = ", ".join(f"{_scalar(value)}: unknown" for value in found)
                lines.append(f"        # Say what each value is: {', '.join(known)}.")
                lines.append(f"        {column}: {{from: {_scalar(source)}, values: {{{listed}}}}}")
            if proposal.missing:
                lines.append(f"      # Nothing like these was found: {', '.join(proposal.missing)}.")
        if self.missing:
            lines.append(f"    # No table like these was found, and they would be empty: {', '.join(self.missing)}.")
        return "\n".join(lines) + "\n"


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
                if name in like or proposal.columns or proposal.values:
                    tables[name] = replace(proposal, table=theirs if name in like else None)
    missing = tuple(name for name in absent if name not in like)
    return Proposal(source, tables, missing) if tables else None


def _of_table(kind: str, name: str, entry: TableEntry, shape: TableShape, snapshot: Snapshot) -> TableProposal:
    try:
        known = matched_columns(entry, shape.columns)
    except TableError:
        known = {}
    columns = like_columns(entry, shape, known)
    values = {}
    for column, theirs in {**known, **columns}.items():
        listed = KNOWN_VALUES.get((kind, name, column))
        if listed and entry.mapping.keeps_values(column):
            held = _values(shape, theirs, snapshot)
            if held and not {*held} <= {*listed}:
                values[column] = held, listed
    missing = tuple(c for c in entry.columns if c not in known and c not in columns and c not in entry.mapping.columns)
    return TableProposal(None, columns, values, missing)


def _values(shape: TableShape, column: str, snapshot: Snapshot) -> tuple[str, ...]:
    """The values of the first rows, if they are few."""
    table = RawTable("", shape.name, (), (Column(column, shape.columns[column].type),))
    for wire in snapshot.read(table):
        text, _ = convert(convert(wire.batch.column(0), shape.columns[column].type)[0], ColumnType.TEXT)
        values = sorted(value for value in pc.unique(text).to_pylist() if value is not None)
        return tuple(values) if len(values) <= _MOST_VALUES else ()
    return ()


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
