"""What extraction asks of a source database, whatever reads it.

Belongs here: the reader's interface and the description of a read. Not here: how a certain driver does it.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from ingestion.columns import ColumnType, RawTable
from ingestion.conformance import OddValue

Watermark = datetime | int
BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a table to read: those that meet any of the conditions; with none, every row.

    Attributes:
        since: cursor column and inclusive lower bound; rows whose cursor is null are read too.
        open_rows: column → values; rows with one of the values.
        keys: key tuples; rows with one of the keys.
        but_not: column → values; of all these, no row with one of the values.
    """

    since: tuple[str, Watermark] | None = None
    open_rows: dict[str, list[str]] = field(default_factory=dict)
    keys: list[tuple[object, ...]] | None = None
    but_not: dict[str, list[str]] = field(default_factory=dict)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class WireBatch:
    """Rows as the driver gives them, and the values it had to set aside."""

    batch: pa.RecordBatch
    odd: list[OddValue] = field(default_factory=list)


class Snapshot(Protocol):
    """One consistent view of a source: every read sees the same moment."""

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """Columns and types of those tables that exist: table → column → type, in the source's order."""
        ...

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """The selected rows with the table's columns (all must exist), at most `BATCH_ROWS` a batch.

        Raises:
            SourceError: the source failed; what was read until then is incomplete.
        """
        ...

    def count(self, table: RawTable) -> int:
        """How many rows the table has."""
        ...


class Source(Protocol):
    """A source database that can be read."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Connect, read-only, and hold one view until the block ends.

        Raises:
            SourceError: the database can't be reached or refuses.
        """
        ...
