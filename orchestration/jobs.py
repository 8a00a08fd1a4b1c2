"""Jobs and schedules.

Belongs here: what runs together and when. Not here: what it does.
"""

import dagster as dg

from orchestration.configuration import JOB

warehouse_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all(),
    description="Everything: sources → raw → staging → core → marts → BI copy and exports, as far as it changed.",
    executor_def=dg.in_process_executor,
)

hourly = dg.ScheduleDefinition(
    name="warehouse_hourly",
    job=warehouse_job,
    cron_schedule="5 * * * *",
    description="The main job, every hour. Off until it is switched on.",
)

jobs = [warehouse_job]
schedules = [hourly]
