"""The PDF form of reports, read again with pypdf."""

import io
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from pypdf import PageObject, PdfReader
from sample_reports import COMPARISON, EURO, HEADLINES, NAMES, NOTES, REPORT, TABLE, TREND, any_reports, of

from exports.reports.content import COUNT, Cell, Comparison, Kind, Notes, Report, Section, Table, Trend
from exports.reports.forms import document

SHAPED = ("HEBREW", "ARABIC", "DEVANAGARI", "BENGALI", "TAMIL", "THAI")
"""Scripts whose letters pypdf reads in the order in which they are drawn."""

POINTS_PER_MILLIMETRE = 72 / 25.4


def pages(report: Report) -> list[PageObject]:
    return list(PdfReader(io.BytesIO(document.render(report))).pages)


def text(report: Report) -> str:
    return "\n".join(page.extract_text() for page in pages(report))


def words(report: Report) -> str:
    """The text on one line, without the places where long words may break."""
    return " ".join(text(report).replace("\u200b", "").split())


def metadata(report: Report) -> str:
    xmp = PdfReader(io.BytesIO(document.render(report))).trailer["/Root"]["/Metadata"]  # type: ignore[index]
    return xmp.get_object().get_data().decode()


def test_every_figure_is_told_as_often_as_the_report_shows_it_and_on_one_line() -> None:
    told = text(REPORT)
    shown = Counter(cell.text for _, _, cell in REPORT.cells())
    assert len(shown) > 300
    for figure, times in shown.items():
        alone = rf"(?<![\w.,\u2212]){re.escape(figure)}(?![\w,]|\.\d)"
        assert len(re.findall(alone, told)) >= times, figure


def test_figure_moves_to_a_line_of_its_own_rather_than_break() -> None:
    prior = Cell(Decimal("12345678901234567890.12"), EURO)
    figure = replace(HEADLINES.figures[0], prior=prior)
    assert prior.text in map(str.strip, text(of(replace(HEADLINES, figures=(figure,)))).splitlines())


def test_names_of_every_script_are_told_as_they_are() -> None:
    told = words(of(COMPARISON))
    for name in NAMES:
        if unicodedata.name(name[0]).split()[0] in SHAPED:
            assert set(name) <= set(told), name
        else:
            assert " ".join(name.split()) in told, name


def test_every_script_has_a_font_of_the_packages() -> None:
    fonts = set()
    for page in pages(of(COMPARISON)):
        fonts |= {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert all("+Noto" in font for font in fonts), fonts
    assert "pdfuaid:part" in metadata(of(COMPARISON))


def test_character_without_a_font_stands_as_a_box_and_a_note_says_so() -> None:
    report = of(Notes("Rare", ("Egyptian \U00013080.",)))
    assert "A box stands for a character that this document's fonts lack" in words(report)
    assert "pdfuaid:part" not in metadata(report)
    assert "A box stands" not in words(of(Notes("Rare", ("Egyptian.",))))


def test_control_characters_are_seen_and_lines_go_on() -> None:
    assert "a\ufffdb c d" in words(of(Notes("Odd", ("a\x00b\nc\td\ufeff",))))


def test_same_report_is_the_same_bytes_in_another_process_and_place(tmp_path: Path) -> None:
    script = "import sys; from sample_reports import REPORT; from exports.reports.forms.document import render; "
    script += "sys.stdout.buffer.write(render(REPORT))"
    root = Path(document.__file__).parents[3]
    environment = {"PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}", "TZ": "Asia/Tokyo", "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert told.stdout == document.render(REPORT) != document.render(replace(REPORT, revision=3))


def test_properties_name_the_report_its_language_and_no_time() -> None:
    reader = PdfReader(io.BytesIO(document.render(REPORT)))
    root = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Monthly review, Bella Vista #1 *Bar* (Ελλάς), October 2026"
    assert reader.metadata.creation_date is None
    assert root["/Lang"] == "en"  # type: ignore[index]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]


def test_first_page_tells_for_whom_and_when_and_what_the_revision_changed() -> None:
    first = " ".join(pages(REPORT)[0].extract_text().split())
    for told in ("Monthly review", "Bella Vista #1 *Bar* (Ελλάς)", "October 2026", "Days in Europe/Berlin"):
        assert told in first
    assert "Revision 2: 2 figures are shown otherwise than in the revision before." in first
    for change in REPORT.changes:
        place = f"{change.section}: {change.place}"
        assert f"{place} {change.before} {change.now} {change.why}" in first
    assert "Revision" not in words(of(HEADLINES))


def test_pages_are_numbered_and_name_the_report() -> None:
    all_pages = pages(REPORT)
    assert len(all_pages) > 2
    for number, page in enumerate(all_pages, 1):
        told = page.extract_text()
        assert f"Page {number} of {len(all_pages)}" in told
        assert "Monthly review" in told
        assert "October 2026" in told


def test_headings_of_a_table_are_repeated_on_each_of_its_pages() -> None:
    table = pages(of(TABLE))
    assert len(table) > 1
    for page in table:
        assert re.search(r"Product\s+First sold\s+Sold\s+Revenue", page.extract_text())


def test_change_is_told_by_arrow_and_word() -> None:
    told = words(of(HEADLINES))
    assert "▲ 12.2 % better" in told
    assert "▼ \u22123.8 % worse" in told
    assert "0.0 pp unchanged" in told
    assert "before: 50,111" in told
    assert "Unusual: 3 October 2026, 31 October 2026." in told
    assert "Money of orders that are paid." in told


def test_what_was_shown_before_and_what_is_left_out_are_told() -> None:
    told = words(REPORT)
    assert "was 1,234,000.00 EUR" in told
    assert re.search(r"3,039 was 77\b", told)
    assert "12 more are not shown." in told
    assert "1 more is not shown." in told


@pytest.mark.parametrize("columns", [3, 9, 16])
def test_nothing_of_a_table_stands_outside_its_page(columns: int) -> None:
    row = (Cell("A name of some length, of a campaign"), *[Cell(Decimal("-9876543210.98"), EURO)] * columns)
    report = of(Table("Wide", ("Name", *[f"Heading {at} of a column" for at in range(columns)]), (row,) * 3))
    [*_, page] = pages(report)
    assert page.extract_text().count("\u22129,876,543,210.98 EUR") == 3 * columns
    width = float(page.mediabox.width)
    ends = []

    def see(piece: str, _matrix: object, at: list[float], _font: object, size: float) -> None:
        if piece.strip():
            ends.append(at[4] + 0.5 * size * len(piece.strip()))

    page.extract_text(visitor_text=see)
    margin = 18 * POINTS_PER_MILLIMETRE
    assert max(ends) < width - margin + 10
    assert (width > float(page.mediabox.height)) == (columns > 3)


def test_trend_with_too_many_points_for_its_columns_lists_them() -> None:
    days = tuple((f"{day} October", Cell(1_234_567 * day, COUNT)) for day in range(1, 32))
    told = words(of(Trend("Days", "Visits", days)))
    for name, cell in days:
        assert f"{name} {cell.text}" in told


def test_bars_begin_at_zero_and_go_to_either_side() -> None:
    told = document._bars([("a", Cell(Decimal(8), EURO)), ("b", Cell(-2, COUNT)), ("c", Cell(None, COUNT))])
    assert told["zero"] == 0.2
    assert [(bar["begins"], bar["ends"]) for bar in told["bars"]] == [(0.2, 1.0), (0.0, 0.2), (0.2, 0.2)]


@pytest.mark.parametrize(
    "section",
    [
        replace(HEADLINES, figures=()),
        replace(TREND, points=()),
        replace(COMPARISON, bars=()),
        replace(TABLE, rows=()),
        replace(NOTES, lines=()),
        Comparison("Zeros", "by", "label", (("a", Cell(0, COUNT)), ("b", Cell(None, COUNT)))),
    ],
)
def test_empty_section_has_its_title(section: Section) -> None:
    assert section.title in words(of(section))


INVISIBLE = "\u00ad\u034f\u061c\u180e\u200c\u200d\u200e\u2060\u2063\ufe0f\ufeff"


@pytest.mark.parametrize("invisible", INVISIBLE, ids=ascii)
def test_invisible_character_of_a_name_is_in_no_figure(invisible: str) -> None:
    bars = (("a", Cell(3, Kind("share", 0, None))), ("b", Cell(1, Kind("share", 0, None))))
    trend = Trend("Shares", f"3{invisible}", bars)
    assert "300%" in "".join(words(of(trend)).split())


@settings(max_examples=15)
@given(any_reports)
def test_any_report_has_a_document_with_all_its_figures(report: Report) -> None:
    told = "".join(words(report).split())
    for _, _, cell in report.cells():
        if cell.kind.form != "text":
            assert "".join(cell.text.split()) in told
