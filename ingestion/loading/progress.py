"""What a run tells while it goes on.

Belongs here: the events of a run and their display in a terminal or a log. Not here: results (report.py).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from ingestion.output.terminal import Page, printable, say


class Listener(Protocol):
    """Hears how far a table is."""

    def started(self, table: str, rows: int | None) -> None:
        """A table begins; `rows` are to be expected, None where that is not known."""
        ...

    def advanced(self, table: str, rows: int) -> None:
        """So many more rows of a table were read."""
        ...

    def finished(self, table: str, outcome: str) -> None:
        """A table ended."""
        ...


class LogListener:
    """One line per finished table: for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def started(self, table: str, rows: int | None) -> None:
        """See `Listener.started`."""

    def advanced(self, table: str, rows: int) -> None:
        """See `Listener.advanced`."""

    def finished(self, table: str, outcome: str) -> None:
        """See `Listener.finished`."""
        say(f"  {table}: {outcome}", self._stream)


class BarListener:
    """A bar per table with the time left: for terminals."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def started(self, table: str, rows: int | None) -> None:
        """See `Listener.started`."""
        self._tasks[table] = self._progress.add_task(printable(table), total=rows)

    def advanced(self, table: str, rows: int) -> None:
        """See `Listener.advanced`."""
        self._progress.advance(self._task(table), rows)

    def finished(self, table: str, outcome: str) -> None:
        """See `Listener.finished`."""
        self._progress.remove_task(self._task(table))
        self._tasks.pop(table)
        self._progress.console.print(f"  {table}: {outcome}")

    def _task(self, table: str) -> TaskID:
        if table not in self._tasks:
            self.started(table, None)
        return self._tasks[table]


@contextmanager
def listening(stream: TextIO | None = None) -> Iterator[Listener]:
    """The listener that fits the stream (default: standard error)."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield LogListener(stream)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Page(file=stream), transient=True) as progress:
        yield BarListener(progress)
