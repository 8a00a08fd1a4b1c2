"""People of the sample who are erased: no number changes, and increments follow."""

import shutil
from pathlib import Path

import pytest
from canary import places_of
from comparison import differences
from end_to_end.place import Place
from sqlalchemy import make_url

from ingestion.loading.run import Ingestion
from ingestion.operations.erasure import begin, find
from ingestion.operations.persons import Person
from ingestion.settings import Settings
from ingestion.warehouses import open_warehouse

pytestmark = pytest.mark.slow


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


def test_erased_people_change_no_number_and_increments_are_what_a_full_refresh_makes(
    place_of_two: Place, tmp_path: Path
) -> None:
    """Of one system: what belongs to whom is declared alike of all."""
    # What is published shows nobody, and is not made again here.
    (nothing := tmp_path / "nothing.yml").write_text("{}\n")
    place_of_two.environment |= {"EXPORTS_CATALOGUE": str(nothing), "REPORTS_CATALOGUE": str(nothing)}
    customers = "select customer_key from core.dim_customers where source_system = 'whatsapp' order by 1 limit 3"
    *erased, removed = [str(key) for (key,) in place_of_two.rows(customers)]
    before = copied(place_of_two, "before")
    begun(place_of_two, erased, with_rows=False)
    result = place_of_two.module("ingestion", "erase", "--resume")
    assert result.returncode == 0, result.stderr
    found = differences(open_warehouse(make_url(before), 1), place_of_two.warehouse, ["marts"])
    assert [line for line in found if not line.removeprefix("marts.").startswith(_OF_TEXTS)] == []
    hashes = [key.rpartition(":")[2] for key in erased]
    assert places_of(place_of_two.folder, hashes, but=[place_of_two.folder / "before.duckdb"]) == {}
    result = place_of_two.module("ingestion", "erase", "--customer", removed, "--with-rows")
    assert result.returncode == 0, result.stderr
    there = place_of_two.rows(f"select count(*) from core.dim_customers where customer_key = '{removed}'")
    assert there == [(0,)]
    incremental = copied(place_of_two, "incremental")
    result = place_of_two.dbt(
        *("build", "--full-refresh", "--select", "+fct_conversations", "+conversations_daily"),
        *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert differences(open_warehouse(make_url(incremental), 1), place_of_two.warehouse) == []
