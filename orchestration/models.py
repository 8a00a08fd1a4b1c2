"""dbt assets: one step per source system, so that one system's failure leaves the others' marts fresh.

Belongs here: how models and tests show in Dagster, and when a build is skipped. Not here: SQL (dbt_project).
"""

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from ingestion.errors import IngestionError
from ingestion.warehouses.sql import relation
from orchestration import changes
from orchestration.configuration import CROSS_SOURCE, SYSTEMS, dbt_project, ingestion
from orchestration.console import say

COUNTED_SCHEMAS = ("core", "marts")


class ModelsConfig(dg.Config):
    """Run configuration of a model step."""

    rebuild: bool = False
    """Build although nothing changed since the last build."""


class Translator(DagsterDbtTranslator):
    """Models are grouped by the source system whose tag they carry."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The spec of one node: dagster-dbt's, in its system's group."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        system = next((tag for tag in node.get("tags", []) if tag in SYSTEMS), None)
        return spec.replace_attributes(group_name=system) if system else spec


def _asset(system: str) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=dbt_project.manifest_path,
        project=dbt_project,
        select=f"tag:{system}",
        name=f"models_{system}",
        dagster_dbt_translator=Translator(),
    )
    def build(context: dg.AssetExecutionContext, config: ModelsConfig, dbt: DbtCliResource) -> Iterator[Any]:
        try:
            with ingestion.warehouse.exclusive():
                current = changes.fingerprint(system)
                # Whoever picks assets by hand wants them built.
                if not (config.rebuild or context.is_subset) and changes.is_unchanged(system, current):
                    say(f"models {system}: nothing changed since they were last built")
                    context.log.info(
                        "Nothing changed since the last build: models, copy and exports are left as they are."
                    )
                    return
                # The as_of of a build is the moment dbt starts: the same second for all of the system's models.
                args = ["build", "--indirect-selection", "buildable"]
                invocation = dbt.cli(args, context=context)
                yield from _events(context, system, invocation)
                if not context.is_subset:
                    changes.remember(changes.MODELS, system, current)
        except IngestionError as error:
            raise dg.Failure(str(error), allow_retries=False) from None

    return build


def _events(context: dg.AssetExecutionContext, system: str, invocation: DbtCliInvocation) -> Iterator[Any]:
    """Run dbt to its end, then yield its events with row counts: the warehouse has one user at a time."""
    events: list[Any] = []
    total = len(context.selected_asset_keys)
    say(f"models {system}: {total} to build")
    try:
        for event in invocation.stream():
            events.append(event)
            if isinstance(event, dg.Output):
                built = sum(isinstance(e, dg.Output) for e in events)
                say(f"models {system}: {built}/{total} {event.output_name.replace('__', '.', 1)}")
    except DagsterDbtCliRuntimeError:
        yield from events
        raise dg.Failure(_faults(system, invocation), allow_retries=False) from None
    counts = _row_counts(context)
    for key, rows in counts.items():
        context.add_asset_metadata({"dagster/row_count": rows}, asset_key=key)
    yield from events
    shutil.rmtree(invocation.target_path, ignore_errors=True)


def _faults(system: str, invocation: DbtCliInvocation) -> str:
    """What failed in a build: each node and the first line of what the engine said of it."""
    try:
        results = invocation.get_artifact("run_results.json")["results"]
    except OSError:
        return f"models {system}: dbt ended before it ran anything; its log is in {invocation.target_path}/dbt.log"
    faults = [
        f"{r['unique_id'].split('.', 2)[-1]}: {' '.join((r['message'] or r['status']).split())}"
        for r in results
        if r["status"] in ("error", "fail", "runtime error")
    ]
    return f"models {system}: {len(faults)} failed: {'; '.join(faults)}"


def _row_counts(context: dg.AssetExecutionContext) -> dict[dg.AssetKey, int]:
    keys = [key for key in context.selected_asset_keys if key.path[0] in COUNTED_SCHEMAS]
    if not keys:
        return {}
    selects = [
        f"select {place} as place, count(*) as row_count from {relation(key.path[0], key.path[-1])}"
        for place, key in enumerate(keys)
    ]
    rows = ingestion.warehouse.query(" union all ".join(selects)).to_pylist()
    return {keys[row["place"]]: row["row_count"] for row in rows}


model_assets = [_asset(system) for system in SYSTEMS if system == CROSS_SOURCE or system in ingestion.catalogue]
