from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import Effect, OddValue, conform


def table(type_: ColumnType, *, required: bool = False, is_needed: bool = False) -> RawTable:
    columns = (Column("id", ColumnType.INTEGER, True), Column("value", type_, required, is_needed=is_needed))
    return RawTable("whatsapp", "messages", ("id",), columns)


def converted(type_: ColumnType, values: pa.Array) -> tuple[list[Any], list[tuple[str, str | None]]]:
    """The values that fit, and key and text of those that do not, in a column that rows are of no use without."""
    batch = pa.RecordBatch.from_arrays([pa.array(range(len(values))), values], names=["id", "value"])
    result = conform(table(type_, is_needed=True), batch)
    assert {r.effect for r in result.rejections} <= {Effect.ROW}
    return result.batch.column("value").to_pylist(), [(r.key, r.value) for r in result.rejections]


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01 12:00:00+00:00", NOON),
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01 12:00", NOON),
        ("  2026-03-01 12:00:00\n", NOON),
        ("2026-03-01 17:30:00+05:30", NOON),
        ("2026-03-01 17:30:00+0530", NOON),
        ("2026-03-01 12:00:00.000001", NOON.replace(microsecond=1)),
        ("2026-03-01", NOON.replace(hour=0)),
        ("1969-12-31 23:59:59.999999+00:00", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("1969-12-31 23:59:59.9999999", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("1600-12-31T23:59:59.999999999999Z", datetime(1600, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-03-01T12:00:00.1234567Z", NOON.replace(microsecond=123456)),
        ("2026-03-01T12:00:00.12345678", NOON.replace(microsecond=123456)),
        ("2026-03-01 12:00:00.123456789 +0000 UTC", NOON.replace(microsecond=123456)),
        ("2026-03-01 13:00:00.999999999 +0100 CET m=+0.000012", NOON.replace(microsecond=999999)),
        ("2026-03-01 09:00:00 -0300 -03", NOON),
        ("2026-03-01 13:00:00.1234567 +01:00", NOON.replace(microsecond=123456)),
        ("2026-03-01T13:00+01:00[Europe/Berlin]", NOON),
        ("2026-03-01T12:00Z[UTC]", NOON),
        ("2026-03-01 12:00:00,5", NOON.replace(microsecond=500000)),
        ("2026-03-01t12:00:00z", NOON),
        ("2026-03-01 12:00:00 UTC", NOON),
        ("2026-03-01 13:00:00+01", NOON),
        ("2026-03-01T12:53:28+00:53:28", NOON),
        ("2026-03-01T11:00:00\N{MINUS SIGN}01:00", NOON),
        ("20260301T120000Z", NOON),
        ("20260301T130000.0+0100", NOON),
        ("2026-03-01T12", NOON),
        ("2026-02-28T24:00:00", NOON.replace(hour=0)),
        ("2026-02-28 24:00:00.0000000+00:00", NOON.replace(hour=0)),
        ("2026-02-28T24:00-12:00", NOON),
        ("2025-12-31T24:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_every_iso_spelling_of_an_instant_is_the_same_instant(text: str, instant: datetime) -> None:
    # Beside another spelling, so that the whole column's cast fails and the general way is taken as well.
    values, rejected = converted(ColumnType.TIMESTAMP, pa.array([text, "2026-03-01 12:00:00", "2026-03-01T12:00:00Z"]))
    assert values == [instant, NOON, NOON]
    assert rejected == []


@pytest.mark.parametrize(
    "text",
    ["yesterday", "", "2026-02-30 00:00:00", "2026-03-01 25:00:00", "1772366400", "01/03/2026", "infinity",
     "20260301", "2026-03-01T", "2026-03-01T24:00:01", "2026-03-01T24:00:00.0000000001", "2026-03-01T23:59:60",
     "2026-03-01T12:00:00.", "2026-03-01T12:00.5", "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+01:60",
     "2026-03-01T12:00:00 CET", "2026-03-01 12:00:00 PM", "01-MAR-26 12.00.00.000000", "2026-03-01-05:00",
     "12026-03-01T12:00:00Z", "2026-W09-7T12:00:00", "2026-03-01T12:00:00Z Z"],
)  # fmt: skip
def test_what_is_no_timestamp_is_rejected_with_its_original(text: str) -> None:
    values, rejected = converted(ColumnType.TIMESTAMP, pa.array(["2026-03-01 12:00:00", text]))
    assert values == [NOON]
    assert rejected == [('{"id": 1}', text)]


@pytest.mark.parametrize(
    ("value", "decimal"),
    [
        ("11.77", Decimal("11.77")),
        ("1e3", Decimal(1000)),
        (" -0.000000001 ", Decimal("-0.000000001")),
        ("99999999999999999999999999999.999999999", Decimal("99999999999999999999999999999.999999999")),
    ],
)
def test_decimal_text_is_exact(value: str, decimal: Decimal) -> None:
    assert converted(ColumnType.DECIMAL, pa.array([value])) == ([decimal], [])


@pytest.mark.parametrize("value", ["NaN", "inf", "1.0000000001", "100000000000000000000000000000", "n/a", "1,5"])
def test_decimal_that_cannot_be_held_is_rejected_rather_than_rounded(value: str) -> None:
    assert converted(ColumnType.DECIMAL, pa.array([value, "1"])) == ([Decimal(1)], [('{"id": 0}', value)])


def test_float_becomes_the_decimal_that_its_fifteen_digits_spell() -> None:
    values, rejected = converted(ColumnType.DECIMAL, pa.array([0.1 + 0.2, 11.77, float("nan"), 1e-12]))
    assert values == [Decimal("0.3"), Decimal("11.77")]
    assert rejected == [('{"id": 2}', "nan"), ('{"id": 3}', "1e-12")]


def test_integers_beyond_64_bits_and_words_are_rejected() -> None:
    values, rejected = converted(
        ColumnType.INTEGER, pa.array(["9223372036854775807", "9223372036854775808", "n/a", "7"])
    )
    assert values == [9223372036854775807, 7]
    assert rejected == [('{"id": 1}', "9223372036854775808"), ('{"id": 2}', "n/a")]


def test_booleans_are_read_in_their_usual_spellings() -> None:
    assert converted(ColumnType.BOOLEAN, pa.array(["1", "TRUE", "f", "no", None]))[0] == [
        True,
        True,
        False,
        False,
        None,
    ]
    assert converted(ColumnType.BOOLEAN, pa.array([1, 0, 2]))[1] == [('{"id": 2}', "2")]


def test_wrong_timezone_is_set_aside_and_its_row_kept() -> None:
    batch = pa.RecordBatch.from_pydict({"id": [0, 1, 2, 3], "value": ["Europe/Berlin", "", None, "Mars/Olympus"]})
    result = conform(table(ColumnType.TIMEZONE), batch)
    assert result.batch.column("value").to_pylist() == ["Europe/Berlin", None, None, None]
    assert [(r.key, r.value, r.effect) for r in result.rejections] == [('{"id": 3}', "Mars/Olympus", Effect.VALUE)]


def test_wrong_values_are_set_aside_and_their_row_kept_where_it_is_of_use_without_them() -> None:
    columns = (
        Column("id", ColumnType.INTEGER, True),
        Column("cents", ColumnType.INTEGER),
        Column("seen", ColumnType.DATE),
        Column("owner", ColumnType.INTEGER, is_needed=True),
    )
    batch = pa.RecordBatch.from_pydict(
        {
            "id": ["1", "2", "3", "x"],
            "cents": ["5", "n/a", "n/a", "n/a"],
            "seen": ["2026-03-01", "soon", "soon", "soon"],
            "owner": ["7", "8", "nobody", "9"],
        }
    )
    result = conform(RawTable("crm", "leads", ("id",), columns), batch)
    assert result.batch.to_pylist() == [
        {"id": 1, "cents": 5, "seen": date(2026, 3, 1), "owner": 7},
        {"id": 2, "cents": None, "seen": None, "owner": 8},
    ]
    # All values of a row that is there, one fault of a row that is not; its key as the log would have it.
    assert [(r.key, r.column, r.value, r.effect) for r in result.rejections] == [
        ('{"id": 2}', "cents", "n/a", Effect.VALUE),
        ('{"id": 2}', "seen", "soon", Effect.VALUE),
        ('{"id": 3}', "owner", "nobody", Effect.ROW),
        ('{"id": "x"}', "id", "x", Effect.ROW),
    ]


def test_text_is_kept_to_the_letter() -> None:
    texts = ["  spaces ", "", "a\x00b", "🙂", "=1+1"]
    assert converted(ColumnType.TEXT, pa.array(texts)) == (texts, [])


def test_bytes_are_not_text() -> None:
    assert converted(ColumnType.TEXT, pa.array([b"\xff\xfe"]))[1] == [('{"id": 0}', "fffe")]


def test_date_is_read_from_text() -> None:
    assert converted(ColumnType.DATE, pa.array(["2026-03-01", "soon"])) == ([date(2026, 3, 1)], [('{"id": 1}', "soon")])


def test_required_value_that_is_missing_is_rejected_with_the_whole_row() -> None:
    batch = pa.RecordBatch.from_pydict({"id": [1, 2], "value": ["a", None]})
    result = conform(table(ColumnType.TEXT, required=True), batch)
    [rejection] = result.rejections
    assert (rejection.column, rejection.reason) == ("value", "a value is required")
    assert rejection.content == '{"id": 2, "value": null}'
    assert result.batch.num_rows == 1


@pytest.mark.parametrize("is_needed", [False, True])
def test_odd_value_is_set_aside_and_stays_in_its_rows_content(is_needed: bool) -> None:
    batch = pa.RecordBatch.from_pydict({"id": [1, 2], "value": [5, None]})
    result = conform(table(ColumnType.INTEGER, is_needed=is_needed), batch, [OddValue(1, "value", "n/a")])
    [rejection] = result.rejections
    assert (rejection.value, rejection.content) == ("n/a", '{"id": 2, "value": "n/a"}')
    assert rejection.effect == (Effect.ROW if is_needed else Effect.VALUE)
    assert result.batch.column("id").to_pylist() == ([1] if is_needed else [1, 2])


def test_column_that_the_batch_lacks_is_null() -> None:
    result = conform(table(ColumnType.TEXT), pa.RecordBatch.from_pydict({"id": [1]}))
    assert result.batch.to_pylist() == [{"id": 1, "value": None}]


def test_many_bad_values_among_many_good_ones_are_all_found() -> None:
    texts = [("bad" if i % 97 == 0 else str(i)) for i in range(10_000)]
    values, rejected = converted(ColumnType.INTEGER, pa.array(texts))
    assert len(rejected) == texts.count("bad")
    assert values == [i for i in range(10_000) if i % 97]
