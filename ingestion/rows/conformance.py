"""Bring a reader's batch to the declared column types without changing a value silently.

Belongs here: which values are set aside, alone or with their row, and the record of it. Not here: conversion of a
column (conversion.py), reading, hashing, loading.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conversion import convert


class Effect(StrEnum):
    """What a rejection keeps out of raw."""

    ROW = "row"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is kept out of its raw table, or loaded without one value, and why.

    Attributes:
        key: the row's key as a JSON object.
        column: the column at fault.
        reason: what is wrong with it.
        value: the value at fault as text.
        content: the whole row as a JSON object.
        effect: whether the row is kept out, or the value alone.
    """

    key: str
    column: str
    reason: str
    value: str | None
    content: str
    effect: Effect = Effect.ROW


@dataclass(frozen=True, slots=True)
class Conformed:
    """The rows that fit the raw table, and those that do not."""

    batch: pa.RecordBatch
    rejections: list[Rejection]


@dataclass(frozen=True, slots=True)
class OddValue:
    """A value that a reader could not hand over in its column's wire type.

    Attributes:
        row: its place in the batch.
        column: its column.
        value: what it is, as text.
        reason: why, where it is not only that it is of another type.
        has_substitute: whether the batch has what stands for it, so that no row is kept out.
    """

    row: int
    column: str
    value: str
    reason: str | None = None
    has_substitute: bool = False


FILE, LINE = "_file", "_line"
"""In the place of a key's columns, where a row's key can't be told."""


@dataclass(frozen=True, slots=True)
class UnparsedRow:
    """A row of a file that could not be told apart into values.

    Attributes:
        file: the file's name.
        line: the line on which it begins, from 1.
        reason: what is wrong with it.
        content: what stands there.
    """

    file: str
    line: int
    reason: str
    content: str

    @property
    def rejection(self) -> Rejection:
        """The record of it."""
        key = json_object({FILE: self.file, LINE: self.line})
        reason = f"{self.reason} ({self.file}, line {self.line:,})"
        return Rejection(key, LINE, reason, None, json_object({LINE: self.content}))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a warehouse can't hold although the raw types could.

    Attributes:
        nul_in_text: whether text may hold the character U+0000.
        first_day: the earliest date, and the day of the earliest timestamp, in days since 1970-01-01; None: Arrow's.
        last_day: the latest date, and the day of the latest timestamp, likewise.
        identifier_bytes: how long a key or reference may be in UTF-8, since indexes hold it; None: as long as any text.
    """

    nul_in_text: bool = True
    first_day: int | None = None
    last_day: int | None = None
    identifier_bytes: int | None = None


UNLIMITED = Limits()

Fault = tuple[str, str, str | None]
"""Column, reason, value."""

REPEATED_KEY = "another row of the same read has the same key"
"""The reason of a row that is kept out for its key; only a read of all rows can tell that it holds no more."""


def conform(
    table: RawTable, batch: pa.RecordBatch, odd: Sequence[OddValue] = (), limits: Limits = UNLIMITED
) -> Conformed:
    """Convert a batch to the table's types.

    A value that can't be held is set aside alone, unless its row is of no use without it (`Column.is_needed`).

    Args:
        table: the raw table.
        batch: columns by name in any wire type; a column that is missing is taken as all null.
        odd: values of `batch` that the reader shows as null because they have another storage class.
        limits: what the warehouse can't hold.

    Returns:
        The batch in `table.arrow_schema` without the rejected rows; the first fault of each of these, and all faults
        of rows that are there without a value.
    """
    faults = _Faults(table)
    for o in odd:
        reason = o.reason or f"expected {_NOUNS[faults.columns[o.column].type]}"
        faults.add(o.row, o.column, reason, o.value, has_substitute=o.has_substitute)
    arrays = []
    for column in table.columns:
        index = batch.schema.get_field_index(column.name)
        if index < 0:
            arrays.append(pa.nulls(batch.num_rows, column.type.arrow))
            continue
        wire = batch.column(index)
        array, bad = convert(wire, column.type)
        for row in bad:
            faults.add(row, column.name, f"expected {_NOUNS[column.type]}", as_shown(wire[row]))
        for is_beyond, reason in _beyond(array, column, column.is_needed or column.name in table.key, limits):
            for row in pc.indices_nonzero(is_beyond).to_pylist():
                faults.add(row, column.name, reason, as_shown(wire[row]))
            array = pc.if_else(is_beyond, pa.scalar(None, array.type), array)
        if column.required and array.null_count:
            for row in pc.indices_nonzero(pc.is_null(array)).to_pylist():
                faults.add(row, column.name, "a value is required", None)
        arrays.append(array)
    conformed = pa.RecordBatch.from_arrays(arrays, schema=table.arrow_schema)
    if not faults.by_row:
        return Conformed(conformed, [])
    shown: dict[int, dict[str, str]] = {}
    for o in odd:
        shown.setdefault(o.row, {})[o.column] = o.value
    rejections = []
    for row in sorted(faults.by_row):
        content = {name: _plain(batch.column(name)[row]) for name in batch.schema.names} | shown.get(row, {})
        # As the log has the key, where it can have it: by that the row is known again.
        key = {name: _plain(conformed.column(name)[row]) for name in table.key}
        named = {name: content.get(name) if value is None else value for name, value in key.items()}
        rejections += [rejection(table, content, fault, effect, named.values()) for fault, effect in faults.of(row)]
    keep = pa.array([row not in faults.rejected for row in range(batch.num_rows)], pa.bool_())
    return Conformed(conformed.filter(keep), rejections)


class _Faults:
    """The faults found in a batch."""

    def __init__(self, table: RawTable) -> None:
        self.columns = {column.name: column for column in table.columns}
        self.by_row: dict[int, dict[str, Fault]] = {}
        self.rejected: dict[int, Fault] = {}
        self._key = table.key

    def add(self, row: int, column: str, reason: str, value: str | None, *, has_substitute: bool = False) -> None:
        """Note a fault; the first of a value counts, and the first that takes a row along."""
        fault = self.by_row.setdefault(row, {}).setdefault(column, (column, reason, value))
        told = self.columns[column]
        if not has_substitute and (told.is_needed or told.required or column in self._key):
            self.rejected.setdefault(row, fault)

    def of(self, row: int) -> list[tuple[Fault, Effect]]:
        """What is to be recorded of a row."""
        if row in self.rejected:
            return [(self.rejected[row], Effect.ROW)]
        return [(fault, Effect.VALUE) for fault in self.by_row[row].values()]


def rejection(
    table: RawTable,
    content: Mapping[str, object],
    fault: Fault,
    effect: Effect = Effect.ROW,
    key: Iterable[object] | None = None,
) -> Rejection:
    """The record of a row, given its values by column, that is kept out or loaded without the value at fault."""
    column, reason, value = fault
    named = tuple(content.get(name) for name in table.key) if key is None else tuple(key)
    # Every warehouse must be able to hold the record: JSON escapes U+0000 by itself, the value is shown likewise.
    shown = None if value is None else value.replace("\0", "\\u0000")
    return Rejection(key_json(table, named), column, reason, shown, json_object(content), effect)


def key_json(table: RawTable, key: Sequence[object]) -> str:
    """A key as a JSON object: column → value."""
    return json_object(dict(zip(table.key, key, strict=True)))


def _plain(scalar: Any) -> object:
    """A value as Python has it; text that is no UTF-8 as bytes, instants and days beyond Python's as text."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()
    except (ValueError, OverflowError):
        return scalar.cast(pa.string()).as_py()


def as_shown(scalar: pa.Scalar) -> str:
    """A value as the record of a rejection has it."""
    return _json_text(_plain(scalar))


def json_object(value: Mapping[str, object]) -> str:
    """A row as a JSON object; what JSON has no type for as text, bytes in hexadecimal."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_json_text)


def _json_text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


_NOUNS = {
    ColumnType.TEXT: "text",
    ColumnType.JSON: "text",
    ColumnType.TIMEZONE: "an IANA timezone name",
    ColumnType.INTEGER: "a 64-bit integer",
    ColumnType.DECIMAL: "a number with at most 29 digits before and 9 after the point",
    ColumnType.DOUBLE: "a number",
    ColumnType.BOOLEAN: "a boolean",
    ColumnType.DATE: "a date",
    ColumnType.TIMESTAMP: "a timestamp",
    ColumnType.BYTES: "bytes",
}


_TEXTS = {ColumnType.TEXT, ColumnType.JSON}
_PER_DAY = {ColumnType.DATE: 1, ColumnType.TIMESTAMP: 86_400_000_000}
_LARGEST = 2**63 - 1


def _beyond(array: pa.Array, column: Column, is_identifier: bool, limits: Limits) -> Iterator[tuple[pa.Array, str]]:
    """Masks of the values that the warehouse can't hold, with the reason."""
    type_ = column.type
    found: list[tuple[pa.Array, str]] = []
    if type_ is ColumnType.TEXT and is_identifier and limits.identifier_bytes is not None:
        reason = f"an identifier of more than {limits.identifier_bytes:,} bytes, which the warehouse can't index"
        found.append((pc.greater(pc.binary_length(array), limits.identifier_bytes), reason))
    if type_ in _TEXTS and not limits.nul_in_text:
        reason = "text with the character U+0000, which the warehouse can't hold"
        found.append((pc.match_substring(array, "\0"), reason))
    if type_ in _PER_DAY:
        number = array.view(pa.int32() if type_ is ColumnType.DATE else pa.int64()).cast(pa.int64())
        reason = f"a {type_} outside the warehouse's range"
        if limits.first_day is not None and (first := limits.first_day * _PER_DAY[type_]) > -_LARGEST:
            found.append((pc.less(number, first), reason))
        if limits.last_day is not None and (end := (limits.last_day + 1) * _PER_DAY[type_]) < _LARGEST:
            found.append((pc.greater_equal(number, end), reason))
    for mask, reason in found:
        if pc.any(mask).as_py():
            yield pc.fill_null(mask, False), reason
