"""Report assets: one step per system, one asset per report.

Belongs here: how a report shows in Dagster. Not here: making it (exports/reports).
"""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from exports.errors import ExportError
from exports.places import INDEX
from exports.reports.declaration import Declaration
from exports.reports.periods import MARTS
from exports.reports.publish import FORMS, publish
from ingestion.errors import IngestionError
from orchestration import changes
from orchestration.configuration import SYSTEMS, ingestion, reports, settings, system_of
from orchestration.console import failure, say

_READ = re.compile(r"\b(core|marts)\.(\w+)")


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["reports", name])


def keys_of_reports(system: str) -> list[dg.AssetKey]:
    """The assets of a system's reports."""
    return [_key(name) for name, declaration in reports.items() if system_of(declaration) == system]


def _read(declaration: Declaration) -> set[tuple[str, str]]:
    """Schema and name of what a report reads."""
    found = set()
    for section in declaration.sections:
        measures = [*(section.headlines or []), *([section.trend] if section.trend else [])]
        measures += [section.comparison.of] if section.comparison else []
        marts = {name.split(".")[0] for name in measures} | ({section.table.of} if section.table else set())
        found |= {("marts", f"{mart}_{MARTS[cadence]}") for mart in marts for cadence in declaration.cadences}
        found |= {("marts", "kpis")} if section.headlines or section.businesses else set()
        found |= {("marts", "data_quality")} if section.left_out else set()
        found |= {("marts", "freshness")} if section.reach else set()
        if section.query:
            found |= {(schema, table) for schema, table in _READ.findall(section.query.sql)}
    return found


def _spec(name: str, declaration: Declaration) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=_key(name),
        deps=[dg.AssetKey(list(path)) for path in sorted(_read(declaration))],
        group_name="reports",
        kinds=set(FORMS),
        description=f"{declaration.title}, for {declaration.recipients} by {' and '.join(declaration.cadences)}.",
    )


def _report_asset(system: str) -> dg.AssetsDefinition:
    of_system = {name: declaration for name, declaration in reports.items() if system_of(declaration) == system}

    @dg.multi_asset(
        name=f"reports_{system}", specs=[_spec(name, of) for name, of in of_system.items()], can_subset=True
    )
    def make_reports(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        names = [name for name in of_system if _key(name) in context.selected_asset_keys]
        try:
            with ingestion.warehouse.exclusive(), ingestion.warehouse.reader() as query:
                say(f"reports {system}: {', '.join(names)}")
                results = publish(reports, names, query, settings)
            if faults := [f"{result.report}: {fault}" for result in results for fault in result.faults]:
                # Made by hand, they may have been current before.
                changes.forget(changes.REPORTS, [system])
            elif len(names) == len(of_system):
                changes.publish(changes.REPORTS, [system])
        except (ExportError, IngestionError) as error:
            raise failure(error) from None
        for result in (result for result in results if not result.faults):
            yield dg.MaterializeResult(
                asset_key=_key(result.report),
                metadata={
                    "reports_made": result.made,
                    "reports_unchanged": result.unchanged,
                    "reports_revised": result.revised,
                    "index": dg.MetadataValue.path(f"{settings.exports_place}/{INDEX}"),
                },
            )
        if faults:
            raise failure("; ".join(faults))

    return make_reports


report_assets = [_report_asset(system) for system in SYSTEMS if keys_of_reports(system)]
