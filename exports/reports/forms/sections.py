"""The sections of a report as HTML.

Belongs here: which elements tell a section; every figure is found by its place. Not here: what stands around them
(page.py), the charts' marks (charts.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple, assert_never

from exports.reports.content import DATE, Cell, Comparison, Figure, Headlines, Notes, Report, Section, Table, Trend
from exports.reports.forms import charts
from exports.reports.forms.drawing import NARROW, PAGE, WIDE
from exports.reports.forms.markup import Html, element, joined, name, unseen

_CADENCES = {"day": "the day before", "week": "the week before", "month": "the month before"}
_DIRECTIONS = {1: ("\u25b2", "up"), -1: ("\u25bc", "down"), 0: ("=", "about the same")}
_LOOKS = {"text": None, "date": "d"}
_NEWS = {True: ("good", "for the better"), False: ("bad", "for the worse"), None: ("plain", "")}


class Column(NamedTuple):
    """The heading of a table's column, and the class of its cells: n of numbers, d of dates."""

    heading: str
    look: str | None = None


def body(section: Section, report: Report) -> Html:
    """What stands below a section's heading."""
    # Figures come in the order of their places.
    figures = (_figure(section.title, place, cell) for place, cell in section.cells())
    match section:
        case Headlines():
            cards = (_card(figure, figures, report) for figure in section.figures)
            return element("ul", *(element("li", card) for card in cards), class_="cards")
        case Trend():
            drawn = [charts.trend(section, PAGE, total) for total in (WIDE, NARROW)]
            return _chart(section.label, "Period", section.points, drawn, figures)
        case Comparison():
            drawn = [charts.comparison(section, PAGE, total) for total in (WIDE, NARROW)]
            return joined(_chart(section.label, section.by, section.bars, drawn, figures), _left(section.left))
        case Table():
            return joined(_table(section, figures, report), _left(section.left))
        case Notes():
            return element("ul", *(element("li", line) for line in section.lines))
        case _:
            assert_never(section)


def _figure(section: str, place: str, cell: Cell) -> Html:
    """A cell that is found by its place; what it was stands beside it where it is another now."""
    text = element("span", cell.text, data_place=f"{section}|{place}")
    return text if cell.was is None else revised(text, cell.was)


def revised(now: Html, before: str) -> Html:
    """A figure that the revision before showed otherwise."""
    return joined(element("ins", now), " ", element("span", "was ", element("del", before), class_="was"))


def _card(figure: Figure, figures: Iterator[Html], report: Report) -> Html:
    value, prior, change = next(figures), next(figures), next(figures)
    return joined(
        element("h3", figure.label),
        element("p", value, class_="value"),
        _change(figure, change),
        element("p", prior, f" {_before(report)}", class_="prior"),
        *_anomalies(figure),
        *([element("p", figure.about, class_="about")] if figure.about else []),
    )


def _before(report: Report) -> str:
    """Of when the figures before are; of how things stand there are some of windows alone."""
    return _CADENCES.get(report.cadence) or f"in the {(report.last_day - report.first_day).days + 1} days before"


def _change(figure: Figure, change: Html) -> Html:
    """An arrow, the change and words: colour alone tells nothing to many."""
    value = figure.change.value
    if not isinstance(value, (Decimal, int)):
        return element("p", element("span", change, class_="change plain"), " no comparison")
    told = figure.change.kind.rounded(value)
    arrow, direction = _DIRECTIONS[(told > 0) - (told < 0)]
    colour, news = _NEWS[figure.is_good if told else None]
    pill = element("span", element("span", arrow, aria_hidden="true"), " ", change, class_=f"change {colour}")
    return element("p", pill, f" {direction}", *([f", {news}"] if news else []))


def _anomalies(figure: Figure) -> Iterator[Html]:
    if figure.anomalies:
        *others, last = map(DATE.text, figure.anomalies)
        days = f"{', '.join(others)} and {last}" if others else last
        yield element("p", element("span", "\u25c6", aria_hidden="true"), f" Unusual on {days}", class_="unusual")


def _chart(
    label: str, by: str, values: Sequence[tuple[str, Cell]], drawn: Sequence[Html], figures: Iterable[Html]
) -> Html:
    """A chart, for a wide page and for a narrow one, above its numbers, which are open where one was another before."""
    wide, narrow = (element("div", chart, class_=size) for size, chart in zip(("wide", "narrow"), drawn, strict=True))
    rows = [(name(of), figure) for (of, _), figure in zip(values, figures, strict=True)]
    return element(
        "figure",
        element("figcaption", label),
        wide,
        narrow,
        element(
            "details",
            element("summary", "Numbers", unseen(f" of the chart: {label}")),
            region(f"Numbers: {label}", f"{label}, in numbers", (Column(by), Column(label, "n")), rows),
            open="" if any(cell.was is not None for _, cell in values) else None,
        ),
    )


def _table(table: Table, figures: Iterator[Html], report: Report) -> Html:
    if not table.rows:
        return element("p", "Nothing in this period.", class_="left")
    columns = [
        Column(heading, _LOOKS.get(cells[0].kind.form, "n"))
        for heading, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True)
    ]
    rows = [[name(cell.text) if cell.kind.form == "text" else next(figures) for cell in row] for row in table.rows]
    return region(table.title, f"{table.title}, {report.period}", columns, rows)


def _left(count: int) -> Html:
    """No silent limits."""
    return element("p", f"{count:,} more not shown.", class_="left") if count else Html()


def region(label: str, caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Html]]) -> Html:
    """A table that scrolls by itself where it is wider than the page, with the keyboard as well."""
    head = [element("th", column.heading, scope="col", class_=column.look) for column in columns]
    lines = [
        element(
            "tr",
            element("th", first, scope="row", class_=columns[0].look),
            *(element("td", cell, class_=column.look) for cell, column in zip(cells, columns[1:], strict=True)),
        )
        for first, *cells in rows
    ]
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *lines),
    )
    return element("div", table, class_="region", role="region", aria_label=label, tabindex=0)
