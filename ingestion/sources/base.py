"""What extraction asks of a source database, whatever reads it.

Belongs here: the reader's interface and the description of a read. Not here: how a certain driver does it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import pyarrow as pa

from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import OddValue, UnparsedRow
from ingestion.rows.folding import Folding
from ingestion.sources.shape import TableShape

Watermark = datetime | int
Among = Mapping[str, Sequence[str | int | bool | None]]
"""Column → values, of which None stands for null."""

BATCH_ROWS = 131_072

BATCH_BYTES = 64 * 2**20
"""A batch has at most `BATCH_ROWS`, and so many of them as come to about this size."""

EMPTY: Among = {}

UNNAMED = "*"
"""Stands for columns that a source does not name, but has."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a table to read: those that meet any of the conditions; with none, every row.

    Attributes:
        since: cursor column and inclusive lower bound; rows whose cursor is null are read too. An instant is told in
            the zone of the column's clock: what is shown there is compared with a column that has no zone.
        open_rows: column → values; rows with one of the values.
        keys: key tuples; rows with one of the keys.
        but_not: column → values; of all these, no row with one of the values.
        condition: that of a `Position`; only the reader that gave it takes it.
        only: column → values; of all these, rows with one of the values of each column alone.
    """

    since: tuple[str, Watermark] | None = None
    open_rows: Among = field(default_factory=dict)
    keys: list[tuple[object, ...]] | None = None
    but_not: Among = field(default_factory=dict)
    condition: str | None = None
    only: Among = field(default_factory=dict)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class WireBatch:
    """Rows as the driver gives them, and the values it had to set aside.

    Attributes:
        batch: the rows.
        odd: values that are null in it, for they could not be handed over.
        unparsed: rows that are not in it, for they could not be told apart into values.
        files: the files that it is read from, where rows come out of files.
    """

    batch: pa.RecordBatch
    odd: list[OddValue] = field(default_factory=list)
    unparsed: list[UnparsedRow] = field(default_factory=list)
    files: tuple[str, ...] = ()


class Snapshot(Protocol):
    """One consistent view of a source: every read sees the same moment."""

    def tables(self) -> list[str]:
        """The names of all tables and views in the database's default schema.

        Raises:
            SourceError: the source failed.
        """
        ...

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """Columns and types of those tables that exist: table → column → type, in the source's order."""
        ...

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """Columns of existing tables that may not be read: table → column → the statement that would allow it.

        They are not among `columns`.

        Args:
            columns: the tables, and columns that are looked for in them: a source that keeps from us what we may not
                read tells of those, and of one at least, or of `UNNAMED`, if there are others.

        Raises:
            SourceError: the source failed.
        """
        ...

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """The selected rows with the table's columns (all must exist), at most `BATCH_ROWS` a batch.

        Bytes that the table declares as text are read in hexadecimal.

        Raises:
            SourceError: the source failed; what was read until then is incomplete.
        """
        ...

    def count(self, table: RawTable, only: Among = EMPTY) -> int | None:
        """How many rows with the values of `only` the table has; None where only reading them would tell."""
        ...

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """What the database's catalog says of those tables that exist, or of all in its default schema, by name.

        Raises:
            SourceError: the source failed.
        """
        ...

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """What the source does not tell apart in columns of text: table → column, of existing ones that are asked for.

        Columns whose text is compared by its characters are not among them.

        Raises:
            SourceError: the source failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Position:
    """Where a table's read begins, and what the next one has to be told.

    Attributes:
        watermark: what `_state` keeps for the next read, once this one is committed; None: it must read everything.
        scope: the read in words; where neither `condition` nor `since` is given, why everything is read.
        condition: what every row that changed meets, in SQL or as the reader understands it; such a read misses
            nothing.
        since: inclusive lower bound of the cursor, before any overlap.
        gives: what is read. changes: rows that changed, and what is gone, a comparison of keys tells when it is due.
            state: all rows or, as nothing changed, none; what a read of all rows lacks is gone. additions: rows that
            add to those before, the last of those with one key counting; what a read lacks is not gone.
    """

    watermark: str | None
    scope: str
    condition: str | None = None
    since: Watermark | None = None
    gives: Literal["changes", "state", "additions"] = "changes"


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a source lacks a table.

    Attributes:
        reason: in words.
        is_expected: whether a table may be absent that was there before: it only adds to what was read.
    """

    reason: str
    is_expected: bool = False


@runtime_checkable
class Explaining(Protocol):
    """A snapshot that knows more of a table that it lacks, or can't read, than that."""

    def check(self, table: str) -> None:
        """See whether a table can be read that `columns` told of.

        Raises:
            TableError: it can't.
            TransientSourceError: it can't now.
        """
        ...

    def absence(self, table: str) -> Absence | None:
        """Why the table is not there; None where nothing is known of it."""
        ...


@runtime_checkable
class ChangeTracking(Protocol):
    """A snapshot that knows better than a cursor's values what another reader has not seen yet."""

    def position(
        self, table: str, mode: Literal["changes", "cursor", "full"], cursor: str | None, watermark: str | None
    ) -> Position:
        """Where to read from.

        Args:
            table: an existing table.
            mode: what the catalogue asks for; of one that is to be read in full, a position with a condition is heeded
                alone.
            cursor: the cursor's column, where one is declared.
            watermark: what `Position.watermark` was after the last read, or whatever another reader left.
        """
        ...


class SourceName(str):
    """What messages call a source: its name, and where its URL is told."""

    variable: str

    def __new__(cls, name: str, variable: str | None = None) -> "SourceName":
        """The variable is that of the five systems' own names unless told, or known of the name."""
        made = super().__new__(cls, name)
        known = name.variable if isinstance(name, SourceName) else f"{name.upper()}_DATABASE_URL"
        made.variable = variable or known
        return made


class Source(Protocol):
    """A source database that can be read."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Connect, read-only, and hold one view until the block ends.

        Raises:
            SourceError: the database can't be reached or refuses.
        """
        ...
