"""One connection to a PostgreSQL warehouse: statements in, plain Arrow out.

Belongs here: the driver, its errors, and the types in which it hands over values. Not here: what is asked of it
(postgresql.py, postgresql_load.py).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

import adbc_driver_manager.dbapi as adbc
import adbc_driver_postgresql
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcDatabase
from sqlalchemy import URL

from ingestion.errors import WarehouseError, one_line, without_tls
from ingestion.rows.columns import ColumnType

DriverError = (adbc.Error, pa.ArrowException)
"""What the driver raises; Arrow's own where a server fails while it hands over rows."""

_SETTINGS = {
    "TimeZone": "UTC",
    # Notices would reach the terminal.
    "client_min_messages": "warning",
    # A load sorts and hashes whole tables; the server's default is made for many small queries at once.
    "work_mem": "128MB",
    "jit": "off",
}


def said(error: BaseException) -> str:
    """What the server or its driver says, in one line without the statement."""
    found = re.search(r"(?:ERROR|FATAL|PANIC):\s+(.+)", str(error))
    text = found.group(1).strip() if found else re.sub(r"^[A-Z_]+: (\[libpq\] )?", "", one_line(error))
    return text.removesuffix(".")


def sqlstate(error: BaseException) -> str | None:
    """The server's error code, where it gave one."""
    return getattr(error, "sqlstate", None)


class _Kept:
    """In the place of a database, which a connection would close with itself."""

    def close(self) -> None:
        """Close nothing."""


@lru_cache(maxsize=8)
def _database(uri: str) -> AdbcDatabase:
    database: AdbcDatabase = adbc_driver_postgresql.connect(uri)
    return database


def connect(uri: str, *, autocommit: bool = False) -> adbc.Connection:
    """A connection of the driver to a warehouse.

    The driver asks for all types of a database before its first connection, which takes ten times as long as the
    connection: they are asked for once in a process, and types that come later are unknown to it. A warehouse has none
    of its own.

    Raises:
        DriverError: the server can't be reached, or refuses.
    """
    return adbc.Connection(_Kept(), AdbcConnection(_database(uri)), autocommit=autocommit)  # type: ignore[arg-type]


class PostgresqlConnection:
    """A connection, inside a transaction unless `autocommit`.

    Raises:
        WarehouseError: the server can't be reached, or refuses.
    """

    def __init__(self, url: URL, *, autocommit: bool = False) -> None:
        address = url.set(drivername="postgresql", query={"application_name": "crm-warehouse", **url.query})
        settings = ", ".join(f"set_config('{k}', '{v}', false) as {k}" for k, v in _SETTINGS.items())
        try:
            self._connection = connect(address.render_as_string(hide_password=False), autocommit=autocommit)
            try:
                self.read(f"select {settings}")
                if not autocommit:
                    self.commit()
            except BaseException:
                self.close()
                raise
        except DriverError as error:
            # The driver repeats no password; of several addresses tried, the first one's failure is told.
            advice = "Check that the server runs and that WAREHOUSE_URL is right"
            if "does not support SSL" in said(error):
                advice = without_tls("sslmode=disable", "WAREHOUSE_URL")
            raise WarehouseError(f"The warehouse can't be opened: {said(error)}. {advice}.") from None

    def read(self, query: str) -> pa.Table:
        """Rows of a query, in plain Arrow types.

        Raises:
            DriverError: the server refuses the query, or a number in it is none that numeric(38,9) can hold.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            table = cursor.fetch_arrow_table()
        schema = _plain_schema(table.schema)
        return pa.Table.from_batches([_plain(batch, schema) for batch in table.to_batches()], schema=schema)

    def stream(self, query: str) -> tuple[adbc.Cursor, pa.RecordBatchReader]:
        """The same without holding all rows; the connection is busy until the cursor is closed."""
        cursor = self._connection.cursor()
        cursor.execute(query)
        batches = cursor.fetch_record_batch()
        schema = _plain_schema(batches.schema)
        return cursor, pa.RecordBatchReader.from_batches(schema, (_plain(batch, schema) for batch in batches))

    def execute(self, statement: str) -> int:
        """Run a statement; returns the rows that it changed."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.rowcount)

    def ingest(self, name: str, batches: pa.RecordBatchReader, schema: str | None = None) -> None:
        """Copy batches into an existing table, by the names of its columns, inside the transaction.

        Args:
            name: the table.
            batches: whole or some of its columns.
            schema: the table's; None: it is a temporary table.
        """
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(name, batches, mode="append", temporary=schema is None, db_schema_name=schema)

    def commit(self) -> None:
        """Commit the transaction."""
        self._connection.commit()

    def rollback(self) -> None:
        """Undo the transaction, if there is one. Where the connection broke, the server has done so."""
        with suppress(*DriverError):
            self._connection.rollback()

    def close(self) -> None:
        """Close."""
        self._connection.close()


@contextmanager
def connected(url: URL) -> Iterator[PostgresqlConnection]:
    """A connection for the length of a block."""
    connection = PostgresqlConnection(url)
    try:
        yield connection
    finally:
        connection.close()


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """The types that a warehouse hands over: PostgreSQL's numeric, which the driver gives as text, as decimals."""
    return pa.schema([(f.name, ColumnType.DECIMAL.arrow if _is_numeric(f) else f.type) for f in schema])


def _is_numeric(field: pa.Field) -> bool:
    return isinstance(field.type, pa.OpaqueType) and field.type.type_name == "numeric"


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        (array.storage if isinstance(array, pa.ExtensionArray) and pa.types.is_decimal(type_) else array).cast(type_)
        for array, type_ in zip(batch.columns, schema.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
