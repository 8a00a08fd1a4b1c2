"""The DuckDB warehouse: one file, one writer at a time.

Belongs here: DuckDB connections, its lock, its types and tables. Not here: a table's load (duckdb_load.py), what the
copy for BI tools holds (duckdb_copy.py).
"""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import duckdb
import filelock
import pyarrow as pa
from sqlalchemy import URL

from ingestion.errors import ConfigurationError, WarehouseAbsentError, WarehouseBusyError, WarehouseError, one_line
from ingestion.output.private import Readers, make_folder
from ingestion.output.storage import aside_name, without_aside
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.warehouses.base import REPORTING, Capabilities, Described, Part, Query
from ingestion.warehouses.duckdb_copy import make_copy, of_part
from ingestion.warehouses.duckdb_load import DuckdbLoad
from ingestion.warehouses.sql import literal, loaded_tables, quoted, relation
from ingestion.warehouses.sql_session import SqlSession
from ingestion.warehouses.sql_warehouse import SqlWarehouse

_TYPES = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.JSON: "VARCHAR",
    ColumnType.TIMEZONE: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(38,9)",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    ColumnType.BYTES: "BLOB",
}
# One process can write the file, or many can read it.
_CAPABILITIES = Capabilities(needs_copy=True)
_SCHEMAS = ("staging", "intermediate", "core", "marts", "operations", REPORTING)
MEMORY_LIMIT = "384MB"
_HELD = "Conflicting lock is held"
"""What DuckDB says of a file that another process has open for writing."""

_at_hand: dict[Path, duckdb.DuckDBPyConnection] = {}
"""Files that this process keeps open: it can't open one twice, to read and to write."""


class DuckdbWarehouse(SqlWarehouse):
    """A DuckDB file. A lock file beside it orders the writers of all processes, dbt among them."""

    capabilities = _CAPABILITIES

    def __init__(self, url: URL, lock_timeout_seconds: float, readers_wait_seconds: float) -> None:
        if not url.database or url.database == ":memory:":
            raise ConfigurationError("WAREHOUSE_URL needs a file: duckdb:///data/warehouse.duckdb")
        super().__init__(url, lock_timeout_seconds, readers_wait_seconds)
        self.path = Path(url.database)
        if self.path.stem.startswith("raw_") or self.path.stem in _SCHEMAS:
            raise ConfigurationError(
                f"WAREHOUSE_URL's file must not be called {self.path.name}: DuckDB would take {self.path.stem} for the "
                "file where the schema is meant."
            )
        self._notes = Path(f"{self.path}.sources")
        # Whoever opens it in this process shares the lock, with a patience of his own.
        self._lock = filelock.FileLock(f"{self.path}.lock", is_singleton=True, thread_local=False)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `Warehouse.exclusive`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=self._timeout_seconds)
        except filelock.Timeout:
            raise WarehouseBusyError(
                f"The warehouse {self.path.name} was held by another run for {self._timeout_seconds:.0f} s. "
                "Wait for it to end, or raise LOCK_TIMEOUT_SECONDS."
            ) from None
        except OSError as error:
            raise WarehouseError(
                f"The warehouse's folder {self.path.parent} can't be used: {error.strerror}."
            ) from None
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """See `Warehouse.at_hand`. To open and close the file costs as much as many small queries."""
        if self.path in _at_hand or not self.path.exists():
            with self.exclusive():
                yield
            return
        with self._connection(read_only=False) as connection:
            _at_hand[self.path] = connection
            try:
                yield
            finally:
                del _at_hand[self.path]

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.exclusive():
            try:
                held = _at_hand.get(self.path)
                connection = held.cursor() if held else duckdb.connect(self.path, read_only=read_only)
                connection.execute("set TimeZone = 'UTC'")
            except duckdb.Error as error:
                kind = WarehouseBusyError if _HELD in str(error) else WarehouseError
                raise kind(
                    f"The warehouse {self.path.name} can't be opened: {one_line(error)} "
                    "If another program has it open, let that read the published copy instead."
                ) from None
            with connection:
                yield connection

    @contextmanager
    def session(self) -> Iterator["DuckdbSession"]:
        """See `Warehouse.session`."""
        with self._connection(read_only=False) as connection, _frugal(connection, "preserve_insertion_order = false"):
            try:
                yield DuckdbSession(connection)
            except duckdb.Error as error:
                raise WarehouseError(f"The warehouse {self.path.name} says: {one_line(error)}") from None
            finally:
                with suppress(duckdb.Error, OSError):
                    self._note(_loaded_sources(connection))

    def loaded_sources(self, sources: Iterable[str]) -> set[str]:
        """See `Warehouse.loaded_sources`.

        The file itself tells, unless a writer has it: then what the last session noted beside it.
        """
        if not self.path.exists():
            return set()
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return self._noted() & set(sources)
        try:
            with self._connection(read_only=True) as connection:
                return _loaded_sources(connection) & set(sources)
        except WarehouseError:
            # dbt by itself, or a session of this process.
            return self._noted() & set(sources)
        finally:
            self._lock.release()

    def _note(self, sources: set[str]) -> None:
        if sources != self._noted():
            aside = self._notes.with_name(aside_name(self._notes.name))
            aside.write_text("".join(f"{source}\n" for source in sorted(sources)), encoding="utf-8")
            aside.replace(self._notes)

    def _noted(self) -> set[str]:
        try:
            return set(self._notes.read_text(encoding="utf-8").split())
        except FileNotFoundError:
            return set()

    @contextmanager
    def reader(self) -> Iterator[Query]:
        """See `Warehouse.reader`."""
        if not self.path.exists():
            raise WarehouseAbsentError(f"There is no warehouse {self.path.name} yet. Make it: make run")
        with self._connection(read_only=True) as connection:

            def read(sql: str) -> pa.Table:
                try:
                    # A file at hand was opened to be written too. A second statement might end the transaction.
                    if len(connection.extract_statements(sql)) > 1:
                        raise WarehouseError(f"The warehouse {self.path.name} is asked one query at a time.")
                    connection.execute("begin transaction read only")
                    try:
                        return connection.sql(sql).to_arrow_table()
                    finally:
                        connection.execute("rollback")
                except duckdb.Error as error:
                    raise WarehouseError(f"The warehouse {self.path.name} says: {one_line(error)}") from None

            yield read

    def vacuum(self, schemas: Collection[str]) -> None:
        """See `Warehouse.vacuum`. The whole file is written anew, beside itself."""
        aside = self.path.with_name(aside_name(self.path.name))
        try:
            with self.exclusive():
                # A killed call's.
                _remove_asides(self.path)
                with (
                    self._connection(read_only=False) as connection,
                    _frugal(connection, "preserve_insertion_order = false"),
                ):
                    [(name,)] = connection.execute("select current_database()").fetchall()
                    connection.execute(f"attach {literal(str(aside))} as anew")
                    connection.execute(f"copy from database {quoted(name)} to anew")
                    connection.execute("checkpoint anew; detach anew")
                shutil.copymode(self.path, aside)
                aside.replace(self.path)
        except (OSError, duckdb.Error) as error:
            with suppress(OSError):
                _remove_asides(self.path)
            raise WarehouseError(f"The warehouse {self.path.name} can't be written anew: {one_line(error)}") from None

    def publish_copy(
        self,
        tables: Sequence[tuple[str, str]],
        path: Path,
        kept: Sequence[tuple[str, str]] = (),
        described: Mapping[tuple[str, str], Described] | None = None,
        readers: Readers | None = None,
        part: Part | None = None,
    ) -> int:
        """See `Warehouse.publish_copy`."""
        assert not (part and kept)
        aside = path.with_name(aside_name(path.name))
        try:
            make_folder(path.parent, readers)
            # A killed run's.
            _remove_asides(path)
            with self._connection(read_only=True) as connection, _frugal(connection):
                sources = [(relation(*table), table) for table in tables]
                if part:
                    sources = of_part(connection, sources, part)
                make_copy(connection, sources, aside, path, kept, described or {})
            if readers:
                with aside.open("r+b") as file:
                    readers.let_in(file.fileno())
                readers.show(path.parent)
            aside.replace(path)
            return path.stat().st_size
        except (OSError, duckdb.Error) as error:
            with suppress(OSError):
                _remove_asides(path)
            # What is kept comes from the file that is there.
            remedy = " If it is damaged, remove it: it is made anew of what was built." if kept else ""
            raise WarehouseError(
                f"The copy for BI tools {path.name} can't be written: {one_line(error)}{remedy}"
            ) from None


@contextmanager
def _frugal(connection: duckdb.DuckDBPyConnection, *settings: str) -> Iterator[None]:
    """Spill to disk instead of taking 80 % of the machine's memory, as DuckDB does by default.

    Settings are the file's, and it may stay open.
    """
    settings = (f"memory_limit = '{MEMORY_LIMIT}'", *settings)
    connection.execute("; ".join(f"set {setting}" for setting in settings))
    try:
        yield
    finally:
        # Closed, or in a transaction that failed, it has none any more.
        with suppress(duckdb.Error):
            connection.execute("; ".join(f"reset {setting.split()[0]}" for setting in settings))


def _loaded_sources(connection: duckdb.DuckDBPyConnection) -> set[str]:
    schemas = connection.execute(
        "select schema_name from duckdb_tables() where database_name = current_database() "
        "and table_name = '_state' and starts_with(schema_name, 'raw_')"
    ).fetchall()
    if not schemas:
        return set()
    rows = connection.execute(loaded_tables(schema.removeprefix("raw_") for (schema,) in schemas)).fetchall()
    return {source for source, loaded in rows if loaded}


def _remove_asides(path: Path) -> None:
    for left in path.parent.iterdir():
        if without_aside(left.name.removesuffix(".wal")) == path.name:
            left.unlink()


class DuckdbSession(SqlSession):
    """An open DuckDB warehouse. See `Session`."""

    types = _TYPES
    capabilities = _CAPABILITIES

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__()
        self._connection = connection

    def _read(self, statement: str) -> pa.Table:
        return self._connection.sql(statement).to_arrow_table()

    def _execute(self, statement: str) -> int:
        rows = self._connection.execute(statement).fetchall()
        return int(rows[0][0]) if rows else 0

    def _catalogue(self, schema: str) -> str:
        return (
            "select table_name, column_name, data_type from duckdb_columns() "
            f"where schema_name = {literal(schema)} and database_name = current_database()"
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._undone_unless_committed():
            yield
            self._connection.execute("commit")

    @contextmanager
    def load(self, table: RawTable, loaded_at: datetime) -> Iterator[DuckdbLoad]:
        """See `Session.load`."""
        with self._undone_unless_committed():
            yield DuckdbLoad(self._connection, table, loaded_at)

    @contextmanager
    def _undone_unless_committed(self) -> Iterator[None]:
        self._connection.execute("begin transaction")
        try:
            yield
        except duckdb.Error as error:
            raise WarehouseError(f"the warehouse says: {one_line(error)}") from error
        finally:
            # After a commit there is no transaction left and nothing to undo.
            with suppress(duckdb.TransactionException):
                self._connection.execute("rollback")
