"""Read the next batch while the last one is worked on.

Belongs here: one thread that is one item ahead. Not here: what is read.
"""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterator[Item]) -> Generator[Item]:
    """The same items, of which the next is made by another thread while the last is used.

    It pays where making an item leaves the interpreter, as drivers do. `items` is only ever used by one thread at a
    time, and is closed before this generator ends.

    Raises:
        Exception: what `items` raised, at the item where it did.
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        try:
            following = thread.submit(next, items, end)
            while (item := following.result()) is not end:
                following = thread.submit(next, items, end)
                yield item  # type: ignore[misc]
        finally:
            if isinstance(items, Generator):
                thread.submit(items.close).result()
