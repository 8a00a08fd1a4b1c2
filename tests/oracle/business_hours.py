"""What of a span of time lies within business hours, by the wall clock of a time zone.

Belongs here: hours as the seed of tenants' settings has them, and their seconds. Not here: whose wait is measured.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from oracle.arithmetic import seconds
from oracle.periods import ONE_DAY, days_between
from oracle.sources import seed

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class BusinessHours:
    """By weekday, Monday 0, from when to when; both since the day's midnight, so that an end may be on the next day."""

    of_weekday: Mapping[int, tuple[timedelta, timedelta]]

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "BusinessHours | None":
        """Read a row of the seed; none where no weekday has hours."""
        found = {}
        for number, name in enumerate(WEEKDAYS):
            opens, closes = _time_of_day(settings[f"{name}_opens"]), _time_of_day(settings[f"{name}_closes"])
            if opens is not None and closes is not None and opens < ONE_DAY:
                found[number] = (opens, closes if closes > opens else closes + ONE_DAY)
        for number, (opens, closes) in found.items():
            # Hours that last over midnight end where the next day's begin.
            if following := found.get((number + 1) % 7):
                found[number] = (opens, min(closes, following[0] + ONE_DAY))
        return cls(found) if found else None

    def seconds(self, start: datetime, end: datetime, zone: ZoneInfo) -> Fraction:
        """Seconds from one instant to another during which the zone's wall clock shows a time within the hours."""
        total = Fraction(0)
        edges = [start, *clock_changes(start, end, zone), end]
        for first, last in pairwise(edges):
            # Between changes the wall clock runs as any clock does.
            offset = first.astimezone(zone).utcoffset() or timedelta()
            total += self._wall_seconds(first + offset, last + offset)
        return total

    def _wall_seconds(self, first: datetime, last: datetime) -> Fraction:
        total = Fraction(0)
        for day in days_between(first.date() - ONE_DAY, last.date()):
            midnight = datetime.combine(day, time(), UTC)
            opens, closes = self.of_weekday.get(day.weekday(), (timedelta(), timedelta()))
            total += max(Fraction(0), seconds(max(first, midnight + opens), min(last, midnight + closes)))
        return total


def hours_of_tenants() -> dict[str, BusinessHours]:
    """Those of each tenant that has any, as the seed tells."""
    rows = seed("reference", "tenant_settings")
    return {row["tenant_key"]: hours for row in rows if (hours := BusinessHours.of(row))}


def clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Whole minutes, after the start and before the end, at which the zone's offset is another than a minute before."""

    def offset(instant: datetime) -> timedelta | None:
        return instant.astimezone(zone).utcoffset()

    changes = []
    for day in days_between(start.date(), end.date()):
        midnight = datetime.combine(day, time(), UTC)
        if offset(midnight) != offset(midnight + ONE_DAY):
            minutes = (midnight + number * MINUTE for number in range(1, 24 * 60 + 1))
            changes += [instant for instant in minutes if offset(instant) != offset(instant - MINUTE)]
    return [change for change in changes if start < change < end]


def _time_of_day(text: str) -> timedelta | None:
    found = re.fullmatch(r"(\d\d?):(\d\d)", text.strip())
    if not found or int(found[2]) > 59:
        return None
    since_midnight = timedelta(hours=int(found[1]), minutes=int(found[2]))
    return since_midnight if since_midnight <= ONE_DAY else None
