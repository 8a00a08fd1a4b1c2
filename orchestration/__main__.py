"""The command line of the orchestration: `python -m orchestration run` runs the main job as the UI does."""

import argparse
import atexit
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from alerts.listing import print_incidents
from alerts.looks import concerned, has_no_room, of_run, of_unreachable
from alerts.telling import open_incidents, tell, try_addresses
from exports.errors import ExportError
from ingestion.errors import ConfigurationError, IngestionError, SourceError, StorageError, one_line
from ingestion.loading.run import Ingestion
from ingestion.operations.judging import Grade
from ingestion.output.private import keep_private
from ingestion.output.terminal import Parser, page, say_error
from ingestion.settings import PROJECT_ROOT, Settings
from orchestration.console import say
from orchestration.profile import run_dbt

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.chain import Launch

_MAIN_JOB = "warehouse"
"""As configuration.py calls it, which can't be imported where settings are wrong or the warehouse does not answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when anything failed."""
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
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments[:1] == ["dbt"]:
            run_dbt(arguments[1:])
        if arguments[:1] == ["ui"]:
            return _ui(arguments[1:])
        options = parser.parse_args(arguments)
        if options.command in ("health", "forget"):
            return _health(as_json=options.json) if options.command == "health" else _forget(options.older_than_days)
        prepare_home()
        done: Mapping[str, Callable[[], int]] = {
            **dict.fromkeys(("run", "nightly", "refresh"), lambda: _telling(lambda: _run(_first(options)))),
            "prepare": _prepare,
            "alerts": lambda: _alerts(tests=options.test),
            "copy": lambda: _copy(options.tenant, options.file),
        }
        # Where a command needs them, it imports the rest: settings, catalogues and manifest are read then.
        return done[options.command]()
    except (IngestionError, ExportError) as error:
        say_error(error)
        return 1


def prepare_home() -> Path:
    """Make sure that Dagster has a home with this project's dagster.yaml; returns it."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT / "data" / "dagster")))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(PROJECT_ROOT / "orchestration" / "dagster.yaml", home / "dagster.yaml")
    return home


def _ui(arguments: Sequence[str]) -> int:
    if status := main(["prepare"]):
        return status
    from orchestration.webserver import develop  # noqa: PLC0415

    develop(["--workspace", str(PROJECT_ROOT / "workspace.yaml"), *arguments])
    return 0


def _days(value: str) -> int:
    days = int(value)
    if days < 0:
        raise ValueError
    return days


def _health(*, as_json: bool) -> int:
    from orchestration.health import run_health  # noqa: PLC0415

    try:
        return run_health(prepare_home(), as_json=as_json)
    except OSError as error:
        say_error(f"Dagster's folder can't be made, so nothing can run: {error.strerror}.")
        return Grade.CRITICAL


def _forget(days: int) -> int:
    prepare_home()
    import dagster as dg  # noqa: PLC0415

    from orchestration.retention import forget_runs  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        count = forget_runs(instance, datetime.now(UTC) - timedelta(days=days))
    print(f"{count:,} runs of more than {days} days ago deleted")
    return 0


def _copy(tenants: Sequence[str], file: Path) -> int:
    from orchestration.snapshot import publish_part  # noqa: PLC0415

    size = publish_part(tenants, file)
    print(f"{file}: {size:,} bytes of {', '.join(tenants)}")
    return 0


def _alerts(*, tests: bool) -> int:
    settings = Settings.read()
    if tests:
        outcomes = try_addresses(settings)
        for variable, fault in outcomes.items():
            print(f"{variable}: {'sent' if fault is None else 'not sent'}")
        for variable, fault in outcomes.items():
            if fault is not None:
                say_error(f"{variable}: {fault}")
        if not outcomes:
            say_error("ALERT_URLS is not set: nobody is told. Set it in the environment or in .env.")
        return 1 if not outcomes or any(outcomes.values()) else 0
    print_incidents(page(), open_incidents(settings), settings.send_timezone)
    return 0


def _prepare() -> int:
    import dagster as dg  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        _close_killed(instance)
    return 0


def _close_killed(instance: "dg.DagsterInstance", tags: Mapping[str, str] | None = None) -> bool:
    """Mark as failed, and tell of, runs whose process was killed; whether there were any."""
    from orchestration import told  # noqa: PLC0415
    from orchestration.interrupted import close_interrupted_runs  # noqa: PLC0415

    closed = close_interrupted_runs(instance, tags)
    for run_id in closed:
        say(f"run {run_id} had been killed: marked as failed")
        if run := instance.get_run_by_id(run_id):
            told.killed(run.job_name)
    return bool(closed)


def _telling(run: Callable[[], int]) -> int:
    """Run the jobs, and tell people of whatever ends them that they have not told themselves.

    Raises:
        IngestionError, ExportError: what has ended them.
    """
    try:
        return run()
    except SourceError:
        # Of each source that can't be read people are told by its name.
        raise
    except Exception as error:
        with suppress(IngestionError):
            tell(Settings.read(), of_run(_MAIN_JOB, f"{one_line(error)}", is_over=False))
        if has_no_room(str(error)):
            raise StorageError(f"A disk is full or broken: {one_line(error)}") from None
        raise


def _first(options: argparse.Namespace) -> "Launch | None":
    """The run that a command begins with; None where it has nothing to do.

    Raises:
        ConfigurationError: there is no such system.
        SourceError: no source can be read.
        StorageError: the archive's place can't be used.
    """
    if options.command == "run" and not options.without_extraction:
        _check_sources()
    from orchestration.chain import Launch, next_launch  # noqa: PLC0415
    from orchestration.configuration import JOB, NIGHTLY_JOB, REFRESH_JOBS  # noqa: PLC0415

    if options.command == "nightly":
        return Launch(NIGHTLY_JOB, is_of_the_night=True)
    if options.command == "refresh":
        if options.system not in REFRESH_JOBS:
            raise ConfigurationError(f"There is no system '{options.system}'. Use one of: {', '.join(REFRESH_JOBS)}.")
        return Launch(REFRESH_JOBS[options.system])
    return next_launch(JOB) if options.without_extraction else Launch(JOB)


def _check_sources() -> None:
    """See to it that a run has something to read, before what takes long is read. Raises as `_first`."""
    settings = Settings.read()
    ingestion = Ingestion(settings)
    if ingestion.ensure_sample():
        say("made the sample sources in data/sample")
    ingestion.archive.check()
    if faults := ingestion.check_sources():
        tell(settings, of_unreachable(faults, {name: concerned(name, ingestion.kind(name)) for name in faults}))
    if faults and len(faults) == len(ingestion.sources):
        *others, last = faults.values()
        for fault in others:
            say_error(fault)
        raise SourceError(last)


def _run(launch: "Launch | None") -> int:
    """A run, and what it makes due, one after the other in this process."""
    import dagster as dg  # noqa: PLC0415

    from orchestration import told  # noqa: PLC0415
    from orchestration.chain import FOLLOWING, IN_ONE_PROCESS, UNATTENDED, WRITE_RAW, next_launch  # noqa: PLC0415
    from orchestration.configuration import JOB  # noqa: PLC0415
    from orchestration.extraction import extraction  # noqa: PLC0415
    from orchestration.interrupted import running  # noqa: PLC0415
    from orchestration.summary import print_summary  # noqa: PLC0415

    jobs = [*([launch.job] if launch else []), *FOLLOWING]
    events: list[dg.DagsterEvent] = []
    is_well, failed = True, dict[str, list[told.Failed]]()
    with running(Path(os.environ["DAGSTER_HOME"])) as was_killed, dg.DagsterInstance.get() as instance:
        if was_killed is not None and not _close_killed(instance, IN_ONE_PROCESS) and was_killed:
            told.killed(JOB)
        while launch:
            definitions = extraction
            if launch.job not in WRITE_RAW:
                from orchestration.definitions import defs as definitions  # noqa: PLC0415
            result = definitions.resolve_job_def(launch.job).execute_in_process(
                instance=instance,
                raise_on_error=False,
                asset_selection=None if launch.assets is None else list(launch.assets),
                tags=IN_ONE_PROCESS | launch.tags,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
            events += result.all_events
            is_well &= result.success
            failed[launch.job] = [
                (str(e.step_key), e.step_failure_data) for e in result.all_events if e.is_step_failure
            ]
            if launch.job in UNATTENDED:
                told.ended(launch.job, failed[launch.job], is_over=False)
            launch = next_launch(launch.job, is_of_the_night=launch.is_of_the_night)
        # Not before the last: between two of them a fault is the first one's, too. What did not run had nothing to do.
        for job in dict.fromkeys(job for job in (*jobs, *failed) if job in UNATTENDED):
            told.ended(job, failed.get(job, ()))
    print_summary(page(), events)
    for failures in failed.values():
        for step, failure in failures:
            say_error(f"{step}: {told.cause(failure)}")
    return 0 if is_well else 1


def _leave(status: int) -> NoReturn:
    """End this process, which Python would first take apart, object by object: a second or two of a run."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    _leave(main())
