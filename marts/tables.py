"""The tables of core and marts that the project makes, by the files that dbt makes them from.

Belongs here: which there are, and what is said of one that is not. Not here: whether they were built.
"""

import re
from collections.abc import Collection
from pathlib import Path

from ingestion.errors import nearest
from ingestion.settings import PROJECT_ROOT

_CALLED = re.compile(r"\balias\s*=\s*['\"](\w+)")
"""How a model of one's own may say that its table has another name than its file."""


def made_tables(project: Path = PROJECT_ROOT / "dbt_project") -> set[tuple[str, str]]:
    """Schema and name of each. Models of one's own may be in either schema, and only dbt knows in which."""
    found = {("core", name) for name in seeds(project)}
    for folder, schemas in (("core", ["core"]), ("marts", ["marts"]), ("custom", ["core", "marts"])):
        paths = [path for path in (project / "models" / folder).rglob("*") if path.suffix in (".sql", ".py")]
        names = {path.stem for path in paths}
        if folder == "custom":
            names |= {name for path in paths for name in _CALLED.findall(path.read_text(encoding="utf-8"))}
        found |= {(schema, name) for schema in schemas for name in names}
    return found


def seeds(project: Path = PROJECT_ROOT / "dbt_project") -> list[str]:
    """Names of the seeds."""
    return [path.stem for path in (project / "seeds").rglob("*.csv")]


def unmade(tables: Collection[tuple[str, str]], project: Path = PROJECT_ROOT / "dbt_project") -> str | None:
    """What is said of the first of some tables that no model makes, as the end of a sentence; None: models make all."""
    made = made_tables(project)
    for schema, name in sorted({*tables} - made):
        there = sorted({one for its, one in made if its == schema})
        return f"no model makes {schema}.{name}. Near it: {nearest(name, there)}"
    return None
