"""Reports as pages: every figure in its place, names that break nothing, and what a page owes to all who read it."""

import re
import tomllib
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import resources
from itertools import pairwise

import page_reader
import pytest
import report_example
from hypothesis import given, settings
from hypothesis import strategies as st
from page_reader import Element

from exports.reports.content import COUNT, SHARE, Cell, Change, Figure, Headlines, Report, Table, Trend
from exports.reports.forms import index, page
from exports.reports.forms.index import Entry
from exports.reports.forms.markup import fit
from ingestion.settings import PROJECT_ROOT

STYLE = resources.files("exports.reports.forms").joinpath("page.css").read_text(encoding="utf-8")

PAGE = page.render(report_example.report())
INDEX = index.render(
    [Entry("Overview", "<a href=x>", "month", "October 2026", date(2026, 10, 1), 1, (("Page", "a/2026-10-01.html"),))]
)


def read(report: Report) -> Element:
    return page_reader.read(page.render(report))


@pytest.fixture(scope="module")
def root() -> Element:
    return read(report_example.report())


def figures(root: Element) -> list[Element]:
    return [element for element in root.all("span") if "data-place" in element.attributes]


def test_every_figure_stands_at_its_place_in_its_words_and_nothing_else_does(root: Element) -> None:
    told = Counter((fit(f"{section}|{place}"), cell.text) for section, place, cell in report_example.report().cells())
    assert Counter((element.attributes["data-place"], element.text) for element in figures(root)) == told


def test_names_are_told_as_they_are_and_apart_from_the_direction_of_the_text_around(root: Element) -> None:
    isolated = Counter(element.text for element in root.all("bdi"))
    # In the comparison's numbers and in the table.
    assert all(isolated[fit(name)] >= 2 for name in report_example.NAMES)
    assert fit("bell \x07, null \x00,\r\n\tnew line") == "bell \ufffd, null \ufffd,   new line"


def tags(element: Element) -> list[object]:
    return [(child.name, tags(child)) for child in element.children if isinstance(child, Element)]


@settings(max_examples=10)
@given(st.lists(st.text(st.characters() | st.sampled_from("<>&\"'/=`!-"), max_size=30), min_size=3, max_size=3))
def test_no_name_changes_the_elements_of_a_page(names: list[str]) -> None:
    assert tags(read(report_example.report(tuple(names)))) == tags(read(report_example.report(("a", "b", "c"))))


def test_same_report_gives_the_same_bytes() -> None:
    assert page.render(report_example.report()) == page.render(report_example.report())


@pytest.mark.parametrize("content", [PAGE, INDEX])
def test_page_loads_nothing_and_runs_nothing(content: bytes) -> None:
    root = page_reader.read(content)
    assert not root.all("script", "link", "img", "iframe", "object", "embed", "base", "form")
    elements = root.all()
    assert not [
        key for one in elements for key in one.attributes if key in ("src", "srcset", "style") or key[:2] == "on"
    ]
    assert not re.search(r"url\(|@import|@font-face|expression", STYLE)
    assert not [one for one in elements if "://" in one.attributes.get("href", "")]
    [policy] = root.all("meta", http_equiv="Content-Security-Policy")
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("content", [PAGE, INDEX])
def test_headings_are_in_order_and_landmarks_have_names(content: bytes) -> None:
    root = page_reader.read(content)
    levels = [int(heading.name[1]) for heading in root.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [element.attributes["id"] for element in root.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    named = [element.attributes["aria-labelledby"] for element in root.all("section")]
    linked = [link.attributes["href"] for link in root.all("a") if link.attributes["href"].startswith("#")]
    assert {*named, *(href[1:] for href in linked)} <= set(ids)
    assert [element.attributes["lang"] for element in root.all("html")] == ["en"]
    assert len(root.all("main")) == 1


def test_tables_have_captions_scopes_and_scroll_with_the_keyboard(root: Element) -> None:
    regions = root.all("div", role="region", tabindex="0")
    # Of the changes, under each of six charts, and of the products.
    assert len(regions) == len(root.all("table")) == 8
    for region in regions:
        assert region.attributes["aria-label"]
        [caption] = region.all("caption")
        assert caption.text
        headings = region.all("thead")[0].all("th", scope="col")
        for row in region.all("tbody")[0].all("tr"):
            assert len(row.all("th", scope="row")) == 1
            assert len(row.all("th", "td")) == len(headings)


def test_numbers_are_aligned_to_the_right_and_other_cells_are_not(root: Element) -> None:
    [products] = root.all("div", aria_label="Best-selling products")
    [_, first, *_] = products.all("tr")
    assert [cell.attributes.get("class") for cell in first.all("th", "td")] == [None, None, "d", "n", "n"]


def test_what_was_another_before_is_marked_and_says_so(root: Element) -> None:
    marked = [(mark.text, was.text) for mark, was in zip(root.all("ins"), root.all("span", class_="was"), strict=True)]
    assert marked == [
        ("128,450.60 EUR", "was 128,310.60 EUR"),
        ("899", "was 905"),
        ("128,450.60 EUR", "was 128,310.60 EUR"),
        ("88,010.00 EUR", "was 88,000.00 EUR"),
        ("899", "was 905"),
    ]
    folded = [("open" in figure.all("details")[0].attributes) for figure in root.all("figure")]
    assert folded == [True, False, False, False, False, False]


@pytest.mark.parametrize(
    ("revision", "count", "told"),
    [
        (1, 0, None),
        (2, 0, "Revision 2: no figure changed"),
        (2, 1, "Revision 2: 1 figure changed"),
        (3, 1200, "Revision 3: 1,200 figures changed"),
    ],
)
def test_revision_says_first_how_many_figures_changed_and_folds_many(revision: int, count: int, told: str) -> None:
    changes = tuple(Change("S", f"P{number}", "1", "2", "Late.") for number in range(count))
    [first, *_] = (root := read(replace(report_example.report(), revision=revision, changes=changes))).all("h2")
    assert first.text == (told or "At a glance")
    listed = [details for details in root.all("details") if "Before, now and why" in details.text]
    assert [len(details.all("tr")) - 1 for details in listed] == ([count] if count else [])
    assert [("open" in details.attributes) for details in listed] == ([count < 20] if count else [])


@pytest.mark.parametrize(
    ("change", "is_good", "told"),
    [
        (Decimal("0.123"), True, "\u25b2 12.3 % up, for the better"),
        (Decimal("-0.123"), True, "\u25bc \u221212.3 % down, for the better"),
        (Decimal("-0.123"), False, "\u25bc \u221212.3 % down, for the worse"),
        (Decimal("0.123"), None, "\u25b2 12.3 % up"),
        (Decimal("0.0004"), True, "= 0.0 % about the same"),
        (Decimal(0), None, "= 0.0 % about the same"),
        (None, None, "\u2013 no comparison"),
    ],
)
def test_card_says_in_words_where_a_figure_went(change: Decimal | None, is_good: bool | None, told: str) -> None:
    figure = Figure("F", Cell(1, COUNT), Cell(2, COUNT), Cell(change, SHARE), is_good, (date(2026, 10, 3),), "What.")
    report = replace(report_example.report(), sections=(Headlines("H", (figure,)),), cadence="week")
    [card] = read(report).all("ul", class_="cards")[0].all("li")
    assert [part.text for part in card.all("h3", "p")] == [
        *("F", "1", told, "2 the week before", "\u25c6 Unusual on 3 October 2026", "What.")
    ]


def test_no_limit_is_silent(root: Element) -> None:
    said = [paragraph.text for paragraph in root.all("p", class_="left")]
    assert said == ["1,200 more not shown.", "40 more not shown.", "Nothing in this period."]


def test_chart_is_there_for_a_wide_page_and_for_a_phone(root: Element) -> None:
    for figure in root.all("figure"):
        widths = [svg.attributes["viewbox"].split()[2] for svg in figure.all("svg", role="img")]
        assert widths == ["720", "320"]
        assert all(svg.attributes["aria-label"] and svg.all("desc")[0].text for svg in figure.all("svg"))


def test_head_says_whose_report_it_is_of_what_and_when(root: Element) -> None:
    [head] = root.all("header")
    for said in ("Business overview", report_example.NAMES[1], "October 2026", "Monthly", "Europe/Vienna"):
        assert said in head.text
    assert "1 October 2026 to 31 October 2026" in head.text


def colours(scheme: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", scheme))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_have_the_contrast_that_wcag_asks_for(scheme: str) -> None:
    light, dark, *_ = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = colours(light if scheme == "light" else dark)
    assert len(found) == 16
    pairs = [(text, ground) for text in ("ink", "muted", "link", "own", "revised") for ground in ("canvas", "surface")]
    pairs += [("good", "good-tint"), ("bad", "bad-tint"), ("plain", "plain-tint"), ("ink", "revised-tint")]
    poor = {pair: ratio for pair in pairs if (ratio := contrast(found[pair[0]], found[pair[1]])) < 4.5}
    assert not poor
    assert contrast(found["mark"], found["surface"]) >= 3


def test_stylesheet_is_part_of_an_installation() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "*.css" in project["tool"]["setuptools"]["package-data"]["exports.reports.forms"]


def test_sections_without_anything_are_told() -> None:
    sections = (Trend("T", "L", ()), Table("E", ("A",), ()), Headlines("H", ()))
    root = read(replace(report_example.report(), sections=sections))
    assert root.text.count("There are no values to draw.") == 4
