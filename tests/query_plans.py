"""What PostgreSQL does for a query, by its own account.

Belongs here: plans and what is wrong with them. Not here: running models.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from postgresql import Session

from ingestion.warehouses.postgresql_connection import connect

MOST_ROWS_LOOKED_AT = 10
"""For each row of a plan's largest relation. A join of all with all looks at as many as there are rows."""

FEW = 1_000
"""Rows of which it does not matter how often they are looked at."""


PLAN_OF = """
create function pg_temp.plan_of(query text) returns json language plpgsql as $$
declare plan json;
begin
    execute 'explain (analyze, timing off, format json) ' || query into plan;
    return plan;
end
$$
"""
"""The driver copies what a statement gives, and an explanation can't be copied."""


def spendthrifts(url: str, compiled: Path) -> dict[str, float]:
    """Models whose cost grows faster than their rows, and how many rows are looked at for each one.

    PostgreSQL expects a row or two of what it has no statistics of, as the groups of a CTE, and where joins let it,
    reads or even makes the other side anew for each row that comes after all.

    Args:
        url: the database, as a build has left it.
        compiled: the folder of the models' queries.
    """
    found = {}
    queries = [path for path in compiled.rglob("*.sql") if path.parent.suffix != ".yml"]
    assert len(queries) > 200
    with Session(url, connect) as session:
        # As dbt's sessions have it (dbt_project/profiles.yml).
        for setting in ("timezone = 'UTC'", "work_mem = '128MB'", "jit = off"):
            session.sql(f"set {setting}")
        session.sql(PLAN_OF)
        for path in queries:
            [(plan,)] = session.sql(f"select cast(pg_temp.plan_of($${path.read_text(encoding='utf-8')}$$) as text)")
            if (share := rows_looked_at(json.loads(plan)[0]["Plan"])) > MOST_ROWS_LOOKED_AT:
                found[path.stem] = round(share, 1)
    return found


def rows_looked_at(plan: dict[str, Any]) -> float:
    """The most rows that one node of a plan looks at, for each row of the relation that has most."""
    nodes = [*_nodes(plan)]
    largest = max([FEW, *(node["Actual Rows"] for node in nodes)])
    most: float = max((node["Actual Rows"] + _removed(node)) * node["Actual Loops"] for node in nodes)
    return most / largest


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _removed(node: dict[str, Any]) -> float:
    return sum(count for name, count in node.items() if name.startswith("Rows Removed by"))
