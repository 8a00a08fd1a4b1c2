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

    Of one with periods that is each that the run was for, that has changed, or that was never shown: what stayed as it
    was keeps its last result. What the run did to all of them is an observation.
    """
    if cadence is None:
        if not result.faults:
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        return
    context.log_event(dg.AssetObservation(key, metadata=metadata))
    asked, shown = asked_for(context), context.instance.get_materialized_partitions(key)
    due = {
        period: of_period
        for period, of_period in sorted(result.periods.items())
        if period.cadence == cadence
        and (period in asked if asked else of_period.written or period.name not in shown)
        and not result.faults
    }
    add_partitions(context.instance, cadence, due)
    for period, of_period in due.items():
        told = {"tenants": of_period.tenants, "written": of_period.written}
        context.log_event(dg.AssetMaterialization(key, partition=period.name, metadata=told))


def add_partitions(instance: dg.DagsterInstance, cadence: Cadence, periods: Iterable[Period]) -> None:
    """Add partitions, where they are not there.

    Dagster shows them, and takes ranges of them, in the order in which they were added.
    """
    name = f"{cadence}s"
    known = instance.get_dynamic_partitions(name)
    new = {period.name for period in periods}.difference(known)
    if new:
        later = [other for other in known if other > min(new)]
        for other in later:
            instance.delete_dynamic_partition(name, other)
        instance.add_dynamic_partitions(name, sorted({*new, *later}))
