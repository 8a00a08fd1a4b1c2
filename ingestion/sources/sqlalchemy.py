"""Read any database that SQLAlchemy has a dialect for, row by row into Arrow.

Belongs here: the general reader. Not here: databases with an Arrow driver of their own.

Columns are selected without a type, so that no result processor of SQLAlchemy changes or refuses a value before
conformance.py has seen it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from ingestion.errors import ConfigurationError, TransientSourceError, one_line
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import OddValue
from ingestion.rows.folding import Folding
from ingestion.sources.base import BATCH_BYTES, EMPTY, EVERYTHING, Among, Selection, SourceName, Watermark, WireBatch
from ingestion.sources.batches import cut
from ingestion.sources.collations import reflected_foldings
from ingestion.sources.reflection import reflected_shapes, reflected_tables
from ingestion.sources.shape import TableShape
from ingestion.sources.statements import reflected_columns, restricted, select_rows
from ingestion.sources.transient import fault_type


class SqlalchemySource:
    """A source behind a SQLAlchemy URL."""

    def __init__(self, name: SourceName, url: sa.URL) -> None:
        self._name = name
        variable = name.variable
        try:
            self._engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        except sa.exc.NoSuchModuleError:
            raise ConfigurationError(
                f"{variable}: no SQLAlchemy dialect '{url.drivername}' is installed. "
                "Check the part before ://, or install the package that brings it."
            ) from None
        except (sa.exc.ArgumentError, TypeError) as error:
            raise ConfigurationError(f"{variable}: {one_line(error)}.") from None
        if self._engine.dialect.driver == "pysqlite":
            sa.event.listen(self._engine, "connect", _let_text_be_any)

    @contextmanager
    def snapshot(self) -> Iterator["SqlalchemySnapshot"]:
        """One transaction, repeatable where the dialect knows it. See `Source.snapshot`."""
        with _faults_told(self._name), self._engine.connect() as connection:
            dbapi_connection = connection.connection.dbapi_connection
            assert dbapi_connection is not None
            try:
                levels = list(self._engine.dialect.get_isolation_level_values(dbapi_connection))
            except NotImplementedError:
                levels = []
            if "REPEATABLE READ" in levels:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield SqlalchemySnapshot(self._name, connection)


def _let_text_be_any(connection: Any, _: object) -> None:
    """Python's driver for SQLite fails a whole read where text is not UTF-8: hand it over as the bytes that it is."""
    connection.text_factory = _text_or_bytes


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


@contextmanager
def _faults_told(name: SourceName) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        type_ = TransientSourceError if error.connection_invalidated else fault_type(error.orig or error)
        raise type_(
            f"{name}: the database can't be read: {one_line(error.orig or error)}. "
            f"Check that it runs and that {name.variable} is right."
        ) from None


class SqlalchemySnapshot:
    """Reads inside one transaction. See `Snapshot`."""

    def __init__(self, name: SourceName, connection: sa.Connection) -> None:
        self._name = name
        self._connection = connection
        self._columns: dict[str, dict[str, ColumnType]] = {}

    def tables(self) -> list[str]:
        """See `Snapshot.tables`."""
        with _faults_told(self._name):
            return reflected_tables(self._connection)

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        with _faults_told(self._name):
            found = reflected_columns(self._connection, tables)
        self._columns |= found
        return found

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """See `Snapshot.unreadable`: it tells of none."""
        return {}

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`."""
        with _faults_told(self._name):
            return reflected_shapes(self._connection, tables)

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`."""
        with _faults_told(self._name):
            return reflected_foldings(self._connection, columns)

    def count(self, table: RawTable, only: Among = EMPTY) -> int:
        """See `Snapshot.count`."""
        statement = restricted(sa.select(sa.func.count()).select_from(sa.table(table.name)), only)
        with _faults_told(self._name):
            return int(self._connection.execute(statement).scalar_one())

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        hexadecimal = self._hexadecimal(table)
        if selection.keys is not None and hexadecimal & set(table.key):
            # As text that is no hexadecimal number a key is none of the source's.
            bytes_of = [bytes.fromhex if name in hexadecimal else _unchanged for name in table.key]
            keys = [tuple(f(v) for f, v in zip(bytes_of, key, strict=True)) for key in selection.keys]  # type: ignore[arg-type]
            selection = replace(selection, keys=keys)
        statement = select_rows(table, selection, _bound).execution_options(stream_results=True)
        names = [c.name for c in table.columns]
        with _faults_told(self._name):
            result = self._connection.execute(statement)
            for rows in cut(result, BATCH_BYTES):
                odd: list[OddValue] = []
                values = zip(*rows, strict=True)
                arrays = [
                    _wire_array(name, _in_hexadecimal(column) if name in hexadecimal else column, odd)
                    for name, column in zip(names, values, strict=True)
                ]
                yield WireBatch(pa.RecordBatch.from_arrays(arrays, names=names), odd)

    def _hexadecimal(self, table: RawTable) -> set[str]:
        """Columns of bytes that the catalogue declares as text."""
        if table.name not in self._columns:
            self.columns([table.name])
        found = self._columns.get(table.name, {})
        return {c.name for c in table.columns if c.type is ColumnType.TEXT and found.get(c.name) is ColumnType.BYTES}


def _bound(value: Watermark) -> object:
    """A lower bound that holds for columns with a zone and without, whichever of the two a driver compares."""
    return value if isinstance(value, int) else min(value.astimezone(UTC), value.replace(tzinfo=UTC))


def _unchanged(value: object) -> object:
    return value


def _in_hexadecimal(values: Sequence[Any]) -> list[Any]:
    return [bytes(v).hex() if isinstance(v, bytes | bytearray | memoryview) else v for v in values]


_PLAIN = (bool, int, float, Decimal, str, bytes, datetime, date)


def _wire_array(name: str, values: Sequence[Any], odd: list[OddValue]) -> pa.Array:
    """Python values as Arrow: natively where all are of one plain type, else as text.

    Arrow would find a common type for others too, and change values on the way: a UUID becomes bytes, an integer
    beside a decimal a float, a timestamp beside a date loses its time.
    """
    values = [bytes(v) if isinstance(v, bytearray | memoryview) else v for v in values]
    kinds = {type(v) for v in values if v is not None}
    if len(kinds) <= 1 and kinds <= set(_PLAIN):
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, OverflowError, ValueError):
            pass
    text: list[str | None] = []
    for row, value in enumerate(values):
        shown = _shown(value)
        if isinstance(value, bytes) or (shown is not None and not shown.isprintable() and _has_surrogates(shown)):
            odd.append(OddValue(row, name, str(shown).encode(errors="backslashreplace").decode()))
            shown = None
        text.append(shown)
    return pa.array(text, pa.string())


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
