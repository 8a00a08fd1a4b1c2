"""How long Dagster remembers runs.

Belongs here: deleting old runs with all that Dagster noted of them. Not here: the warehouse, which remembers for itself
what was loaded and built.
"""

from datetime import datetime

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_RUNS_AT_ONCE = 100


def forget_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete the runs that were begun before an instant and have ended; returns how many.

    Dagster itself never does, and an hourly run that finds nothing to do leaves a thousand events all the same.
    """
    count = 0
    old = dg.RunsFilter(statuses=_ENDED, created_before=before)
    while runs := instance.get_runs(old, limit=_RUNS_AT_ONCE):
        for run in runs:
            instance.delete_run(run.run_id)
        _forget_checks(instance, [run.run_id for run in runs])
        count += len(runs)
    return count


def _forget_checks(instance: dg.DagsterInstance, run_ids: list[str]) -> None:
    # Deleting a run leaves its checks' results behind.
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        table = AssetCheckExecutionsTable
        with storage.index_connection() as connection:
            connection.execute(table.delete().where(table.c.run_id.in_(run_ids)))
