"""What changes though no row does: where to publish, and what pseudonyms are made with."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from canary import places_of
from comparison import differences
from end_to_end.conftest import AS_OF
from end_to_end.place import Place
from sqlalchemy import make_url

from ingestion.loading.run import Ingestion
from ingestion.operations.erasure import begin, find
from ingestion.operations.persons import Person
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import open_warehouse

pytestmark = pytest.mark.slow


def test_other_place_for_exports_and_copy_is_filled_though_no_row_changed(sample_place: Place, tmp_path: Path) -> None:
    sample_place.environment |= {
        "EXPORTS_URL": str(tmp_path / "exports"),
        "EXPORTS_CATALOGUE": str(PROJECT_ROOT / "exports" / "catalogue.yml"),
        "BI_SNAPSHOT_PATH": str(tmp_path / "bi.duckdb"),
    }
    # The page at the end shows a tenant's name, which may be anything.
    with duckdb.connect(sample_place.folder / "warehouse.duckdb") as warehouse:
        warehouse.execute("update marts.tenant_summary_monthly set tenant_name = '[/b]' || chr(27) || '[2J' || chr(10)")
    result = sample_place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert "nothing changed since they were last built; none was built" in result.stdout
    assert "[/b]\\x1b[2J\\n, " in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    exported = [path.relative_to(tmp_path / "exports") for path in (tmp_path / "exports").rglob("*") if path.is_file()]
    assert Path("all/costs_monthly/costs_monthly.csv") in exported
    # A handful of files that people can look through.
    assert 60 < len(exported) <= 300
    assert {path.parts[0] for path in exported if "reports" not in path.parts} == {"all", "index.html"}
    with duckdb.connect(tmp_path / "bi.duckdb", read_only=True) as copy:
        assert copy.execute("select count(*) > 0 from marts.costs_daily").fetchall() == [(True,)]


def test_another_key_changes_every_pseudonym_and_no_number(sample_place: Place) -> None:
    hashes = "select distinct customer_hash from core.fct_conversations where customer_hash is not null"
    numbers = "select * from marts.conversations_daily order by all"
    before, counted = set(sample_place.rows(hashes)), sample_place.rows(numbers)
    keys = {
        "PRIVACY_KEY": "another key, of thirty-two characters or more",
        "PRIVACY_KEY_BEFORE": os.environ["PRIVACY_KEY"],
    }
    sample_place.environment |= keys
    # Until raw is under it no model is built, though a day has passed: its numbers would be those of nobody.
    told = sample_place.environment["AS_OF"]
    sample_place.environment["AS_OF"] = (AS_OF + timedelta(days=1)).isoformat()
    result = sample_place.module("orchestration", "run")
    assert result.returncode == 1
    assert result.stderr.count("python -m ingestion rotate-key") >= 3
    assert set(sample_place.rows(hashes)) == before
    assert sample_place.rows(numbers) == counted
    sample_place.environment["AS_OF"] = told
    result = sample_place.module("ingestion", "rotate-key")
    assert result.returncode == 0, result.stderr
    untested = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    for options in ([], ["--full-refresh"]):
        result = sample_place.dbt(
            "build", "--select", "+fct_conversations", "+conversations_daily", *untested, *options
        )
        assert result.returncode == 0, result.stdout[-3000:]
        after = set(sample_place.rows(hashes))
        assert len(after) == len(before) > 0
        assert not before & after
        assert sample_place.rows(numbers) == counted


def begun(place: Place, customers: list[str], *, with_rows: bool) -> None:
    """Begin erasures of customers, which one call ends together: models follow but once."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        ingestion = Ingestion(Settings.read())
        for customer in customers:
            found = find(ingestion, Person(customer=customer))
            assert found, customer
            begin(ingestion, found, with_rows=with_rows)


def copied(place: Place, name: str) -> str:
    """The warehouse as it is now, under another name; its URL."""
    shutil.copyfile(place.folder / "warehouse.duckdb", place.folder / f"{name}.duckdb")
    return f"duckdb:///{place.folder / name}.duckdb"


_OF_TEXTS = ("journeys_", "search_terms_")
"""Marts that show what people typed: where that was a person's who was erased, it is unknown now."""


def test_erased_people_change_no_number_and_increments_are_what_a_full_refresh_makes(sample_place: Place) -> None:
    """Of one system: what belongs to whom is declared alike of all."""
    customers = "select customer_key from core.dim_customers where source_system = 'whatsapp' order by 1 limit 3"
    *erased, removed = [str(key) for (key,) in sample_place.rows(customers)]
    before = copied(sample_place, "before")
    begun(sample_place, erased, with_rows=False)
    result = sample_place.module("ingestion", "erase", "--resume")
    assert result.returncode == 0, result.stderr
    found = differences(open_warehouse(make_url(before), 1), sample_place.warehouse, ["marts"])
    assert [line for line in found if not line.removeprefix("marts.").startswith(_OF_TEXTS)] == []
    hashes = [key.rpartition(":")[2] for key in erased]
    assert places_of(sample_place.folder, hashes, but=[sample_place.folder / "before.duckdb"]) == {}
    result = sample_place.module("ingestion", "erase", "--customer", removed, "--with-rows")
    assert result.returncode == 0, result.stderr
    there = sample_place.rows(f"select count(*) from core.dim_customers where customer_key = '{removed}'")
    assert there == [(0,)]
    incremental = copied(sample_place, "incremental")
    result = sample_place.dbt(
        *("build", "--full-refresh", "--select", "+fct_conversations", "+conversations_daily"),
        *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert differences(open_warehouse(make_url(incremental), 1), sample_place.warehouse) == []
