"""What somebody who looked has found wrong.

Belongs here: the kinds of what can be wrong, and the shape that every look gives. Not here: looking (health.py and the
runs themselves), what follows from a finding (incidents.py), words (message.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: what people read is wrong or old, or will be."""

    CRITICAL = "critical"
    WARNING = "warning"


class Kind(StrEnum):
    """What can be wrong, causes before what may follow from them.

    Of two that concern the same system only the former is told: tables of a source that can't be reached grow old, too.
    """

    NOTHING_RUNS = "nothing_runs"
    SOURCE_UNREACHABLE = "source_unreachable"
    TABLE_FAILED = "table_failed"
    TEST_FAILED = "test_failed"
    RUN_FAILED = "run_failed"
    DELETES_REFUSED = "deletes_refused"
    ROWS_REJECTED = "rows_rejected"
    STALE = "stale"
    SILENT = "silent"
    ANOMALY = "anomaly"
    DELIVERY_FAILED = "delivery_failed"
    DISK_NEARLY_FULL = "disk_nearly_full"

    @property
    def severity(self) -> Severity:
        """How bad it is as a rule."""
        return Severity.WARNING if self in _WARNINGS else Severity.CRITICAL


_WARNINGS = frozenset((Kind.DELETES_REFUSED, Kind.ROWS_REJECTED, Kind.SILENT, Kind.ANOMALY, Kind.DISK_NEARLY_FULL))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: of what is wrong.
        subject: what is wrong, by a name that stays the same for as long as it is: `whatsapp`, `erp.customers`, a
            test's name. Nothing personal, and no URL.
        what: what happened, as one sentence with a full stop.
        systems: the sources or systems whose numbers it concerns; empty where it is all of them.
        remedy: the command, or what else a person does about it.
        since: when it began, where that is known; else when it is first found.
        title: what it is in a few words, where those of its kind do not say it: "the disk is full".
    """

    kind: Kind
    subject: str
    what: str
    systems: tuple[str, ...] = ()
    remedy: str = ""
    since: datetime | None = None
    title: str = ""

    @property
    def key(self) -> tuple[Kind, str]:
        """What makes two findings the same incident."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has found, and of what it would have found more.

    Attributes:
        findings: what is wrong.
        seen: kind → the subjects that were looked at; None: every subject there is. What is open, was looked at and is
            not found any more has ended.
    """

    findings: tuple[Finding, ...]
    seen: Mapping[Kind, Collection[str] | None]

    def has_seen(self, kind: Kind, subject: str) -> bool:
        """Whether this look would have found it."""
        subjects = self.seen.get(kind, ())
        return subjects is None or subject in subjects


def sentence(text: str) -> str:
    """What somebody said, with a full stop where it has none."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
