"""What is wrong over time: from what looks find to incidents that begin and end, and whom of that is still to be told.

Belongs here: the rules, without clock, files or servers. Not here: where incidents are kept (record.py), their words
(message.py), sending (telling.py).

- A fault is one incident from the look that first finds it to the look that would have found it and did not.
- What only follows from an open incident is held back: it is told if it is still found once its cause is over, and
  never if it ended before.
- A fault that comes back soon after its end was told is told once more, and then ends only when it has stayed away for
  a while: one that comes and goes every hour is two messages, not one every hour.
- Whoever should know of an incident and could not be told stays owed it.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.findings import Finding, Kind, Look

CALM = timedelta(hours=6)
"""For how long a fault that came back must stay away to be over; and how soon after its end it counts as come back."""
RECOVERY = timedelta(hours=1)
"""How long what is old because of a fault may take to be young again once the fault is over."""
KEPT = timedelta(days=30)
"""After which an end that could not be told is not worth telling any more."""

_OF_AGE = frozenset((Kind.STALE, Kind.SILENT, Kind.ANOMALY))
"""What needs time to pass by after its cause: the next run, and what is built and published with it."""

FOLLOWS: Mapping[Kind, frozenset[Kind]] = {
    Kind.NOTHING_RUNS: _OF_AGE,
    Kind.SOURCE_UNREACHABLE: _OF_AGE | {Kind.TABLE_FAILED},
    Kind.TABLE_FAILED: _OF_AGE | {Kind.TEST_FAILED},
    Kind.TEST_FAILED: frozenset((Kind.STALE,)),
    Kind.RUN_FAILED: _OF_AGE,
    Kind.DELETES_REFUSED: frozenset((Kind.STALE, Kind.SILENT, Kind.ANOMALY)),
    Kind.ROWS_REJECTED: frozenset((Kind.ANOMALY,)),
    Kind.SILENT: frozenset((Kind.ANOMALY,)),
}
"""What may follow from a fault of the same systems. Whatever is not said here is another fault."""


class Told(StrEnum):
    """How much of an incident somebody has heard; each `perhaps` is tried once more."""

    NOTHING = "nothing"
    PERHAPS_BEGINNING = "perhaps its beginning"
    BEGINNING = "its beginning"
    PERHAPS_END = "perhaps its end"
    END = "its end"


_OWED_BEGINNING = frozenset((Told.NOTHING, Told.PERHAPS_BEGINNING))
_OWED_END = frozenset((Told.BEGINNING, Told.PERHAPS_END))


@dataclass(frozen=True, slots=True)
class Incident:
    """One fault from its beginning to its end.

    Attributes:
        incident_id: in messages and logs.
        finding: as it was first found; what is told of it at its end is the same.
        began_at: when it began, or was first found.
        is_held: whether nobody is told, as it only follows from another.
        is_again: whether it came back soon after its end was told.
        away_since: since when it is not found any more, where that is not yet its end.
        ended_at: None while it is open.
        told: how much each address has heard; addresses by a name that tells nothing of them.
    """

    incident_id: str
    finding: Finding
    began_at: datetime
    is_held: bool = False
    is_again: bool = False
    away_since: datetime | None = None
    ended_at: datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it goes on and people are to know."""
        return self.ended_at is None and not self.is_held

    def owes(self, address: str) -> bool:
        """Whether an address has yet to hear of its beginning or, once it is over, of its end."""
        heard = self.told.get(address)
        if heard in _OWED_BEGINNING:
            return not self.is_held
        return heard in _OWED_END and self.ended_at is not None

    def after_sending(self, address: str, *, is_sure: bool) -> "Incident":
        """The incident once an address was sent what it was owed, for sure or perhaps."""
        heard = self.told[address]
        if self.ended_at:
            now = Told.END if is_sure or heard == Told.PERHAPS_END else Told.PERHAPS_END
        else:
            now = Told.BEGINNING if is_sure or heard == Told.PERHAPS_BEGINNING else Told.PERHAPS_BEGINNING
        return replace(self, told={**self.told, address: now})


def after_look(known: Iterable[Incident], look: Look, addresses: Collection[str], now: datetime) -> list[Incident]:
    """The incidents after a look.

    Args:
        known: those before it.
        look: what was found, and of what more would have been.
        addresses: all that are told, by names.
        now: when it was looked.

    Returns:
        All that are open, held, or of which somebody is owed something or that may come back; the oldest first.
    """
    incidents = {incident.finding.key: incident for incident in known}
    found = {finding.key: finding for finding in sorted(look.findings, key=lambda one: _ORDER[one.kind])}
    for key, incident in incidents.items():
        if key not in found and look.has_seen(*key):
            incidents[key] = _not_found(incident, now)
    for key, finding in found.items():
        # Causes come first, so that what follows from them finds them open.
        is_held = follows(finding, incidents.values(), now)
        incidents[key] = _found(incidents.get(key), finding, now, is_held=is_held)
    kept = [
        _for_addresses(incident, addresses) for incident in incidents.values() if not _is_past(incident, addresses, now)
    ]
    return sorted(kept, key=lambda incident: (incident.began_at, incident.incident_id))


def follows(finding: Finding, incidents: Iterable[Incident], now: datetime) -> bool:
    """Whether a finding is no more than what open incidents bring about, in all of the systems that it concerns."""
    explained: set[str] = set()
    for cause in incidents:
        lately = finding.kind in _OF_AGE and cause.ended_at is not None and now - cause.ended_at < RECOVERY
        if finding.kind in FOLLOWS.get(cause.finding.kind, ()) and not cause.is_held and (cause.is_open or lately):
            if not cause.finding.systems:
                return True
            explained.update(cause.finding.systems)
    return bool(finding.systems) and explained.issuperset(finding.systems)


def _found(before: Incident | None, finding: Finding, now: datetime, *, is_held: bool) -> Incident:
    if before is None:
        return _begun(finding, now, is_held=is_held)
    if before.ended_at:
        begun = _begun(finding, now, is_held=is_held)
        # Who never heard of its end knows no other than that it goes on.
        told = {
            address: Told.BEGINNING if heard in _OWED_END else Told.NOTHING for address, heard in before.told.items()
        }
        return replace(begun, is_again=now - before.ended_at < CALM, told=told)
    # One that was told stays told, whatever it turns out to follow from.
    return replace(before, away_since=None, is_held=before.is_held and is_held)


def _begun(finding: Finding, now: datetime, *, is_held: bool) -> Incident:
    began_at = min(finding.since or now, now)
    words = f"{finding.kind} {finding.subject} {now.isoformat()}"
    return Incident(hashlib.sha256(words.encode()).hexdigest()[:12], finding, began_at, is_held=is_held)


def _not_found(incident: Incident, now: datetime) -> Incident:
    if incident.ended_at:
        return incident
    away_since = incident.away_since or now
    is_over = not incident.is_again or now - away_since >= CALM
    return replace(incident, away_since=None if is_over else away_since, ended_at=away_since if is_over else None)


def _is_past(incident: Incident, addresses: Collection[str], now: datetime) -> bool:
    """Whether nobody will need it any more."""
    if incident.ended_at is None:
        return False
    is_owed = any(incident.owes(address) for address in addresses)
    is_forgotten = incident.is_held and not is_owed
    return is_forgotten or now - incident.ended_at >= (KEPT if is_owed else CALM)


def _for_addresses(incident: Incident, addresses: Collection[str]) -> Incident:
    """Let each address that there is hear of an open incident, also one that is new; forget those that are gone."""
    new = dict.fromkeys(addresses, Told.NOTHING) if incident.is_open else {}
    told = {address: told for address, told in {**new, **incident.told}.items() if address in addresses}
    return incident if told == incident.told else replace(incident, told=told)


@dataclass(frozen=True, slots=True)
class Owed:
    """One message that an address is owed: incidents of one kind and the same systems that began, or ended, together.

    Attributes:
        incidents: the oldest first.
        is_over: whether it tells of their end.
        is_first: whether the address has heard of them before.
    """

    incidents: Sequence[Incident]
    is_over: bool
    is_first: bool


def owed(incidents: Iterable[Incident], address: str) -> Iterator[Owed]:
    """What an address is owed: what began before what ended, causes first."""
    groups: dict[tuple[bool, int, tuple[str, ...], bool, bool], list[Incident]] = {}
    for one in incidents:
        if one.owes(address):
            is_first, is_over = one.told[address] in _OWED_BEGINNING, one.ended_at is not None
            key = (is_over, _ORDER[one.finding.kind], one.finding.systems, is_first, one.is_again)
            groups.setdefault(key, []).append(one)
    for (is_over, _, _, is_first, _), group in sorted(groups.items()):
        yield Owed(group, is_over, is_first)


_ORDER = {kind: place for place, kind in enumerate(Kind)}
