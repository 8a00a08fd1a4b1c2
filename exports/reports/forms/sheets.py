"""Sheets of a workbook: a report's cells as spreadsheets hold them.

Belongs here: values, number formats, names and widths, within what Excel takes. Not here: which sheets there are and
what stands on them (workbook.py).

Limits are those of "Excel specifications and limits" (Microsoft Support).
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from xlsxwriter import Workbook

from exports.errors import ExportError
from exports.formats.workbook import FIRST_DAY, MOST_CHARACTERS, MOST_DIGITS
from exports.reports.content import Cell, Kind, printable

_CUT = " \u2026 (longer than a cell can hold)"
_NAME_UNITS = 31
_NARROWEST, _WIDEST = 10, 44
_PADDING = 3
_LINE_POINTS = 13.5
WAS: dict[str, Any] = {"bg_color": "#FFF0C2"}
"""Where another revision showed something else."""
_FIGURE = {"align": "right", "indent": 1}


class Sheet:
    """One sheet, written a cell at a time; columns become as wide as what stands in them."""

    def __init__(self, book: Workbook, name: str) -> None:
        self.name = name
        self.paper = book.add_worksheet(name)
        self._book = book
        self._widths: dict[int, int] = {}
        self._lines: dict[int, int] = {}
        self.paper.set_paper(9)
        self.paper.set_landscape()
        self.paper.fit_to_pages(1, 0)
        self.paper.set_margins(0.5, 0.5, 0.6, 0.6)
        self.paper.set_footer("&L&A&RPage &P of &N")
        self.paper.hide_gridlines(2)

    def write(self, row: int, column: int, cell: Cell, **style: Any) -> None:
        """A value of its kind; what the revision before showed stands in a comment."""
        style = {"valign": "top", **number_format(cell.kind), **(WAS if cell.was else {}), **style}
        held = value_of(cell)
        if held is None:
            self._told(self.paper.write_blank(row, column, None, self._style(style)))
        elif isinstance(held, str):
            self.write_text(row, column, held, **style)
        elif isinstance(held, date):
            self._told(self.paper.write_datetime(row, column, held, self._style(style)))
        else:
            self._told(self.paper.write_number(row, column, held, self._style(style)))
        if cell.was:
            self.paper.write_comment(row, column, printable(f"was {cell.was}"), {"author": ""})
        if not isinstance(held, str):
            self._make_room(row, column, cell.text)

    def write_text(self, row: int, column: int, text: str, *, is_wide: bool = False, **style: Any) -> None:
        """Text that is never a formula, and stays none when it is edited; a wide one may reach over other columns."""
        text = shortened(printable(text))
        # Excel would put names in Arabic or Hebrew on the right.
        style = {"align": "left", **style}
        if text.startswith(("=", "+", "-", "@")):
            style["quote_prefix"] = True
        if not is_wide:
            style = {"valign": "top", "text_wrap": True, **style}
            self._make_room(row, column, text)
        write = self.paper.write_string if text else self.paper.write_blank
        self._told(write(row, column, text, self._style(style)))

    def write_headings(self, row: int, headings: Sequence[tuple[str, bool]]) -> None:
        """The columns' headings, over figures (True) on the right; they stay in view and begin every printed page."""
        for column, (heading, is_figure) in enumerate(headings):
            # On two lines or three, unless a word is longer.
            longest = max(heading.split(" "), key=len)
            self._make_room(row, column, max(longest, heading[: len(heading) * 2 // 3], key=len))
            self._lines[row] = max(self._lines.get(row, 1), 1 + (len(heading) > _NARROWEST))
            align = _FIGURE if is_figure else {"align": "left"}
            style = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", **align}
            self._told(self.paper.write_string(row, column, shortened(printable(heading)), self._style(style)))
        self.paper.freeze_panes(row + 1, 1)
        self.paper.repeat_rows(0, row)

    def write_link(self, row: int, column: int, sheet: str, text: str) -> None:
        """A link to another sheet."""
        target = "internal:'{}'!A1".format(sheet.replace("'", "''"))
        style = self._style({"font_color": "#1F5AA8", "underline": 1})
        self._told(self.paper.write_url(row, column, target, style, shortened(printable(text))))

    def finish(self) -> None:
        """Sets widths and heights."""
        for column, width in self._widths.items():
            self.paper.set_column(column, column, width)
        for row, lines in self._lines.items():
            self.paper.set_row(row, lines * _LINE_POINTS)

    def _make_room(self, row: int, column: int, text: str) -> None:
        widths = [_width(line) for line in text.splitlines()] or [0]
        self._widths[column] = min(_WIDEST, max(_NARROWEST, max(widths) + _PADDING, self._widths.get(column, 0)))
        # Words do not fill their lines, so that one more may be needed.
        lines = sum(max(1, -(-width * 21 // (_WIDEST * 20))) for width in widths)
        if lines > 1:
            self._lines[row] = max(lines, self._lines.get(row, 1))

    def _style(self, properties: dict[str, Any]) -> Any:
        # The workbook keeps one of those that are alike.
        return self._book.add_format({"font_name": "Arial", "font_size": 10, **properties})

    def _told(self, code: int | None) -> None:
        if code:
            raise ExportError(f"Sheet '{self.name}' can't hold a cell (xlsxwriter's code {code}). Show less of it.")


def sheet_names(titles: Sequence[str], taken: Sequence[str]) -> list[str]:
    """A name for each title: within 31 units, without what Excel forbids, and unlike all others in any case."""
    used = {"history", *(name.casefold() for name in taken)}
    names = []
    for title in titles:
        plain = " ".join(re.sub(r"[\[\]:*?/\\]", " ", printable(title)).split()).strip("' ") or "Section"
        name, number = _cut(plain, _NAME_UNITS), 1
        while name.casefold() in used:
            number += 1
            name = f"{_cut(plain, _NAME_UNITS - len(f' ({number})'))} ({number})"
        used.add(name.casefold())
        names.append(name)
    return names


def number_format(kind: Kind) -> dict[str, Any]:
    """How Excel shows a value of the kind, as the other forms do; units are plain text to it."""
    if kind.form == "text":
        return {}
    if kind.form == "date":
        return {"num_format": "[$-409]d mmmm yyyy", **_FIGURE}
    if kind.form == "instant":
        return {"num_format": '[$-409]d mmmm yyyy", "hh:mm" UTC"', **_FIGURE}
    digits = "#,##0" + ("." + "0" * kind.decimals if kind.decimals else "")
    if kind.form == "share":
        return {"num_format": f"{digits} %", **_FIGURE}
    return {"num_format": digits + _literal(f" {kind.symbol}" if kind.symbol else ""), **_FIGURE}


def value_of(cell: Cell) -> float | date | str | None:
    """What Excel holds: exact as far as that shows what the other forms show; else what they show, as text."""
    value, kind = cell.value, cell.kind
    if value is None:
        return None
    if isinstance(value, str) or kind.form == "text":
        return cell.text
    if isinstance(value, datetime):
        # Excel knows no time zones.
        instant = value.astimezone(UTC).replace(tzinfo=None)
        return instant if instant.date() >= FIRST_DAY else cell.text
    if isinstance(value, date):
        return value if value >= FIRST_DAY else cell.text
    told = kind.rounded(value)
    if len(told.as_tuple().digits) > MOST_DIGITS:
        return cell.text
    places = 2 if kind.form == "share" else 0
    # xlsxwriter writes 16 digits; of these Excel shows 15, and rounds half away from zero.
    number = float(f"{float(value):.16G}")
    kept = Decimal(f"{number:.{MOST_DIGITS}g}").scaleb(places)
    shows_as_told = kept.quantize(Decimal(1).scaleb(-kind.decimals), ROUND_HALF_UP) == told
    return number if shows_as_told else float(told.scaleb(-places))


def shortened(text: str) -> str:
    """The text as far as a cell holds it, with a mark where it is cut."""
    return text if _units(text) <= MOST_CHARACTERS else _cut(text, MOST_CHARACTERS - len(_CUT)) + _CUT


def _literal(text: str) -> str:
    """Plain text within a number format; a quotation mark ends what is quoted, and stands behind a backslash."""
    return '"{}"'.format(text.replace('"', '"\\""')) if text else ""


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _cut(text: str, units: int) -> str:
    while _units(text) > units:
        text = text[: min(len(text) - 1, units)]
    return text.rstrip("' ")


def _width(text: str) -> int:
    """In digits: Chinese and the like take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
