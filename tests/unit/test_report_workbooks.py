"""The workbook form of reports, read again with openpyxl."""

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell import Cell as SheetCell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from sample_reports import (
    COMPARISON,
    EURO,
    HEADLINES,
    NAMES,
    NOTES,
    REPORT,
    TABLE,
    TREND,
    any_reports,
    cell_of,
    of,
)

from exports.errors import ExportError
from exports.reports.content import COUNT, DATE, NOTHING, SHARE, Cell, Kind, Report, Section, printable
from exports.reports.forms import workbook
from exports.reports.forms.sheets import sheet_names, shortened

FIRST_ROW = 5


def book_of(report: Report) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook.render(report)))


def held(report: Report) -> SheetCell:
    """The cell of a report of `cell_of`."""
    return book_of(report)["One"].cell(FIRST_ROW, 2)  # type: ignore[return-value]


def at_midnight(year: int, month: int, day: int) -> datetime:
    """How openpyxl tells a date."""
    return datetime(year, month, day)  # noqa: DTZ001 - a workbook's times have no zone


def shown(cell: SheetCell) -> str:
    """What Excel shows of a cell, by the rules of its number formats."""
    value, number_format = cell.value, cell.number_format
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        assert number_format == "[$-409]d mmmm yyyy"
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, str):
        return value
    parts = re.fullmatch(r'#,##0(?:\.(0+))?(?: (%)|((?:"[^"]*"|\\.)*))', number_format)
    assert parts, number_format
    decimals, percent, literal = parts.groups(default="")
    number = Decimal(f"{value:.15g}").scaleb(2 if percent else 0)
    told = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP) + 0
    unit = " %" if percent else re.sub(r'"([^"]*)"|\\(.)', r"\1\2", literal)
    return f"{told:,}".replace("-", "\u2212") + unit


def cells_beside(report: Report) -> Iterator[tuple[Cell, SheetCell]]:
    """Each cell of a report without text of its own, and where it stands in the workbook."""
    book = book_of(report)
    for section, sheet in zip(report.sections, book.worksheets[1:], strict=True):
        places = {
            "Headlines": lambda at: (at // 3, 2 + at % 3),
            "Trend": lambda at: (at, 2),
            "Comparison": lambda at: (at, 2),
            "Table": lambda at: (at // 5, 2 + at % 5),
        }
        for at, (_, cell) in enumerate(section.cells()):
            row, column = places[type(section).__name__](at)
            yield cell, sheet.cell(FIRST_ROW + row, column)  # type: ignore[misc]


def test_every_figure_is_a_number_that_shows_what_the_report_tells() -> None:
    pairs = list(cells_beside(REPORT))
    assert len(pairs) > 350
    for cell, found in pairs:
        assert shown(found) == cell.text
        if isinstance(cell.value, Decimal | int):
            assert found.data_type == "n"
            assert found.value == pytest.approx(float(cell.value), rel=1e-14)
        if isinstance(cell.value, date):
            assert found.value == at_midnight(*cell.value.timetuple()[:3])


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (Decimal("0.3141"), SHARE, "#,##0.0 %"),
        (Decimal("1234.5"), EURO, '#,##0.00" EUR"'),
        (12, COUNT, "#,##0"),
        (Decimal("1.25"), Kind("number", 1, "seconds"), '#,##0.0" s"'),
        (Decimal("1.25"), Kind("number", 1, 'a"b\\'), '#,##0.0" a"\\""b\\"'),
        (date(2026, 10, 3), DATE, "[$-409]d mmmm yyyy"),
    ],
)
def test_format_of_a_kind(value: object, kind: Kind, expected: str) -> None:
    assert held(cell_of(value, kind)).number_format == expected


@pytest.mark.parametrize("value", ["2.5", "-2.5", "3.5", "2.4999", "1e-9", "0", "-0.4"])
def test_number_between_two_is_told_as_in_the_other_forms(value: str) -> None:
    for kind, number in ((COUNT, Decimal(value)), (Kind("share", 0), Decimal(value) / 100)):
        report = cell_of(number, kind)
        assert shown(held(report)) == kind.text(number)


@pytest.mark.parametrize("value", [Decimal("12345678901234.56"), 10**15, -(10**17), Decimal(10) ** 13])
def test_number_beyond_what_excel_keeps_is_text_on_the_right(value: Decimal | int) -> None:
    cell = held(cell_of(value, EURO))
    assert (cell.value, cell.data_type) == (EURO.text(value), "s")
    assert cell.alignment.horizontal == "right"


def test_number_that_is_halfway_only_in_sixteen_digits_is_told_as_in_the_other_forms() -> None:
    kind, value = Kind("number", 1), Decimal("12878915519149.251")
    assert shown(held(cell_of(value, kind))) == kind.text(value)


def test_number_of_fifteen_digits_is_a_number() -> None:
    assert held(cell_of(Decimal("1234567890123.45"), EURO)).value == 1234567890123.45


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-x", "@home", "{=1}", "https://a.b", "0012", "1e5", "TRUE", ""])
def test_text_stays_text(text: str) -> None:
    cell = held(cell_of(text))
    assert cell.value == (text or None)
    assert cell.hyperlink is None
    if text:
        assert cell.data_type == "s"
        # Excel makes no formula of it when it is edited.
        assert cell.quotePrefix == (text[0] in "=+-@")


def test_no_sheet_holds_a_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook.render(REPORT))) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 6
    assert not any(b"<f>" in sheet or b"<f " in sheet for sheet in sheets)


def test_names_of_every_script_are_told_as_they_are() -> None:
    sheet = book_of(of(COMPARISON))["Outlets"]
    assert [sheet.cell(FIRST_ROW + at, 1).value for at in range(len(NAMES))] == list(NAMES)


def test_text_of_any_direction_begins_on_the_left() -> None:
    sheet = book_of(of(COMPARISON, NOTES)).worksheets[1]
    assert {sheet.cell(FIRST_ROW + at, 1).alignment.horizontal for at in range(len(NAMES))} == {"left"}
    assert book_of(of(NOTES)).worksheets[1]["A4"].alignment.readingOrder == 1


def test_no_value_is_an_empty_cell() -> None:
    assert held(cell_of(None, EURO)).value is None


def test_date_of_before_excels_calendar_is_text() -> None:
    assert held(cell_of(date(1899, 5, 1), DATE)).value == "1 May 1899"
    assert held(cell_of(date(1900, 2, 28), DATE)).value == "28 February 1900"
    assert held(cell_of(date(1900, 3, 1), DATE)).value == at_midnight(1900, 3, 1)


def test_what_was_shown_before_is_a_comment_on_a_marked_cell() -> None:
    cell = held(cell_of(3, COUNT, was="2"))
    assert cell.comment is not None
    assert cell.comment.text == "was 2"
    assert cell.fill.fgColor.rgb == "FFFFF0C2"
    plain = held(cell_of(3, COUNT))
    assert plain.comment is None
    assert plain.fill.fill_type is None


def test_first_sheet_tells_for_whom_and_when_and_what_the_revision_changed() -> None:
    sheet = book_of(REPORT).worksheets[0]
    rows = [[value for value in row if value is not None] for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == ["Monthly review"]
    assert ["For", "Bella Vista #1 *Bar* (Ελλάς)"] in rows
    assert ["Period", "October 2026"] in rows
    assert ["Last day", at_midnight(2026, 10, 31)] in rows
    assert ["Days in", "Europe/Berlin"] in rows
    assert ["Revision", "2"] in rows
    for change in REPORT.changes:
        assert [change.section, change.place, change.before, change.now, change.why] in rows
    assert not any(
        "Shown otherwise" in str(row) for row in book_of(of(NOTES)).worksheets[0].iter_rows(values_only=True)
    )


def test_first_sheet_links_to_every_other() -> None:
    book = book_of(of(TREND, replace(NOTES, title="What's / not"), replace(NOTES, title="what's not")))
    links = {cell.value: cell.hyperlink.location for [cell, *_] in book.worksheets[0].iter_rows() if cell.hyperlink}
    assert links == {
        "Weeks": "'Weeks'!A1",
        "What's / not": "'What''s not'!A1",
        "what's not": "'what''s not (2)'!A1",
    }


def test_headings_stay_in_view_and_on_every_printed_page() -> None:
    sheet = book_of(of(TABLE))["Products"]
    assert [cell.value for cell in sheet[FIRST_ROW - 1]] == list(TABLE.columns)
    assert sheet.freeze_panes == f"B{FIRST_ROW}"
    assert sheet.print_title_rows == f"$1:${FIRST_ROW - 1}"
    assert sheet.auto_filter.ref == f"A4:F{FIRST_ROW - 1 + len(TABLE.rows)}"


def test_every_sheet_is_printed_within_the_width_of_a_page() -> None:
    for sheet in book_of(REPORT).worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr is not None
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in ((1, 0), (None, 0))


def test_columns_are_as_wide_as_their_figures() -> None:
    sheet = book_of(of(TABLE))["Products"]
    assert sheet.column_dimensions["D"].width > len("6,814,814.67 EUR")
    assert book_of(cell_of("x" * 400))["One"].column_dimensions["B"].width < 50
    assert book_of(cell_of("x" * 400))["One"].row_dimensions[FIRST_ROW].height > 9 * 13


@pytest.mark.parametrize(("section", "kind"), [(TREND, "col"), (COMPARISON, "bar")])
def test_chart_shows_the_rows_beside_it(section: Section, kind: str) -> None:
    sheet: Worksheet = book_of(of(section)).worksheets[1]
    [chart] = sheet._charts  # type: ignore[attr-defined]
    assert chart.barDir == kind
    [series] = chart.series
    last = FIRST_ROW - 1 + len(list(section.cells()))
    assert series.val.numRef.f == f"{sheet.title}!$B${FIRST_ROW}:$B${last}"
    assert series.cat.strRef.f == f"{sheet.title}!$A${FIRST_ROW}:$A${last}"
    # The first stands on top.
    assert chart.x_axis.scaling.orientation == ("maxMin" if kind == "bar" else "minMax")
    lowest = min(cell.value for _, cell in section.cells())  # type: ignore[type-var]
    assert chart.y_axis.scaling.min == (None if lowest < 0 else 0)  # type: ignore[operator]


def test_what_is_left_out_is_told_under_the_rows() -> None:
    book = book_of(REPORT)
    assert book["Outlets"].cell(FIRST_ROW + len(NAMES), 1).value == "12 more are not shown."
    assert book["Products"].cell(FIRST_ROW + len(TABLE.rows), 1).value == "1 more is not shown."


def test_headlines_tell_news_unusual_days_and_what_is_measured() -> None:
    sheet = book_of(of(HEADLINES))["Headlines"]
    told = [[cell.value for cell in row[4:]] for row in sheet.iter_rows(min_row=FIRST_ROW)]
    assert told[0] == ["better", "3 October 2026, 31 October 2026", "Money of orders that are paid."]
    assert [news for news, *_ in told] == ["better", "worse", "unchanged", None]


def test_same_report_is_the_same_bytes_in_another_process_and_time_zone(tmp_path: Path) -> None:
    script = "import sys; from sample_reports import REPORT; from exports.reports.forms.workbook import render; "
    script += "sys.stdout.buffer.write(render(REPORT))"
    root = Path(workbook.__file__).parents[3]
    environment = {"PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}", "TZ": "Asia/Tokyo", "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    content = workbook.render(REPORT)
    assert told.stdout == content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_properties_are_the_reports() -> None:
    properties = book_of(REPORT).properties
    assert (properties.title, properties.subject) == ("Monthly review", "October 2026")
    assert properties.created == properties.modified == at_midnight(2026, 10, 31)


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", len(TABLE.rows) + FIRST_ROW)
    workbook.render(of(TABLE))
    monkeypatch.setattr(workbook, "MOST_ROWS", len(TABLE.rows) + FIRST_ROW - 1)
    with pytest.raises(ExportError, match=r"^Report monthly: 'Products' has 70 rows, .* Limit its rows"):
        workbook.render(of(TABLE))


@pytest.mark.parametrize("character", ["x", "🍕"])
def test_text_longer_than_a_cell_holds_is_cut_with_a_mark(character: str) -> None:
    units = len(character.encode("utf-16-le")) // 2
    fits = character * (32_767 // units)
    assert held(cell_of(fits)).value == fits
    told = held(cell_of(fits + character)).value
    assert isinstance(told, str)
    assert re.fullmatch(f"{character}+ … \\(longer than a cell can hold\\)", told)
    assert 32_760 < len(told.encode("utf-16-le")) // 2 <= 32_767
    assert told == shortened(fits + character)


@given(st.lists(st.text("aA'[]:*?/\\ \n🍕ß\x00", max_size=40), max_size=30))
def test_names_of_sheets_are_allowed_and_differ_in_any_case(titles: list[str]) -> None:
    names = sheet_names([*titles, "report", "History"], ["Report"])
    assert len(names) == len(titles) + 2
    assert len({name.casefold() for name in [*names, "Report", "History"]}) == len(names) + 2
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f]|^'|'$", name)


def test_name_of_a_sheet_is_its_title_where_that_may_be() -> None:
    assert sheet_names(["Outlets", "By day: 1/2", "Outlets", "x" * 40, "'", "x" * 40], []) == [
        "Outlets",
        "By day 1 2",
        "Outlets (2)",
        "x" * 31,
        "Section",
        "x" * 27 + " (2)",
    ]


@pytest.mark.parametrize("section", [replace(TREND, points=()), replace(COMPARISON, bars=()), replace(TABLE, rows=())])
def test_empty_section_has_its_sheet(section: Section) -> None:
    assert book_of(of(section)).worksheets[1]["A1"].value == section.title


@settings(max_examples=40)
@given(any_reports)
def test_any_report_has_a_workbook_with_all_its_figures(report: Report) -> None:
    book = book_of(report)
    for section, sheet in zip(report.sections, book.worksheets[1:], strict=True):
        told = {shown(cell) for row in sheet.iter_rows(min_row=FIRST_ROW) for cell in row}  # type: ignore[arg-type]
        for _, cell in section.cells():
            assert printable(cell.text) in told | {""}
