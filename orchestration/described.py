"""What dbt's project says of tables and columns, for those who meet them in a BI tool.

Belongs here: descriptions of models, and of the views over marts. Not here: where they are written (warehouses; on
servers dbt_project/macros/reporting), or how numbers add up, which the descriptions say themselves (marts).
"""

from collections.abc import Mapping
from typing import Any

from exports.names import TABLES
from ingestion.warehouses import REPORTING, Described
from orchestration.configuration import PUBLISHED_SCHEMAS, manifest


def descriptions() -> dict[tuple[str, str], Described]:
    """Schema and name → what is said of the table and its columns; of the view in `reporting` what its mart says."""
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    found = {(node["schema"], node["name"]): _described(node) for node in nodes if node["schema"] in PUBLISHED_SCHEMAS}
    names = {
        named.name: text
        for named in TABLES.values()
        if (dimension := found.get(("core", named.of))) and (text := dimension.columns.get(named.name))
    }
    views = {
        (REPORTING, name): Described(told.text, names | dict(told.columns))
        for (schema, name), told in found.items()
        if schema == "marts"
    }
    return found | views


def _described(node: Mapping[str, Any]) -> Described:
    columns = {name: _line(column["description"]) for name, column in node["columns"].items()}
    return Described(_line(node["description"]), {name: text for name, text in columns.items() if text})


def _line(text: str) -> str:
    return " ".join(text.split())
