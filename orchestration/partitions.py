"""Periods as Dagster's partitions: which there are, which a run is for, and what became of each.

There are those of which something is complete, so they come from the data and are added when something is published.
Belongs here: partitions of exports and reports. Not here: publishing.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from exports.periods import CADENCES, Cadence, Period
from exports.publish import ExportResult
from exports.reports.publish import ReportResult

PARTITIONS: Mapping[Cadence, dg.DynamicPartitionsDefinition] = {
    cadence: dg.DynamicPartitionsDefinition(name=f"{cadence}s") for cadence in CADENCES
}


def asked_for(context: dg.AssetExecutionContext) -> list[Period]:
    """The periods that a run is for; empty: whatever has changed."""
    is_for_some = context.has_partition_key or context.has_partition_key_range
    return Period.several(context.partition_keys) if is_for_some else []


def published(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    cadence: Cadence | None,
    result: ExportResult | ReportResult,
    metadata: Mapping[str, Any],
) -> Iterator[dg.MaterializeResult[Any]]:
    """Show in Dagster what became of an asset.

    Of one with periods that is each that the run was for; else each that has changed or was never shown, and the last,
    which tells that the run was here. The others keep their last result. What was done to all is an observation.
    """
    if cadence is None:
        if not result.faults:
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        return
    context.log_event(dg.AssetObservation(key, metadata=metadata))
    if result.faults:
        return
    asked, shown = asked_for(context), context.instance.get_materialized_partitions(key)
    periods = {period: of for period, of in sorted(result.periods.items()) if period.cadence == cadence}
    changed = [period for period, of in periods.items() if of.written or period.name not in shown]
    due = sorted(periods.keys() & (asked or {*changed, *[*periods][-1:]}))
    add_partitions(context.instance, cadence, (period for period in result.complete if period.cadence == cadence))
    for period in due:
        told = {"tenants": periods[period].tenants, "written": periods[period].written}
        context.log_event(dg.AssetMaterialization(key, partition=period.name, metadata=told))


def add_partitions(instance: dg.DagsterInstance, cadence: Cadence, periods: Iterable[Period]) -> None:
    """Add partitions, where they are not there.

    Dagster shows them, and takes ranges of them, in the order in which they were added.
    """
    name = str(PARTITIONS[cadence].name)
    known = instance.get_dynamic_partitions(name)
    new = {period.name for period in periods}.difference(known)
    if new:
        later = [other for other in known if other > min(new)]
        for other in later:
            instance.delete_dynamic_partition(name, other)
        instance.add_dynamic_partitions(name, sorted({*new, *later}))
