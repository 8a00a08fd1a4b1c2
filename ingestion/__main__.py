"""The command line of the ingestion: `python -m ingestion run` and `python -m ingestion inspect`."""

import argparse
import sys
from collections.abc import Sequence

from ingestion.adoption import adopt
from ingestion.errors import IngestionError
from ingestion.inspection import inspect
from ingestion.inspection_report import print_inspection
from ingestion.progress import listening
from ingestion.report import page, print_results
from ingestion.run import Ingestion
from ingestion.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when any table failed or a source can't be inspected."""
    options = _parser().parse_args(arguments)
    try:
        errors: list[str] = options.command(options)
    except IngestionError as error:
        errors = [str(error)]
    for line in errors:
        print(f"error: {line}", file=sys.stderr)
    return 1 if errors else 0


def _run(options: argparse.Namespace) -> list[str]:
    settings = Settings.read()
    if options.limit_rate:
        settings = settings.model_copy(update={"read_rows_per_second": options.limit_rate})
    ingestion = Ingestion(settings)
    with listening() as listener:
        if ingestion.ensure_sample():
            print("Made the sample sources in data/sample.", file=sys.stderr)
        result = ingestion.run(listener, options.source, options.table)
    if result.tables:
        print_results(page(), result.tables)
    return result.errors


def _inspect(options: argparse.Namespace) -> list[str]:
    settings = Settings.read()
    console = page()
    errors, adoptable = [], []
    for inspection in inspect(settings, options.source, options.table):
        if isinstance(inspection, str):
            errors.append(inspection)
            continue
        print_inspection(console, inspection)
        if inspection.is_adoptable:
            adoptable.append(inspection)
    labels = ", ".join(f"{i.source}.{i.table}" for i in adoptable)
    name = settings.ingestion_catalogue.name
    if adoptable and options.write:
        adopt(settings.ingestion_catalogue, adoptable)
        console.print(f"Written to {name}: {labels}. CONTRIBUTING tells what else a source table needs.", markup=False)
    elif adoptable:
        console.print(f"Not in {name}: {labels}. --write adds entries for them.", markup=False)
    elif options.write:
        console.print(f"Nothing to add to {name}.", markup=False)
    return errors


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not rate > 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of rows above 0")
    return rate


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingestion", description="Load sources into the raw log.")
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="extract what changed, append it to raw")
    run.set_defaults(command=_run)
    inspect_ = commands.add_parser("inspect", help="show what sources have, and how their tables are best read")
    inspect_.set_defaults(command=_inspect)
    for command in (run, inspect_):
        command.add_argument("--source", help="one source system, e.g. whatsapp")
        command.add_argument("--table", help="one table of it, e.g. messages")
    run.add_argument("--limit-rate", type=_rate, metavar="ROWS_PER_SECOND", help="read no faster than that, on average")
    inspect_.add_argument("--write", action="store_true", help="add entries for tables that the catalogue lacks")
    return parser


if __name__ == "__main__":
    sys.exit(main())
