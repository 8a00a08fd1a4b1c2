"""What extraction asks of a warehouse, whatever engine it is.

Belongs here: the interface of a warehouse and of one table's load. Not here: any engine's SQL.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ingestion.log.deliveries import Delivery
from ingestion.log.state import TableState
from ingestion.output.private import Readers
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import UNLIMITED, Limits, Rejection
from ingestion.rows.names import ANY_NAME, NameRules

Query = Callable[[str], pa.Table]
"""Rows of a read-only query."""

REPORTING = "reporting"
"""The schema of views over tables of marts, under their names."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How a warehouse differs from the others, for those who write to it or read from it.

    Attributes:
        needs_copy: whether BI tools can't read it while it is written, and are given a copy.
        limits: values that it can't hold.
        names: names that it takes, and how many columns.
    """

    needs_copy: bool
    limits: Limits = UNLIMITED
    names: NameRules = ANY_NAME


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """How the source's keys differ from the raw log's live keys.

    Attributes:
        live: number of keys that the log holds as not deleted.
        deleted: number of live keys that the source no longer has.
        missing: keys that the source has and the log does not, at most the limit that was asked for and one more.
    """

    live: int
    deleted: int
    missing: list[tuple[object, ...]]


class TableLoad(Protocol):
    """The load of one table: one transaction. Leaving its block without `commit` changes nothing."""

    @property
    def batch_seq(self) -> int:
        """The number that this load's batch will have."""
        ...

    @property
    def is_first(self) -> bool:
        """Whether the log holds nothing yet: every row that is staged becomes a version, unless keys repeat."""
        ...

    def stage(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Take batches in the raw table's Arrow schema plus `_row_hash`."""
        ...

    def append_changed(self) -> int:
        """Append staged rows that differ from the latest version of their key; forget the staged rows.

        A key that this load has appended a version of already is left alone: a batch holds one version of a key.

        Rows of one read that share a key but differ are not appended but for one of them: `duplicates` tells.
        """
        ...

    def duplicates(self) -> list[Rejection]:
        """Rows that `append_changed` left out because their key occurred twice in one read."""
        ...

    def keys_where(self, values: dict[str, list[str]]) -> list[tuple[object, ...]]:
        """Keys of live rows whose latest version has one of the values in one of the columns."""
        ...

    def compare_keys(self, keys: Iterator[pa.RecordBatch] | None, missing_limit: int) -> KeyDifference:
        """Compare the source's keys with the live ones.

        Args:
            keys: the source's keys; None: the staged rows were all of the source's.
            missing_limit: so many missing keys, and one more, are named.
        """
        ...

    def append_deletes(self) -> int:
        """Append a delete version for each key that `compare_keys` found deleted."""
        ...

    def reject(
        self, rejections: Sequence[Rejection], settled: Collection[str] = (), *, is_complete: bool = True
    ) -> int:
        """Record rejections, and note of others that they stand no more.

        What is on record already and stands is not recorded twice.

        Args:
            rejections: what was found wrong.
            settled: keys, as `Rejection` has them, of rows that were read or are gone: nothing else is wrong with them.
            is_complete: whether all rows were read; else a rejection for a repeated key goes on standing.

        Returns:
            The number recorded.
        """
        ...

    def restore(self, versions: Iterator[pa.RecordBatch], batch_seq: int) -> int:
        """Put versions, control columns and all, in place of whatever the raw table holds; returns their number.

        Args:
            versions: batches in the Arrow schema of `RawTable.versions`.
            batch_seq: the last batch among them; no new one is begun.
        """
        ...

    def renew(self, versions: Iterator[pa.RecordBatch]) -> int:
        """Put values and hashes of versions in the place of those that the raw table has of the same key and batch.

        Versions that it has not are left alone, and no batch is begun.

        Args:
            versions: batches in the Arrow schema of `RawTable.versions`.

        Returns:
            The number of versions that it has.
        """
        ...

    def blank_rejected(self, keys: Collection[str], names: Collection[str]) -> None:
        """Leave nothing in the records of some rows, given their keys, but the key; of some columns no value either."""
        ...

    def appended_rows(self) -> tuple[int, pa.RecordBatchReader] | None:
        """Batch number and rows of what this load appended, for the archive.

        No rows where all that it did was to record rejections or to resolve them, which take a batch number too; None
        where it did nothing.
        """
        ...

    def commit(self, state: TableState) -> TableState:
        """Commit rows and state together; returns the state with its batch number filled in."""
        ...


class Session(Protocol):
    """An open warehouse."""

    @property
    def capabilities(self) -> Capabilities:
        """The warehouse's."""
        ...

    def columns(self, source: str) -> Mapping[str, Collection[str]]:
        """The columns of a source's raw tables, by table, exactly as they are spelled; looked up anew."""
        ...

    def held_types(self, table: RawTable) -> dict[str, ColumnType]:
        """The types of a raw table's columns that hold rows already, by the names of `table`.

        Of types that the warehouse does not tell apart it is the table's own.
        """
        ...

    def prepare(self, tables: Iterable[RawTable]) -> dict[str, str]:
        """Create schemas, tables, `_state` and `_rejected` where missing, and add new columns.

        A table that gets a new column forgets when it was last read in full, so that its old rows will show it.

        Returns:
            What can't be done, by table label, in one line each; the other tables are prepared.
        """
        ...

    def holds_rows(self, table: RawTable) -> bool:
        """Whether a raw table is there and holds any version."""
        ...

    def states(self, source: str) -> dict[str, TableState]:
        """The remembered states of a source's tables by name; empty where there are none yet."""
        ...

    def standing(self, source: str) -> dict[str, list[str]]:
        """The keys of rejections that stand, by table, as `Rejection` has them."""
        ...

    def remember(self, source: str, state: TableState) -> None:
        """Replace one entry of a source's `_state`."""
        ...

    def forget_rejected(self, table: RawTable, of: Callable[[str], bool] = lambda _: True) -> None:
        """Leave no value of a table's rows in `_rejected`: what stands is recorded again when it is read again.

        Args:
            table: the table.
            of: whether a row is meant, given its key as it is recorded; all are, unless told.

        Raises:
            WarehouseError: it can't be written.
        """
        ...

    def rejected(self, table: RawTable) -> list[Rejection]:
        """The records of a table's rows that hold more than a key.

        Raises:
            WarehouseError: it can't be read.
        """
        ...

    def remove_rejected(self, source: str, before: datetime) -> int:
        """Remove a source's records that were made before an instant and stand no more; returns how many.

        Raises:
            WarehouseError: it can't be written.
        """
        ...

    def deliveries(self) -> dict[str, Delivery]:
        """What is noted of deliveries, by id; empty where nothing is yet."""
        ...

    def note_deliveries(self, noted: Iterable[Delivery]) -> None:
        """Put entries in the place of those with their ids, in one transaction."""
        ...

    def remove(self, source: str | None, relations: Collection[tuple[str, str]]) -> None:
        """Drop a source's raw schema with all that is in it, and tables and views that are there (schema, name).

        What only shows rows of them, such as a view, may go with them.
        """
        ...

    def compact(self, table: RawTable, batch_seq: int, before: datetime) -> int:
        """Remove versions that a later one supersedes which is of a batch up to a number and older than an instant.

        The latest version of a key always stays, and no version goes without all that come before it.

        Returns:
            The number of versions removed.
        """
        ...

    def load(self, table: RawTable, loaded_at: datetime) -> AbstractContextManager[TableLoad]:
        """Begin one table's load.

        Raises:
            WarehouseError: the engine failed; nothing of the load is kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class Described:
    """What a table and its columns are, in sentences."""

    text: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """What of tables is for one reader.

    Attributes:
        tenants: the values of `tenant_key` whose rows it is.
        public: names of tables without that column that it has; of all others it has nothing.
    """

    tenants: Collection[str]
    public: Collection[str]


class Warehouse(Protocol):
    """A warehouse that can be opened."""

    @property
    def capabilities(self) -> Capabilities:
        """How it differs from others; known without opening it."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold off every other writer of this project until the block ends.

        Raises:
            WarehouseError: another one did not end in time.
        """
        ...

    def at_hand(self) -> AbstractContextManager[None]:
        """Hold off other writers; what opens the warehouse in the block, to read or to write, finds it open.

        Raises:
            WarehouseError: another writer did not end in time, or it can't be opened.
        """
        ...

    def session(self) -> AbstractContextManager[Session]:
        """Open for writing, holding the exclusive lock.

        Raises:
            WarehouseError: it can't be opened.
        """
        ...

    def publish_copy(
        self,
        tables: Sequence[tuple[str, str]],
        path: Path,
        kept: Sequence[tuple[str, str]] = (),
        described: Mapping[tuple[str, str], Described] | None = None,
        readers: Readers | None = None,
        part: Part | None = None,
    ) -> int:
        """Put tables into a file that readers open instead of the warehouse; they see the old file or the new one.

        A view in `reporting` comes with the table of its name, unless it reads what the file has not.

        Args:
            tables: schema and name of those to take from the warehouse.
            path: the file.
            kept: those to take from the file as it is, as far as it has them. What is in neither list goes.
            described: what is said of tables and views, for BI tools to show.
            readers: who may read the file beside its owner.
            part: what of them; None: everything. With it nothing may be kept.

        Returns:
            The file's size in bytes.

        Raises:
            WarehouseError: it can't be written, and the old file is as it was; or the warehouse needs no copy.
        """
        ...

    def vacuum(self, schemas: Collection[str]) -> None:
        """Write the tables of some schemas anew, so that nothing is left of rows that are not there any more.

        Raises:
            WarehouseError: it can't be written.
        """
        ...

    @property
    def history(self) -> timedelta:
        """For how long the engine itself keeps what was deleted, whatever is done."""
        ...

    def tables(self, schemas: Iterable[str]) -> set[tuple[str, str]]:
        """The tables of some schemas, by schema and name; none of a schema that there is not.

        Raises:
            WarehouseError: it can't be opened.
        """
        ...

    def loaded_sources(self, sources: Iterable[str]) -> set[str]:
        """Those of some sources that raw holds something of, be it that all of their tables were empty when read.

        It never waits for a writer: where one keeps readers out, the answer is what the last one left.

        Raises:
            WarehouseError: it can't be opened.
        """
        ...

    def reader(self) -> AbstractContextManager[Query]:
        """Open for read-only queries until the block ends. Nothing is written meanwhile by the same process.

        Opening a DuckDB file of the sample's size takes longer than reading a mart of it: whatever reads in the block,
        by `query` say, finds it open. A query that fails does not keep the next from being run.

        Raises:
            WarehouseError: it can't be opened; of a query: the engine refuses it.
        """
        ...

    def query(self, sql: str) -> pa.Table:
        """Rows of a read-only query.

        Raises:
            WarehouseError: it can't be opened, or the engine refuses the query.
        """
        ...
