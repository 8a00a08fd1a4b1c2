"""Values of a source as its owner says they read in raw.

Belongs here: a column's translation: out of a document, by a list of values, multiplied or out of a zone's time, with a
default. Not here: which columns have one (catalogue/matching.py), types of raw (rows/).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import ColumnType
from ingestion.rows.conformance import OddValue, as_shown
from ingestion.rows.conversion import convert, texts
from ingestion.sources.base import Watermark

UNKNOWN = "unknown"
"""What a value reads as that its owner's list lacks."""

EPOCHS = {"seconds": Decimal(1_000_000), "milliseconds": Decimal(1_000), "microseconds": Decimal(1)}
"""Units of instants that are numbers, in microseconds."""

CLOCK_CHANGE = timedelta(hours=2)
"""By so much clocks are put back at most, as Troll's in Antarctica are: new rows may have times that old ones have."""

_EXACT = Context(prec=1_000, traps=[InvalidOperation, Inexact, Overflow])
"""Any number that a type of raw holds, times any other, to its last digit."""

_MISSING = f"a value that `values` of the owner's mapping lacks; it reads {UNKNOWN}"
_NO_TIME = "expected a timestamp"
_NO_PRODUCT = {
    ColumnType.TIMESTAMP: "expected an instant as a number, which `epoch` of the owner's mapping says it is",
    ColumnType.INTEGER: "expected a number that gives a whole one, times {} as the owner's mapping says",
}


@dataclass(frozen=True, slots=True)
class Translation:
    """How the values of a column are made of what the source gave.

    Attributes:
        type: the raw type that the source's column is read as.
        path: keys and positions in the document that the column holds; none where it holds the value itself.
        values: what the source writes, as text → what raw gets; None: every value stands for itself.
        times: what numbers are multiplied by.
        held: what raw holds of the products: numbers, whole ones, or instants, which are microseconds since 1970.
        default: what null becomes.
        zone: whose clocks showed instants that are without a zone of their own.
    """

    type: ColumnType
    path: Sequence[str] = ()
    values: Mapping[str | None, str] | None = None
    times: Decimal | None = None
    held: ColumnType = ColumnType.DECIMAL
    default: str | None = None
    zone: str | None = None

    @property
    def raw_type(self) -> ColumnType:
        """What a column holds that nobody declares otherwise."""
        if self.times is not None:
            return self.held
        if self.zone is not None:
            return ColumnType.TIMESTAMP
        return ColumnType.TEXT if self.path or self.values is not None else self.type

    def since(self, bound: Watermark) -> Watermark:
        """The lower bound to ask the source for, of instants as its clocks show them."""
        if self.zone is None or not isinstance(bound, datetime):
            return bound
        return (bound - CLOCK_CHANGE).astimezone(ZoneInfo(self.zone))

    def written(self, values: Sequence[str | int | bool | None]) -> list[str | int | bool | None]:
        """What the source may hold where raw has one of the values."""
        listed = {value: value for value in values} if self.values is None else self.values
        written: list[str | int | bool | None] = []
        for value in (value for value, told in listed.items() if told in values):
            # What the column can't hold stands in no row, and is an error to ask for.
            with suppress(ValueError):
                written.append(compared(value, self.type) if isinstance(value, str) else value)
        return [*written, None] if self.default in values and None not in written else written

    def of(self, wire: pa.Array, column: str, odd: Sequence[OddValue] = ()) -> tuple[pa.Array, list[OddValue]]:
        """The column's values, and those that the list lacks.

        Args:
            wire: what the source gave.
            column: the column of raw.
            odd: values that the source shows as null since they are not of their column's type.
        """
        told = list(odd)
        if self.path:
            # What is no UTF-8 is no document, or one without those characters.
            wire = pa.array([_within(document, self.path) for document in texts(wire, "replace")], pa.string())
        if self.values is not None:
            wire, told = self._listed(wire, column, odd)
        if self.times is not None:
            wire, told = self._multiplied(wire, self.times, column, odd)
        if self.zone is not None:
            wire, told = self._placed(wire, self.zone, column, odd)
        if self.default is not None and wire.null_count:
            text = _as_text(wire)
            # What is set aside is not null in the source.
            is_odd = {o.row for o in told if not o.has_substitute}
            is_null = pa.array([row not in is_odd for row in range(len(text))]) if is_odd else True
            wire = pc.if_else(pc.and_(pc.is_null(text), is_null), pa.scalar(self.default, pa.string()), text)
        return wire, told

    def _listed(self, wire: pa.Array, column: str, odd: Sequence[OddValue]) -> tuple[pa.Array, list[OddValue]]:
        """What stands in the list for each value; values of another type than the column's are looked up too."""
        assert self.values is not None
        # By its own type first, so that what is a number for one driver and text for another is one value.
        typed, bad = (wire, []) if self.path else convert(wire, self.type)
        text, unreadable = convert(typed, ColumnType.TEXT)
        strange = {row: str(wire[row].as_py()) for row in bad} | {row: repr(wire[row]) for row in unreadable}
        strange |= {o.row: o.value for o in odd}
        if strange:
            text = pa.array([strange.get(row, value) for row, value in enumerate(text.to_pylist())], pa.string())
        # Each value is looked up once, however many rows have it.
        dictionary = text.dictionary_encode()
        spelled = [spelling(value, self.type) for value in dictionary.dictionary.to_pylist()]
        listed = pa.array([self.values.get(value) for value in spelled], pa.string()).take(dictionary.indices)
        lacking = pc.and_(pc.is_valid(text), pc.is_null(listed))
        found = [
            OddValue(row, column, spelled[dictionary.indices[row].as_py()], _MISSING, True)
            for row in pc.indices_nonzero(lacking).to_pylist()
        ]
        listed = pc.if_else(lacking, pa.scalar(UNKNOWN), listed)
        if None in self.values:
            listed = pc.if_else(pc.is_null(text), pa.scalar(self.values[None]), listed)
        return listed, found

    def _placed(
        self, wire: pa.Array, zone: str, column: str, odd: Sequence[OddValue]
    ) -> tuple[pa.Array, list[OddValue]]:
        """The instant for each time that the zone's clocks showed, and what is no time."""
        placed, bad = convert(wire, ColumnType.TIMESTAMP, zone)
        return placed, [*odd, *(OddValue(row, column, as_shown(wire[row]), _NO_TIME) for row in bad)]

    def _multiplied(
        self, wire: pa.Array, times: Decimal, column: str, odd: Sequence[OddValue]
    ) -> tuple[pa.Array, list[OddValue]]:
        """The product for each number, with all its digits, and what is no number or has none that raw could hold."""
        is_float = self.type is ColumnType.DOUBLE and not self.path
        text, unreadable = (wire, []) if pa.types.is_string(wire.type) else convert(wire, ColumnType.TEXT)
        told = [*odd, *(OddValue(row, column, repr(wire[row])) for row in unreadable)]
        dictionary = text.dictionary_encode()
        spelled = dictionary.dictionary.to_pylist()
        products = [_product(value, times, is_float, self.held) for value in spelled]
        if self.held is ColumnType.TIMESTAMP:
            micros = pa.array([None if p is None else int(p) for p in products], pa.int64())
            held = micros.cast(ColumnType.TIMESTAMP.arrow).take(dictionary.indices)
        else:
            texts = [None if p is None else format(p, "f") for p in products]
            held = pa.array(texts, pa.string()).take(dictionary.indices)
        reason = _NO_PRODUCT.get(self.held, "expected a number").format(times)
        for row in pc.indices_nonzero(pc.and_(pc.is_valid(text), pc.is_null(held))).to_pylist():
            told.append(OddValue(row, column, spelled[dictionary.indices[row].as_py()], reason))
        return held, told


def _as_text(wire: pa.Array) -> pa.Array:
    return wire if pa.types.is_string(wire.type) else convert(wire, ColumnType.TEXT)[0]


def spelling(value: str | None, type_: ColumnType) -> str | None:
    """A value's text such that equal values of the type have one: booleans are numbers in MySQL, numbers have zeros."""
    if value is None:
        return None
    if type_ is ColumnType.BOOLEAN:
        return {"1": "true", "0": "false"}.get(value, value)
    if type_ is ColumnType.INTEGER:
        return {"true": "1", "false": "0"}.get(value, value)
    if type_ in (ColumnType.DECIMAL, ColumnType.DOUBLE):
        with suppress(InvalidOperation):
            return format(Decimal(value).normalize(), "f")
    return value


def _product(value: str, times: Decimal, is_float: bool, held: ColumnType) -> Decimal | None:
    """A number times another; None where a text spells none, or the product can't be held.

    A binary float is taken at 15 digits, as a decimal is made of it.
    """
    if not _NUMBER.fullmatch(value := value.strip()):
        return None
    try:
        product = _EXACT.multiply(Decimal(f"{float(value):.15g}" if is_float else value), times)
        whole = product.to_integral_value(ROUND_FLOOR, _EXACT)
    except (DecimalException, OverflowError):
        return None
    if held is ColumnType.TIMESTAMP:
        # Digits beyond the microsecond are cut, as of any instant.
        return whole if abs(whole) < 2**63 else None
    return None if held is ColumnType.INTEGER and whole != product else product.normalize(_EXACT)


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def compared(value: str, type_: ColumnType) -> str | int | bool:
    """A value as a column of the type is compared with it: some databases take text for a number, and any text for 0.

    Raises:
        ValueError: no column of the type holds it.
    """
    told = value.lower()
    if type_ is ColumnType.BOOLEAN:
        if told not in _BOOLEANS:
            raise ValueError(value)
        return _BOOLEANS[told]
    if type_ is ColumnType.INTEGER:
        return int(_BOOLEANS[told]) if told in ("true", "false") else int(value)
    try:
        # As it is written: some databases keep it as text.
        _PARSED.get(type_, str)(value)
    except ArithmeticError:
        raise ValueError(value) from None
    return value


_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_PARSED: Mapping[ColumnType, Callable[[str], object]] = {
    ColumnType.DECIMAL: Decimal,
    ColumnType.DOUBLE: Decimal,
    ColumnType.DATE: date.fromisoformat,
    ColumnType.TIMESTAMP: datetime.fromisoformat,
}


def _within(document: str | None, path: Sequence[str]) -> str | None:
    """What a JSON document holds at a path, as text; null where it has no such place or is no JSON."""
    if document is None:
        return None
    try:
        # Numbers as they are written: no digit is lost.
        value = json.loads(document, parse_float=_Number, parse_int=_Number, parse_constant=_no_json)
        return _text(_at(value, path))
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, str) else _document(value)


def _document(value: Any) -> str:
    """JSON, its numbers as they were written."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_document(key)}: {_document(held)}' for key, held in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_document, value))}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _no_json(constant: str) -> None:
    raise ValueError(constant)


class _Number(str):
    """A number of a document as it is written."""

    __slots__ = ()
