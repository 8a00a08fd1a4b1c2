"""What `make run` says when something is wrong: one clear line, exit code 1, nothing written."""

from pathlib import Path

import pytest
from end_to_end.place import Place
from parsed_project import parsed

pytestmark = pytest.mark.slow


def place_of_one(shared_folder: Path) -> Place:
    """One of whose systems the project was read."""
    project = parsed(shared_folder, ["consulting"])
    project.place.environment["DBT_PARTIAL_PARSE_FILE_PATH"] = str(project.remembered)
    return project.place


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("CONSULTING_DATABASE_URL", "sqlite:////nowhere/c.sqlite", "consulting: there is no SQLite file c.sqlite"),
        ("CONSULTING_DATABASE_URL", "nonsense", "CONSULTING_DATABASE_URL is not a database URL"),
        ("WAREHOUSE_URL", "mysql://me:hunter2@host/db", "Unknown warehouse 'mysql'"),
        ("WAREHOUSE_URL", "bigquery://project", "WAREHOUSE_URL needs a project and a prefix"),
    ],
)
def test_main_job_ends_in_one_clear_line(variable: str, value: str, told: str, shared_folder: Path) -> None:
    place = place_of_one(shared_folder)
    place.environment[variable] = value
    result = place.module("orchestration", "run")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"error: {told}")
    assert "hunter2" not in result.stderr + result.stdout
    assert result.stdout == ""
    assert not (place.folder / "warehouse.duckdb").exists()


def test_what_somebody_mistyped_only_who_did_is_told(shared_folder: Path) -> None:
    place = place_of_one(shared_folder)
    result = place.module("orchestration", "refresh", "consultin")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line == "error: There is no system 'consultin'. Use one of: consulting, cross_source."
    assert "'consultin'" not in place.module("orchestration", "alerts").stdout
