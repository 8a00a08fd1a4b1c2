"""Charts as SVG: a measure over periods, and a measure by what is compared.

Belongs here: where every mark stands. Not here: which numbers an axis has (axis.py), how a mark looks (drawing.py), and
the table of a chart's numbers (page.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from exports.reports.content import Cell, Comparison, Trend
from exports.reports.forms.axis import Axis, axis_of, number
from exports.reports.forms.drawing import PAPER, SIZE, WIDE, Palette, bar, blank, line, svg, text, units, without_values
from exports.reports.forms.lettering import shortened, width
from exports.reports.forms.markup import Html, element

_STACKED_BELOW = 480
_NAMES_SHARE = 0.36
_MOST_COLUMN = 44
_MOST_DOTS = 40
_LINE = 15


def trend(section: Trend, palette: Palette = PAPER, total: int = WIDE) -> Html:
    """Columns of what is counted or is money, a line of what is a rate; a gap where there is no value.

    Args:
        section: what is shown; its last point is the report's period.
        palette: its look.
        total: width in units.
    """
    cells = [cell for _, cell in section.points]
    in_columns = _is_in_columns(cells)
    axis = axis_of(cells, from_zero=in_columns)
    if axis is None:
        return without_values(section.label, palette, total)
    plot = _Plot(axis, len(cells), total, 230 if total >= _STACKED_BELOW else 190)
    periods = [period for period, _ in section.points]
    most = _most(cells)
    marks = [
        *_grid(plot, palette),
        *(_columns if in_columns else _line)(section, plot, palette),
        *_periods(periods, plot, palette),
        *_values(cells, plot, palette),
    ]
    told = f"{periods[-1]}: {cells[-1].text}. Highest: {cells[most].text}, {periods[most]}."
    return svg(f"{section.label}, {periods[0]} to {periods[-1]}", told, (total, plot.height), palette, marks)


@dataclass(frozen=True, slots=True)
class _Plot:
    """The area in which a trend's marks stand."""

    axis: Axis
    count: int
    total: int
    height: int

    @property
    def left(self) -> float:
        widest = max(width(told, SIZE) for _, told in self.axis.ticks())
        return min(widest + 8, self.total / 3)

    @property
    def slot(self) -> float:
        return (self.total - self.left) / self.count

    def x(self, position: int) -> float:
        return self.left + self.slot * (position + 0.5)

    def y(self, value: Decimal) -> float:
        top, bottom = 36, self.height - 44
        return bottom - (bottom - top) * self.axis.along(value)


def _most(cells: Sequence[Cell]) -> int:
    """Where the highest value is, the latest of equal ones."""
    values = [number(cell) for cell in cells]
    return max((value, at) for at, value in enumerate(values) if value is not None)[1]


def _grid(plot: _Plot, palette: Palette) -> Iterator[Html]:
    for value, told in plot.axis.ticks():
        y = plot.y(value)
        stroke = palette.line if value else palette.muted
        yield line((plot.left, y), (plot.total, y), stroke)
        yield text(told, plot.left - 8, y + 4, palette.muted, anchor="end")


def _columns(section: Trend, plot: _Plot, palette: Palette) -> Iterator[Html]:
    half = min(plot.slot * 0.72, _MOST_COLUMN) / 2
    base = plot.y(plot.axis.base)
    for position, (period, cell) in enumerate(section.points):
        if (value := number(cell)) is not None:
            x, fill = plot.x(position), palette.own if position == plot.count - 1 else palette.mark
            yield bar(f"{period}: {cell.text}", (x - half, base), (x + half, plot.y(value)), fill)


def _line(section: Trend, plot: _Plot, palette: Palette) -> Iterator[Html]:
    pieces: list[list[str]] = [[]]
    dots: list[Html] = []
    is_dense = plot.count > _MOST_DOTS
    for position, (period, cell) in enumerate(section.points):
        if (value := number(cell)) is None:
            pieces.append([])
            continue
        x, y, is_own = units(plot.x(position)), units(plot.y(value)), position == plot.count - 1
        pieces[-1].append(f"{x},{y}")
        look = {"r": "5", "fill": palette.own} if is_own else {"r": "1.5" if is_dense else "3.5", "fill": palette.mark}
        ring = {} if is_dense else {"stroke": palette.surface, "stroke_width": "1.5"}
        dots.append(element("circle", element("title", f"{period}: {cell.text}"), cx=x, cy=y, **look, **ring))
    for piece in pieces:
        if piece[1:]:
            yield element("polyline", points=" ".join(piece), fill="none", stroke=palette.mark, stroke_width=2)
    yield from dots


def _periods(periods: Sequence[str], plot: _Plot, palette: Palette) -> Iterator[Html]:
    """As many periods' names as there is room for, evenly, counted back from the report's own."""
    last = len(periods) - 1
    halves = [width(period, SIZE, is_bold=at == last) / 2 for at, period in enumerate(periods)]
    places = [max(min(plot.x(at), plot.total - half), half) for at, half in enumerate(halves)]

    def fits(every: int) -> bool:
        told = range(last, -1, -every)
        return all(places[at] - halves[at] > places[to] + halves[to] + 14 for at, to in pairwise(told))

    every = next(filter(fits, range(1, last + 2)))
    for at in range(last, -1, -every):
        fill = palette.ink if at == last else palette.muted
        yield text(periods[at], places[at], plot.height - 8, fill, anchor="middle", is_bold=at == last)


def _values(cells: Sequence[Cell], plot: _Plot, palette: Palette) -> Iterator[Html]:
    """The last value and the highest, each at its mark; the highest is moved up where both would overlap."""
    last = len(cells) - 1
    taken: tuple[float, float, float] | None = None
    for position in dict.fromkeys((last, _most(cells))):
        told, is_own = cells[position].text, position == last
        half = width(told, SIZE, is_bold=is_own) / 2
        x = min(max(plot.x(position), plot.left + half), plot.total - half)
        y = _foot(position, (x - half, x + half), cells, plot)
        if taken and abs(x - taken[0]) < half + taken[1] + 6 and abs(y - taken[2]) < _LINE:
            y = taken[2] - _LINE
        taken = (x, half, y)
        fill = palette.own if is_own else palette.ink
        yield blank(x, y, 2 * half, palette.surface)
        yield text(told, x, y, fill, anchor="middle", is_bold=is_own)


def _foot(position: int, between: tuple[float, float], cells: Sequence[Cell], plot: _Plot) -> float:
    """Where a value's text stands: beyond the end of its column and of those that it reaches over.

    On a line it is on the side from which the line does not come.
    """
    value = number(cells[position])
    if value is None:
        return plot.y(plot.axis.base) - 9
    if not _is_in_columns(cells):
        before = number(cells[position - 1]) if position else None
        return plot.y(value) + (20 if before is not None and before > value else -10)
    left, right = between
    covered = [
        other
        for at, cell in enumerate(cells)
        if (other := number(cell)) is not None and left - plot.slot / 2 < plot.x(at) < right + plot.slot / 2
    ]
    return plot.y(min(covered)) + 17 if value < 0 else plot.y(max(covered)) - 9


def _is_in_columns(cells: Sequence[Cell]) -> bool:
    """What is counted and what is money is a quantity, which a length shows; the rest are rates, which a line shows."""
    return all(cell.kind.form in ("count", "money") for cell in cells)


def comparison(section: Comparison, palette: Palette = PAPER, total: int = WIDE) -> Html:
    """Horizontal bars, each between its name and its value; on a narrow chart below both.

    Args:
        section: what is shown.
        palette: its look.
        total: width in units.
    """
    values = [value for _, cell in section.bars if (value := number(cell)) is not None]
    if not values:
        return without_values(section.label, palette, total)
    rows = _Rows(total, section.bars, min(*values, Decimal(0)), max(*values, Decimal(0)))
    zero = rows.x(Decimal(0))
    marks: list[Html] = []
    for position, (name, cell) in enumerate(section.bars):
        foot, top, bottom = rows.lines(position)
        shown = shortened(name, SIZE, rows.most_of_name)
        marks.append(text(shown, 0, foot, palette.ink, direction="plaintext"))
        marks.append(text(cell.text, total, foot, palette.ink, anchor="end"))
        if (value := number(cell)) is not None:
            fill = palette.mark if value >= 0 else palette.own
            marks.append(bar(f"{name}: {cell.text}", (zero, top), (rows.x(value), bottom), fill))
        if rows.low < 0:
            marks.append(line((zero, top - 3), (zero, bottom + 3), palette.muted))
    (first, cell) = section.bars[0]
    told = f"First of {len(section.bars)}: {first}, {cell.text}."
    return svg(f"{section.label} by {section.by}", told, (total, rows.height), palette, marks)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A comparison's rows: where names, bars and values stand."""

    total: int
    bars: Sequence[tuple[str, Cell]]
    low: Decimal
    high: Decimal

    @property
    def is_stacked(self) -> bool:
        return self.total < _STACKED_BELOW

    @property
    def height(self) -> int:
        return (40 if self.is_stacked else 28) * len(self.bars)

    @property
    def _right_of_bars(self) -> float:
        return self.total - 16 - max(width(cell.text, SIZE) for _, cell in self.bars)

    @property
    def most_of_name(self) -> float:
        """How much room a name has."""
        return self._right_of_bars if self.is_stacked else self.total * _NAMES_SHARE

    def lines(self, position: int) -> tuple[float, float, float]:
        """The foot of a row's text, the top and the bottom of its bar."""
        if self.is_stacked:
            return position * 40 + 14, position * 40 + 22, position * 40 + 33
        return position * 28 + 18, position * 28 + 6, position * 28 + 22

    def x(self, value: Decimal) -> float:
        """Where a value is; the longest bar takes all of the room."""
        left, right = 1.0, self.total - 1.0
        if not self.is_stacked:
            widest = max(width(shortened(name, SIZE, self.most_of_name), SIZE) for name, _ in self.bars)
            left, right = widest + 12, self._right_of_bars
        span = self.high - self.low or Decimal(1)
        return left + max(right - left, 1) * float((value - self.low) / span)
