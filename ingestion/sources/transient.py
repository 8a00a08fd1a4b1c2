"""Which faults of a source pass by themselves.

Belongs here: the classification, by what drivers tell. Not here: when and how often to try again (retries.py).
"""

import re

from ingestion.errors import SourceError, TransientSourceError, one_line

_STATES = (
    "08",  # connections; of these, one that the server refuses for good
    "25P03",  # idle in a transaction for too long
    "25P04",  # a transaction that took too long
    "40",  # rolled back: serialization, deadlock, conflict with recovery
    "53",  # too many connections, out of memory or disk
    "55006",  # in use
    "55P03",  # locked
    "57P01",  # shutting down
    "57P02",  # crashed
    "57P03",  # starting up
    "57P05",  # idle for too long
    "HYT",  # timeouts of ODBC drivers
)
"""SQLSTATEs that begin so."""

_PERMANENT_STATES = ("08P01", "08004")
"""A protocol that is not understood, and a connection that was rejected: how they end by themselves nobody can say."""

_MYSQL = {
    *(1040, 1203, 1226),  # too many connections, of all or of one user
    *(1037, 1041, 1135, 1637),  # out of memory, threads or slots
    *(1047,),  # a node of a cluster that is not ready
    *(1053, 1077, 1079, 1080, 1927),  # shutting down, killed
    *(1152, 1158, 1159, 1160, 1161, 1184, 4031),  # connections lost, as the server sees it
    *(1205, 1213),  # locked for too long, deadlock
    *(1412, 1615),  # a table was altered while it was read
    *(4138,),  # OceanBase: the snapshot is gone
    *(2002, 2003, 2006, 2013, 2055),  # connections refused or lost, as the client sees it
}
"""Codes of MySQL and MariaDB."""

_SQLITE = {5, 6, 15, 17}
"""Primary codes: busy, locked, a race for the lock, a changed schema."""

# A connection that fails or is lost has no SQLSTATE; libpq only says so. So does a pooler.
_SAYINGS = (
    "connection refused",
    "connection reset",
    "connection timed out",
    "timeout expired",
    "is the server running",
    "server closed the connection",
    "could not receive data from server",
    "could not send data to server",
    "ssl connection has been closed",
    "ssl syscall error",
    "no connection to the server",
    "network is unreachable",
    "no route to host",
    "temporary failure in name resolution",
    "the database system is",
    "terminating connection due to administrator command",
    "too many clients",
    "too many connections",
    "remaining connection slots are reserved",
    "no more connections allowed",
    "query_wait_timeout",
    "server_login_retry",
    "server login has been failing",
    "server conn crashed",
    "client_login_timeout",
    "the pooler is shutting down",
    "database is locked",
    "database table is locked",
    "database schema has changed",
)


def fault_type(error: BaseException) -> type[SourceError]:
    """The type that a driver's error is told as: whether another try may help."""
    return TransientSourceError if _is_transient(error) else SourceError


def _is_transient(error: BaseException) -> bool:
    code = error.args[0] if error.args else None
    # Of MySQL's codes most are one SQLSTATE.
    if isinstance(code, int) and code and not isinstance(error, OSError):
        return code in _MYSQL
    if state := _state(error):
        return state.startswith(_STATES) and not state.startswith(_PERMANENT_STATES)
    if sqlite := getattr(error, "sqlite_errorcode", None):
        return sqlite & 0xFF in _SQLITE
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, ConnectionError | TimeoutError) for cause in causes):
        return True
    said = one_line(error).lower()
    return any(saying in said for saying in _SAYINGS)


def _state(error: BaseException) -> str | None:
    """Its SQLSTATE: an attribute of PostgreSQL's drivers, the first argument of ODBC's."""
    first = error.args[0] if error.args else None
    told = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or first
    return told if isinstance(told, str) and re.fullmatch(r"[0-9A-Z]{5}", told) else None
