"""Report assets: one step per system and cadence, one asset per report and cadence.

Belongs here: how a report shows in Dagster. Not here: making it (exports/reports).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from exports.errors import ExportError
from exports.periods import MARTS, TRAILING, Cadence
from exports.places import INDEX
from exports.reports.declaration import Declaration
from exports.reports.publish import FORMS, ReportResult, publish
from ingestion.errors import IngestionError
from orchestration import changes
from orchestration.configuration import ingestion, reports, settings
from orchestration.console import failure, say
from orchestration.partitions import PARTITIONS, asked_for, published
from orchestration.publications import Step, cadences_of, report_steps

_READ = re.compile(r"\b(core|marts)\.(\w+)")


def _read(declaration: Declaration, cadences: Sequence[Cadence]) -> set[tuple[str, str]]:
    """Schema and name of what a report reads."""
    found = set()
    of_periods = [MARTS["day"]] if declaration.trailing_days else [MARTS[cadence] for cadence in cadences]
    of_report = [TRAILING] if declaration.trailing_days else of_periods
    for section in declaration.sections:
        found |= {("marts", f"{mart}_{suffix}") for mart in section.measured for suffix in of_report}
        trend = [section.trend.split(".")[0]] if section.trend else []
        found |= {("marts", f"{mart}_{suffix}") for mart in trend for suffix in of_periods}
        found |= {("marts", "kpis")} if section.headlines or section.businesses else set()
        found |= {("marts", "data_quality")} if section.left_out else set()
        found |= {("marts", "freshness")} if section.reach else set()
        if section.query:
            found |= {(schema, table) for schema, table in _READ.findall(section.query.sql)}
    return found


def _spec(key: dg.AssetKey, declaration: Declaration, step: Step) -> dg.AssetSpec:
    cadences = [step.cadence] if step.cadence else declaration.cadences
    when = f"by {step.cadence}" if step.cadence else "as things stand"
    return dg.AssetSpec(
        key=key,
        partitions_def=PARTITIONS[step.cadence] if step.cadence else None,
        skippable=step.cadence is not None,
        deps=[dg.AssetKey(list(path)) for path in sorted(_read(declaration, cadences))],
        group_name="reports",
        kinds=set(FORMS),
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
        try:
            with ingestion.warehouse.exclusive(), ingestion.warehouse.reader() as query:
                say(f"reports {system}{step.suffix}: {', '.join(names)}")
                cadences = {name: cadences_of(reports[name], step.cadence) for name in names}
                results = publish(reports, cadences, query, settings, wanted)
            if faults := [f"{result.report}: {fault}" for result in results for fault in result.faults]:
                # Made by hand, they may have been current before.
                changes.forget(step, [system])
            elif not wanted and len(names) == len(of_system):
                changes.publish(step, [system])
        except (ExportError, IngestionError) as error:
            raise failure(error) from None
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
