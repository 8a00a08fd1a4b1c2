"""Dagster's signs of life, as its storage has them: no process of it is asked.

Belongs here: reading them. Not here: what they mean (alerts/nothing_runs.py).
"""

from datetime import UTC, datetime

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus, InstigatorType
from dagster._daemon.types import DaemonHeartbeat

from alerts.nothing_runs import Signs
from ingestion.errors import one_line

_NEEDED = ("SCHEDULER", "QUEUED_RUN_COORDINATOR")
"""Without these two threads of the daemon nothing is launched."""


def read_signs() -> Signs:
    """What Dagster's storage tells. It never raises: a full disk or a server that is down is told."""
    try:
        with dg.DagsterInstance.get() as instance:
            return _signs(instance)
    # Storage raises what its driver does.
    except Exception as error:
        return Signs(fault=one_line(error))


def _signs(instance: dg.DagsterInstance) -> Signs:
    records = instance.get_run_records(limit=1, order_by="create_timestamp", ascending=False)
    schedules = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    running = (InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE)
    beats: dict[str, DaemonHeartbeat] = dict(instance.get_daemon_heartbeats())
    seen = [beats[name].timestamp if name in beats else None for name in _NEEDED]
    known = [at for at in seen if at is not None]
    return Signs(
        records[0].create_timestamp.astimezone(UTC) if records else None,
        sorted({state.instigator_name for state in schedules if state.status in running}),
        datetime.fromtimestamp(min(known), UTC) if known and None not in seen else None,
    )
