"""Whether a table is as it should be.

Belongs here: what follows from its status and its policy, in a word and a sentence. Not here: gathering the status
(status.py), its display (report.py), who is told (alerts).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from ingestion.catalogue.freshness import NEVER
from ingestion.loading.comparison import REFUSED
from ingestion.operations.status import TableStatus


class Grade(IntEnum):
    """How well something is; the value is the exit code of a command that judges."""

    WELL = 0
    WARNING = 1
    CRITICAL = 2

    @property
    def word(self) -> str:
        """As tables and JSON have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a table's state means.

    Attributes:
        grade: how bad it is.
        word: of tables: well, down, failed, refused, unread, old (read too long ago), silent (its newest row is old).
        reason: why, as a sentence without the table's name; empty where it is well.
        since: when it began, where that is known.
    """

    grade: Grade
    word: str
    reason: str = ""
    since: datetime | None = None

    def record(self) -> dict[str, str]:
        """As JSON has it."""
        return {"grade": self.grade.word, "judged": self.word, "reason": self.reason}


WELL = Judgement(Grade.WELL, "well")

AGES = ("old", "silent", "unread")
"""Words of what only its age tells."""


def judge(table: TableStatus, now: datetime, rows_as_of: datetime) -> Judgement:
    """Judge one table.

    Args:
        table: its status.
        now: the clock's instant, by which reads are old.
        rows_as_of: the instant that models are built for, by which rows are.
    """
    policy, state = table.freshness, table.state
    if table.fault:
        return Judgement(Grade.CRITICAL, "down", table.fault)
    if state.last_error:
        is_refusal = REFUSED in state.last_error
        grade, word = (Grade.WARNING, "refused") if is_refusal else (Grade.CRITICAL, "failed")
        return Judgement(grade, word, state.last_error, state.last_run_at)
    if state.last_run_at is None:
        # It may lack the table: that is no fault.
        return (
            WELL if table.is_absent or not table.is_awaited else Judgement(Grade.WARNING, "unread", "never read yet.")
        )
    if policy.read_within != NEVER and (age := policy.age(state.last_run_at, now)) > policy.read_within:
        reason = f"last read {duration(age)} ago, which is more than {duration(policy.read_within)}."
        return Judgement(Grade.CRITICAL, "old", reason, state.last_run_at)
    newest = table.newest_row_at
    if policy.rows_within != NEVER and newest and (age := policy.age(newest, rows_as_of)) > policy.rows_within:
        reason = (
            f"it is read, but its newest row is of {newest:%Y-%m-%d %H:%M} UTC: {duration(age)} ago, which is more "
            f"than {duration(policy.rows_within)}."
        )
        return Judgement(Grade.CRITICAL, "silent", reason, newest)
    return WELL


def worst(grades: Iterable[Grade]) -> Grade:
    """The worst of some; well where there are none."""
    return max(grades, default=Grade.WELL)


def duration(span: timedelta) -> str:
    """In the largest unit of which it has two: 40s, 5m, 26h, 2d."""
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
