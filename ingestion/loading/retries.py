"""Another try after faults that pass by themselves.

Belongs here: how often and after what pauses. Not here: which faults those are (sources/transient.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ingestion.errors import TransientSourceError
from ingestion.loading.progress import Listener

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retries:
    """A bounded number of further tries.

    Attributes:
        pauses_seconds: before each of them.
        sleep: how a pause is made, given its seconds.
    """

    pauses_seconds: tuple[float, ...] = (1, 3, 9)
    sleep: Callable[[float], None] = time.sleep

    def of(self, name: str, listener: Listener, attempt: Callable[[bool], T]) -> T:
        """Make an attempt, and others after transient faults.

        Args:
            name: of what is attempted, for the log.
            listener: is told of every further try.
            attempt: is told whether it is the last.

        Raises:
            TransientSourceError: the last attempt's fault.
        """
        tries = len(self.pauses_seconds)
        for number, pause in enumerate(self.pauses_seconds, 1):
            try:
                return attempt(False)
            except TransientSourceError as error:
                listener.finished(name, f"trying again in {pause:g} s ({number} of {tries}), since {error}")
            self.sleep(pause)
        return attempt(True)
