"""The command line of the orchestration: `python -m orchestration run` runs the main job as the UI does.

Belongs here: commands, their options and exit codes. Not here: what they do (commands.py), the import of which takes
seconds: who asks for help or mistypes does not wait for it.
"""

import argparse
import atexit
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from exports.errors import ExportError
from ingestion.errors import IngestionError
from ingestion.output.private import keep_private
from ingestion.output.terminal import Parser, say_error
from ingestion.settings import PROJECT_ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when anything failed; `health` judges, and has codes of its own."""
    arguments = sys.argv[1:] if arguments is None else arguments
    others = arguments[1:]
    options = _parser().parse_args(arguments[:1] if arguments[:1] in (["dbt"], ["ui"]) else arguments)
    try:
        if options.command == "dbt":
            from orchestration.profile import run_dbt  # noqa: PLC0415

            run_dbt(others)
        from orchestration import commands  # noqa: PLC0415

        done: Mapping[str, Callable[[], int]] = {
            **dict.fromkeys(("run", "nightly", "refresh"), lambda: commands.run(options)),
            "prepare": commands.prepare,
            "ui": lambda: commands.ui(others),
            "forget": lambda: commands.forget(options.older_than_days),
            "alerts": lambda: commands.alerts(tests=options.test),
            "health": lambda: commands.health(as_json=options.json),
            "copy": lambda: commands.copy(options.tenant, options.file),
        }
        return done[options.command]()
    except (IngestionError, ExportError) as error:
        say_error(error)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m orchestration", description="Run the warehouse.")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    run = commands.add_parser("run", help="sources → raw, then the models, copy and exports that are due")
    run.add_argument("--without-extraction", action="store_true", help="no source is read: what is due of raw as it is")
    commands.add_parser("nightly", help="the night's work: keys compared, what is past its age let go, all data tests")
    refresh = commands.add_parser("refresh", help="make a system's models anew from all of raw, then what follows")
    refresh.add_argument("system", help="a source system, e.g. whatsapp; cross_source: what reads several")
    commands.add_parser("prepare", help="make Dagster's home and dbt's manifest, mark runs as failed that were killed")
    commands.add_parser("ui", add_help=False, help="Dagster's UI, with its daemon, as `dg dev` starts them")
    commands.add_parser("dbt", add_help=False, help="dbt's own command line, on the warehouse of the settings")
    forget = commands.add_parser("forget", help="delete Dagster's record of old runs; the warehouse needs none of it")
    forget.add_argument("--older-than-days", type=_days, default=90, metavar="N", help="default: %(default)s")
    alerts = commands.add_parser(
        "alerts", help="what is wrong as far as runs and other looks have told, and since when"
    )
    alerts.add_argument("--test", action="store_true", help="send a message to each of ALERT_URLS")
    health = commands.add_parser(
        "health",
        help="how everything is: exit code 0 well, 1 a warning, 2 critical, 64 wrong usage",
        description="Looks at what no run can see: how old tables and marts are, whether anything runs, silence and "
        "surges in the counts, disks. Starts no run and asks no source.",
    )
    health.add_argument("--json", action="store_true", help="for programs")
    copy = commands.add_parser("copy", help="make a file for BI tools with the rows of some tenants alone")
    copy.add_argument("file", type=Path, help="the DuckDB file; what is there is replaced")
    copy.add_argument(
        "--tenant", action="append", required=True, metavar="KEY", help="as in core.dim_tenants; may be repeated"
    )
    return parser


def _days(value: str) -> int:
    days = int(value)
    if days < 0:
        raise ValueError
    return days


def _leave(status: int) -> NoReturn:
    """End this process, which Python would first take apart, object by object: a second or two of a run."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    _leave(main())
