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


QUIET_DAYS = 35
QUIET_TENANT_DAYS = 400


def periodic_marts(
    name: str,
    group_columns: Sequence[str],
    counted: Iterable[Counted],
    measure: Measure,
    today: Callable[[str], date],
    active: Iterable[tuple[str, tuple[str, ...], date]] | None = None,
    quiet_days: int = QUIET_DAYS,
    balance: Callable[[Any], int] | None = None,
) -> list[Mart]:
    """Make the three marts of a name, and that of its trailing windows.

    A day has a row for a group that was active on it or in the days before; a week or month that holds such a day
    has one too. Nothing that lies after the tenant's local day is counted or has a row.

    Args:
        name: Without its grain.
        group_columns: Dimensions beside the tenant.
        counted: Everything the mart counts.
        measure: Measures a row.
        today: The local date of a tenant as of the build.
        active: Days on which a tenant's group is active; those of `counted` unless told.
        quiet_days: How many days after its activity a group still has rows.
        balance: What a fact adds to a balance of the group, which keeps its rows while that is not 0.
    """
    facts = [one for one in counted if one.day <= today(one.tenant_key)]
    if active is None:
        active = {(one.tenant_key, one.group, one.day) for one in facts}
    active = list(active)
    days: dict[tuple[str, tuple[str, ...]], set[date]] = defaultdict(set)
    for tenant_key, group, day in active:
        last = min(day + quiet_days * ONE_DAY, today(tenant_key))
        days[tenant_key, group].update(days_between(day, last))
    if balance:
        _keep_while_balanced(days, facts, balance, today)
    marts = []
    for grain, period_of in GRAINS.items():
        by_row: dict[tuple[str, tuple[str, ...], Period], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for one in facts:
            by_row[one.tenant_key, one.group, period_of(one.day)][one.kind].append(one.fact)
        rows = []
        for (tenant_key, group), with_rows in days.items():
            for period in {period_of(day) for day in with_rows}:
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
    return [*marts, _trailing(name, group_columns, facts, measure, today, active)]


def _trailing(
    name: str,
    group_columns: Sequence[str],
    facts: Sequence[Counted],
    measure: Measure,
    today: Callable[[str], date],
    active: Iterable[tuple[str, tuple[str, ...], date]],
) -> Mart:
    """The windows that end with the last complete day, and those before them; of groups that were active in one."""
    active_days, by_day = defaultdict(set), defaultdict(list)
    for tenant_key, group, day in active:
        active_days[tenant_key, group].add(day)
    for one in facts:
        by_day[one.tenant_key, one.group, one.day].append(one)
    rows = []
    for (tenant_key, group), days in active_days.items():
        for width in (7, 28, 30, 90):
            for is_prior in (False, True):
                end = today(tenant_key) - (1 + width * is_prior) * ONE_DAY
                period = Period(end - (width - 1) * ONE_DAY, end)
                inside = days_between(period.start, period.end)
                if days.isdisjoint(inside):
                    continue
                by_kind = defaultdict(list)
                for day in inside:
                    for one in by_day.get((tenant_key, group, day), ()):
                        by_kind[one.kind].append(one.fact)
                rows.append(
                    {
                        "tenant_key": tenant_key,
                        **dict(zip(group_columns, group, strict=True)),
                        "window_days": width,
                        "is_prior": is_prior,
                        "period_start_date": period.start,
                        "period_end_date": period.end,
                        **measure(by_kind, tenant_key, group, period),
                    }
                )
    return Mart(f"{name}_trailing", ("tenant_key", *group_columns, "window_days", "is_prior"), rows)


def _keep_while_balanced(
    days: dict[tuple[str, tuple[str, ...]], set[date]],
    facts: Sequence[Counted],
    balance: Callable[[Any], int],
    today: Callable[[str], date],
) -> None:
    changes: dict[tuple[str, tuple[str, ...]], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for one in facts:
        changes[one.tenant_key, one.group][one.day] += balance(one)
    for (tenant_key, group), changed in changes.items():
        held = 0
        for day in days_between(min(changed), today(tenant_key)):
            held += changed.get(day, 0)
            if held:
                days[tenant_key, group].add(day)
