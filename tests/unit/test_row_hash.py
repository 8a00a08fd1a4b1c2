import hashlib
import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ingestion.rows.columns import Column, ColumnType
from ingestion.rows.row_hash import RowHasher

COLUMNS = (
    Column("id", ColumnType.INTEGER),
    Column("a", ColumnType.TEXT),
    Column("b", ColumnType.TEXT),
    Column("at", ColumnType.TIMESTAMP),
    Column("amount", ColumnType.DECIMAL),
)


def hashes(rows: list[dict[str, Any]], columns: tuple[Column, ...] = COLUMNS) -> list[int]:
    schema = pa.schema([(c.name, c.type.arrow) for c in columns])
    hasher = RowHasher(columns)
    try:
        return hasher(pa.RecordBatch.from_pylist(rows, schema=schema)).column("_row_hash").to_pylist()
    finally:
        hasher.close()


def test_hash_of_a_row_never_changes() -> None:
    """The log compares hashes that were written years ago: what is hashed, and this number, must stay."""
    row = {"id": 1, "a": "x", "at": datetime(2026, 3, 1, tzinfo=UTC), "amount": Decimal("1.5")}
    digest = hashlib.md5(b"a:1:xamount:11:1.500000000at:16:1772323200000000id:1:1", usedforsecurity=False).digest()
    assert hashes([row]) == [struct.unpack("<q", digest[8:])[0]] == [-3711827697729479324]


def test_values_do_not_run_into_each_other() -> None:
    rows = [{"a": "x", "b": "y"}, {"a": "xy"}, {"b": "xy"}, {"a": "x", "b": ""}, {"a": "x"}, {"a": "x1:b1:y"}, {}]
    assert len(set(hashes(rows))) == len(rows)


def test_null_and_a_new_column_that_is_null_do_not_change_the_hash() -> None:
    row = {"id": 1, "a": "x"}
    assert hashes([row], COLUMNS[:2]) == hashes([row], COLUMNS)


def test_order_of_columns_does_not_matter() -> None:
    row = {"id": 1, "a": "x", "b": "y"}
    assert hashes([row]) == hashes([row], COLUMNS[::-1])


def test_microseconds_count() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert len(set(hashes([{"at": at}, {"at": at.replace(microsecond=1)}]))) == 2
