"""The command line of the ingestion: `python -m ingestion <command>`.

Belongs here: commands, their options, exit codes. Not here: what they do, nor tables for people (report.py,
operations/).
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from rich.console import Console

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
from ingestion.output.terminal import WRONG_USAGE, Parser, page, say, say_error
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings

STATUS_PATIENCE_SECONDS = 5.0

Command = Callable[[argparse.Namespace], list[str] | int]
"""Does what was asked for and prints it; returns the errors that remain to be told, or an exit code of its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when anything failed; `status` judges, and has codes of its own."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        errors = command(options)
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


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not rate > 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of rows above 0")
    return rate


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m ingestion", description="Load sources into the raw log.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, summary: str, more: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {more}")
        added.set_defaults(command=command)
        added.add_argument("--source", help="one source system, e.g. whatsapp")
        return added

    run = add("run", _run, "extract what changed, append it to raw")
    run.add_argument("--limit-rate", type=_rate, metavar="ROWS_PER_SECOND", help="read no faster than that, on average")
    inspect_ = add("inspect", _inspect, "show what sources have, and how their tables are best read")
    inspect_.add_argument("--write", action="store_true", help="add entries for tables that the catalogue lacks")
    status = add(
        "status",
        _status,
        "tell how fresh raw is",
        "Per table: how it is read, from where the next read starts, how long ago it was read, read in full, and its "
        "keys compared; rows and versions in raw, rows on record as rejected; rows in the source, and by how much its "
        "newest row is newer than the watermark. Judged by how old the catalogue lets it be. Exit code 0: well, 1: "
        "warning, 2: critical, 64: wrong usage or settings.",
    )
    status.add_argument("--no-source", action="store_true", help="look at the warehouse alone")
    status.add_argument("--json", action="store_true", help="for programs")
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
    reread = add(
        "reread",
        _reread,
        "read a table once more, in full or since a date",
        "For rows that were changed behind the cursor's back. What differs from raw is appended, and nothing twice; a "
        "read in full finds what is gone, too. Needs --source and --table.",
    )
    reread.add_argument(
        "--since",
        metavar="DATE",
        help="rows whose cursor is no earlier than this day or instant (UTC); in full unless given",
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
    rebuild_.add_argument(
        "--accept-undigested",
        action="store_true",
        help="also files of which the archive's list has no digest; they are taken as they are, and noted",
    )
    compact_ = add(
        "compact",
        _compact,
        "remove row versions that were superseded long ago",
        "The latest version of every row stays, and every version that the models have not seen superseded. The "
        "archive keeps all: a rebuild brings them back.",
    )
    compact_.add_argument(
        "--older-than-days", type=float, metavar="N", help="superseded so long ago; COMPACT_AFTER_DAYS unless given"
    )
    retain_ = add(
        "retain",
        _retain,
        "let go what is past its age",
        "Values of personal columns with anonymise_after_days, in raw, the archive and the records of rejected rows; "
        "records of rejected rows that stand no more, where RETAIN_REJECTED_DAYS is set; superseded versions in raw, "
        "where RETAIN_VERSIONS_DAYS is set. Nothing unless set; no number changes. A call that was killed is ended by "
        "the next.",
    )
    retain_.add_argument("--dry-run", action="store_true", help="tell what would go, and change nothing")
    prepare = commands.add_parser(
        "prepare",
        help="make empty raw tables for sources without a URL",
        description="What `dbt build` needs by itself, without being told which systems there are.",
    )
    prepare.set_defaults(command=_prepare)
    rotate_ = commands.add_parser(
        "rotate-key",
        help="bring raw and archive to PRIVACY_KEY and to what the catalogue keeps of personal columns",
        description="Hashes pseudonyms that were made with PRIVACY_KEY_BEFORE once more, under PRIVACY_KEY, and puts "
        "pseudonyms in the place of values that raw held when the catalogue kept them clear. Every number stays. A "
        "call that was killed is finished by the next.",
    )
    rotate_.set_defaults(command=_rotate)
    erase_ = add(
        "erase",
        _erase,
        "erase a person",
        "What is personal goes in all of the person's rows and in what belongs to them: from raw, the archive and what "
        "is built. Chance stands in the place of pseudonyms, so that numbers stay. Later reads do not bring it back. A "
        "call that was killed is ended by the next.",
    )
    erase_.add_argument(
        "--contact", metavar="VALUE", help="a telephone number, an e-mail address, ...; - reads it from standard input"
    )
    erase_.add_argument("--customer", metavar="KEY", help="customer_key, as in core.dim_customers")
    erase_.add_argument(
        "--id", action="append", default=[], help="the key of a row of --table; of several columns one after the other"
    )
    erase_.add_argument("--with-rows", action="store_true", help="the rows as well: numbers are without them")
    erase_.add_argument("--dry-run", action="store_true", help="tell what would be erased, and change nothing")
    erase_.add_argument("--resume", action="store_true", help="end what was begun, and erase nobody else")
    remove_ = commands.add_parser(
        "remove",
        help="take a source system away",
        description="Drops its raw log and all that was built of it. Its URL must not be set any more.",
    )
    remove_.set_defaults(command=_remove)
    remove_.add_argument("source", help="the source system, e.g. shop")
    remove_.add_argument("--yes", action="store_true", help="say that you mean it")
    remove_.add_argument("--archive", action="store_true", help="the archive's files too: its rows are gone for good")
    for command in (run, inspect_, reread, reconcile, rebuild_, erase_):
        command.add_argument("--table", help="one table of it, e.g. messages")
    return parser


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    sys.exit(main())
