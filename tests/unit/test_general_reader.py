"""Python values as the general reader hands them over: natively or as text, never changed on the way."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingestion.rows.conformance import OddValue
from ingestion.sources.sqlalchemy import _wire_array

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("values", "wire"),
    [
        ([1, None, 3], [1, None, 3]),
        ([True, False], [True, False]),
        ([b"\x00", bytearray(b"\x01"), memoryview(b"\x02")], [b"\x00", b"\x01", b"\x02"]),
        ([Decimal("1.50"), Decimal(2)], [Decimal("1.50"), Decimal("2.00")]),
        ([1, Decimal("2.5")], ["1", "2.5"]),
        ([True, "a"], ["true", "a"]),
        ([ID], [str(ID)]),
        ([timedelta(hours=1, minutes=30)], ["1:30:00"]),
        ([{"b": 1, "a": [1.5]}, None], ['{"b": 1, "a": [1.5]}', None]),
        ([date(2026, 3, 1), datetime(2026, 3, 1, 10, 30)], ["2026-03-01", "2026-03-01 10:30:00"]),  # noqa: DTZ001
        ([2**70, 1], [str(2**70), "1"]),
        ([Decimal("NaN"), Decimal(1)], ["NaN", "1"]),
    ],
)
def test_values_arrive_as_they_are(values: list[Any], wire: list[Any]) -> None:
    odd: list[OddValue] = []
    assert _wire_array("c", values, odd).to_pylist() == wire
    assert odd == []


def test_bytes_among_text_and_broken_text_are_set_aside() -> None:
    odd: list[OddValue] = []
    assert _wire_array("c", ["a", b"\xff", "\ud800"], odd).to_pylist() == ["a", None, None]
    assert odd == [OddValue(1, "c", "ff"), OddValue(2, "c", "\\ud800")]
