"""What the web shop knows of a visit beside what was done: the way it took, and where the visitor came from.

Belongs here: paths and channels of sessions. Not here: what a session is, and what marts count (shop.py).
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence

from oracle.periods import Row
from oracle.sources import ROOT, UNKNOWN, code, text

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


def path_of(events: Sequence[Row], told: Sequence[Mapping[str, str | None]]) -> str:
    """The first distinct steps of a session, whose events are in order."""
    steps = [_step(code(event["event_type"]), says) for event, says in zip(events, told, strict=True)]
    return " > ".join(list(dict.fromkeys(filter(None, steps)))[:STEPS]) or UNKNOWN


def _step(kind: str | None, says: Mapping[str, str | None]) -> str | None:
    page, category = _page(says["path"]), says["category"]
    step = (category or page) if kind == "product_view" else (page or category)
    return text(step.replace(">", "›")[:LONGEST_STEP]) if step else None


def _page(address: str | None) -> str | None:
    if not address:
        return None
    page = re.sub(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*", "", address[:LONGEST_ADDRESS], flags=re.IGNORECASE | re.ASCII)
    return re.split(r"[?#]", page)[0].rstrip("/") or "/"


def channel_of(events: Sequence[Row], told: Sequence[Mapping[str, str | None]]) -> str:
    """How the visitor of a session came, whose events are in order: by the first event that tells, else directly."""
    landed = False
    for event, says in zip(events, told, strict=True):
        said = [(field, word) for field, word in _words(says) if not (landed and field == "referrer")]
        channels = [found for field, word in said if (found := _channel(TELLING[field], word)) != "direct"]
        if channels:
            return next(filter(None, channels), "other")
        landed = landed or code(event["event_type"]) in PAGES
    return "direct"


def _words(says: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    for field in TELLING:
        word = code(says[field])
        if field == "referrer" and word:
            word = _site(word[:LONGEST_ADDRESS])
        if word:
            yield field, word


def _site(address: str) -> str | None:
    """The host that a referrer names, or what it is called; none where it is an address without such a host."""
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
    path = ROOT / "dbt_project" / "seeds" / "shop" / "acquisition_channels.csv"
    found: dict[str, dict[str, str]] = {"source": {}, "medium": {}, "registration_method": {}}
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        found[row["field"]][row["name"]] = row["channel"]
    return found


CHANNELS = _channels()
