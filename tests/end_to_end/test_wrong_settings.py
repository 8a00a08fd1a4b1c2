"""What `make run` says when something is wrong: one clear line, exit code 1, nothing written."""

from pathlib import Path

import pytest
from end_to_end.place import Place

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("WHATSAPP_DATABASE_URL", "sqlite:////nowhere/w.sqlite", "whatsapp: there is no SQLite file w.sqlite"),
        ("WHATSAPP_DATABASE_URL", "nonsense", "WHATSAPP_DATABASE_URL is not a database URL"),
        ("WAREHOUSE_URL", "mysql://me:hunter2@host/db", "Unknown warehouse 'mysql'"),
        ("WAREHOUSE_URL", "bigquery://project", "WAREHOUSE_URL needs a project and a prefix"),
    ],
)
def test_main_job_ends_in_one_clear_line(variable: str, value: str, told: str, tmp_path: Path) -> None:
    place = Place(tmp_path, {"whatsapp": "sqlite:////nowhere/w.sqlite"})
    place.environment[variable] = value
    result = place.module("orchestration", "run")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"error: {told}")
    assert "hunter2" not in result.stderr + result.stdout
    assert result.stdout == ""
    assert not (tmp_path / "warehouse.duckdb").exists()
