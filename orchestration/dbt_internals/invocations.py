"""What an invocation of dbt knows of itself.

Belongs here: where it is found. Not here: what it holds.
"""

from contextvars import ContextVar

from dbt_common import context

_reliably_get_invocation_var = context.reliably_get_invocation_var


def reliably_get_invocation_var() -> ContextVar[context.InvocationContext]:
    """The variable that holds it; dbt looks through all variables of the thread, at every call of an adapter."""
    known = context._INVOCATION_CONTEXT_VAR
    return _reliably_get_invocation_var() if known.get(None) is None else known
