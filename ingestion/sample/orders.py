"""The life of a shop order: created, paid, confirmed, shipped, delivered, or cancelled on the way; some are refunded.

Belongs here: order events. Not here: how a visit gets to an order (shop.py).
"""

import sqlite3

from ingestion.sample.abroad import IS_FROM_ABROAD
from ingestion.sample.flaws import Value
from ingestion.sample.source import Changes
from ingestion.sample.today import DAY_SECONDS, Rhythm, Today, stamp

PAYMENT_METHODS = ("card", "card", "card", "paypal", "bank_transfer", "invoice")
OPEN_DAYS = 12
"""Orders older than this rest as they are, but for a late payment or a refund."""
LATE_DAYS = 20
REFUND_DAYS = 7
FOREIGN = {
    40: '{"currency": {"code": "EUR"}}',
    41: '{"currency_code": "gbp"}',
    42: '{"currency": "XX?"}',
}
"""What the events of some of a hundred orders say of their currency; the last has a name that nobody knows."""

_OPEN_ORDERS = f"""
    select
        order_id,
        max(user_id),
        max(order_total),
        min(items_count),
        max(payment_method),
        max(event_type = 'payment_completed'),
        max(event_type = 'confirmed'),
        max(event_type = 'shipped')
    from order_events
    where timestamp >= ? and order_id is not null and not ({IS_FROM_ABROAD})
    group by order_id
    having not max(event_type in ('delivered', 'cancelled'))
    order by order_id
"""


_ORDERS_OF_A_DAY = f"""
    select order_id, max(user_id), max(order_total), min(items_count), max(payment_method)
    from order_events
    where order_id in (
        select order_id
        from order_events
        where event_type = ? and timestamp >= ? and timestamp < ? and not ({IS_FROM_ABROAD})
    )
    group by order_id
    having not max(event_type in (?, ?))
    order by order_id
"""


class OrderBook:
    """Writes the day's order events."""

    def __init__(self, today: Today, changes: Changes) -> None:
        self._today = today
        self._changes = changes
        self._placed = 0

    def place(self, at: int, user_id: str, cents: int, items: int, *, late: bool) -> None:
        """Create an order and take the payment at once, as most customers do."""
        rng = self._today.rng
        self._placed += 1
        method = PAYMENT_METHODS[int(6 * rng.random())]
        order_id = f"ord-{self._today.day:%Y%m%d}-{self._placed:06d}"
        order = (order_id, user_id, cents / 100, items, method)
        chance = rng.random()
        data = FOREIGN.get(int(100 * chance))
        self._write("created", order, at, late=late, data=data)
        if chance < 0.04:
            self._write("cancelled", order, at + 200, late=late, data='{"reason": "changed mind"}')
        elif chance < 0.92:
            self._pay(order, at + 5 + int(15 * rng.lognormvariate(0, 1)), late=late, data=data)

    def go_on(self, db: sqlite3.Connection, rhythm: Rhythm) -> None:
        """Take the open orders of the last days one step further, or leave or cancel them."""
        today, rng = self._today, self._today.rng
        since = stamp(today.start - OPEN_DAYS * DAY_SECONDS)
        for *order, paid, confirmed, shipped in db.execute(_OPEN_ORDERS, (since,)).fetchall():
            chance = rng.random()
            at = rhythm.instant(rng)
            # A carrier reports some steps a day or more after they were taken.
            late = rng.random() < 0.03
            if late:
                at -= today.lag_seconds()
            if shipped:
                if chance < 0.4:
                    self._write("delivered", tuple(order), at, late=late)
            elif confirmed or paid:
                if chance < 0.03:
                    self._write("cancelled", tuple(order), at, late=late, data='{"refund": true}')
                elif not confirmed:
                    self._write("confirmed", tuple(order), at, late=late)
                elif chance < 0.6:
                    self._write("shipped", tuple(order), at, late=late, data='{"carrier": "blue"}')
            elif chance < 0.25:
                self._pay(tuple(order), at, late=late)
            elif chance < 0.45:
                self._write("cancelled", tuple(order), at, late=late)

    def come_back(self, db: sqlite3.Connection, rhythm: Rhythm) -> None:
        """Take a payment that nobody expected any more, and give some money back."""
        rng = self._today.rng
        for order in self._orders_of(db, LATE_DAYS, "payment_started", ("payment_completed", "cancelled")):
            if rng.random() < 0.6:
                self._write("payment_completed", order, rhythm.instant(rng), late=False)
        for order_id, user_id, total, items, method in self._orders_of(
            db, REFUND_DAYS, "delivered", ("refunded", "cancelled")
        ):
            if rng.random() < 0.06:
                share = 1 if rng.random() < 0.4 else 0.5
                refund = (order_id, user_id, round(float(total or 0) * share, 2), items, method)
                self._write("refunded", refund, rhythm.instant(rng), late=False)

    def give_back(self, db: sqlite3.Connection) -> None:
        """Refund an order where none was today: what a day should show."""
        today = self._today.aside("given back")
        if any(row[1] == "refunded" for row in self._changes.inserts["order_events"]):
            return
        for days_ago in range(1, LATE_DAYS):
            for order in self._orders_of(db, days_ago, "delivered", ("refunded", "cancelled")):
                at = today.start + int(DAY_SECONDS * today.rng.random())
                self._write("refunded", order, at, late=False)
                return

    def _orders_of(
        self, db: sqlite3.Connection, days_ago: int, event_type: str, unless: tuple[str, str]
    ) -> list[tuple[Value, ...]]:
        """Orders that had an event so many days ago, and none of two others."""
        start = self._today.start - days_ago * DAY_SECONDS
        return db.execute(_ORDERS_OF_A_DAY, (event_type, stamp(start), stamp(start + DAY_SECONDS), *unless)).fetchall()

    def _pay(self, order: tuple[Value, ...], at: int, *, late: bool, data: str | None = None) -> None:
        rng = self._today.rng
        pause = 3 + int(20 * rng.lognormvariate(0, 0.9))
        # Clocks of the payment provider and the shop disagree: some payments end before they start.
        completed = at - 2 if rng.random() < 0.03 else at + pause
        self._write("payment_started", order, at, late=late, data=data)
        if rng.random() < 0.06:
            return
        self._write("payment_completed", order, completed, late=late, data=data)
        if rng.random() < 0.02:
            again = '{"delivery": "repeated"}'
            self._write("payment_completed", order, completed + 60, late=late, data=again)
        if rng.random() < 0.85:
            confirmed = completed + 30 + int(120 * rng.lognormvariate(0, 1.2))
            self._write("confirmed", order, confirmed, late=late)

    def _write(
        self,
        event_type: str,
        order: tuple[Value, ...],
        at: int,
        *,
        late: bool,
        data: str | None = None,
    ) -> None:
        """Add an event, unless it lies beyond the day: then a later day takes the step."""
        if at < self._today.end:
            row = (None, event_type, *order, data, stamp(at))
            self._changes.insert("order_events", row, late=late)
