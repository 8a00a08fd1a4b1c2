"""Common table expressions put in front of a model's own: what a unit test gives in place of tables.

Belongs here: where in a statement they go. Not here: what is in them.
"""

import re

from dbt import compilation
from dbt.artifacts.resources.v1.components import InjectedCTE

_BEFORE_OWN = re.compile(
    r"(?:\s+|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"
    r"with\s+(?:recursive\s+)?(?!(?:with|recursive)\b)(?=[\w\"`])",
    re.IGNORECASE,
)
"""A statement that begins with expressions of its own, up to the first of them."""

_inject = compilation.inject_ctes_into_sql


def inject_ctes_into_sql(sql: str, ctes: list[InjectedCTE]) -> str:
    """A statement with further expressions before its own.

    dbt parses the whole statement to find where these begin: half of what unit tests take.
    """
    own = _BEFORE_OWN.match(sql)
    # What follows a semicolon dbt drops.
    if not ctes or not own or ";" in sql:
        return _inject(sql, ctes)
    given = ", ".join(cte.sql for cte in ctes)
    return f"{sql[: own.end()]}{given}, {sql[own.end() :]}"
