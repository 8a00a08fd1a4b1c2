"""Runs whose process was killed.

Belongs here: telling Dagster that they ended. Not here: what they were at; the next run goes on from what was
committed.
"""

import dagster as dg

_BEGUN = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def close_interrupted_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark the runs as failed that began and have not ended, before any can be alive; returns their ids.

    A run says itself how it ends. One whose process was killed, or whose machine went down, never does: to Dagster it
    goes on, and as runs go one at a time, all later ones would wait for it. Should a run from the command line be
    alive after all, its end is noted all the same.
    """
    runs = instance.get_runs(dg.RunsFilter(statuses=_BEGUN))
    for run in runs:
        instance.report_run_failed(run, "The run's process was killed. The next run goes on from what was committed.")
    return [run.run_id for run in runs]
