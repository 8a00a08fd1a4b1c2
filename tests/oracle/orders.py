"""The orders of the web shop, folded from their events.

Belongs here: what an order and a refund are, and which currency an event names. Not here: what marts count (shop.py).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from oracle.periods import Row
from oracle.sources import CURRENCY, MINOR_UNITS, UNKNOWN, code, order_of, own_word, text


@dataclass(frozen=True)
class Refund:
    """What is given back of an order."""

    amount: Fraction | None
    currency_code: str
    at: datetime | None


@dataclass(frozen=True)
class Order:
    """An order, folded from its events."""

    id: str
    user_id: str | None
    payment_method: str
    started_method: str
    currency_code: str
    amount: Fraction | None
    items: int | None
    first_at: datetime | None
    created_at: datetime | None
    started_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    is_created: bool
    is_paid: bool
    is_shipped: bool
    is_delivered: bool
    is_cancelled: bool
    is_cancelled_after_payment: bool
    refunds: tuple[Refund, ...]

    @classmethod
    def of(cls, events: list[Row]) -> "Order":
        """Fold events, which come in any order and more than once."""
        ordered = in_order(events)
        kinds = [code(event["event_type"]) for event in ordered]
        payment = kinds.index("payment_completed") if "payment_completed" in kinds else None
        cancellations = [place for place, kind in enumerate(kinds) if kind == "cancelled"]
        after_payment = [place for place in cancellations if payment is not None and place > payment]
        cancelled = next(iter(after_payment or cancellations), None)

        def at(kind: str) -> datetime | None:
            return ordered[kinds.index(kind)]["timestamp"] if kind in kinds else None

        def by_preference(values: list[Any]) -> list[Any]:
            """What the payment tells, else the last told before it, else the first after it; if unpaid, the last."""
            end = len(values) if payment is None else payment + 1
            return [value for value in (*reversed(values[:end]), *values[end:]) if value is not None]

        def told(values: list[Any]) -> Any:
            return next(iter(by_preference(values)), None)

        # A refund tells what is given back, not what the order is.
        telling = [None if kind == "refunded" else event for event, kind in zip(ordered, kinds, strict=True)]
        prices = [event and (event["order_total"], currency_of(event)) for event in telling]
        amount, currency = min(
            by_preference(prices),
            key=lambda price: (price[0] is None, price[1] is None if price[0] is None else price[1] in (None, UNKNOWN)),
            default=(None, None),
        )
        return cls(
            id=events[0]["order_id"],
            user_id=told([event["user_id"] or None for event in ordered]),
            payment_method=told([own_word(code(event["payment_method"])) for event in ordered]) or UNKNOWN,
            started_method=own_word(code(ordered[kinds.index("payment_started")]["payment_method"])) or UNKNOWN
            if "payment_started" in kinds
            else UNKNOWN,
            currency_code=currency or CURRENCY,
            amount=amount,
            items=told([event and event["items_count"] for event in telling]),
            first_at=ordered[0]["timestamp"],
            created_at=at("created"),
            started_at=at("payment_started"),
            paid_at=at("payment_completed"),
            shipped_at=at("shipped"),
            delivered_at=at("delivered"),
            cancelled_at=ordered[cancelled]["timestamp"] if cancelled is not None else None,
            is_created="created" in kinds,
            is_paid=payment is not None,
            is_shipped="shipped" in kinds,
            is_delivered="delivered" in kinds,
            is_cancelled=cancelled is not None,
            is_cancelled_after_payment=bool(after_payment),
            refunds=tuple(
                Refund(event["order_total"], currency_of(event) or currency or CURRENCY, event["timestamp"])
                for event, kind in zip(ordered, kinds, strict=True)
                if kind == "refunded"
            ),
        )

    @property
    def net_amount(self) -> Fraction:
        """What was paid, less what was cancelled or given back in the order's currency; never below 0."""
        if self.is_paid and self.amount is None:
            return Fraction(0)
        paid = (self.amount or Fraction(0)) if self.is_paid else Fraction(0)
        cancelled = paid if self.is_cancelled_after_payment else Fraction(0)
        refunded = sum(one.amount or 0 for one in self.refunds if one.currency_code == self.currency_code)
        return max(paid - cancelled - refunded, Fraction(0))


def currency_of(event: Row) -> str | None:
    """The currency that an event's data names; unknown where it names none that there is."""
    data = _read(event["data"])
    if not isinstance(data, dict):
        return None
    for key in ("currency_code", "currency"):
        field = data.get(key)
        if isinstance(field, str) and (text(field) or "").startswith("{"):
            field = _read(field)
        if isinstance(field, dict):
            named = [text(str(field[own])) for own in ("code", "currency_code") if field.get(own) is not None]
            return _known_currency(next(filter(None, named), UNKNOWN))
        if field is not None and (name := text(str(field))):
            return _known_currency(name)
    return None


def _read(document: str | None) -> Any:
    """JSON; text that is none as it is."""
    try:
        return json.loads(document or "")
    except ValueError:
        return document


def _known_currency(name: str) -> str:
    return name.upper() if name.upper() in MINOR_UNITS else UNKNOWN


def in_order(events: Iterable[Row]) -> list[Row]:
    """By time; those whose time is not known come last."""
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(events, key=lambda event: (event["timestamp"] or last, order_of(event["id"])))
