"""What the marts of the web shop must hold.

Belongs here: sessions, product events and orders folded from their events. Not here: customers (customers.py).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from oracle.arithmetic import ratio, rounded, seconds
from oracle.periods import Counted, Facts, Mart, Period, Row, local_date, periodic_marts
from oracle.sources import CURRENCY, UNKNOWN, Source, code, order_of, text

TENANT = "shop:default"
ZONE = ZoneInfo("UTC")
SESSION_GAP = timedelta(minutes=30)
WEB_EVENTS = {
    "page_view": "page_views",
    "product_view": "product_views",
    "search": "searches",
    "add_to_cart": "add_to_carts",
    "checkout_start": "checkout_starts",
    "checkout_complete": "checkout_completes",
    "login": "logins",
    "registration": "registrations",
}
PRODUCT_EVENTS = {
    "view": "views",
    "cart_add": "cart_adds",
    "cart_remove": "cart_removes",
    "wishlist_add": "wishlist_adds",
    "review": "reviews",
    "purchase": "purchases",
}


@dataclass(frozen=True)
class Order:
    """An order, folded from its events."""

    id: str
    user_id: str | None
    payment_method: str
    currency_code: str
    amount: Fraction | None
    items: int | None
    first_at: datetime
    created_at: datetime | None
    paid_at: datetime | None
    cancelled_at: datetime | None
    is_cancelled_after_payment: bool

    @classmethod
    def of(cls, events: list[Row]) -> "Order":
        """Fold events, which come in any order and more than once."""
        ordered = _ordered(events)
        kinds = [code(event["event_type"]) for event in ordered]
        payment = kinds.index("payment_completed") if "payment_completed" in kinds else None
        cancellations = [place for place, kind in enumerate(kinds) if kind == "cancelled"]
        after_payment = [place for place in cancellations if payment is not None and place > payment]
        cancelled = next(iter(after_payment or cancellations), None)

        def told(values: list[Any]) -> Any:
            """What the payment tells, else the last told before it, else the first after it; if unpaid, the last."""
            end = len(values) if payment is None else payment + 1
            candidates = [*reversed(values[:end]), *values[end:]]
            return next((value for value in candidates if value is not None), None)

        return cls(
            id=events[0]["order_id"],
            user_id=told([event["user_id"] or None for event in ordered]),
            payment_method=told([code(event["payment_method"]) for event in ordered]) or UNKNOWN,
            currency_code=told([_currency(event) for event in ordered]) or CURRENCY,
            amount=told([event["order_total"] for event in ordered]),
            items=told([event["items_count"] for event in ordered]),
            first_at=ordered[0]["timestamp"],
            created_at=ordered[kinds.index("created")]["timestamp"] if "created" in kinds else None,
            paid_at=ordered[payment]["timestamp"] if payment is not None else None,
            cancelled_at=ordered[cancelled]["timestamp"] if cancelled is not None else None,
            is_cancelled_after_payment=bool(after_payment),
        )


@dataclass(frozen=True)
class Session:
    """The kinds of a session's events in order, and how long it took."""

    kinds: list[str]
    started_at: datetime
    seconds: Fraction

    def reaches(self, *steps: str) -> bool:
        """Whether each step follows the one before it."""
        rest = iter(self.kinds)
        return all(step in rest for step in steps)


class Shop:
    """The shop's rows, read once."""

    def __init__(self, source: Source) -> None:
        self.web_events = source.tables["user_events"]
        self.product_events = source.tables["product_events"]
        events_by_order = defaultdict(list)
        for event in source.tables["order_events"]:
            events_by_order[event["order_id"]].append(event)
        self.orders = [Order.of(events) for events in events_by_order.values()]
        self.today = local_date(source.as_of, ZONE)

    def marts(self) -> list[Mart]:
        """All marts of the shop but those of customers."""
        web, products, sales = list(self._web()), list(self._products()), list(self._sales())
        return [
            *periodic_marts("web_behavior", (), web, _web_measures, self._local_today),
            # Of the many products only those with something on the day.
            *periodic_marts("products", ("product_id",), products, _product_measures, self._local_today, quiet_days=0),
            *periodic_marts("sales", ("payment_method", "currency_code"), sales, _sales_measures, self._local_today),
        ]

    def _local_today(self, _tenant_key: str) -> date:
        return self.today

    def _web(self) -> Iterator[Counted]:
        first_days: dict[str, date] = {}
        for event in _ordered(self.web_events):
            day = local_date(event["timestamp"], ZONE)
            first_day = first_days.setdefault(event["user_id"], day) if event["user_id"] else None
            yield Counted("events", TENANT, (), day, (event, first_day))
        for session in sessions(self.web_events):
            yield Counted("sessions", TENANT, (), local_date(session.started_at, ZONE), session)

    def _products(self) -> Iterator[Counted]:
        for event in self.product_events:
            day = local_date(event["timestamp"], ZONE)
            yield Counted("events", TENANT, (event["product_id"] or UNKNOWN,), day, event)

    def _sales(self) -> Iterator[Counted]:
        for order in self.orders:
            moments = {
                "created": order.created_at,
                "uncreated": None if order.created_at else order.first_at,
                "paid": order.paid_at,
                "cancelled": order.cancelled_at,
            }
            for kind, moment in moments.items():
                if moment is not None:
                    group = (order.payment_method, order.currency_code)
                    yield Counted(kind, TENANT, group, local_date(moment, ZONE), order)


def sessions(events: Iterable[Row]) -> Iterator[Session]:
    """Group events by session id; without one by user and pauses; without either each is a session."""
    scopes = defaultdict(list)
    for event in _ordered(events):
        if event["session_id"]:
            scopes["session", event["session_id"]].append(event)
        elif event["user_id"]:
            scopes["user", event["user_id"]].append(event)
        else:
            scopes["event", event["id"]].append(event)
    for (scope, _), scoped in scopes.items():
        part = [scoped[0]]
        for event in scoped[1:]:
            if scope == "user" and event["timestamp"] - part[-1]["timestamp"] > SESSION_GAP:
                yield _session(part)
                part = []
            part.append(event)
        yield _session(part)


def _session(events: list[Row]) -> Session:
    start, end = events[0]["timestamp"], events[-1]["timestamp"]
    return Session([code(event["event_type"]) or "" for event in events], start, seconds(start, end))


def _web_measures(facts: Facts, _tenant_key: str, _group: tuple[str, ...], period: Period) -> Row:
    kinds = [code(event["event_type"]) for event, _ in facts["events"]]
    begun: list[Session] = list(facts["sessions"])
    firsts = {event["user_id"]: first_day for event, first_day in facts["events"] if event["user_id"]}
    total = rounded(sum(session.seconds for session in begun))
    bounced = sum(len(session.kinds) == 1 for session in begun)
    cart = sum(session.reaches("add_to_cart") for session in begun)
    checkout = sum(session.reaches("add_to_cart", "checkout_start") for session in begun)
    purchase = sum(session.reaches("add_to_cart", "checkout_start", "checkout_complete") for session in begun)
    return {
        "sessions": len(begun),
        **{column: kinds.count(kind) for kind, column in WEB_EVENTS.items()},
        "other_events": sum(kind not in WEB_EVENTS for kind in kinds),
        "distinct_users": len(firsts),
        "new_users": sum(period.start <= first_day <= period.end for first_day in firsts.values()),
        "engaged_sessions": len(begun) - bounced,
        "bounced_sessions": bounced,
        "bounce_rate": ratio(bounced, len(begun)),
        "total_session_seconds": total,
        "average_session_seconds": ratio(total, len(begun)),
        "cart_sessions": cart,
        "checkout_sessions": checkout,
        "purchase_sessions": purchase,
        "cart_rate": ratio(cart, len(begun)),
        "checkout_rate": ratio(checkout, len(begun)),
        "purchase_rate": ratio(purchase, len(begun)),
    }


def _product_measures(facts: Facts, *_: object) -> Row:
    events: list[Row] = list(facts["events"])
    kinds = [code(event["event_type"]) for event in events]
    purchases = [event for event in events if code(event["event_type"]) == "purchase"]
    revenue = sum(
        _units(event) * event["price"]
        for event in purchases
        if event["price"] is not None and (_currency(event) or CURRENCY) == CURRENCY
    )

    def users(kind: str) -> int:
        return len({e["user_id"] for e in events if code(e["event_type"]) == kind and e["user_id"]})

    return {
        "currency_code": CURRENCY,
        **{column: kinds.count(kind) for kind, column in PRODUCT_EVENTS.items()},
        "units_sold": sum(_units(event) for event in purchases),
        "purchases_without_quantity": sum(event["quantity"] is None for event in purchases),
        "revenue_amount": rounded(revenue),
        "purchases_without_price": sum(event["price"] is None for event in purchases),
        "purchases_in_other_currencies": sum((_currency(event) or CURRENCY) != CURRENCY for event in purchases),
        "view_to_purchase_rate": ratio(len(purchases), kinds.count("view")),
        "distinct_viewers": users("view"),
        "distinct_buyers": users("purchase"),
    }


def _sales_measures(facts: Facts, *_: object) -> Row:
    paid: list[Order] = list(facts["paid"])
    taken_back = [order for order in facts["cancelled"] if order.is_cancelled_after_payment]
    gross = rounded(sum(order.amount or 0 for order in paid))
    cancelled = rounded(sum(order.amount or 0 for order in taken_back))
    return {
        "orders_created": len(facts["created"]),
        "orders_without_created_event": len(facts["uncreated"]),
        "orders_paid": len(paid),
        "orders_cancelled": len(facts["cancelled"]),
        "paid_orders_cancelled": len(taken_back),
        "gross_amount": gross,
        "cancelled_amount": cancelled,
        "net_amount": gross - cancelled,
        "items": sum(order.items or 0 for order in paid),
        "paid_orders_without_amount": sum(order.amount is None for order in paid),
        "distinct_buyers": len({order.user_id for order in paid} - {None}),
        "average_order_value": ratio(gross, len(paid)),
    }


def _units(event: Row) -> int:
    return 1 if event["quantity"] is None else int(event["quantity"])


def _currency(event: Row) -> str | None:
    """The currency that an event's data names."""
    try:
        data = json.loads(event["data"] or "")
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    named = [text(str(data[key])) for key in ("currency_code", "currency") if data.get(key) is not None]
    return next((name.upper() for name in named if name), None)


def _ordered(events: Iterable[Row]) -> list[Row]:
    return sorted(events, key=lambda event: (event["timestamp"], order_of(event["id"])))
