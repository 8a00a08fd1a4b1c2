"""The command line of the ingestion: `python -m ingestion <command>`.

Belongs here: commands and exit codes. Not here: their options (command_line.py), what they do, nor tables for people
(report.py, operations/).
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console

from ingestion.command_line import parser
from ingestion.errors import ConfigurationError, IngestionError
from ingestion.loading.progress import listening
from ingestion.loading.reading import Again, parse_since
from ingestion.loading.report import print_results
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion
from ingestion.operations.adoption import adopt
from ingestion.operations.compaction import compact
from ingestion.operations.erasure import erase
from ingestion.operations.erasure import find as find_person
from ingestion.operations.inspection import inspect
from ingestion.operations.inspection_report import print_inspection
from ingestion.operations.judging import Grade, judge, worst
from ingestion.operations.persons import Person
from ingestion.operations.proposal import proposals, write
from ingestion.operations.rebuild import rebuild_chosen
from ingestion.operations.removal import find, remove
from ingestion.operations.report import (
    NOBODY,
    print_compactions,
    print_found,
    print_receipts,
    print_retained,
    print_status,
)
from ingestion.operations.retention import retain
from ingestion.operations.rotation import rotate
from ingestion.operations.status import read_status
from ingestion.output.private import keep_private
from ingestion.output.terminal import WRONG_USAGE, page, say, say_error
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings

STATUS_PATIENCE_SECONDS = 5.0

Command = Callable[[argparse.Namespace], list[str] | int]
"""Does what was asked for and prints it; returns the errors that remain to be told, or an exit code of its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when anything failed; `status` judges, and has codes of its own."""
    options = parser().parse_args(arguments)
    try:
        errors = COMMANDS[options.command](options)
    except IngestionError as error:
        errors = [str(error)]
    if isinstance(errors, int):
        return errors
    for line in errors:
        say_error(line)
    return 1 if errors else 0


def _status(options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    try:
        ingestion = Ingestion(Settings.read().with_patience(STATUS_PATIENCE_SECONDS))
        tables = read_status(ingestion, options.source, contact_sources=not options.no_source)
    except IngestionError as error:
        say_error(error)
        return WRONG_USAGE if isinstance(error, ConfigurationError) else Grade.CRITICAL
    judged = {(t.source, t.table): judge(t, now, ingestion.settings.now) for t in tables}
    if options.json:
        print(json.dumps([t.record() | judged[t.source, t.table].record() for t in tables], indent=2))
    else:
        print_status(page(), tables, now, judged)
    for fault in dict.fromkeys(t.fault for t in tables if t.fault):
        say_error(fault)
    return worst(judgement.grade for judgement in judged.values())


def _run(options: argparse.Namespace) -> list[str]:
    settings = Settings.read()
    if options.limit_rate:
        settings = settings.model_copy(update={"read_rows_per_second": options.limit_rate})
    ingestion = Ingestion(settings)
    with listening() as listener:
        if ingestion.ensure_sample():
            say("Made the sample sources in data/sample.")
        result = ingestion.run(listener, options.source, options.table)
    return _told(result.tables, result.errors)


def _reread(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    again = Again(parse_since(options.since) if options.since else None)
    with listening() as listener:
        result = ingestion.run(listener, options.source, options.table, again=again)
    return _told(result.tables, result.errors)


def _reconcile(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    with listening() as listener:
        result = ingestion.run(
            listener, options.source, options.table, keys_only=True, allow_deletes=options.allow_deletes
        )
    return _told(result.tables, result.errors)


def _rebuild(options: argparse.Namespace) -> list[str]:
    with listening() as listener:
        results = rebuild_chosen(
            Ingestion(Settings.read()),
            listener,
            options.source,
            options.table,
            replace_rows=options.replace,
            accept_undigested=options.accept_undigested,
        )
    return _told(results, [f"{r.label}: {r.error}" for r in results if r.error])


def _compact(options: argparse.Namespace) -> list[str]:
    settings = Settings.read()
    ingestion = Ingestion(settings)
    days = settings.compact_after_days if options.older_than_days is None else options.older_than_days
    if days < 0:
        raise ConfigurationError("--older-than-days can't be negative.")
    tables = ingestion.chosen_tables(options.source, None)
    ingestion.raw_tables()
    before = datetime.now(UTC) - timedelta(days=days)
    results = compact(ingestion.catalogue, ingestion.warehouse, tables, before)
    print_compactions(page(), results, days)
    return []


def _retain(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    retained = retain(ingestion, ingestion.chosen_tables(options.source, None), dry_run=options.dry_run)
    print_retained(page(), retained, ingestion.settings.retain_versions_days or 0, dry_run=options.dry_run)
    return retained.errors


def _prepare(_: argparse.Namespace) -> list[str]:
    absent = Ingestion(Settings.read()).prepare()
    print(f"Raw has the tables of {', '.join(absent)}." if absent else "Every source has a URL: nothing to prepare.")
    return []


def _rotate(_: argparse.Namespace) -> list[str]:
    with listening() as listener:
        results = rotate(Ingestion(Settings.read()), listener)
    if not results:
        print("Raw and archive are as declared, under PRIVACY_KEY: nothing to do.")
    return _told(results, [f"{r.label}: {r.error}" for r in results if r.error])


def _erase(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    person = _person(options)
    if options.dry_run:
        if person is None:
            return ["--dry-run needs to know who: --contact, --customer, or --source, --table and --id."]
        found = find_person(ingestion, person)
        print_found(page(), found)
        return [] if found else [NOBODY]
    with listening() as listener:
        outcome = erase(ingestion, person, listener, with_rows=options.with_rows)
    print_receipts(page(), outcome.done, ingestion.warehouse.history)
    if person is None and outcome.is_nothing:
        print("No erasure was begun: nothing to do.")
        return []
    return [NOBODY] if outcome.is_nothing else outcome.errors


def _person(options: argparse.Namespace) -> Person | None:
    """Who is asked for; None where an erasure that was begun is to be ended.

    Raises:
        ConfigurationError: nobody, or several.
    """
    row = (options.source, options.table, tuple(options.id))
    told = [value for value in (options.contact, options.customer, *[row] * any(row)) if value]
    if len(told) + options.resume != 1 or (any(row) and not all(row)):
        raise ConfigurationError(
            "Say who: --contact, or --customer, or --source with --table and --id; or --resume to end what was begun."
        )
    if options.resume:
        return None
    contact = sys.stdin.readline().strip() if options.contact == "-" else options.contact
    return Person(contact, options.customer, row if any(row) else None)


def _remove(options: argparse.Namespace) -> list[str]:
    ingestion = Ingestion(Settings.read())
    found = find(ingestion, options.source)
    what = f"raw_{found.source} with {len(found.raw)} tables, and {len(found.built)} tables and views built of it"
    if not options.yes:
        return [f"This would remove {what}. Say --yes if you mean it."]
    removed = remove(ingestion, found, with_archive=options.archive)
    print(f"Removed {what}.")
    kept = f"python -m ingestion rebuild --from-archive --source {found.source} brings raw back"
    print(f"Archive: {f'{removed.archived:,} files removed' if options.archive else f'kept; {kept}'}.")
    if found.shared_with:
        print(f"Models of it and {', '.join(found.shared_with)} are made anew by the next run.")
    print("Models of all systems together are without it after the next run. Published files stay.")
    return []


def _told(results: list[LoadResult], errors: list[str]) -> list[str]:
    if results:
        print_results(page(), results)
    return errors


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
    mapped = _propose(console, settings, options) if options.table is None else set()
    # The catalogue is of kinds: what a source calls otherwise is no further table of its kind.
    adoptable = [i for i in adoptable if i.source in SOURCES and i.source not in mapped]
    labels = ", ".join(f"{i.source}.{i.table}" for i in adoptable)
    name = settings.ingestion_catalogue.name
    if adoptable and options.write:
        adopt(settings.ingestion_catalogue, adoptable)
        console.print(f"Written to {name}: {labels}. CONTRIBUTING tells what else a source table needs.")
    elif adoptable:
        console.print(f"Not in {name}: {labels}. --write adds entries for them.")
    elif options.write:
        console.print(f"Nothing to add to {name}.")
    return errors


def _propose(console: Console, settings: Settings, options: argparse.Namespace) -> set[str]:
    """Say what the tables of a kind may be in sources that call them otherwise; returns these sources."""
    mapped = set()
    for proposal in proposals(settings, options.source):
        name, file = proposal.source.name, settings.sources_path.name
        mapped.add(str(name))
        if options.write and write(settings.sources_path, proposal):
            console.print(f"Written to {file}: a mapping of {name} to begin with. Read it, correct it, and run again.")
        else:
            console.print(f"{name} calls things otherwise. A mapping to begin with, for {file} (docs/sources.md):")
            console.print()
            # Line by line: what is shown is made harmless for terminals, line ends too.
            for line in proposal.text.splitlines():
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            console.print()
    return mapped


COMMANDS: dict[str, Command] = {
    "status": _status,
    "run": _run,
    "reread": _reread,
    "reconcile": _reconcile,
    "rebuild": _rebuild,
    "compact": _compact,
    "retain": _retain,
    "prepare": _prepare,
    "rotate-key": _rotate,
    "erase": _erase,
    "remove": _remove,
    "inspect": _inspect,
}


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    sys.exit(main())
