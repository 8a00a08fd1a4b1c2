"""dbt's own command line: on the warehouse of the settings, and by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import Server
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

SECRET = "pass word/1%"


def run(*command: str, cwd: Path = PROJECT_ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_command_runs_dbt_on_the_warehouse_of_the_settings(
    postgresql_server: Server, postgresql_warehouse_url: str, tmp_path: Path
) -> None:
    url = make_url(postgresql_warehouse_url).set(password=SECRET).render_as_string(hide_password=False)
    result = run("orchestration", "dbt", "debug", WAREHOUSE_URL=url, DBT_LOG_PATH=str(tmp_path))
    told = result.stdout + result.stderr
    assert result.returncode == 0, told
    assert "OK connection ok" in told
    assert f"database: {make_url(url).database}" in told
    assert SECRET not in told + "".join(path.read_text() for path in tmp_path.glob("*.log"))


def test_command_ends_as_dbt_does(tmp_path: Path) -> None:
    result = run("orchestration", "dbt", "build", "--unheard-of", WAREHOUSE_URL=f"duckdb:///{tmp_path / 'w.duckdb'}")
    assert result.returncode == 2
    assert "No such option" in result.stderr
    assert "--unheard-of" in result.stderr


def test_options_of_dbt_that_need_no_command_are_taken_without_one(tmp_path: Path) -> None:
    url, source = f"duckdb:///{tmp_path / 'w.duckdb'}", f"sqlite:///{tmp_path / 'erp.sqlite'}"
    result = run("orchestration", "dbt", "--version", WAREHOUSE_URL=url, ERP_DATABASE_URL=source)
    assert result.returncode == 0, result.stderr
    assert "duckdb" in result.stdout


def test_settings_that_name_no_warehouse_end_the_command_in_one_line() -> None:
    result = run("orchestration", "dbt", "debug", WAREHOUSE_URL=f"mysql://me:{SECRET}@host/base")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith("error: Unknown warehouse 'mysql' in WAREHOUSE_URL.")


def test_dbt_by_itself_names_the_command_where_a_warehouse_is_set(tmp_path: Path) -> None:
    project = PROJECT_ROOT / "dbt_project"
    places = ["--target-path", str(tmp_path), "--log-path", str(tmp_path)]
    result = run("dbt.cli.main", "parse", *places, cwd=project, WAREHOUSE_URL="postgresql://me@host/base")
    assert result.returncode != 0
    assert "python -m orchestration dbt" in result.stdout
