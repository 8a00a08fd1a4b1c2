"""The SQL with which MySQL and MariaDB are read.

Belongs here: which columns there are, how a value is projected so that nothing can change it, the text of
statements. Not here: connections (mysql.py).

In the text protocol the server itself writes every value down, and the driver is told to leave it at that: zero
and partial dates, which Python has no value for, numbers of any size and times beyond a day arrive as the
database shows them. Only what it does not show faithfully is projected: bits, which come as bytes, and the digits
that it hides of a float.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql.base import MySQLDialect, MySQLIdentifierPreparer

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.sources.base import Among, Selection, Watermark
from ingestion.sources.statements import restricted, select_rows

DATED = {"date", "datetime", "timestamp"}
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit")
_BYTES = (
    *("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"),
    *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
    *("geometrycollection", "geomcollection"),
)
_RAW_TYPES = {
    **dict.fromkeys(_INTEGERS, ColumnType.INTEGER),
    **dict.fromkeys(_BYTES, ColumnType.BYTES),
    "float": ColumnType.DOUBLE,
    "double": ColumnType.DOUBLE,
    "date": ColumnType.DATE,
    "datetime": ColumnType.TIMESTAMP,
    "timestamp": ColumnType.TIMESTAMP,
    "json": ColumnType.JSON,
}


@dataclass(frozen=True, slots=True)
class MysqlColumn:
    """A column as the server's catalog has it.

    Attributes:
        name: its name.
        type: name of its type, without length or sign.
        precision: digits of a number.
        scale: those of them that are after the point.
        collation: by what its text is compared; empty where it is none.
    """

    name: str
    type: str
    precision: int
    scale: int
    collation: str = ""

    @property
    def raw_type(self) -> ColumnType:
        """The raw type that holds every value of the column, or all but such as are rejected."""
        if self.type == "decimal":
            fits = self.scale <= 9 and self.precision - self.scale <= 29
            return ColumnType.DECIMAL if fits else ColumnType.TEXT
        return _RAW_TYPES.get(self.type, ColumnType.TEXT)

    def is_single_float(self, column: Column) -> bool:
        """Whether it is read as a number of 32 bits, of which the server shows but six digits."""
        return self.type == "float" and column.type in (ColumnType.DOUBLE, ColumnType.DECIMAL)

    def is_hexadecimal(self, column: Column) -> bool:
        """Whether its bytes, often a UUID, are read as text, since the catalogue declares that."""
        return self.type in _BYTES and column.type is ColumnType.TEXT

    def is_bytes(self, column: Column) -> bool:
        """Whether it is handed over as bytes."""
        return self.type in _BYTES and not self.is_hexadecimal(column)


class _Bytes(sa.LargeBinary):
    def literal_processor(self, dialect: sa.Dialect) -> Callable[[bytes], str]:
        return lambda value: f"x'{value.hex()}'"


class _Preparer(MySQLIdentifierPreparer):
    """Quotes every name: the reserved words differ by server."""

    def _requires_quotes(self, value: str) -> bool:
        return True


class _Dialect(MySQLDialect):
    supports_statement_cache = True
    preparer = _Preparer
    colspecs = MySQLDialect.colspecs | {sa.LargeBinary: _Bytes}


# Any other style would double the percent signs.
_DIALECT = _Dialect(paramstyle="named")


def _text(statement: sa.Select[Any]) -> str:
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


TABLES_QUERY = "select table_name from information_schema.tables where table_schema = database()"
"""The names of the database's tables and views."""


def columns_query(tables: Iterable[str]) -> str:
    """Table, column, type, precision, scale and collation of those tables and views of the database that exist."""
    names = ("table_name", "column_name", "data_type", "numeric_precision", "numeric_scale", "collation_name")
    selected: list[sa.ColumnElement[Any]] = [sa.column(name) for name in names]
    statement = (
        sa.select(*selected)
        .select_from(sa.table("columns", schema="information_schema"))
        .where(sa.column("table_schema") == sa.func.database(), sa.column("table_name").in_(list(tables)))
        .order_by(sa.column("table_name"), sa.column("ordinal_position"))
    )
    return _text(statement)


def count_query(table: str, only: Among) -> str:
    """How many rows a table has, of those with the values of `only`."""
    return _text(restricted(sa.select(sa.func.count()).select_from(sa.table(table)), only))


def none_query(table: str, column: str | None) -> str:
    """No row with all columns of a table, or with one of them."""
    selected: sa.ColumnElement[Any] = sa.literal_column("*") if column is None else sa.column(column)
    return _text(sa.select(selected).select_from(sa.table(table)).limit(0))


def rows_query(table: RawTable, sources: dict[str, MysqlColumn], selection: Selection) -> str:
    """The statement for a read.

    Args:
        table: table and columns to read.
        sources: the source's columns, by the names that the table has for them.
        selection: which rows.
    """
    if selection.keys is not None:
        keys = [
            tuple(_comparable(value, sources[name]) for name, value in zip(table.key, key, strict=True))
            for key in selection.keys
        ]
        selection = replace(selection, keys=keys)

    def bound(value: Watermark) -> object:
        assert selection.since is not None
        return _bound(value, sources[selection.since[0]])

    return _text(select_rows(table, selection, bound, [_projected(c, sources[c.name]) for c in table.columns]))


def _projected(column: Column, source: MysqlColumn) -> sa.ColumnElement[Any]:
    value: sa.ColumnElement[Any] = sa.column(column.name)
    if source.type == "bit":
        return value.op("+")(sa.literal_column("0"))
    if source.is_single_float(column):
        # As a double it is written with all its digits.
        return value.op("+")(sa.literal_column("0e0"))
    if source.is_hexadecimal(column):
        return sa.func.lower(sa.func.hex(value))
    return value


def _comparable(value: object, source: MysqlColumn) -> object:
    """A key's value as the source compares it: bytes that are text in raw as bytes, an instant without its zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, str) and source.type in _BYTES:
        return bytes.fromhex(value)
    return value


def _bound(value: Watermark, source: MysqlColumn) -> object:
    """A lower bound as the cursor's column compares it; for text, one that holds for every zone and spelling."""
    if isinstance(value, int):
        return value
    if source.type == "timestamp":
        return value.astimezone(UTC).replace(tzinfo=None)
    if source.type == "datetime":
        return value.replace(tzinfo=None)
    local = value if source.type == "date" else value.astimezone(UTC) - timedelta(days=1)
    return local.date().isoformat()
