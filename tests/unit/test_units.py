"""Which mappings of money have to say in which unit it is."""

import pytest

from ingestion.catalogue.mapping import ColumnMapping
from ingestion.catalogue.units import unit_fault


@pytest.mark.parametrize(
    ("name", "type_", "told", "words"),
    [
        ("spend_cents", "integer", {"from": "total"}, "times: 100 where total is in units"),
        ("spend_cents", "integer", {"from": "doc", "path": "bill.total"}, "times: 100 where bill.total"),
        ("order_total", "decimal", {"from": "totalCents"}, "times: 0.01 where totalCents is in cents"),
        ("price", "decimal", {"from": "price_minor"}, "times: 0.01"),
        ("spend_cents", "integer", {"from": "total", "times": 1}, None),
        ("spend_cents", "integer", {"from": "total_cents"}, None),
        ("spend_cents", "integer", {"default": 0}, None),
        ("order_total", "decimal", {"from": "center_total"}, None),
        ("owner", "text", {"from": "cent_owner"}, None),
    ],
)
def test_unit_is_asked_where_names_do_not_tell_it(
    name: str, type_: str, told: dict[str, object], words: str | None
) -> None:
    fault = unit_fault(name, type_, ColumnMapping.model_validate(told))
    assert (fault is None) if words is None else (fault is not None and words in fault)
