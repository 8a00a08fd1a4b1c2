"""Raw assets: one step per source, one asset per table.

Belongs here: how a load shows in Dagster. Not here: the load (ingestion).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from ingestion.catalogue.entries import TEAM, TableEntry
from ingestion.catalogue.listed_names import listed
from ingestion.catalogue.review import UNREVIEWED_REMEDY
from ingestion.errors import IngestionError, SourceError
from ingestion.loading.results import LoadResult
from ingestion.log.state import REJECTED_COLUMNS, STATE_COLUMNS
from ingestion.output.terminal import printable
from ingestion.rows.columns import Column, RawTable
from orchestration import freshness, told
from orchestration.configuration import SOURCES, ingestion, settings
from orchestration.console import ConsoleListener, failure, say
from orchestration.labels import links, tags

REJECTED_CHECK = "no_rejected_rows"
REVIEWED_CHECK = "every_column_reviewed"


def _spec(source: str, table: str, entry: TableEntry) -> dg.AssetSpec:
    in_full = "in full" if entry.mode else "as the source's catalog suggests"
    how = f"by {entry.cursor}" if entry.cursor else in_full
    return dg.AssetSpec(
        key=[source, table],
        group_name=source,
        freshness_policy=freshness.of_table(entry),
        kinds={settings.warehouse.get_backend_name(), "sql"},
        description=f"Log of every row version of {source}.{table}, read {how}: `raw_{source}.{table}`.",
        owners=[entry.owner],
        tags=tags(source, "raw", is_personal=bool(entry.personal)),
        metadata={
            "personal data": ", ".join(entry.personal) or "none",
            **_table(entry.raw_table(source, table).versions, entry),
        },
    )


def _table(table: RawTable, entry: TableEntry | None = None) -> dict[str, Any]:
    """Metadata: what the table is called, and its columns as they are declared; the source may have more."""
    return {
        "dagster/table_name": f"{table.schema}.{table.name}",
        "dagster/column_schema": dg.TableSchema(
            [_column(column, entry) for column in table.columns if not (entry and column.name in entry.dropped)]
        ),
        **links("docs/sources.md", settings.ingestion_catalogue),
    }


def _column(column: Column, entry: TableEntry | None) -> dg.TableColumn:
    declared = entry.columns.get(column.name) if entry else None
    personal = entry.personal.get(column.name) if entry else None
    is_plain = declared is not None and personal is None
    kept = {"hash": "raw has a pseudonym of it", "clear": "kept as it is"}
    return dg.TableColumn(
        column.name,
        # Whether an identifier is a number or text, the source decides.
        declared.type if declared and is_plain else str(column.type),
        f"Personal ({personal.kind}): {kept[personal.keep]}" if personal else None,
        dg.TableColumnConstraints(nullable=not column.required),
    )


def _records(source: str) -> list[dg.AssetSpec]:
    """What raw has beside a source's tables, which every load writes."""
    told = {
        "_state": ("What is remembered of each table between runs: its watermark, its last batch.", STATE_COLUMNS),
        "_rejected": ("Rows and values that raw can't hold as they are, and why.", REJECTED_COLUMNS),
    }
    return [
        dg.AssetSpec(
            key=[source, name],
            group_name=source,
            kinds={settings.warehouse.get_backend_name(), "sql"},
            description=f"{description} `raw_{source}.{name}`.",
            owners=[TEAM],
            tags=tags(source, "raw", is_personal=name == "_rejected"),
            metadata=_table(RawTable(source, name, (), columns)),
        )
        for name, (description, columns) in told.items()
    ]


def metadata_of(result: LoadResult) -> dict[str, dg.MetadataValue]:
    """What is told of a table's load."""
    s = result.state
    return {
        "scope": dg.MetadataValue.text(printable(result.scope)),
        "rows_read": dg.MetadataValue.int(s.rows_read),
        "rows_appended": dg.MetadataValue.int(s.rows_appended),
        "rows_deleted": dg.MetadataValue.int(s.rows_deleted),
        "rows_rejected": dg.MetadataValue.int(s.rows_rejected),
        "batch_seq": dg.MetadataValue.int(s.batch_seq),
        "watermark": dg.MetadataValue.text(printable(s.watermark or "none")),
        "seconds": dg.MetadataValue.float(round(result.seconds, 3)),
    }


def _raw_asset(source: str) -> dg.AssetsDefinition:
    entries = ingestion.catalogue[source]

    @dg.multi_asset(
        name=f"raw_{source}",
        specs=[_spec(source, table, entry) for table, entry in entries.items()],
        check_specs=[
            dg.AssetCheckSpec(
                REJECTED_CHECK,
                asset=[source, table],
                description=f"This run rejected nothing of {table} anew; what was, is in raw_{source}._rejected.",
            )
            for table in entries
        ]
        + [
            dg.AssetCheckSpec(
                REVIEWED_CHECK,
                asset=[source, table],
                description=f"Of each column of {table} catalogue or owner say what it holds (docs/privacy.md).",
            )
            for table in entries
        ],
        can_subset=True,
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        tables = [key.path[1] for key in context.selected_asset_keys]
        configured = source in ingestion.sources
        try:
            if ingestion.ensure_sample():
                say("made the sample sources")
            say(f"raw {source}" if configured else f"raw {source}: not configured, its tables stay empty")
            with ingestion.warehouse.at_hand():
                results = ingestion.load(source, ConsoleListener(), [] if len(tables) == len(entries) else tables)
                standing = ingestion.rejected_rows(source)
        except SourceError as error:
            told.unreachable({source: str(error)})
            raise failure(error, is_told=True) from None
        except IngestionError as error:
            raise failure(error) from None
        is_told = told.tables(source, results)
        by_table = {result.table: result for result in results}
        for table in sorted(tables):
            result = by_table.get(table)
            if result and result.error:
                continue
            metadata = metadata_of(result) if result else {"scope": dg.MetadataValue.text("not configured")}
            yield dg.MaterializeResult(asset_key=[source, table], metadata=metadata)
            new = result.state.rows_rejected if result else 0
            yield dg.AssetCheckResult(
                asset_key=[source, table],
                check_name=REJECTED_CHECK,
                passed=new == 0,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "rejected_by_this_run": new,
                    "standing_rejections": standing.get(table, 0),
                    "see": f"raw_{source}._rejected",
                },
            )
            unreviewed = result.state.unreviewed_columns if result else []
            yield dg.AssetCheckResult(
                asset_key=[source, table],
                check_name=REVIEWED_CHECK,
                passed=not unreviewed,
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{listed(unreviewed)}: {UNREVIEWED_REMEDY}" if unreviewed else None,
                metadata={"columns": [printable(name) for name in unreviewed]},
            )
        if faults := [f"{r.label}: {r.error}" for r in results if r.error]:
            raise failure("; ".join(faults), is_told=is_told)

    return load


raw_assets_of = {source: _raw_asset(source) for source in SOURCES}
raw_assets = [*raw_assets_of.values()]
raw_records = [spec for source in SOURCES for spec in _records(source)]
