"""What a run did with a table.

Belongs here: the result and its words. Not here: how it came about (table.py), its display (report.py).
"""

from dataclasses import dataclass, replace

from ingestion.log.state import TableState

ABSENT = "absent"
"""The scope of a table that the source does not have."""

COMPARED = "keys compared"
"""The scope of a table of which only keys, and the rows found missing, were read."""

NOTHING_TO_COMPARE = "nothing to compare: its source only adds"
"""The scope of a table whose keys say nothing of what is gone."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one run did with one table. Counts are rows."""

    source: str
    table: str
    scope: str
    state: TableState
    seconds: float = 0.0
    error: str | None = None
    is_transient: bool = False
    """Whether the error may pass by itself."""
    reasons: str | None = None
    """Why rows and values were rejected."""
    still_there: int = 0
    """Of how many rows of erased people the source still had something; 0 where that was told before."""

    def followed_by(self, later: "LoadResult") -> "LoadResult":
        """The result of this load and a later one of the same table together."""
        if self.error or later.error:
            return later
        names = ("rows_read", "rows_appended", "rows_deleted", "rows_rejected")
        counts = {name: getattr(self.state, name) + getattr(later.state, name) for name in names}
        state, seconds = replace(later.state, **counts), self.seconds + later.seconds
        reasons = later.reasons or self.reasons
        still_there = max(self.still_there, later.still_there)
        return replace(later, scope=self.scope, state=state, seconds=seconds, reasons=reasons, still_there=still_there)

    @property
    def label(self) -> str:
        """The table's name in messages."""
        return f"{self.source}.{self.table}"

    @property
    def has_refused_deletes(self) -> bool:
        """Whether its error is that: the table was loaded, and what is gone from the source was not deleted."""
        return bool(self.error and self.scope)

    @property
    def changed(self) -> bool:
        """Whether the raw log grew."""
        return bool(self.state.rows_appended or self.state.rows_deleted)

    @property
    def outcome(self) -> str:
        """The result in words."""
        s = self.state
        if self.error:
            return f"FAILED: {self.error}"
        if self.scope == ABSENT:
            return (
                "not in the source, "
                + ("nothing new in raw" if s.last_run_at else "empty in raw")
                + (f"; {s.note}" if s.note else "")
            )
        counts = f"{s.rows_read:,} read ({self.scope}), {s.rows_appended:,} appended"
        deleted = f", {s.rows_deleted:,} deleted" if s.rows_deleted else ""
        why = f" ({self.reasons})" if self.reasons else ""
        rejected = f", {s.rows_rejected:,} rejected{why}" if s.rows_rejected else ""
        note = f"; {s.note}" if s.note else ""
        still = (
            f"; the source still has {self.still_there:,} rows of people that were erased here: erase them there too"
        )
        return counts + deleted + rejected + note + (still if self.still_there else "")
