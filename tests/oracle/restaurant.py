"""What the marts of the restaurant CRM must hold.

Belongs here: visits, messages of campaigns and the visits credited to them. Not here: customers (customers.py).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from oracle.arithmetic import amount, ratio, rounded
from oracle.periods import Counted, Facts, Mart, Period, Row, periodic_marts
from oracle.sources import (
    CURRENCY,
    UNKNOWN,
    Source,
    Tenants,
    code,
    listed,
    order_of,
    plausible,
    plausible_amount,
    seed,
    text,
)

ATTRIBUTION_WINDOW = timedelta(days=7)
CAMPAIGN_STATUSES = ("draft", "running", "paused", "completed")


@dataclass(frozen=True)
class Visit:
    """A visit of a guest, who may be missing at the source; without a day where its instant is not plausible."""

    row: Row
    tenant_key: str
    at: datetime | None
    day: date | None
    first_day: date | None
    spend: Fraction | None


@dataclass(frozen=True)
class Outreach:
    """A campaign's message to a guest, and the visits credited to it."""

    row: Row
    tenant_key: str
    day: date | None
    status: str
    visits: list[Visit]


class Restaurant:
    """The CRM's rows, read once."""

    def __init__(self, source: Source) -> None:
        self.tenants = Tenants(source, "restaurants", "restaurant")
        self._source = source
        self.guests = {row["id"]: row for row in source.tables["customers"]}
        self.campaigns = {row["id"]: row for row in source.tables["campaigns"]}
        self.visits = list(self._visits())
        self.outreach = list(self._outreach())

    def tenant_of(self, row: Row | None) -> str:
        """Tenant of a guest or campaign; the unknown one where it is missing."""
        return self.tenants.key(row["restaurant_id"] if row else None)

    def _visits(self) -> Iterator[Visit]:
        first_days: dict[str, date] = {}
        for row in sorted(self._source.tables["visits"], key=_place):
            tenant_key = self.tenant_of(self.guests.get(row["customer_id"]))
            at = plausible(row["visited_at"])
            day = self.tenants.day(tenant_key, at) if at else None
            first_day = first_days.setdefault(row["customer_id"], day) if day else None
            yield Visit(row, tenant_key, at, day, first_day, plausible_amount(amount(row["spend_cents"])))

    def _messages(self) -> list[Row]:
        """One row for each campaign and guest: of several the one that was updated last."""
        messages: dict[tuple[str, str], Row] = {}
        for row in sorted(self._source.tables["outreach_events"], key=_age):
            messages[row["campaign_id"], row["customer_id"]] = row
        return list(messages.values())

    def _outreach(self) -> Iterator[Outreach]:
        credited = self._credited_visits()
        for row in self._messages():
            tenant_key = self.tenant_of(self.campaigns.get(row["campaign_id"]))
            created_at = plausible(row["created_at"])
            day = self.tenants.day(tenant_key, created_at) if created_at else None
            status = listed(code(row["status"]), ("queued", "sent", "failed")) or UNKNOWN
            yield Outreach(row, tenant_key, day, status, credited[row["id"]])

    def _credited_visits(self) -> dict[str, list[Visit]]:
        """Credit each visit to the last message sent to the guest within the window before it."""
        touches = [
            (row, sent_at)
            for row in self._messages()
            if code(row["status"]) == "sent" and (sent_at := plausible(row["sent_at"]))
        ]
        credited: dict[str, list[Visit]] = defaultdict(list)
        for visit in self.visits:
            near = [
                (sent_at, order_of(row["id"]), row)
                for row, sent_at in touches
                if row["customer_id"] == visit.row["customer_id"]
                and visit.at
                and timedelta(0) <= visit.at - sent_at <= ATTRIBUTION_WINDOW
            ]
            if near:
                *_, last = max(near, key=lambda touch: touch[:2])
                credited[last["id"]].append(visit)
        return credited

    def marts(self) -> list[Mart]:
        """All marts of the CRM but those of customers."""
        visits = [Counted("visits", v.tenant_key, (CURRENCY,), v.day, v) for v in self.visits if v.day]
        outreach = [
            Counted("outreach", o.tenant_key, (o.row["campaign_id"],), o.day, o) for o in self.outreach if o.day
        ]
        patterns = _patterns()
        failed = [
            Counted("failed", o.tenant_key, (o.row["campaign_id"], _category(o.row["error"], patterns)), o.day, o)
            for o in self.outreach
            if o.day and o.status == "failed"
        ]
        today = self.tenants.today
        return [
            *periodic_marts("visits", ("currency_code",), visits, _visit_measures, today),
            *periodic_marts(
                "campaigns", ("campaign_id",), outreach, lambda facts, *_: _outreach_measures(facts["outreach"]), today
            ),
            *periodic_marts(
                "outreach_errors",
                ("campaign_id", "error_category"),
                failed,
                lambda facts, *_: {"failed": len(facts["failed"])},
                today,
            ),
            Mart("campaign_performance", ("campaign_id",), list(self._performance())),
        ]

    def _performance(self) -> Iterator[Row]:
        by_campaign: dict[str, list[Outreach]] = defaultdict(list)
        for one in self.outreach:
            if not one.day or one.day <= self.tenants.today(one.tenant_key):
                by_campaign[one.row["campaign_id"]].append(one)
        for campaign_id in self.campaigns.keys() | {one.row["campaign_id"] for one in self.outreach}:
            row = self.campaigns.get(campaign_id)
            outreach = by_campaign[campaign_id]
            measures = _outreach_measures(outreach)
            credited = [(visit, one) for one in outreach for visit in one.visits if self._has_come(visit)]
            visits = [visit for visit, _ in credited]
            converted = {one.row["customer_id"] for _, one in credited}
            yield {
                "tenant_key": self.tenant_of(row),
                "campaign_id": campaign_id,
                "campaign_name": (row and text(row["name"])) or campaign_id,
                "status": (row and listed(code(row["status"]), CAMPAIGN_STATUSES)) or UNKNOWN,
                "segment_type": (row and listed(code(row["segment_type"]), ("inactive_days", "high_spenders")))
                or UNKNOWN,
                "currency_code": CURRENCY,
                "segment_value": _threshold(row),
                **measures,
                "attributed_visits": len(visits),
                "attributed_visits_in_other_currencies": 0,
                "attributed_spend_amount": rounded(sum(visit.spend or 0 for visit in visits)),
                "converted_customers": len(converted),
                "conversion_rate": ratio(len(converted), measures["distinct_customers_reached"]),
            }

    def _has_come(self, visit: Visit) -> bool:
        return bool(visit.day and visit.day <= self.tenants.today(visit.tenant_key))


def _place(row: Row) -> tuple[datetime, bytes]:
    """By which visits follow each other; it does not matter where those without an instant are."""
    return plausible(row["visited_at"]) or datetime.max.replace(tzinfo=UTC), order_of(row["id"])


def _age(row: Row) -> tuple[datetime, bytes]:
    return plausible(row["updated_at"]) or datetime.min.replace(tzinfo=UTC), order_of(row["id"])


def _patterns() -> list[tuple[str, str]]:
    """Patterns of errors and their categories, those that decide first."""
    rows = sorted(seed("restaurant", "outreach_error_patterns"), key=lambda row: int(row["pattern_order"]))
    return [(row["pattern"].lower(), row["error_category"]) for row in rows]


def _category(error: str | None, patterns: list[tuple[str, str]]) -> str:
    told = code(error)
    return next((category for pattern, category in patterns if pattern in told), "other") if told else UNKNOWN


def _threshold(campaign: Row | None) -> Decimal | None:
    value = plausible_amount(campaign["segment_value"]) if campaign else None
    return None if value is None else rounded(value)


def _visit_measures(facts: Facts, _tenant_key: str, _group: tuple[str, ...], period: Period) -> Row:
    visits: list[Visit] = list(facts["visits"])
    guests = {visit.row["customer_id"] for visit in visits}
    new = {
        visit.row["customer_id"]
        for visit in visits
        if visit.first_day and period.start <= visit.first_day <= period.end
    }
    total = rounded(sum(visit.spend or 0 for visit in visits))
    return {
        "total_visits": len(visits),
        "visits_with_spend": sum(visit.spend is not None for visit in visits),
        "total_spend_amount": total,
        "average_spend_amount": ratio(total, len(visits)),
        "distinct_customers": len(guests),
        "new_customers": len(new),
        "returning_customers": len(guests) - len(new),
    }


def _outreach_measures(outreach: list[Outreach] | tuple[Outreach, ...]) -> Row:
    statuses = [one.status for one in outreach]
    sent, failed = statuses.count("sent"), statuses.count("failed")
    return {
        "total_outreach": len(statuses),
        "queued": statuses.count("queued"),
        "sent": sent,
        "failed": failed,
        "delivery_attempts": sent + failed,
        "delivery_rate": ratio(sent, sent + failed),
        "distinct_customers_reached": len({one.row["customer_id"] for one in outreach if one.status == "sent"}),
    }
