"""Report assets: one step per system and cadence, one asset per report and cadence.

Belongs here: how a report shows in Dagster. Not here: making it (exports/reports).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from exports.places import INDEX
from exports.reports.declaration import Declaration
from exports.reports.publish import FORMS, ReportResult, publish
from exports.reports.reads import tables_of
from exports.rows import personal_columns
from ingestion.catalogue.entries import TEAM
from orchestration import changes
from orchestration.configuration import ingestion, reports, settings, system_of
from orchestration.console import failure, say, telling_faults
from orchestration.labels import links, tags
from orchestration.models import columns_of
from orchestration.partitions import PARTITIONS, asked_for, published
from orchestration.publications import Step, cadences_of, not_built, report_steps


def _is_personal(declaration: Declaration) -> bool:
    """Whether it may show one person apart from others; of a query nobody knows."""
    tables = [section.table.of for section in declaration.sections if section.table]
    shown = [name for table in tables for schema in ("core", "marts") for name in columns_of(schema, table)]
    return bool(personal_columns(shown)) or any(section.query for section in declaration.sections)


def _spec(key: dg.AssetKey, declaration: Declaration, step: Step) -> dg.AssetSpec:
    cadences = [step.cadence] if step.cadence else declaration.cadences
    when = f"by {step.cadence}" if step.cadence else "as things stand"
    return dg.AssetSpec(
        key=key,
        partitions_def=PARTITIONS[step.cadence] if step.cadence else None,
        skippable=step.cadence is not None,
        deps=[dg.AssetKey(list(path)) for path in sorted(tables_of(declaration, cadences))],
        group_name="reports",
        kinds=set(FORMS),
        owners=[TEAM],
        tags=tags(system_of(declaration), "reports", is_personal=_is_personal(declaration)),
        metadata=links("docs/reports.md", settings.reports_catalogue),
        description=f"{declaration.title}, for {declaration.recipients}, {when}.",
    )


def _report_asset(step: Step, system: str) -> dg.AssetsDefinition:
    of_system = {name: dg.AssetKey(step.assets[name]) for name in step.of(system)}

    @dg.multi_asset(
        name=f"reports_{system}{step.suffix}",
        specs=[_spec(key, reports[name], step) for name, key in of_system.items()],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def make_reports(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        names = [name for name, key in of_system.items() if key in context.selected_asset_keys]
        wanted = asked_for(context)
        with telling_faults(), ingestion.warehouse.at_hand():
            with ingestion.warehouse.reader() as query:
                memory = changes.read()
                say(f"reports {system}{step.suffix}: {', '.join(names)}")
                lacking = {name: memory.lacking(reports[name]) for name in of_system}
                cadences = {name: cadences_of(reports[name], step.cadence) for name in names if not lacking[name]}
                results = publish(reports, cadences, query, settings, wanted) if cadences else []
            faults = [f"{name}: {not_built(lacking[name])}" for name in names if lacking[name]]
            faults += [f"{result.report}: {fault}" for result in results for fault in result.faults]
            if faults:
                # Made by hand, they may have been current before.
                changes.forget(step, [system])
            elif not wanted and {*names} >= {name for name in of_system if not lacking[name]}:
                changes.publish(step, [system], memory)
        for result in results:
            yield from published(context, of_system[result.report], step.cadence, result, _metadata(result))
        if faults:
            raise failure("; ".join(faults))

    return make_reports


def _metadata(result: ReportResult) -> dict[str, Any]:
    return {
        "reports_made": result.made,
        "reports_unchanged": result.unchanged,
        "reports_revised": result.revised,
        "index": dg.MetadataValue.path(f"{settings.exports_place}/{INDEX}"),
    }


report_assets = [_report_asset(step, system) for step in report_steps for system in step.systems]
