"""What the data of the shop's events says.

Belongs here: reading it. Not here: what is made of it (shop.py, visits.py).
"""

import json
from collections.abc import Mapping
from typing import Any

from oracle.periods import Row
from oracle.sources import text

KEYS = {
    "category": ("category", "product_category"),
    "path": ("path", "page", "page_url", "url"),
    "referrer": ("referrer", "referer"),
    "utm_source": ("utm_source",),
    "utm_medium": ("utm_medium",),
    "utm_campaign": ("utm_campaign",),
    "registration_method": ("registration_method",),
}
"""What is read → under which keys; the first that holds something counts."""


def said(event: Row) -> Mapping[str, str | None]:
    """What an event's data says, as clean text."""
    try:
        document = json.loads(event["data"] or "", object_pairs_hook=_first_of_equal_keys)
    except ValueError:
        document = None
    found = document if isinstance(document, dict) else {}
    return {name: next(filter(None, (_shown(found.get(key)) for key in keys)), None) for name, keys in KEYS.items()}


def _first_of_equal_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _shown(value: Any) -> str | None:
    """A text, number or boolean as text; of objects, arrays and null nothing is read."""
    if isinstance(value, str):
        return text(value)
    return None if value is None or isinstance(value, dict | list) else json.dumps(value)
