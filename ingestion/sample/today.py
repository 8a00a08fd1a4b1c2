"""One day as the sample sources see it: its randomness, its volume and its daily rhythm.

Belongs here: time and chance. Not here: what happens in a source (one module each).
"""

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Today:
    """A UTC day in one source. Everything that happens in it lies in [start, end), in epoch seconds.

    What happens is drawn from `rng`; what is only said of it from `said`, so that saying more changes nothing else.

    Attributes:
        index: Days since the sample's first.
        days_left: Days until the one that the sample was made to end with; less than 0 on those it was moved on to.
    """

    name: str
    day: date
    index: int
    days_left: int
    start: int
    scale: float
    mood: float
    rng: Random
    said: Random

    @classmethod
    def of(cls, source: str, *, seed: int, scale: float, first_day: date, end: date, day: date) -> "Today":
        """Give the day its own generator, so that it comes out the same in create and in advance."""
        name = f"{seed}:{source}:{day.toordinal()}"
        rng = Random(name)
        index = (day - first_day).days
        surge = 2.2 if rng.random() < 0.012 else 1.0
        mood = surge * rng.lognormvariate(0, 0.12) * (1 + 0.0008 * max(index, 0))
        days_left = (end - day).days
        return cls(name, day, index, days_left, epoch_seconds(day), scale, mood, rng, Random(f"{name}:said"))

    def aside(self, what: str) -> "Today":
        """The same day for something that is drawn apart, and so changes nothing else."""
        return replace(self, rng=Random(f"{self.name}:{what}"), said=Random(f"{self.name}:{what}:said"))

    @property
    def end(self) -> int:
        """First second of the next day."""
        return self.start + DAY_SECONDS

    def count(self, mean: float, intensity: float = 1.0) -> int:
        """How often something happens today that happens `mean` times on a usual day at scale 1."""
        return int(mean * self.scale * self.mood * intensity + self.rng.random())

    def some(self, mean: float) -> int:
        """Like `count`, at least 1: what every day must show however small the sample."""
        return max(1, self.count(mean))

    def lag_seconds(self) -> int:
        """How late a late row is: 1 to 5 whole days, two of three times 1."""
        return DAY_SECONDS * min(5, 1 + int(self.rng.expovariate(1.1)))


@dataclass(frozen=True)
class Profile:
    """Relative activity by local hour and by weekday, Monday first."""

    hours: tuple[float, ...]
    weekdays: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Activity of an average day."""
        return sum(self.hours) * sum(self.weekdays) / 7


CHAT = Profile(
    (2, 1, 1, 1, 1, 2, 4, 8, 14, 19, 21, 20, 18, 17, 18, 18, 17, 18, 20, 21, 18, 13, 8, 4),
    (1.1, 1.05, 1.0, 1.0, 1.15, 0.9, 0.7),
)
RETAIL = Profile(
    (6, 4, 2, 2, 2, 2, 4, 7, 10, 12, 13, 14, 16, 15, 13, 13, 14, 16, 19, 22, 24, 23, 17, 11),
    (1.0, 0.95, 0.95, 0.95, 1.0, 1.2, 1.3),
)
MEALS = Profile(
    (1, 0, 0, 0, 0, 0, 1, 4, 7, 5, 4, 12, 26, 22, 8, 4, 4, 8, 20, 30, 28, 17, 8, 3),
    (0.7, 0.75, 0.85, 1.0, 1.4, 1.5, 1.1),
)
OFFICE = Profile(
    (0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 1, 4, 12, 20, 22, 20, 12, 16, 20, 20, 17, 9, 4, 2, 1, 1, 1, 0.5),
    (1.2, 1.3, 1.25, 1.2, 1.0, 0.2, 0.1),
)


class Rhythm:
    """When things happen in one place on one UTC day, from the local hours that the day covers."""

    def __init__(self, profile: Profile, today: Today, timezone: str | None) -> None:
        zone = zone_or_utc(timezone)
        weights = []
        for hour in range(24):
            # The middle of the hour stands for it where the offset is half an hour.
            local = datetime.fromtimestamp(today.start + hour * 3600 + 1800, zone)
            weights.append(profile.hours[local.hour] * profile.weekdays[local.weekday()])
        self._start = today.start
        self._cumulative = list(accumulate(weights))
        self.intensity = self._cumulative[-1] / profile.mean

    def instants(self, rng: Random, count: int) -> list[int]:
        """Draw `count` instants of the day, in epoch seconds, ascending."""
        hours = rng.choices(range(24), cum_weights=self._cumulative, k=count)
        start = self._start
        return sorted(start + 3600 * hour + int(3600 * rng.random()) for hour in hours)

    def instant(self, rng: Random) -> int:
        """Draw one instant of the day, in epoch seconds."""
        hour = bisect(self._cumulative, rng.random() * self._cumulative[-1])
        return self._start + 3600 * hour + int(3600 * rng.random())


def rhythms(profile: Profile, today: Today) -> Callable[[str | None], Rhythm]:
    """Look up the day's rhythm by timezone, each computed once."""

    @cache
    def of(timezone: str | None) -> Rhythm:
        return Rhythm(profile, today, timezone)

    return of


def zone_or_utc(timezone: str | None) -> ZoneInfo:
    """Find a timezone; the one tenant whose zone is invalid lives in UTC."""
    try:
        return ZoneInfo(timezone or "UTC")
    except ZoneInfoNotFoundError:
        return ZoneInfo("UTC")


def epoch_seconds(day: date) -> int:
    """First second of a UTC day."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def stamp(instant: int) -> str:
    """Write an instant as the sources do: `2026-05-01 08:30:00+00:00`."""
    return datetime.fromtimestamp(instant, UTC).isoformat(" ")


def uuid4(rng: Random) -> str:
    """Draw a random UUID."""
    bits = rng.getrandbits(122)
    return _dashed((bits >> 74) << 80 | 4 << 76 | (bits >> 62 & 0xFFF) << 64 | _variant(bits))


def uuid7(rng: Random, instant: int) -> str:
    """Draw a UUID that begins with its time (RFC 9562), as systems do to keep inserts at an index's end."""
    bits = rng.getrandbits(74)
    return _dashed(instant * 1000 << 80 | 7 << 76 | (bits >> 62) << 64 | _variant(bits))


def _variant(bits: int) -> int:
    return 0b10 << 62 | bits & 0x3FFF_FFFF_FFFF_FFFF


def _dashed(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
