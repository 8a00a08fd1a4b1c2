"""The ways that visits to the web shop took, where users came from, and what marts count of both.

Belongs here: journeys and acquisition. Not here: what a session is, and the shop's other marts (shop.py).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from oracle.arithmetic import ratio, rounded
from oracle.orders import Order
from oracle.payload import said
from oracle.periods import Counted, Facts, Row
from oracle.sources import CURRENCY, UNKNOWN, code, order_of, seed, text

STEPS, LONGEST_STEP, LONGEST_ADDRESS = 5, 100, 2000
PAGES = ("page_view", "product_view")
TELLING = {
    "utm_medium": "medium",
    "utm_source": "source",
    "utm_campaign": "medium",
    "referrer": "source",
    "registration_method": "registration_method",
}
"""What events tell of their visitors → among which names it is looked up; what knows best comes first."""


class Visit(Protocol):
    """A session that is no bot's."""

    @property
    def events(self) -> list[Row]:
        """In order."""

    @property
    def user_id(self) -> str | None:
        """The visitor, if known."""

    @property
    def kinds(self) -> list[str]:
        """The kinds of its events."""

    @property
    def started_at(self) -> datetime:
        """Its first event."""


def journeys(visits: Iterable[Visit], tenant_key: str, day_of: Callable[[datetime], date]) -> Iterator[Counted]:
    """Each session on the day of its first event, under its path."""
    for visit in visits:
        yield Counted("sessions", tenant_key, (path_of(visit.events),), day_of(visit.started_at), visit)


def journey_measures(facts: Facts, *_: object) -> Row:
    """The columns of journeys."""
    purchasing = sum("checkout_complete" in visit.kinds for visit in facts["sessions"])
    return {
        "sessions": len(facts["sessions"]),
        "purchasing_sessions": purchasing,
        "purchase_rate": ratio(purchasing, len(facts["sessions"])),
    }


def acquisition(
    visits: Iterable[Visit], orders: Iterable[Order], tenant_key: str, day_of: Callable[[datetime], date]
) -> Iterator[Counted]:
    """Users on the day on which they are new, registrations, and first purchases: under the user's first channel."""
    begun = sorted(visits, key=lambda visit: (visit.started_at, order_of(visit.events[0]["id"])))
    channels: dict[str | None, str] = {}
    for visit in begun:
        channels.setdefault(visit.user_id, channel_of(visit.events))
    events = [(event, visit) for visit in begun for event in visit.events]
    new = set()
    for event, visit in sorted(events, key=lambda pair: (pair[0]["timestamp"], order_of(pair[0]["id"]))):
        day, user_id = day_of(event["timestamp"]), event["user_id"]
        if user_id and user_id not in new:
            new.add(user_id)
            yield Counted("new_users", tenant_key, (channels[user_id],), day, user_id)
        if code(event["event_type"]) == "registration":
            channel = channels[visit.user_id] if visit.user_id else channel_of(visit.events)
            yield Counted("registrations", tenant_key, (channel,), day, event)
    first: dict[str, Order] = {}
    paid = [(order.paid_at, order_of(order.id), order) for order in orders if order.user_id and order.paid_at]
    for at, _, order in sorted(paid, key=lambda told: told[:2]):
        assert order.user_id
        if first.setdefault(order.user_id, order) is order:
            yield Counted("purchases", tenant_key, (channels.get(order.user_id, "direct"),), day_of(at), order)


def acquisition_measures(facts: Facts, *_: object) -> Row:
    """The columns of acquisition."""
    orders: list[Order] = list(facts["purchases"])
    return {
        "currency_code": CURRENCY,
        "new_users": len(facts["new_users"]),
        "registrations": len(facts["registrations"]),
        "first_purchases": len(orders),
        "first_purchases_without_amount": sum(order.amount is None for order in orders),
        "first_purchases_in_other_currencies": sum(order.currency_code != CURRENCY for order in orders),
        "first_purchase_amount": rounded(sum(order.amount or 0 for order in orders if order.currency_code == CURRENCY)),
    }


def path_of(events: Sequence[Row]) -> str:
    """The first distinct steps of a session, whose events are in order."""
    steps = map(_step, events)
    return " > ".join(list(dict.fromkeys(filter(None, steps)))[:STEPS]) or UNKNOWN


def _step(event: Row) -> str | None:
    page, category = page_of(said(event, "path")), said(event, "category")
    step = (category or page) if code(event["event_type"]) == "product_view" else (page or category)
    return text(step.replace(">", "\u203a")[:LONGEST_STEP]) if step else None


def page_of(address: str | None) -> str | None:
    """The path of a page's address; / where nothing else is left, none without an address."""
    if not address:
        return None
    page = re.sub(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*", "", address[:LONGEST_ADDRESS], flags=re.IGNORECASE | re.ASCII)
    return re.split(r"[?#]", page)[0].rstrip("/") or "/"


def channel_of(events: Sequence[Row]) -> str:
    """How the visitor of a session came, whose events are in order: by the first event that tells, else directly."""
    landed = False
    for event in events:
        words = [(field, word) for field, word in _words(event) if not (landed and field == "referrer")]
        channels = [found for field, word in words if (found := _channel(TELLING[field], word)) != "direct"]
        if channels:
            return next(filter(None, channels), "other")
        landed = landed or code(event["event_type"]) in PAGES
    return "direct"


def _words(event: Row) -> Iterator[tuple[str, str]]:
    for field in TELLING:
        word = code(said(event, field))
        if field == "referrer" and word:
            word = site_of(word)
        # Programs write null for nothing.
        if word and word != "null":
            yield field, word


def site_of(address: str) -> str | None:
    """The host that a referrer names, or what it is called; none where it is an address without such a host."""
    address = address[:LONGEST_ADDRESS]
    scheme, slashes, rest = address.partition("//")
    has_scheme = bool(slashes and re.fullmatch(r"([a-z][a-z0-9+.-]*:)?", scheme))
    authority = re.split(r"[/?#]", rest if has_scheme else address)[0]
    host = re.sub(r"\.*(:[0-9]*)?\Z", "", authority.split("@", 1)[-1], count=1)
    if _is_host(host):
        return host
    return None if has_scheme or address.startswith("/") else address


def _is_host(word: str) -> bool:
    labels = word.split(".")
    return len(labels) > 1 and all(labels) and " " not in word


def _channel(field: str, word: str) -> str | None:
    """The channel that a word stands for; none where nothing is known of it."""
    listed = CHANNELS[field]
    if word in listed:
        known = [word]
    else:
        labels = word.split(".")
        tails = [".".join(labels[first:]) for first in range(len(labels))]
        known = [name for name in listed if "." in name and any(_stands_for(name, tail) for tail in tails)]
    if known:
        return listed[max(known, key=len)]
    return "referral" if field == "source" and _is_host(word) else None


def _stands_for(name: str, host: str) -> bool:
    if not name.endswith(".*"):
        return name == host
    ending = host.removeprefix(name[:-1])
    return ending != host and re.fullmatch(r"(..|...|..\...|...\...)", ending, re.DOTALL) is not None


def _channels() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"source": {}, "medium": {}, "registration_method": {}}
    for row in seed("shop", "acquisition_channels"):
        found[row["field"]][row["name"]] = row["channel"]
    return found


CHANNELS = _channels()
