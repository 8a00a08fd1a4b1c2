"""The workbook form of a report: an XLSX file, a sheet for each section.

Belongs here: which sheets there are, and what stands on them. Not here: how a cell is written (sheets.py), nor what
the report shows (content.py).
"""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

from exports.errors import ExportError
from exports.formats.workbook import MOST_ROWS
from exports.reports.content import (
    DATE,
    TEXT,
    Cell,
    Comparison,
    Headlines,
    Notes,
    Report,
    Section,
    Table,
    Trend,
    left_out,
    printable,
)
from exports.reports.forms.sheets import WAS, Sheet, number_format, sheet_names

_FIRST = "Report"
_HEADINGS_ROW = 3
_CHART_GAP = 24
_NOW_COLUMN = 3
_NEWS = {"better": "#146C2E", "worse": "#B3261E"}
_ACCENT = "#1F5AA8"
_GRID = "#D5DCE3"
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "use_zip64": True,
}


def render(report: Report) -> bytes:
    """The report as XLSX, the same bytes for the same report.

    Raises:
        ExportError: a section has more rows than a sheet.
    """
    for section in report.sections:
        _check_rows(report, section)
    content = BytesIO()
    book = Workbook(content, _OPTIONS)
    book.set_properties(
        {
            "title": printable(report.title),
            "subject": printable(report.period),
            "company": printable(report.recipient),
            # In the file's own time: without it, now.
            "created": datetime.combine(report.last_day, time(), UTC).replace(tzinfo=None),
        }
    )
    names = sheet_names([section.title for section in report.sections], [_FIRST])
    _write_first(Sheet(book, _FIRST), report, names)
    for name, section in zip(names, report.sections, strict=True):
        _write_section(book, Sheet(book, name), report, section)
    book.close()
    return content.getvalue()


def _check_rows(report: Report, section: Section) -> None:
    rows = len(list(_rows(section)))
    # The headings, and the line on what is left out.
    if rows + _HEADINGS_ROW + 2 > MOST_ROWS:
        raise ExportError(
            f"Report {report.name}: '{section.title}' has {rows:,} rows, and a sheet holds {MOST_ROWS:,}. "
            "Limit its rows, or split it into several reports."
        )


def _rows(section: Section) -> tuple[Any, ...]:
    match section:
        case (
            Headlines(figures=rows) | Trend(points=rows) | Comparison(bars=rows) | Table(rows=rows) | Notes(lines=rows)
        ):
            return rows


def _write_first(sheet: Sheet, report: Report, names: list[str]) -> None:
    sheet.write_text(0, 0, report.title, is_wide=True, bold=True, font_size=16)
    facts = (
        ("For", Cell(report.recipient)),
        ("Period", Cell(report.period)),
        ("First day", Cell(report.first_day, DATE)),
        ("Last day", Cell(report.last_day, DATE)),
        ("Days in", Cell(report.timezone)),
        ("Revision", Cell(str(report.revision))),
    )
    for row, (label, cell) in enumerate(facts, 2):
        sheet.write_text(row, 0, label, bold=True)
        sheet.write(row, 1, cell, align="left", indent=0)
    links_row = len(facts) + 3
    sheet.write_text(links_row, 0, "Sheets", bold=True, font_size=12)
    for row, (name, section) in enumerate(zip(names, report.sections, strict=True), links_row + 1):
        sheet.write_link(row, 0, name, section.title)
    if report.changes:
        _write_changes(sheet, links_row + len(names) + 3, report)
    sheet.finish()


def _write_changes(sheet: Sheet, first_row: int, report: Report) -> None:
    text = f"Shown otherwise than in revision {report.revision - 1}"
    sheet.write_text(first_row, 0, text, is_wide=True, bold=True, font_size=12)
    for column, heading in enumerate(("Sheet", "Figure", "Before", "Now", "Why")):
        sheet.write_text(first_row + 1, column, heading, bold=True, bottom=1)
    for row, change in enumerate(report.changes, first_row + 2):
        for column, text in enumerate((change.section, change.place, change.before, change.now, change.why)):
            sheet.write_text(row, column, text, **(WAS if column == _NOW_COLUMN else {}))


def _write_section(book: Workbook, sheet: Sheet, report: Report, section: Section) -> None:
    sheet.write_text(0, 0, section.title, is_wide=True, bold=True, font_size=14)
    sheet.write_text(1, 0, f"{report.period}, {report.recipient}", is_wide=True, font_color="#52606D")
    match section:
        case Headlines():
            _write_headlines(sheet, section)
        case Trend(label=label, points=bars):
            _write_bars(sheet, ("Period", label), bars)
        case Comparison(by=by, label=label, bars=bars):
            _write_bars(sheet, (by, label), bars)
        case Table():
            _write_table(sheet, section)
        case Notes(lines=lines):
            for row, line in enumerate(lines, _HEADINGS_ROW):
                # Sentences are English, whatever name they begin with.
                sheet.write_text(row, 0, line, reading_order=1)
    if isinstance(section, Comparison | Table) and section.left:
        row = _HEADINGS_ROW + 1 + len(_rows(section))
        sheet.write_text(row, 0, left_out(section), is_wide=True, italic=True)
    sheet.finish()
    if isinstance(section, Trend | Comparison) and _rows(section):
        _draw(book, sheet, section)


def _write_headlines(sheet: Sheet, section: Headlines) -> None:
    columns = ("Figure", "Value", "Before", "Change", "Change is", "Unusual days", "About")
    sheet.write_headings(_HEADINGS_ROW, [(heading, heading in columns[1:4]) for heading in columns])
    for row, figure in enumerate(section.figures, _HEADINGS_ROW + 1):
        sheet.write(row, 0, Cell(figure.label))
        for column, cell in enumerate((figure.value, figure.prior, figure.change), 1):
            sheet.write(row, column, cell)
        sheet.write_text(row, 4, figure.news, font_color=_NEWS.get(figure.news, "#000000"))
        sheet.write_text(row, 5, ", ".join(DATE.text(day) for day in figure.anomalies))
        sheet.write_text(row, 6, figure.about)


def _write_bars(sheet: Sheet, headings: tuple[str, str], bars: tuple[tuple[str, Cell], ...]) -> None:
    sheet.write_headings(_HEADINGS_ROW, [(headings[0], False), (headings[1], True)])
    for row, (name, cell) in enumerate(bars, _HEADINGS_ROW + 1):
        sheet.write(row, 0, Cell(name))
        sheet.write(row, 1, cell)


def _write_table(sheet: Sheet, section: Table) -> None:
    is_figure = [all(cell.kind.form != TEXT.form for cell in column) for column in zip(*section.rows, strict=True)]
    headings = zip(section.columns, is_figure or [False] * len(section.columns), strict=True)
    sheet.write_headings(_HEADINGS_ROW, list(headings))
    for row, cells in enumerate(section.rows, _HEADINGS_ROW + 1):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    if section.rows:
        last = _HEADINGS_ROW + len(section.rows)
        sheet.paper.autofilter(_HEADINGS_ROW, 0, last, len(section.columns) - 1)


def _draw(book: Workbook, sheet: Sheet, section: Trend | Comparison) -> None:
    """A chart of Excel's own beside the rows: columns over time; bars of what is compared, the first on top."""
    rows = len(_rows(section))
    first, last = _HEADINGS_ROW + 1, _HEADINGS_ROW + rows
    kind = replace(next(cell.kind for _, cell in section.cells()), unit=None)
    values: dict[str, Any] = {
        "num_format": number_format(kind).get("num_format"),
        "major_gridlines": {"visible": True, "line": {"color": _GRID}},
        "line": {"none": True},
    }
    if all(isinstance(cell.value, Decimal | int) and cell.value >= 0 for _, cell in section.cells()):
        values["min"] = 0
    if isinstance(section, Trend):
        chart = book.add_chart({"type": "column"})
        chart.set_x_axis({"label_position": "low"})
        chart.set_y_axis(values)
        height = 300
    else:
        chart = book.add_chart({"type": "bar"})
        chart.set_x_axis(values)
        chart.set_y_axis({"reverse": True, "label_position": "low"})
        height = min(1200, 90 + 26 * rows)
    chart.add_series(
        {
            "name": [sheet.name, _HEADINGS_ROW, 1],
            "categories": [sheet.name, first, 0, last, 0],
            "values": [sheet.name, first, 1, last, 1],
            "fill": {"color": _ACCENT},
            "gap": 60,
        }
    )
    chart.set_legend({"none": True})
    chart.set_title({"name": printable(section.title), "name_font": {"size": 12}})
    chart.set_size({"width": 680, "height": height})
    sheet.paper.insert_chart(_HEADINGS_ROW, 2, chart, {"x_offset": _CHART_GAP, "description": printable(section.title)})
