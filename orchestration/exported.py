"""Export assets: one step per source system, one asset per export.

Belongs here: how an export shows in Dagster. Not here: publishing (exports).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from exports.catalogue import Export
from exports.errors import ExportError
from exports.publish import check_place, publish
from ingestion.errors import IngestionError
from orchestration import changes
from orchestration.configuration import exports, ingestion, settings
from orchestration.console import failure, say


def _key(export: Export) -> dg.AssetKey:
    return dg.AssetKey(["exports", export.name])


def _spec(export: Export) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=_key(export),
        deps=[dg.AssetKey(["marts", export.mart])],
        group_name="exports",
        kinds=set(export.formats),
        description=f"Complete periods of marts.{export.mart} as files, {export.cadence}, by {export.split}.",
    )


def keys_of_exports(source: str) -> list[dg.AssetKey]:
    """The assets of a source's exports."""
    return [_key(export) for export in exports.values() if export.source == source]


def _export_asset(source: str) -> dg.AssetsDefinition:
    of_source = [export for export in exports.values() if export.source == source]

    @dg.multi_asset(name=f"exports_{source}", specs=[_spec(export) for export in of_source], can_subset=True)
    def publish_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        try:
            with ingestion.warehouse.exclusive():
                say(f"exports {source}: {len(context.selected_asset_keys)} to publish")
                check_place(settings.exports)
                faults: list[str] = []
                with ingestion.warehouse.reader() as query:
                    for export in of_source:
                        if _key(export) not in context.selected_asset_keys:
                            continue
                        try:
                            result = publish(export, query, settings.exports)
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
                                "folder": dg.MetadataValue.path(f"{settings.exports_place}/{export.name}"),
                            },
                        )
                if faults:
                    # Published by hand, they may have been current before.
                    changes.forget(changes.EXPORTS, [source])
                    raise failure("; ".join(faults))
                if context.selected_asset_keys.issuperset(keys_of_exports(source)):
                    changes.publish(changes.EXPORTS, [source])
        except (ExportError, IngestionError) as error:
            raise failure(error) from None

    return publish_files


export_assets = [_export_asset(source) for source in sorted({export.source for export in exports.values()})]
