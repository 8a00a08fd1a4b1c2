"""Convert a column of what a reader hands over (its wire types) to a raw type, without changing a value silently.

Belongs here: what converts into what. Not here: what becomes of values that do not (conformance.py), text of instants
(instants.py).

Columns are converted whole, in Arrow. Only where a whole column does not convert is it cut in halves until the
values that cannot be held stand alone: the cost follows the number of different bad values, not the number of rows.
"""

import zoneinfo
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import ColumnType
from ingestion.rows.instants import instants
from ingestion.rows.local_times import instants_of

Converter = Callable[[pa.Array], pa.Array]

_FEW = 64
"""Values that are not worth looking for equal ones."""


def texts(values: pa.Array, errors: str) -> list[str | None]:
    """Strings, which a driver may hand over though they are no UTF-8.

    Args:
        values: the strings.
        errors: what becomes of bytes that are not: see `bytes.decode`.
    """
    try:
        return list(values.to_pylist())
    except UnicodeDecodeError:
        return [v if v is None else v.decode(errors=errors) for v in values.cast(pa.binary()).to_pylist()]


def convert(wire: pa.Array, type_: ColumnType, zone: str | None = None) -> tuple[pa.Array, list[int]]:
    """Convert a column; values that do not convert become null and their positions are returned. Null stays null.

    Args:
        wire: the values.
        type_: what they are to be.
        zone: whose clocks showed the timestamps that are without a zone of their own; None: UTC.
    """
    if wire.type == type_.arrow and type_ is not ColumnType.TIMEZONE and not pa.types.is_string(wire.type):
        return wire, []
    bad: list[int] = []
    converter = _CONVERTERS[type_]
    if zone is not None and type_ is ColumnType.TIMESTAMP:
        converter = partial(_to_timestamp, zone=zone)
    if pa.types.is_string(wire.type) and len(wire) > _FEW:
        try:
            return converter(wire), bad
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, OverflowError):
            # What one value is not, its equals are not either.
            encoded = wire.dictionary_encode()
            if len(encoded.dictionary) <= len(wire) // 2:
                values, wrong = convert(encoded.dictionary, type_, zone)
                is_wrong = pc.is_in(encoded.indices, value_set=pa.array(wrong, encoded.indices.type))
                return values.take(encoded.indices), pc.indices_nonzero(is_wrong).to_pylist()
    parts = list(_halved(wire, 0, converter, type_.arrow, bad))
    return (parts[0] if len(parts) == 1 else pa.concat_arrays(parts)), bad


def _halved(wire: pa.Array, offset: int, converter: Converter, target: pa.DataType, bad: list[int]) -> Any:
    try:
        array = _plain(wire)
        # Where a type does not convert at all, null still is null.
        converted = pa.nulls(len(array), target) if array.null_count == len(array) else converter(array)
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


def _plain(wire: pa.Array) -> pa.Array:
    """The same values without the ways in which Arrow may lay them out."""
    array = wire.storage if isinstance(wire, pa.ExtensionArray) else wire
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return array.cast(pa.string())
    is_bytes = pa.types.is_large_binary(array.type) or pa.types.is_binary_view(array.type)
    return array.cast(pa.binary()) if is_bytes or pa.types.is_fixed_size_binary(array.type) else array


def _refuse_unless(mask: pa.Array, reason: str) -> None:
    """See to it that a mask is true for every value; null, which is of null, is no fault."""
    if not pc.all(mask, min_count=0).as_py():
        raise pa.ArrowInvalid(reason)


def _to_text(array: pa.Array) -> pa.Array:
    if pa.types.is_binary(array.type):
        raise pa.ArrowInvalid("bytes are not text")
    text = array.cast(pa.string())
    # Drivers hand over text as it lies in the file; what is not UTF-8 would fail the whole load later.
    text.validate(full=True)
    return text


def _to_integer(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type) or pa.types.is_temporal(array.type):
        raise pa.ArrowInvalid(f"a {array.type} is not an integer")
    text = _trimmed(array)
    if pa.types.is_string(text.type):
        # Arrow would read hexadecimal too.
        _refuse_unless(pc.match_substring_regex(text, r"^[+-]?\d+$"), "not a decimal integer")
        text = pc.utf8_ltrim(text, "+")
    return text.cast(pa.int64())


def _to_decimal(array: pa.Array) -> pa.Array:
    """Decimals from text, integers or floats.

    A binary float is taken at 15 significant digits, which is what every decimal of that length survives a float
    with; one that has more digits than the type holds is refused by Arrow's cast.
    """
    if pa.types.is_floating(array.type):
        array = pa.array([None if v is None else f"{v:.15g}" for v in array.to_pylist()], pa.string())
    return _trimmed(array).cast(ColumnType.DECIMAL.arrow)


def _to_double(array: pa.Array) -> pa.Array:
    text = _trimmed(array)
    doubles = text.cast(pa.float64())
    if pa.types.is_string(text.type):
        # Arrow takes a number that is too large for infinity.
        is_number = pc.match_substring_regex(text, r"\d")
        _refuse_unless(pc.invert(pc.and_(is_number, pc.is_inf(doubles))), "beyond what a double holds")
    return doubles


_TRUE, _FALSE = ("1", "t", "true", "y", "yes"), ("0", "f", "false", "n", "no")


def _to_boolean(array: pa.Array) -> pa.Array:
    if pa.types.is_boolean(array.type):
        return array
    text = pc.utf8_lower(_trimmed(array.cast(pa.string())))
    is_true = pc.is_in(text, value_set=pa.array(_TRUE))
    known = pc.or_(is_true, pc.is_in(text, value_set=pa.array(_FALSE)))
    _refuse_unless(pc.or_(known, pc.is_null(text)), "not a boolean")
    return pc.if_else(pc.is_null(text), pa.scalar(None, pa.bool_()), is_true)


def _to_timestamp(array: pa.Array, zone: str | None = None) -> pa.Array:
    """Instants in UTC from text or timestamps; a time without a zone is of the one told or UTC, a date its midnight."""
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        return array.cast(ColumnType.TIMESTAMP.arrow)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return instants_of(array.cast(pa.timestamp("us")), zone)
    if not pa.types.is_string(array.type):
        raise pa.ArrowInvalid("not a timestamp")
    return instants(_trimmed(array), zone)


def _to_date(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        dates = array.cast(pa.date32(), safe=False)
        _refuse_unless(pc.equal(dates.cast(array.type), array), "not a date: it has a time")
        return dates
    if not pa.types.is_date(array.type) and not pa.types.is_string(array.type):
        raise pa.ArrowInvalid("not a date")
    return _trimmed(array).cast(pa.date32())


def _to_bytes(array: pa.Array) -> pa.Array:
    return array.cast(pa.binary())


@cache
def timezones() -> tuple[str, ...]:
    """The names of time zones that are read."""
    # Names that only some systems carry are left out: a zone must mean the same in every warehouse.
    names = {z for z in zoneinfo.available_timezones() if not z.startswith(("posix", "right", "localtime"))}
    return tuple(sorted(names - {"Factory"}))


def _to_timezone(array: pa.Array) -> pa.Array:
    text = _trimmed(array.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    known = pc.or_kleene(pc.is_in(text, value_set=pa.array(timezones())), pc.is_null(text))
    _refuse_unless(known, "not a timezone")
    return text


def _trimmed(array: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(array) if pa.types.is_string(array.type) else array


_CONVERTERS: dict[ColumnType, Converter] = {
    ColumnType.TEXT: _to_text,
    ColumnType.JSON: _to_text,
    ColumnType.TIMEZONE: _to_timezone,
    ColumnType.INTEGER: _to_integer,
    ColumnType.DECIMAL: _to_decimal,
    ColumnType.DOUBLE: _to_double,
    ColumnType.BOOLEAN: _to_boolean,
    ColumnType.DATE: _to_date,
    ColumnType.TIMESTAMP: _to_timestamp,
    ColumnType.BYTES: _to_bytes,
}
