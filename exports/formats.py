"""File formats of exports.

Belongs here: the bytes of a file, the same for the same rows. Not here: which rows, and where the file goes.
"""

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Files = Callable[[int, int], bytes]
"""The bytes of a file that holds a table's rows from one position to before another."""

_OPERATOR = re.compile(
    "[+=@\\-\u2212\u207a\u207b\u207c\u208a\u208b\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
)
"""What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"): + - = @ and the minus sign, and every
character that is one of them in another form (NFKC), full-width for one."""

_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb\uff02\uff07")
_BREAKS = ("\t", "\r", "\n")
_SEPARATORS = frozenset((";", *_BREAKS))
"""What begins another cell for a program that does not take the comma for a separator, whatever is in quotes."""

_TO_QUOTE = re.compile('[",\r\n]')


def csv_files(table: pa.Table) -> Files:
    """RFC 4180: UTF-8, CRLF, a header, quotes where needed; null is an empty cell.

    Text that a spreadsheet would run as a formula is led in by an apostrophe; numbers stay as they are. All lines are
    made at once, a column at a time, and a file is a part of them: one that is not needed costs next to nothing.
    """
    header = ",".join(map(_quoted, table.column_names)).encode() + b"\r\n"
    cells = [_cells(column) for column in table.columns]
    if len(cells) == 1:
        # An empty line would be none.
        cells = [pc.if_else(pc.equal(cells[0], ""), '""', cells[0])]
    comma, end, nothing = (pa.scalar(text, pa.large_string()) for text in (",", "\r\n", ""))
    lines = pc.binary_join_element_wise(pc.binary_join_element_wise(*cells, comma), end, nothing)
    _, offsets, text = lines.buffers()
    starts, content = memoryview(offsets).cast("q"), memoryview(text)
    return lambda first, end: header + content[starts[first] : starts[end]]


def _cells(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
    if not pa.types.is_integer(values.type) and not pa.types.is_decimal(values.type):
        return _distinct_cells(values)
    texts = values.cast(pa.large_string())
    # Decimals near zero, and zero itself.
    has_exponent = pc.match_substring(texts, "E")
    return pc.replace_with_mask(texts, has_exponent, _distinct_cells(values.filter(has_exponent))).fill_null("")


def _distinct_cells(values: pa.Array) -> pa.Array:
    """Cells that are put into words once for each value."""
    encoded = values.dictionary_encode()
    texts = [_quoted(cell_text(value)) for value in _values(encoded.dictionary)]
    return pa.array(texts, pa.large_string()).take(encoded.indices).fill_null("")


def _values(column: pa.Array) -> list[object]:
    with suppress(OverflowError, ValueError):
        return list(column.to_pylist())
    texts = column.cast(pa.string()).to_pylist()
    return [_value(scalar, text) for scalar, text in zip(column, texts, strict=True)]


def _value(scalar: Any, text: str | None) -> object:
    # A date that a warehouse can hold need not be one that Python can.
    with suppress(OverflowError, ValueError):
        return scalar.as_py()
    return text


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""')) if _TO_QUOTE.search(text) else text


def cell_text(value: object) -> str:
    """A value as a cell."""
    if value is None or value != value:  # noqa: PLR0124 - what is not a number is no value
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo is UTC else value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, (int, float)) else _harmless(str(value))


def _harmless(text: str) -> str:
    """Text with an apostrophe wherever a spreadsheet may see the beginning of a cell, and a formula in it.

    It strips or skips white space, control and format characters and quotes before it looks.
    """
    places = {0} if text.startswith(_BREAKS) else set()
    for operator in _OPERATOR.finditer(text):
        at = operator.start()
        while at and _is_skipped(text[at - 1]):
            at -= 1
        if not at:
            places.add(0)
        if _SEPARATORS & set(text[max(at - 1, 0) : operator.start()]):
            places.add(operator.start())
    for place in sorted(places, reverse=True):
        text = f"{text[:place]}'{text[place:]}"
    return text


def _is_skipped(character: str) -> bool:
    return character in _QUOTES or character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


FORMATS: dict[str, Callable[[pa.Table], Files]] = {"csv": csv_files}
