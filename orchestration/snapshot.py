"""The read-only copy of core and marts for BI tools, so that a reader never blocks a run nor a run a reader.

A warehouse on a server needs none: there are no such assets then.
Belongs here: what the copy holds and how it shows in Dagster. Not here: the engine's way to make it (warehouses/).
"""

from typing import Any

import dagster as dg

from ingestion.errors import IngestionError
from orchestration import changes
from orchestration.configuration import PUBLISHED_SCHEMAS, SYSTEMS, ingestion, settings
from orchestration.console import failure, say
from orchestration.models import keys_of_models


def key_of_copy(system: str) -> dg.AssetKey:
    """The asset of a system's part of the copy."""
    return dg.AssetKey(["bi_copy", system])


def _snapshot_asset(system: str) -> dg.AssetsDefinition:
    keys = sorted(key for key in keys_of_models(system) if key.path[0] in PUBLISHED_SCHEMAS)

    @dg.asset(
        key=key_of_copy(system),
        deps=keys,
        group_name="bi_copy",
        kinds={"duckdb"},
        description=f"Core and marts of {system} in the read-only file that BI tools open.",
    )
    def publish_copy(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        try:
            with ingestion.warehouse.exclusive():
                say(f"BI copy: {len(keys)} tables of {system}")
                size = ingestion.warehouse.publish_copy(
                    [(key.path[0], key.path[-1]) for key in keys], settings.bi_snapshot
                )
                changes.publish(changes.COPY, system)
        except IngestionError as error:
            raise failure(error) from None
        return dg.MaterializeResult(
            metadata={"file": dg.MetadataValue.path(settings.bi_snapshot), "tables": len(keys), "bytes": size}
        )

    return publish_copy


snapshot_assets = [_snapshot_asset(system) for system in SYSTEMS if ingestion.warehouse.capabilities.needs_copy]
