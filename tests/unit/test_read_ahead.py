import threading
from collections.abc import Iterator

import pytest

from ingestion.loading.read_ahead import read_ahead


def test_items_come_in_order_and_the_next_is_made_meanwhile() -> None:
    made: list[int] = []
    second_is_made = threading.Event()

    def items() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            if number == 1:
                second_is_made.set()
            yield number

    ahead = read_ahead(items())
    assert next(ahead) == 0
    assert second_is_made.wait(timeout=60)
    assert list(ahead) == [1, 2]
    assert made == [0, 1, 2]


def test_error_comes_where_the_items_raised_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the source broke")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="the source broke"):
        next(ahead)


def test_reader_that_leaves_early_closes_the_items() -> None:
    ended: list[str] = []

    def items() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            ended.append("closed")

    ahead = read_ahead(items())
    assert next(ahead) == 0
    ahead.close()
    assert ended == ["closed"]
