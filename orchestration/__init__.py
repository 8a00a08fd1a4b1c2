"""The Dagster side: one graph from sources to exports.

Belongs here: assets, checks, jobs, schedules and how a run is shown. Not here: extraction (ingestion), models
(dbt_project), publishing (exports). No other package knows Dagster.
"""

import gc

from mashumaro.config import BaseConfig

# What is imported and declared stays: looking through it for garbage takes a twelfth of a run that finds nothing new.
gc.set_threshold(100_000, 10, 100)

# dbt's classes get the code that writes and reads them when it is called, not each time that dbt is imported.
BaseConfig.lazy_compilation = True
