"""The sensor that tells people of runs which could not tell themselves: what was killed, and what failed unforeseen.

Belongs here: which runs have ended, and how. Not here: what steps tell (told.py).
"""

import dagster as dg

from orchestration import told
from orchestration.chain import UNATTENDED
from orchestration.configuration import DELIVERY_JOB
from orchestration.ended import ended_since

_SECONDS_BETWEEN_LOOKS = 30


@dg.sensor(
    name="warehouse_alerts",
    minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells ALERT_URLS of runs that were killed or failed unforeseen. Switched off, nobody hears of those.",
)
def alerting(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Look at the last run of each job that ended since the last look."""
    ended = ended_since(context.instance, context.cursor, (*UNATTENDED, DELIVERY_JOB))
    if not ended:
        return dg.SkipReason("No run has ended since.")
    last = {run.job_name: run for run in reversed(ended)}
    for job, run in last.items():
        failures = _failures(context.instance, run)
        if run.status == dg.DagsterRunStatus.FAILURE and not failures:
            told.killed(job)
        else:
            told.ended(job, failures)
    return dg.SensorResult(skip_reason=f"Looked at {', '.join(last)}.", cursor=ended[0].run_id)


def _failures(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[told.Failed]:
    """The steps that failed."""
    if run.status != dg.DagsterRunStatus.FAILURE:
        return []
    entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    return [(str(event.step_key), event.step_failure_data) for event in events]


alert_sensors = [alerting]
