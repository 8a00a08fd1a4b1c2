"""What is said of an export or a report that names a table which is not there."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from exports.catalogue import Export
from exports.errors import ExportError
from exports.publish import Publisher
from exports.reports.reads import tables_in, told_of_tables
from ingestion.errors import WarehouseError
from marts.tables import made_tables, unmade

NEVER_BUILT = "was never built: .venv/bin/python -m orchestration run builds it"


def fault(told: dict[str, str], folder: Path, *there: tuple[str, str]) -> str:
    """Why an export can't be published from a warehouse with some tables."""

    def query(sql: str) -> pa.Table:
        try:
            return duckdb.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise WarehouseError(f"{str(error).splitlines()[0]}.") from None

    export = Export.model_validate({"name": "asked", "split": "whole", **told})
    with pytest.raises((ExportError, WarehouseError)) as raised:
        Publisher(query, str(folder), there=there).publish(export, datetime(2026, 4, 1, tzinfo=UTC))
    return str(raised.value)


def test_misspelt_mart_is_told_with_those_that_are_near(tmp_path: Path) -> None:
    told = "marts.costs_monthyl is not there, and no model makes marts.costs_monthyl. Near it: costs_monthly, "
    assert fault({"mart": "costs_monthyl"}, tmp_path).startswith(told)
    told = "core.dim_tenant is not there, and no model makes core.dim_tenant. Near it: dim_tenants"
    assert fault({"mart": "dim_tenant", "schema": "core"}, tmp_path).startswith(told)
    told = fault({"query": 'select * from "reporting"."costs_monthyl"'}, tmp_path)
    assert "costs_monthyl" in told.partition(": no model")[0]
    assert ": no model makes marts.costs_monthyl. Near it: costs_monthly" in told


def test_mart_that_there_is_was_never_built(tmp_path: Path) -> None:
    assert NEVER_BUILT in fault({"mart": "costs_monthly"}, tmp_path)
    assert "no model" not in fault({"query": "select * from marts.costs_monthly"}, tmp_path)


@pytest.mark.parametrize("table", sorted(made_tables()), ids=".".join)
def test_every_table_is_near_to_itself_misspelt(table: tuple[str, str]) -> None:
    schema, name = table
    assert unmade([table]) is None
    told = unmade([(schema, f"{name[:-2]}{name[-1]}{name[-2]}x")])
    assert told is not None
    assert name in told.partition("Near it: ")[2].split(", ")


def test_model_of_your_own_is_made_by_whatever_name_it_has(tmp_path: Path) -> None:
    custom = tmp_path / "models" / "custom"
    (custom / "below").mkdir(parents=True)
    (custom / "plain.sql").write_text("select 1", encoding="utf-8")
    (custom / "below" / "other.sql").write_text("{{ config(schema='core', alias = 'called') }} select 1")
    (custom / "python.py").write_text("def model(dbt, session): ...", encoding="utf-8")
    (custom / "README.md").write_text("Nothing.", encoding="utf-8")
    names = {"plain", "other", "called", "python"}
    assert made_tables(tmp_path) == {(schema, name) for schema in ("core", "marts") for name in names}


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select * from marts.costs join core.dim_tenants using (tenant_key)", {"marts.costs", "core.dim_tenants"}),
        ('select * from "marts"."costs"', {"marts.costs"}),
        ("select * from `business_marts`.`costs`", {"marts.costs"}),
        ("select * from business_reporting.costs", {"marts.costs"}),
        ("SELECT * FROM Marts.Costs", {"marts.costs"}),
        ("with costs as (select 1) select * from costs where name = 'marts'", set()),
        ("select * from smarts.costs", set()),
    ],
)
def test_tables_of_a_query_are_those_that_it_names_with_their_schema(sql: str, tables: set[str]) -> None:
    assert {".".join(table) for table in tables_in(sql)} == tables


def test_what_the_warehouse_says_is_told_too() -> None:
    with (
        pytest.raises(ExportError, match=r"^Out of luck: no model makes marts\.x\. Near it: .*\.$"),
        told_of_tables("select * from marts.x"),
    ):
        raise WarehouseError("Out of luck.")
    with pytest.raises(WarehouseError, match=r"^Out of luck\.$"), told_of_tables("select * from marts.kpis"):
        raise WarehouseError("Out of luck.")
