"""What a day's count should have been, from the days before it, and whether what it was can be chance.

Counts of a business differ by weekday, grow, and vary more than chance alone would have them. Infectious disease
surveillance has the same question, and this is its answer in small: a level and a weekday's share, fitted so that
earlier incidents weigh little, and quantiles of a negative binomial of the variance that is left (C. P. Farrington et
al., A statistical algorithm for the early detection of outbreaks, J. R. Stat. Soc. A 159 (1996); A. Noufaily et al., An
improved algorithm for outbreak detection in multiple surveillance systems, Stat. Med. 32 (2013)). Where they fit a
trend, the level here is that of the last three weeks: what has doubled for good is usual after two.

Belongs here: arithmetic over one series, without dates. Not here: which series there are (counts.py), who is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from math import exp, log1p, prod
from statistics import fmean, median

from alerts.tails import at_least, at_most

WEEKS = 12
"""How far back the weekdays' shares and the variance are looked for."""
LEAST_DAYS = 28
"""With fewer days of history nothing is said."""
LEVEL_DAYS = 21
"""The days that tell the level."""
LEAST_VARIATION = 0.01
"""The square of the coefficient of variation that days have beyond chance, at the least (10 %): a few weeks may look
calmer."""

FEWER, MORE = 0.6, 2.0
"""Shares of what is expected that are worth a word: up to about a half, from the double on."""
MANY = 100
"""Of so many a half can be told from chance on the day itself; of fewer much stronger evidence is asked for."""
_ELSEWHERE = 0.01
"""How much stronger, and of more of something, too."""
_SILENCE = 0.5
"""Silence is judged anew with every day that it lasts: evidence for it is asked twice of what one day's is."""
_LEAST_SURGE = 20
"""Of so few a double is nothing."""

_SPARSE = 5.0
"""Below this mean a day, medians and trimmed means say nothing: sums do."""
_OUTLYING = 2.58
"""From so many standard deviations on a day of the past weighs less (Noufaily)."""
_COMMON_DAYS = 20
"""For so many days counts what variance is common, beside the days of the series itself."""
_TRIMMED = 0.05
_OF_TRIMMED = 1.32
"""How much larger a normal variance is than what is left of it without the twentieth that lies furthest out."""


class Change(StrEnum):
    """How a day differs."""

    SILENT = "silent"
    FEWER = "fewer"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with the last day of a series.

    Attributes:
        change: how it differs.
        found: what was counted on the last day.
        expected: what should have been; of silence, on all its days together.
        days: how many days it is silent; else 1.
    """

    change: Change
    found: float
    expected: float
    days: int = 1


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual.

    Attributes:
        level: per unit of exposure.
        shares: of the seven days that follow, what each has beside others, 1 on average; all 1 where exposures tell.
        variation: the square of the coefficient of variation beyond chance: variance = mean + variation * mean².
    """

    level: float
    shares: Sequence[float]
    variation: float

    def of(self, days_ahead: int, exposure: float = 1.0) -> float:
        """What is expected `days_ahead` days after the last of the history; 0 is the day after it."""
        return self.level * self.shares[days_ahead % 7] * exposure


def judge(counts: Sequence[float], chance: float, exposures: Sequence[float] | None = None) -> Judgement | None:
    """Judge the last day of a series.

    Args:
        counts: of consecutive whole days, the judged one last; none is negative.
        chance: how probable a false alarm may be on an ordinary day.
        exposures: of each day what its count is a part of (messages of which some failed); None: the days themselves,
            which differ by weekday.

    Returns:
        What is wrong; None where nothing is, or the history is too short to say.
    """
    silent = _trailing_zeros(counts)
    if silent and (judgement := _judge_silence(counts, silent, chance, exposures)):
        return judgement
    history, found = counts[:-1], counts[-1]
    usual = expectation(history, exposures[:-1] if exposures else None)
    if usual is None:
        return None
    expected = usual.of(0, exposures[-1] if exposures else 1.0)
    if expected <= 0 and found < _LEAST_SURGE:
        return None
    if found <= FEWER * expected:
        bound = chance if expected >= MANY else chance * _ELSEWHERE
        if at_most(found, expected, usual.variation) <= bound:
            return Judgement(Change.FEWER, found, expected)
    elif found >= max(MORE * expected, _LEAST_SURGE) and (
        at_least(found, max(expected, 1.0), usual.variation) <= chance * _ELSEWHERE
    ):
        return Judgement(Change.MORE, found, expected)
    return None


def expectation(history: Sequence[float], exposures: Sequence[float] | None = None) -> Expectation | None:
    """What is usual after a history, whatever happened on single days of it; None where it is too short.

    Args:
        history: counts of consecutive days up to yesterday.
        exposures: as of `judge`.
    """
    days = min(len(history) // 7, WEEKS) * 7
    if days < LEAST_DAYS:
        return None
    counts = history[-days:]
    if not any(counts):
        return None
    if exposures is None:
        shares = _shares(counts)
        units = shares * (days // 7)
    else:
        shares, units = [1.0] * 7, list(exposures[-days:])
    variation = _variation(counts, units)
    level = _level(counts[-LEVEL_DAYS:], units[-LEVEL_DAYS:], variation)
    return Expectation(level, shares, variation)


def _judge_silence(
    counts: Sequence[float], days: int, chance: float, exposures: Sequence[float] | None
) -> Judgement | None:
    """Whether a series has stopped: so much was expected since its last count that nothing can't be chance.

    Nor habit: twice as much as in any pause before.
    """
    usual = expectation(counts[:-days], exposures[:-days] if exposures else None)
    if usual is None:
        return None
    units = exposures[-days:] if exposures else [1.0] * days
    expected = [usual.of(day, unit) for day, unit in enumerate(units)]
    if prod(exp(-log1p(usual.variation * mean) / usual.variation) for mean in expected) > chance * _SILENCE:
        return None
    history = counts[:-days][-WEEKS * 7 :]
    # The judged days go on with the weekdays: the last of the history is the one before share 0.
    of_history = [usual.of(place - len(history)) for place in range(len(history))]
    pauses = (
        sum(mean for _, mean in run)
        for is_pause, run in groupby(zip(history, of_history, strict=True), lambda day: not day[0])
        if is_pause
    )
    if exposures is None and sum(expected) <= 2 * max(pauses, default=0.0):
        return None
    return Judgement(Change.SILENT, 0, sum(expected), days)


def _trailing_zeros(counts: Sequence[float]) -> int:
    return next((n for n, count in enumerate(reversed(counts)) if count), len(counts))


def _shares(counts: Sequence[float]) -> list[float]:
    """What the seven days of a week have beside each other, 1 on average: of each week's total, without extremes."""
    weeks = [counts[start : start + 7] for start in range(0, len(counts), 7)]
    weeks = [week for week in weeks if any(week)]
    if fmean(counts) < _SPARSE:
        sums = [sum(of_day) for of_day in zip(*weeks, strict=True)]
        # As if each had had one more: no day is impossible because none has been seen on it.
        return [7 * (one + 1) / (sum(sums) + 7) for one in sums]
    left_out = max(1, len(weeks) // 6)
    totals = [sum(week) for week in weeks]
    shares = []
    for place in range(7):
        ratios = sorted(week[place] / total for week, total in zip(weeks, totals, strict=True))
        shares.append(fmean(ratios[left_out:-left_out] or [median(ratios)]))
    return [7 * share / sum(shares) for share in shares] if any(shares) else [1.0] * 7


def _variation(counts: Sequence[float], units: Sequence[float]) -> float:
    """How much days differ beyond chance from what the three weeks before each let expect."""
    squares = []
    had, of = sum(counts[:LEVEL_DAYS]), sum(units[:LEVEL_DAYS])
    for day in range(LEVEL_DAYS, len(counts)):
        mean = had / of * units[day] if of else 0.0
        if mean > 0:
            squares.append(((counts[day] - mean) ** 2, mean))
        had += counts[day] - counts[day - LEVEL_DAYS]
        of += units[day] - units[day - LEVEL_DAYS]
    squares.sort(key=lambda one: one[0] / (one[1] + LEAST_VARIATION * one[1] ** 2))
    kept = squares[: len(squares) - max(1, round(_TRIMMED * len(squares)))]
    if not kept:
        return LEAST_VARIATION
    chance, of_squares = sum(mean for _, mean in kept), sum(mean**2 for _, mean in kept)
    found = _OF_TRIMMED * sum(square for square, _ in kept)
    # Eight weeks of a small series tell a variance badly: what is common counts as so many days more.
    common = _COMMON_DAYS / len(squares) * (chance + LEAST_VARIATION * of_squares)
    total = (found + common) / (1 + _COMMON_DAYS / len(squares))
    return max(LEAST_VARIATION, (total - chance) / of_squares)


def _level(counts: Sequence[float], units: Sequence[float], variation: float) -> float:
    """Counts per unit, of days that are not far out."""
    days = [(count, unit) for count, unit in zip(counts, units, strict=True) if unit > 0]
    if not days:
        return 0.0
    level = sum(count for count, _ in days) / sum(unit for _, unit in days)
    if level < _SPARSE:
        return level
    level = median(count / unit for count, unit in days)
    for _ in range(2):
        weights = [_weight(count, level * unit, variation) for count, unit in days]
        level = sum(w * count for w, (count, _) in zip(weights, days, strict=True)) / sum(
            w * unit for w, (_, unit) in zip(weights, days, strict=True)
        )
    return level


def _weight(count: float, mean: float, variation: float) -> float:
    variance = mean + variation * mean**2
    squared = (count - mean) ** 2 / variance if variance else 0.0
    return 1.0 if squared <= _OUTLYING**2 else _OUTLYING**2 / squared
