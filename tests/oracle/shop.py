"""What the marts of the web shop must hold.

Belongs here: sessions, and what marts count. Not here: orders (orders.py), what data says (payload.py), customers
(customers.py).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from oracle.arithmetic import quantile, ratio, rounded, seconds
from oracle.orders import Order, Refund, currency_of, in_order
from oracle.payload import Products, said
from oracle.periods import Counted, Facts, Mart, Period, Row, local_date, periodic_marts
from oracle.sources import (
    CURRENCY,
    UNKNOWN,
    Source,
    code,
    own_word,
    plausible,
    plausible_amount,
    plausible_count,
    text,
)
from oracle.visits import acquisition, acquisition_measures, journey_measures, journeys

TENANT = "shop:default"
ZONE = ZoneInfo("UTC")
SESSION_GAP = timedelta(minutes=30)
SESSION_CUT = timedelta(hours=24)
RECOMMENDATION_WINDOW = timedelta(hours=24)
BOT_EVENTS = 500
BOTS = re.compile(r"(?<!cu)bot|crawl|spider|slurp|headless|^curl|^wget|^python", re.IGNORECASE)
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
class Session:
    """A session's events in order, and the visitor if known."""

    events: list[Row]
    user_id: str | None

    @property
    def kinds(self) -> list[str]:
        """The kinds of its events."""
        return [code(event["event_type"]) or "" for event in self.events]

    @property
    def started_at(self) -> datetime:
        """Its first event."""
        started_at: datetime = self.events[0]["timestamp"]
        return started_at

    @property
    def seconds(self) -> Fraction:
        """From its first event to its last."""
        return seconds(self.started_at, self.events[-1]["timestamp"])

    @property
    def is_bot(self) -> bool:
        """Whether a user agent says so, or nobody does so much."""
        return len(self.events) > BOT_EVENTS or any(BOTS.search(event["user_agent"] or "") for event in self.events)

    def reaches(self, *steps: str) -> bool:
        """Whether each step follows the one before it."""
        rest = iter(self.kinds)
        return all(step in rest for step in steps)


class Shop:
    """The shop's rows, read once."""

    def __init__(self, source: Source) -> None:
        tables = {table: list(map(_meant, rows)) for table, rows in source.tables.items()}
        self.web_events, self.product_events = tables["user_events"], tables["product_events"]
        events_by_order = defaultdict(list)
        for event in tables["order_events"]:
            events_by_order[event["order_id"]].append(event)
        self.orders = [Order.of(events) for events in events_by_order.values()]
        self.today = local_date(source.as_of, ZONE)
        tomorrow = datetime.combine(self.today + timedelta(days=1), time(), ZONE)
        self.products = Products(self.product_events, self.web_events, tomorrow)

    def marts(self) -> list[Mart]:
        """All marts of the shop but those of customers."""
        web, products, sales = list(self._web()), list(self._products()), list(self._sales())
        categories = [replace(one, group=(self.products.category(one.fact["product_id"]),)) for one in products]
        visits = [session for session in sessions(self.web_events) if not session.is_bot]
        few = [
            # Of the many combinations only those with something on the day.
            ("products", "product_id", products, self._described_product_measures),
            ("categories", "category", categories, _product_measures),
            ("search_terms", "term", self._searches(), _search_measures),
            ("recommendations", "recommender", self._recommendations(), _recommendation_measures),
            ("journeys", "path", journeys(visits, TENANT, _day_of), journey_measures),
            ("acquisition", "channel", acquisition(visits, self.orders, TENANT, _day_of), acquisition_measures),
        ]
        return [
            *periodic_marts("web_behavior", (), web, _web_measures, self._local_today),
            *(
                mart
                for name, dimension, counted, measures in few
                for mart in periodic_marts(name, (dimension,), counted, measures, self._local_today, quiet_days=0)
            ),
            *periodic_marts("sales", ("payment_method", "currency_code"), sales, _sales_measures, self._local_today),
            *periodic_marts(
                "order_lifecycle", ("payment_method",), self._created(), _lifecycle_measures, self._local_today
            ),
        ]

    def _local_today(self, _tenant_key: str) -> date:
        return self.today

    def _web(self) -> Iterator[Counted]:
        first_days: dict[str, date] = {}
        begun = sorted(sessions(self.web_events), key=lambda session: session.started_at)
        people = in_order(event for session in begun if not session.is_bot for event in session.events)
        for event in people:
            day = local_date(event["timestamp"], ZONE)
            first_day = first_days.setdefault(event["user_id"], day) if event["user_id"] else None
            yield Counted("events", TENANT, (), day, (event, first_day))
        for session in begun:
            kind = "bots" if session.is_bot else "sessions"
            yield Counted(kind, TENANT, (), local_date(session.started_at, ZONE), session)
            for event in session.events if session.is_bot else ():
                yield Counted("events_of_bots", TENANT, (), local_date(event["timestamp"], ZONE), event)

    def _products(self) -> Iterator[Counted]:
        for event in self.product_events:
            if event["timestamp"]:
                day = local_date(event["timestamp"], ZONE)
                yield Counted("events", TENANT, (event["product_id"] or UNKNOWN,), day, event)

    def _described_product_measures(self, facts: Facts, tenant_key: str, group: tuple[str, ...], period: Period) -> Row:
        [product_id] = group
        product = None if product_id == UNKNOWN else product_id
        described = {"product_name": self.products.name(product), "category": self.products.category(product)}
        return described | _product_measures(facts, tenant_key, group, period)

    def _searches(self) -> Iterator[Counted]:
        for session in sessions(self.web_events):
            for place, event in enumerate(() if session.is_bot else session.events):
                if session.kinds[place] == "search":
                    term = text((said(event, "query") or "")[:200]) or UNKNOWN
                    later = session.kinds[place + 1 :]
                    day = local_date(event["timestamp"], ZONE)
                    yield Counted("searches", TENANT, (term,), day, (event, session.events[0]["id"], later))

    def _recommendations(self) -> Iterator[Counted]:
        views = in_order(event for event in self.product_events if code(event["event_type"]) == "view")
        clicks = [
            (event, who)
            for event in views
            if event["timestamp"] and (who := own_word(code(said(event, "recommender"))))
        ]
        for click, recommender in clicks:
            yield Counted("clicks", TENANT, (recommender,), local_date(click["timestamp"], ZONE), click)
        for event in self.product_events:
            at = event["timestamp"]
            if code(event["event_type"]) != "purchase" or not at or local_date(at, ZONE) > self.today:
                continue
            before = [
                (click, recommender)
                for click, recommender in clicks
                if event["user_id"]
                and event["product_id"]
                and (click["user_id"], click["product_id"]) == (event["user_id"], event["product_id"])
                and timedelta() <= at - click["timestamp"] <= RECOMMENDATION_WINDOW
            ]
            for click, recommender in before[-1:]:
                yield Counted("purchases", TENANT, (recommender,), local_date(click["timestamp"], ZONE), event)

    def _created(self) -> Iterator[Counted]:
        for order in self.orders:
            if order.created_at:
                yield Counted("created", TENANT, (order.payment_method,), local_date(order.created_at, ZONE), order)

    def _sales(self) -> Iterator[Counted]:
        for order in self.orders:
            group = (order.payment_method, order.currency_code)
            moments = [
                ("created", group, order.created_at, order),
                ("uncreated", group, None if order.is_created else order.first_at, order),
                ("started", (order.started_method, order.currency_code), order.started_at, order),
                ("paid", group, order.paid_at, order),
                ("cancelled", group, order.cancelled_at, order),
            ]
            refunds = [("refunded", (order.payment_method, one.currency_code), one.at, one) for one in order.refunds]
            for kind, of_group, moment, fact in (*moments, *refunds):
                if moment is not None:
                    yield Counted(kind, TENANT, of_group, local_date(moment, ZONE), fact)


def sessions(events: Iterable[Row]) -> Iterator[Session]:
    """Group events by session id and visitor; without a session id by user; without either each is a session.

    What of them follows without a long pause is a session, cut every so many hours from its beginning.
    """
    scopes = defaultdict(list)
    for event in events:
        scope = ("session", event["session_id"]) if event["session_id"] else ("user", event["user_id"])
        scopes[scope if scope[1] else ("event", event["id"])].append(event)
    for scoped in scopes.values():
        users = {event["user_id"] for event in scoped if event["user_id"]}
        only_user = next(iter(users)) if len(users) == 1 else None
        visits = defaultdict(list)
        for event in scoped:
            if event["timestamp"]:
                visits[event["user_id"] or only_user].append(event)
        for user_id, visit in visits.items():
            yield from _sessions_of_a_visitor(in_order(visit), user_id)


def _sessions_of_a_visitor(events: list[Row], user_id: str | None) -> Iterator[Session]:
    began_at = previous_at = events[0]["timestamp"]
    part: list[Row] = []
    parts = 0
    for event in events:
        at = event["timestamp"]
        if at - previous_at > SESSION_GAP:
            yield Session(part, user_id)
            part, parts, began_at = [], 0, at
        elif (at - began_at) // SESSION_CUT != parts:
            yield Session(part, user_id)
            part, parts = [], (at - began_at) // SESSION_CUT
        part.append(event)
        previous_at = at
    yield Session(part, user_id)


def _web_measures(facts: Facts, _tenant_key: str, _group: tuple[str, ...], period: Period) -> Row:
    kinds = [code(event["event_type"]) for event, _ in facts["events"]]
    begun: list[Session] = list(facts["sessions"])
    carts = [session for session in begun if "add_to_cart" in session.kinds]
    abandoned = sum("checkout_complete" not in session.kinds for session in carts)
    firsts = {event["user_id"]: first_day for event, first_day in facts["events"] if event["user_id"]}
    total = rounded(sum(session.seconds for session in begun))
    bounced = sum(len(session.events) == 1 for session in begun)
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
        "bot_sessions": len(facts["bots"]),
        "carts": len(carts),
        "abandoned_carts": abandoned,
        "cart_abandonment_rate": ratio(abandoned, len(carts)),
        "cart_sessions": len(carts),
        "checkout_sessions": checkout,
        "purchase_sessions": purchase,
        "cart_rate": ratio(len(carts), len(begun)),
        "checkout_rate": ratio(checkout, len(begun)),
        "purchase_rate": ratio(purchase, len(begun)),
    }


def _product_measures(facts: Facts, *_: object) -> Row:
    events: list[Row] = list(facts["events"])
    kinds = [code(event["event_type"]) for event in events]
    purchases = [event for event in events if code(event["event_type"]) == "purchase"]
    revenue = sum(
        plausible_amount(_units(event) * event["price"]) or 0
        for event in purchases
        if event["price"] is not None and (currency_of(event) or CURRENCY) == CURRENCY
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
        "purchases_in_other_currencies": sum((currency_of(event) or CURRENCY) != CURRENCY for event in purchases),
        "view_to_purchase_rate": ratio(len(purchases), kinds.count("view")),
        "distinct_viewers": users("view"),
        "distinct_buyers": users("purchase"),
    }


def _search_measures(facts: Facts, *_: object) -> Row:
    found = [plausible_count(_whole(said(event, "result_count"))) for event, _, _ in facts["searches"]]
    return {
        "searches": len(found),
        "searching_sessions": len({session for _, session, _ in facts["searches"]}),
        "zero_result_searches": found.count(0),
        "searches_without_result_count": found.count(None),
        "searches_with_product_view": sum("product_view" in later for _, _, later in facts["searches"]),
        "searches_with_purchase": sum("checkout_complete" in later for _, _, later in facts["searches"]),
    }


def _recommendation_measures(facts: Facts, *_: object) -> Row:
    bought = _product_measures({"events": facts["purchases"]})
    kept = ("currency_code", "purchases", "revenue_amount", "purchases_without_price", "purchases_in_other_currencies")
    return {
        **{column: bought[column] for column in kept},
        "clicks": len(facts["clicks"]),
        "distinct_users": len({click["user_id"] for click in facts["clicks"]} - {None, ""}),
        "purchase_rate": ratio(bought["purchases"], len(facts["clicks"])),
    }


def _whole(shown: str | None) -> int | None:
    """A whole number of at most 18 digits."""
    digits = re.fullmatch(r"([0-9]{1,18})([.]0+)?", shown or "")
    return int(digits[1]) if digits else None


def _sales_measures(facts: Facts, *_: object) -> Row:
    paid: list[Order] = list(facts["paid"])
    started: list[Order] = list(facts["started"])
    refunds: list[Refund] = list(facts["refunded"])
    taken_back = [order for order in facts["cancelled"] if order.is_cancelled_after_payment]
    gross = rounded(sum(order.amount or 0 for order in paid))
    cancelled = rounded(sum(order.amount or 0 for order in taken_back))
    refunded = rounded(sum(one.amount or 0 for one in refunds))
    completed = sum(order.is_paid for order in started)
    return {
        "orders_created": len(facts["created"]),
        "orders_without_created_event": len(facts["uncreated"]),
        "payments_started": len(started),
        "payments_completed": completed,
        "payment_success_rate": ratio(completed, len(started)),
        "orders_paid": len(paid),
        "orders_cancelled": len(facts["cancelled"]),
        "paid_orders_cancelled": len(taken_back),
        "gross_amount": gross,
        "cancelled_amount": cancelled,
        "refunds": len(refunds),
        "refunds_without_amount": sum(one.amount is None for one in refunds),
        "refunded_amount": refunded,
        "net_amount": gross - cancelled - refunded,
        "items": sum(order.items or 0 for order in paid),
        "paid_orders_without_amount": sum(order.amount is None for order in paid),
        "distinct_buyers": len({order.user_id for order in paid} - {None}),
        "average_order_value": ratio(gross, len(paid)),
    }


def _lifecycle_measures(facts: Facts, *_: object) -> Row:
    orders: list[Order] = list(facts["created"])
    steps = {
        "paid": [(order.created_at, order.paid_at) for order in orders],
        "shipped": [(order.paid_at, order.shipped_at) for order in orders],
        "delivered": [(order.shipped_at, order.delivered_at) for order in orders],
    }
    row: Row = {
        "orders_created": len(orders),
        "orders_paid": sum(order.is_paid for order in orders),
        "orders_shipped": sum(order.is_shipped for order in orders),
        "orders_delivered": sum(order.is_delivered for order in orders),
        "orders_cancelled": sum(order.is_cancelled for order in orders),
    }
    for step, moments in steps.items():
        known = [(start, end) for start, end in moments if start and end]
        hours = [Fraction(seconds(start, end)) / 3600 for start, end in known if end >= start]
        total = rounded(sum(hours))
        row |= {
            f"timed_to_{step}": len(hours),
            f"total_hours_to_{step}": total,
            f"average_hours_to_{step}": ratio(total, len(hours)),
            f"p50_hours_to_{step}": quantile(hours, 50),
            f"p90_hours_to_{step}": quantile(hours, 90),
            f"invalid_times_to_{step}": len(known) - len(hours),
        }
    return row


def _day_of(instant: datetime) -> date:
    return local_date(instant, ZONE)


def _units(event: Row) -> int:
    return 1 if event["quantity"] is None else int(event["quantity"])


def _meant(row: Row) -> Row:
    """A row without what a business can't have meant."""
    readers: dict[str, Callable[[Any], Any]] = {
        "timestamp": plausible,
        "order_total": plausible_amount,
        "price": plausible_amount,
        "quantity": plausible_count,
        "items_count": plausible_count,
    }
    return {column: readers[column](value) if column in readers else value for column, value in row.items()}
