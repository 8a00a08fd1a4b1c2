"""Which runs have ended since somebody last looked.

Belongs here: what Dagster's instance remembers of runs. Not here: what follows them (chain.py).
"""

from collections.abc import Collection
from itertools import takewhile

import dagster as dg

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_LOOKED_BACK = 20
"""Runs of all jobs that are looked at: many times as many as end between two looks."""


def ended_since(instance: dg.DagsterInstance, run_id: str | None, jobs: Collection[str]) -> list[dg.DagsterRun]:
    """The runs of some jobs that ended after one did, the last first.

    Args:
        instance: Dagster's.
        run_id: the last run that was seen to have ended; None: all are new.
        jobs: names of jobs.
    """
    records = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED), limit=_LOOKED_BACK, order_by="update_timestamp", ascending=False
    )
    runs = [record.dagster_run for record in records if record.dagster_run.job_name in jobs]
    return list(takewhile(lambda run: run.run_id != run_id, runs))
