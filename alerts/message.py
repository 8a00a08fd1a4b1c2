"""What people are told: what happened, so what, now what.

Belongs here: the words. Not here: what is to be told (incidents.py), what a fault concerns (affected.py), or sending.

A message is read on a telephone at night: the subject says it all, and short paragraphs follow that need no layout.
"""

import hashlib
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.affected import Affected
from alerts.findings import Finding, Kind, Severity
from alerts.incidents import Incident, Owed
from exports.delivery.message import Message
from exports.reports.content import printable
from ingestion.settings import PROJECT_ROOT

_NAME = "CRM warehouse"
_MOST_LINES = 8
"""Faults of one kind that are told one by one."""
_MOST_NAMES = 6
_LONGEST = 600
"""Characters of what one fault says of itself."""

_SERVER = "/opt/crm-warehouse"
"""Where docs/deployment.md puts the project: commands there need the services' user and environment."""
_COMMAND = re.compile(r"(?:\.venv/bin/)?python -m (?=(?:ingestion|orchestration|exports)\b)")

Heading = Callable[[Sequence[Finding], str], str]
"""The subject line of findings of one kind, given their names in words."""

_HEADINGS: Mapping[Kind, Heading] = {
    Kind.NOTHING_RUNS: lambda _, __: "nothing runs",
    Kind.SOURCE_UNREACHABLE: lambda _, names: f"{names} can't be read",
    Kind.TABLE_FAILED: lambda all_, names: f"{_counted(all_, names, 'tables')} can't be loaded",
    Kind.TEST_FAILED: lambda all_, names: f"{_of(all_)}the build fails at {_counted(all_, names, 'places')}",
    Kind.RUN_FAILED: lambda _, names: f"a run of {names} failed",
    Kind.DELETES_REFUSED: lambda all_, names: f"deletes refused in {_counted(all_, names, 'tables')}",
    Kind.ROWS_REJECTED: lambda all_, names: f"rows rejected in {_counted(all_, names, 'tables')}",
    Kind.STALE: lambda all_, names: f"{_counted(all_, names, 'tables')} out of date",
    Kind.SILENT: lambda all_, names: f"{_counted(all_, names, 'places')} gone silent",
    Kind.ANOMALY: lambda all_, names: f"unusual: {_counted(all_, names, 'numbers')}",
    Kind.DELIVERY_FAILED: lambda _, names: f"delivery to {names} failed",
    Kind.DISK_NEARLY_FULL: lambda _, names: f"disk nearly full: {names}",
}

_STILL: Mapping[Kind, str] = {
    Kind.SOURCE_UNREACHABLE: "Nothing is lost: the next run that reaches it reads all that came meanwhile.",
    Kind.TABLE_FAILED: "Its raw table is as it was, and all other tables are loaded.",
    Kind.TEST_FAILED: "What was published stays: nothing is made of what failed.",
    Kind.RUN_FAILED: "What was committed and published stays, and the next run goes on from there.",
    Kind.DELETES_REFUSED: "New and changed rows are read. Nothing was deleted.",
    Kind.ROWS_REJECTED: "All other rows are in the numbers. What is left out is kept, and counted in data_quality.",
    Kind.DELIVERY_FAILED: "It is published where exports lie, and other addresses get theirs.",
}

_CONCERNS: Mapping[Kind, str] = {
    Kind.ROWS_REJECTED: "Lack these rows",
    Kind.DELETES_REFUSED: "Still count the rows that are gone",
    Kind.ANOMALY: "Perhaps wrong",
    Kind.SILENT: "Perhaps incomplete",
}
"""What is the matter with what people read; where nothing is said here, it is not brought up to date."""

ENDED: Mapping[Kind, str] = {
    Kind.SOURCE_UNREACHABLE: "It is read again, with all that came meanwhile.",
    Kind.TABLE_FAILED: "It is loaded again, with all that came meanwhile.",
    Kind.TEST_FAILED: "It was built and tested again, without a fault.",
    Kind.RUN_FAILED: "A run has come to its end since, and has made up for it.",
    Kind.DELETES_REFUSED: "The source's keys and those of raw agree again.",
    Kind.ROWS_REJECTED: "The last run kept out no more. What was, stays so until it is corrected in the source.",
    Kind.DELIVERY_FAILED: "All that was due has arrived.",
}
"""What the end of one means."""


class Words:
    """Makes messages.

    Args:
        zone: in which times are told.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def message(self, owed: Owed, affected: Affected) -> Message:
        """The message of incidents that began or ended together."""
        paragraphs = self._of_end(owed) if owed.is_over else self._of_beginning(owed, affected)
        return self._message(_id(owed), self._subject(owed), paragraphs)

    def notice(self, subject: str, text: str) -> Message:
        """A message about the alerts themselves."""
        return self._message(hashlib.sha256(text.encode()).hexdigest()[:12], subject, [text])

    def _message(self, id_: str, subject: str, paragraphs: Sequence[str] | Iterator[str]) -> Message:
        text = "\n\n".join([*paragraphs, f"{_NAME} on {socket.gethostname()}"])
        lines = [printable(here(line)) for line in text.split("\n")]
        return Message(id_, f"[{_NAME}] {printable(subject)}", "\n".join(lines) + "\n", ())

    def _subject(self, owed: Owed) -> str:
        heading = _heading(owed.incidents)
        if owed.is_over:
            return f"over after {_lasted(owed.incidents)}: {heading}"
        again = "again: " if owed.incidents[0].is_again else ""
        is_warning = owed.incidents[0].finding.kind.severity == Severity.WARNING
        return f"{again}{'warning: ' if is_warning else ''}{heading}"

    def _of_beginning(self, owed: Owed, affected: Affected) -> Iterator[str]:
        findings = [one.finding for one in owed.incidents]
        kind = findings[0].kind
        yield _list(findings)
        yield f"Since {self._at(owed.incidents[0].began_at)}."
        if concerned := "\n".join(_concerned(kind, affected)):
            yield concerned
        if working := " ".join(_working(kind, affected)):
            yield f"Still works: {working}"
        if remedies := list(dict.fromkeys(finding.remedy for finding in findings if finding.remedy)):
            yield "\n".join(remedies[:_MOST_LINES])
        if owed.incidents[0].is_again:
            yield "It had just been over. You hear of it once more when it has stayed away for six hours."
        else:
            yield "You hear of it once more, when it is over."
        yield f"More: docs/operations.md#{kind.replace('_', '-')}"

    def _of_end(self, owed: Owed) -> Iterator[str]:
        first = owed.incidents[0]
        kind, findings = first.finding.kind, [one.finding for one in owed.incidents]
        yield f"It is over, from {self._at(first.began_at)} to {self._at(_end(owed.incidents))}."
        if ended := ENDED.get(kind):
            yield ended
        yield ("It could not be told before. " if owed.is_first else "It was:\n") + _list(findings)

    def _at(self, instant: datetime) -> str:
        at = instant.astimezone(self._zone)
        return f"{at:%a} {at.day} {at:%b, %H:%M} ({self._zone.key})"


def duration(length: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(length.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes} min" if minutes else "less than a minute"


def heading(finding: Finding) -> str:
    """One finding in a few words."""
    return finding.title or _HEADINGS[finding.kind]([finding], finding.subject)


def _lasted(incidents: Sequence[Incident]) -> str:
    return duration(_end(incidents) - incidents[0].began_at)


def _end(incidents: Sequence[Incident]) -> datetime:
    return max(one.ended_at for one in incidents if one.ended_at)


def _heading(incidents: Sequence[Incident]) -> str:
    findings = [one.finding for one in incidents]
    if len(findings) == 1:
        return heading(findings[0])
    return _HEADINGS[findings[0].kind](findings, _names([finding.subject for finding in findings]))


def _counted(findings: Sequence[Finding], names: str, what: str) -> str:
    """The one name there is, or how many there are of which systems."""
    if len(findings) == 1:
        return names
    return f"{len(findings)} {what}" + (f" of {_names(findings[0].systems)}" if findings[0].systems else "")


def _of(findings: Sequence[Finding]) -> str:
    return f"{_names(findings[0].systems)}: " if len(findings) == 1 and findings[0].systems else ""


def _list(findings: Sequence[Finding]) -> str:
    told = [_cut(finding.what) for finding in findings[:_MOST_LINES]]
    left = len(findings) - _MOST_LINES
    return "\n".join([*told, f"And {left:,} more."] if left > 0 else told)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} ..."


def _concerned(kind: Kind, affected: Affected) -> Iterator[str]:
    parts = []
    if affected.marts:
        parts.append(f"{_plural(len(affected.marts), 'mart')} ({_names(affected.marts)})")
    if affected.shared:
        parts.append(f"{_plural(len(affected.shared), 'mart')} of all systems together")
    if affected.reports:
        titles = _names([f'"{title}"' if "," in title else title for title in affected.reports])
        parts.append(f"{_plural(len(affected.reports), 'report')} ({titles}){_to(affected.reports)}")
    if affected.exports:
        parts.append(f"{_plural(len(affected.exports), 'export')}{_to(affected.exports)}")
    if parts:
        what = "Not sent" if kind == Kind.DELIVERY_FAILED else _CONCERNS.get(kind, "Not brought up to date")
        yield f"{what}: {'; '.join(parts)}."


def _to(published: Mapping[str, int]) -> str:
    count = sum(published.values())
    return f", sent to {_plural(count, 'address', 'es')}" if count else ""


def _plural(count: int, what: str, end: str = "s") -> str:
    return f"{count} {what}{end * (count != 1)}"


def _working(kind: Kind, affected: Affected) -> Iterator[str]:
    if affected.working:
        yield f"{_names(affected.working)} {'go' if len(affected.working) > 1 else 'goes'} on as always."
    if still := _STILL.get(kind):
        yield still


def _names(names: Sequence[str]) -> str:
    """A list in words: a, b and c; a long one is cut."""
    left = len(names) - _MOST_NAMES
    if left > 1:
        return f"{', '.join(names[:_MOST_NAMES])} and {left} more"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def here(line: str) -> str:
    """A line with its commands as they are called where the project lies."""
    return _COMMAND.sub("crm-warehouse " if str(PROJECT_ROOT) == _SERVER else ".venv/bin/python -m ", line)


def _id(owed: Owed) -> str:
    """The same for each try, so that mailboxes that look for it show one letter."""
    words = [*(one.incident_id for one in owed.incidents), str(owed.is_over)]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]
