"""What the marts about customers of several systems must hold.

Belongs here: purchases, bands, lifecycles, audiences, cohorts. Not here: what a visit or an order is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from oracle.arithmetic import ratio, rounded
from oracle.erp import Erp
from oracle.periods import Mart, Row, local_date, month_of
from oracle.restaurant import Restaurant
from oracle.shop import TENANT as SHOP
from oracle.shop import ZONE as SHOP_ZONE
from oracle.shop import Shop
from oracle.sources import CURRENCY, code, plausible, plausible_amount
from oracle.whatsapp import Whatsapp, phone_number

NEW_DAYS, ACTIVE_DAYS, AT_RISK_DAYS, INACTIVE_DAYS = 30, 30, 90, 30
HIGH_SPENDER_AMOUNT = Fraction(500)


@dataclass(frozen=True)
class Purchase:
    """A visit, or an order that was paid for and not given back whole."""

    customer_key: str
    tenant_key: str
    day: date
    currency_code: str
    amount: Fraction


@dataclass(frozen=True)
class Activity:
    """A customer's activity on a day, and what it brought in the tenant's currency."""

    tenant_key: str
    domain: str
    customer: str
    day: date
    revenue: Fraction
    in_other_currency: int = 0


class Customers:
    """Customers of all systems that have been read."""

    def __init__(self, restaurant: Restaurant, shop: Shop, whatsapp: Whatsapp, erp: Erp) -> None:
        self._restaurant, self._shop, self._whatsapp, self._erp = restaurant, shop, whatsapp, erp
        self._purchases = [*self._visits(), *self._orders()]

    def marts(self) -> list[Mart]:
        """All marts about customers."""
        customers = list(self._customers())
        guests = [row for row in customers if row["source_system"] == "restaurant"]
        return [
            Mart("customer_360", ("customer_key",), customers),
            Mart("audience_inactive_customers", ("customer_key",), [_inactive(row) for row in guests if _is_away(row)]),
            Mart("audience_high_spenders", ("customer_key",), [_spender(r) for r in guests if r["is_high_spender"]]),
            Mart("audience_of_campaign", ("campaign_id", "customer_key"), list(self._selected(guests))),
            Mart("retention_cohorts", ("tenant_key", "domain", "cohort_month", "month_offset"), list(self._cohorts())),
        ]

    def _visits(self) -> Iterator[Purchase]:
        for visit in self._restaurant.visits:
            if not visit.day:
                continue
            customer_key = f"restaurant:{visit.row['customer_id']}"
            yield Purchase(customer_key, visit.tenant_key, visit.day, CURRENCY, visit.spend or Fraction(0))

    def _orders(self) -> Iterator[Purchase]:
        for order in self._shop.orders:
            if order.paid_at is not None and order.user_id and order.net_amount > 0:
                day = local_date(order.paid_at, SHOP_ZONE)
                yield Purchase(f"shop:{order.user_id}", SHOP, day, order.currency_code, order.net_amount)

    def _customers(self) -> Iterator[Row]:
        users = {
            event["user_id"] for event in (*self._shop.web_events, *self._shop.product_events) if event["user_id"]
        } | {order.user_id for order in self._shop.orders if order.user_id}
        known = [("restaurant", row["id"], self._restaurant.tenant_of(row)) for row in self._restaurant.guests.values()]
        known += [("shop", user, SHOP) for user in users]
        purchases = defaultdict(list)
        for purchase in self._purchases:
            if purchase.day <= self.today(purchase.tenant_key):
                purchases[purchase.customer_key].append(purchase)
        rows = [
            _customer(system, customer_id, tenant_key, purchases[f"{system}:{customer_id}"], self.today(tenant_key))
            for system, customer_id, tenant_key in known
        ]
        buyers = defaultdict(list)
        for row in rows:
            if row["frequency"]:
                buyers[row["tenant_key"]].append(row)
        for row in rows:
            peers = buyers[row["tenant_key"]]
            yield row | {
                "rfm_recency": _fifth(row, peers, lambda one: one["last_activity_date"]),
                "rfm_frequency": _fifth(row, peers, lambda one: one["frequency"]),
                "rfm_monetary": _fifth(row, peers, lambda one: one["monetary_amount"]),
            }

    def _selected(self, guests: list[Row]) -> Iterator[Row]:
        """Whom each campaign's own rule selects, of its restaurant's guests."""
        for campaign in self._restaurant.campaigns.values():
            kind, value = code(campaign["segment_type"]), plausible_amount(campaign["segment_value"])
            if value is None or value < 0:
                continue
            for row in guests:
                reason = None
                if kind == "inactive_days" and value.denominator == 1 and _is_away(row, int(value)):
                    reason = _inactive(row, int(value))
                if kind == "high_spenders" and row["monetary_amount"] >= value:
                    reason = _spender(row, value)
                if reason and row["tenant_key"] == self._restaurant.tenant_of(campaign):
                    yield reason | {"campaign_id": campaign["id"]}

    def today(self, tenant_key: str) -> date:
        """Local date of a tenant of any system as of the build."""
        tenants = {
            "restaurant": self._restaurant.tenants,
            "whatsapp": self._whatsapp.tenants,
            "erp": self._erp.tenants,
        }
        system = tenant_key.partition(":")[0]
        return tenants[system].today(tenant_key) if system in tenants else self._shop.today

    def _activities(self) -> Iterator[Activity]:
        for purchase in self._purchases:
            domain = "orders" if purchase.tenant_key == SHOP else "visits"
            is_ours = purchase.currency_code == CURRENCY
            revenue = purchase.amount if is_ours else Fraction(0)
            yield Activity(purchase.tenant_key, domain, purchase.customer_key, purchase.day, revenue, int(not is_ours))
        for talk in self._whatsapp.talks:
            phone = phone_number(talk.row["customer_phone"]) if talk.row else None
            started_at = plausible(talk.row["started_at"]) if talk.row else None
            if started_at and phone:
                day = self._whatsapp.tenants.day(talk.tenant_key, started_at)
                yield Activity(talk.tenant_key, "conversations", phone, day, Fraction(0))
        for row in self._erp.interactions:
            if row["customer_id"]:
                tenant_key, day = self._erp.tenant_of(row), self._erp.day_of(row)
                yield Activity(tenant_key, "interactions", row["customer_id"], day, Fraction(0))

    def _cohorts(self) -> Iterator[Row]:
        activities: dict[tuple[str, str], dict[str, list[Activity]]] = defaultdict(lambda: defaultdict(list))
        for one in self._activities():
            if one.day > self.today(one.tenant_key):
                continue
            activities[one.tenant_key, one.domain][one.customer].append(one)
        for (tenant_key, domain), customers in activities.items():
            cohorts: dict[date, list[list[Activity]]] = defaultdict(list)
            for theirs in customers.values():
                cohorts[month_of(min(one.day for one in theirs)).start].append(theirs)
            for cohort_month, members in cohorts.items():
                yield from _cohort(tenant_key, domain, cohort_month, members, self.today(tenant_key))


def _cohort(
    tenant_key: str, domain: str, cohort_month: date, members: list[list[Activity]], today: date
) -> Iterator[Row]:
    month = month_of(cohort_month)
    offset = 0
    while month.start <= today:
        in_month = [[one for one in theirs if month.start <= one.day <= month.end] for theirs in members]
        retained = sum(bool(theirs) for theirs in in_month)
        has_ended = month.end < today
        yield {
            "tenant_key": tenant_key,
            "domain": domain,
            "cohort_month": cohort_month,
            "month_offset": offset,
            "currency_code": CURRENCY,
            "cohort_size": len(members),
            "retained_customers": retained if has_ended else None,
            "retention_rate": ratio(retained, len(members)) if has_ended else None,
            "revenue_amount": rounded(sum(one.revenue for theirs in in_month for one in theirs)) if has_ended else None,
            "purchases_in_other_currencies": (
                sum(one.in_other_currency for theirs in in_month for one in theirs) if has_ended else None
            ),
            "is_complete": has_ended,
        }
        month = month_of(month.end + timedelta(days=1))
        offset += 1


def _customer(system: str, customer_id: str, tenant_key: str, purchases: list[Purchase], today: date) -> Row:
    days = sorted(purchase.day for purchase in purchases)
    in_currency = [purchase for purchase in purchases if purchase.currency_code == CURRENCY]
    monetary = rounded(sum(purchase.amount for purchase in in_currency))
    first, last = (days[0], days[-1]) if days else (None, None)
    recency = (today - last).days if last else None
    tenure = (today - first).days if first else None
    return {
        "customer_key": f"{system}:{customer_id}",
        "tenant_key": tenant_key,
        "source_system": system,
        "customer_id": customer_id,
        "lifecycle": _lifecycle(tenure, recency),
        "currency_code": CURRENCY,
        "recency_days": recency,
        "frequency": len(purchases),
        "monetary_amount": monetary,
        "purchases_in_other_currencies": len(purchases) - len(in_currency),
        "high_spender_amount": rounded(HIGH_SPENDER_AMOUNT),
        "tenure_days": tenure,
        "repeat_purchase_count": max(0, len(set(days)) - 1),
        "last_purchase_age_days": (last - first).days if first and last else None,
        "is_never_visited": not days,
        "is_inactive_30d": recency is not None and recency > 30,
        "is_inactive_60d": recency is not None and recency > 60,
        "is_inactive_90d": recency is not None and recency > 90,
        "is_high_spender": monetary >= HIGH_SPENDER_AMOUNT,
        "first_activity_date": first,
        "last_activity_date": last,
        "as_of_date": today,
    }


def _lifecycle(tenure: int | None, recency: int | None) -> str | None:
    if tenure is None or recency is None:
        return None
    if tenure <= NEW_DAYS:
        return "new"
    if recency <= ACTIVE_DAYS:
        return "active"
    return "at_risk" if recency <= AT_RISK_DAYS else "dormant"


def _fifth(row: Row, peers: list[Row], value: Callable[[Row], Any]) -> int | None:
    """1 to 5, by the share of peers that lie strictly below."""
    if not row["frequency"]:
        return None
    below = sum(bool(value(peer) < value(row)) for peer in peers)
    return 1 + 5 * below // len(peers)


def _is_away(row: Row, days: int = INACTIVE_DAYS) -> bool:
    return row["recency_days"] is not None and row["recency_days"] > days


def _inactive(row: Row, days: int = INACTIVE_DAYS) -> Row:
    last, today = row["last_activity_date"], row["as_of_date"]
    return _member(row, f"inactive_days: last visit {last}, more than {days} days before {today}")


def _spender(row: Row, amount: Fraction = HIGH_SPENDER_AMOUNT) -> Row:
    cents = int(amount * 100)
    return _member(row, f"high_spenders: lifetime spend of at least {cents // 100}.{cents % 100:02d} {CURRENCY}")


def _member(row: Row, reason: str) -> Row:
    kept = ("tenant_key", "customer_key", "customer_id", "as_of_date")
    return {column: row[column] for column in kept} | {"reason": reason}
