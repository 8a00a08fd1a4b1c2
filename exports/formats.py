"""File formats of exports.

Belongs here: the bytes of a file, the same for the same rows. Not here: which rows, and where the file goes.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

Rows = Iterable[Sequence[object]]

_OPERATOR = re.compile(
    "[+=@\\-\u2212\u207a\u207b\u207c\u208a\u208b\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
)
"""What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"): + - = @ and the minus sign, and every
character that is one of them in another form (NFKC), full-width for one."""

_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb\uff02\uff07")
_BREAKS = ("\t", "\r", "\n")
_SEPARATORS = frozenset((";", *_BREAKS))
"""What begins another cell for a program that does not take the comma for a separator, whatever is in quotes."""


def csv_bytes(header: Sequence[str], rows: Rows) -> bytes:
    """RFC 4180: UTF-8, CRLF, a header, quotes where needed; null is an empty cell.

    Text that a spreadsheet would run as a formula is led in by an apostrophe; numbers stay as they are.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([cell_text(value) for value in row] for row in rows)
    return text.getvalue().encode()


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


FORMATS: dict[str, Callable[[Sequence[str], Rows], bytes]] = {"csv": csv_bytes}
