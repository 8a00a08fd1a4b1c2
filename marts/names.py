"""What dbt's project declares for all who read marts: names beside ids, and which tables are for everybody.

Belongs here: variables of dbt_project.yml: `names`, by which dbt makes the views in `reporting`, `public_tables`. Not
here: names themselves (exports).
"""

from functools import cache
from typing import Any, NamedTuple

import yaml

from ingestion.settings import PROJECT_ROOT


class Named(NamedTuple):
    """Where the names of a column of ids come from.

    Attributes:
        name: the column of names.
        of: the table of core that has both.
        by: the columns by which a row is found there.
    """

    name: str
    of: str
    by: tuple[str, ...]


@cache
def named_ids() -> dict[str, Named]:
    """Column of ids → where its names come from."""
    return {ids: Named(told["name"], told["of"], tuple(told["by"])) for ids, told in _variables()["names"].items()}


@cache
def public_tables() -> frozenset[str]:
    """Names of tables of core and marts that belong to no tenant and that all tenants may read."""
    return frozenset(_variables()["public_tables"])


def _variables() -> dict[str, Any]:
    text = (PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    variables: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)["vars"]
    return variables
