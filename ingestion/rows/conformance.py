"""Bring a reader's batch to the declared column types without changing a value silently.

Belongs here: conversion from what a reader hands over (its wire types) to the raw table's types, and the
rejection of values that the type cannot hold. Not here: reading, hashing, loading.

Columns are converted whole, in Arrow. Only where a whole column does not convert is it cut in halves until the
values that cannot be held stand alone: the cost follows the number of bad values, not the number of rows.
"""

import json
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import Column, ColumnType, RawTable


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
    """A value that a reader could not hand over in its column's wire type."""

    row: int
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a warehouse can't hold although the raw types could.

    Attributes:
        nul_in_text: whether text may hold the character U+0000.
        first_day: the earliest date, and the day of the earliest timestamp, in days since 1970-01-01; None: Arrow's.
        last_day: the latest date, and the day of the latest timestamp, likewise.
    """

    nul_in_text: bool = True
    first_day: int | None = None
    last_day: int | None = None


UNLIMITED = Limits()

Fault = tuple[str, str, str | None]
"""Column, reason, value."""

_KEPT_WITHOUT = {ColumnType.TIMEZONE}
"""Types whose wrong value is set aside while its row is loaded without it: a tenant outweighs its timezone."""


def _is_kept_without(column: Column) -> bool:
    # A column that nobody declared must not keep out a row that somebody counts.
    return column.type in _KEPT_WITHOUT or not column.is_declared


def conform(
    table: RawTable, batch: pa.RecordBatch, odd: Sequence[OddValue] = (), limits: Limits = UNLIMITED
) -> Conformed:
    """Convert a batch to the table's types.

    Args:
        table: the raw table.
        batch: columns by name in any wire type; a column that is missing is taken as all null.
        odd: values of `batch` that the reader shows as null because they have another storage class.
        limits: what the warehouse can't hold.

    Returns:
        The batch in `table.arrow_schema` without the rejected rows, and the first fault of each row that has one.
    """
    faults: dict[int, Fault] = {}
    kept_without: dict[int, Fault] = {}
    by_name = {column.name: column for column in table.columns}
    for o in odd:
        column = by_name[o.column]
        found = kept_without if _is_kept_without(column) else faults
        found.setdefault(o.row, (o.column, f"expected {_NOUNS[column.type]}", o.value))
    arrays = []
    for column in table.columns:
        index = batch.schema.get_field_index(column.name)
        if index < 0:
            arrays.append(pa.nulls(batch.num_rows, column.type.arrow))
            continue
        wire = batch.column(index)
        array, bad = _convert(wire, column.type)
        for row in bad:
            found = kept_without if _is_kept_without(column) else faults
            found.setdefault(row, (column.name, f"expected {_NOUNS[column.type]}", _json_text(_plain(wire[row]))))
        for is_beyond, reason in _beyond(array, column.type, limits):
            for row in pc.indices_nonzero(is_beyond).to_pylist():
                found = kept_without if _is_kept_without(column) else faults
                found.setdefault(row, (column.name, reason, _json_text(_plain(wire[row]))))
            array = pc.if_else(is_beyond, pa.scalar(None, array.type), array)
        if column.required and array.null_count:
            for row in pc.indices_nonzero(pc.is_null(array)).to_pylist():
                faults.setdefault(row, (column.name, "a value is required", None))
        arrays.append(array)
    conformed = pa.RecordBatch.from_arrays(arrays, schema=table.arrow_schema)
    if not faults and not kept_without:
        return Conformed(conformed, [])
    rejections = [
        _rejection(table, batch, row, fault, odd, Effect.ROW if row in faults else Effect.VALUE)
        for row, fault in sorted((kept_without | faults).items())
    ]
    keep = pa.array([row not in faults for row in range(batch.num_rows)], pa.bool_())
    return Conformed(conformed.filter(keep), rejections)


def _rejection(
    table: RawTable,
    batch: pa.RecordBatch,
    row: int,
    fault: Fault,
    odd: Sequence[OddValue],
    effect: Effect,
) -> Rejection:
    content = {name: _plain(batch.column(name)[row]) for name in batch.schema.names}
    content |= {o.column: o.value for o in odd if o.row == row}
    return rejection(table, content, fault, effect)


def rejection(table: RawTable, content: Mapping[str, object], fault: Fault, effect: Effect = Effect.ROW) -> Rejection:
    """The record of a row, given its values by column, that is kept out or loaded without the value at fault."""
    column, reason, value = fault
    key = tuple(content.get(name) for name in table.key)
    # Every warehouse must be able to hold the record: JSON escapes U+0000 by itself, the value is shown likewise.
    shown = None if value is None else value.replace("\0", "\\u0000")
    return Rejection(key_json(table, key), column, reason, shown, json_object(content), effect)


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


def _beyond(array: pa.Array, type_: ColumnType, limits: Limits) -> Iterator[tuple[pa.Array, str]]:
    """Masks of the values that the warehouse can't hold, with the reason."""
    found: list[tuple[pa.Array, str]] = []
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


Converter = Callable[[pa.Array], pa.Array]


def _convert(wire: pa.Array, type_: ColumnType) -> tuple[pa.Array, list[int]]:
    """Convert a column; values that do not convert become null and their positions are returned."""
    if wire.type == type_.arrow and type_ is not ColumnType.TIMEZONE and not pa.types.is_string(wire.type):
        return wire, []
    if pa.types.is_null(wire.type):
        return pa.nulls(len(wire), type_.arrow), []
    converter = _CONVERTERS.get(type_, lambda array: array.cast(type_.arrow))
    bad: list[int] = []
    parts = list(_halved(wire, 0, converter, type_.arrow, bad))
    return (parts[0] if len(parts) == 1 else pa.concat_arrays(parts)), bad


def _halved(wire: pa.Array, offset: int, converter: Converter, target: pa.DataType, bad: list[int]) -> Any:
    try:
        converted = converter(wire)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, OverflowError):
        if len(wire) > 1:
            middle = len(wire) // 2
            yield from _halved(wire.slice(0, middle), offset, converter, target, bad)
            yield from _halved(wire.slice(middle), offset + middle, converter, target, bad)
        else:
            bad.append(offset)
            yield pa.nulls(1, target)
        return
    yield converted


def _to_text(array: pa.Array) -> pa.Array:
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        raise pa.ArrowInvalid("bytes are not text")
    text = array.cast(pa.string())
    # Drivers hand over text as it lies in the file; what is not UTF-8 would fail the whole load later.
    text.validate(full=True)
    return text


def _to_integer(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        raise pa.ArrowInvalid("a boolean is not an integer")
    text = _trimmed(array)
    if pa.types.is_string(text.type) and not pc.all(pc.match_substring_regex(text, r"^[+-]?\d+$")).as_py():
        # Arrow would read hexadecimal too.
        raise pa.ArrowInvalid("not a decimal integer")
    return text.cast(pa.int64())


def _to_decimal(array: pa.Array) -> pa.Array:
    """Decimals from text, integers or floats.

    A binary float is taken at 15 significant digits, which is what every decimal of that length survives a float
    with; one that has more digits than the type holds is refused by Arrow's cast.
    """
    if pa.types.is_floating(array.type):
        array = pa.array([None if v is None else f"{v:.15g}" for v in array.to_pylist()], pa.string())
    return _trimmed(array).cast(ColumnType.DECIMAL.arrow)


_TRUE, _FALSE = ("1", "t", "true", "y", "yes"), ("0", "f", "false", "n", "no")


def _to_boolean(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        return array
    text = pc.utf8_lower(_trimmed(array.cast(pa.string())))
    is_true = pc.is_in(text, value_set=pa.array(_TRUE))
    known = pc.or_(is_true, pc.is_in(text, value_set=pa.array(_FALSE)))
    if not pc.all(pc.or_(known, pc.is_null(text))).as_py():
        raise pa.ArrowInvalid("not a boolean")
    return pc.if_else(pc.is_null(text), pa.scalar(None, pa.bool_()), is_true)


_HAS_TIME = r":\d{2}"
_HAS_ZONE = r":\d{2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)$"


def _to_timestamp(array: pa.Array) -> pa.Array:
    """Instants in UTC from ISO 8601 text or timestamps; a time without a zone is UTC, a date is its midnight."""
    target = ColumnType.TIMESTAMP.arrow
    if pa.types.is_timestamp(array.type):
        if array.type.tz is None:
            return array.cast(pa.timestamp("us")).cast(target)
        return array.cast(target)
    if pa.types.is_date(array.type):
        return array.cast(pa.timestamp("us")).cast(target)
    if not pa.types.is_string(array.type) and not pa.types.is_large_string(array.type):
        raise pa.ArrowInvalid("not a timestamp")
    try:
        return array.cast(target)
    except pa.ArrowInvalid:
        text = _trimmed(array)
        has_time = pc.match_substring_regex(text, _HAS_TIME)
        has_zone = pc.match_substring_regex(text, _HAS_ZONE)
        zone = pc.if_else(has_time, "Z", "T00:00Z")
        return pc.if_else(has_zone, text, pc.binary_join_element_wise(text, zone, "")).cast(target)


def _to_date(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        dates = array.cast(pa.date32(), safe=False)
        if not pc.all(pc.equal(dates.cast(array.type), array)).as_py():
            raise pa.ArrowInvalid("not a date: it has a time")
        return dates
    return _trimmed(array).cast(pa.date32())


def _to_bytes(array: pa.Array) -> pa.Array:
    return array.cast(pa.binary())


@cache
def _timezones() -> pa.Array:
    # Names that only some systems carry are left out: a zone must mean the same in every warehouse.
    names = {z for z in zoneinfo.available_timezones() if not z.startswith(("posix", "right", "localtime"))}
    return pa.array(sorted(names - {"Factory"}))


def _to_timezone(array: pa.Array) -> pa.Array:
    text = _trimmed(array.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    known = pc.or_kleene(pc.is_in(text, value_set=_timezones()), pc.is_null(text))
    if not pc.all(known).as_py():
        raise pa.ArrowInvalid("not a timezone")
    return text


def _trimmed(array: pa.Array) -> pa.Array:
    is_text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    return pc.utf8_trim_whitespace(array) if is_text else array


_CONVERTERS: dict[ColumnType, Converter] = {
    ColumnType.TEXT: _to_text,
    ColumnType.JSON: _to_text,
    ColumnType.TIMEZONE: _to_timezone,
    ColumnType.INTEGER: _to_integer,
    ColumnType.DECIMAL: _to_decimal,
    ColumnType.BOOLEAN: _to_boolean,
    ColumnType.DATE: _to_date,
    ColumnType.TIMESTAMP: _to_timestamp,
    ColumnType.BYTES: _to_bytes,
}
