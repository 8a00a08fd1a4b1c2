"""What can be said on the ingestion's command line.

Belongs here: commands' names, their options, and what is told of them. Not here: doing them (__main__.py).
"""

import argparse

from ingestion.output.terminal import Parser


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not rate > 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of rows above 0")
    return rate


def parser() -> argparse.ArgumentParser:
    """Of the whole line: `command` is the name of what is asked for."""
    line = Parser(prog="python -m ingestion", description="Load sources into the raw log.")
    commands = line.add_subparsers(required=True, metavar="command")

    def add(name: str, summary: str, more: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}. {more}")
        added.set_defaults(command=name)
        added.add_argument("--source", help="one source system, e.g. whatsapp")
        return added

    run = add("run", "extract what changed, append it to raw")
    run.add_argument("--limit-rate", type=_rate, metavar="ROWS_PER_SECOND", help="read no faster than that, on average")
    inspect_ = add("inspect", "show what sources have, and how their tables are best read")
    inspect_.add_argument("--write", action="store_true", help="add entries for tables that the catalogue lacks")
    status = add(
        "status",
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
        "compare the sources' keys with raw at once",
        "Fetches the rows that raw lacks and appends deletes for those that are gone. Other rows are not read. Exit "
        "code 1 when deletes were refused.",
    )
    reconcile.add_argument(
        "--allow-deletes", action="store_true", help="delete however many rows are gone; needs --source and --table"
    )
    reread = add(
        "reread",
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
        "remove row versions that were superseded long ago",
        "The latest version of every row stays, and every version that the models have not seen superseded. The "
        "archive keeps all: a rebuild brings them back.",
    )
    compact_.add_argument(
        "--older-than-days", type=float, metavar="N", help="superseded so long ago; COMPACT_AFTER_DAYS unless given"
    )
    retain_ = add(
        "retain",
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
    prepare.set_defaults(command="prepare")
    rotate_ = commands.add_parser(
        "rotate-key",
        help="bring raw and archive to PRIVACY_KEY and to what the catalogue keeps of personal columns",
        description="Hashes pseudonyms that were made with PRIVACY_KEY_BEFORE once more, under PRIVACY_KEY, and puts "
        "pseudonyms in the place of values that raw held when the catalogue kept them clear. Every number stays. A "
        "call that was killed is finished by the next.",
    )
    rotate_.set_defaults(command="rotate-key")
    erase_ = add(
        "erase",
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
    remove_.set_defaults(command="remove")
    remove_.add_argument("source", help="the source system, e.g. shop")
    remove_.add_argument("--yes", action="store_true", help="say that you mean it")
    remove_.add_argument("--archive", action="store_true", help="the archive's files too: its rows are gone for good")
    for command in (run, inspect_, reread, reconcile, rebuild_, erase_):
        command.add_argument("--table", help="one table of it, e.g. messages")
    return line
