"""Delivery assets: one for each report or export that somebody gets.

Belongs here: how deliveries show in Dagster. Not here: what is due, and sending it (exports/delivery).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from exports.catalogue import Export
from exports.delivery.declaration import addresses_by_name
from exports.delivery.run import deliver
from exports.reports.declaration import Declaration
from ingestion.catalogue.entries import TEAM
from orchestration import told
from orchestration.configuration import exports, reports, settings, system_of
from orchestration.console import failure, say, telling_faults
from orchestration.labels import links, tags
from orchestration.publications import steps

_DELIVERED = addresses_by_name((name, one.deliver) for declared in (reports, exports) for name, one in declared.items())


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["deliveries", name])


def _spec(name: str) -> dg.AssetSpec:
    one: Export | Declaration = reports[name] if name in reports else exports[name]
    return dg.AssetSpec(
        key=_key(name),
        deps=[dg.AssetKey(step.assets[name]) for step in steps if name in step.declared],
        group_name="deliveries",
        owners=[TEAM],
        # It tells to whom.
        tags=tags(system_of(one), "deliveries", is_personal=True),
        metadata=links(
            "docs/delivery.md", settings.reports_catalogue if name in reports else settings.exports_catalogue
        ),
        description=f"What is due is sent to {', '.join(_DELIVERED[name])}: see `python -m exports deliveries`.",
    )


@dg.multi_asset(name="deliveries", specs=[_spec(name) for name in _DELIVERED], can_subset=True)
def _deliveries(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
    names = [name for name in _DELIVERED if _key(name) in context.selected_asset_keys]
    say(f"deliveries: {', '.join(names)}")
    with telling_faults():
        results = deliver(settings, names)
    told.deliveries(names, results)
    faults = [result for result in results if result.outcome != "sent"]
    for name in names:
        of_name = [result for result in results if result.what.rpartition(" ")[2] == name]
        if not any(result in faults for result in of_name):
            yield dg.MaterializeResult(asset_key=_key(name), metadata={"sent": len(of_name)})
    if faults:
        why = (f"{fault.what} to {fault.target}: {fault.outcome}: {fault.reason}" for fault in faults)
        raise failure("; ".join(why), is_told=True)


delivery_assets = [_deliveries] if _DELIVERED else []
