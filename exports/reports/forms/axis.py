"""The axis of a chart: which numbers stand at it, and how far along it a value lies.

Belongs here: ticks at round numbers, in decimals as they are told. Not here: what is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from exports.reports.content import Cell

_MOST_STEPS = 4
_ROUND = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))
_SHORT = (
    (Decimal(10) ** 9, Decimal(10) ** 9, "bn"),
    (Decimal(10) ** 6, Decimal(10) ** 6, "M"),
    (Decimal(10) ** 5, Decimal(10) ** 3, "k"),
)
"""From which number on an axis is told in which unit."""


def number(cell: Cell) -> Decimal | None:
    """What is drawn of a cell, a share as its per cent; None where there is nothing to draw."""
    if not isinstance(cell.value, (Decimal, int)):
        return None
    return Decimal(cell.value) * 100 if cell.kind.form == "share" else Decimal(cell.value)


@dataclass(frozen=True, slots=True)
class Axis:
    """From the lowest tick to the highest."""

    low: Decimal
    high: Decimal
    step: Decimal
    unit: str = ""

    def along(self, value: Decimal) -> float:
        """How far along a value lies, from 0 to 1."""
        return float((value - self.low) / (self.high - self.low))

    @property
    def base(self) -> Decimal:
        """Where columns begin: at zero, where the axis has it."""
        return min(max(Decimal(0), self.low), self.high)

    def ticks(self) -> list[tuple[Decimal, str]]:
        """Numbers from low to high and how they are told."""
        most = max(abs(self.low), abs(self.high))
        divisor, suffix = next(((by, suffix) for least, by, suffix in _SHORT if most >= least), (Decimal(1), ""))
        exponent = (self.step / divisor).normalize().as_tuple().exponent
        decimals = max(-exponent, 0) if isinstance(exponent, int) else 0
        values = [self.low + self.step * count for count in range(int((self.high - self.low) / self.step) + 1)]
        told = [f"{value / divisor:,.{decimals}f}{suffix}".replace("-", "\u2212") if value else "0" for value in values]
        return [(value, text + self.unit) for value, text in zip(values, told, strict=True)]


def axis_of(cells: Sequence[Cell], *, from_zero: bool) -> Axis | None:
    """An axis on which all values lie; None where there is no value.

    Args:
        cells: of one kind.
        from_zero: as lengths need it. Otherwise zero is left out where it would flatten what is to be seen.
    """
    values = [value for cell in cells if (value := number(cell)) is not None]
    if not values:
        return None
    low, high = min(values), max(values)
    if from_zero or low < high / 2 or low == high:
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    step = _step(high - low)
    if all(cell.kind.form == "count" for cell in cells):
        step = max(step, Decimal(1))
    first = (low / step).to_integral_value(ROUND_FLOOR) * step
    last = max((high / step).to_integral_value(ROUND_CEILING) * step, first + step)
    return Axis(first, last, step, " %" if cells[0].kind.form == "share" else "")


def _step(span: Decimal) -> Decimal:
    """The least round number of which a few steps make the span."""
    least = span / _MOST_STEPS or Decimal(1)
    power = Decimal(1).scaleb(least.adjusted())
    return next(power * factor for factor in _ROUND if power * factor >= least)
