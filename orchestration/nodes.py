"""Nodes of dbt's manifest.

Belongs here: what the manifest says of one. Not here: building (dbt.py), or how nodes show in Dagster (models.py).
"""

from collections.abc import Collection, Iterable
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
    return [node["name"] for node in _own().values()]


def files_of_own_models() -> list[str]:
    """Where those that are models are in the dbt project. What seeds hold any model may read."""
    return [Path(n["original_file_path"]).as_posix() for n in _own().values() if n["resource_type"] == "model"]


def own_models_of(node: str) -> set[str]:
    """The models of your own that a node is, or that it tests: whatever else a test looks at, its fault is theirs."""
    own, told = _own(), manifest["nodes"].get(node, {})
    looked_at = told["depends_on"]["nodes"] if told.get("resource_type") == "test" else [node]
    return {own[one]["name"] for one in looked_at if one in own}


def at_fault(nodes: Iterable[str]) -> tuple[set[str | None], set[str]]:
    """Whose fault failed nodes are: systems, with None for all; and models of your own, which are no system's."""
    own = {node: own_models_of(node) for node in nodes}
    return {system_of_node(node) for node in own if not own[node]}, {name for names in own.values() for name in names}


def own_models_at(places: Collection[tuple[str, str]]) -> set[str]:
    """The models of your own among tables, which are told by schema and name."""
    return {node["name"] for node in _own().values() if (node["config"]["schema"], node["alias"]) in places}


def with_readers(names: Collection[str]) -> set[str]:
    """Models of your own, and those that read them, by themselves or through others."""
    own = _own()
    found = {one for one, node in own.items() if node["name"] in names}
    while more := {one for one, node in own.items() if found.intersection(node["depends_on"].get("nodes", ()))} - found:
        found |= more
    return {own[one]["name"] for one in found}


def _own() -> dict[str, dict[str, Any]]:
    return {
        one: node
        for one, node in manifest["nodes"].items()
        if node["resource_type"] in _MADE and not {*SYSTEMS} & {*node["tags"]}
    }
