"""Which faults of a source pass by themselves.

Belongs here: the classification, by what drivers tell. Not here: when and how often to try again (retries.py).
"""

from ingestion.errors import SourceError, TransientSourceError

_STATES = ("08", "40001", "40P01", "57P01", "57P02", "57P03")
"""SQLSTATEs that begin so: connection exceptions, serialization failure, deadlock, shutdown, crash, starting up."""

_MYSQL = {1053, 1213, 2002, 2003, 2006, 2013}
"""Shutting down, deadlock, and connections refused or lost."""

# A connection that fails or is lost has no SQLSTATE; libpq only says so.
_SAYINGS = (
    "connection refused",
    "connection reset",
    "is the server running",
    "server closed the connection",
    "could not receive data from server",
    "could not send data to server",
    "ssl connection has been closed",
    "ssl syscall error",
    "no connection to the server",
    "the database system is",
    "terminating connection due to administrator command",
)


def fault_type(error: BaseException) -> type[SourceError]:
    """The type that a driver's error is told as: whether another try may help."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        return TransientSourceError if str(state).startswith(_STATES) else SourceError
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, ConnectionError) for cause in causes):
        return TransientSourceError
    code = error.args[0] if error.args else None
    said = str(error).lower()
    is_transient = (isinstance(code, int) and code in _MYSQL) or any(saying in said for saying in _SAYINGS)
    return TransientSourceError if is_transient else SourceError
