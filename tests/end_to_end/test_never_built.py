"""A system that was never built, waits or is taken away: what is made of all together is made of what there is."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from end_to_end.conftest import sample_place_in
from end_to_end.place import Place
from parsed_project import TWO_SYSTEMS, ParsedProject

from ingestion import sample
from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

OF_ALL = ("core.dim_tenants", "core.dim_customers", "marts.data_quality", "marts.freshness")


BY_HAND = """
import sys

import dagster
from orchestration import definitions, told

for launched in sys.argv[1:]:
    job, step, *assets = launched.split()
    events = definitions.defs.resolve_job_def(job).execute_in_process(
        raise_on_error=False, asset_selection=[dagster.AssetKey(asset.split("/")) for asset in assets] or None
    ).all_events
    for event in events:
        if event.is_step_failure and event.step_key == step:
            print(told.cause(event.step_failure_data))
    made = [e.asset_key.path[1] for e in events if e.is_step_materialization and e.step_key == step]
    print("made:", ", ".join(sorted(made)))
"""
"""Launches jobs, of some assets or all, and tells of one of the steps of each."""


def sources_in(place: Place, table: str) -> set[object]:
    return {source for (source,) in place.rows(f"select distinct source_system from {table}")}


def faults(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert result.returncode == 1, result.stdout
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def test_system_that_was_never_read_keeps_nobody_from_what_others_feed(
    tmp_path: Path, parsed_project_of_two: ParsedProject
) -> None:
    sample.create(tmp_path / "sample", scale=0.05, first_day=date(2026, 10, 1), last_day=date(2026, 11, 25))
    place = sample_place_in(tmp_path, TWO_SYSTEMS)
    # What is published by default: each file more costs each run more than the models that it shows.
    place.environment["EXPORTS_CATALOGUE"] = str(PROJECT_ROOT / "exports" / "catalogue.yml")
    parsed_project_of_two.moved_to(place)
    there = place.environment["RESTAURANT_DATABASE_URL"]

    # Before any is built, what reads all of them is at no fault.
    assert place.module("ingestion", "run", "--source", "whatsapp").returncode == 0
    result = place.run(sys.executable, "-c", BY_HAND, "warehouse_models models marts/data_quality")
    assert result.stdout.splitlines()[-2:] == [
        "1 failed: no system was built yet that models of all systems could be made of",
        "made: ",
    ]

    result = place.module("exports", "run", "--name", "conversations_monthly")
    assert faults(result) == [
        "error: conversations_monthly: marts.conversations_monthly was never built: .venv/bin/python -m orchestration "
        "run builds it, or says why it can't."
    ]
    assert faults(place.module("exports.reports")) == [
        "error: Nothing was built yet. Build it: .venv/bin/python -m orchestration run"
    ]
    result = place.module("orchestration", "health")
    assert result.returncode == 1
    assert "whatsapp was never built to the end, and raw has rows of it since" in " ".join(result.stdout.split())

    place.environment["RESTAURANT_DATABASE_URL"] = "sqlite:////nowhere/restaurant.sqlite"
    result = place.module("orchestration", "run")
    [line] = faults(result)
    assert "there is no SQLite file restaurant.sqlite" in line
    for table in OF_ALL:
        assert sources_in(place, table) - {"cross_source"} == {"whatsapp"}, table
    assert place.rows("select 1 from marts.kpis limit 1")
    assert place.rows("select 1 from information_schema.tables where table_name like '%restaurant%'") == []
    published = {path.relative_to(tmp_path / "exports").parts[1] for path in (tmp_path / "exports").rglob("*.csv")}
    assert {"customer_360", "conversations_monthly"} <= published
    before = place.rows("select * from core.dim_customers order by all")

    # By hand, all is made that there is; and the night tests it.
    assert place.module("exports.reports").returncode == 0
    (tmp_path / "bi.duckdb").unlink()
    jobs = ("warehouse_publication_monthly exports_restaurant_monthly", "warehouse_publication bi_copy")
    result = place.run(sys.executable, "-c", BY_HAND, *jobs)
    assert "visits_monthly: marts.visits_monthly was never built: " in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        "restaurant: core.dim_campaigns was never built",
        "made: cross_source, whatsapp",
    ]
    result = place.module("orchestration", "nightly")
    [line] = faults(result)
    assert "compare_keys: restaurant: there is no SQLite file" in line
    assert "tests: those of restaurant come with the next build of them" in result.stderr

    # No key for what it holds of people keeps it out as well, and makes nothing due.
    place.environment |= {"RESTAURANT_DATABASE_URL": there, "PRIVACY_KEY": ""}
    result = place.module("orchestration", "run")
    assert "PRIVACY_KEY" in "".join(faults(result))
    assert "models: " not in result.stderr
    assert place.rows("select * from core.dim_customers order by all") == before

    place.environment["PRIVACY_KEY"] = os.environ["PRIVACY_KEY"]
    result = place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    for table in OF_ALL:
        assert sources_in(place, table) - {"cross_source"} == {"whatsapp", "restaurant"}, table
    assert sources_in(place, "marts.customer_360") == {"restaurant"}

    # Where the project is parsed, and no other test has imported what reads this environment.
    inside = Path(__file__).with_name("never_built_inside.py")
    # Dagster's dbt imports what says of itself that it is deprecated.
    options = ("--quiet", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore:sqlglotrs:DeprecationWarning")
    result = place.module("pytest", *options, str(inside))
    assert result.returncode == 0, result.stdout
    assert "58 passed" in result.stdout
