"""Marts of sources that are read by recipes agree with plain SQL on these sources."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import mysql
import postgresql
import pytest
from recipes.all import RECIPES
from recipes.place import Place

from ingestion.settings import PROJECT_ROOT


@pytest.mark.slow
def test_marts_of_recipes_are_what_plain_sql_finds_in_the_systems(
    tmp_path: Path,
    recipe_servers: Mapping[str, postgresql.Server | mysql.Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(tmp_path, RECIPES, recipe_servers, monkeypatch)
    place.read()
    for name, system in place.systems.items():
        system.sql(*place.recipes[name].changes)
    place.read()
    place.export_settings(monkeypatch)
    for variable in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(variable, str(tmp_path / "dbt"))
    asked = sorted({word for r in RECIPES for c in r.marts for word in c.ours.split() if word.startswith("marts.")})
    built = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "orchestration",
                "dbt",
                "build",
                "--no-write-json",
                "--log-level-file",
                "warn",
                "--exclude-resource-type",
                "unit_test",
            ),
            *("--select", *(f"+{mart.removeprefix('marts.')}" for mart in asked)),
            *("--vars", "as_of: '2026-05-01T06:00:00+00:00'"),
        ],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    place.compare_marts()
