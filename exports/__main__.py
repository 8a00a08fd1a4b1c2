"""The command line of the exports: `python -m exports run`."""

import argparse
import sys
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from exports.catalogue import load_exports
from exports.errors import ExportError
from exports.publish import ExportResult, check_place, publish
from ingestion.errors import IngestionError
from ingestion.output.terminal import page, say_error
from ingestion.settings import SOURCES, Settings
from ingestion.warehouses import open_warehouse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when any export failed."""
    parser = argparse.ArgumentParser(prog="python -m exports", description="Publish marts as files.")
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="publish complete periods that are new or have changed")
    run.add_argument("--name", help="one export, e.g. costs_daily")
    return _run(parser.parse_args(arguments).name)


def _run(name: str | None) -> int:
    results: list[ExportResult] = []
    faults: list[str] = []
    try:
        settings = Settings.read()
        exports = load_exports(settings.exports_catalogue)
        if name is not None and name not in exports:
            raise ExportError(f"Unknown export '{name}'. Use one of: {', '.join(exports)}.")
        check_place(settings.exports)
        warehouse = open_warehouse(settings.warehouse, settings.lock_timeout_seconds)
        present = {*settings.source_urls, *warehouse.loaded_sources(SOURCES)}
        chosen = [exports[name]] if name else [export for export in exports.values() if export.source in present]
        with warehouse.exclusive(), warehouse.reader() as query:
            for export in chosen:
                try:
                    result = publish(export, query, settings.exports)
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
