"""What dbt's project says of tables and columns, for those who meet them in a BI tool.

Belongs here: descriptions of models with how their columns add up. Not here: where they are written (warehouses).
"""

from collections.abc import Mapping
from typing import Any

from ingestion.warehouses import Described
from orchestration.configuration import PUBLISHED_SCHEMAS, manifest

_ADDS_UP = {
    "sum": "Adds up over days.",
    "max": "Of several days the largest counts.",
    "last": "Of several days the last counts: a balance, never to be added.",
    "distinct": "Distinct: never to be added over days, nor over what it is told apart by.",
    "quantile": "A quantile: never to be added or averaged; other grains have their own.",
    "ratio": "Ratio: add up {numerator} and {denominator}, then divide; never to be averaged.",
}


def descriptions() -> dict[tuple[str, str], Described]:
    """Schema and name → what is said of the table and its columns."""
    return {
        (node["schema"], node["name"]): Described(
            _line(node["description"]), {name: _column(told) for name, told in node["columns"].items()}
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["schema"] in PUBLISHED_SCHEMAS
    }


def _column(told: Mapping[str, Any]) -> str:
    meta: Mapping[str, Any] = told["config"].get("meta") or told.get("meta") or {}
    adds_up = _ADDS_UP.get(str(meta.get("additivity")), "").format(**{"numerator": "", "denominator": "", **meta})
    unit = f"Unit: {meta['unit']}." if "unit" in meta else ""
    return " ".join(part for part in (_line(told["description"]), unit, adds_up) if part)


def _line(text: str) -> str:
    return " ".join(text.split())
