"""Any mixture of values and nulls, laid out in any way, converts as each value alone does."""

import itertools
import math
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import conform
from ingestion.rows.conversion import convert

BAD = object()
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = [
    "0", "7", "+7", "-12", " 9 ", "1e999", "-Infinity", "9223372036854775807",
    "9223372036854775808", "0x1F", "1.5", "1e3", "0.0000000001",
    "NaN", "n/a", "", "true", "F", "yes", "Europe/Berlin", "Mars/Olympus", "2026-03-01", "2026-02-30", "soon", "\x00",
    "2026-03-01 12:00:00", "2026-03-01T12:00:00.123456789Z", "2026-03-01T24:00:00", "1969-12-31T23:59:59.9999999+01:00",
]  # fmt: skip
MIDNIGHTS = st.dates().map(lambda day: datetime.combine(day, datetime.min.time()))
IN_NANOSECONDS = st.datetimes(datetime.fromisoformat("1700-01-01"), datetime.fromisoformat("2200-01-01"))
WIRES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), st.sampled_from(TEXTS) | st.text(max_size=5)),
    "integer": (pa.int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)),
    "small integer": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "unsigned": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "double": (pa.float64(), st.floats() | st.sampled_from([0.0, 1.0, -0.0, 2.5, 0.1, 1e300])),
    "boolean": (pa.bool_(), st.booleans()),
    "date": (pa.date32(), st.dates()),
    "timestamp": (pa.timestamp("us"), st.datetimes() | MIDNIGHTS),
    "instant": (pa.timestamp("us", tz="UTC"), st.datetimes(timezones=st.just(UTC))),
    "nanoseconds": (pa.timestamp("ns"), IN_NANOSECONDS | st.just(datetime.fromisoformat("2026-03-01"))),
    "decimal": (pa.decimal128(20, 4), st.decimals(-(10**15), 10**15, places=4)),
    "bytes": (pa.binary(), st.binary(max_size=4)),
    "null": (pa.null(), st.none()),
}
LAYOUTS = ["plain", "sliced", "dictionary", "large"]


def laid_out(values: list[Any], type_: pa.DataType, layout: str) -> pa.Array:
    array = pa.array(values, type_)
    if layout == "sliced":
        before, after = pa.nulls(3, type_), pa.array(values[:1] or [None], type_)
        return pa.concat_arrays([before, array, after]).slice(3, len(values))
    if layout == "dictionary" and not pa.types.is_null(type_):
        return array.dictionary_encode()
    if layout == "large" and type_ in (pa.string(), pa.binary()):
        return array.cast(pa.large_string() if type_ == pa.string() else pa.large_binary())
    return array


WORDS = {"1": True, "t": True, "true": True, "y": True, "yes": True}
WORDS |= {"0": False, "f": False, "false": False, "n": False, "no": False}


def of_date(text: str) -> Any:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else BAD
    except ValueError:
        return BAD


def of_decimal(text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return BAD
    holds = number.is_finite() and abs(number) < 10**29 and number == round(number, 9)
    return number if holds and re.fullmatch(r"[-+0-9.eE]+", text) else BAD


def of_integer(text: str) -> Any:
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) and abs(int(text)) < 2**63 else BAD


def of_double(text: str) -> Any:
    if text.lower() in ("nan", "infinity", "-infinity", "inf", "-inf"):
        return float(text)
    number = (
        float(text) if re.fullmatch(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?", text, re.IGNORECASE) else None
    )
    return BAD if number is None or math.isinf(number) else number


def of_timezone(text: str) -> Any:
    return None if not text else text if text in zoneinfo.available_timezones() else BAD


def of_instant(text: str) -> Any:
    found = re.fullmatch(r"([0-9-]{10})(?:[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(Z|\+01:00)?)?", text)
    try:
        day = datetime.combine(date.fromisoformat(found[1]), datetime.min.time(), UTC) if found else None
    except ValueError:
        return BAD
    if found is None or day is None:
        return BAD
    hour, minute, second = (int(found[n] or 0) for n in (2, 3, 4))
    microsecond = int((found[5] or "").ljust(6, "0")[:6])
    ahead = timedelta(hours=1 if found[6] == "+01:00" else 0)
    return day + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microsecond) - ahead


OF_TEXT: dict[ColumnType, Callable[[str], Any]] = {
    ColumnType.TEXT: lambda text: text,
    ColumnType.JSON: lambda text: text,
    ColumnType.BYTES: str.encode,
    ColumnType.INTEGER: lambda text: of_integer(text.strip()),
    ColumnType.DOUBLE: lambda text: of_double(text.strip()),
    ColumnType.DECIMAL: lambda text: of_decimal(text.strip()),
    ColumnType.BOOLEAN: lambda text: WORDS.get(text.strip().lower(), BAD),
    ColumnType.TIMEZONE: lambda text: of_timezone(text.strip()),
    ColumnType.DATE: lambda text: of_date(text.strip()),
    ColumnType.TIMESTAMP: lambda text: of_instant(text.strip()),
}
"""What text is in a type, by the words of docs/values.md."""


def alone(value: Any, wire: pa.DataType, type_: ColumnType) -> Any:
    array, bad = convert(pa.array([value], wire), type_)
    return BAD if bad else array


@pytest.mark.parametrize("type_", ColumnType)
@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=10)
@given(data=st.data())
def test_every_value_converts_as_it_does_alone_and_null_is_null(
    wire: str, type_: ColumnType, data: st.DataObject
) -> None:
    arrow, values_of = WIRES[wire]
    values = data.draw(st.lists(st.none() | values_of, max_size=12))
    array, bad = convert(laid_out(values, arrow, data.draw(st.sampled_from(LAYOUTS))), type_)
    array.validate(full=True)
    assert array.type == type_.arrow
    assert len(array) == len(values)
    for row, value in enumerate(values):
        if value is None:
            assert (array.is_valid()[row].as_py(), row in bad) == (False, False)
            continue
        expected = alone(value, arrow, type_)
        assert (row in bad) == (expected is BAD), value
        held = None if expected is BAD else expected[0].as_py()
        assert repr(array[row].as_py()) == repr(held), value
        if wire == "text" and type_ in OF_TEXT:
            told = OF_TEXT[type_](value)
            assert (row in bad) == (told is BAD), value
            assert repr(array[row].as_py()) == repr(None if told is BAD else told) or array[row].as_py() == told


@pytest.mark.parametrize("type_", OF_TEXT)
def test_every_text_is_read_as_the_types_words_say(type_: ColumnType) -> None:
    array, bad = convert(pa.array(TEXTS), type_)
    told = [OF_TEXT[type_](text) for text in TEXTS]
    assert bad == [row for row, value in enumerate(told) if value is BAD]
    held = [None if value is BAD else value for value in told]
    assert array.equals(pa.array(held, type_.arrow)) or repr(array.to_pylist()) == repr(held)


@pytest.mark.parametrize("type_", ColumnType)
@pytest.mark.parametrize("wire", WIRES)
def test_nulls_alone_are_null_and_nothing_is_set_aside(wire: str, type_: ColumnType) -> None:
    arrow, _ = WIRES[wire]
    table = RawTable("shop", "items", ("id",), (Column("id", ColumnType.INTEGER, True), Column("value", type_)))
    for layout, rows in itertools.product(LAYOUTS, (0, 1, 1000)):
        value = laid_out([None] * rows, arrow, layout)
        batch = pa.RecordBatch.from_arrays([pa.array(range(rows), pa.int64()), value], names=["id", "value"])
        result = conform(table, batch)
        assert result.rejections == []
        assert result.batch.column("value").null_count == result.batch.num_rows == rows


@pytest.mark.parametrize("type_", [ColumnType.TIMESTAMP, ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.BOOLEAN])
def test_values_that_are_repeated_convert_as_each_does_alone(type_: ColumnType) -> None:
    few = ["soon", None, "2026-03-01", "1", " 1 ", "true", "", "1e400", "9" * 30]
    wire = pa.array([few[i % len(few)] for i in range(500)], pa.string())
    alone = [convert(pa.array([value], pa.string()), type_) for value in few]
    values, bad = convert(wire, type_)
    assert values.to_pylist() == [alone[i % len(few)][0][0].as_py() for i in range(500)]
    assert bad == [i for i in range(500) if alone[i % len(few)][1]]
    assert bad
