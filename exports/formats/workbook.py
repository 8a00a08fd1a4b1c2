"""Excel workbooks of one sheet of rows.

Belongs here: cells with their types, and what Excel can't hold. Not here: reports for people (exports/reports).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from exports.errors import ExportError
from exports.formats.cells import cell_text, values_of
from exports.formats.delimited import Files
from exports.formats.spool import IN_MEMORY_BYTES, parts_of

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_576
"""Of a sheet, headings included."""

_MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767
"""Of UTF-16, in a cell's text."""

MOST_DIGITS = 15
"""Of a number: Excel keeps no more."""

FIRST_DAY = date(1900, 3, 1)
"""Before it Excel counts a day that never was."""

_MADE_AT = datetime(2000, 1, 1)  # noqa: DTZ001 - a property of the file, always the same
_ROWS_AT_ONCE = 1 << 14
_WIDTHS = (10, 40)
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def xlsx_files(table: pa.Table) -> Files:
    """Headings, then a row each: numbers, days and instants (UTC) as such, all text as text.

    Raises:
        ExportError: (what it returns) Excel can't hold all of it. Nothing is cut off.
    """

    def parts(first: int, end: int) -> Iterator[bytes]:
        _assert_fits(end - first, table.num_columns)
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            _write(file, table.slice(first, end - first))
            yield from parts_of(file)

    return parts


def _assert_fits(rows: int, columns: int) -> None:
    if rows >= MOST_ROWS:
        raise ExportError(
            f"{rows:,} rows are more than the {MOST_ROWS - 1:,} that an Excel sheet holds below its headings. Publish "
            "them in parts (files: period, split: tenant, or where), or as csv or parquet (formats)."
        )
    if columns > _MOST_COLUMNS:
        raise ExportError(f"An Excel sheet holds {_MOST_COLUMNS:,} columns, not {columns:,}: choose some (columns).")


def _write(file: IO[bytes], table: pa.Table) -> None:
    # Most runs make no workbook.
    import xlsxwriter  # noqa: PLC0415

    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        book.set_properties({"created": _MADE_AT})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("data")
        sheet.freeze_panes(1, 0)
        for number, heading in enumerate(table.column_names):
            sheet.set_column(number, number, min(max(len(heading) + 2, _WIDTHS[0]), _WIDTHS[1]))
            sheet.write_string(0, number, heading, bold)
        for start in range(0, len(table), _ROWS_AT_ONCE):
            part = table.slice(start, _ROWS_AT_ONCE)
            columns = [values_of(column.combine_chunks()) for column in part.columns]
            for row, values in enumerate(zip(*columns, strict=True), start + 1):
                for number, value in enumerate(values):
                    if value is not None and value != "":
                        _write_cell(sheet, row, number, value, day, instant)


def _write_cell(sheet: "Worksheet", row: int, column: int, value: object, day: "Format", instant: "Format") -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime) and value.date() >= FIRST_DAY:
        at = value.astimezone(UTC) if value.tzinfo else value
        sheet.write_datetime(row, column, at.replace(tzinfo=None), instant)
    elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DAY:
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, (int, float, Decimal)) and _is_number(value):
        sheet.write_number(row, column, float(value))
    else:
        text = value if isinstance(value, str) else cell_text(value)
        if len(text.encode("utf-16-le")) > MOST_CHARACTERS * 2:
            raise ExportError(
                f"A text of {len(text):,} characters does not fit into a cell of Excel, which takes "
                f"{MOST_CHARACTERS:,}. Leave its column out (columns), or publish csv or parquet (formats)."
            )
        if text:
            sheet.write_string(row, column, text)


def _is_number(value: float | Decimal) -> bool:
    """Whether Excel can hold it: whole numbers of more digits, of ids as a rule, are told as text."""
    if isinstance(value, int):
        return len(str(abs(value))) <= MOST_DIGITS
    return float("-inf") < value < float("inf")
