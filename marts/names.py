"""Names beside ids, and other variables: which there are, as dbt's project declares them.

Belongs here: the variables of dbt_project.yml, by one of which (`names`) dbt makes the views in `reporting`. Not here:
names themselves (exports).
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
    return {ids: Named(told["name"], told["of"], tuple(told["by"])) for ids, told in variables()["names"].items()}


@cache
def variables() -> dict[str, Any]:
    """The variables of dbt's project."""
    text = (PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    told: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)["vars"]
    return told
