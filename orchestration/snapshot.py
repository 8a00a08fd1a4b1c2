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
from orchestration.models import UNCHANGED, model_assets


def _copied(assets: dg.AssetsDefinition) -> list[dg.AssetKey]:
    return sorted(key for key in assets.keys if key.path[0] in PUBLISHED_SCHEMAS)


def _snapshot_asset(system: str, models: dg.AssetsDefinition) -> dg.AssetsDefinition | None:
    keys = _copied(models)
    if not keys or not ingestion.warehouse.capabilities.needs_copy:
        return None

    @dg.asset(
        key=["bi_copy", system],
        deps=keys,
        group_name="bi_copy",
        kinds={"duckdb"},
        description=f"Core and marts of {system} in the read-only file that BI tools open.",
    )
    def publish_copy(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        try:
            with ingestion.warehouse.exclusive():
                tables = [(key.path[0], key.path[-1]) for key in keys]
                models, path = changes.remembered(changes.MODELS, system), settings.bi_snapshot
                current = changes.digest(models, str(path), tables)
                is_current = models and path.exists() and changes.remembered(changes.COPY, system) == current
                if is_current and not changes.is_asked_for(context):
                    return dg.MaterializeResult(metadata={UNCHANGED: True})
                say(f"BI copy: {len(keys)} tables of {system}")
                kept = [(key.path[0], key.path[-1]) for assets in model_assets for key in _copied(assets)]
                size = ingestion.warehouse.publish_copy(tables, path, kept)
                changes.remember(changes.COPY, system, current)
        except IngestionError as error:
            raise failure(error) from None
        return dg.MaterializeResult(
            metadata={"file": dg.MetadataValue.path(settings.bi_snapshot), "tables": len(keys), "bytes": size}
        )

    return publish_copy


snapshot_assets = [
    asset for system, models in zip(SYSTEMS, model_assets, strict=True) if (asset := _snapshot_asset(system, models))
]
