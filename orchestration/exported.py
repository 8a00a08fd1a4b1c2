"""Export assets: one step per system, one asset per export.

Belongs here: how an export shows in Dagster. Not here: publishing (exports).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from exports.catalogue import Export
from exports.errors import ExportError
from exports.publish import Publisher, check_place
from ingestion.errors import IngestionError
from orchestration import changes
from orchestration.configuration import exports, ingestion, settings, system_of
from orchestration.console import failure, say


def _key(export: Export) -> dg.AssetKey:
    return dg.AssetKey(["exports", export.name])


def _spec(export: Export) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=_key(export),
        # What a query reads, only its engine knows.
        deps=[dg.AssetKey([export.schema_, export.mart])] if export.mart else [],
        group_name="exports",
        kinds=set(export.formats),
        description=_description(export),
    )


def _description(export: Export) -> str:
    files = {"period": "each complete period", "history": "the whole history", "latest": "the last complete period"}
    what = files[export.files] if export.cadence else "the table as it stands"
    whose = "for each tenant" if export.split == "tenant" else "of all tenants"
    return f"Files of {export.relation} {whose}: {what}."


def keys_of_exports(system: str) -> list[dg.AssetKey]:
    """The assets of a system's exports."""
    return [_key(export) for export in exports.values() if system_of(export) == system]


def _export_asset(system: str) -> dg.AssetsDefinition:
    of_system = [export for export in exports.values() if system_of(export) == system]

    @dg.multi_asset(name=f"exports_{system}", specs=[_spec(export) for export in of_system], can_subset=True)
    def publish_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        try:
            with ingestion.warehouse.exclusive():
                say(f"exports {system}: {len(context.selected_asset_keys)} to publish")
                check_place(settings.exports)
                faults: list[str] = []
                with ingestion.warehouse.reader() as query:
                    publisher = Publisher(query, settings.exports)
                    for export in of_system:
                        if _key(export) not in context.selected_asset_keys:
                            continue
                        try:
                            result = publisher.publish(export)
                        except (ExportError, IngestionError) as error:
                            faults.append(f"{export.name}: {error}")
                            continue
                        if result.faults:
                            faults += [f"{export.name}: {fault}" for fault in result.faults]
                            continue
                        yield dg.MaterializeResult(
                            asset_key=_key(export),
                            metadata={
                                "files_published": result.published,
                                "files_unchanged": result.unchanged,
                                "files_restated": result.restated,
                                "files_withdrawn": result.withdrawn,
                                "place": dg.MetadataValue.path(settings.exports_place),
                            },
                        )
                if faults:
                    # Published by hand, they may have been current before.
                    changes.forget(changes.EXPORTS, [system])
                    raise failure("; ".join(faults))
                if context.selected_asset_keys.issuperset(keys_of_exports(system)):
                    changes.publish(changes.EXPORTS, [system])
        except (ExportError, IngestionError) as error:
            raise failure(error) from None

    return publish_files


export_assets = [_export_asset(system) for system in sorted({system_of(export) for export in exports.values()})]
