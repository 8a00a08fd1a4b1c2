"""The BigQuery warehouse: datasets of a project, behind a prefix.

Belongs here: the service's types, raw tables and limits. Not here: its client (bigquery_connection.py), its lock
(bigquery_lock.py), a table's load (bigquery_load.py).
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from sqlalchemy import URL

from ingestion.errors import ConfigurationError, WarehouseError
from ingestion.log.state import TableState
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import Limits
from ingestion.warehouses.base import Capabilities, Query
from ingestion.warehouses.bigquery_connection import BigqueryConnection, DriverError, is_missing, said
from ingestion.warehouses.bigquery_load import BigqueryLoad
from ingestion.warehouses.bigquery_lock import BigqueryLock, LockHeldError
from ingestion.warehouses.bigquery_sql import NAME_RULES, put_row
from ingestion.warehouses.sql import columns, quoted, relation
from ingestion.warehouses.sql_session import SqlSession
from ingestion.warehouses.sql_warehouse import SqlWarehouse

_TYPES = {
    ColumnType.TEXT: "STRING",
    # Not JSON: it reads numbers as doubles or refuses them, and keeps one of duplicate keys.
    ColumnType.JSON: "STRING",
    ColumnType.TIMEZONE: "STRING",
    ColumnType.INTEGER: "INT64",
    # 38 digits, 9 of them after the point.
    ColumnType.DECIMAL: "NUMERIC",
    ColumnType.DOUBLE: "FLOAT64",
    ColumnType.BOOLEAN: "BOOL",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.BYTES: "BYTES",
}
# The years 1 to 9999, for dates and for timestamps.
_CAPABILITIES = Capabilities(needs_copy=False, limits=Limits(first_day=-719_162, last_day=2_932_896), names=NAME_RULES)
_BATCH_PARTITIONS = "range_bucket(_batch_seq, generate_array(0, 1000000, 100))"
"""As many as there may be. Who reads what came after a batch reads these only; a table's rows of later batches than a
million share one partition."""

_CLUSTERED_COLUMNS = 4
_NOT_CLUSTERED = {ColumnType.DOUBLE, ColumnType.BYTES}


class BigqueryWarehouse(SqlWarehouse):
    """Datasets of a project. BI tools read them themselves; a lease orders this project's writers."""

    capabilities = _CAPABILITIES

    def __init__(self, url: URL, lock_timeout_seconds: float, readers_wait_seconds: float) -> None:
        if not url.host or not url.database or not url.database.replace("_", "").isalnum():
            raise ConfigurationError(
                "WAREHOUSE_URL needs a project and a prefix of letters, digits and underscores: "
                "bigquery://project/prefix?location=EU"
            )
        for name in ("lease_seconds", "maximum_bytes_billed"):
            if not str(url.query.get(name, "1")).isdigit():
                raise ConfigurationError(f"WAREHOUSE_URL: {name} is not a whole number.")
        super().__init__(url, lock_timeout_seconds, readers_wait_seconds)

    history = timedelta(days=14)
    """See `Warehouse.history`: seven days of time travel and as many of fail-safe, unless a dataset has less."""

    def vacuum(self, schemas: Collection[str]) -> None:
        """See `Warehouse.vacuum`. Storage is the service's, and what is deleted goes by itself."""

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `Warehouse.exclusive`."""
        lock = BigqueryLock.of(self._url)
        try:
            lock.acquire(self._url, self._timeout_seconds)
        except LockHeldError:
            raise WarehouseError(
                f"The warehouse {self._url.database} was held by another run for {self._timeout_seconds:.0f} s. "
                "Wait for it to end, or raise LOCK_TIMEOUT_SECONDS."
            ) from None
        except DriverError as error:
            raise WarehouseError(
                f"The warehouse can't be opened: {said(error)}. Check that WAREHOUSE_URL is right and that the account "
                "may create datasets and run jobs."
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def session(self) -> Iterator["BigquerySession"]:
        """See `Warehouse.session`."""
        with self.exclusive(), self._connected() as connection:
            yield BigquerySession(connection, BigqueryLock.of(self._url))

    @contextmanager
    def _connected(self) -> Iterator[BigqueryConnection]:
        connection = BigqueryConnection(self._url)
        try:
            yield connection
        finally:
            connection.close()

    def tables(self, schemas: Iterable[str]) -> set[tuple[str, str]]:
        """See `Warehouse.tables`."""
        with self._connected() as connection:
            try:
                return {(schema, name) for schema in schemas for name in connection.tables(schema)}
            except DriverError as error:
                raise WarehouseError(f"The warehouse {self._url.database} says: {said(error)}.") from None

    @contextmanager
    def reader(self) -> Iterator[Query]:
        """See `Warehouse.reader`."""
        with self._connected() as connection:

            def read(sql: str) -> pa.Table:
                try:
                    # The service has no read-only jobs: it is asked first what the statement is.
                    if not connection.is_query(sql):
                        raise WarehouseError(f"The warehouse {self._url.database} says: only queries are run here.")
                    return connection.read(sql)
                except DriverError as error:
                    raise WarehouseError(f"The warehouse {self._url.database} says: {said(error)}.") from None

            yield read


class BigquerySession(SqlSession):
    """An open BigQuery warehouse. See `Session`.

    Every job takes a second or two, whatever it does: statements that change tables are sent together.
    """

    types = _TYPES
    capabilities = _CAPABILITIES
    # The service has keys but does not enforce them.
    has_keys = False
    put_row = staticmethod(put_row)

    def __init__(self, connection: BigqueryConnection, lock: BigqueryLock) -> None:
        super().__init__()
        self._connection = connection
        self._lock = lock
        self._script: list[str] = []
        self._highest_batch: dict[str, int] = {}

    def _read(self, statement: str) -> pa.Table:
        self._send()
        return self._connection.read(statement)

    def _execute(self, statement: str) -> int:
        self._script.append(statement)
        return 0

    def _send(self) -> None:
        if self._script:
            self._connection.execute(";\n".join(self._script))
            self._script.clear()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # The service can't undo what changes tables; each of the statements may be run again.
        with self._told():
            yield
            self._send()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DriverError as error:
            raise WarehouseError(f"the warehouse says: {said(error)}") from error
        finally:
            self._script.clear()

    def _catalogue(self, schema: str) -> str:
        return f"select table_name, column_name, data_type from {quoted(schema)}.INFORMATION_SCHEMA.COLUMNS"

    def _columns_of(self, schema: str) -> dict[str, dict[str, str]]:
        try:
            return super()._columns_of(schema)
        except DriverError as error:
            if is_missing(error):
                return {}
            raise

    def _create_schema(self, schema: str) -> None:
        if not self._known.get(schema):
            self._connection.create_dataset(schema)

    def _storage(self, table: RawTable) -> str:
        clustered = [c.name for c in table.key_columns if c.type not in _NOT_CLUSTERED][:_CLUSTERED_COLUMNS]
        return f"partition by {_BATCH_PARTITIONS}" + (f" cluster by {columns(clustered)}" if clustered else "")

    def _unfit(self, table: RawTable) -> list[str]:
        return super()._unfit(table) + [
            f"key column {column.name} is a double, by which BigQuery can't partition rows"
            for column in table.key_columns
            if column.type is ColumnType.DOUBLE
        ]

    def remember(self, source: str, state: TableState) -> None:
        """See `Session.remember`."""
        self._highest_batch.pop(f"raw_{source}", None)
        super().remember(source, state)

    def remove(self, source: str | None, relations: Collection[tuple[str, str]]) -> None:
        """See `Session.remove`."""
        with self._told():
            for schema, name in relations:
                self._connection.drop(schema, name)
            if source is not None:
                self._connection.drop_dataset(f"raw_{source}")
        self._known.clear()
        self._highest_batch.clear()

    def _removed(self, statement: str) -> int:
        # What goes into a transaction's script tells no number.
        with self._told():
            return self._connection.execute(statement)

    @contextmanager
    def load(self, table: RawTable, loaded_at: datetime) -> Iterator[BigqueryLoad]:
        """See `Session.load`."""
        with self._told(), TemporaryDirectory(prefix="load-") as folder:
            highest = self._highest_batch.pop(table.schema, None)
            if highest is None:
                state = relation(table.schema, "_state")
                rows = self._read(f"select coalesce(max(batch_seq), 0) as batch_seq from {state}")
                highest = int(rows.column(0)[0].as_py())
            load = BigqueryLoad(self._connection, table, loaded_at, highest, Path(folder), self._lock.check)
            try:
                yield load
            finally:
                load.close()
            # While the lock is held nobody else commits; where that is not so, the next commit finds out.
            if load.committed_batch is not None:
                self._highest_batch[table.schema] = load.committed_batch
