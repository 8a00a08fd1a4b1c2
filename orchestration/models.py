"""dbt assets: one step per source system, so that one system's failure leaves the others' marts fresh.

Belongs here: how models and tests show in Dagster, and when a build is skipped. Not here: SQL (dbt_project).
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from graphlib import TopologicalSorter
from itertools import count
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from ingestion.errors import IngestionError
from ingestion.warehouses.sql import relation
from orchestration import changes, dbt
from orchestration.configuration import CROSS_SOURCE, PUBLISHED_SCHEMAS, REFERENCE, SYSTEMS, ingestion, manifest
from orchestration.console import failure, say

UNCHANGED = "unchanged"
"""Metadata of a materialization that only says that the asset is up to date."""

_BUILT = ("LogModelResult", "LogSeedResult")

# It warns of each check of a step that built nothing, which is said in plain words here.
logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)


class ModelsConfig(dg.Config):
    """Run configuration of a model step."""

    rebuild: bool = False
    """Build although nothing changed since the last build."""


class _Translator(DagsterDbtTranslator):
    """Models are grouped by the source system whose tag they carry."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The spec of one node: dagster-dbt's, in its system's group."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        system = next((tag for tag in node.get("tags", []) if tag in SYSTEMS), None)
        return spec.replace_attributes(group_name=system) if system else spec


TRANSLATOR = _Translator()


def _asset(system: str) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        select=f"tag:{system}",
        exclude=f"tag:{REFERENCE}",
        name=f"models_{system}",
        dagster_dbt_translator=TRANSLATOR,
    )
    def build(context: dg.AssetExecutionContext, config: ModelsConfig) -> Iterator[Any]:
        try:
            with ingestion.warehouse.exclusive():
                current = changes.inputs(system)
                batch_seq = 0 if system == CROSS_SOURCE else changes.last_batch(system)
                is_asked_for = config.rebuild or changes.is_asked_for(context)
                if not is_asked_for and changes.remembered(changes.MODELS, system) == current:
                    say(f"models {system}: nothing changed since they were last built")
                    yield from _unchanged(context)
                    return
                is_full = changes.is_new_project(system)
                changes.begin(system)
                yield from _built(context, system, is_full)
                if not context.is_subset:
                    changes.remember(changes.MODELS, system, current, batch_seq)
        except IngestionError as error:
            raise failure(error) from None

    return build


def _unchanged(context: dg.AssetExecutionContext) -> Iterator[dg.Output[None]]:
    """Say of each model that it is up to date: Dagster skips what comes after a step whose outputs are missing."""
    dependencies = context.assets_def.asset_deps
    for key in TopologicalSorter({k: dependencies[k] for k in context.selected_asset_keys}).static_order():
        if key in context.selected_asset_keys:
            name = context.assets_def.get_output_name_for_asset_key(key)
            yield dg.Output(None, output_name=name, metadata={UNCHANGED: True})


def _built(context: dg.AssetExecutionContext, system: str, is_full: bool) -> Iterator[Any]:
    """Run dbt to its end, then yield its events with row counts: the warehouse has one user at a time."""
    keys = context.selected_asset_keys
    # Seeds of reference data are no assets: whatever is asked for finds them there.
    select = [*(key.path[-1] for key in keys), f"tag:{REFERENCE}"] if context.is_subset else [f"tag:{system}"]
    progress = count(1)

    def heard(event: dbt.Event) -> None:
        if event["info"]["name"] in _BUILT:
            context.log.info(event["info"]["msg"])
            say(f"models {system}: {next(progress)}/{len(keys)} {event['data']['node_info']['node_name']}")

    say(f"models {system}: {len(keys)} to build")
    result = dbt.build(select, heard, is_full)
    for key, rows in _row_counts(keys).items():
        context.add_asset_metadata({"dagster/row_count": rows}, asset_key=key)
    for event in result.events:
        if _is_of_reference(event):
            continue
        message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
        yield from message.to_default_asset_events(manifest, TRANSLATOR, context)
    if result.faults:
        raise failure(f"{len(result.faults)} failed: {'; '.join(result.faults)}")


def _is_of_reference(event: dbt.Event) -> bool:
    """Whether it tells of a seed that all systems read, or of a test of one."""
    node = manifest["nodes"].get(event["data"].get("node_info", {}).get("unique_id"), {})
    attached = manifest["nodes"].get(node.get("attached_node"), node)
    return REFERENCE in attached.get("tags", [])


def _row_counts(built: Collection[dg.AssetKey]) -> dict[dg.AssetKey, int]:
    existing = ingestion.warehouse.tables(PUBLISHED_SCHEMAS)
    keys = [key for key in built if key.path[0] in PUBLISHED_SCHEMAS and tuple(key.path) in existing]
    if not keys:
        return {}
    selects = [
        f"select {place} as place, count(*) as row_count from {relation(key.path[0], key.path[-1])}"
        for place, key in enumerate(keys)
    ]
    rows = ingestion.warehouse.query(" union all ".join(selects)).to_pylist()
    return {keys[row["place"]]: row["row_count"] for row in rows}


model_assets = [_asset(system) for system in SYSTEMS]
