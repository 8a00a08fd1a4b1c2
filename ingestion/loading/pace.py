"""Reading held back to a rate.

Belongs here: when the next rows may be read. Not here: reading (sources/), the setting (settings.py).
"""

import time
from collections.abc import Callable, Generator, Iterator

from ingestion.sources.base import WireBatch


class Pace:
    """So many rows a second over all that is read, on average: a batch comes whole, and the next one waits for it.

    Args:
        rows_per_second: the rate; None for no limit.
        clock: tells a time in seconds that only grows.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        rows_per_second: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rows_per_second = rows_per_second
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def __call__(self, batches: Iterator[WireBatch]) -> Iterator[WireBatch]:
        """The batches, each read when those before it are due. `batches` is closed with this generator."""
        try:
            while True:
                if (wait := self._free_at - self._clock()) > 0:
                    self._sleep(wait)
                batch = next(batches, None)
                if batch is None:
                    return
                if self._rows_per_second:
                    self._free_at = max(self._free_at, self._clock()) + batch.batch.num_rows / self._rows_per_second
                yield batch
        finally:
            if isinstance(batches, Generator):
                batches.close()


UNLIMITED = Pace()
