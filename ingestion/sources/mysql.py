"""Read MySQL and MariaDB through PyMySQL, row by row as the server sends them.

Belongs here: connecting, the snapshot, and Arrow batches out of rows. Not here: the SQL (mysql_sql.py), conversion
to raw types (conformance.py).

One connection and one read-only transaction serve a source. Only tables of a transactional engine (InnoDB) are
shown as of one moment by it.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pymysql
import sqlalchemy as sa
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from ingestion.errors import ConfigurationError, TransientSourceError, one_line, without_tls
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import OddValue
from ingestion.rows.folding import Folding
from ingestion.sources.base import BATCH_BYTES, EMPTY, EVERYTHING, UNNAMED, Among, Selection, SourceName, WireBatch
from ingestion.sources.batches import cut
from ingestion.sources.collations import mysql_foldings
from ingestion.sources.mysql_alterations import Identity, freed, identities_of, rows_of
from ingestion.sources.mysql_sql import (
    DATED,
    TABLES_QUERY,
    MysqlColumn,
    columns_query,
    count_query,
    none_query,
    rows_query,
)
from ingestion.sources.reflection import reflected_shapes
from ingestion.sources.shape import TableShape
from ingestion.sources.transient import fault_type

STATEMENT_TIMEOUT_SECONDS = 3_600
"""Where the server sets none."""

LOCK_TIMEOUT_SECONDS = 300
"""How long a read waits for a table that someone else locks or alters; the servers' own default is a year."""

_SESSION = f"""
set session sql_mode = '', time_zone = '+00:00', lock_wait_timeout = {{lock_timeout}},
    net_write_timeout = {STATEMENT_TIMEOUT_SECONDS}, wait_timeout = {STATEMENT_TIMEOUT_SECONDS * 8}
"""
# MySQL's and MariaDB's name for it, and their units in a second. MySQL 5.6 has none.
_STATEMENT_TIMEOUTS = {"max_execution_time": 1_000, "max_statement_time": 1}
_COLUMN_REFUSED = 1143
_TABLE_REFUSED = 1142

_ISOLATION = "set session transaction isolation level repeatable read"
_SNAPSHOT = "start transaction with consistent snapshot, read only"


class MysqlSource:
    """A MySQL or MariaDB database: the tables and views of the one that the URL names.

    Raises:
        ConfigurationError: the URL has an option that the driver does not know.
    """

    def __init__(self, name: SourceName, url: sa.URL) -> None:
        self._name = name
        given = {k: _option(v if isinstance(v, str) else v[-1]) for k, v in url.query.items()}
        unknown = sorted(set(given) - set(inspect.signature(pymysql.connect).parameters))
        if unknown:
            raise ConfigurationError(
                f"{name.variable}: PyMySQL knows no option '{unknown[0]}'. Take it out of the URL."
            )
        own = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
        fixed = {"charset": "utf8mb4", "program_name": "crm-warehouse"}
        waits = {"connect_timeout": 10, "read_timeout": STATEMENT_TIMEOUT_SECONDS + LOCK_TIMEOUT_SECONDS}
        self._options: dict[str, Any] = (
            waits | given | {k: v for k, v in own.items() if v} | {"database": url.database} | fixed
        )

    @contextmanager
    def snapshot(self) -> Iterator["MysqlSnapshot"]:
        """One read-only transaction at REPEATABLE READ. See `Source.snapshot`."""
        with _faults_told(self._name):
            # The server's own text of every value, whatever the URL says: no decoding, no conversion.
            connection = pymysql.connect(**self._options | {"use_unicode": False, "conv": encoders})
        with closing(connection):
            with _faults_told(self._name):
                rows_of(connection, _SESSION.format(lock_timeout=LOCK_TIMEOUT_SECONDS))
                names = ", ".join(f"'{name}'" for name in _STATEMENT_TIMEOUTS)
                for name, value in rows_of(connection, f"show variables where variable_name in ({names})"):
                    if float(value) == 0:
                        limit = STATEMENT_TIMEOUT_SECONDS * _STATEMENT_TIMEOUTS[name]
                        rows_of(connection, f"set session {name} = {limit}")
                rows_of(connection, _ISOLATION)
                # Before the snapshot: what is altered in between is taken for altered after it.
                identities = identities_of(connection)
                rows_of(connection, _SNAPSHOT)
            yield MysqlSnapshot(self._name, connection, self._inspected, identities)

    @contextmanager
    def _inspected(self) -> Iterator[sa.Connection]:
        """A connection for SQLAlchemy's inspector, which wants decoded values."""
        options = {k: v for k, v in self._options.items() if k not in ("use_unicode", "conv")}
        engine = sa.create_engine(
            "mysql+pymysql://", creator=lambda: pymysql.connect(**options), poolclass=sa.pool.NullPool
        )
        with engine.connect() as connection:
            yield connection


def _option(value: str) -> str | int | bool:
    """An option of the URL as the driver takes it."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    return int(value) if value.isdecimal() else value


@contextmanager
def _faults_told(name: SourceName) -> Iterator[None]:
    try:
        yield
    # It raises a RuntimeError where a way to log in needs a package that is not there.
    except (pymysql.MySQLError, OSError, RuntimeError, sa.exc.DBAPIError) as caught:
        error = (caught.orig or caught) if isinstance(caught, sa.exc.DBAPIError) else caught
        # After the connection was lost it says nothing at all.
        said = one_line(Exception((error.args or ("",))[-1] or "the connection was lost")).removesuffix(".")
        advice = f"Check that it runs and that {name.variable} is right"
        if said.startswith("SSL is required"):
            advice = without_tls("ssl_disabled=true", name.variable)
        raise fault_type(error)(f"{name}: MySQL can't be read: {said}. {advice}.") from None


@contextmanager
def _streamed(connection: pymysql.Connection, sql: str) -> Iterator[SSCursor]:
    """A cursor over rows that the server goes on sending; what is not fetched is read over when the block ends."""
    cursor = connection.cursor(SSCursor)
    try:
        cursor.execute(sql)
        yield cursor
    finally:
        if connection.open:
            cursor.close()
        elif connection._result is not None:
            # The driver would look for the rest on the connection that was lost.
            connection._result.unbuffered_active = False


class MysqlSnapshot:
    """Reads inside one transaction. See `Snapshot`."""

    def __init__(
        self,
        name: SourceName,
        connection: pymysql.Connection,
        inspected: Callable[[], AbstractContextManager[sa.Connection]],
        identities: Mapping[str, Identity],
    ) -> None:
        self._name = name
        self._connection = connection
        self._inspected = inspected
        self._identities = identities
        self._columns: dict[str, list[MysqlColumn]] = {}

    def tables(self) -> list[str]:
        """See `Snapshot.tables`."""
        with _faults_told(self._name):
            return [name for (name,) in rows_of(self._connection, TABLES_QUERY)]

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        names = list(tables)
        with _faults_told(self._name):
            rows = rows_of(self._connection, columns_query(names))
        for table in names:
            own = [
                MysqlColumn(column, type_.lower(), int(precision or 0), int(scale or 0), collation)
                for of, column, type_, precision, scale, collation in rows
                if of == table
            ]
            if own:
                self._columns[table] = own
        return {t: {c.name: c.raw_type for c in self._columns[t]} for t in names if t in self._columns}

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """See `Snapshot.unreadable`. The server's catalog keeps them from us; its refusal names one, or none."""
        denied: dict[str, dict[str, str]] = {}
        with _faults_told(self._name):
            [(user,)] = rows_of(self._connection, "select current_user()")
            # Whether it is locked is no question here.
            rows_of(self._connection, "set session lock_wait_timeout = 1")
            for table, names in columns.items():
                found = {c.name.casefold() for c in self._columns.get(table, [])}
                for name in [None, *(n for n in names if n.casefold() not in found)]:
                    if (refused := self._refused(table, name)) is not None:
                        account = "@".join(f"'{part}'" for part in user.rsplit("@", 1))
                        of = "" if refused == UNNAMED else f" (`{refused}`)"
                        grant = f"grant select{of} on `{table}` to {account}"
                        denied.setdefault(table, {})[refused] = grant
            rows_of(self._connection, f"set session lock_wait_timeout = {LOCK_TIMEOUT_SECONDS}")
        return denied

    def _refused(self, table: str, column: str | None) -> str | None:
        """The column, of all or a certain one, that the server does not let us select; None if it does, or has none."""
        try:
            with freed(self._connection):
                rows_of(self._connection, none_query(table, column))
        except pymysql.MySQLError as error:
            code, said = (*error.args, "")[:2]
            if code == _TABLE_REFUSED and column is None and self._columns.get(table):
                return UNNAMED
            if code == _COLUMN_REFUSED and (told := re.search(r"for column '(.*)' in table", str(said))):
                return told[1]
            # What else keeps a table from being read (a lock, say) is told where it is read, of that table alone.
        return None

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`."""
        with _faults_told(self._name), self._inspected() as connection:
            shapes = reflected_shapes(connection, tables)
        types = self.columns(shapes)
        found = {}
        for table, shape in shapes.items():
            # SQLAlchemy leaves backticks in names doubled, as the server quotes them.
            columns = {name.replace("``", "`"): column for name, column in shape.columns.items()}
            typed = {n: replace(c, type=types[table][n]) for n, c in columns.items() if n in types[table]}
            found[table] = replace(shape, columns=typed)
        return found

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`."""
        if unknown := [table for table in columns if table not in self._columns]:
            self.columns(unknown)
        collations = {
            table: {c.name: c.collation for c in self._columns.get(table, []) if c.name in set(names)}
            for table, names in columns.items()
        }
        with _faults_told(self._name):
            return mysql_foldings(lambda sql: rows_of(self._connection, sql), collations)

    def count(self, table: RawTable, only: Among = EMPTY) -> int:
        """See `Snapshot.count`."""
        with _faults_told(self._name), freed(self._connection):
            [(count,)] = rows_of(self._connection, count_query(table.name, only))
        return int(count)

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        sources = self._sources(table)
        query = rows_query(table, sources, selection)
        names = [c.name for c in table.columns]
        with _faults_told(self._name), freed(self._connection):
            with _streamed(self._connection, query) as cursor:
                for rows in cut(cursor, BATCH_BYTES):
                    odd: list[OddValue] = []
                    columns = zip(table.columns, zip(*rows, strict=True), strict=True)
                    arrays = [_wire_array(c, sources[c.name], values, odd) for c, values in columns]
                    yield WireBatch(pa.RecordBatch.from_arrays(arrays, names=names), odd)
            # At the end of all rows, so that nobody takes them for the whole table before it is known.
            if identities_of(self._connection, table.name).get(table.name) != self._identities.get(table.name):
                raise TransientSourceError(
                    f"{self._name}: {table.name} was altered between the snapshot and its read: what of its rows is "
                    "left is not of one moment, and nothing was taken from it. Run again."
                )

    def _sources(self, table: RawTable) -> dict[str, MysqlColumn]:
        """The source's columns under the names of the raw table: case does not tell columns apart."""
        if table.name not in self._columns:
            self.columns([table.name])
        by_name = {c.name.casefold(): c for c in self._columns[table.name]}
        return {c.name: by_name[c.name.casefold()] for c in table.columns}


def _wire_array(column: Column, source: MysqlColumn, values: Sequence[bytes | None], odd: list[OddValue]) -> pa.Array:
    """What the server wrote as Arrow: bytes as they are, everything else as text."""
    array = pa.array(values, pa.binary())
    if source.is_bytes(column):
        return array
    # Whether it is UTF-8 is seen where a bad value can be rejected alone.
    text = pc.cast(array, options=pc.CastOptions(pa.string(), allow_invalid_utf8=True))
    if source.is_single_float(column):
        return text.cast(pa.float64()).cast(pa.float32(), safe=False).cast(pa.string())
    if source.type in DATED and column.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        # Arrow has a year 0, warehouses do not.
        in_year_0 = pc.fill_null(pc.starts_with(text, "0000"), False)
        odd += [OddValue(row, column.name, text[row].as_py()) for row in pc.indices_nonzero(in_year_0).to_pylist()]
        text = pc.if_else(in_year_0, pa.scalar(None, pa.string()), text)
    if source.type == "timestamp" and column.type is ColumnType.TIMESTAMP:
        # An instant, which the server writes as the session's zone shows it: UTC.
        text = pc.binary_join_element_wise(text, "Z", "")
    return text
