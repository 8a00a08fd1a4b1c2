"""The Dagster side: one graph from sources to exports.

Belongs here: assets, checks, jobs, schedules and how a run is shown. Not here: extraction (ingestion), models
(dbt_project), publishing (exports). No other package knows Dagster.
"""
