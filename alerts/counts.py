"""Which counts are judged: of each source, tenant and outlet, as the marts have them by day.

Belongs here: reading them, and what is told of those that are out of the ordinary. Not here: what is ordinary
(expectations.py).

Rows are counted by their own day, so that a day is judged when its rows can be there (`SourceAge.covered_until`), not
when the clock says so. The metrics are those of `kpis`, all of whose sums are counts of a source's main tables.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.expectations import WEEKS, Change, Judgement, judge
from alerts.findings import Finding, Kind
from ingestion.output.terminal import printable
from ingestion.warehouses import Query, Warehouse

CHANCE = 3e-4
"""How probable a false alarm may be of one series on one day, however few there are."""
CHANCE_OF_ALL = 1e-3
"""The same of all sources together, and of all tenants together: once in three years."""
_OF_OUTLETS = 3e-3
"""Of all outlets: they are small, and their silence is all that tells of it."""

DAYS = WEEKS * 7 + 45
"""Days that are read: the history, and the longest silence that is looked for."""

_MOST_TENANTS = 3
"""Of so many of one source each is told; where there are more, the source is."""

_RELATIONS = frozenset({("intermediate", "int_cross_source__kpi_periods"), ("core", "dim_tenants")})
_OUTLETS = frozenset({("marts", "conversations_daily"), ("core", "dim_outlets")})
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Part:
    """Whose counts a series has.

    Attributes:
        source: the source's name.
        tenant: the tenant's key; None of the whole source.
        outlet: its outlet; None of the whole tenant.
        label: how people call it; empty where it has no name.
    """

    source: str
    tenant: str | None = None
    outlet: str | None = None
    label: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """As a finding's subject: it stays the same."""
        outlet = f" outlet {self.outlet}" if self.outlet else ""
        return f"{self.tenant or self.source}{outlet}"

    @property
    def called(self) -> str:
        """For people."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of consecutive days.

    Attributes:
        part: whose.
        metric: of what.
        last_day: the day of the last count.
        counts: one a day.
        exposures: of shares what each day's count is a part of; None of other counts.
    """

    part: Part
    metric: str
    last_day: date
    counts: Sequence[float]
    exposures: Sequence[float] | None = None

    def until(self, day: date) -> "Series":
        """The same without the days after one."""
        beyond = max(0, (self.last_day - day).days)
        kept = len(self.counts) - beyond
        exposures = self.exposures[: max(0, kept)] if self.exposures else None
        return Series(
            self.part, self.metric, self.last_day - timedelta(days=beyond), self.counts[: max(0, kept)], exposures
        )


@dataclass(frozen=True, slots=True)
class Unusual:
    """A series whose last day is out of the ordinary."""

    series: Series
    judgement: Judgement

    def told(self) -> str:
        """In words, without whose it is."""
        metric, found = self.series.metric.replace("_", " "), self.judgement.found
        expected = f"about {max(1, round(self.judgement.expected)):,} were to be expected"
        exposures = self.series.exposures
        of = f" of {sum(exposures[-self.judgement.days :]):,.0f}" if exposures else ""
        if self.judgement.change is Change.SILENT:
            first = self.series.last_day - timedelta(days=self.judgement.days - 1)
            what = f"{metric} 0{of}" if of else f"no {metric}"
            return f"{what} since {first}, where {expected}"
        what = f"{metric} {found:,.0f}{of}" if of else f"{found:,.0f} {metric}"
        return f"{what} on {self.series.last_day}, where {expected}"


def read_series(warehouse: Warehouse, now: datetime, covered: Mapping[str, datetime]) -> list[Series]:
    """Every series, up to the last day whose rows can be there.

    Args:
        warehouse: where the models are.
        now: the instant that they are built for.
        covered: source → up to when its rows can be there; sources of which nothing is known have no series.

    Raises:
        WarehouseError: it can't be read.
    """
    there = warehouse.tables({"intermediate", "core", "marts"})
    if not there >= _RELATIONS:
        return []
    since = (now - timedelta(days=DAYS)).date()
    with warehouse.reader() as query:
        tenants = _rows(query, "select tenant_key, source_system, tenant_name, timezone from core.dim_tenants")
        found = [*_of_tenants(query, tenants, since)]
        if there >= _OUTLETS:
            found += _of_outlets(query, tenants, since)
    zones = {row["tenant_key"]: row["timezone"] for row in tenants}
    return [
        kept
        for series in found
        if (until := covered.get(series.part.source))
        and (kept := series.until(_last_whole_day(until, zones.get(series.part.tenant)))).counts
    ]


def unusual(series: Collection[Series]) -> list[Unusual]:
    """Those series whose last day is out of the ordinary, those of whole sources among them."""
    groups = (
        ([*_totals(series)], CHANCE_OF_ALL),
        ([one for one in series if one.part.outlet is None], CHANCE_OF_ALL),
        ([one for one in series if one.part.outlet is not None], _OF_OUTLETS),
    )
    return [
        Unusual(one, judgement)
        for group, chance in groups
        for one in group
        if (judgement := judge(one.counts, chance_of_each(len(group), chance), one.exposures))
    ]


def chance_of_each(count: int, chance: float = CHANCE_OF_ALL) -> float:
    """How probable a false alarm may be of each of so many series, for one of any to be as probable as told."""
    return min(CHANCE, chance / max(1, count))


def findings(found: Iterable[Unusual]) -> Iterator[Finding]:
    """One finding for each source, or else for its tenants, or else for their outlets, that are out of the ordinary."""
    by_source: dict[str, list[Unusual]] = defaultdict(list)
    for one in found:
        by_source[one.series.part.source].append(one)
    for source, ones in by_source.items():
        by_part: dict[Part, list[Unusual]] = defaultdict(list)
        for one in ones:
            by_part[one.series.part].append(one)
        whole = Part(source)
        tenants = {part.tenant for part in by_part if part.tenant}
        if whole in by_part:
            yield _finding(whole, by_part[whole])
        elif len(tenants) > _MOST_TENANTS:
            first = next(iter(by_part.values()))
            yield _finding(whole, first, f"{len(tenants)} tenants at once, {first[0].series.part.called} among them: ")
        else:
            for part, told in by_part.items():
                if part.outlet is None or Part(source, part.tenant) not in by_part:
                    yield _finding(part, told)


def _finding(part: Part, ones: Sequence[Unusual], before: str = "") -> Finding:
    begins = min(one.series.last_day - timedelta(days=one.judgement.days - 1) for one in ones)
    silent = [one for one in ones if one.judgement.change is Change.SILENT]
    is_silent = bool(silent) and not any(_has_dwindled(one) for one in silent)
    return Finding(
        Kind.SILENT if is_silent else Kind.ANOMALY,
        part.name,
        f"{part.called}: {before}{'; '.join(one.told() for one in ones)}.",
        (part.source,),
        f"python -m ingestion status --source {part.source}",
        datetime.combine(begins, time(), UTC),
        f"{part.called} gone silent" if is_silent else f"unusual: {part.called}",
    )


def _has_dwindled(one: Unusual) -> bool:
    """Whether a silence began with a day of too few: then it goes on being the same incident."""
    before = one.series.until(one.series.last_day - timedelta(days=one.judgement.days))
    return judge(before.counts, CHANCE, before.exposures) is not None


def _totals(series: Collection[Series]) -> Iterator[Series]:
    """What the tenants of a source have together, up to the last day that each of them has."""
    groups: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for one in series:
        if one.exposures is None and one.part.outlet is None:
            groups[one.part.source, one.metric].append(one)
    for (source, metric), ones in groups.items():
        last_day = min(one.last_day for one in ones)
        sums = defaultdict[date, float](float)
        for one in ones:
            for ago, count in enumerate(reversed(one.until(last_day).counts)):
                sums[last_day - timedelta(days=ago)] += count
        yield _dense(Part(source), metric, sums)


def _of_tenants(query: Query, tenants: Sequence[Mapping[str, Any]], since: date) -> Iterator[Series]:
    parts = {row["tenant_key"]: Part(row["source_system"], row["tenant_key"], label=_label(row)) for row in tenants}
    counts: dict[tuple[str, str, bool], dict[date, float]] = defaultdict(dict)
    exposures: dict[tuple[str, str, bool], dict[date, float]] = defaultdict(dict)
    for row in _rows(
        query,
        "select tenant_key, metric, metric_kind, period_start_date as day, numerator, denominator"
        " from intermediate.int_cross_source__kpi_periods"
        " where grain = 'day' and is_complete and is_mature and metric_kind in ('count', 'share')"
        f" and period_start_date >= date '{since}'",
    ):
        key = (row["tenant_key"], row["metric"], row["metric_kind"] == "share")
        counts[key][row["day"]] = float(row["numerator"])
        exposures[key][row["day"]] = float(row["denominator"] or 0)
    for key, of_days in counts.items():
        tenant, metric, is_share = key
        if tenant in parts:
            yield _dense(parts[tenant], metric, of_days, exposures[key] if is_share else None)


def _of_outlets(query: Query, tenants: Sequence[Mapping[str, Any]], since: date) -> Iterator[Series]:
    of = {row["tenant_key"]: row for row in tenants}
    counts: dict[tuple[str, str], dict[date, float]] = defaultdict(dict)
    names: dict[tuple[str, str], str] = {}
    for row in _rows(
        query,
        "select counted.tenant_key, counted.outlet_id, named.outlet_name, counted.period_start_date as day,"
        " counted.total_conversations from marts.conversations_daily as counted left join core.dim_outlets as named"
        " on counted.tenant_key = named.tenant_key and counted.outlet_id = named.outlet_id"
        f" where counted.is_complete and counted.period_start_date >= date '{since}'",
    ):
        key = row["tenant_key"], row["outlet_id"]
        counts[key][row["day"]] = float(row["total_conversations"])
        names[key] = row["outlet_name"] or f"outlet {row['outlet_id']}"
    outlets = [tenant for tenant, _ in counts]
    for (tenant, outlet), of_days in counts.items():
        # Of one alone the tenant tells all.
        if tenant in of and outlets.count(tenant) > 1:
            label = _label(of[tenant], names[tenant, outlet])
            yield _dense(Part(of[tenant]["source_system"], tenant, outlet, label), "conversations", of_days)


def _label(tenant: Mapping[str, Any], outlet: str | None = None) -> str:
    """How people call a tenant, or an outlet of it; nothing where the tenant has no name."""
    if not tenant["tenant_name"]:
        return ""
    named = ", ".join(name for name in (outlet, tenant["tenant_name"]) if name)
    # Whatever businesses are called, it is one line.
    return f"{printable(named)[:_LONGEST]} ({tenant['source_system']})"


def _dense(
    part: Part, metric: str, counts: Mapping[date, float], exposures: Mapping[date, float] | None = None
) -> Series:
    """A series of all days from the first to the last: days without a row had nothing."""
    first, last = min(counts), max(counts)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    parts = [exposures.get(day, 0.0) for day in days] if exposures else None
    return Series(part, metric, last, [counts.get(day, 0.0) for day in days], parts)


def _last_whole_day(until: datetime, zone: str | None) -> date:
    """The last day that had ended in a time zone at an instant."""
    try:
        local = until.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        # Only the warehouse knows the zone: the day has ended there at the latest when it has half a day on in UTC.
        local = until.astimezone(UTC) - timedelta(hours=12)
    return local.date() - timedelta(days=1)


def _rows(query: Query, sql: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = query(sql).to_pylist()
    return rows
