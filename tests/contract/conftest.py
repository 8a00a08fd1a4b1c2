"""What several tests of the tree read."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.settings import PROJECT_ROOT


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The dbt project, parsed without a warning."""
    from dbt.cli.main import dbtRunner

    target, project = tmp_path_factory.mktemp("target"), str(PROJECT_ROOT / "dbt_project")
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(target)]
    outcome = dbtRunner().invoke(["--warn-error", "parse", "--quiet", "--log-level-file", "none", *places])
    assert outcome.success, outcome.exception
    content: dict[str, Any] = json.loads(Path(target / "manifest.json").read_bytes())
    return content
