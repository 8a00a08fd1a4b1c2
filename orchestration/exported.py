"""Export assets: one step per system and cadence, one asset per export.

Belongs here: how an export shows in Dagster. Not here: publishing (exports).
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from exports.catalogue import Export
from exports.errors import ExportError
from exports.periods import Cadence
from exports.publish import ExportResult, Publisher, check_place
from exports.rows import personal_columns
from ingestion.catalogue.entries import TEAM
from ingestion.errors import IngestionError
from ingestion.output.private import readers_of
from ingestion.settings import PROJECT_ROOT
from orchestration import changes
from orchestration.configuration import PUBLISHED_SCHEMAS, exports, ingestion, settings, system_of
from orchestration.console import failure, say, telling_faults
from orchestration.labels import links, tags
from orchestration.models import columns_of
from orchestration.partitions import PARTITIONS, asked_for, published
from orchestration.publications import Step, export_steps, not_built


def _spec(key: dg.AssetKey, export: Export, cadence: Cadence | None) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=key,
        partitions_def=PARTITIONS[cadence] if cadence else None,
        skippable=cadence is not None,
        # What a query reads, only its engine knows.
        deps=[dg.AssetKey([export.schema_, export.mart])] if export.mart else [],
        group_name="exports",
        kinds=set(export.formats),
        owners=[TEAM],
        tags=tags(system_of(export), "exports", is_personal=_is_personal(export)),
        metadata=links("docs/exports.md", settings.exports_catalogue),
        description=_description(export),
    )


def _is_personal(export: Export) -> bool:
    """Whether its files tell one person from another; of a query nobody knows."""
    return export.query is not None or bool(personal_columns(columns_of(export.schema_, str(export.mart))))


def _description(export: Export) -> str:
    files = {"period": "each complete period", "history": "the whole history", "latest": "the last complete period"}
    what = files[export.files] if export.cadence else "the table as it stands"
    whose = "for each tenant" if export.split == "tenant" else "of all tenants"
    return f"Files of {export.relation} {whose}: {what}."


def _export_asset(step: Step, system: str) -> dg.AssetsDefinition:
    of_system = {dg.AssetKey(step.assets[name]): exports[name] for name in step.of(system)}

    @dg.multi_asset(
        name=f"exports_{system}{step.suffix}",
        specs=[_spec(key, export, step.cadence) for key, export in of_system.items()],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def publish_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        wanted = asked_for(context)
        with telling_faults(), ingestion.warehouse.at_hand():
            say(f"exports {system}{step.suffix}: {len(context.selected_asset_keys)} to publish")
            check_place(settings.exports)
            faults: list[str] = []
            with ingestion.warehouse.reader() as query:
                memory = changes.read()
                # By hand a system may be asked for of which the first build is still to come, or has failed.
                there = ingestion.warehouse.tables(PUBLISHED_SCHEMAS)
                publisher = Publisher(query, settings.exports, readers_of(settings.readers_group, PROJECT_ROOT), there)
                for key, export in of_system.items():
                    if key not in context.selected_asset_keys:
                        continue
                    if lacking := memory.lacking(export):
                        faults.append(f"{export.name}: {not_built(lacking)}")
                        continue
                    try:
                        began = time.monotonic()
                        result = publisher.publish(export, wanted=wanted)
                    except (ExportError, IngestionError) as error:
                        faults.append(f"{export.name}: {error}")
                        continue
                    faults += [f"{export.name}: {fault}" for fault in result.faults]
                    yield from published(context, key, step.cadence, result, _metadata(result, began))
            if faults:
                # Published by hand, they may have been current before.
                changes.forget(step, [system])
                raise failure("; ".join(faults))
            due = {key for key, export in of_system.items() if not memory.lacking(export)}
            if not wanted and context.selected_asset_keys >= due:
                changes.publish(step, [system], memory)

    return publish_files


def _metadata(result: ExportResult, began: float) -> dict[str, Any]:
    return {
        "seconds": round(time.monotonic() - began, 3),
        "files_published": result.published,
        "files_unchanged": result.unchanged,
        "files_restated": result.restated,
        "files_withdrawn": result.withdrawn,
        "place": dg.MetadataValue.path(settings.exports_place),
    }


export_assets = [_export_asset(step, system) for step in export_steps for system in step.systems]
