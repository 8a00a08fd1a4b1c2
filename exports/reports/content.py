"""What a report shows, before it has a form: sections of typed values.

Belongs here: values, how each is put into words, and sections. Not here: where values come from (sections/), nor the
three forms (forms/), which all show what stands here and nothing else.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal

NOTHING = "\u2013"
"""What stands where there is no value."""

_UNITS = {"seconds": "s", "minutes": "min", "hours": "h", "days": "d"}

_BREAKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_NO_CHARACTERS = frozenset("\ufffe\uffff")
_BYTE_ORDER_MARK = "\ufeff"

_ANY = Context(prec=350)
"""Of numbers as long as a warehouse holds; a double has 309 digits before its point."""

Value = Decimal | int | str | date | None


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value is told.

    Attributes:
        form: a count is whole, a share is 0 to 1 and told in per cent, money has a currency, an instant is a datetime
            in UTC, text is told as it is.
        decimals: of what is told; of a share, of its per cent.
        unit: in whole words (seconds), or the currency's code.
    """

    form: Literal["count", "number", "share", "money", "date", "instant", "text"]
    decimals: int = 0
    unit: str | None = None

    def text(self, value: Value) -> str:
        """The value in words, with thousands and its unit."""
        if value is None:
            return NOTHING
        if isinstance(value, datetime):
            value = value.astimezone(UTC)
            return f"{value.day} {value:%B %Y, %H:%M} UTC"
        if isinstance(value, date):
            return f"{value.day} {value:%B %Y}"
        if isinstance(value, str):
            return value
        number = f"{self.rounded(value):,}".replace("-", "\u2212")
        return f"{number} {self.symbol}" if self.symbol else number

    @property
    def symbol(self) -> str:
        """What stands behind the number; empty where nothing does."""
        if self.form == "share":
            return "%"
        return _UNITS.get(self.unit, self.unit) if self.unit else ""

    def rounded(self, value: Decimal | int) -> Decimal:
        """The number that is told: of a share its per cent."""
        shown = _ANY.multiply(Decimal(value), 100 if self.form == "share" else 1)
        told = shown.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_EVEN, _ANY)
        # Nothing is told as minus zero.
        return told if told else abs(told)


def told_apart(named: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The same, but that a name that comes again has its number after it."""
    taken = set[str]()
    for name, value in named:
        told, number = name, 1
        while told in taken:
            number += 1
            told = f"{name} ({number})"
        taken.add(told)
        yield told, value


COUNT = Kind("count")
SHARE = Kind("share", 1)
TEXT = Kind("text")
DATE = Kind("date")
INSTANT = Kind("instant")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that a report shows.

    Attributes:
        value: exact; a share is 0 to 1.
        kind: how it is told.
        was: what the revision before showed in its place; None where it showed the same, or there is none before.
    """

    value: Value
    kind: Kind = TEXT
    was: str | None = None

    @property
    def text(self) -> str:
        """The value in words."""
        return self.kind.text(self.value)


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure beside the same of the period before.

    Attributes:
        label: for people.
        value: of the report's period.
        prior: of the period before.
        change: the difference as a share of the prior; of a share, in percentage points (kind says which).
        is_good: whether the change is good news; None where it is neither, or nothing changed.
        anomalies: days of the period on which it was far from what such days are like.
        about: what is measured, in a sentence.
    """

    label: str
    value: Cell
    prior: Cell
    change: Cell
    is_good: bool | None = None
    anomalies: tuple[date, ...] = ()
    about: str = ""

    @property
    def direction(self) -> Literal["up", "down", "level"] | None:
        """Which way it went, as the change is told: what is told as zero is level. None where there is no change."""
        if self.change.value is None or isinstance(self.change.value, str | date):
            return None
        told = self.change.kind.rounded(self.change.value)
        return "up" if told > 0 else "down" if told < 0 else "level"

    @property
    def news(self) -> str:
        """The change in a word, for those who do not see colours; empty where it is neither good nor bad."""
        if self.direction == "level":
            return "unchanged"
        return {True: "better", False: "worse", None: ""}[self.is_good]

    @property
    def unusual(self) -> str:
        """The sentence on its anomalies; empty where there are none."""
        return f"Unusual: {', '.join(DATE.text(day) for day in self.anomalies)}." if self.anomalies else ""


@dataclass(frozen=True, slots=True)
class Headlines:
    """Figures at the head of a report."""

    title: str
    figures: tuple[Figure, ...]

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Cells by their place."""
        for label, figure in told_apart((figure.label, figure) for figure in self.figures):
            yield label, figure.value
            yield f"{label}, before", figure.prior
            yield f"{label}, change", figure.change


@dataclass(frozen=True, slots=True)
class Trend:
    """A measure over periods, oldest first; the last is the report's."""

    title: str
    label: str
    points: tuple[tuple[str, Cell], ...]

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Cells by their place."""
        return told_apart(self.points)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure of the period by outlet, campaign, product and the like, largest first.

    Attributes:
        title: of the section.
        by: what is compared, for people.
        label: the measure.
        bars: name and value.
        left: how many more there are that are not shown.
        ids: of the bars: what is known by them under any name; empty where nothing is.
    """

    title: str
    by: str
    label: str
    bars: tuple[tuple[str, Cell], ...]
    left: int = 0
    ids: tuple[str, ...] = ()

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Cells by their place."""
        return told_apart(self.bars)

    def ids_of_places(self) -> dict[str, str]:
        """The place of each cell, and what the place is called whatever its names are."""
        ids = (id_ for id_, _ in told_apart((id_, None) for id_ in self.ids))
        return dict(zip((place for place, _ in self.cells()), ids, strict=False))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of the period.

    Attributes:
        title: of the section.
        columns: their headings.
        rows: as wide as the headings; the first column names the row.
        left: how many more rows there are that are not shown.
        as_it_stands: whether they tell how things stand when the report is made: what has changed since is no revision.
        ids: of the rows: what is known by them under any name; empty where nothing is.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: int = 0
    as_it_stands: bool = False
    ids: tuple[str, ...] = ()

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Cells by their place; a row is told by its texts."""
        return self._placed(", ".join(c.text for c in row if c.kind.form == "text") for row in self.rows)

    def ids_of_places(self) -> dict[str, str]:
        """The place of each cell, and what the place is called whatever its names are."""
        named = (place for place, _ in self.cells())
        return dict(zip(named, (place for place, _ in self._placed(self.ids)), strict=True)) if self.ids else {}

    def _placed(self, named: Iterable[str]) -> Iterator[tuple[str, Cell]]:
        for name, row in told_apart(zip(named, self.rows, strict=True)):
            for heading, cell in zip(self.columns, row, strict=True):
                if cell.kind.form != "text":
                    yield f"{name}: {heading}", cell


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences: how far the data reach, what is not in the numbers."""

    title: str
    lines: tuple[str, ...]

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """None: what is said of the data makes no revision."""
        return iter(())


def printable(text: str) -> str:
    """The text on one line, as PDF and XML take it: U+FFFD shows where a control character or half of one was."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if character in _BREAKS:
        return " "
    if character == _BYTE_ORDER_MARK:
        return ""
    is_none = character in _NO_CHARACTERS or unicodedata.category(character) in ("Cc", "Cs")
    return "\ufffd" if is_none else character


def left_out(section: Comparison | Table) -> str:
    """The sentence on what a section does not show; empty where it shows all."""
    if not section.left:
        return ""
    return f"{section.left:,} more {'is' if section.left == 1 else 'are'} not shown."


Section = Headlines | Trend | Comparison | Table | Notes


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that another revision shows otherwise: where, before, now, and why."""

    section: str
    place: str
    before: str
    now: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report of one tenant, or of all, for one period.

    Attributes:
        name: of its declaration.
        title: for people.
        recipient: the tenant's name; that of all together otherwise.
        tenant_key: None of all together.
        cadence: day, week or month; now of how things stand.
        first_day: of the period.
        last_day: of the period, included.
        period: in words: October 2026.
        timezone: in which the days are.
        sections: in order.
        revision: 1, or more where figures were shown otherwise before.
        changes: against the revision before.
    """

    name: str
    title: str
    recipient: str
    tenant_key: str | None
    cadence: Literal["day", "week", "month", "now"]
    first_day: date
    last_day: date
    period: str
    timezone: str
    sections: tuple[Section, ...]
    revision: int = 1
    changes: tuple[Change, ...] = field(default=())

    def cells(self) -> Iterator[tuple[str, str, Cell]]:
        """Every figure: its section's title, its place within, and the cell."""
        for section in self.sections:
            for place, cell in section.cells():
                yield section.title, place, cell
