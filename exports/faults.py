"""What went wrong while an export was published, recipient by recipient.

Belongs here: keeping one's fault from the others, and telling it. Not here: what is done about it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from exports.errors import ExportError
from ingestion.errors import IngestionError, one_line

_MOST_FAULTS = 20
"""So many are told one by one."""


class Faults:
    """Lines for people."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._more = 0

    @contextmanager
    def of(self, whose: str) -> Iterator[None]:
        """Keep a recipient's fault from the others."""
        try:
            yield
        # Whatever it is: it must not be the others'.
        except Exception as error:
            is_ours = isinstance(error, (ExportError, IngestionError))
            self.add(whose, str(error) if is_ours else f"{type(error).__name__}: {one_line(error)}")

    def add(self, whose: str, what: str) -> None:
        """Note a fault; of nobody alone where `whose` is empty."""
        self._more += len(self._lines) >= _MOST_FAULTS
        if len(self._lines) < _MOST_FAULTS:
            self._lines.append(f"{whose}: {what}" if whose else what)

    @property
    def told(self) -> tuple[str, ...]:
        """A line for each of the first, and one for the others."""
        return (*self._lines, *([f"{self._more:,} more tenants failed"] if self._more else []))
