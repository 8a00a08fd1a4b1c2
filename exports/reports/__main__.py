"""The command line of the reports: `python -m exports.reports`."""

import argparse
import sys
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from exports.errors import ExportError
from exports.periods import CADENCES, Period
from exports.places import INDEX
from exports.reports.declaration import load_reports
from exports.reports.publish import ReportResult, publish
from ingestion.errors import IngestionError
from ingestion.output.private import keep_private
from ingestion.output.terminal import page, say_error
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import open_warehouse


def main(arguments: Sequence[str] | None = None) -> int:
    """Make reports; returns the exit code: 0, or 1 when any failed."""
    parser = argparse.ArgumentParser(
        prog="python -m exports.reports", description="Make reports for the last complete periods, or for one."
    )
    parser.add_argument("--name", help="one report, e.g. conversations")
    parser.add_argument(
        "--period", nargs="+", default=[], metavar="P", help="days (2026-10-31), weeks (2026-W44) or months (2026-10)"
    )
    given = parser.parse_args(arguments)
    results: list[ReportResult] = []
    try:
        settings = Settings.read()
        reports = load_reports(settings.reports_catalogue)
        if given.name is not None and given.name not in reports:
            raise ExportError(f"There is no report '{given.name}'. There are {', '.join(reports)}.")
        wanted = Period.several(given.period)
        warehouse = open_warehouse(settings.warehouse, settings.lock_timeout_seconds, settings.readers_wait_seconds)
        chosen = [given.name] if given.name else [name for name, of in reports.items() if of.keeps or not wanted]
        with warehouse.exclusive(), warehouse.reader() as query:
            if ("core", "dim_tenants") not in warehouse.tables(["core"]):
                raise ExportError("Nothing was built yet. Build it: .venv/bin/python -m orchestration run")
            results = publish(reports, dict.fromkeys(chosen, CADENCES), query, settings, wanted)
    except (ExportError, IngestionError) as error:
        say_error(str(error))
        return 1
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("report", no_wrap=True)
    for heading in ("made", "unchanged", "revised"):
        table.add_column(heading, justify="right", no_wrap=True)
    for r in results:
        table.add_row(r.report, *(f"{n:,}" for n in (r.made, r.unchanged, r.revised)))
    console = page()
    console.print(table)
    console.print(f"To read them, open {settings.exports_place}/{INDEX}")
    faults = [f"{result.report}: {fault}" for result in results for fault in result.faults]
    if wanted and not faults and not any(r.made + r.unchanged + r.revised for r in results):
        names = ", ".join(period.name for period in sorted(wanted))
        faults = [f"{names}: nothing was made, as no period of {', '.join(chosen)} is complete yet."]
    for fault in faults:
        say_error(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    sys.exit(main())
