"""What YAML says of a test holds when dbt reads the test once more, since a model that it reads has changed."""

import json
import os
from pathlib import Path
from typing import Any

import forked
import pytest

pytestmark = pytest.mark.slow

FILES = {
    "dbt_project.yml": {"name": "small", "version": "1.0", "profile": "small", "models": {"+group": "some"}},
    "profiles.yml": {"small": {"target": "d", "outputs": {"d": {"type": "duckdb", "path": "small.duckdb"}}}},
    "models/models.yml": {"models": [{"name": "a", "description": "One."}, {"name": "b", "description": "Another."}]},
    "models/groups.yml": {"groups": [{"name": "some", "owner": {"name": "somebody"}}]},
    "models/a.sql": "select 1 as n",
    "models/b.sql": "select 1 as n",
    "tests/tests.yml": {
        "data_tests": [
            {
                "name": "they_agree",
                "description": "They have the same rows.",
                "config": {"severity": "warn", "meta": {"dagster": {"ref": {"name": "a"}}}},
            },
            {"name": "there_is_one", "description": "b has rows."},
        ]
    },
    "tests/they_agree.sql": "select n from {{ ref('a') }} except select n from {{ ref('b') }}",
    "tests/there_is_one.sql": "select 1 as n where not exists (select 1 from {{ ref('b') }})",
}
PARSE = """
import sys
from dbt.cli.main import dbtRunner
from orchestration import dbt_internals

if sys.argv[1] == "hurried":
    dbt_internals.hurry()
assert dbtRunner().invoke(["parse", "--quiet", "--no-send-anonymous-usage-stats"]).success
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project with two models, and tests of both and of one."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return tmp_path


CHANGES = {
    "a model": ("models/a.sql", "select 2 as n"),
    "its YAML": ("models/models.yml", json.dumps({"models": [{"name": "a", "description": "The first."}]})),
    "the test": ("tests/they_agree.sql", "select n from {{ ref('b') }} except select n from {{ ref('a') }}"),
}


@pytest.mark.parametrize("changed", CHANGES)
def test_test_of_several_models_keeps_what_yaml_says_of_it(project: Path, changed: str) -> None:
    before = _tests(project, "hurried")
    assert before["they_agree"][2] == {"dagster": {"ref": {"name": "a"}}}
    path, content = CHANGES[changed]
    (project / path).write_text(content, encoding="utf-8")
    assert _tests(project, "hurried") == before


def test_dbt_itself_forgets_it(project: Path) -> None:
    """Else nothing has to be replaced in it for that any more."""
    before = _tests(project, "as it is")
    path, content = CHANGES["its YAML"]
    (project / path).write_text(content, encoding="utf-8")
    assert _tests(project, "as it is") != before


def _tests(project: Path, how: str) -> dict[str, tuple[Any, ...]]:
    """What dbt knows of each test, after reading what changed."""
    result = forked.run(["-c", PARSE, how], os.environ, project, 300)
    assert result.returncode == 0, result.stdout + result.stderr
    nodes = json.loads((project / "target" / "manifest.json").read_bytes())["nodes"].values()
    tests = [node for node in nodes if node["resource_type"] == "test"]
    return {node["name"]: (node["description"], node["config"]["severity"], node["config"]["meta"]) for node in tests}
