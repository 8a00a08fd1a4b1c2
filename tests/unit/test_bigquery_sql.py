"""Our SQL in BigQuery's words."""

import pytest

from ingestion.warehouses.bigquery_sql import NAME_RULES, translated


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('select "a" from raw_shop.items', "select `a` from `crm_raw_shop`.items"),
        ('select 1 from "raw_shop"."it""s"', 'select 1 from `crm_raw_shop`.`it"s`'),
        ('select "core" from marts."costs" as c', "select `core` from `crm_marts`.`costs` as c"),
        ('select x."core".y from core.t', "select x.`core`.y from `crm_core`.t"),
        ("select 'it''s \\ \n \"core\".t core.t'", "select 'it\\'s \\\\ \\n \"core\".t core.t'"),
        ("select timestamp with time zone '2026-01-01'", "select timestamp '2026-01-01'"),
        ("select my_core.t, raw_shopping.x.y", "select my_core.t, `crm_raw_shopping`.x.y"),
        ("select 1 from `core`.t", "select 1 from `core`.t"),
    ],
)
def test_quotes_literals_and_schemas_are_translated_and_nothing_inside_them(ours: str, theirs: str) -> None:
    assert translated(ours, "crm") == theirs


@pytest.mark.parametrize("name", ["a;b", "a`b", "a.b", "n" * 301, "_PARTITIONTIME", "_table_x", ""])
def test_column_name_that_the_service_would_refuse_is_told(name: str) -> None:
    assert NAME_RULES.fault(name)


def test_column_name_of_any_language_is_taken() -> None:
    assert NAME_RULES.fault("Größe & 'Maß' #1") is None
