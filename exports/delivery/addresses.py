"""Addresses: what is behind a variable that says where something is sent (DELIVERY_<name>, ALERT_URLS).

Belongs here: which way an address goes, and that nothing of it reaches a message. Not here: the ways (mail.py, chat.py,
folder.py).
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol
from urllib.parse import unquote

from fsspec import available_protocols

from exports.delivery.chat import Chat
from exports.delivery.errors import PerhapsSentError
from exports.delivery.folder import Folder
from exports.delivery.mail import Mail
from exports.delivery.message import Message
from exports.errors import ExportError
from exports.reports.content import printable
from ingestion.errors import IngestionError, one_line
from ingestion.settings import anchored

_URL_OR_ADDRESS = re.compile(r"\b[\w+.-]+://\S+|<?[^\s<>\"']+@[^\s<>\"',;:]+>?")
_LONGEST = 500
_SHORTEST = 4
"""What is shorter may stand in any word; a password is never told, however short."""


class Way(Protocol):
    """How messages reach an address.

    Attributes:
        is_repeatable: whether what was sent twice is there once.
        takes_attachments: whether files can go with a message.
    """

    is_repeatable: bool
    takes_attachments: bool

    def default_forms(self, kind: Literal["report", "export"], offered: Collection[str]) -> Collection[str]:
        """What is sent where the entry does not say, and asks for no link."""
        ...

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            NotSentError, PerhapsSentError, StorageError: what is wrong.
        """
        ...


class Address:
    """One variable's address. Its value is in no message of its errors.

    Args:
        variable: names it.
        value: of the variable; None where that is not set.

    Raises:
        ExportError: there is no such address, or it can't be used.
    """

    def __init__(self, variable: str, value: str | None) -> None:
        if not value:
            raise ExportError(
                f"{variable} is not set. Set it in .env to smtp://, a folder or its URL, or an Apprise URL."
            )
        self._secrets = _secrets(value)
        # What is told of an address that is none holds nothing of it, but how one is written.
        self.way = _way(variable, value.strip())

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            NotSentError, PerhapsSentError, StorageError: what is wrong; nothing of the address is told.
        """
        with self.told():
            try:
                self.way.send(message)
            except (ExportError, IngestionError):
                raise
            # Whatever a service's library raises: it must not be what else there is to send.
            except Exception as error:
                raise PerhapsSentError(f"{type(error).__name__}: {one_line(error)}") from None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Take whatever the address holds out of what goes wrong."""
        try:
            yield
        except (ExportError, IngestionError) as error:
            raise type(error)(self._without_secrets(str(error))) from None

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = re.sub(re.escape(secret), "...", text, flags=re.IGNORECASE)
        return printable(_URL_OR_ADDRESS.sub("...", text))[:_LONGEST]


def _way(variable: str, value: str) -> Way:
    scheme, found, _ = value.partition("://")
    if scheme in ("smtp", "smtps") and found:
        return Mail(variable, value)
    # What fsspec only reads may be a chat's own URL.
    if not found or (scheme in available_protocols() and scheme not in ("http", "https")):
        return Folder(variable, anchored(value))
    return Chat(variable, value)


def _secrets(value: str) -> list[str]:
    """What of an address is never told, the longest first."""
    rest = value.partition("://")[2]
    before, _, options = rest.partition("?")
    # Of options what stands behind the first =.
    given = [value if found else name for name, found, value in (pair.partition("=") for pair in options.split("&"))]
    pieces = [piece for part in (before, *given) for piece in re.split(r"[/@:,;#]", part)]
    password = before.rpartition("@")[0].partition(":")[2]
    told = {piece for one in pieces for piece in (one, unquote(one)) if len(piece) >= _SHORTEST}
    told |= {password, unquote(password)} - {""}
    return sorted(told, key=len, reverse=True)
