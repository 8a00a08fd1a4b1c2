"""The life of a shop order: created, paid, confirmed, shipped, delivered, or cancelled on the way.

Belongs here: order events. Not here: how a visit gets to an order (shop.py).
"""

import sqlite3

from ingestion.sample.flaws import Value
from ingestion.sample.source import Changes
from ingestion.sample.today import DAY_SECONDS, Rhythm, Today, stamp

PAYMENT_METHODS = ("card", "card", "card", "paypal", "bank_transfer", "invoice")
OPEN_DAYS = 12
"""Orders older than this rest as they are."""

_OPEN_ORDERS = """
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
    where timestamp >= ? and order_id is not null
    group by order_id
    having not max(event_type in ('delivered', 'cancelled'))
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
        self._write("created", order, at, late=late)
        chance = rng.random()
        if chance < 0.04:
            self._write("cancelled", order, at + 200, late=late, data='{"reason": "changed mind"}')
        elif chance < 0.92:
            self._pay(order, at + 5 + int(15 * rng.lognormvariate(0, 1)), late=late)

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

    def _pay(self, order: tuple[Value, ...], at: int, *, late: bool) -> None:
        rng = self._today.rng
        pause = 3 + int(20 * rng.lognormvariate(0, 0.9))
        # Clocks of the payment provider and the shop disagree: some payments end before they start.
        completed = at - 2 if rng.random() < 0.03 else at + pause
        self._write("payment_started", order, at, late=late)
        if rng.random() < 0.06:
            return
        self._write("payment_completed", order, completed, late=late)
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
