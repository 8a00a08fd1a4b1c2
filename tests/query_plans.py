"""What PostgreSQL does for a query, by its own account.

Belongs here: plans and what is wrong with them. Not here: running models.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from postgresql import Session

MOST_ROWS_LOOKED_AT = 10
"""For each row of the largest table. A join of all with all looks at as many as there are rows."""

FEW = 200
"""Rows of which it does not matter how often they are looked at."""

OF_ANOTHER_SIZE = {"stg_restaurant__outreach_events"}
"""Each error is compared with each pattern of a seed."""


def spendthrifts(url: str, compiled: Path) -> dict[str, float]:
    """Models whose cost grows faster than their rows, and how many rows are looked at for each one.

    PostgreSQL expects a row or two of what it has no statistics of, as the groups of a CTE, and where joins let it,
    reads or even makes the other side anew for each row that comes after all.

    Args:
        url: the database, as a build has left it.
        compiled: the folder of the models' queries.
    """
    found = {}
    queries = [
        path for path in compiled.rglob("*.sql") if path.parent.suffix != ".yml" and path.stem not in OF_ANOTHER_SIZE
    ]
    assert len(queries) > 200
    with Session(url) as session:
        # As dbt's sessions have it (dbt_project/profiles.yml).
        for setting in ("timezone = 'UTC'", "work_mem = '128MB'", "jit = off"):
            session.sql(f"set {setting}")
        for path in queries:
            query = path.read_text(encoding="utf-8")
            [([told],)] = session.sql(f"explain (analyze, timing off, format json) {query}")
            if (share := rows_looked_at(told["Plan"])) > MOST_ROWS_LOOKED_AT:
                found[path.stem] = round(share, 1)
    return found


def rows_looked_at(plan: dict[str, Any]) -> float:
    """The most rows that one node of a plan looks at, for each row of what most is read of.

    That is a table, what is looked up in it by keys, a series of days, or what the query gives. What joins give in
    between is not: that is what is judged.
    """
    nodes = [*_nodes(plan)]
    read = [
        _looked_at(node, each_time="Index Cond" in node or "Function Name" in node) for node in nodes if _is_read(node)
    ]
    return max(map(_looked_at, nodes)) / max(FEW, plan["Actual Rows"], *read)


def _is_read(node: dict[str, Any]) -> bool:
    return "Relation Name" in node or "Function Name" in node


def _looked_at(node: dict[str, Any], *, each_time: bool = True) -> float:
    removed = sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
    rows: float = node["Actual Rows"] + removed
    return rows * node["Actual Loops"] if each_time else rows


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
