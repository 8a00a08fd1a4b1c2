"""Everything that Dagster loads: see workspace.yaml."""

import dagster as dg

from orchestration.delivered import delivery_assets
from orchestration.exported import export_assets
from orchestration.jobs import jobs, schedules, sensors
from orchestration.models import model_assets, reference_seeds
from orchestration.raw import raw_assets, raw_records
from orchestration.reported import report_assets
from orchestration.snapshot import snapshot_assets

defs = dg.Definitions(
    assets=[
        *raw_assets,
        *raw_records,
        model_assets,
        *reference_seeds,
        *export_assets,
        *report_assets,
        *snapshot_assets,
        *delivery_assets,
    ],
    jobs=jobs,
    schedules=schedules,
    sensors=sensors,
    executor=dg.in_process_executor,
)
