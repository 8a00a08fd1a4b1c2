"""A source that can't be read by the first run: what is made of all systems together is made of the others."""

import os
import subprocess
from datetime import date
from pathlib import Path

import pytest
from end_to_end.conftest import sample_place_in
from end_to_end.place import Place

from ingestion import sample
from orchestration import nodes, standing

pytestmark = pytest.mark.slow

OF_ALL = ("core.dim_tenants", "core.dim_customers", "marts.data_quality", "marts.freshness")


def sources_in(place: Place, table: str) -> set[object]:
    return {source for (source,) in place.rows(f"select distinct source_system from {table}")}


def faults(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert result.returncode == 1, result.stdout
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def test_system_that_was_never_read_keeps_nobody_from_what_others_feed(tmp_path: Path) -> None:
    sample.create(tmp_path / "sample", scale=0.05, first_day=date(2026, 10, 1), last_day=date(2026, 11, 25))
    place = sample_place_in(tmp_path, ("erp", "restaurant"))
    there = place.environment["RESTAURANT_DATABASE_URL"]

    place.environment["RESTAURANT_DATABASE_URL"] = "sqlite:////nowhere/restaurant.sqlite"
    result = place.module("orchestration", "run")
    [line] = faults(result)
    assert "there is no SQLite file restaurant.sqlite" in line
    for table in OF_ALL:
        assert sources_in(place, table) - {"cross_source"} == {"erp"}, table
    assert place.rows("select 1 from marts.kpis limit 1")
    assert place.rows("select 1 from information_schema.tables where table_name like '%restaurant%'") == []
    published = {path.relative_to(tmp_path / "exports").parts[1] for path in (tmp_path / "exports").rglob("*.csv")}
    assert {"customer_360", "interactions_monthly"} <= published
    before = place.rows("select * from core.dim_customers order by all")

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
        assert sources_in(place, table) - {"cross_source"} == {"erp", "restaurant"}, table
    assert sources_in(place, "marts.customer_360") == {"restaurant"}


def test_what_reads_tables_that_are_not_there_waits_through_whatever_lies_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Models of one's own too, and tests of theirs; what reads tables that are there does not."""

    def node(name: str, kind: str, tag: str, *reads: str) -> dict[str, object]:
        told = {"name": name, "alias": name, "resource_type": kind, "tags": [tag] * bool(tag)}
        return told | {"config": {"schema": "marts"}, "depends_on": {"nodes": [*reads]}}

    tree = {
        "visits": node("visits", "model", "restaurant"),
        "calls": node("calls", "model", "erp"),
        "of_all": node("of_all", "model", "cross_source", "visits", "calls"),
        "mine": node("mine", "model", "", "visits"),
        "of_mine": node("of_mine", "model", "", "mine"),
        "other": node("other", "model", "", "calls", "of_all"),
        "t_visits": node("t_visits", "test", "", "visits", "of_all"),
        "t_mine": node("t_mine", "test", "", "of_mine"),
        "t_all": node("t_all", "test", "", "of_all"),
        "t_other": node("t_other", "test", "", "other"),
    }
    for module in (standing, nodes):
        monkeypatch.setitem(module.manifest, "nodes", tree)

    class _Warehouse:
        def tables(self, schemas: set[str]) -> set[tuple[str, str]]:
            return {("marts", "calls")} if schemas == {"marts"} else set()

    class _Ingestion:
        warehouse = _Warehouse()

    monkeypatch.setattr(standing, "ingestion", _Ingestion())
    assert sorted(standing.waiting_for_tables()) == ["mine", "of_mine", "t_mine", "t_visits"]
