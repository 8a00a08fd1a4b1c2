"""Charts: marks as long as what they tell, within the picture, and text that does not run into other text."""

import math
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import report_example
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exports.reports.content import COUNT, SHARE, Cell, Comparison, Kind, Trend
from exports.reports.forms import charts
from exports.reports.forms.axis import axis_of, number
from exports.reports.forms.drawing import NARROW, PAGE, PAPER, WIDE
from exports.reports.forms.lettering import shortened, width

SVG = "{http://www.w3.org/2000/svg}"
MONEY = report_example.MONEY
VALUES = st.one_of(
    st.none(),
    st.integers(-(10**6), 10**6).map(Decimal),
    st.decimals(-(10**15), 10**15, places=4),
    st.decimals(-1, 1, places=9),
)


def drawn(svg: str) -> ElementTree.Element:
    """The picture, which is XML by itself."""
    return ElementTree.fromstring(svg)  # noqa: S314 - what these tests drew


def trend(*values: str | None, kind: Kind = COUNT, total: int = WIDE) -> ElementTree.Element:
    return drawn(charts.trend(Trend("T", "Label", report_example.points(*values, kind=kind)), PAPER, total))


def comparison(*bars: tuple[str, str | None], total: int = WIDE) -> ElementTree.Element:
    cells = tuple((name, Cell(None if value is None else Decimal(value), MONEY)) for name, value in bars)
    return drawn(charts.comparison(Comparison("C", "Outlet", "Label", cells), PAPER, total))


def bars(root: ElementTree.Element) -> list[tuple[str, dict[str, float], str]]:
    """What each column or bar tells, where it is, and its colour."""
    return [
        (told.text or "", {key: float(rect.attrib[key]) for key in ("x", "y", "width", "height")}, rect.attrib["fill"])
        for rect in root.iter(f"{SVG}rect")
        if (told := rect.find(f"{SVG}title")) is not None
    ]


def texts(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def extent(text: ElementTree.Element) -> tuple[float, float]:
    """From where to where a text reaches, on the wide side."""
    wide, x = width(text.text or "", 12, is_bold="font-weight" in text.attrib), float(text.attrib["x"])
    left = {"middle": x - wide / 2, "end": x - wide}.get(text.attrib.get("text-anchor", ""), x)
    return left, left + wide


@settings(max_examples=60)
@given(
    st.lists(VALUES, min_size=1, max_size=40),
    st.sampled_from([COUNT, SHARE, MONEY, report_example.MINUTES]),
    st.sampled_from([WIDE, NARROW]),
)
@example([Decimal("-999999999999999.9950")], MONEY, NARROW)
def test_all_that_is_drawn_lies_within_the_picture(values: list[Decimal | None], kind: Kind, total: int) -> None:
    points = tuple((f"{day} October", Cell(value, kind)) for day, value in enumerate(values))
    for svg in (
        charts.trend(Trend("T", "L", points), PAPER, total),
        charts.comparison(Comparison("C", "B", "L", points), PAPER, total),
    ):
        root = drawn(svg)
        _, _, wide, high = map(float, root.attrib["viewBox"].split())
        for mark in root.iter():
            xs = [float(mark.attrib[key]) for key in ("x", "x1", "x2", "cx") if key in mark.attrib]
            ys = [float(mark.attrib[key]) for key in ("y", "y1", "y2", "cy") if key in mark.attrib]
            xs += [xs[0] + float(mark.attrib["width"])] if "width" in mark.attrib else []
            ys += [ys[0] + float(mark.attrib["height"])] if "height" in mark.attrib else []
            for pair in mark.attrib.get("points", "").split():
                xs.append(float(pair.split(",")[0]))
                ys.append(float(pair.split(",")[1]))
            assert all(map(math.isfinite, xs + ys))
            assert all(-1 <= x <= wide + 1 for x in xs)
            assert all(-1 <= y <= high + 1 for y in ys)


@given(st.lists(VALUES, min_size=1, max_size=20), st.sampled_from([COUNT, SHARE, MONEY]), st.booleans())
def test_axis_has_few_ticks_that_hold_every_value(values: list[Decimal | None], kind: Kind, from_zero: bool) -> None:
    cells = [Cell(value, kind) for value in values]
    axis = axis_of(cells, from_zero=from_zero)
    assert (axis is None) == all(value is None for value in values)
    if axis is not None:
        told = [text for _, text in axis.ticks()]
        assert 2 <= len(told) == len(set(told)) <= 6
        assert all(0 <= axis.along(drawn) <= 1 for cell in cells if (drawn := number(cell)) is not None)
        assert not from_zero or axis.low <= 0 <= axis.high


@pytest.mark.parametrize(
    ("values", "kind", "told"),
    [
        (["3"], COUNT, ["0", "1", "2", "3"]),
        (["0"], COUNT, ["0", "1"]),
        (["1"], COUNT, ["0", "1"]),
        (["90", "100"], COUNT, ["0", "50", "100"]),
        (["12", "-5"], COUNT, ["\u22125", "0", "5", "10", "15"]),
        (["1204"], COUNT, ["0", "500", "1,000", "1,500"]),
        (["128450.6"], MONEY, ["0", "50k", "100k", "150k"]),
        (["1200000"], MONEY, ["0", "0.5M", "1.0M", "1.5M"]),
        (["0.914", "0.87"], SHARE, ["86 %", "88 %", "90 %", "92 %"]),
        (["0.9", "0.1"], SHARE, ["0 %", "50 %", "100 %"]),
    ],
)
def test_axis_is_told_in_round_numbers(values: list[str], kind: Kind, told: list[str]) -> None:
    axis = axis_of([Cell(Decimal(value), kind) for value in values], from_zero=kind is not SHARE)
    assert axis is not None
    assert [text for _, text in axis.ticks()] == told


def test_column_is_as_tall_as_its_value_and_a_missing_one_leaves_a_gap() -> None:
    found = bars(trend("100", None, "50", "-50", "0", "200"))
    assert [told for told, _, _ in found] == [
        *("May 2026: 100", "July 2026: 50", "August 2026: \u221250", "September 2026: 0", "October 2026: 200")
    ]
    heights = [where["height"] for _, where, _ in found]
    assert heights[0] == pytest.approx(heights[4] / 2, abs=0.02)
    assert heights[1] == heights[2] == pytest.approx(heights[0] / 2, abs=0.02)
    # Zero is seen, and is no gap.
    assert heights[3] == 1.5
    base = found[0][1]["y"] + heights[0]
    assert found[2][1]["y"] == pytest.approx(base, abs=0.02)
    steps = [after["x"] - before["x"] for (_, before, _), (_, after, _) in pairwise(found)]
    assert steps[0] == pytest.approx(2 * steps[1], abs=0.05)


def test_line_has_a_gap_where_a_value_is_missing_and_a_dot_for_each_value() -> None:
    root = trend("6", "5", None, "4", None, "3", "2", kind=report_example.MINUTES)
    assert [len(line.attrib["points"].split()) for line in root.iter(f"{SVG}polyline")] == [2, 2]
    assert len(list(root.iter(f"{SVG}circle"))) == 5


def test_own_period_stands_out_and_its_value_and_the_highest_are_told() -> None:
    root = trend("131200", "88010.5", "128450.6", kind=MONEY)
    assert [fill for _, _, fill in bars(root)] == [PAPER.mark, PAPER.mark, PAPER.own]
    bold = [text.text for text in root.iter(f"{SVG}text") if "font-weight" in text.attrib]
    assert bold == ["October 2026", "128,450.60 EUR"]
    assert "131,200.00 EUR" in texts(root)
    assert "88,010.50 EUR" not in texts(root)


def test_value_is_told_above_all_columns_that_its_text_reaches_over() -> None:
    points = tuple((str(day), Cell((32 - day) * 100_000, COUNT)) for day in range(1, 32))
    root = drawn(charts.trend(Trend("T", "L", points), PAPER, NARROW))
    [told] = [text for text in root.iter(f"{SVG}text") if text.text == "100,000"]
    left, right = extent(told)
    covered = [where for _, where, _ in bars(root) if where["x"] < right and where["x"] + where["width"] > left]
    assert len(covered) > 3
    assert all(float(told.attrib["y"]) < where["y"] for where in covered)


def test_own_period_without_a_value_says_so() -> None:
    assert "\u2013" in texts(trend("5", None))


@given(st.lists(st.integers(-1000, 10**7), min_size=1, max_size=12), st.sampled_from([WIDE, NARROW]))
def test_no_text_of_a_trend_runs_into_another(values: list[int], total: int) -> None:
    root = trend(*map(str, values), total=total)
    by_foot: dict[float, list[tuple[float, float]]] = {}
    for text in root.iter(f"{SVG}text"):
        if text.attrib.get("text-anchor") == "middle":
            by_foot.setdefault(float(text.attrib["y"]), []).append(extent(text))
    for foot, reaches in by_foot.items():
        for near_foot, others in by_foot.items():
            if abs(foot - near_foot) < 11:
                mixed = sorted({*reaches, *others})
                assert all(before[1] <= after[0] for before, after in pairwise(mixed))


def test_bar_is_as_long_as_its_value_and_one_below_zero_goes_the_other_way() -> None:
    found = bars(comparison(("a", "100"), ("b", "50"), ("c", None), ("d", "-50")))
    assert [told for told, _, _ in found] == ["a: 100.00 EUR", "b: 50.00 EUR", "d: \u221250.00 EUR"]
    (_, a, _), (_, b, _), (_, d, colour) = found
    assert a["width"] == pytest.approx(2 * b["width"], abs=0.02) == pytest.approx(2 * d["width"], abs=0.02)
    assert d["x"] + d["width"] == pytest.approx(a["x"], abs=0.02)
    assert colour == PAPER.own


@pytest.mark.parametrize("total", [WIDE, NARROW])
def test_long_names_are_shortened_and_reach_into_neither_bars_nor_values(total: int) -> None:
    root = comparison(*((name * 9, "12345678.90") for name in report_example.NAMES), total=total)
    shown = [text for text in root.iter(f"{SVG}text") if "unicode-bidi" in text.attrib]
    values = [text for text in root.iter(f"{SVG}text") if text.attrib.get("text-anchor") == "end"]
    assert len(shown) == len(values) == len(report_example.NAMES)
    for name, value, (_, bar, _) in zip(shown, values, bars(root), strict=True):
        assert (name.text or "").endswith("\u2026")
        assert extent(name)[1] < extent(value)[0]
        if total == WIDE:
            assert extent(name)[1] < bar["x"]
            assert bar["x"] + bar["width"] < extent(value)[0]
        else:
            assert bar["y"] > float(name.attrib["y"])


@settings(max_examples=50)
@given(st.text(max_size=60), st.integers(20, 300))
def test_shortened_text_fits(text: str, most: int) -> None:
    short = shortened(text, 12, most)
    assert width(short, 12) <= most
    assert short == text or text.startswith(short.removesuffix("\u2026"))


def test_marks_stay_with_their_letters() -> None:
    # An e with an accent of its own, and a family that joiners hold together.
    assert shortened("e\u0301" * 9, 10, 30) == "e\u0301" * 3 + "\u2026"
    assert shortened("a\U0001f468\u200d\U0001f469\u200d\U0001f467b", 10, 28) == "a\u2026"


def test_paper_has_colours_of_its_own_and_a_page_its_stylesheets() -> None:
    section = Trend("T", "L", report_example.points("1", "2", kind=COUNT))
    assert "var(" not in charts.trend(section, PAPER)
    assert not [part for part in charts.trend(section, PAGE).split('fill="')[1:] if not part.startswith("var(--")]
