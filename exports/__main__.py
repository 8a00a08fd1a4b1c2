"""The command line of the exports: `python -m exports run`, and `move` for files of earlier versions."""

import argparse
import sys
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from exports.catalogue import ALL_SOURCES, load_exports
from exports.errors import ExportError
from exports.former_layout import move
from exports.periods import MARTS, Period
from exports.places import Destination
from exports.publish import ExportResult, Publisher, check_place
from ingestion.errors import IngestionError
from ingestion.output.terminal import page, say, say_error
from ingestion.settings import SOURCES, Settings
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
    options = parser.parse_args(arguments)
    return _run(options.name, options.period) if options.command == "run" else _move()


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
        warehouse = open_warehouse(settings.warehouse, settings.lock_timeout_seconds)
        present = {*settings.source_urls, *warehouse.loaded_sources(SOURCES), ALL_SOURCES}
        chosen = [exports[name]] if name else [export for export in exports.values() if export.source in present]
        if wanted and not name:
            chosen = [export for export in chosen if export.cadence == MARTS[wanted[0].cadence]]
            if not chosen:
                raise ExportError(f"No export is {MARTS[wanted[0].cadence]}.")
        with warehouse.exclusive(), warehouse.reader() as query:
            publisher = Publisher(query, settings.exports)
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
        with open_warehouse(settings.warehouse, settings.lock_timeout_seconds).exclusive():
            for done in move(Destination(settings.exports)):
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
    sys.exit(main())
