"""Read PostgreSQL through Arrow's own driver (ADBC), which uses COPY in binary form.

Belongs here: connecting, the snapshot, and batches out of it. Not here: the SQL (postgresql_sql.py), what changed
since the last read (postgresql_changes.py), conversion to raw types (conformance.py).

One connection and one read-only transaction serve a source: catalog, keys and rows are of one moment, and the
server is asked for nothing but SELECT.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Literal

import adbc_driver_manager
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from adbc_driver_postgresql.dbapi import Connection, connect

from ingestion.errors import one_line
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import OddValue
from ingestion.rows.folding import Folding
from ingestion.sources.base import BATCH_ROWS, EVERYTHING, Position, Selection, WireBatch
from ingestion.sources.collations import postgresql_foldings
from ingestion.sources.postgresql_changes import Gate, Moment, position
from ingestion.sources.postgresql_shapes import shapes
from ingestion.sources.postgresql_sql import (
    FIELD,
    RECORD,
    Relation,
    columns_query,
    members_query,
    quoted,
    relations,
    select_rows,
    tables_query,
)
from ingestion.sources.shape import TableShape
from ingestion.sources.transient import fault_type

STATEMENT_TIMEOUT_MS = 3_600_000
"""Where neither the URL, the role nor the database sets one."""

_SESSION = f"""
select set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO, YMD', false),
    set_config('intervalstyle', 'postgres', false), set_config('extra_float_digits', '1', false),
    set_config('bytea_output', 'hex', false), set_config('standard_conforming_strings', 'on', false),
    set_config('statement_timeout', case current_setting('statement_timeout')
        when '0' then '{STATEMENT_TIMEOUT_MS}' else current_setting('statement_timeout') end, false)
"""
# The timeline counts restores and promotions, after which transaction numbers are given out again.
_SYSTEM = """
select concat_ws('/', (select system_identifier from pg_control_system()),
    case when pg_is_in_recovery() then (select timeline_id::text from pg_control_checkpoint())
        else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint::text end)
"""
_ADDRESS = "select concat_ws('/', host(inet_server_addr()), inet_server_port())"
_DATABASE = "select concat_ws('/', oid, datname) from pg_database where datname = current_database()"
# A standby does not know the sessions of its primary.
_CAN_GATE = """
select not pg_is_in_recovery() and pg_has_role('pg_read_all_stats', 'usage')
    and current_setting('track_activities')::boolean
"""
_GATE = """
select least(statement_timestamp(), min(xact_start)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
_IS_HELD = "select exists (select 1 from pg_prepared_xacts where database = current_database())"
_SNAPSHOT = """
select pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint from pg_current_snapshot() as s
"""


class PostgresqlSource:
    """A PostgreSQL database: the tables and views that its `search_path` shows."""

    def __init__(self, name: str, url: sa.URL) -> None:
        self._name = name
        self._url = url

    @contextmanager
    def snapshot(self) -> Iterator["PostgresqlSnapshot"]:
        """One read-only transaction at REPEATABLE READ. See `Source.snapshot`."""
        # Only what happens here is told as the source's fault, not what the block does with the snapshot.
        with ExitStack() as stack:
            with _faults_told(self._name):
                connection = stack.enter_context(connect(_connection_string(self._url), autocommit=True))
                _rows(connection, _SESSION)
                server = _server(connection)
                # Before the snapshot: what begins after the gate can't be older than it.
                gate = _gate(connection)
                _execute(connection, "begin transaction isolation level repeatable read read only")
                [(oldest, end)] = _rows(connection, _SNAPSHOT)
            yield PostgresqlSnapshot(self._name, connection, Moment(server, oldest, end, gate))


def _connection_string(url: sa.URL) -> str:
    """The URL as libpq's keywords and values, which need no agreement on how URLs are escaped."""
    given = {k: ",".join([v] if isinstance(v, str) else v) for k, v in url.query.items()}
    own = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    fixed = {"application_name": "crm-warehouse", "client_encoding": "UTF8"}
    pairs = {"connect_timeout": "10"} | given | {k: str(v) for k, v in own.items() if v not in (None, "")} | fixed
    escaped = {k: v.replace("\\", "\\\\").replace("'", "\\'") for k, v in pairs.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items())


@contextmanager
def _faults_told(name: str) -> Iterator[None]:
    try:
        yield
    # A connection that is lost while rows arrive comes through Arrow's stream as one of its errors or an OSError.
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        said = re.sub(r"^([A-Z_]+: )?(\[libpq\] )?", "", one_line(error)).removesuffix(".")
        raise fault_type(error)(
            f"{name}: PostgreSQL can't be read: {said}. "
            f"Check that it runs and that {name.upper()}_DATABASE_URL is right."
        ) from None


def _execute(connection: Connection, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]


def _server(connection: Connection) -> str:
    try:
        [(system,)] = _rows(connection, _SYSTEM)
    except adbc_driver_manager.ProgrammingError:
        # Some hosts keep these functions to themselves.
        [(system,)] = _rows(connection, _ADDRESS)
    [(database,)] = _rows(connection, _DATABASE)
    return f"{system}/{database}"


def _gate(connection: Connection) -> Gate | None:
    [(can_gate,)] = _rows(connection, _CAN_GATE)
    if not can_gate:
        return None
    [(at,)] = _rows(connection, _GATE)
    # Second, since a transaction that is prepared in between is still among the sessions above.
    [(is_held,)] = _rows(connection, _IS_HELD)
    return Gate(at, is_held)


class PostgresqlSnapshot:
    """Reads inside one transaction. See `Snapshot` and `ChangeTracking`."""

    def __init__(self, name: str, connection: Connection, moment: Moment) -> None:
        self._name = name
        self._connection = connection
        self._moment = moment
        self._relations: dict[str, Relation] = {}

    def tables(self) -> list[str]:
        """See `Snapshot.tables`."""
        with _faults_told(self._name):
            return [str(name) for (name,) in _rows(self._connection, tables_query())]

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        names = list(tables)
        found = self._found(names)
        return {
            table: {column.name: column.raw_type for column in found[table].columns.values()}
            for table in names
            if table in found
        }

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`."""
        names = None if tables is None else list(tables)
        found = self._found(names)
        with _faults_told(self._name):
            return shapes(lambda sql: _rows(self._connection, sql), found, self._count_some, names)

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`."""
        with _faults_told(self._name):
            found = postgresql_foldings(lambda sql: _rows(self._connection, sql), columns, self._tried)
        wanted = {table: set(names) for table, names in columns.items()}
        return {table: {n: f for n, f in of.items() if n in wanted[table]} for table, of in found.items()}

    def _tried(self, sql: str) -> list[tuple[Any, ...]] | None:
        try:
            with self._savepoint():
                return _rows(self._connection, sql)
        except adbc_driver_manager.ProgrammingError:
            return None

    def position(
        self, table: str, mode: Literal["changes", "cursor"], cursor: str | None, watermark: str | None
    ) -> Position:
        """See `ChangeTracking.position`."""
        return position(self._moment, self._relation(table), mode, cursor, watermark)

    def count(self, table: RawTable) -> int:
        """See `Snapshot.count`."""
        with _faults_told(self._name), self._savepoint():
            return self._count(table.name)

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        names = [c.name for c in table.columns]
        query = select_rows(table, self._relation(table.name), selection)
        with _faults_told(self._name), self._savepoint(), self._connection.cursor() as cursor:
            cursor.execute(query)
            for large in cursor.fetch_record_batch():
                for start in range(0, large.num_rows, BATCH_ROWS):
                    batch = large.slice(start, BATCH_ROWS)
                    wire = pa.RecordBatch.from_arrays(batch.columns[:-1], names=names)
                    yield WireBatch(wire, _parse_odd(batch.column(len(names))))

    def _found(self, tables: list[str] | None) -> dict[str, Relation]:
        with _faults_told(self._name):
            columns = _rows(self._connection, columns_query(tables))
            members = _rows(self._connection, members_query(tables))
        found = relations(columns, members)
        self._relations |= found
        return found

    def _count(self, table: str, limit: int | None = None) -> int:
        rows = quoted(table) if limit is None else f"(select 1 from {quoted(table)} limit {limit}) as counted"
        [(count,)] = _rows(self._connection, f"select count(*) from {rows}")
        return int(count)

    def _count_some(self, table: str, limit: int) -> int:
        """Count up to a limit, without keeping the table locked: of thousands the server would run out of locks."""
        _execute(self._connection, "savepoint before_count")
        try:
            return self._count(table, limit)
        finally:
            _execute(self._connection, "rollback to savepoint before_count")

    def _relation(self, table: str) -> Relation:
        if table not in self._relations:
            self.columns([table])
        return self._relations[table]

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """A read that fails, or is left half-way, must not spoil the transaction for the other tables."""
        _execute(self._connection, "savepoint before_read")
        try:
            yield
        except BaseException:
            with suppress(adbc_driver_manager.Error):
                _execute(self._connection, "rollback to savepoint before_read")
            raise
        _execute(self._connection, "release savepoint before_read")


def _parse_odd(column: pa.Array) -> list[OddValue]:
    odd = []
    for row in pc.indices_nonzero(pc.not_equal(column, "")).to_pylist():
        for record in column[row].as_py().split(RECORD)[:-1]:
            name, _, value = record.partition(FIELD)
            odd.append(OddValue(row, name, value))
    return odd
