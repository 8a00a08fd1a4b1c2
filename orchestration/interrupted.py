"""Runs whose process was killed.

Belongs here: noticing them, and telling Dagster that they ended. Not here: what they were at; the next run goes on
from what was committed.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg

_BEGUN = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@contextmanager
def running(home: Path) -> Iterator[bool | None]:
    """Let processes that run jobs themselves, one after the other, know of each other.

    Whoever is killed leaves its mark in a file of Dagster's home, and its lock goes.

    Args:
        home: that folder.

    Yields:
        Whether the last such process was killed; None where one is at work now, or that can't be told.
    """
    number = None
    with suppress(OSError):
        number = os.open(home / "running", os.O_RDWR | os.O_CREAT, 0o600)
    if number is None:
        yield None
        return
    was_killed = None
    with suppress(OSError):
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        was_killed = os.fstat(number).st_size > 0
    try:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_SH)
            os.write(number, b"running\n")
        yield was_killed
    finally:
        with suppress(OSError):
            os.ftruncate(number, 0)
        os.close(number)


def close_interrupted_runs(instance: dg.DagsterInstance, tags: Mapping[str, str] | None = None) -> list[str]:
    """Mark the runs as failed that began and have not ended, before any can be alive; returns their ids.

    A run says itself how it ends. One whose process was killed, or whose machine went down, never does: to Dagster it
    goes on, and as runs go one at a time, all later ones would wait for it. Should a run from the command line be
    alive after all, its end is noted all the same.

    Args:
        instance: Dagster's.
        tags: of the runs that are meant; None: all.
    """
    runs = instance.get_runs(dg.RunsFilter(statuses=_BEGUN, tags=tags))
    for run in runs:
        instance.report_run_failed(run, "The run's process was killed. The next run goes on from what was committed.")
    return [run.run_id for run in runs]
