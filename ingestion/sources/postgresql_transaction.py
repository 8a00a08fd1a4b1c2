"""The read-only transaction in which a PostgreSQL server is read.

Belongs here: connecting, the session's settings, the snapshot, and parts of the transaction whose locks end with
them. Not here: what is read (adbc_postgresql.py), its SQL (postgresql_sql.py).

Every statement runs inside a transaction, and settings last for one: so it also works through a pooler that gives
each transaction another session.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import sqlalchemy as sa
from adbc_driver_postgresql.dbapi import Connection, connect

from ingestion.errors import SourceError, TransientSourceError, one_line, without_tls
from ingestion.sources.base import EMPTY, Among, SourceName
from ingestion.sources.postgresql_changes import Gate, Moment
from ingestion.sources.transient import fault_type

STATEMENT_TIMEOUT_MS = 3_600_000
"""Where neither the URL, the role nor the database sets one."""

LOCK_TIMEOUT_MS = 60_000
"""How long a read waits for a table that someone else alters, where neither of them sets a limit."""

# A server without an encoding keeps any bytes; as they are, those that are no UTF-8 cost but their rows.
# What waits for the warehouse between two reads, or is held back to a rate, is no forgotten session.
_SETTINGS = f"""
select set_config(s.name, w.value, true)
from (
    values ('timezone', 'UTC', true), ('datestyle', 'ISO, YMD', true), ('intervalstyle', 'postgres', true),
        ('extra_float_digits', '1', true), ('bytea_output', 'hex', true), ('standard_conforming_strings', 'on', true),
        ('idle_in_transaction_session_timeout', '0', true), ('transaction_timeout', '0', true),
        ('client_encoding', case current_setting('server_encoding') when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end,
            true),
        ('statement_timeout', '{STATEMENT_TIMEOUT_MS}', false), ('lock_timeout', '{LOCK_TIMEOUT_MS}', false)
) as w (name, value, is_ours)
inner join pg_settings as s on lower(s.name) = w.name and (w.is_ours or s.setting = '0')
"""
_SCHEMAS = """
select nspname::text from pg_namespace
where has_schema_privilege(oid, 'usage') and nspname !~ '^pg_' and nspname <> 'information_schema'
order by 1
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

_ALTERED = {"42P01", "42703", "42704", "XX000"}
"""SQLSTATEs of a name or an object that is gone; what is read was there when the snapshot was taken."""

_DATA_EXCEPTION = "22"
"""The class of SQLSTATEs of values, which messages quote. What fails while rows arrive comes without one."""

_INCOMPARABLE = {"22P02", "22003", "22007", "22008", "42883"}
"""SQLSTATEs of a value that is none of the type that it is compared with, and of types that are not compared."""

_ADVICE = {
    "does not support SSL": without_tls("sslmode=disable", "{variable}"),
    "unsupported startup parameter: options": (
        "The pooler takes no options: leave them out of {variable}, and set the role's search_path in the database "
        "(alter role ... set search_path), or connect to the server directly"
    ),
    "unsupported startup parameter": "Leave it out of {variable}, or connect to the server directly",
    "prepared statement": "Let {variable} name the server itself, not a pooler",
    "statement pooling mode": "Let {variable} name the server itself, or a pooler that pools by transaction",
}


@contextmanager
def faults_told(name: SourceName, table: str | None = None, only: Among = EMPTY) -> Iterator[None]:
    """Tell the driver's errors as those of a source.

    Args:
        name: the source.
        table: what is read, if the snapshot has it.
        only: the condition on its rows that its owner tells.
    """
    try:
        yield
    # A connection that is lost while rows arrive comes through Arrow's stream as one of its errors or an OSError.
    except (adbc_driver_manager.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        said = re.sub(
            r"^([A-Z_]+: )?(\[libpq\] )?(Execution error \[\w+\]: )?(ERROR:\s+)?", "", one_line(error)
        ).removesuffix(".")
        state = getattr(error, "sqlstate", None)
        if state.startswith(_DATA_EXCEPTION) if state else table is not None:
            said = _without_value(said, only)
        if table is not None and getattr(error, "sqlstate", None) in _ALTERED:
            raise altered(name, table, said) from None
        variable = name.variable
        if table is not None and getattr(error, "sqlstate", None) == "42501":
            raise SourceError(f"{name}: {said}. Let the role of {variable} read it: grant select on {table}.") from None
        if only and getattr(error, "sqlstate", None) in _INCOMPARABLE:
            raise SourceError(
                f"{name}: {table} can't be read where {', '.join(only)} is as `where` of sources.yml says: {said}. "
                "Correct it there."
            ) from None
        advice = next(
            (a.format(variable=variable) for words, a in _ADVICE.items() if words in said),
            f"Check that it runs and that {variable} is right",
        )
        raise fault_type(error)(f"{name}: PostgreSQL can't be read: {said}. {advice}.") from None


def _without_value(said: str, only: Among) -> str:
    """What the server says without the value that it quotes: it may be one that nobody is to see.

    A value of the owner's own condition stays. One with line ends is cut off, and then its last quote is missing.
    """
    first, last = said.find('"'), said.rfind('"')
    own = {str(value) for values in only.values() for value in values}
    if first < 0 or said[first + 1 : last] in own:
        return said
    return f"{said[:first]}..." if first == last else f"{said[:first]}...{said[last + 1 :]}"


def altered(name: SourceName, table: str, what: str) -> SourceError:
    """The fault of a table that is another one than the snapshot shows."""
    return TransientSourceError(
        f"{name}: {table} was altered between the snapshot and its read ({what}): what of its rows is left is not of "
        "one moment, and nothing was taken from it. Run again."
    )


class Transaction:
    """A read-only transaction at REPEATABLE READ."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def execute(self, sql: str) -> None:
        """Run a statement that gives no rows."""
        with self.connection.cursor() as cursor:
            # Not prepared first: a pooler may give what begins a transaction another session in between.
            cursor.adbc_statement.set_sql_query(sql)
            cursor.adbc_statement.execute_update()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    @contextmanager
    def part(self) -> Iterator[None]:
        """What is locked in the block is free after it, and a statement that fails there does not end the rest."""
        self.execute("savepoint part")
        try:
            yield
        except BaseException:
            with suppress(adbc_driver_manager.Error):
                self._end_part()
            raise
        self._end_part()

    def _end_part(self) -> None:
        # To release it alone would keep its locks until the transaction ends.
        self.execute("rollback to savepoint part")
        self.execute("release savepoint part")


@contextmanager
def transaction(name: SourceName, url: sa.URL, schema: str | None = None) -> Iterator[tuple[Transaction, Moment]]:
    """Connect, and begin a transaction; what it sees is of the moment.

    Raises:
        SourceError: there is no such schema.
    """
    with connect(_connection_string(url), autocommit=True) as connection:
        opened = Transaction(connection)
        opened.execute("begin transaction read only")
        server = _server(opened)
        # Before the snapshot: what begins after the gate can't be older than it.
        gate = _gate(opened)
        opened.execute("commit")
        opened.execute("begin transaction isolation level repeatable read read only")
        opened.rows(_SETTINGS)
        [(oldest, end)] = opened.rows(_SNAPSHOT)
        if schema is not None:
            _look_in(opened, name, schema)
        yield opened, Moment(server, oldest, end, gate)


def _look_in(opened: Transaction, name: SourceName, schema: str) -> None:
    """Find tables in a schema, for the transaction."""
    schemas = [str(found) for (found,) in opened.rows(_SCHEMAS)]
    if schema not in schemas:
        raise SourceError(f"{name}: the database has no schema {schema} that we may use. It has: {', '.join(schemas)}.")
    path = '"' + schema.replace('"', '""') + '"'
    quoted = "'" + path.replace("'", "''") + "'"
    opened.rows(f"select set_config('search_path', {quoted}, true)")


def _connection_string(url: sa.URL) -> str:
    """The URL as libpq's keywords and values, which need no agreement on how URLs are escaped."""
    given = {k: ",".join([v] if isinstance(v, str) else v) for k, v in url.query.items()}
    own = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    fixed = {"application_name": "crm-warehouse", "client_encoding": "UTF8"}
    pairs = {"connect_timeout": "10"} | given | {k: str(v) for k, v in own.items() if v not in (None, "")} | fixed
    escaped = {k: v.replace("\\", "\\\\").replace("'", "\\'") for k, v in pairs.items()}
    return " ".join(f"{name}='{value}'" for name, value in escaped.items())


def _server(opened: Transaction) -> str:
    try:
        with opened.part():
            [(system,)] = opened.rows(_SYSTEM)
    except adbc_driver_manager.ProgrammingError:
        # Some hosts keep these functions to themselves.
        [(system,)] = opened.rows(_ADDRESS)
    [(database,)] = opened.rows(_DATABASE)
    return f"{system}/{database}"


def _gate(opened: Transaction) -> Gate | None:
    [(can_gate,)] = opened.rows(_CAN_GATE)
    if not can_gate:
        return None
    [(at,)] = opened.rows(_GATE)
    # Second, since a transaction that is prepared in between is still among the sessions above.
    [(is_held,)] = opened.rows(_IS_HELD)
    return Gate(at, is_held)
