"""Jobs, the schedule that launches the first, and the sensor that launches what follows.

Belongs here: what runs together and when. Not here: what it does, or what is due (changes.py).
"""

import dagster as dg

from ingestion.errors import IngestionError
from orchestration.chain import next_launch
from orchestration.configuration import JOB, MODELS_JOB, PUBLICATION_JOB
from orchestration.exported import export_assets
from orchestration.models import model_assets
from orchestration.raw import raw_assets
from orchestration.snapshot import snapshot_assets

IN_ONE_PROCESS = {"warehouse/chain": "in one process"}
"""Tag of runs whose process launches what follows by itself."""

_SECONDS_BETWEEN_LOOKS = 10
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]

warehouse_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.assets(*raw_assets),
    description="Sources → raw. The models that it makes due, and then copy and exports, follow in runs of their own.",
    executor_def=dg.in_process_executor,
)

models_job = dg.define_asset_job(
    MODELS_JOB,
    selection=dg.AssetSelection.assets(model_assets),
    description="Raw → staging → core → marts. Follows the main job with what is due; launched by hand, it builds all.",
    executor_def=dg.in_process_executor,
)

publication_job = dg.define_asset_job(
    PUBLICATION_JOB,
    selection=dg.AssetSelection.assets(*snapshot_assets, *export_assets),
    description="Marts → BI copy and exports. Follows the models with what is due; launched by hand, it makes all.",
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
    """Launch what follows the last run that ended."""
    records = context.instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED), limit=20, order_by="update_timestamp", ascending=False
    )
    ended = next((r.dagster_run for r in records if r.dagster_run.job_name in (JOB, MODELS_JOB)), None)
    if ended is None or ended.run_id == context.cursor:
        return dg.SkipReason("No run of the main job or of the models has ended since.")
    if IN_ONE_PROCESS.items() <= ended.tags.items():
        return dg.SensorResult(skip_reason="What follows is launched by the same process.", cursor=ended.run_id)
    try:
        launch = next_launch(ended.job_name)
    except IngestionError as error:
        # The cursor stays: the next look asks again.
        return dg.SkipReason(f"What is due can't be told yet: {error}")
    if launch is None:
        return dg.SensorResult(skip_reason="Nothing is due.", cursor=ended.run_id)
    request = dg.RunRequest(run_key=ended.run_id, job_name=launch.job, asset_selection=list(launch.assets))
    return dg.SensorResult(run_requests=[request], cursor=ended.run_id)


jobs = [warehouse_job, models_job, publication_job]
schedules = [hourly]
sensors = [chain]
