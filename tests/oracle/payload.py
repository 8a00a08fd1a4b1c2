"""What the data of the shop's events says, and under which keys.

Belongs here: reading it, and what products are called. Not here: what marts count (shop.py).
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from oracle.periods import Row
from oracle.sources import UNKNOWN, order_of, text

KEYS = {
    "product_id": ("product_id",),
    "product_name": ("product_name", "name", "title"),
    "category": ("category", "product_category"),
    "query": ("query", "q", "search_term"),
    "result_count": ("result_count", "results"),
    "recommender": ("recommender", "recommendation_source"),
    "path": ("path", "page", "page_url", "url"),
    "referrer": ("referrer", "referer"),
    "utm_source": ("utm_source",),
    "utm_medium": ("utm_medium",),
    "utm_campaign": ("utm_campaign",),
    "registration_method": ("registration_method",),
}
"""Of each thing, where it may stand; the first key that holds something counts."""


def said(event: Row, thing: str) -> str | None:
    """What an event says of something: text, or a number or truth value as JSON writes it."""
    try:
        data = json.loads(event["data"] or "")
    except ValueError:
        return None
    values = (data.get(key) for key in KEYS[thing]) if isinstance(data, dict) else ()
    shown = (value if isinstance(value, str) else json.dumps(value) for value in values if _is_plain(value))
    return next(filter(None, map(text, shown)), None)


def _is_plain(value: object) -> bool:
    return value is not None and not isinstance(value, dict | list)


class Products:
    """What events up to now say of products, the latest of each."""

    def __init__(self, product_events: Iterable[Row], web_events: Iterable[Row], now: datetime) -> None:
        """Read them.

        Args:
            product_events: events on products.
            web_events: events of web users, of which some name a product.
            now: what comes after it has not come.
        """
        told = [(event["product_id"], True, event) for event in product_events if event["product_id"]]
        told += [(said(event, "product_id"), False, event) for event in web_events]
        # At one instant the product event is the later one, then that with the greater id.
        told.sort(key=lambda one: (*_passed(one[2]["timestamp"], now), one[1], order_of(one[2]["id"])))
        self._names = {p: name for p, _, event in told if (name := said(event, "product_name"))}
        self._categories = {p: category for p, _, event in told if (category := said(event, "category"))}

    def name(self, product_id: str | None) -> str:
        """What it is called."""
        return self._names.get(product_id, UNKNOWN) if product_id else UNKNOWN

    def category(self, product_id: str | None) -> str:
        """Where it belongs."""
        return self._categories.get(product_id, UNKNOWN) if product_id else UNKNOWN


def _passed(instant: datetime | None, now: datetime) -> tuple[bool, datetime]:
    """By what instants sort where those that have not come are before all others."""
    has_come = instant is not None and instant < now
    return has_come, instant if instant and has_come else datetime.min.replace(tzinfo=UTC)
