"""The command line of the ingestion: `python -m ingestion run`."""

import argparse
import sys
from collections.abc import Sequence

from ingestion.errors import IngestionError
from ingestion.progress import listening
from ingestion.report import page, print_results
from ingestion.run import Ingestion
from ingestion.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when any table failed."""
    options = _parser().parse_args(arguments)
    try:
        ingestion = Ingestion(Settings.read())
        with listening() as listener:
            if ingestion.ensure_sample():
                print("Made the sample sources in data/sample.", file=sys.stderr)
            result = ingestion.run(listener, options.source, options.table)
    except IngestionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if result.tables:
        print_results(page(), result.tables)
    for line in result.errors:
        print(f"error: {line}", file=sys.stderr)
    return 1 if result.errors else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingestion", description="Load sources into the raw log.")
    commands = parser.add_subparsers(required=True, metavar="command")
    run = commands.add_parser("run", help="extract what changed, append it to raw")
    run.add_argument("--source", help="one source system, e.g. whatsapp")
    run.add_argument("--table", help="one table of it, e.g. messages")
    return parser


if __name__ == "__main__":
    sys.exit(main())
