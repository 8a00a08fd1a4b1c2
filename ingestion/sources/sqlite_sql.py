"""The SQL with which SQLite is read.

Belongs here: how a value is projected so that its storage class can't fail the read, and what comes of the values
that are of another class than their column. Not here: connections (adbc_sqlite.py).

SQLite types values, not columns, while the driver infers a column's Arrow type from the first batch and fails on
a later value of another type. Each read therefore begins with a row of our own that sets the types, integers are
projected only where the value is one, everything else is projected as text, and values of another storage class
come back in one extra column instead of an error.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import OddValue
from ingestion.sources.base import Selection
from ingestion.sources.statements import select_rows

MOST_COLUMNS = 2_000
"""So many columns a table has at most, and so many a statement gives; what does not go beside the extra column goes
into it."""

_FIELD, _RECORD = "\x1f", "\x1e"
_ACCEPTED = {
    ColumnType.INTEGER: ("integer", "null"),
    ColumnType.DOUBLE: ("real", "integer", "null"),
    ColumnType.BYTES: ("blob", "null"),
}
_NOT_BLOB = ("text", "integer", "real", "null")
_ANY = (*_NOT_BLOB, "blob")
_SENTINEL = {ColumnType.INTEGER: "0", ColumnType.DOUBLE: "0.0", ColumnType.BYTES: "x'00'"}


class Read:
    """A read of a table: its statement, and what its batches mean.

    Args:
        table: table and columns to read.
        binary: columns that the source declares to hold blobs; as text they are in hexadecimal.
    """

    def __init__(self, table: RawTable, binary: Collection[str]) -> None:
        self._table = table
        self._binary = binary
        self._plain = table.columns[: MOST_COLUMNS - 1]
        self._packed = table.columns[MOST_COLUMNS - 1 :]

    def rows_query(self, selection: Selection) -> str:
        """The statement, whose first row is our own."""
        expressions = [self._projected(c).label(c.name) for c in self._plain]
        records = [self._odd(c) for c in self._plain] + [_record(c) for c in self._packed]
        rows = self._selected(selection, [*expressions, _joined(records, "").label("_odd")])
        sentinels = ", ".join(_SENTINEL.get(c.type, "''") for c in self._plain)
        # A subquery, since a compound SELECT would share the WHERE's columns with the sentinel row.
        return f"select {sentinels}, '' union all select * from ({text(rows)})"

    def widest_query(self, selection: Selection) -> str:
        """The bytes of the widest row. Of wide values the length lies beside them: they are not read for it."""
        sizes = [sa.func.coalesce(sa.func.octet_length(sa.column(c.name)), 0) for c in self._table.columns]
        return f"select max(size) from ({text(self._selected(selection, [_joined(sizes, 0).label('size')]))})"

    def wire(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[OddValue]]:
        """The columns' values of a batch, and those of another storage class."""
        records = batch.column(len(self._plain))
        packed: dict[str, list[Any]] = {c.name: [None] * batch.num_rows for c in self._packed}
        of = {c.name: c for c in self._table.columns}
        odd = []
        for row in pc.indices_nonzero(pc.not_equal(records, "")).to_pylist():
            for record in records[row].as_py().split(_RECORD)[:-1]:
                name, _, value = record.partition(_FIELD)
                shown = bytes.fromhex(value).decode(errors="backslashreplace")
                class_, parsed = _unquoted(shown)
                if name not in packed or class_ not in self._accepted(of[name]):
                    odd.append(OddValue(row, name, parsed if isinstance(parsed, str) else shown))
                else:
                    packed[name][row] = parsed
        arrays = [*batch.columns[:-1], *(_wire_array(c, packed[c.name]) for c in self._packed)]
        return pa.RecordBatch.from_arrays(arrays, names=list(of)), odd

    def _selected(self, selection: Selection, expressions: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        keys = [self._projected(c) if self._is_hexadecimal(c) else sa.column(c.name) for c in self._table.key_columns]
        return select_rows(self._table, selection, _text_bound, expressions, keys)

    def _is_hexadecimal(self, column: Column) -> bool:
        return column.type is ColumnType.TEXT and column.name in self._binary

    def _accepted(self, column: Column) -> tuple[str, ...]:
        return _ANY if self._is_hexadecimal(column) else _ACCEPTED.get(column.type, _NOT_BLOB)

    def _projected(self, column: Column) -> sa.ColumnElement[Any]:
        value: sa.ColumnElement[Any] = sa.column(column.name)
        class_ = sa.func.typeof(value)
        projected = value if column.type in _ACCEPTED else sa.cast(value, sa.Text)
        if self._is_hexadecimal(column):
            return sa.case((class_ == "blob", sa.func.lower(sa.func.hex(value))), else_=projected)
        return sa.case((class_.in_(self._accepted(column)), projected), else_=None)

    def _odd(self, column: Column) -> sa.ColumnElement[Any]:
        is_accepted = sa.func.typeof(sa.column(column.name)).in_(self._accepted(column))
        return sa.case((is_accepted, ""), else_=_record(column))


def text(statement: sa.Select[Any]) -> str:
    """A statement as SQLite takes it, values included."""
    return str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))


def _text_bound(value: datetime | int) -> object:
    """A lower bound that holds for every ISO 8601 spelling of the instant, whatever its zone.

    SQLite compares timestamps as the text they are. The date alone is a prefix of every spelling, and no zone is
    more than a day away from UTC.
    """
    if isinstance(value, int):
        return value
    return (value.astimezone(UTC) - timedelta(days=1)).date().isoformat()


def _record(column: Column) -> sa.ColumnElement[Any]:
    # In hexadecimal, lest a value hold the separators.
    return sa.literal(column.name + _FIELD).concat(sa.func.hex(sa.func.quote(sa.column(column.name)))).concat(_RECORD)


def _joined(parts: Sequence[sa.ColumnElement[Any]], nothing: str | int) -> sa.ColumnElement[Any]:
    """Texts one after another, or the sum of numbers: by halves, since an expression may be but 1,000 levels deep."""
    if len(parts) < 2:
        return parts[0] if parts else sa.literal(nothing)
    middle = len(parts) // 2
    first, second = (_joined(half, nothing) for half in (parts[:middle], parts[middle:]))
    joined = first.concat(second) if isinstance(nothing, str) else first + second
    # None of them is null; a function's parentheses are those that SQLAlchemy does not leave out.
    grouped: sa.ColumnElement[Any] = sa.func.coalesce(joined, nothing)
    return grouped


def _unquoted(shown: str) -> tuple[str, Any]:
    """Storage class and value of what `quote` wrote; of a blob, as it is written, if it is not asked for."""
    if shown == "NULL":
        return "null", None
    if quoted := re.fullmatch(r"'(.*)'", shown, re.DOTALL):
        return "text", quoted[1].replace("''", "'")
    if blob := re.fullmatch(r"X'(.*)'", shown):
        return "blob", bytes.fromhex(blob[1])
    return ("integer", int(shown)) if re.fullmatch(r"-?\d+", shown) else ("real", float(shown))


def _wire_array(column: Column, values: list[Any]) -> pa.Array:
    if column.type in (ColumnType.INTEGER, ColumnType.DOUBLE, ColumnType.BYTES):
        return pa.array(values, column.type.arrow)
    return pa.array([v.hex() if isinstance(v, bytes) else None if v is None else str(v) for v in values], pa.string())
