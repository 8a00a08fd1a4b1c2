"""What is refused of declared marts beside the models that they count."""

from contextlib import nullcontext
from typing import Any

import pytest
import yaml

from ingestion.errors import ConfigurationError
from marts.consistency import assert_consistent, assert_counted, types_of
from marts.declaration import Attribute, Mart
from marts.facts import Counted

FACT = """
models:
  - name: fct_visits
    columns:
      - {name: visit_date, data_type: date}
      - {name: booked_date, data_type: date}
      - {name: visited_at, data_type: timestamptz}
      - {name: spend_amount, data_type: "numeric(28, 9)"}
      - {name: covers, data_type: bigint}
      - {name: status, data_type: text, constraints: [{type: not_null}]}
      - {name: error, data_type: text}
      - {name: currency_code, data_type: text, constraints: [{type: not_null}]}
      - {name: is_first, data_type: boolean, constraints: [{type: not_null}]}
  - name: int_parties
    columns: [{name: visit_date}, {name: size_class}]
"""
TEXTS = {
    "fct_visits": "select 1",
    "int_parties": "select 1",
    "int_restaurant__changed_periods": "changed_periods([[ref('x'), 'id', ref('fct_visits'), 'visit_date']])",
}
CHANGED = "int_restaurant__changed_periods"


def mart(dimensions: dict[str, str] | None = None, **column: Any) -> Mart:
    told = {"measure": "count", "description": "Visits.", "of": "fct_visits", "by": "visit_date"} | column
    declared = {"description": "Visits.", "row": "tenant", "tenant": "A restaurant.", "columns": {"visits": told}}
    return Mart.model_validate(declared | {"dimensions": dimensions or {}})


def beside(**told: Any) -> Mart:
    return mart().model_copy(update=told)


def attribute(name: str, **told: str) -> Mart:
    return beside(attributes={name: Attribute.model_validate({"description": "x"} | told)})


def check(changed: str = CHANGED, **marts: Mart) -> None:
    declared = {name: ("restaurant", told) for name, told in marts.items()}
    assert_consistent(declared, dict.fromkeys(marts, changed), TEXTS, types_of(yaml.safe_load(FACT)["models"]))


def test_what_is_there_is_counted() -> None:
    check(visits=mart({"status": "Status."}, headline=True), spend=mart(measure="sum spend_amount"))


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (mart(of="fct_visit"), r"visits: visits: there is no model fct_visit\. Near it: fct_visits"),
        (mart(by="day"), "visits: visits: fct_visits has no date day; it has visit_date, booked_date"),
        (mart(by="visited_at"), "fct_visits has no date visited_at"),
        (mart(measure="sum spend"), r"fct_visits has no column spend\. Near it: spend_amount"),
        (
            mart(where="covers > 2 and spend_amonut > 3"),
            r"visits: visits: fct_visits has no column spend_amonut, which `where` names\. Near it: spend_amount",
        ),
        (mart(known_since="int_party.since"), r"visits: visits: there is no model int_party\. Near it: int_parties"),
        (mart(known_since="int_parties.since"), "visits: visits: int_parties has no column since"),
        (beside(quiet_days="quiet_day"), r"visits: quiet_days: there is no variable quiet_day\. Near it: quiet_days"),
        (attribute("size_clas", of="int_parties"), r"int_parties has no column size_clas\. Near it: size_class"),
        (attribute("size_class", of="int_party"), "visits: size_class: there is no model int_party"),
        (attribute("size_class", of="int_parties"), "visits: size_class: int_parties has no column tenant_key"),
        (mart(measure="sum status"), "fct_visits.status is text, no number"),
        (mart(measure="p50 is_first"), "fct_visits.is_first is boolean, no number"),
        (mart(measure="max visited_at"), "fct_visits.visited_at is timestamptz, no number"),
        (mart(measure="sum spend_amount", whole=True), r"spend_amount is numeric\(28, 9\), no whole number"),
        (mart({"weekday": "x"}), "fct_visits has no column weekday, which is a dimension"),
        (mart({"error": "x"}), "fct_visits.error is no text, or may be null"),
        (mart({"is_first": "x"}), "fct_visits.is_first is no text, or may be null"),
        (mart(by="booked_date"), f"visits counts fct_visits by booked_date, and {CHANGED} does not tell"),
        (mart({"size_class": "x"}, of="int_parties"), f"visits counts int_parties by visit_date, and {CHANGED} does"),
        (mart(measure="sum spend_amount", headline=True), "the headline visits is no whole number, and so money"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(told: Mart, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        check(visits=told)


def test_model_of_changed_periods_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=f"there is no model int_x; `changed` may name .*: {CHANGED}"):
        check("int_x", visits=mart())


def test_two_headlines_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="others: visits is a headline of visits too"):
        check(visits=mart(headline=True), others=mart(headline=True))


def test_headline_that_divides_money_of_several_currencies_is_refused() -> None:
    told = {"description": "x", "of": "fct_visits", "by": "visit_date"}
    columns = {"visits": told | {"measure": "count"}, "spend": told | {"measure": "sum spend_amount"}}
    columns["average"] = {"description": "x", "ratio": ["spend", "visits"], "headline": True}
    declared = {"description": "x", "row": "tenant", "tenant": "x", "columns": columns}
    check(spend=Mart.model_validate(declared))
    with pytest.raises(ConfigurationError, match="spend: the headline average divides money"):
        check(spend=Mart.model_validate(declared | {"dimensions": {"currency_code": "ISO 4217."}}))


def test_number_that_is_called_as_a_name_is_refused() -> None:
    told = {"description": "x", "of": "fct_visits", "by": "visit_date", "measure": "count"}
    declared = {"description": "x", "row": "tenant", "tenant": "x", "columns": {"tenant_name": told}}
    with pytest.raises(ConfigurationError, match="visits: tenant_name is a name beside an id"):
        check(visits=Mart.model_validate(declared))


@pytest.mark.parametrize(
    ("counted", "fault"),
    [
        (
            {"rows_of": "visit"},
            r"no table visit with a model stg_restaurant__visit\. Near it: visits",
        ),
        ({"key": "statsu"}, r"fct_visits: counted: fct_visits has no column statsu\. Near it: status"),
        ({"dates": ["visit_date", "booked_on"]}, "fct_visits: counted: fct_visits has no column booked_on"),
        ({"customer": "guest"}, "fct_visits: counted: fct_visits has no column guest"),
        ({}, None),
    ],
)
def test_fact_is_counted_by_what_is_there(counted: dict[str, Any], fault: str | None) -> None:
    told = Counted.model_validate({"rows_of": "visits", "key": "status", "dates": ["visit_date"]} | counted)
    with pytest.raises(ConfigurationError, match=fault) if fault else nullcontext():
        assert_counted(
            {"fct_visits": ("restaurant", told)},
            TEXTS | {"stg_restaurant__visits": "select 1"},
            types_of(yaml.safe_load(FACT)["models"]),
        )
