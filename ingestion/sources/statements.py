"""SELECT statements over source tables, in SQLAlchemy's dialect-neutral form.

Belongs here: which rows and columns a read asks for. Not here: drivers, or a dialect's text.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from ingestion.rows.columns import ColumnType, RawTable
from ingestion.sources.base import Among, Selection, Watermark

BoundWriter = Callable[[Watermark], object]


def select_rows(
    table: RawTable,
    selection: Selection,
    bound: BoundWriter = lambda value: value,
    expressions: Iterable[sa.ColumnElement[Any]] | None = None,
    keys: Iterable[sa.ColumnElement[Any]] | None = None,
) -> sa.Select[Any]:
    """The statement for a read.

    Args:
        table: table and columns to read; columns carry no type, so that values come as the driver has them.
        selection: which rows.
        bound: writes the watermark as the source's cursor column compares it.
        expressions: what to select instead of the plain columns.
        keys: what to compare with the selection's keys instead of the plain columns of the key.
    """
    columns: list[Any] = list(expressions or [sa.column(c.name) for c in table.columns])
    statement = sa.select(*columns).select_from(sa.table(table.name))
    conditions: list[sa.ColumnElement[bool]] = []
    if selection.since:
        cursor: sa.ColumnElement[Any] = sa.column(selection.since[0])
        conditions += [cursor >= sa.literal(bound(selection.since[1])), cursor.is_(None)]
    conditions += [_among(name, values) for name, values in selection.open_rows.items()]
    if selection.keys is not None:
        key: list[sa.ColumnElement[Any]] = list(keys or [sa.column(name) for name in table.key])
        if len(key) == 1:
            conditions.append(key[0].in_([values[0] for values in selection.keys]))
        else:
            conditions.append(sa.tuple_(*key).in_(selection.keys))
    if conditions:
        statement = statement.where(sa.or_(*conditions))
    for name, values in selection.but_not.items():
        others: sa.ColumnElement[bool] = sa.column(name).not_in([v for v in values if v is not None])
        statement = statement.where(others if None in values else sa.or_(others, sa.column(name).is_(None)))
    return restricted(statement, selection.only)


def restricted(statement: sa.Select[Any], only: Among) -> sa.Select[Any]:
    """The statement for rows with one of the values of each column alone."""
    return statement.where(*(_among(name, values) for name, values in only.items()))


def _among(name: str, values: Sequence[object]) -> sa.ColumnElement[bool]:
    column: sa.ColumnElement[Any] = sa.column(name)
    told = [value for value in values if value is not None]
    among: sa.ColumnElement[bool] = sa.or_(*(column == sa.literal(value) for value in told)) if told else sa.false()
    return sa.or_(among, column.is_(None)) if None in values else among


def reflected_columns(connection: sa.Connection, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
    """Columns of those tables or views that exist, with the raw type that holds each."""
    inspector = sa.inspect(connection)
    existing = {*inspector.get_table_names(), *inspector.get_view_names()}
    return {
        table: {c["name"]: column_type(c["type"]) for c in inspector.get_columns(table)}
        for table in tables
        if table in existing
    }


def column_type(type_: sa.types.TypeEngine[Any]) -> ColumnType:
    """The raw type for a database type; what has no better home is kept as text."""
    for family, raw in _FAMILIES:
        if isinstance(type_, family):
            return raw
    return ColumnType.TEXT


# The order decides: Float is a Numeric, Date is no DateTime, Boolean may be an Integer's kin in a dialect.
_FAMILIES: tuple[tuple[type[sa.types.TypeEngine[Any]], ColumnType], ...] = (
    (sa.Boolean, ColumnType.BOOLEAN),
    (sa.Integer, ColumnType.INTEGER),
    (sa.Float, ColumnType.DOUBLE),
    (sa.Numeric, ColumnType.DECIMAL),
    (sa.DateTime, ColumnType.TIMESTAMP),
    (sa.Date, ColumnType.DATE),
    (sa.LargeBinary, ColumnType.BYTES),
    (sa.JSON, ColumnType.JSON),
)
