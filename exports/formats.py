"""File formats of exports.

Belongs here: the bytes of a file, the same for the same rows. Not here: which rows, and where the file goes.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Rows = Iterable[Sequence[object]]


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
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text


FORMATS: dict[str, Callable[[Sequence[str], Rows], bytes]] = {"csv": csv_bytes}
