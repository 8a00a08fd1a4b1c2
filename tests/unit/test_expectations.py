"""What a day's count is told to be: usual, too few, too many, silence."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.counts import CHANCE, chance_of_each
from alerts.expectations import LEAST_DAYS, Change, expectation, judge
from alerts.tails import at_least, at_most

SHOPS = (1.1, 1.05, 1.0, 1.0, 1.15, 0.9, 0.7)
OFFICES = (1.2, 1.3, 1.25, 1.2, 1.0, 0.2, 0.1)
"""Monday to Sunday."""

HISTORY, JUDGED, SEEDS = 84, 60, 20


def poisson(random: Random, mean: float) -> int:
    if mean > 500:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    count, product, limit = 0, random.random(), math.exp(-mean)
    while product > limit:
        count, product = count + 1, product * random.random()
    return count


def usual(mean: float, week: Sequence[float], day: int, growth: float) -> float:
    return mean * week[day % 7] / (sum(week) / 7) * (1 + growth) ** day


def days(
    seed: str, mean: float, week: Sequence[float], spread: float, growth: float = 0.003, count: int = 0
) -> list[int]:
    """Counts of a business: by weekday, growing, negative binomial with variance = mean + spread * mean²."""
    random = Random(seed)
    return [
        poisson(random, usual(mean, week, day, growth) * random.gammavariate(1 / spread, spread))
        for day in range(count or HISTORY + JUDGED)
    ]


SERIES = (
    (20_000, OFFICES),
    (2_000, SHOPS),
    (400, SHOPS),
    (150, OFFICES),
    (100, SHOPS),
    (30, SHOPS),
    (8, SHOPS),
    (2, OFFICES),
)
"""A day's mean, and the week."""


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.005, 0.01, 0.0144], ids=["7 % beyond chance", "10 %", "12 %"])
def test_ordinary_days_are_told_once_at_most(spread: float) -> None:
    told = Counter[tuple[int, int, Change]]()
    for seed in range(SEEDS):
        for mean, week in SERIES:
            counts = days(f"{seed} {mean}", mean, week, spread)
            for day in range(HISTORY, HISTORY + JUDGED):
                if found := judge(counts[: day + 1], chance_of_each(len(SERIES))):
                    told[seed, mean, found.change] += 1
    assert len(told) <= 1, told


def share_noticed(mean: int, spread: float, half: Callable[[int, float], float]) -> float:
    """How many of the days with 100 or more expected are noticed, when half is missing of one at a time."""
    noticed = []
    for seed in range(SEEDS):
        counts = days(f"half {seed} {mean}", mean, SHOPS, spread, count=HISTORY + 7)
        for day in range(HISTORY, HISTORY + 7):
            if (expected := usual(mean, SHOPS, day, 0.003)) >= 100:
                found = judge([*counts[:day], half(counts[day], expected)], CHANCE)
                noticed.append(found is not None and found.change is Change.FEWER)
    return sum(noticed) / len(noticed)


@pytest.mark.parametrize("mean", [200, 1_000, 20_000])
@pytest.mark.parametrize("spread", [0.005, 0.01])
def test_half_of_what_is_expected_is_noticed_the_day_after(mean: int, spread: float) -> None:
    assert share_noticed(mean, spread, lambda _, expected: round(expected / 2)) >= 0.98


@pytest.mark.parametrize(("mean", "spread"), [(100, 0.005), (150, 0.005), (150, 0.01), (100, 0.0025)])
def test_half_of_a_hundred_is_noticed_the_day_after(mean: int, spread: float) -> None:
    assert share_noticed(mean, spread, lambda _, expected: round(expected / 2)) >= 0.9


@pytest.mark.parametrize(
    ("mean", "week", "longest"), [(400, SHOPS, 1), (30, SHOPS, 1), (8, SHOPS, 3), (2, OFFICES, 10), (0.3, SHOPS, 60)]
)
def test_silence_is_told_when_usual_traffic_rules_it_out(mean: float, week: Sequence[float], longest: int) -> None:
    for seed in range(SEEDS):
        counts = days(f"silence {seed} {mean}", mean, week, 0.01, growth=0, count=HISTORY + seed % 7)
        lasts = [day for day in range(1, longest + 1) if _is_silent([*counts, *[0] * day])]
        assert lasts, (seed, mean)


def _is_silent(counts: Sequence[float]) -> bool:
    found = judge(counts, CHANCE)
    return found is not None and found.change is Change.SILENT


def test_weekends_and_usual_pauses_are_no_silence() -> None:
    counts = [0 if day % 7 in (5, 6) else 40 for day in range(HISTORY)]
    assert [judge([*counts[:end]], CHANCE) for end in range(60, HISTORY)] == [None] * (HISTORY - 60)
    # On the Monday after it is.
    assert _is_silent([*counts, 0])


def test_surge_is_told_and_ends_with_itself() -> None:
    counts = days("surge", 300, SHOPS, 0.01, growth=0, count=HISTORY)
    found = judge([*counts, 1_300], CHANCE)
    assert found is not None
    assert (found.change, found.found) == (Change.MORE, 1_300)
    assert judge([*counts, 1_300, 305], CHANCE) is None


def test_earlier_incidents_hide_no_later_one() -> None:
    counts = days("again", 400, SHOPS, 0.005, growth=0, count=HISTORY)
    counts[-10] *= 5
    counts[-20] = 0
    counts[-7] //= 2
    found = judge([*counts, 220], CHANCE)
    assert found is not None
    assert found.change is Change.FEWER


def test_what_has_changed_for_good_is_usual_after_two_weeks() -> None:
    counts = days("doubled", 300, SHOPS, 0.005, growth=0, count=HISTORY)
    doubled = [2 * count for count in days("since", 300, SHOPS, 0.005, growth=0, count=HISTORY)]
    assert judge([*counts, *doubled[:1]], CHANCE) is not None
    assert judge([*counts, *doubled[:15]], CHANCE) is None


def test_share_is_judged_by_what_it_is_a_part_of() -> None:
    exposures = [40 + day % 7 * 5 for day in range(HISTORY)]
    counts = [round(0.8 * exposure) for exposure in exposures]
    # Few of few are as many as ever; few of many are not.
    assert judge([*counts, 8], CHANCE, [*exposures, 10]) is None
    found = judge([*counts, 8], CHANCE, [*exposures, 60])
    assert found is not None
    assert round(found.expected) == 48


@given(st.lists(st.integers(0, 10_000), max_size=LEAST_DAYS - 1), st.integers(0, 10_000))
def test_too_short_a_history_says_nothing(history: list[int], count: int) -> None:
    assert judge([*history, count], CHANCE) is None


@given(
    st.lists(st.integers(1, 50), min_size=7, max_size=7),
    st.integers(4, 14),
    st.integers(1, 1_000),
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.5, 4.0]),
)
def test_steady_weeks_are_expected_to_go_on_at_any_scale(
    week: list[int], weeks: int, scale: int, change: float
) -> None:
    history = [scale * count for count in week * weeks]
    found = expectation(history)
    assert found is not None
    if sum(week) / 7 * scale >= 5:
        assert [found.of(day) for day in range(7)] == pytest.approx([scale * count for count in week])
    assert judge([*history, history[0]], CHANCE) is None
    # What is told of few is told of the same share of many.
    few, many = (
        judge([*history, change * history[0]], CHANCE),
        judge([*(10 * c for c in history), 10 * change * history[0]], CHANCE),
    )
    if few is not None and few.change is not Change.SILENT and sum(week) / 7 * scale >= 5:
        assert many is not None
        assert many.change is few.change


@pytest.mark.parametrize(("count", "mean", "variation"), [(50, 100, 0.01), (3, 5, 0.5), (300, 200, 0.02), (0, 4, 0.1)])
def test_tails_are_sums_of_the_distribution(count: int, mean: float, variation: float) -> None:
    size = 1 / variation
    of = [
        math.exp(
            math.lgamma(size + k)
            - math.lgamma(size)
            - math.lgamma(k + 1)
            + size * math.log(size / (size + mean))
            + k * math.log(mean / (size + mean))
        )
        for k in range(count + 1)
    ]
    assert at_most(count, mean, variation) == pytest.approx(sum(of), rel=1e-9)
    assert at_least(count, mean, variation) == pytest.approx(1 - sum(of[:-1]), rel=1e-9)
