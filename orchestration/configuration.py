"""What the assets share: the configured packages and dbt's manifest.

Belongs here: the one reading of settings, catalogues and manifest per process. Not here: assets.
"""

import os

from exports.catalogue import ALL_SOURCES, Export, load_exports
from exports.reports.declaration import Declaration, load_reports
from ingestion.catalogue.sources_file import RAW
from ingestion.loading.run import Ingestion
from ingestion.settings import Settings
from orchestration import dbt, profile

settings = Settings.read()
ingestion = Ingestion(settings)
engine = settings.warehouse.get_backend_name()

SOURCES_OF_KINDS = ingestion.sources_of_kinds()
"""Kind → the sources of it that there are; those of kind raw are extracted, and no model knows them."""

SOURCES = tuple(name for names in SOURCES_OF_KINDS.values() for name in names)

JOB, MODELS_JOB, PUBLICATION_JOB = "warehouse", "warehouse_models", "warehouse_publication"
"""The main job, which extracts, and those that are launched with what it makes due (chain.py): of the last there is one
more for each cadence, with its name after this one (publications.py)."""

DELIVERY_JOB = "warehouse_delivery"
"""The job that sends what is published; nothing launches it but a person or its schedule."""

EXTRACT_JOBS = {source: f"extract_{source}" for source in SOURCES}
"""Source → the job that reads it alone."""

REREAD_JOB, RECONCILE_JOB, CONFIRM_JOB, REBUILD_JOB = "reread_table", "reconcile", "confirm_deletes", "rebuild_raw"
"""What a person asks for of raw (operations.py)."""

NIGHTLY_JOB, TESTS_JOB = "warehouse_nightly", "warehouse_tests"
"""What is done once a night, and, after what that made due, all data tests."""

LINEAGE_JOB = "column_lineage"
"""What nothing launches but a person (lineage.py)."""

CROSS_SOURCE = "cross_source"
KINDS = tuple(kind for kind in SOURCES_OF_KINDS if kind != RAW)
"""The source systems there are."""

SYSTEMS = (*KINDS, CROSS_SOURCE)
"""What models are built by: each model carries one of these as its tag. Cross-source models come last."""

REFRESH_JOBS = {system: f"refresh_{system}" for system in SYSTEMS}
"""System → the job that builds its models anew from all of raw."""


def system_of(one: Export | Declaration) -> str:
    """The system whose models an export or report is made from."""
    return CROSS_SOURCE if one.source == ALL_SOURCES else one.source


exports = {name: e for name, e in load_exports(settings.exports_catalogue).items() if system_of(e) in SYSTEMS}
reports = {name: r for name, r in load_reports(settings.reports_catalogue).items() if system_of(r) in SYSTEMS}

REFERENCE = "reference"
"""The tag of seeds that all systems read. They carry every system's tag too and are loaded with each, so that none
waits for another; an asset belongs to one step, so Dagster only shows what they feed."""

PUBLISHED_SCHEMAS = ("core", "marts")
"""What people outside the project read."""

# dbt reads the environment of this process, but no .env.
os.environ |= profile.environment(settings)

manifest = dbt.prepare(engine, profile.vars_of(SOURCES_OF_KINDS))
