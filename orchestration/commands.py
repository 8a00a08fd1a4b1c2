"""What the commands of `python -m orchestration` do.

Belongs here: the way of each command, up to its exit code. Not here: how it is called (__main__.py), nor settings,
catalogues and manifest: a command imports what reads them where it needs it.
"""

import argparse
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.listing import print_incidents
from alerts.looks import concerned, has_no_room, of_run, of_unreachable
from alerts.telling import open_incidents, tell, try_addresses
from ingestion.errors import ConfigurationError, IngestionError, SourceError, StorageError, one_line
from ingestion.loading.run import Ingestion
from ingestion.operations.judging import Grade
from ingestion.output.terminal import page, say_error
from ingestion.settings import PROJECT_ROOT, Settings
from orchestration.console import say

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.chain import Launch

_MAIN_JOB = "warehouse"
"""As configuration.py calls it, which can't be imported where settings are wrong or the warehouse does not answer."""


class _MistypedError(ConfigurationError):
    """The command line names what there is not."""


def prepare_home() -> Path:
    """Make sure that Dagster has a home with this project's dagster.yaml; returns it."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT / "data" / "dagster")))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(PROJECT_ROOT / "orchestration" / "dagster.yaml", home / "dagster.yaml")
    return home


def ui(arguments: Sequence[str]) -> int:
    """Be Dagster's web server, with its daemon."""
    prepare()
    from orchestration.webserver import develop  # noqa: PLC0415

    develop(["--workspace", str(PROJECT_ROOT / "workspace.yaml"), *arguments])
    return 0


def health(*, as_json: bool) -> int:
    """Look at everything; the exit code is the grade."""
    from orchestration.health import run_health  # noqa: PLC0415

    try:
        home = prepare_home()
    except OSError as error:
        say_error(f"Dagster's folder can't be made, so nothing can run: {error.strerror}.")
        return Grade.CRITICAL
    return run_health(home, as_json=as_json)


def forget(days: int) -> int:
    """Delete old runs."""
    prepare_home()
    import dagster as dg  # noqa: PLC0415

    from orchestration.retention import forget_runs  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        count = forget_runs(instance, datetime.now(UTC) - timedelta(days=days))
    print(f"{count:,} runs of more than {days} days ago deleted")
    return 0


def copy(tenants: Sequence[str], file: Path) -> int:
    """Make a file of some tenants."""
    prepare_home()
    from orchestration.snapshot import publish_part  # noqa: PLC0415

    size = publish_part(tenants, file)
    print(f"{file}: {size:,} bytes of {', '.join(tenants)}")
    return 0


def alerts(*, tests: bool) -> int:
    """List what is wrong, or try the addresses."""
    prepare_home()
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


def prepare() -> int:
    """See to all that a code server needs to find."""
    prepare_home()
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


def run(options: argparse.Namespace) -> int:
    """Run what a command begins with, and what that makes due, and tell people of whatever ends it untold.

    Raises:
        IngestionError, ExportError: what has ended it.
    """
    prepare_home()
    try:
        return _run(_first(options))
    except (SourceError, _MistypedError):
        # Of each source that can't be read people are told by its name; of what somebody typed only who did.
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
        _MistypedError: there is no such system.
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
            raise _MistypedError(f"There is no system '{options.system}'. Use one of: {', '.join(REFRESH_JOBS)}.")
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
