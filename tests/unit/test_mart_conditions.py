"""Which columns a condition names, whatever else SQL of three engines has in it."""

import pytest

from marts.conditions import unknown_columns

KNOWN = ("status", "spend_amount", "visit_date", "tags", "payload", "is_first", "left")
CONDITIONS = {
    "{} = 'a'": "status",
    "{} in ('a', 'b') and not is_first": "status",
    "{} is not null or is_first": "spend_amount",
    "not {}": "is_first",
    "coalesce({}, 0) between 1 and -1e3": "spend_amount",
    "case when {} then true else false end": "is_first",
    "cast({} as bigint) > 3": "spend_amount",
    "{}::int % 2 = 0": "spend_amount",
    "((({} = 'it''s')))": "status",
    "lower(trim(both ' ' from {})) like 'a%' escape '!'": "status",
    "extract(year from {}) = 2026": "visit_date",
    "date_trunc('month', {}) = date '2026-01-01'": "visit_date",
    "date_trunc({}, isoweek) = '2026-01-01'": "visit_date",
    "date_diff(date '2026-01-01', {}, day) > 3": "visit_date",
    "{} >= current_date - interval '7 days'": "visit_date",
    "{} >= date_sub(current_date(), interval 7 day)": "visit_date",
    "{} at time zone 'UTC' > current_timestamp": "visit_date",
    "list_contains(list_filter({}, x -> x > 1), 2)": "tags",
    "len(list_filter({}, lambda x : x > 1)) > 0": "tags",
    "[x for x in tags if x > 1] <> [] and {} > 3": "spend_amount",
    "{}[1] = 'a'": "tags",
    "{} @> array['a']": "tags",
    "{}.kind.name = 'a'": "payload",
    "{} ->> 'kind' = 'a'": "payload",
    "json_value({}, '$.a') = 'a'": "payload",
    "struct_pack(a := {}).a = 'x'": "status",
    "facts.{} = 'a'": "status",
    "{} in (select code from core.codes where is_good)": "status",
    "exists (select 1 from core.codes as c where c.code = 'a') and {}": "is_first",
    "{} similar to 'a%' and \"left\" > 3 and \"Status\" = 'a'": "status",
    "{} ~ '^a'": "status",
    "`status` = 'a' and {} <> \"b\"": "status",
    "{} is distinct from 3": "spend_amount",
    "regexp_contains({}, r'^a')": "status",
    "user <> {} and localtimestamp is not null": "status",
}
"""A condition with a place for a column → one that fits."""


@pytest.mark.parametrize("condition", CONDITIONS)
def test_column_that_is_not_there_is_told_wherever_it_stands_and_nothing_else(condition: str) -> None:
    fits = CONDITIONS[condition]
    assert unknown_columns(condition.format(fits), KNOWN) == []
    assert unknown_columns(condition.format(fits.upper()), KNOWN) == []
    misspelt = fits[:-2] + fits[-1] + fits[-2]
    assert unknown_columns(condition.format(misspelt), KNOWN) == [misspelt]


def test_what_no_engine_can_read_is_left_to_the_build() -> None:
    assert unknown_columns("status = = 'a' statsu", KNOWN) == []
