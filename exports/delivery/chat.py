"""Delivery to chats and webhooks: whatever Apprise has a URL for (slack://, msteams://, json://host/path ...).

Belongs here: one message through Apprise, and what its end means. Not here: the words (message.py).
"""

import logging
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Literal

from exports.delivery.errors import NotSentError, PerhapsSentError
from exports.delivery.message import Message
from exports.errors import ExportError

_LOGGERS = ("apprise", "urllib3")
"""Who may log a URL with what is secret in it."""
_SOCKET = "Socket Exception: "
_ARRIVED = "Sent "
"""What Apprise says of each part that a service took: the text, then files."""
_NEVER_CONNECTED = "Max retries exceeded"
"""What requests says where no connection was made; once there was one, the other end may have the message."""


class Chat:
    """One service of Apprise.

    Raises:
        ExportError: no service has such a URL.
    """

    is_repeatable = False

    def __init__(self, variable: str, url: str) -> None:
        # With its hundred services it takes a second to load, which only those pay who have such an address.
        with _quiet():
            from apprise import Apprise  # noqa: PLC0415

            service = Apprise.instantiate(url)
        if service is None:
            raise ExportError(
                f"{variable} is no address that is known: smtp:// and smtps:// are mail, a path or s3:// a folder, "
                "json:// and jsons:// webhooks, all others are Apprise's (https://appriseit.com/services)."
            )
        self._service = service
        self.takes_attachments = bool(service.attachment_support)

    def default_forms(self, _: Literal["report", "export"], __: Collection[str]) -> Collection[str]:
        """None."""
        return ()

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            NotSentError: the service can't be reached, or refuses it.
            PerhapsSentError: it did not say whether it took the message, took a part of it, or not all that are behind
                its URL did.
        """
        from apprise import AppriseAttachment, NotifyFormat  # noqa: PLC0415
        from apprise.attachment.memory import AttachMemory  # noqa: PLC0415

        attachments = AppriseAttachment()
        for attachment in message.attachments:
            attachments.add(AttachMemory(attachment.content, attachment.name))
        with _quiet() as told:
            try:
                # Told what it is, a service that takes HTML or Markdown does not read the text as such.
                is_sent = self._service.notify(
                    body=message.text,
                    title=message.subject,
                    attach=attachments if message.attachments else None,
                    body_format=NotifyFormat.TEXT,
                )
            except TypeError as error:
                # What Apprise says of a message that it can't send at all.
                raise NotSentError(f"the service can't take the message: {error}") from None
        if is_sent:
            return
        lost = [line for line in told if line.startswith(_SOCKET) and _NEVER_CONNECTED not in line]
        reason = "; ".join(line for line in told if not line.startswith((_SOCKET, _ARRIVED))) or "it does not say why"
        if lost or len(self._service) > 1 or any(line.startswith(_ARRIVED) for line in told):
            raise PerhapsSentError(f"the service did not say whether it took the message: {reason}")
        raise NotSentError(f"the service does not take the message: {reason}")


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        if record.levelno >= logging.WARNING or text.startswith((_SOCKET, _ARRIVED)):
            self.lines.append(text.removesuffix("."))


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep what Apprise and its libraries log from whoever listens, who may keep it; gives what Apprise said."""
    kept, loggers = _Kept(), [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.propagate = False
    loggers[0].addHandler(kept)
    loggers[0].setLevel(logging.DEBUG)
    try:
        # Its plugins import what Python will not have any more.
        with warnings.catch_warnings(action="ignore"):
            yield kept.lines
    finally:
        loggers[0].removeHandler(kept)
        for logger, (propagate, level) in zip(loggers, before, strict=True):
            logger.propagate = propagate
            logger.setLevel(level)
