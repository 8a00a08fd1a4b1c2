"""Connections of a PostgreSQL server, of which dbt opens one for every node.

Belongs here: what a node leaves to the next one of its thread. Not here: DuckDB's, which a setting keeps open.

A connection costs the server a process, which learns of each table anew. All are closed when the invocation ends, as
dbt does with what is left open.
"""

from typing import Any

from dbt.adapters.base.connections import BaseConnectionManager
from dbt.adapters.contracts.connection import Connection, ConnectionState

_release = BaseConnectionManager.release


def release(self: BaseConnectionManager) -> None:
    """Leave a connection as a new one would be: outside any transaction, without temporary tables.

    One that is broken is closed, and the next node opens another.
    """
    connection = self.get_if_exists() if self.TYPE == "postgres" else None
    if not (connection and connection.state == ConnectionState.OPEN and _emptied(connection)):
        _release(self)


def _emptied(connection: Connection) -> bool:
    """Whether what a node left is gone."""
    handle: Any = connection.handle
    try:
        handle.rollback()
        with handle.cursor() as cursor:
            cursor.execute("discard temporary")
        handle.commit()
    except Exception:
        # Whatever it is: a connection that can't do this is of no use.
        return False
    connection.transaction_open = False
    return True
