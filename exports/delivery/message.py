"""What is sent: a subject, a text for people, and files.

Belongs here: the words. Not here: what a parcel holds (parcels.py), how a message leaves (mail.py, chat.py, folder.py).
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from exports.delivery.parcels import Parcel
from exports.reports.content import printable

_MOST_LINES = 20
"""Figures, and changed figures, that are told one by one."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on its way; its path is the one that it has below EXPORTS_URL."""

    path: str
    content: bytes

    @property
    def name(self) -> str:
        """Without folders."""
        return posixpath.basename(self.path)


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `delivery_id` is that of its entry in the ledger."""

    delivery_id: str
    subject: str
    text: str
    attachments: Sequence[Attachment]


def subject(parcel: Parcel) -> str:
    """What it is, whose and of when, on one line."""
    revision = f" (revision {parcel.revision})" if parcel.revision > 1 else ""
    return printable(f"{parcel.title}, {parcel.recipient_name}, {parcel.period_text}{revision}")


def text(
    parcel: Parcel, attached: Sequence[Attachment], link: str | None, *, sent_revision: int, is_protected: bool
) -> str:
    """The message's text.

    Args:
        parcel: what is sent.
        attached: its files that go with the message.
        link: EXPORTS_LINK, where the message is to have links.
        sent_revision: the last one that was sent before; 0 where none was.
        is_protected: whether the files have a password: then no figure stands in the text either.
    """
    paragraphs = [subject(parcel)]
    if not is_protected and parcel.figures:
        paragraphs.append("\n".join(_first(parcel.figures, "figures")))
    if parcel.changes:
        count = len(parcel.changes)
        figures = "1 figure has" if count == 1 else f"{count:,} figures have"
        told = f"{figures} changed since revision {parcel.revision - 1}"
        paragraphs.append(f"{told}." if is_protected else "\n".join([f"{told}:", *_first(parcel.changes, "changes")]))
        if 0 < sent_revision < parcel.revision - 1:
            paragraphs.append(f"Last sent was revision {sent_revision}; what those between changed is marked in them.")
    paragraphs.append("\n".join(_where(parcel, attached, link, is_protected=is_protected)))
    return "\n\n".join(paragraphs) + "\n"


def _first(lines: Sequence[str], what: str) -> list[str]:
    left = len(lines) - _MOST_LINES
    told = [printable(line) for line in lines[:_MOST_LINES]]
    return [*told, f"{left:,} more {what} are not told here."] if left > 0 else told


def _where(parcel: Parcel, attached: Sequence[Attachment], link: str | None, *, is_protected: bool) -> Iterator[str]:
    if attached:
        yield f"Attached: {', '.join(one.name for one in attached)}{' (with a password)' if is_protected else ''}"
    if link:
        # A report's page has all that its other forms have.
        linked = [parcel.files["html"]] if "html" in parcel.files else list(parcel.files.values())
        for file in linked:
            yield f"To open: {link.rstrip('/')}/{quote(file.path)}"
    elif left := sorted({posixpath.basename(file.path) for file in parcel.files.values()} - {a.name for a in attached}):
        yield f"Among the exports, in {parcel.folder}: {', '.join(left)}"
