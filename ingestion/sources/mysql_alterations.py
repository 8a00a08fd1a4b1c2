"""DDL beside the snapshot of a MySQL server: what tells that a table was altered, and how it need not wait for us.

Belongs here: tables' identities, and locks. Not here: reading (mysql.py).

The servers refuse most tables that were made anew after the snapshot (error 1412), but not all: of one that another
took the place of, or that was truncated on versions before 8.0, they show the snapshot's rows of what is there now.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pymysql

Identity = frozenset[str]
"""When a table was made; and the numbers of its files, its partitions' too, for an account that may see them (right
PROCESS): without it, a partition that is truncated on a server before 8.0 is not noticed."""

_CREATED = "select table_name, create_time from information_schema.tables where table_schema = database()"
_FILES = (
    "select substring_index(name, '/', -1), table_id from information_schema.innodb_sys_tables"
    " where name like concat(database(), '/%')",
    "select substring_index(name, '/', -1), table_id from information_schema.innodb_tables"
    " where name like concat(database(), '/%')",
)
_NO_SAVEPOINT = 1792


def identities_of(connection: pymysql.Connection, table: str | None = None) -> dict[str, Identity]:
    """What tells each table of the database, or one, from a later one of its name."""
    only = "" if table is None else f" and table_name = {connection.escape(table)}"
    found: dict[str, set[str]] = defaultdict(set)
    for name, created in rows_of(connection, _CREATED + only):
        found[name].add(created)
    for query in _FILES:
        # One server has this view, another that, and some neither; some do not let us see it.
        with suppress(pymysql.MySQLError):
            for name, number in rows_of(connection, query):
                if (of := name.partition("#")[0]) in found:
                    found[of].add(f"{name} {number}")
    return {name: frozenset(told) for name, told in found.items()}


@contextmanager
def freed(connection: pymysql.Connection) -> Iterator[None]:
    """What is locked in the block is free after it."""
    try:
        rows_of(connection, "savepoint part")
    except pymysql.MySQLError as error:
        # OceanBase has none in read-only transactions.
        if error.args[0] != _NO_SAVEPOINT:
            raise
        yield
        return
    try:
        yield
    except BaseException:
        # Where the connection was lost that is told already.
        with suppress(pymysql.MySQLError, OSError):
            rows_of(connection, "rollback to savepoint part")
        raise
    rows_of(connection, "rollback to savepoint part")


def rows_of(connection: pymysql.Connection, sql: str) -> list[tuple[str, ...]]:
    """The rows of a statement, null as an empty text."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple((v or b"").decode() for v in row) for row in cursor.fetchall()]
