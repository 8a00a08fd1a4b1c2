"""What of all systems together can't be made or tested, as it reads tables of a system that was never built.

Belongs here: which nodes of the dbt project wait for them. Not here: the models that are made of the systems that have
theirs (macro feeding_sources).
"""

from typing import Any

from orchestration.configuration import CROSS_SOURCE, ingestion, manifest
from orchestration.nodes import own_models, system_of_node


def waiting_for_tables() -> list[str]:
    """Tests, and models of your own, that read a system's table which is not there, by themselves or through others.

    Raises:
        WarehouseError: the warehouse can't be asked.
    """
    nodes: dict[str, dict[str, Any]] = manifest["nodes"]
    read = {
        node: (told["config"]["schema"], told["alias"])
        for node, told in nodes.items()
        if told["resource_type"] == "model" and system_of_node(node) != CROSS_SOURCE
    }
    there = ingestion.warehouse.tables({schema for schema, _ in read.values()})
    missing = {node for node, place in read.items() if place not in there}
    waiting: dict[str, str] = {}
    own = own_models()
    while more := {
        node: told["name"]
        for node, told in nodes.items()
        if node not in missing
        and (told["resource_type"] == "test" or told["name"] in own)
        and missing.intersection(told["depends_on"]["nodes"])
    }:
        waiting |= more
        missing |= more.keys()
    return [*waiting.values()]
