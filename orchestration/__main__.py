"""The command line of the orchestration: `python -m orchestration run` runs the main job as the UI does."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from exports.errors import ExportError
from ingestion.errors import ConfigurationError, IngestionError, SourceError
from ingestion.output.private import keep_private
from ingestion.output.terminal import page, say_error
from ingestion.settings import PROJECT_ROOT
from orchestration.console import say
from orchestration.profile import run_dbt

if TYPE_CHECKING:
    from dagster._core.execution.plan.objects import StepFailureData

    from orchestration.chain import Launch


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 when anything failed."""
    parser = argparse.ArgumentParser(prog="python -m orchestration", description="Run the warehouse.")
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
        prepare_home()
        if options.command == "forget":
            return _forget(options.older_than_days)
        # Settings, catalogues and manifest are read when this is imported.
        from orchestration import configuration  # noqa: F401, PLC0415

        if options.command == "copy":
            return _copy(options.tenant, options.file)
        return _prepare() if options.command == "prepare" else _run(_first(options))
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


def _forget(days: int) -> int:
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


def _prepare() -> int:
    import dagster as dg  # noqa: PLC0415

    from orchestration.interrupted import close_interrupted_runs  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        for run_id in close_interrupted_runs(instance):
            say(f"run {run_id} had been killed: marked as failed")
    return 0


def _first(options: argparse.Namespace) -> "Launch | None":
    """The run that a command begins with; None where it has nothing to do.

    Raises:
        ConfigurationError: there is no such system.
        SourceError: no source can be read.
        StorageError: the archive's place can't be used.
    """
    from orchestration.chain import Launch, next_launch  # noqa: PLC0415
    from orchestration.configuration import JOB, NIGHTLY_JOB, REFRESH_JOBS  # noqa: PLC0415

    if options.command == "nightly":
        return Launch(NIGHTLY_JOB, is_of_the_night=True)
    if options.command == "refresh":
        if options.system not in REFRESH_JOBS:
            raise ConfigurationError(f"There is no system '{options.system}'. Use one of: {', '.join(REFRESH_JOBS)}.")
        return Launch(REFRESH_JOBS[options.system])
    if options.without_extraction:
        return next_launch(JOB)
    _check_sources()
    return Launch(JOB)


def _check_sources() -> None:
    """See to it that a run has something to read. Raises as `_first`."""
    from orchestration.configuration import ingestion  # noqa: PLC0415

    if ingestion.ensure_sample():
        say("made the sample sources in data/sample")
    ingestion.archive.check()
    faults = ingestion.check_sources()
    if faults and len(faults) == len(ingestion.sources):
        *others, last = faults.values()
        for fault in others:
            say_error(fault)
        raise SourceError(last)


def _run(launch: "Launch | None") -> int:
    """A run, and what it makes due, one after the other in this process."""
    import dagster as dg  # noqa: PLC0415

    from orchestration.chain import IN_ONE_PROCESS, WRITE_RAW, next_launch  # noqa: PLC0415
    from orchestration.extraction import extraction  # noqa: PLC0415
    from orchestration.summary import print_summary  # noqa: PLC0415

    events: list[dg.DagsterEvent] = []
    is_well = True
    with dg.DagsterInstance.get() as instance:
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
            launch = next_launch(launch.job, is_of_the_night=launch.is_of_the_night)
    print_summary(page(), events)
    for event in events:
        if event.is_step_failure:
            say_error(f"{event.step_key}: {_cause(event.step_failure_data)}")
    return 0 if is_well else 1


def _cause(failure: "StepFailureData") -> str:
    """Why a step failed, in one line: what it said itself, or the first cause of what it ran into."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return " ".join(error.message.split()) if error else "unknown; see the run in the UI"


if __name__ == "__main__":
    keep_private(PROJECT_ROOT / "data")
    sys.exit(main())
