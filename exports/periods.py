"""Days, weeks and months as exports and reports have them, and windows of days.

Belongs here: a period's days, names and neighbours. Not here: which periods are complete, and until when windows go,
which the marts tell.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from exports.errors import ExportError

Cadence = Literal["day", "week", "month"]
CADENCES: tuple[Cadence, ...] = get_args(Cadence)

MARTS: Mapping[Cadence, str] = {"day": "daily", "week": "weekly", "month": "monthly"}
"""The end of a periodic mart's name, which is what exports call a cadence."""

CADENCE_OF: Mapping[str, Cadence] = {mart: cadence for cadence, mart in MARTS.items()}
"""The other way round."""

TRAILING = "trailing"
"""The same of a mart of windows."""

_ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class PeriodResult:
    """What became of a period.

    Attributes:
        tenants: whose numbers of it are published.
        written: files or reports of it that are new or others than they were.
    """

    tenants: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A day, an ISO week or a month."""

    cadence: Cadence
    first_day: date

    @classmethod
    def named(cls, name: str) -> "Period":
        """Read `2026-10-31`, `2026-W44` or `2026-10`.

        Raises:
            ExportError: it is none of these.
        """
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", name, re.ASCII):
                return cls("day", date.fromisoformat(name))
            if re.fullmatch(r"\d{4}-W\d\d", name, re.ASCII):
                return cls("week", date.fromisocalendar(int(name[:4]), int(name[6:]), 1))
            if re.fullmatch(r"\d{4}-\d\d", name, re.ASCII):
                return cls("month", date.fromisoformat(f"{name}-01"))
        except ValueError:
            pass
        raise ExportError(f"{name!r} is no period: a day is 2026-10-31, a week 2026-W44, a month 2026-10.")

    @classmethod
    def several(cls, names: Iterable[str]) -> list["Period"]:
        """Read several of one kind, in order.

        Raises:
            ExportError: one is no period, or they are of several kinds.
        """
        periods = sorted({cls.named(name) for name in names})
        if len({period.cadence for period in periods}) > 1:
            raise ExportError(f"{periods[0].name} and {periods[-1].name} are not of one kind: ask for each by itself.")
        return periods

    @classmethod
    def around(cls, cadence: Cadence, day: date) -> "Period":
        """The one that a day lies in."""
        since = {"day": 0, "week": day.weekday(), "month": day.day - 1}
        return cls(cadence, day - since[cadence] * _ONE_DAY)

    @property
    def name(self) -> str:
        """As `named` reads it."""
        if self.cadence == "week":
            year, week, _ = self.first_day.isocalendar()
            return f"{year:04}-W{week:02}"
        return self.first_day.isoformat()[: 7 if self.cadence == "month" else None]

    @property
    def last_day(self) -> date:
        """Included."""
        return self.moved(1).first_day - _ONE_DAY

    def moved(self, periods: int) -> "Period":
        """So many periods later, or earlier."""
        if self.cadence == "month":
            year, month = divmod(self.first_day.year * 12 + self.first_day.month - 1 + periods, 12)
            return Period("month", date(year, month + 1, 1))
        return Period(self.cadence, self.first_day + (7 if self.cadence == "week" else 1) * periods * _ONE_DAY)

    def up_to(self, last: "Period") -> Iterator["Period"]:
        """It, and those after it up to one."""
        period = self
        while period <= last:
            yield period
            period = period.moved(1)

    @property
    def text(self) -> str:
        """In words."""
        if self.cadence == "month":
            return f"{self.first_day:%B %Y}"
        if self.cadence == "week":
            year, week, _ = self.first_day.isocalendar()
            return f"Week {week} of {year} ({_day(self.first_day)} to {_day(self.last_day)})"
        return f"{self.first_day:%A}, {_day(self.first_day)}"

    @property
    def short_text(self) -> str:
        """For an axis."""
        if self.cadence == "month":
            return f"{self.first_day:%b %Y}"
        if self.cadence == "week":
            return f"W{self.first_day.isocalendar().week}"
        return f"{self.first_day.day} {self.first_day:%b}"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """So many days until the last that is complete: how things stand, and no period that will ever be complete."""

    days: int
    first_day: date

    @property
    def last_day(self) -> date:
        """Included."""
        return self.first_day + (self.days - 1) * _ONE_DAY

    def moved(self, windows: int) -> "Window":
        """So many windows later, or earlier."""
        return Window(self.days, self.first_day + windows * self.days * _ONE_DAY)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.days} days up to {_day(self.last_day)}"


Span = Period | Window
"""The days of a report."""


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
