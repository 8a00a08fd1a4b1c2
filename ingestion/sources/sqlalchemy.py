"""Read any database that SQLAlchemy has a dialect for, row by row into Arrow.

Belongs here: the general reader. Not here: databases with an Arrow driver of their own.

Columns are selected without a type, so that no result processor of SQLAlchemy changes or refuses a value before
conformance.py has seen it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from ingestion.columns import ColumnType, RawTable
from ingestion.conformance import OddValue
from ingestion.errors import ConfigurationError, SourceError, one_line
from ingestion.sources.base import BATCH_ROWS, EVERYTHING, Selection, WireBatch
from ingestion.sources.statements import reflected_columns, select_rows


class SqlalchemySource:
    """A source behind a SQLAlchemy URL."""

    def __init__(self, name: str, url: sa.URL) -> None:
        self._name = name
        variable = f"{name.upper()}_DATABASE_URL"
        try:
            self._engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        except sa.exc.NoSuchModuleError:
            raise ConfigurationError(
                f"{variable}: no SQLAlchemy dialect '{url.drivername}' is installed. "
                "Check the part before ://, or install the package that brings it."
            ) from None
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"{variable}: the driver module '{error.name}' is not installed. "
                f"Install it: .venv/bin/pip install {_PACKAGES.get(error.name or '', error.name)}"
            ) from None
        except (sa.exc.ArgumentError, TypeError) as error:
            raise ConfigurationError(f"{variable}: {one_line(error)}.") from None

    @contextmanager
    def snapshot(self) -> Iterator["SqlalchemySnapshot"]:
        """One transaction, repeatable where the dialect knows it. See `Source.snapshot`."""
        with _faults_told(self._name), self._engine.connect() as connection:
            dbapi_connection = connection.connection.dbapi_connection
            assert dbapi_connection is not None
            levels = self._engine.dialect.get_isolation_level_values(dbapi_connection)
            if "REPEATABLE READ" in levels:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield SqlalchemySnapshot(self._name, connection)


@contextmanager
def _faults_told(name: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise SourceError(
            f"{name}: the database can't be read: {one_line(error.orig or error)}. "
            f"Check that it runs and that {name.upper()}_DATABASE_URL is right."
        ) from None


_PACKAGES = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary"}


class SqlalchemySnapshot:
    """Reads inside one transaction. See `Snapshot`."""

    def __init__(self, name: str, connection: sa.Connection) -> None:
        self._name = name
        self._connection = connection

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        return reflected_columns(self._connection, tables)

    def count(self, table: RawTable) -> int:
        """See `Snapshot.count`."""
        statement = sa.select(sa.func.count()).select_from(sa.table(table.name))
        return int(self._connection.execute(statement).scalar_one())

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        statement = select_rows(table, selection).execution_options(stream_results=True)
        names = [c.name for c in table.columns]
        with _faults_told(self._name):
            result = self._connection.execute(statement)
            for rows in result.partitions(BATCH_ROWS):
                odd: list[OddValue] = []
                values = zip(*rows, strict=True)
                arrays = [_wire_array(name, column, odd) for name, column in zip(names, values, strict=True)]
                yield WireBatch(pa.RecordBatch.from_arrays(arrays, names=names), odd)


def _wire_array(name: str, values: Sequence[Any], odd: list[OddValue]) -> pa.Array:
    """Python values as Arrow; a column of mixed types as text, with bytes among it set aside."""
    try:
        array = pa.array(values)
        # Arrow takes text among bytes for bytes.
        if not pa.types.is_binary(array.type) or all(isinstance(v, bytes | None) for v in values):
            return array
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        pass
    text: list[str | None] = []
    for row, value in enumerate(values):
        if isinstance(value, bytes | bytearray | memoryview):
            odd.append(OddValue(row, name, bytes(value).hex()))
            text.append(None)
        else:
            text.append(None if value is None else str(value))
    return pa.array(text, pa.string())
