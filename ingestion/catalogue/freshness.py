"""How old is too old: what the catalogue and owners say of a table's age.

Belongs here: durations and working hours as they are written, and an age by them. Not here: how old anything is
(operations/judging.py, alerts).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

NEVER = timedelta.max
"""Of what is never too old."""

READ_WITHIN = timedelta(hours=26)
"""Of tables of which nothing is said: what is read every night is not late for a slow one."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_TIME = "([01][0-9]|2[0-3]):([0-5][0-9])"
_HOURS = re.compile(rf"(\S+) ({_TIME})-({_TIME}) (\S+)")
_LONGEST = timedelta(days=366)


def _parse_within(value: object) -> object:
    """`90m`, `26h`, `3d` or `never`."""
    if value is None or isinstance(value, timedelta):
        return value
    if value == "never":
        return NEVER
    if found := _DURATION.fullmatch(str(value)):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    raise ValueError(f"'{value}' is no duration. Write minutes, hours or days, as 90m, 26h or 3d, or never")


def _checked_hours(value: str) -> str:
    working_hours(value)
    return value


Within = Annotated[timedelta, BeforeValidator(_parse_within)]
Hours = Annotated[str, AfterValidator(_checked_hours)]


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When time counts: on some weekdays (0 is Monday) from an hour to another, as clocks of a zone show it."""

    days: frozenset[int]
    opens: time
    closes: time
    zone: ZoneInfo

    def between(self, since: datetime, until: datetime) -> timedelta:
        """How much of the time from one instant to another counts."""
        spans = (min(end, until) - max(begin, since) for begin, end in self.spans(since, until))
        return sum((span for span in spans if span > timedelta()), timedelta())

    def spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working days that may touch a stretch of time: those that run past midnight begin on the day before."""
        day, last = since.astimezone(self.zone).date() - timedelta(days=1), until.astimezone(self.zone).date()
        while day <= last:
            if day.weekday() in self.days:
                yield self._at(day, self.opens), self._at(day + self._runs_over, self.closes)
            day += timedelta(days=1)

    @property
    def _runs_over(self) -> timedelta:
        return timedelta(days=int(self.closes <= self.opens))

    def _at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone).astimezone(UTC)


@cache
def working_hours(text: str) -> WorkingHours:
    """What `Mon-Fri 08:00-18:00 Europe/Berlin` says; days may be listed (`Mon,Wed,Fri`), and `daily` is all of them.

    Raises:
        ValueError: it says nothing of the kind.
    """
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is not written as Mon-Fri 08:00-18:00 Europe/Berlin")
    days, opens, closes, zone = found.group(1, 2, 5, 8)
    try:
        return WorkingHours(_weekdays(days), time.fromisoformat(opens), time.fromisoformat(closes), ZoneInfo(zone))
    except (ZoneInfoNotFoundError, IsADirectoryError):
        raise ValueError(f"'{text}': there is no time zone {zone}") from None


def _weekdays(text: str) -> frozenset[int]:
    if text == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f"'{part}' is no weekday. Use {', '.join(_DAYS)}, or daily")
        begin = _DAYS.index(first)
        length = (_DAYS.index(last or first) - begin) % 7
        found |= {(begin + step) % 7 for step in range(length + 1)}
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a table is too old.

    Attributes:
        read_within: since it was last read to the end.
        rows_within: since its newest row; `NEVER` of tables that seldom change.
        hours: when time counts; None: always.
    """

    read_within: timedelta = READ_WITHIN
    rows_within: timedelta = NEVER
    hours: WorkingHours | None = None

    def age(self, since: datetime, now: datetime) -> timedelta:
        """How much time that counts has passed since an instant; none where that is yet to come."""
        return max(timedelta(), self.hours.between(since, now) if self.hours else now - since)

    @property
    def longest_unread(self) -> timedelta:
        """How long a table may go unread by the calendar, whenever that begins: what Dagster can be told."""
        if self.hours is None or self.read_within == NEVER:
            return self.read_within
        # From the end of each working day of a week on, the clock stands for longest.
        monday = datetime(2026, 1, 5, tzinfo=UTC)
        closings = [end for _, end in self.hours.spans(monday, monday + timedelta(days=7))]
        return max(self._reached(end) - end for end in closings)

    def _reached(self, since: datetime) -> datetime:
        assert self.hours is not None
        left = self.read_within
        for begin, end in self.hours.spans(since, since + _LONGEST):
            span = end - max(begin, since)
            if span >= left > timedelta():
                return max(begin, since) + left
            left -= max(span, timedelta())
        return since + _LONGEST


DEFAULT = Freshness()
"""Of a table of which nothing is said."""
