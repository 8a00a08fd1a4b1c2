"""The command line of the exports: `python -m exports run`, `deliver`, `deliveries`, `retain`, `move` for old files."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from exports.catalogue import ALL_SOURCES, load_exports
from exports.delivery.results import DeliveryResult
from exports.delivery.run import deliver, deliver_again, note_arrival, read_ledger
from exports.errors import ExportError
from exports.former_layout import move
from exports.periods import MARTS, Period
from exports.places import Destination
from exports.publish import ExportResult, Publisher, check_place
from exports.retention import retain
from ingestion.errors import IngestionError
from ingestion.output.private import keep_private, readers_of
from ingestion.output.terminal import page, say, say_error
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings
from ingestion.warehouses import open_warehouse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when any export failed."""
    parser = argparse.ArgumentParser(prog="python -m exports", description="Publish marts as files.")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    run = commands.add_parser("run", help="publish complete periods that are new or have changed")
    run.add_argument("--name", help="one export, e.g. costs_monthly")
    run.add_argument(
        "--period",
        nargs="+",
        default=[],
        metavar="P",
        help="only these, once more: days (2026-10-31), weeks (2026-W44) or months (2026-10)",
    )
    commands.add_parser("move", help="put files of earlier versions into their recipients' folders, with their history")
    retain = commands.add_parser("retain", help="remove what was superseded more than RETAIN_REVISIONS_DAYS ago")
    retain.add_argument("--dry-run", action="store_true", help="tell what would be removed, and change nothing")
    send = commands.add_parser("deliver", help="send what is due to whom the catalogues name")
    one = send.add_mutually_exclusive_group()
    one.add_argument("--name", help="one report or export, e.g. conversations")
    one.add_argument("--again", metavar="ID", help="send what is perhaps sent, or was sent, once more")
    one.add_argument("--arrived", metavar="ID", help="note of what is perhaps sent that it arrived")
    commands.add_parser("deliveries", help="what was sent when to whom")
    options = parser.parse_args(arguments)
    match options.command:
        case "run":
            return _run(options.name, options.period)
        case "retain":
            return _retain(is_dry=options.dry_run)
        case "deliver":
            return _deliver(options.name, options.again, options.arrived)
        case "deliveries":
            return _list_deliveries()
        case _:
            return _move()


def _run(name: str | None, periods: Sequence[str]) -> int:
    results: list[ExportResult] = []
    faults: list[str] = []
    try:
        settings = Settings.read()
        exports = load_exports(settings.exports_catalogue)
        if name is not None and name not in exports:
            raise ExportError(f"Unknown export '{name}'. Use one of: {', '.join(exports)}.")
        wanted = Period.several(periods)
        check_place(settings.exports)
        warehouse = open_warehouse(settings.warehouse, settings.lock_timeout_seconds, settings.readers_wait_seconds)
        built = {name for _, name in warehouse.tables(("intermediate",))}
        modelled = [system for system in SOURCES if f"int_{system}__built" in built]
        present = {*settings.source_urls, *warehouse.loaded_sources(SOURCES), *modelled, ALL_SOURCES}
        chosen = [exports[name]] if name else [export for export in exports.values() if export.source in present]
        if wanted and not name:
            chosen = [export for export in chosen if export.cadence == MARTS[wanted[0].cadence]]
            if not chosen:
                raise ExportError(f"No export is {MARTS[wanted[0].cadence]}.")
        with warehouse.exclusive(), warehouse.reader() as query:
            readers = readers_of(settings.readers_group, PROJECT_ROOT)
            publisher = Publisher(query, settings.exports, readers, warehouse.tables(("core", "marts")))
            for export in chosen:
                try:
                    result = publisher.publish(export, wanted=wanted)
                    results.append(result)
                    faults += [f"{export.name}: {fault}" for fault in result.faults]
                except (ExportError, IngestionError) as error:
                    faults.append(f"{export.name}: {error}")
    except (ExportError, IngestionError) as error:
        faults.append(str(error))
    if results:
        print_results(page(), results)
        print(f"Files and manifests lie in {settings.exports_place}")
    for fault in faults:
        say_error(fault)
    return 1 if faults else 0


def _move() -> int:
    faults: list[str] = []
    moved = 0
    try:
        settings = Settings.read()
        with open_warehouse(
            settings.warehouse, settings.lock_timeout_seconds, settings.readers_wait_seconds
        ).exclusive():
            for done in move(Destination(settings.exports, readers_of(settings.readers_group, PROJECT_ROOT))):
                if isinstance(done, ExportError):
                    faults.append(str(done))
                    continue
                moved += 1
                say(f"{done.export}: {done.files:,} files, to {done.recipients:,} recipients", sys.stdout)
    except IngestionError as error:
        faults.append(str(error))
    if not moved and not faults:
        print("Nothing lies where earlier versions put it.")
    for fault in faults:
        say_error(fault)
    return 1 if faults else 0


def _retain(*, is_dry: bool) -> int:
    try:
        settings = Settings.read()
        if settings.retain_revisions_days is None:
            print("RETAIN_REVISIONS_DAYS is not set: nothing to do.")
            return 0
        found = retain(settings, settings.retain_revisions_days, is_dry=is_dry)
    except (ExportError, IngestionError) as error:
        say_error(str(error))
        return 1
    done = "would be" if is_dry else "were"
    print(
        f"{len(found.revisions):,} files of earlier revisions {done} removed, and the former values of "
        f"{found.restatements:,} restatements."
    )
    return 0


def _deliver(name: str | None, again: str | None, arrived: str | None) -> int:
    try:
        settings = Settings.read()
        if arrived:
            entry = note_arrival(settings, arrived)
            print(f"{entry.kind} {entry.name}, {entry.period}, to {entry.target}: noted as sent.")
            return 0
        results = [deliver_again(settings, again)] if again else deliver(settings, name and [name])
    except (ExportError, IngestionError) as error:
        say_error(str(error))
        return 1
    print_deliveries(page(), results)
    wrong = [result for result in results if result.outcome != "sent"]
    for r in wrong:
        whose = " ".join(part for part in (r.what, r.recipient, r.period) if part)
        say_error(f"{whose} to {r.target}: {r.outcome}: {r.reason}")
    return 1 if wrong else 0


def _list_deliveries() -> int:
    try:
        entries = read_ledger(Settings.read())
    except (ExportError, IngestionError) as error:
        say_error(str(error))
        return 1
    table = Table(box=SIMPLE, pad_edge=False)
    for heading in ("id", "state", "since (UTC)", "what", "to", "of", "period"):
        table.add_column(heading, no_wrap=heading in ("id", "state", "since (UTC)"), overflow="fold")
    for e in entries:
        since = f"{e.changed_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        period = f"{e.period or ''}{f' (revision {e.revision})' if e.revision > 1 else ''}"
        table.add_row(e.delivery_id, e.state, since, f"{e.kind} {e.name}", e.target, e.recipient, period)
    page().print(table)
    for e in entries:
        if e.reason:
            say(f"{e.delivery_id}: {e.reason}", sys.stdout)
    return 0


def print_deliveries(console: Console, results: Sequence[DeliveryResult]) -> None:
    """One line for each that was sent, failed or is perhaps sent."""
    if not results:
        console.print("Nothing is due.")
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for heading in ("what", "to", "of", "period", "revision", "outcome", "id"):
        table.add_column(heading, no_wrap=heading in ("outcome", "id"))
    for r in results:
        revision = str(r.revision) if r.revision else ""
        table.add_row(r.what, r.target, r.recipient, r.period, revision, r.outcome, r.delivery_id or "")
    console.print(table)


def print_results(console: Console, results: Sequence[ExportResult]) -> None:
    """One line per export. Counts are files."""
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("export", no_wrap=True)
    for heading in ("published", "unchanged", "restated", "withdrawn"):
        table.add_column(heading, justify="right", no_wrap=True)
    for r in results:
        table.add_row(r.export, *(f"{n:,}" for n in (r.published, r.unchanged, r.restated, r.withdrawn)))
    console.print(table)


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    sys.exit(main())
