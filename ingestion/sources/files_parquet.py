"""Parquet files.

Belongs here: their columns' types, and values that raw has no type for. Not here: bytes (files_copies.py).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.errors import TableError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.sources.base import BATCH_BYTES, BATCH_ROWS, WireBatch
from ingestion.sources.batches import gathered
from ingestion.sources.files_found import shown

_FEWEST_ROWS = 64


def columns(path: Path) -> dict[str, ColumnType]:
    """The columns of a file, with the raw type that holds each."""
    with pq.ParquetFile(path) as file:
        found = {field.name: _raw_type(field.type) for field in file.schema_arrow}
        if len(found) < len(file.schema_arrow):
            raise TableError("a Parquet file has two columns of one name. Give them different ones")
        return found


def wire_batches(name: str, path: Path, table: RawTable) -> Iterator[WireBatch]:
    """The rows of a file, of those of the table's columns that it has."""
    with pq.ParquetFile(path) as file:
        names = [c.name for c in table.columns]
        rows = max(_FEWEST_ROWS, min(BATCH_ROWS, _rows_of(file.metadata)))
        for batch in gathered(file.iter_batches(rows, columns=names), BATCH_BYTES):
            arrays = [_wire(batch.column(c.name), c) for c in table.columns]
            yield WireBatch(pa.RecordBatch.from_arrays(arrays, names=names), files=(shown(name),))


def _rows_of(metadata: pq.FileMetaData) -> int:
    """So many rows that they come to a quarter of a batch's bytes, as the file's pages are wide."""
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    return int(BATCH_BYTES // 4 // max(1, size // max(1, metadata.num_rows)))


def _raw_type(type_: pa.DataType) -> ColumnType:
    if isinstance(type_, pa.BaseExtensionType):
        return _raw_type(type_.storage_type)
    if pa.types.is_dictionary(type_):
        return _raw_type(type_.value_type)
    if pa.types.is_nested(type_):
        return ColumnType.JSON
    if pa.types.is_decimal(type_):
        held = type_.scale <= 9 and type_.precision - type_.scale <= 29
        return ColumnType.DECIMAL if held else ColumnType.TEXT
    return next((raw for is_such, raw in _TYPES if is_such(type_)), ColumnType.TEXT)


_TYPES = (
    (pa.types.is_boolean, ColumnType.BOOLEAN),
    # Beyond 64 bits with a sign.
    (pa.types.is_uint64, ColumnType.DECIMAL),
    (pa.types.is_integer, ColumnType.INTEGER),
    (pa.types.is_floating, ColumnType.DOUBLE),
    (pa.types.is_date, ColumnType.DATE),
    (pa.types.is_timestamp, ColumnType.TIMESTAMP),
    (pa.types.is_binary, ColumnType.BYTES),
    (pa.types.is_large_binary, ColumnType.BYTES),
    (pa.types.is_fixed_size_binary, ColumnType.BYTES),
)


def _wire(array: pa.Array, column: Column) -> pa.Array:
    type_ = array.type
    if pa.types.is_nested(type_):
        return pa.array([None if v is None else _json(v) for v in array.to_pylist()], pa.string())
    if pa.types.is_timestamp(type_) and type_.unit == "ns":
        # As digits of text beyond the microsecond are: cut, not rounded.
        return pc.floor_temporal(array, unit="microsecond").cast(pa.timestamp("us", type_.tz))
    if pa.types.is_time(type_) or pa.types.is_duration(type_):
        return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())
    if _raw_type(type_) is ColumnType.BYTES and column.type is ColumnType.TEXT:
        return pa.array([None if v is None else v.hex() for v in array.to_pylist()], pa.string())
    return array


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda v: v.hex() if isinstance(v, bytes) else str(v))
