"""What a finished run tells on the command line.

Belongs here: reading a run's events into a page. Not here: progress (console.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dagster as dg
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from exports.places import INDEX
from ingestion.errors import IngestionError
from ingestion.settings import PROJECT_ROOT
from orchestration.configuration import PUBLISHED_SCHEMAS, SOURCES, ingestion, settings

_MODEL_SCHEMAS = ("staging", "intermediate", *PUBLISHED_SCHEMAS)
_COUNTS = ("rows_read", "rows_appended", "rows_deleted", "rows_rejected")
_OF_A_MONTH = (
    ("conversations", "total_conversations", 0, ""),
    ("messages", "total_messages", 0, ""),
    ("median response time", "p50_response_seconds", 1, "seconds"),
    ("median response time of agents", "p50_agent_response_seconds", 1, "seconds"),
    ("resolution rate", "resolution_rate", 4, ""),
    ("handoffs", "handoff_rate", 4, "per conversation"),
    ("cost", "total_cost", 2, "US dollars"),
)
"""What is told of a month: label, column, decimals, unit."""

_PUBLISH = ".venv/bin/python -m exports run"

_Published = tuple[dg.AssetKey, dg.AssetMaterialization | dg.AssetObservation]


def print_summary(console: Console, events: Iterable[dg.DagsterEvent]) -> None:
    """Rows per table, models and tests, what is left out, places, last month's numbers, and what to try next."""
    events = list(events)
    materialized = {
        e.asset_key: e.step_materialization_data.materialization
        for e in events
        if e.is_step_materialization and e.asset_key
    }
    _print_tables(console, materialized)
    _print_models(console, events, materialized)
    _print_left_out(console)
    console.print(f"Warehouse     {_place(settings.warehouse.database or settings.warehouse.host)}")
    if ingestion.warehouse.capabilities.needs_copy:
        console.print(f"For BI tools  {_place(settings.bi_snapshot)}  (read-only copy of core, marts and reporting)")
    else:
        console.print("For BI tools  the warehouse itself, schemas core, marts and reporting")
    published = [*materialized.items(), *_observed(events)]
    is_gone = _is_gone(settings.exports_place)
    exported = f"not there: {_PUBLISH} writes them again" if is_gone else _exported(published)
    console.print(f"Exports       {_place(settings.exports_place)}  ({exported})")
    reported = "not there: make reports makes them again" if is_gone else _reported(published)
    console.print(f"Reports       {_place(settings.exports_place)}/{INDEX}  ({reported})")
    _print_last_month(console)
    _print_next(console, has_reports=not is_gone)


def _place(place: object) -> str:
    """A file as people here call it: from the project's root, if it lies there."""
    path = Path(str(place))
    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else place)


def _is_gone(place: str) -> bool:
    """Whether a folder on this machine is not there: what was published into it before, no run publishes again."""
    return "://" not in place and not Path(place).exists()


def _observed(events: Iterable[dg.DagsterEvent]) -> Iterator[_Published]:
    """What was done to exports and reports with periods: what became of each period is told apart."""
    for event in events:
        if event.event_type_value == "ASSET_OBSERVATION":
            observation = event.asset_observation_data.asset_observation
            yield observation.asset_key, observation


def _exported(published: Iterable[_Published]) -> str:
    totals = _totals(published, "exports", "files_", ("published", "unchanged", "restated", "withdrawn"))
    return ", ".join(f"{count:,} files {name}" for name, count in totals.items() if count) or "unchanged"


def _reported(published: Iterable[_Published]) -> str:
    totals = _totals(published, "reports", "reports_", ("made", "unchanged", "revised"))
    return ", ".join(f"{count:,} {name}" for name, count in totals.items() if count) or "unchanged"


def _totals(published: Iterable[_Published], group: str, prefix: str, names: Sequence[str]) -> Counter[str]:
    totals = Counter[str]()
    for key, event in published:
        for name in names if key.path[0] == group else ():
            # Of a period alone not all is told.
            if found := event.metadata.get(prefix + name):
                totals[name] += int(str(found.value))
    return totals


def _print_tables(console: Console, materialized: dict[dg.AssetKey, dg.AssetMaterialization]) -> None:
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("table", no_wrap=True)
    for name in _COUNTS:
        table.add_column(name.removeprefix("rows_"), justify="right", no_wrap=True)
    table.add_column("scope", no_wrap=True)
    for key, event in materialized.items():
        scope = event.metadata.get("scope")
        if key.path[0] in SOURCES and scope is not None and scope.value != "not configured":
            counts = [f"{event.metadata[name].value:,}" for name in _COUNTS]
            table.add_row(".".join(key.path), *counts, str(scope.value))
    if table.row_count:
        console.print(table)


def _print_models(
    console: Console, events: list[dg.DagsterEvent], materialized: dict[dg.AssetKey, dg.AssetMaterialization]
) -> None:
    models = sum(key.path[0] in _MODEL_SCHEMAS for key in materialized)
    tests: Counter[str] = Counter()
    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if check.asset_key.path[0] in SOURCES:
                continue
            tests["passed" if check.passed else check.severity.value.lower()] += 1
    unreached = sorted(str(e.step_key) for e in events if e.event_type_value in ("STEP_FAILURE", "STEP_SKIPPED"))
    if models or tests:
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(tests.items(), reverse=True))
        console.print(f"Models        {f'{models:,}' if models else 'none'} built; tests: {told or 'none'}")
    elif not unreached:
        console.print("Models        nothing changed since they were last built; none was built")
    if unreached:
        console.print(
            f"Not reached   {', '.join(unreached)}: what is not told here stands as before; see the errors below"
        )


def _print_left_out(console: Console) -> None:
    """How many source rows, and values of others, are in no number."""
    try:
        rows = ingestion.warehouse.query("select effect, row_count from marts.data_quality").to_pylist()
    except IngestionError:
        return
    left_out = Counter[str]()
    for row in rows:
        left_out[row["effect"]] += row["row_count"]
    told = " and ".join(f"{left_out[effect]:,} {effect}s" for effect in ("row", "value"))
    console.print(f"Left out      {told}  (which and why: marts.data_quality)")


def _print_last_month(console: Console) -> None:
    """The last complete month of the tenant with the most conversations in it."""
    try:
        rows = ingestion.warehouse.query(
            """
            select *
            from marts.tenant_summary_monthly
            where is_complete
            order by period_start_date desc, total_conversations desc, tenant_key
            limit 1
            """
        ).to_pylist()
    except IngestionError:
        return
    if not rows:
        return
    [row] = rows
    title = f"{row['tenant_name']}, {row['period_start_date']:%B %Y}"
    table = Table(box=SIMPLE, pad_edge=False, title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for label, column, decimals, unit in _OF_A_MONTH:
        value = row[column]
        table.add_row(label, "-" if value is None else f"{value:,.{decimals}f}", unit)
    console.print()
    console.print(table)


def _print_next(console: Console, *, has_reports: bool) -> None:
    console.print("Next:")
    commands = [
        ("make ui", "the same graph in the browser: http://127.0.0.1:3000"),
        ("make run", "again: reads and builds only what changed"),
        (_PUBLISH, "publish the files again"),
    ]
    if settings.uses_sample:
        commands[1] = ("make sample-day run", "a day passes in the sample sources; only the change is read")
    if has_reports:
        page = f"open {_place(settings.exports_place)}/{INDEX}"
        commands.insert(0, (page, "the reports: last month of each business, for people"))
    for command, what in commands:
        console.print(f"  {command:<32}  {what}")
