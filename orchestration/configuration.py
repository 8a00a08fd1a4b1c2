"""What the assets share: the configured packages and the prepared dbt project.

Belongs here: the one reading of settings, catalogues and manifest per process. Not here: assets.
"""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version

from exports.catalogue import load_exports
from ingestion.run import Ingestion
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings

settings = Settings()
ingestion = Ingestion(settings)
exports = load_exports(settings.exports_catalogue)

CROSS_SOURCE = "cross_source"
SYSTEMS = (*SOURCES, CROSS_SOURCE)
"""What models are built by: each model carries one of these as its tag. Cross-source models come last."""

DBT_DIRECTORY = PROJECT_ROOT / "dbt_project"

# The profile reads the same variable; dbt runs in another directory and does not read .env.
os.environ["WAREHOUSE_URL"] = settings.warehouse.render_as_string(hide_password=False)


class Dbt(DbtCliResource):
    """dagster-dbt's resource without two things it does at every call.

    It asks `dbt --version` (which asks the package index: 2 s), and it makes an adapter of its own in this process,
    whose connection would lock dbt's process out of a DuckDB file. Both hooks are private: dagster-dbt is pinned,
    and a test sees that they exist.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        return None


def _prepared() -> DbtProject:
    """The dbt project with a manifest that is newer than every file it is made from."""
    project = DbtProject(DBT_DIRECTORY)
    manifest = project.manifest_path
    inputs = [DBT_DIRECTORY / name for name in ("dbt_project.yml", "profiles.yml")]
    for folder in ("models", "macros", "seeds", "tests", "snapshots"):
        # Folders too: a removed file leaves nothing else behind that is newer.
        inputs += [p for p in (DBT_DIRECTORY / folder).rglob("*") if p.is_dir() or p.is_file()]
    newest = max(path.stat().st_mtime for path in inputs)
    if not manifest.exists() or manifest.stat().st_mtime < newest:
        project.preparer.prepare(project)
    return project


os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
dbt_project = _prepared()
dbt_resource = Dbt(project_dir=str(DBT_DIRECTORY))
