"""What a run prints while it goes on: in a terminal, and in the compute logs of the UI.

Belongs here: lines of progress, the line of a failure. Not here: the summary at the end (summary.py).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.execution.plan import objects
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster_shared.error import SerializableErrorInfo

from exports.errors import ExportError
from ingestion.errors import IngestionError
from ingestion.loading.progress import LogListener
from ingestion.output import terminal

TOLD = "people were told"
"""Of a failed step's metadata."""

_SECONDS_BETWEEN_LINES = 2.0


_BEGAN = time.monotonic()


def say(line: str) -> None:
    """Print one line of progress, with the seconds since the process began."""
    terminal.say(f"{time.monotonic() - _BEGAN:6.1f} s  {line}")


def failure(cause: object, *, is_told: bool = False) -> dg.Failure:
    """The end of a step that is not worth another try, in one line that any log can show.

    Args:
        cause: the line.
        is_told: whether the step has told people of it by itself (told.py).
    """
    return dg.Failure(terminal.printable(cause), allow_retries=False, metadata={TOLD: True} if is_told else None)


@contextmanager
def telling_faults() -> Iterator[None]:
    """End the step with the sentence of whatever is wrong with settings, sources, the warehouse or a place.

    Raises:
        dg.Failure: something is.
    """
    try:
        yield
    except (ExportError, IngestionError) as error:
        raise failure(error) from None


def _without_a_stack(exc_info: Any) -> SerializableErrorInfo:
    """What Dagster keeps of an error: of a failure that we tell its sentence, of anything else where it came from, too.

    Dagster has no setting for that: the sentence would stand above twenty lines of Dagster's own.
    """
    if isinstance(exc_info[1], dg.Failure):
        return SerializableErrorInfo(f"Failure: {exc_info[1].description}\n", [], dg.Failure.__name__)
    return serializable_error_info_from_exc_info(exc_info)


# Where the end of a step is made into an event.
objects.__dict__["serializable_error_info_from_exc_info"] = _without_a_stack


class ConsoleListener(LogListener):
    """One line per table, and for long reads one every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._expected: int | None = None
        self._rows = 0
        self._began = self._told = 0.0

    def started(self, table: str, rows: int | None) -> None:
        """See `Listener.started`."""
        self._expected, self._rows = rows, 0
        self._began = self._told = time.monotonic()

    def advanced(self, table: str, rows: int) -> None:
        """See `Listener.advanced`."""
        self._rows += rows
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = now
            of = f" of {self._expected:,}" if self._expected else ""
            say(f"{table}: {self._rows:,}{of} rows, {self._rows / (now - self._began):,.0f} rows/s")
