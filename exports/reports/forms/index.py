"""The page that lists all reports.

Belongs here: in which order they are listed. Not here: what a report shows (page.py), how both look (page.css).
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar
from urllib.parse import quote

from exports.reports.forms.markup import Html, document, element, joined, name, unseen
from exports.reports.forms.page import CADENCES

_FEW_RECIPIENTS = 3
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Entry:
    """A report that can be read.

    Attributes:
        title: for people.
        recipient: the tenant's name; that of all together otherwise.
        cadence: day, week or month; now of how things stand.
        period: in words: October 2026.
        first_day: of the period.
        revision: of what is linked.
        links: what the form is called, and its path from the index, as it is on disk: here it becomes an address.
    """

    title: str
    recipient: str
    cadence: Literal["day", "week", "month", "now"]
    period: str
    first_day: date
    revision: int
    links: tuple[tuple[str, str], ...]


def render(entries: Sequence[Entry]) -> bytes:
    """The index: recipients and their reports in the order given, of each the newest period; older ones are folded."""
    recipients = _grouped((entry.recipient, entry) for entry in entries)
    links = [
        element("li", element("a", name(recipient), href=f"#r{number}"))
        for number, recipient in enumerate(recipients, 1)
    ]
    sections = [
        element(
            "section",
            element("h2", name(recipient), id=f"r{number}"),
            *(
                _series(series)
                for series in _grouped(((entry.title, entry.cadence), entry) for entry in theirs).values()
            ),
            class_="recipient",
            aria_labelledby=f"r{number}",
        )
        for number, (recipient, theirs) in enumerate(recipients.items(), 1)
    ]
    contents = [element("nav", element("ul", *links), aria_label="Recipients")] if len(links) > _FEW_RECIPIENTS else []
    nothing = [] if entries else [element("p", "There are no reports yet.")]
    return document(
        "Reports", element("header", element("h1", "Reports")), element("main", *contents, *sections, *nothing)
    )


def _grouped(entries: Iterable[tuple[_Key, Entry]]) -> dict[_Key, list[Entry]]:
    groups: dict[_Key, list[Entry]] = {}
    for key, entry in entries:
        groups.setdefault(key, []).append(entry)
    return groups


def _series(entries: Sequence[Entry]) -> Html:
    newest, *older = sorted(entries, key=lambda entry: (entry.first_day, entry.revision), reverse=True)
    folded = element(
        "details",
        element("summary", f"{len(older)} earlier", unseen(f": {newest.title}, {CADENCES[newest.cadence]}")),
        element("ul", *(element("li", *_line(entry)) for entry in older)),
    )
    return element(
        "article",
        element("h3", newest.title, " ", element("small", CADENCES[newest.cadence])),
        element("p", *_line(newest), class_="newest"),
        *([folded] if older else []),
    )


def _line(entry: Entry) -> Iterator[Html]:
    revision = [element("small", f"Revision {entry.revision}")] if entry.revision > 1 else []
    yield element("span", joined(entry.period, " ", *revision), class_="period")
    links = [
        element("a", form, unseen(f": {entry.title}, {entry.period}, {entry.recipient}"), href=quote(path))
        for form, path in entry.links
    ]
    yield element("span", *(piece for link in links for piece in (link, " ")), class_="forms")
