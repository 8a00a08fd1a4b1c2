"""Local dates, days, ISO weeks and calendar months, and the marts that have a row for each.

Belongs here: which rows a periodic mart has. Not here: what it measures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Facts = Mapping[str, Sequence[Any]]
"""The facts of one group and period, by kind; a kind without any is empty."""

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """A day, week or month; both dates are in it."""

    start: date
    end: date


Measure = Callable[[Facts, str, tuple[str, ...], Period], Row]
"""Gives the columns of a row from its facts, tenant, group and period."""


@dataclass(frozen=True)
class Mart:
    """A mart's rows, and the columns that tell them apart."""

    name: str
    keys: tuple[str, ...]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Counted:
    """A fact that a mart counts on a local date, among those of its group."""

    kind: str
    tenant_key: str
    group: tuple[str, ...]
    day: date
    fact: Any


def day_of(day: date) -> Period:
    """The day itself."""
    return Period(day, day)


def week_of(day: date) -> Period:
    """The ISO week that holds the day."""
    monday = day - day.weekday() * ONE_DAY
    return Period(monday, monday + 6 * ONE_DAY)


def month_of(day: date) -> Period:
    """The calendar month that holds the day."""
    following = (day.replace(day=28) + 4 * ONE_DAY).replace(day=1)
    return Period(day.replace(day=1), following - ONE_DAY)


GRAINS: dict[str, Callable[[date], Period]] = {"daily": day_of, "weekly": week_of, "monthly": month_of}


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date of an instant."""
    return instant.astimezone(zone).date()


def days_between(first: date, last: date) -> list[date]:
    """Every day from one to another, both included."""
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


def periodic_marts(
    name: str,
    group_columns: Sequence[str],
    counted: Iterable[Counted],
    measure: Measure,
    today: Callable[[str], date],
    days: Iterable[tuple[str, date]] = (),
) -> list[Mart]:
    """Make the three marts of a name.

    Args:
        name: Without its grain.
        group_columns: Dimensions beside the tenant.
        counted: Everything the mart counts.
        measure: Measures a row.
        today: The local date of a tenant as of the build.
        days: Days of tenants that count as active beside those of `counted`.
    """
    facts = list(counted)
    groups: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    active_days: dict[str, set[date]] = defaultdict(set)
    for one in facts:
        groups[one.tenant_key].add(one.group)
        active_days[one.tenant_key].add(one.day)
    for tenant_key, day in days:
        active_days[tenant_key].add(day)
    marts = []
    for grain, period_of in GRAINS.items():
        by_row: dict[tuple[str, tuple[str, ...], Period], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for one in facts:
            by_row[one.tenant_key, one.group, period_of(one.day)][one.kind].append(one.fact)
        rows = []
        for tenant_key, active in active_days.items():
            periods = {period_of(day) for day in days_between(min(active), max(active))}
            for group in groups[tenant_key]:
                for period in periods:
                    measured = measure(by_row[tenant_key, group, period], tenant_key, group, period)
                    rows.append(
                        {
                            "tenant_key": tenant_key,
                            **dict(zip(group_columns, group, strict=True)),
                            "period_start_date": period.start,
                            "period_end_date": period.end,
                            "is_complete": period.end < today(tenant_key),
                            **measured,
                        }
                    )
        marts.append(Mart(f"{name}_{grain}", ("tenant_key", *group_columns, "period_start_date"), rows))
    return marts
