"""Read SQLite files through Arrow's own driver (ADBC).

Belongs here: files, the snapshot, batches out of it. Not here: the SQL, and what it does about SQLite's dynamic
types (sqlite_sql.py), conversion to raw types (conformance.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from ingestion.errors import SourceError, one_line
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.folding import Folding
from ingestion.sources.base import BATCH_BYTES, EMPTY, EVERYTHING, Among, Selection, SourceName, WireBatch
from ingestion.sources.batches import gathered
from ingestion.sources.collations import sqlite_foldings
from ingestion.sources.reflection import reflected_shapes, reflected_tables
from ingestion.sources.shape import TableShape
from ingestion.sources.sqlite_sql import Read, text
from ingestion.sources.statements import reflected_columns, restricted
from ingestion.sources.transient import fault_type

BUSY_TIMEOUT_SECONDS = 30
"""How long a read waits for a writer to end."""

_FETCHED_ROWS = (8, 1_024)
"""The fewest and the most rows that are fetched at once; the driver counts rows, however wide they are."""

_BINARY = dict.fromkeys(("BINARY", "VARBINARY", "BYTEA"), sa.LargeBinary)
"""What other databases call blobs."""


class SqliteSource:
    """A SQLite file, opened read-only."""

    def __init__(self, name: SourceName, url: sa.URL) -> None:
        self._name = name
        self._path = Path(url.database or "")

    @contextmanager
    def snapshot(self) -> Iterator["SqliteSnapshot"]:
        """One read transaction over the file. See `Source.snapshot`."""
        if not self._path.is_file():
            raise SourceError(
                f"{self._name}: there is no SQLite file {self._path.name}. Check the path in {self._name.variable}."
            )
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        engine = sa.create_engine("sqlite://", creator=lambda: _dbapi_connect(uri), poolclass=sa.pool.NullPool)
        dialect = engine.dialect
        assert isinstance(dialect, SQLiteDialect)
        dialect.ischema_names = dialect.ischema_names | _BINARY
        # Only what happens here is told as the source's fault, not what the block does with the snapshot.
        with ExitStack() as stack:
            with _faults_told(self._name):
                reflection = stack.enter_context(engine.connect())
                connection = stack.enter_context(adbc_driver_sqlite.dbapi.connect(uri))
                with connection.cursor() as cursor:
                    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_SECONDS * 1_000}")
                size = self._path.stat().st_size
            yield SqliteSnapshot(self._name, reflection, connection, size)


@contextmanager
def _faults_told(name: SourceName) -> Iterator[None]:
    try:
        yield
    # What happens while rows arrive comes through Arrow's stream as one of its errors or an OSError.
    except (sa.exc.DatabaseError, adbc_driver_manager.Error, pa.ArrowException, OSError) as caught:
        error = (caught.orig or caught) if isinstance(caught, sa.exc.DatabaseError) else caught
        raise fault_type(error)(
            f"{name}: SQLite says: {one_line(error)}. Check that {name.variable} names a whole, readable SQLite file."
        ) from None


def _dbapi_connect(uri: str) -> object:
    return sqlite.dialect.import_dbapi().connect(uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS)


class SqliteSnapshot:
    """Reads inside one transaction. See `Snapshot`."""

    def __init__(
        self, name: SourceName, reflection: sa.Connection, connection: adbc_driver_sqlite.dbapi.Connection, size: int
    ) -> None:
        self._name = name
        self._reflection = reflection
        self._connection = connection
        self._size = size
        self._columns: dict[str, dict[str, ColumnType]] = {}

    def tables(self) -> list[str]:
        """See `Snapshot.tables`."""
        with _faults_told(self._name):
            return reflected_tables(self._reflection)

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        with _faults_told(self._name):
            found = reflected_columns(self._reflection, tables)
        self._columns |= found
        return found

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """See `Snapshot.unreadable`: it tells of none."""
        return {}

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`."""
        with _faults_told(self._name):
            return reflected_shapes(self._reflection, tables)

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`."""
        with _faults_told(self._name):
            return sqlite_foldings(self._reflection, columns)

    def count(self, table: RawTable, only: Among = EMPTY) -> int:
        """See `Snapshot.count`."""
        statement = restricted(sa.select(sa.func.count()).select_from(sa.table(table.name)), only)
        with _faults_told(self._name), self._connection.cursor() as cursor:
            cursor.execute(text(statement))
            row = cursor.fetchone()
            assert row is not None
            return int(row[0])

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        read = Read(table, self._columns_of(table.name))
        with _faults_told(self._name), self._connection.cursor() as cursor:
            fetched = str(self._fetched_rows(cursor, read.widest_query(selection)))
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": fetched})
            cursor.execute(read.rows_query(selection))
            for batch in gathered(_without_first(cursor.fetch_record_batch()), BATCH_BYTES):
                yield WireBatch(*read.wire(batch))

    def _columns_of(self, table: str) -> dict[str, ColumnType]:
        if table not in self._columns:
            self.columns([table])
        return self._columns[table]

    def _fetched_rows(self, cursor: adbc_driver_sqlite.dbapi.Cursor, widest_query: str) -> int:
        """So many rows at once that they keep to `BATCH_BYTES`, however wide they are."""
        fewest, most = _FETCHED_ROWS
        if self._size <= BATCH_BYTES:
            return most
        cursor.execute(widest_query)
        [(widest,)] = cursor.fetchall()
        return max(fewest, min(most, BATCH_BYTES // max(1, widest or 0)))


def _without_first(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches without the first row of all."""
    is_first = True
    for batch in batches:
        yield batch.slice(1) if is_first else batch
        is_first = False
