"""The PostgreSQL warehouse: a server, reached through Apache Arrow's driver.

Belongs here: the server's types, raw tables and its lock. Not here: connections (postgresql_connection.py), a table's
load (postgresql_load.py), readers who are in the way (postgresql_readers.py).
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from typing import ClassVar

import pyarrow as pa
from sqlalchemy import URL

from ingestion.errors import ConfigurationError, WarehouseError
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import Limits
from ingestion.rows.names import NameRules
from ingestion.warehouses.base import Capabilities, Query
from ingestion.warehouses.postgresql_connection import DriverError, PostgresqlConnection, connected, said, sqlstate
from ingestion.warehouses.postgresql_load import PostgresqlLoad
from ingestion.warehouses.postgresql_readers import readers_ended
from ingestion.warehouses.sql import literal, relation
from ingestion.warehouses.sql_session import SqlSession
from ingestion.warehouses.sql_warehouse import SqlWarehouse

_TYPES = {
    ColumnType.TEXT: "text",
    ColumnType.JSON: "text",
    ColumnType.TIMEZONE: "text",
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "numeric(38,9)",
    ColumnType.DOUBLE: "double precision",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp with time zone",
    ColumnType.BYTES: "bytea",
}
# PostgreSQL's days begin on 24 November 4714 BC and end with the year 5874897; its timestamps end after Arrow's.
# It cuts longer names without a word, and has columns of its own in every table.
_CAPABILITIES = Capabilities(
    needs_copy=False,
    # An entry of an index ends at a third of a page, 2,704 bytes; some hold two identifiers.
    limits=Limits(nul_in_text=False, first_day=-2_440_588, last_day=2_145_042_905, identifier_bytes=1_000),
    names=NameRules(
        most_columns=1_600,
        most_bytes=63,
        reserved=frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}),
    ),
)
_WRITERS = 0x43524D57
"""The advisory lock of this project's writers; the numbers of advisory locks are a database's own."""
_LOCK_NOT_AVAILABLE = "55P03"


class _Lock:
    """A process's hold on a warehouse: an advisory lock on a connection of its own, as long as anyone needs it."""

    _all: ClassVar[dict[str, "_Lock"]] = {}
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._holders = 0
        self._connection: PostgresqlConnection | None = None
        self._watch = ExitStack()

    @classmethod
    def of(cls, url: URL) -> "_Lock":
        """The one lock of this process for a warehouse."""
        with cls._guard:
            return cls._all.setdefault(url.render_as_string(hide_password=False), cls())

    def acquire(self, url: URL, timeout_seconds: float, readers_wait_seconds: float) -> None:
        with self._mutex:
            if not self._holders:
                watch = ExitStack()
                # Autocommit: a transaction held open for a whole run would keep the server from cleaning up.
                connection = PostgresqlConnection(url, autocommit=True)
                try:
                    # The lock too can be held by anyone who may connect.
                    watch.enter_context(readers_ended(url, readers_wait_seconds))
                    # To the server a timeout of 0 is none.
                    milliseconds = max(1, round(timeout_seconds * 1000))
                    connection.read(f"select set_config('lock_timeout', '{milliseconds}', false) as lock_timeout")
                    connection.read(f"select pg_advisory_lock({_WRITERS}, 0) is null as is_held")
                except BaseException:
                    watch.close()
                    connection.close()
                    raise
                self._connection, self._watch = connection, watch
            self._holders += 1

    def release(self) -> None:
        with self._mutex:
            self._holders -= 1
            if not self._holders and self._connection:
                self._watch.close()
                # The server ends a closed connection in its own time: the next run should not wait for that.
                with suppress(*DriverError):
                    self._connection.read(f"select pg_advisory_unlock({_WRITERS}, 0) as is_released")
                self._connection.close()
                self._connection = None


class PostgresqlWarehouse(SqlWarehouse):
    """A PostgreSQL database. BI tools read it itself; an advisory lock orders this project's writers."""

    capabilities = _CAPABILITIES

    def __init__(self, url: URL, lock_timeout_seconds: float, readers_wait_seconds: float) -> None:
        if not url.database:
            raise ConfigurationError("WAREHOUSE_URL needs a database: postgresql://user:password@host:port/database")
        super().__init__(url, lock_timeout_seconds, readers_wait_seconds)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `Warehouse.exclusive`."""
        lock = _Lock.of(self._url)
        try:
            lock.acquire(self._url, self._timeout_seconds, self._readers_wait_seconds)
        except DriverError as error:
            if sqlstate(error) != _LOCK_NOT_AVAILABLE:
                raise WarehouseError(f"The warehouse {self._url.database} says: {said(error)}.") from None
            raise WarehouseError(
                f"The warehouse {self._url.database} was held by another run for {self._timeout_seconds:.0f} s. "
                "Wait for it to end, or raise LOCK_TIMEOUT_SECONDS."
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def session(self) -> Iterator["PostgresqlSession"]:
        """See `Warehouse.session`."""
        with self.exclusive(), connected(self._url) as connection:
            yield PostgresqlSession(connection)

    def vacuum(self, schemas: Collection[str]) -> None:
        """See `Warehouse.vacuum`."""
        with self.exclusive():
            tables = sorted(self.tables(schemas))
            # It is in no transaction.
            with closing(PostgresqlConnection(self._url, autocommit=True)) as connection:
                try:
                    for table in tables:
                        connection.execute(f"vacuum full {relation(*table)}")
                except DriverError as error:
                    raise WarehouseError(f"The warehouse {self._url.database} says: {said(error)}.") from None

    @contextmanager
    def reader(self) -> Iterator[Query]:
        """See `Warehouse.reader`."""
        with connected(self._url) as connection:

            def read(sql: str) -> pa.Table:
                try:
                    connection.execute("set transaction read only")
                    return connection.read(sql)
                except DriverError as error:
                    raise WarehouseError(f"The warehouse {self._url.database} says: {said(error)}.") from None
                finally:
                    connection.rollback()

            yield read


class PostgresqlSession(SqlSession):
    """An open PostgreSQL warehouse. See `Session`."""

    types = _TYPES
    capabilities = _CAPABILITIES

    def __init__(self, connection: PostgresqlConnection) -> None:
        super().__init__()
        self._connection = connection

    def _read(self, statement: str) -> pa.Table:
        return self._connection.read(statement)

    def _execute(self, statement: str) -> int:
        return self._connection.execute(statement)

    def _catalogue(self, schema: str) -> str:
        return f"""
            select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
            from pg_attribute as a
            inner join pg_class as c on c.oid = a.attrelid
            inner join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = {literal(schema)} and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
        """

    def _told_apart(self, name: str) -> str:
        return name

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            yield
            self._connection.commit()
        except DriverError as error:
            raise WarehouseError(f"the warehouse says: {said(error)}") from error
        finally:
            self._connection.rollback()

    @contextmanager
    def load(self, table: RawTable, loaded_at: datetime) -> Iterator[PostgresqlLoad]:
        """See `Session.load`."""
        load = None
        try:
            load = PostgresqlLoad(self._connection, table, loaded_at)
            yield load
        except DriverError as error:
            raise WarehouseError(f"the warehouse says: {said(error)}") from error
        finally:
            if load:
                load.close()
            self._connection.rollback()
