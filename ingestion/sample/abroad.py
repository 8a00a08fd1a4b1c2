"""Orders from abroad, which a marketplace sends on: other currencies, and everything that may be missing of an order.

They are drawn apart from the shop's own, which they change nothing of, and take turns in what is odd with them, so that
ten orders show all of it.

Belongs here: these visits, orders and what becomes of them. Not here: the shop's own orders (orders.py).
"""

import sqlite3
from typing import NamedTuple

from ingestion.sample.flaws import Row, Value
from ingestion.sample.products import PRODUCTS, RECOMMENDERS, described, price_cents
from ingestion.sample.source import Changes, to_json
from ingestion.sample.today import DAY_SECONDS, Today, stamp

ORDERS_PER_DAY = 0.6
PREFIX = "abroad-"
"""What the ids of these orders begin with."""
IS_FROM_ABROAD = f"order_id >= '{PREFIX}' and order_id < '{PREFIX}~'"
"""As the index on them has it."""
CUSTOMERS = 12
AGENT = "Marketplace/7.1 (feed)"
PAID_AGAIN_SECONDS = 1_800
SHIPPED_AFTER_DAYS, DELIVERED_AFTER_DAYS, REFUNDED_AFTER_DAYS = 2, 5, 9


class Oddity(NamedTuple):
    """What an order of its kind says, and leaves out."""

    currency: str = "EUR"
    is_created: bool = True
    has_total: bool = True
    has_price: bool = True
    has_quantity: bool = True
    is_paid: bool = True
    is_paid_at_second_try: bool = False
    is_refunded: bool = False
    has_slow_clocks: bool = False


ODDITIES = (
    Oddity(),
    Oddity("USD", has_total=False, has_price=False, is_refunded=True),
    Oddity("GBP", is_paid_at_second_try=True, is_refunded=True),
    Oddity(is_created=False),
    Oddity(is_paid=False),
    Oddity("USD", has_quantity=False, is_paid_at_second_try=True),
    Oddity(has_slow_clocks=True),
)


def buy(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Let customers abroad follow a recommendation, and buy what they see."""
    rng = today.rng
    (last,) = db.execute(f"select max(order_id) from order_events where {IS_FROM_ABROAD}").fetchone()
    number = int(last.removeprefix(PREFIX)) + 1 if last else 0
    for order in range(number, number + today.count(ORDERS_PER_DAY)):
        odd = ODDITIES[order % len(ODDITIES)]
        at = today.start + int((DAY_SECONDS - 4 * PAID_AGAIN_SECONDS) * rng.random())
        user_id = f"u-abroad-{1 + int(CUSTOMERS * rng.random()):02d}"
        product, quantity = 1 + int(PRODUCTS * rng.random() ** 2), 1 + int(rng.expovariate(1.6))
        said = described(product, today.index) | {"currency": odd.currency}
        clicked = said | {"recommender": rng.choice(RECOMMENDERS)}
        cents = price_cents(product)

        visit = (f"m-{rng.getrandbits(64):016x}", "192.0.2.7")
        steps: tuple[tuple[str, dict[str, Value]], ...] = (
            ("product_view", {"product_id": product} | clicked),
            ("add_to_cart", {"product_id": product, "quantity": quantity}),
            ("checkout_start", {"items": 1}),
            ("checkout_complete", {"items": 1}),
        )
        for minute, (step, data) in enumerate(steps):
            seen: Row = (None, step, user_id, visit[0], to_json(data), visit[1], AGENT, stamp(at + 60 * minute))
            changes.insert("user_events", seen)
        price = cents / 100
        changes.insert(
            "product_events",
            (None, "view", product, user_id, None, price, to_json(clicked), stamp(at)),
            (None, "cart_add", product, user_id, quantity, price, to_json(said), stamp(at + 60)),
            (
                *(None, "purchase", product, user_id, quantity if odd.has_quantity else None),
                *(price if odd.has_price else None, to_json(said), stamp(at + 180)),
            ),
        )
        total = cents * quantity / 100 if odd.has_total else None
        known = (f"{PREFIX}{order:06d}", user_id, total, quantity, "marketplace", to_json({"currency": odd.currency}))
        tries = (0, PAID_AGAIN_SECONDS) if odd.is_paid_at_second_try else (0,)
        events = [("created", 180)] if odd.is_created else []
        events += [("payment_started", 200 + later) for later in tries]
        if odd.is_paid:
            slow = 600 if odd.has_slow_clocks else 0
            events += [("payment_completed", 230 + tries[-1] - slow), ("confirmed", 300 + tries[-1])]
        for event_type, seconds in events:
            changes.insert("order_events", (None, event_type, *known, stamp(at + seconds)))


def go_on(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Ship, deliver and give back what was paid so many days ago."""
    rng = today.rng
    for event_type, days in (
        ("shipped", SHIPPED_AFTER_DAYS),
        ("delivered", DELIVERED_AFTER_DAYS),
        ("refunded", REFUNDED_AFTER_DAYS),
    ):
        start = today.start - days * DAY_SECONDS
        paid = db.execute(
            "select order_id, user_id, order_total, items_count, payment_method, data from order_events"
            " where timestamp >= ? and timestamp < ? and event_type = 'payment_completed'"
            " and order_id like ? order by order_id",
            (stamp(start), stamp(start + DAY_SECONDS), PREFIX + "%"),
        ).fetchall()
        for known in paid:
            odd = ODDITIES[int(known[0].removeprefix(PREFIX)) % len(ODDITIES)]
            if event_type != "refunded" or odd.is_refunded:
                at = today.start + int(DAY_SECONDS * rng.random())
                # By their clocks, it had arrived before it was sent, and was sent before it was paid.
                at -= 2 * days * DAY_SECONDS if odd.has_slow_clocks else 0
                changes.insert("order_events", (None, event_type, *known, stamp(at)))
