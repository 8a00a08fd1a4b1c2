"""The command line of the ingestion: `python -m ingestion <command>`.

Belongs here: commands, their options, exit codes. Not here: what they do, nor tables for people (report.py).
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from ingestion.errors import IngestionError
from ingestion.progress import listening
from ingestion.rebuild import rebuild
from ingestion.report import page, print_results
from ingestion.results import LoadResult
from ingestion.run import Ingestion
from ingestion.settings import Settings

Command = Callable[[argparse.Namespace], list[str]]
"""Does what was asked for and prints it; returns the errors that remain to be told."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when anything failed."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        errors = command(options)
    except IngestionError as error:
        errors = [str(error)]
    for line in errors:
        print(f"error: {line}", file=sys.stderr)
    return 1 if errors else 0


def _run(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    with listening() as listener:
        if ingestion.ensure_sample():
            print("Made the sample sources in data/sample.", file=sys.stderr)
        result = ingestion.run(listener, options.source, options.table)
    return _told(result.tables, result.errors)


def _reconcile(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    with listening() as listener:
        result = ingestion.run(
            listener, options.source, options.table, keys_only=True, allow_deletes=options.allow_deletes
        )
    return _told(result.tables, result.errors)


def _rebuild(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    tables = ingestion.chosen_tables(options.source, options.table)
    with listening() as listener:
        results = rebuild(
            ingestion.archive,
            ingestion.catalogue,
            ingestion.warehouse,
            listener,
            tables,
            replace_rows=options.replace,
        )
    return _told(results, [f"{r.label}: {r.error}" for r in results if r.error])


def _told(results: list[LoadResult], errors: list[str]) -> list[str]:
    if results:
        print_results(page(), results)
    return errors


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingestion", description="Load sources into the raw log.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, summary: str, more: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {more}")
        added.set_defaults(command=command)
        added.add_argument("--source", help="one source system, e.g. whatsapp")
        return added

    run = add("run", _run, "extract what changed, append it to raw")
    reconcile = add(
        "reconcile",
        _reconcile,
        "compare the sources' keys with raw at once",
        "Fetches the rows that raw lacks and appends deletes for those that are gone. Other rows are not read. Exit "
        "code 1 when deletes were refused.",
    )
    reconcile.add_argument(
        "--allow-deletes", action="store_true", help="delete however many rows are gone; needs --source and --table"
    )
    rebuild_ = add(
        "rebuild",
        _rebuild,
        "rebuild raw from the archive, without the sources",
        "Every version comes back as it was, in the warehouse of WAREHOUSE_URL, whichever engine wrote the archive; "
        "the next run reads on from there. Each table is rebuilt whole or not at all.",
    )
    rebuild_.add_argument("--from-archive", action="store_true", required=True, help="say that you mean the archive")
    rebuild_.add_argument("--replace", action="store_true", help="also tables that hold rows: these are replaced")
    for command in (run, reconcile, rebuild_):
        command.add_argument("--table", help="one table of it, e.g. messages")
    return parser


if __name__ == "__main__":
    sys.exit(main())
