"""The main job by itself, apart from the models.

Most runs find nothing new and end with it: they need no asset of a model, whose library alone takes three seconds to
import. Belongs here: what such a run is made of. Not here: the assets (raw.py), or what follows (chain.py).
"""

import dagster as dg

from orchestration.configuration import EXTRACT_JOBS, JOB
from orchestration.operations import operation_jobs
from orchestration.raw import raw_assets, raw_assets_of

warehouse_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.assets(*raw_assets),
    description="Sources → raw. The models that it makes due, and then copy and exports, follow in runs of their own.",
    executor_def=dg.in_process_executor,
)

extract_jobs = [
    dg.define_asset_job(
        EXTRACT_JOBS[source],
        selection=dg.AssetSelection.assets(assets),
        description=f"{source} → raw, and nothing else is read. What that makes due follows as after the main job. "
        f"As a command: python -m ingestion run --source {source}",
        executor_def=dg.in_process_executor,
    )
    for source, assets in raw_assets_of.items()
]

extraction = dg.Definitions(
    assets=raw_assets, jobs=[warehouse_job, *extract_jobs, *operation_jobs], executor=dg.in_process_executor
)
