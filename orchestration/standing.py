"""What of all systems together can't be made or tested, as it reads tables of systems that were never built.

Belongs here: which nodes of the dbt project wait for them. Not here: the models that are made of the systems that have
theirs (macro feeding_sources).
"""

from typing import Any

from orchestration.configuration import CROSS_SOURCE, KINDS, ingestion, manifest
from orchestration.nodes import own_models, system_of_node


def missing_tables() -> frozenset[str]:
    """The models of systems whose tables are not there, by their ids; what is said below is said of these.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    read = {
        node: (told["config"]["schema"], told["alias"])
        for node, told in manifest["nodes"].items()
        if told["resource_type"] == "model" and system_of_node(node) != CROSS_SOURCE
    }
    there = ingestion.warehouse.tables({schema for schema, _ in read.values()})
    return frozenset(node for node, place in read.items() if place not in there)


def is_any_system_built(missing: frozenset[str]) -> bool:
    """Whether there is a system with all tables that models of all systems together read: they are made of such."""
    unbuilt = {
        system_of_node(read)
        for told in manifest["nodes"].values()
        if told["resource_type"] == "model" and CROSS_SOURCE in told["tags"]
        for read in missing.intersection(told["depends_on"]["nodes"])
    }
    return any(kind not in unbuilt for kind in KINDS)


def waiting_for(missing: frozenset[str]) -> list[str]:
    """Tests, and models of your own, that read a table which is not there, by themselves or through others."""
    nodes: dict[str, dict[str, Any]] = manifest["nodes"]
    waiting: dict[str, str] = {}
    own = own_models()
    while more := {
        node: told["name"]
        for node, told in nodes.items()
        if node not in missing
        and (told["resource_type"] == "test" or told["name"] in own)
        # A seed depends on none.
        and missing.intersection(told["depends_on"].get("nodes", ()))
    }:
        waiting |= more
        missing = missing.union(more)
    return [*waiting.values()]
