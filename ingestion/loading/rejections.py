"""What a run sets aside of one table.

Belongs here: collecting it, and the guard against a table that is declared wrongly. Not here: which values are set
aside (rows/conformance.py), where that is recorded (warehouses/).
"""

from collections.abc import Sequence

from ingestion.errors import TableError
from ingestion.rows.conformance import Rejection

MOST_REJECTIONS = 10_000
MOST_REJECTED_SHARE = 0.5
"""So many rejected rows, if they are such a share of what was read, fail their table."""


class Rejections:
    """One run's rejections of one table.

    Attributes:
        all: in the order in which they were found.
    """

    def __init__(self) -> None:
        self.all: list[Rejection] = []

    @property
    def keys(self) -> set[str]:
        """The keys of rows at fault, as JSON."""
        return {rejection.key for rejection in self.all}

    def add(self, rejections: Sequence[Rejection]) -> None:
        """Take further ones."""
        self.all += rejections

    def check(self, rows_read: int) -> None:
        """A table of which most is rejected is declared wrongly; its rows would fill memory and `_rejected`.

        Raises:
            TableError: it is.
        """
        count = len(self.all)
        if count > MOST_REJECTIONS and count > rows_read * MOST_REJECTED_SHARE:
            last = self.all[-1]
            raise TableError(
                f"{count:,} of the first {rows_read:,} rows would be rejected, the last since in column {last.column} "
                f"was found: {last.reason}. Correct the column's type in the catalogue"
            )
