"""Values as text: the cells of CSV files, and what restatements tell.

Belongs here: one value's text, harmless in a spreadsheet. Not here: lines and files.
"""

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

_OPERATOR = re.compile(
    "[+=@\\-\u2212\u207a\u207b\u207c\u208a\u208b\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
)
"""What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"): + - = @ and the minus sign, and every
character that is one of them in another form (NFKC), full-width for one."""

_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb\uff02\uff07")
_BREAKS = ("\t", "\r", "\n")
_SEPARATORS = frozenset((";", *_BREAKS))
"""What begins another cell for a program that does not take the comma for a separator, whatever is in quotes."""


def values_of(column: pa.Array) -> list[object]:
    """A column's values; those that Python can't hold as the engine's text."""
    with suppress(OverflowError, ValueError):
        return list(column.to_pylist())
    texts = column.cast(pa.string()).to_pylist()
    return [_value(scalar, text) for scalar, text in zip(column, texts, strict=True)]


def _value(scalar: Any, text: str | None) -> object:
    # A date that a warehouse can hold need not be one that Python can.
    with suppress(OverflowError, ValueError):
        return scalar.as_py()
    return text


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
