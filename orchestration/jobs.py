"""Jobs, the schedule that launches the first, and the sensor that launches what follows.

Belongs here: what runs together and when. Not here: what it does, or what is due (changes.py).
"""

import dagster as dg

from ingestion.errors import IngestionError
from orchestration.chain import IN_ONE_PROCESS, next_launch
from orchestration.configuration import JOB, MODELS_JOB, PUBLICATION_JOB
from orchestration.ended import ended_since
from orchestration.exported import export_assets
from orchestration.extraction import warehouse_job
from orchestration.models import model_assets
from orchestration.reported import report_assets
from orchestration.snapshot import snapshot_assets

_SECONDS_BETWEEN_LOOKS = 10
_PATIENCE_SECONDS = 5
"""How long a look waits for a warehouse that is in use: Dagster ends one that takes a minute."""

models_job = dg.define_asset_job(
    MODELS_JOB,
    selection=dg.AssetSelection.assets(model_assets),
    description="Raw → staging → core → marts. Follows the main job with what is due; launched by hand, it builds all.",
    executor_def=dg.in_process_executor,
)

publication_job = dg.define_asset_job(
    PUBLICATION_JOB,
    selection=dg.AssetSelection.assets(*snapshot_assets, *export_assets, *report_assets),
    description="Marts → BI copy, exports, reports. Follows the models with what is due; by hand, it makes all.",
    executor_def=dg.in_process_executor,
)

hourly = dg.ScheduleDefinition(
    name="warehouse_hourly",
    job=warehouse_job,
    cron_schedule="5 * * * *",
    description="The main job, every hour. Off until it is switched on.",
)


@dg.sensor(
    name="warehouse_chain",
    jobs=[models_job, publication_job],
    minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After each run of the main job: what it made due. Switched off, the main job only extracts.",
)
def chain(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Launch what follows the runs that ended since the last look."""
    ended = ended_since(context.instance, context.cursor, (JOB, MODELS_JOB))
    if not ended:
        return dg.SkipReason("No run of the main job or of the models has ended since.")
    cursor = ended[0].run_id
    jobs_ended = [run.job_name for run in ended if not IN_ONE_PROCESS.items() <= run.tags.items()]
    if not jobs_ended:
        return dg.SensorResult(skip_reason="What follows is launched by the same process.", cursor=cursor)
    try:
        # After an extraction models are due too, whatever ended after it.
        launch = next_launch(JOB if JOB in jobs_ended else MODELS_JOB, _PATIENCE_SECONDS)
    except IngestionError as error:
        # The cursor stays: the next look asks again.
        return dg.SkipReason(f"What is due can't be told yet: {error}")
    if launch is None:
        return dg.SensorResult(skip_reason="Nothing is due.", cursor=cursor)
    request = dg.RunRequest(run_key=cursor, job_name=launch.job, asset_selection=list(launch.assets))
    return dg.SensorResult(run_requests=[request], cursor=cursor)


jobs = [warehouse_job, models_job, publication_job]
schedules = [hourly]
sensors = [chain]
