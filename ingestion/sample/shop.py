"""The web shop: visits to its pages, what they do to products, and the orders they end in.

Belongs here: tables, visitors and sessions. Not here: the life of an order (orders.py), what is sold (products.py).
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from ingestion.sample import abroad
from ingestion.sample.flaws import Flaw, Row, Value, always, timestamps, where
from ingestion.sample.orders import OrderBook
from ingestion.sample.products import (
    PRODUCTS,
    SEARCHES,
    arrived,
    described,
    price_cents,
    recommended,
    registered,
    searched,
)
from ingestion.sample.source import Changes, Source, Table, largest_id, to_json
from ingestion.sample.today import RETAIL, Rhythm, Today, stamp

SESSIONS_PER_DAY = 23.0

TABLES = {
    "user_events": Table(
        {
            "id": "integer primary key",
            "event_type": "text not null",
            "user_id": "text",
            "session_id": "text",
            "data": "text",
            "ip_address": "text",
            "user_agent": "text",
            "timestamp": "timestamp",
        }
    ),
    "product_events": Table(
        {
            "id": "integer primary key",
            "event_type": "text not null",
            "product_id": "integer",
            "user_id": "text",
            "quantity": "integer",
            "price": "numeric(12,2)",
            "data": "text",
            "timestamp": "timestamp",
        }
    ),
    "order_events": Table(
        {
            "id": "integer primary key",
            "event_type": "text not null",
            "order_id": "text",
            "user_id": "text",
            "order_total": "numeric(12,2)",
            "items_count": "integer",
            "payment_method": "text",
            "data": "text",
            "timestamp": "timestamp",
        },
        # Finds the orders still on their way, and the last one from abroad.
        indexes=("(timestamp)", f"(order_id) where {abroad.IS_FROM_ABROAD}"),
    ),
}

FLAWS = (
    *timestamps("user_events", "timestamp"),
    *timestamps("order_events", "timestamp"),
    Flaw("product_events", "quantity", always("n/a")),
    Flaw("product_events", "price", always("free")),
    Flaw("order_events", "items_count", always("n/a")),
    Flaw("order_events", "payment_method", always("")),
    Flaw("user_events", "data", always('{"path": "/checkout"')),
    Flaw("user_events", "user_id", always("")),
    Flaw("user_events", "session_id", always(None)),
    Flaw("user_events", "event_type", always("Page_View ")),
    Flaw("product_events", "product_id", always(None)),
    Flaw("user_events", "timestamp", always("1970-01-01 00:00:00+00:00")),
    Flaw("product_events", "price", always(1e20)),
    Flaw("order_events", "payment_method", always("card\r\n")),
)

SLIPS = (
    Flaw("user_events", "event_type", always("video_play"), where("event_type", "page_view")),
    Flaw("product_events", "data", always('{"product_name": "Blue '), where("event_type", "view")),
)

PATHS = ("/", "/sale", "/about", "/new", "/faq", "/stores")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0 Safari/537.36",
    "ShopApp/4.2 (Android 16)",
)
CRAWLER = "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://example.com/bot)"
TABLET = "s-tablet-in-the-store"
"""The session id that customers share who look at the shop on the store's tablet."""
REVIEWS = ("Great", "Too small", "Muy bonito, gracias", "⭐⭐⭐⭐", "As described")


class Visitor(NamedTuple):
    """Who visits, and what the server sees of them."""

    user_id: str | None
    session_id: str | None
    ip_address: str
    user_agent: str
    is_new: bool = False


class Session:
    """One visit: walks through the shop until it is over or the day is."""

    def __init__(self, today: Today, visitor: Visitor, start: int, until: int) -> None:
        self._rng = today.rng
        self._said = today.said
        self._day = today.index
        self._visitor = visitor
        self._now = start
        self._until = until
        self.user_events: list[Row] = []
        self.product_events: list[Row] = []
        self.cart: list[tuple[int, int]] = []
        self.ordered_at: int | None = None

    def walk(self) -> "Session":
        """Go down the funnel: pages, products, cart, checkout, purchase."""
        rng = self._rng
        self._visit("page_view", path=PATHS[int(6 * rng.random() ** 3)], **arrived(self._said))
        if self._visitor.is_new:
            self._visit("registration", **registered(self._said))
        elif rng.random() < 0.3:
            return self
        elif self._visitor.user_id and rng.random() < 0.3:
            self._visit("login", method="password")
        self.browse()
        if self.cart and rng.random() < 0.6:
            self._visit("checkout_start", items=len(self.cart))
            if rng.random() < 0.65 and self._visitor.user_id:
                self._check_out()
        return self

    def browse(self) -> "Session":
        """Look at some products; a few land in the cart or on the wish list."""
        rng = self._rng
        for _ in range(1 + int(rng.expovariate(0.7))):
            kind = rng.random()
            if kind < 0.15:
                self._visit("search", **searched(self._said, SEARCHES[int(7 * rng.random())]))
            elif kind < 0.35:
                self._visit("page_view", path=PATHS[int(6 * rng.random())])
            product = 1 + int(PRODUCTS * rng.random() ** 2)
            said = described(product, self._day) | recommended(self._said)
            self._visit("product_view", product_id=product, **said)
            self._touch("view", product, said=said)
            choice = rng.random()
            if choice < 0.26:
                quantity = 1 + int(rng.expovariate(1.6))
                self._visit("add_to_cart", product_id=product, quantity=quantity)
                self._touch("cart_add", product, quantity)
                self.cart.append((product, quantity))
            elif choice < 0.31:
                self._touch("wishlist_add", product)
            elif choice < 0.33:
                self._touch("review", product, said={"text": REVIEWS[int(5 * rng.random())]})
        if len(self.cart) > 1 and rng.random() < 0.25:
            self._touch("cart_remove", *self.cart.pop())
        return self

    def crawl(self) -> "Session":
        """Fetch page after page, as search engines do."""
        for number in range(2 + int(12 * self._rng.random())):
            self._visit("page_view", path=PATHS[number % len(PATHS)])
        return self

    def _check_out(self) -> None:
        self._visit("checkout_complete", items=len(self.cart))
        if self._now < self._until - 1:
            self.ordered_at = self._now
            for product, quantity in self.cart:
                self._touch("purchase", product, quantity)

    def _visit(self, event_type: str, **data: Value) -> None:
        rng = self._rng
        if self.user_events:
            # One gap in fifty is a long one: two sessions where there is no session id.
            pause = 1900 + 900 * rng.random() if rng.random() < 0.02 else 0
            self._now += 2 + int(20 * rng.lognormvariate(0, 1.0) + pause)
        if self._now < self._until:
            who = self._visitor
            row = (event_type, who.user_id, who.session_id, to_json(data))
            self.user_events.append((None, *row, who.ip_address, who.user_agent, stamp(self._now)))

    def _touch(
        self, event_type: str, product: int, quantity: int | None = None, said: dict[str, Value] | None = None
    ) -> None:
        if self._now < self._until:
            data = to_json(said) if said else None
            price = price_cents(product) / 100
            row = (event_type, product, self._visitor.user_id, quantity, price, data)
            self.product_events.append((None, *row, stamp(self._now)))


def found(_today: Today) -> Changes:
    """Nothing is there before the first visit."""
    return Changes()


def happen(db: sqlite3.Connection, today: Today) -> Changes:
    """Visits of the day, those that go on after midnight, late ones from offline apps; orders."""
    rng = today.rng
    changes = Changes()
    orders = OrderBook(today, changes)
    rhythm = Rhythm(RETAIL, today, "UTC")
    for start in rhythm.instants(rng, today.count(SESSIONS_PER_DAY, rhythm.intensity)):
        session = Session(today, _visitor(today), start, today.end).walk()
        _record(changes, orders, session)
    for visitor in _still_here(db, today):
        start = today.start + int(40 * rng.lognormvariate(0, 1))
        _record(changes, orders, Session(today, visitor, start, today.end).browse())
    for start in rhythm.instants(rng, today.count(0.4)):
        lag = today.lag_seconds()
        session = Session(today, _visitor(today), start - lag, today.end - lag).walk()
        _record(changes, orders, session, late=True)
    orders.go_on(db, rhythm)
    orders.come_back(db, rhythm)
    abroad.buy(db, today.aside("abroad"), changes)
    abroad.go_on(db, today.aside("from abroad"), changes)
    _crawl(today.aside("crawled"), changes)
    if today.days_left < 0:
        orders.give_back(db)
    for rows in changes.inserts.values():
        rows.sort(key=lambda row: str(row[-1]))
    return changes


def _record(changes: Changes, orders: OrderBook, session: Session, *, late: bool = False) -> None:
    changes.insert("user_events", *session.user_events, late=late)
    changes.insert("product_events", *session.product_events, late=late)
    if session.ordered_at is not None:
        user_id = str(session.user_events[0][2])
        cents = sum(price_cents(product) * quantity for product, quantity in session.cart)
        items = sum(quantity for _, quantity in session.cart)
        orders.place(session.ordered_at, user_id, cents, items, late=late)


def _crawl(today: Today, changes: Changes) -> None:
    rng = today.rng
    for _ in range(today.count(0.8)):
        # In the small hours, long before the midnight that others look on over.
        start = today.start + int(4 * 3600 * rng.random())
        visitor = Visitor(None, f"s-{rng.getrandbits(64):016x}", "192.0.2.66", CRAWLER)
        changes.insert("user_events", *Session(today, visitor, start, today.end).crawl().user_events)


def _visitor(today: Today) -> Visitor:
    rng = today.rng
    # The shop gains four customers a day; the newest are the likeliest to come.
    known = 40 + int((300 + 4 * today.index) * today.scale)
    newest = max(1, int(4 * today.scale))
    recency = int(known * rng.random() ** 2.2)
    is_new = recency < newest and rng.random() < 0.6
    user_id = None if rng.random() < 0.22 else f"u-{known - recency:07d}"
    # An old app sends no session id.
    session_id = None if rng.random() < 0.06 else f"s-{rng.getrandbits(64):016x}"
    network = "203.0.113" if rng.random() < 0.5 else "198.51.100"
    ip_address = f"{network}.{1 + recency % 254}"
    agent = AGENTS[recency % 4]
    if user_id is None and recency % 23 == 7:
        agent = CRAWLER
    elif recency % 37 == 5:
        session_id = TABLET
    return Visitor(user_id, session_id, ip_address, agent, is_new and user_id is not None)


def _still_here(db: sqlite3.Connection, today: Today) -> Iterable[Visitor]:
    """Visitors in the shop at midnight of whom most look on a little."""
    tail = largest_id(db, "user_events") - 40 - int(60 * today.scale)
    rows = db.execute(
        "select max(user_id), session_id, max(ip_address), max(user_agent) from user_events"
        " where id > ? and timestamp >= ? and session_id is not null"
        " group by session_id order by session_id",
        (tail, stamp(today.start - 600)),
    ).fetchall()
    return [Visitor(*row) for row in rows if today.rng.random() < 0.7]


SOURCE = Source("shop", TABLES, FLAWS, found, happen, SLIPS)
