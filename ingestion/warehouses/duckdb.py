"""The DuckDB warehouse: one file, one writer at a time.

Belongs here: DuckDB connections, its lock, its types and tables. Not here: a table's load (duckdb_load.py).
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import duckdb
import filelock
import pyarrow as pa
from sqlalchemy import URL

from ingestion.columns import Column, ColumnType, RawTable
from ingestion.errors import ConfigurationError, WarehouseError, one_line
from ingestion.state import REJECTED_COLUMNS, STATE_COLUMNS, TableState
from ingestion.warehouses.duckdb_load import DuckdbLoad, replace_state
from ingestion.warehouses.sql import columns, quoted, relation

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
_SCHEMAS = ("staging", "intermediate", "core", "marts")
MEMORY_LIMIT = "1GB"
_CONTROL = (
    "_batch_seq BIGINT NOT NULL, _loaded_at TIMESTAMP WITH TIME ZONE NOT NULL, _op VARCHAR NOT NULL, "
    "_row_hash BIGINT NOT NULL"
)


class DuckdbWarehouse:
    """A DuckDB file. A lock file beside it orders the writers of all processes, dbt among them."""

    def __init__(self, url: URL, lock_timeout_seconds: float) -> None:
        if not url.database or url.database == ":memory:":
            raise ConfigurationError("WAREHOUSE_URL needs a file: duckdb:///data/warehouse.duckdb")
        self.path = Path(url.database)
        if self.path.stem.startswith("raw_") or self.path.stem in _SCHEMAS:
            raise ConfigurationError(
                f"WAREHOUSE_URL's file must not be called {self.path.name}: DuckDB would take {self.path.stem} for the "
                "file where the schema is meant."
            )
        self._lock = filelock.FileLock(
            f"{self.path}.lock", timeout=lock_timeout_seconds, is_singleton=True, thread_local=False
        )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `Warehouse.exclusive`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout:
            raise WarehouseError(
                f"The warehouse {self.path.name} was held by another run for {self._lock.timeout:.0f} s. "
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
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.exclusive():
            try:
                connection = duckdb.connect(self.path, read_only=read_only)
                connection.execute("set TimeZone = 'UTC'")
            except duckdb.Error as error:
                raise WarehouseError(
                    f"The warehouse {self.path.name} can't be opened: {one_line(error)} "
                    "If another program has it open, let that read the published copy instead."
                ) from None
            with connection:
                # Of the machine's memory DuckDB takes 80 % by default; loads spill to disk instead.
                connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
                yield connection

    @contextmanager
    def session(self) -> Iterator["DuckdbSession"]:
        """See `Warehouse.session`."""
        with self._connection(read_only=False) as connection:
            try:
                yield DuckdbSession(connection)
            except duckdb.Error as error:
                raise WarehouseError(f"The warehouse {self.path.name} says: {one_line(error)}") from None

    def query(self, sql: str) -> pa.Table:
        """See `Warehouse.query`."""
        if not self.path.exists():
            raise WarehouseError(f"There is no warehouse {self.path.name} yet. Make it: make run")
        with self._connection(read_only=True) as connection:
            try:
                return connection.sql(sql).to_arrow_table()
            except duckdb.Error as error:
                raise WarehouseError(f"The warehouse {self.path.name} says: {one_line(error)}") from None

    def publish_copy(self, tables: Sequence[tuple[str, str]], path: Path) -> int:
        """See `Warehouse.publish_copy`."""
        aside = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.unlink(missing_ok=True)
            # A killed run's, which would be replayed into the new file.
            aside.with_name(f"{aside.name}.wal").unlink(missing_ok=True)
            if path.exists():
                shutil.copyfile(path, aside)
            with self._connection(read_only=True) as connection:
                place = str(aside).replace("'", "''")
                connection.execute(f"attach '{place}' as bi_copy (read_write)")
                for schema, name in tables:
                    connection.execute(f"create schema if not exists bi_copy.{quoted(schema)}")
                    target = f"bi_copy.{relation(schema, name)}"
                    connection.execute(f"create or replace table {target} as from {relation(schema, name)}")
                connection.execute("checkpoint bi_copy")
                connection.execute("detach bi_copy")
            aside.replace(path)
            return path.stat().st_size
        except (OSError, duckdb.Error) as error:
            raise WarehouseError(f"The copy for BI tools {path.name} can't be written: {one_line(error)}") from None


class DuckdbSession:
    """An open DuckDB warehouse. See `Session`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._known: dict[str, dict[str, dict[str, str]]] = {}

    def prepare(self, tables: Iterable[RawTable]) -> dict[str, str]:
        """See `Session.prepare`."""
        refused = {}
        for table in tables:
            if not self._columns_of(table.schema):
                self._create(table.schema, "_state", STATE_COLUMNS, "primary key (table_name)")
                self._create(table.schema, "_rejected", REJECTED_COLUMNS)
            existing = self._columns(table)
            if existing and self._differing(table, existing) and not self._has_rows(table):
                self._connection.execute(f"drop table {relation(table.schema, table.name)}")
                existing = {}
            if not existing:
                self._create(table.schema, table.name, table.columns, _CONTROL)
            elif differing := self._differing(table, existing):
                refused[table.label] = "; ".join(differing)
            else:
                for column in self._absent(table, existing):
                    self._add_column(table, column)
        return refused

    def _add_column(self, table: RawTable, column: Column) -> None:
        self._connection.execute("begin transaction")
        self._connection.execute(f"alter table {relation(table.schema, table.name)} add column {_definition(column)}")
        self._connection.execute(
            f"update {relation(table.schema, '_state')} set last_full_at = null where table_name = ?", [table.name]
        )
        self._connection.execute("commit")
        self._known.clear()

    def _create(self, schema: str, name: str, columns_: Sequence[Column], more: str | None = None) -> None:
        definitions = ", ".join([*map(_definition, columns_), *([more] if more else [])])
        self._connection.execute(f"create schema if not exists {quoted(schema)}")
        self._connection.execute(f"create table if not exists {relation(schema, name)} ({definitions})")

        self._known.clear()

    def _columns(self, table: RawTable) -> dict[str, str]:
        return self._columns_of(table.schema).get(table.name, {})

    def _columns_of(self, schema: str) -> dict[str, dict[str, str]]:
        """Types by table and column, whose case does not count; looked up once, until a table is created or changed."""
        if schema not in self._known:
            found: dict[str, dict[str, str]] = {}
            rows = self._connection.execute(
                "select table_name, column_name, data_type from duckdb_columns() where schema_name = ?", [schema]
            ).fetchall()
            for table, column, type_ in rows:
                found.setdefault(table, {})[column.casefold()] = type_
            self._known[schema] = found
        return self._known[schema]

    def _has_rows(self, table: RawTable) -> bool:
        return bool(self._connection.execute(f"from {relation(table.schema, table.name)} limit 1").fetchall())

    @staticmethod
    def _differing(table: RawTable, existing: dict[str, str]) -> list[str]:
        return [
            f"column {c.name} is {c.type} in the source and {existing[c.name.casefold()]} in "
            f"{table.schema}.{table.name}. "
            "Declare the warehouse's type in the catalogue, or move the raw table away"
            for c in table.columns
            if existing.get(c.name.casefold(), _TYPES[c.type]) != _TYPES[c.type]
        ]

    @staticmethod
    def _absent(table: RawTable, existing: dict[str, str]) -> list[Column]:
        return [c for c in table.columns if c.name.casefold() not in existing]

    def states(self, source: str) -> dict[str, TableState]:
        """See `Session.states`."""
        names = columns(c.name for c in STATE_COLUMNS)
        try:
            rows = self._connection.execute(f"select {names} from {relation(f'raw_{source}', '_state')}").fetchall()
        except duckdb.CatalogException:
            return {}
        return {row[0]: TableState(*row) for row in rows}

    def remember(self, source: str, state: TableState) -> None:
        """See `Session.remember`."""
        replace_state(self._connection, f"raw_{source}", state)

    @contextmanager
    def load(self, table: RawTable, loaded_at: datetime) -> Iterator[DuckdbLoad]:
        """See `Session.load`."""
        self._connection.execute("begin transaction")
        try:
            load = DuckdbLoad(self._connection, table, loaded_at)
            yield load
        except duckdb.Error as error:
            raise WarehouseError(f"the warehouse says: {one_line(error)}") from error
        finally:
            # After a commit there is no transaction left and nothing to undo.
            with suppress(duckdb.TransactionException):
                self._connection.execute("rollback")


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {_TYPES[column.type]}"
