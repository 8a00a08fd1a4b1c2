"""The read-only copy of core, marts and reporting for BI tools, so that a reader never blocks a run nor a run a reader.

A warehouse on a server needs none: there are no such assets then.
Belongs here: what the copy holds, or one of some tenants alone, and how it shows in Dagster. Not here: the engine's
way to make it (warehouses/).
"""

import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from ingestion.catalogue.entries import TEAM
from ingestion.errors import ConfigurationError, WarehouseError
from ingestion.output.private import readers_of
from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses import Part
from marts.names import variables
from orchestration import changes, marks
from orchestration.configuration import PUBLISHED_SCHEMAS, SYSTEMS, ingestion, settings
from orchestration.console import failure, say, telling_faults
from orchestration.described import descriptions
from orchestration.labels import links, tags
from orchestration.models import keys_of_models, keys_of_own_models
from orchestration.publications import copy_step


def key_of_copy(system: str) -> dg.AssetKey:
    """The asset of a system's part of the copy."""
    return dg.AssetKey(["bi_copy", system])


def _copied(systems: Iterable[str]) -> list[dg.AssetKey]:
    return sorted(key for system in systems for key in keys_of_models(system) if key.path[0] in PUBLISHED_SCHEMAS)


def _places(systems: Iterable[str]) -> list[tuple[str, str]]:
    return [(key.path[0], key.path[-1]) for key in _copied(systems)]


def _spec(system: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=key_of_copy(system),
        deps=_copied([system]),
        group_name="bi_copy",
        kinds={"duckdb"},
        owners=[TEAM],
        tags=tags(system, "bi_copy", is_personal=True),
        metadata=links("docs/bi.md", "orchestration/snapshot.py"),
        description=f"Core and marts of {system} in the read-only file that BI tools open.",
    )


@dg.multi_asset(name="bi_copy", specs=[_spec(system) for system in SYSTEMS], can_subset=True)
def _copy(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
    """Make the file anew: what is asked for from the warehouse, the rest from the file as it is."""
    asked = [system for system in SYSTEMS if key_of_copy(system) in context.selected_asset_keys]
    began = time.monotonic()
    with telling_faults(), ingestion.warehouse.at_hand():
        there = ingestion.warehouse.tables(PUBLISHED_SCHEMAS)
        # Of your own models those stay as they are there, or are not there, that lack a good build.
        lacking = {(key.path[0], key.path[-1]) for key in keys_of_own_models(changes.read().lacking())}
        # By hand all may be asked for, and a system's first build be still to come, or have failed.
        missing = {system: sorted({*_places([system])} - there - lacking) for system in asked}
        systems = [system for system in asked if not missing[system]]
        tables = [place for place in _places(systems) if place not in lacking]
        kept = [*_places(set(SYSTEMS) - set(systems)), *sorted(lacking)]
        faults = [f"{s}: {'.'.join(lacks[0])} was never built" for s, lacks in missing.items() if lacks]
        if not systems:
            raise failure("; ".join(faults))
        say(f"BI copy: {len(tables)} tables of {', '.join(systems)}")
        # Nobody knows what there is of the others in what is not the file that was made last.
        if not marks.Marks().of(copy_step):
            changes.forget(copy_step, set(SYSTEMS) - set(systems))
        size = ingestion.warehouse.publish_copy(
            tables, settings.bi_snapshot, kept, descriptions(), readers_of(settings.readers_group, PROJECT_ROOT)
        )
        changes.publish(copy_step, systems, changes.read())
    for system in systems:
        metadata: dict[str, Any] = {
            "file": dg.MetadataValue.path(settings.bi_snapshot),
            "tables": len(_copied([system])),
            "bytes of the file": size,
            "seconds": round(time.monotonic() - began, 3),
        }
        yield dg.MaterializeResult(asset_key=key_of_copy(system), metadata=metadata)
    if faults:
        raise failure("; ".join(faults))


def publish_part(tenants: Collection[str], path: Path) -> int:
    """Make a file of what is some tenants' own in core, marts and reporting, beside what is for everybody.

    Returns:
        The file's size in bytes.

    Raises:
        ConfigurationError: the file is one that runs write.
        WarehouseError: there is no such tenant, or the file can't be written; the old one is as it was. Or the
            warehouse needs no copies.
    """
    written = [settings.bi_snapshot, Path(settings.warehouse.database or "")]
    if path.resolve() in [file.resolve() for file in written]:
        raise ConfigurationError(f"{path} is written by runs. Name another file.")
    with ingestion.warehouse.exclusive():
        there = ingestion.warehouse.tables(PUBLISHED_SCHEMAS)
        known = set(ingestion.warehouse.query("select tenant_key from core.dim_tenants")["tenant_key"].to_pylist())
        if unknown := sorted(set(tenants) - known):
            raise WarehouseError(f"core.dim_tenants has no tenant {', '.join(unknown)}.")
        return ingestion.warehouse.publish_copy(
            sorted(there), path, described=descriptions(), part=Part(tenants, _public_tables())
        )


def _public_tables() -> list[str]:
    """Names of tables that belong to no tenant and are for everybody, as dbt's project declares them."""
    names: list[str] = variables()["public_tables"]
    return names


snapshot_assets = [_copy] if ingestion.warehouse.capabilities.needs_copy else []
