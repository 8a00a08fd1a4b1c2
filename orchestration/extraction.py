"""The main job by itself, apart from the models.

Most runs find nothing new and end with it: they need no asset of a model, whose library alone takes three seconds to
import. Belongs here: what such a run is made of. Not here: the assets (raw.py), or what follows (chain.py).
"""

import dagster as dg

from orchestration.configuration import JOB
from orchestration.raw import raw_assets

warehouse_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.assets(*raw_assets),
    description="Sources → raw. The models that it makes due, and then copy and exports, follow in runs of their own.",
    executor_def=dg.in_process_executor,
)

extraction = dg.Definitions(assets=raw_assets, jobs=[warehouse_job], executor=dg.in_process_executor)
