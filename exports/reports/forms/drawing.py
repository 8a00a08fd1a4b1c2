"""The pieces of a chart: its frame, its text and its look.

Belongs here: what every chart is drawn with. All of a look is in attributes, so that a page and a document can both
embed a chart. Not here: where marks stand (charts.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from exports.reports.forms.markup import Html, element

WIDE = 720
"""Units of a chart on paper or on a screen; one unit is about a pixel of it."""

NARROW = 320
"""Units of a chart on a phone."""

SIZE = 12
"""Units of text in height."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours and the font of a chart, as SVG takes them.

    Attributes:
        ink: of text that is read first.
        muted: of the axis' text, and of zero.
        line: of the axis.
        mark: of columns and bars.
        own: of what stands out: the report's period, what is below zero.
        surface: what the chart lies on.
        font: one or more families.
    """

    ink: str
    muted: str
    line: str
    mark: str
    own: str
    surface: str
    font: str


PAGE = Palette(
    ink="var(--ink)",
    muted="var(--muted)",
    line="var(--line)",
    mark="var(--mark)",
    own="var(--own)",
    surface="var(--surface)",
    font="inherit",
)
"""What a page's stylesheet says, for a light scheme and a dark one."""

PAPER = Palette(
    ink="#17212b",
    muted="#55616e",
    line="#dde3ea",
    mark="#7694c2",
    own="#1f4f99",
    surface="#ffffff",
    font="sans-serif",
)


def svg(label: str, told: str, size: tuple[int, int], palette: Palette, marks: Sequence[Html]) -> Html:
    """A chart of a width and height, with its name and what it tells in a sentence."""
    return element(
        "svg",
        element("desc", told),
        *marks,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {size[0]} {size[1]}",
        role="img",
        aria_label=label,
        font_family=palette.font,
        font_size=SIZE,
    )


def without_values(label: str, palette: Palette, total: int) -> Html:
    """What stands for a chart of nothing."""
    told = "There are no values to draw."
    return svg(label, told, (total, 40), palette, [text(told, 0, 24, palette.muted)])


def text(
    told: str,
    x: float,
    y: float,
    fill: str,
    *,
    anchor: str | None = None,
    is_bold: bool = False,
    direction: str | None = None,
) -> Html:
    """A line of text, its foot at y."""
    return element(
        "text",
        told,
        x=units(x),
        y=units(y),
        fill=fill,
        text_anchor=anchor,
        font_weight=600 if is_bold else None,
        unicode_bidi=direction,
    )


def blank(x: float, y: float, wide: float, surface: str) -> Html:
    """Room for a line of text that is centred at x: a stroke around its letters is not drawn alike everywhere."""
    return element("rect", x=units(x - wide / 2), y=units(y - SIZE), width=units(wide), height=SIZE + 3, fill=surface)


def line(start: tuple[float, float], end: tuple[float, float], stroke: str) -> Html:
    """A thin line."""
    x1, y1, x2, y2 = map(units, (*start, *end))
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=1)


def bar(told: str, start: tuple[float, float], end: tuple[float, float], fill: str) -> Html:
    """A rectangle between two corners that tells its value; one of no length is still seen."""
    (x1, y1), (x2, y2) = start, end
    return element(
        "rect",
        element("title", told),
        x=units(min(x1, x2)),
        y=units(min(y1, y2)),
        width=units(max(abs(x2 - x1), 1.5)),
        height=units(max(abs(y2 - y1), 1.5)),
        rx=2,
        fill=fill,
    )


def units(length: float) -> str:
    """A length in hundredths of a unit at most."""
    return f"{length:.2f}".rstrip("0").rstrip(".")
