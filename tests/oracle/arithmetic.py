"""Exact arithmetic: fractions throughout, decimals with nine places at the end.

Belongs here: rounding, ratios, quantiles. Not here: what is divided by what.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

Number = int | Fraction | Decimal
PLACES = 9


def rounded(value: Number) -> Decimal:
    """Give the number with nine decimals, halves away from zero."""
    exact = Fraction(value)
    billionths = (abs(exact) * 10**PLACES * 2 + 1) // 2
    return Decimal(billionths if exact >= 0 else -billionths).scaleb(-PLACES)


def ratio(numerator: Number, denominator: Number) -> Decimal | None:
    """Divide; none where there is nothing to divide by."""
    return rounded(Fraction(numerator) / Fraction(denominator)) if denominator else None


def quantile(values: Iterable[Number], percent: int) -> Decimal | None:
    """Interpolate between the two values that lie around the share of the way from first to last."""
    ordered = sorted(Fraction(value) for value in values)
    if not ordered:
        return None
    place = Fraction(percent * (len(ordered) - 1), 100)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return rounded(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def amount(cents: int | None) -> Fraction | None:
    """Give cents in the currency's major unit."""
    return None if cents is None else Fraction(cents, 100)


def seconds(start: datetime, end: datetime) -> Fraction:
    """Give the time from one instant to another; negative when reversed."""
    return Fraction((end - start) // timedelta(microseconds=1), 10**6)
