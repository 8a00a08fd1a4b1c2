"""Read SQLite files through Arrow's own driver (ADBC).

Belongs here: what is peculiar to SQLite: its dynamic types, its text timestamps, its files. Not here: conversion
to raw types (conformance.py).

SQLite types values, not columns, while the driver infers a column's Arrow type from the first batch and fails on
a later value of another type. Each read therefore begins with a row of our own that sets the types, integers are
projected only where the value is one, everything else is projected as text, and values of another storage class
come back in one extra column instead of an error.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import adbc_driver_manager
import adbc_driver_sqlite.dbapi
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ingestion.errors import SourceError, one_line
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import OddValue
from ingestion.rows.folding import Folding
from ingestion.sources.base import BATCH_ROWS, EVERYTHING, Selection, WireBatch
from ingestion.sources.collations import sqlite_foldings
from ingestion.sources.reflection import reflected_shapes, reflected_tables
from ingestion.sources.shape import TableShape
from ingestion.sources.statements import reflected_columns, select_rows

BATCH_BYTES = 64 << 20
_SAMPLED_ROWS = 1_000

_ODD = "_odd"
_FIELD, _RECORD = "\x1f", "\x1e"
_ACCEPTED = {
    ColumnType.INTEGER: ("integer", "null"),
    ColumnType.DOUBLE: ("real", "integer", "null"),
    ColumnType.BYTES: ("blob", "null"),
}
_NOT_BLOB = ("text", "integer", "real", "null")
_SENTINEL = {ColumnType.INTEGER: "0", ColumnType.DOUBLE: "0.0", ColumnType.BYTES: "x'00'"}


class SqliteSource:
    """A SQLite file, opened read-only."""

    def __init__(self, name: str, url: sa.URL) -> None:
        self._name = name
        self._path = Path(url.database or "")

    @contextmanager
    def snapshot(self) -> Iterator["SqliteSnapshot"]:
        """One read transaction over the file. See `Source.snapshot`."""
        if not self._path.is_file():
            raise SourceError(
                f"{self._name}: there is no SQLite file {self._path.name}. "
                f"Check the path in {self._name.upper()}_DATABASE_URL."
            )
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        engine = sa.create_engine("sqlite://", creator=lambda: _dbapi_connect(uri), poolclass=sa.pool.NullPool)
        with (
            _faults_told(self._name),
            engine.connect() as reflection,
            adbc_driver_sqlite.dbapi.connect(uri) as connection,
        ):
            yield SqliteSnapshot(self._name, reflection, connection)


@contextmanager
def _faults_told(name: str) -> Iterator[None]:
    try:
        yield
    except (sa.exc.DatabaseError, adbc_driver_manager.Error) as error:
        cause = error.orig if isinstance(error, sa.exc.DatabaseError) else error
        raise SourceError(
            f"{name}: SQLite says: {one_line(cause or error)}. Check that {name.upper()}_DATABASE_URL names a whole, "
            "readable SQLite file."
        ) from None


def _dbapi_connect(uri: str) -> object:
    return sqlite.dialect.import_dbapi().connect(uri, uri=True)


class SqliteSnapshot:
    """Reads inside one transaction. See `Snapshot`."""

    def __init__(self, name: str, reflection: sa.Connection, connection: adbc_driver_sqlite.dbapi.Connection) -> None:
        self._name = name
        self._reflection = reflection
        self._connection = connection

    def tables(self) -> list[str]:
        """See `Snapshot.tables`."""
        with _faults_told(self._name):
            return reflected_tables(self._reflection)

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        return reflected_columns(self._reflection, tables)

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`."""
        with _faults_told(self._name):
            return reflected_shapes(self._reflection, tables)

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`."""
        with _faults_told(self._name):
            return sqlite_foldings(self._reflection, columns)

    def count(self, table: RawTable) -> int:
        """See `Snapshot.count`."""
        statement = sa.select(sa.func.count()).select_from(sa.table(table.name))
        with _faults_told(self._name), self._connection.cursor() as cursor:
            cursor.execute(_text(statement))
            row = cursor.fetchone()
            assert row is not None
            return int(row[0])

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        names = [c.name for c in table.columns]
        expressions = [_projected(c) for c in table.columns]
        rows = select_rows(table, selection, _text_bound, [*expressions, _odd_values(table)])
        sentinels = ", ".join(_SENTINEL.get(c.type, "''") for c in table.columns)
        # A subquery, since a compound SELECT would share the WHERE's columns with the sentinel row.
        query = f"select {sentinels}, '' union all select * from ({_text(rows)})"
        with _faults_told(self._name), self._connection.cursor() as cursor:
            batch_rows = self._batch_rows(cursor, table, selection)
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(batch_rows)})
            cursor.execute(query)
            reader = cursor.fetch_record_batch()
            is_first = True
            for batch in reader:
                rows_ = batch.slice(1) if is_first else batch
                is_first = False
                if rows_.num_rows:
                    odd = rows_.column(len(names))
                    wire = pa.RecordBatch.from_arrays(rows_.columns[:-1], names=names)
                    yield WireBatch(wire, _parse_odd(odd))

    @staticmethod
    def _batch_rows(cursor: adbc_driver_sqlite.dbapi.Cursor, table: RawTable, selection: Selection) -> int:
        """So many rows that a batch keeps to `BATCH_BYTES`, going by the widest of the first ones.

        Of wide values the length lies beside them: they are not read for it.
        """
        size = sum((sa.func.coalesce(sa.func.octet_length(sa.column(c.name)), 0) for c in table.columns), sa.literal(0))
        first = select_rows(table, selection, _text_bound, [size.label("size")]).limit(_SAMPLED_ROWS)
        cursor.execute(f"select max(size) from ({_text(first)})")
        [(widest,)] = cursor.fetchall()
        return max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, widest or 0)))


def _text(statement: sa.Select[Any]) -> str:
    return str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))


def _text_bound(value: datetime | int) -> object:
    """A lower bound that holds for every ISO 8601 spelling of the instant, whatever its zone.

    SQLite compares timestamps as the text they are. The date alone is a prefix of every spelling, and no zone is
    more than a day away from UTC.
    """
    if isinstance(value, int):
        return value
    return (value.astimezone(UTC) - timedelta(days=1)).date().isoformat()


def _accepted(column: Column) -> tuple[str, ...]:
    return _ACCEPTED.get(column.type, _NOT_BLOB)


def _projected(column: Column) -> sa.ColumnElement[Any]:
    value: sa.ColumnElement[Any] = sa.column(column.name)
    is_text = column.type not in _ACCEPTED
    projected = sa.cast(value, sa.Text) if is_text else value
    fits = sa.func.typeof(value).in_(_accepted(column))
    return sa.case((fits, projected), else_=None).label(column.name)


def _odd_values(table: RawTable) -> sa.ColumnElement[Any]:
    """Name and quoted value of each column whose storage class is not accepted, as one text."""
    parts = [
        sa.case(
            (sa.func.typeof(sa.column(c.name)).in_(_accepted(c)), ""),
            # In hexadecimal, lest a value hold the separators.
            else_=sa.literal(c.name + _FIELD).concat(sa.func.hex(sa.func.quote(sa.column(c.name)))).concat(_RECORD),
        )
        for c in table.columns
    ]
    joined: sa.ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        joined = joined.concat(part)
    return joined.label(_ODD)


def _parse_odd(column: pa.Array) -> list[OddValue]:
    rows = pc.indices_nonzero(pc.not_equal(column, "")).to_pylist()
    odd = []
    for row in rows:
        for record in column[row].as_py().split(_RECORD)[:-1]:
            name, _, value = record.partition(_FIELD)
            odd.append(OddValue(row, name, _unquoted(bytes.fromhex(value).decode(errors="backslashreplace"))))
    return odd


def _unquoted(value: str) -> str:
    text = re.fullmatch(r"'(.*)'", value, re.DOTALL)
    return text[1].replace("''", "'") if text else value
