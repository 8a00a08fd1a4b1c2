"""Nodes of dbt's manifest.

Belongs here: what the manifest says of one. Not here: building (dbt.py), or how nodes show in Dagster (models.py).
"""

from pathlib import Path
from typing import Any

from orchestration.configuration import CROSS_SOURCE, SYSTEMS, manifest

_MADE = ("model", "seed", "snapshot")
"""The types of nodes that are tables."""


def system_of_node(node: str) -> str | None:
    """The system of a dbt model, seed or test; None where it is none's."""
    properties = manifest["nodes"].get(node, {})
    systems = {tag for tag in properties.get("tags", []) if tag in SYSTEMS}
    if not systems and properties.get("resource_type") in _MADE:
        return CROSS_SOURCE
    if not systems:
        # A test is its models'.
        systems = {
            system for parent in properties.get("depends_on", {}).get("nodes", []) if (system := system_of_node(parent))
        }
    return systems.pop() if len(systems) == 1 else CROSS_SOURCE if systems else None


def own_models() -> list[str]:
    """Your own: models below models/custom, and seeds and snapshots, that carry no system's tag."""
    return [node["name"] for node in _own_nodes()]


def files_of_own_models() -> list[str]:
    """Where those that are models are in the dbt project. What seeds hold any model may read."""
    return [Path(n["original_file_path"]).as_posix() for n in _own_nodes() if n["resource_type"] == "model"]


def _own_nodes() -> list[dict[str, Any]]:
    nodes = manifest["nodes"].values()
    return [node for node in nodes if node["resource_type"] in _MADE and not {*SYSTEMS} & {*node["tags"]}]
