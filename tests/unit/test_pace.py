from collections.abc import Iterator

import pyarrow as pa

from ingestion.loading.pace import Pace
from ingestion.sources.base import WireBatch


class Clock:
    """Time that passes only by sleeping and reading."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def batches(*sizes: int) -> Iterator[WireBatch]:
    return iter([WireBatch(pa.record_batch({"id": list(range(size))})) for size in sizes])


def test_next_rows_wait_until_those_before_are_due() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    assert [b.batch.num_rows for b in pace(batches(50, 20, 5))] == [50, 20, 5]
    assert clock.slept == [5, 2, 0.5]


def test_tables_share_the_rate() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    next(pace(batches(50)))
    assert clock.slept == []
    next(pace(batches(50)))
    assert clock.slept == [5]


def test_time_that_passed_anyway_is_not_waited_for_again() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    for _ in pace(batches(50, 50, 50)):
        clock.now += 4
    assert clock.slept == [1, 1, 1]


def test_slow_source_saves_up_no_credit() -> None:
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    clock.now += 1000
    for _ in pace(batches(50, 50)):
        pass
    assert clock.slept == [5, 5]


def test_without_a_rate_nothing_waits() -> None:
    clock = Clock()
    assert len(list(Pace(None, clock, clock.sleep)(batches(50, 50)))) == 2
    assert clock.slept == []
