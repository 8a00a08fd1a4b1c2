"""Delivery by mail: smtp://user:password@host:587?from=reports@example.com&to=a@example.com,b@example.com.

Belongs here: one SMTP conversation per message, and what its end means. Not here: the words (message.py).
"""

import mimetypes
import smtplib
import socket
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses
from typing import Literal
from urllib.parse import unquote, urlsplit

from exports.delivery.errors import NotSentError, PerhapsSentError, UnreachableError
from exports.delivery.message import Message
from exports.errors import ExportError
from exports.reports.content import printable

TIMEOUT_SECONDS = 30.0
"""For each answer of the server but the last."""
LAST_TIMEOUT_SECONDS = 120.0
"""For its answer to the whole message, which it may look at for viruses first."""

_OPTIONS = {"from", "to", "tls"}


class Mail:
    """A mail server, and who writes to whom through it.

    Where a user is given, or the server offers it, the connection is encrypted and the server's certificate is checked;
    `tls=no` in the URL is for one in the same machine or network that has none.

    Raises:
        ExportError: the URL does not say all of it.
    """

    is_repeatable = False
    takes_attachments = True

    def __init__(self, variable: str, url: str) -> None:
        self._variable = variable
        try:
            parts = urlsplit(url)
            options = [pair.partition("=") for pair in parts.query.split("&") if pair]
            given = {name: unquote(value) for name, _, value in options}
            senders, self._to = _mailboxes(given.get("from", "")), _mailboxes(given.get("to", ""))
            self._host, self._user = parts.hostname or "", unquote(parts.username or "")
            self._port = parts.port or (465 if parts.scheme == "smtps" else 587)
            self._password = unquote(parts.password or "")
        except ValueError:
            raise self._wrong() from None
        is_known = given.keys() <= _OPTIONS and len(given) == len(options) and given.get("tls", "yes") in ("yes", "no")
        if (
            not self._host
            or len(senders) != 1
            or not self._to
            or not is_known
            or parts.path.strip("/")
            or parts.fragment
        ):
            raise self._wrong()
        self._from = senders[0]
        self._is_wrapped, self._wants_tls = parts.scheme == "smtps", given.get("tls") != "no"

    def _wrong(self) -> ExportError:
        return ExportError(
            f"{self._variable} is no mail address. Write it as smtp://user:password@host:587?from=a@example.com"
            "&to=b@example.com,c@example.com (or smtps://host:465), with special characters percent-encoded."
        )

    def default_forms(self, kind: Literal["report", "export"], offered: Collection[str]) -> Collection[str]:
        """A report's PDF, or all of an export's files."""
        return ["pdf"] if kind == "report" else offered

    def send(self, message: Message) -> None:
        """Send a message to all of its addressees, or to none.

        Raises:
            UnreachableError: the server can't be reached, or refuses the login.
            NotSentError: it refuses an addressee, or the message.
            PerhapsSentError: it did not say whether it took the message.
        """
        content = self._letter(message).as_bytes(policy=SMTP)
        with self._connected() as server:
            with _told("refuses the message"):
                options = [f"size={len(content)}"] if server.has_extn("size") else []
                _expect(server.mail(self._from[1], options))
                refused = [answer for _, address in self._to if not _is_taken(answer := server.rcpt(address))]
                if refused:
                    count = f"{len(refused)} of {len(self._to)} addressees" if len(self._to) > 1 else "the addressee"
                    raise NotSentError(f"the mail server refuses {count}, so it was sent to none: {_said(*refused[0])}")
            if server.sock:
                server.sock.settimeout(LAST_TIMEOUT_SECONDS)
            try:
                answer = server.data(content)
            except smtplib.SMTPDataError as error:
                raise NotSentError(f"the mail server refuses the message: {_said(*error.args)}") from None
            except (OSError, smtplib.SMTPException) as error:
                raise PerhapsSentError(
                    f"the mail server did not say whether it took the message: {_cause(error)}"
                ) from None
            if not _is_taken(answer):
                raise NotSentError(f"the mail server refuses the message: {_said(*answer)}")

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["Subject"] = _literally(message.subject)
        letter["From"] = _header([self._from])
        letter["To"] = _header(self._to)
        letter["Date"] = formatdate(localtime=False)
        # The same for each try: where one arrived unnoticed, mailboxes that look for it show one letter.
        letter["Message-ID"] = f"<{message.delivery_id}.crm-warehouse@{self._from[1].rpartition('@')[2]}>"
        letter.set_content(message.text)
        for attachment in message.attachments:
            kind = mimetypes.guess_type(attachment.name)[0] or "application/octet-stream"
            main, _, sub = kind.partition("/")
            letter.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
        return letter

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        # As a name for itself the library would ask the network for one, and wait.
        name = socket.gethostname()
        server: smtplib.SMTP | None = None
        try:
            with _told("can't be used", UnreachableError):
                if self._is_wrapped:
                    server = smtplib.SMTP_SSL(self._host, self._port, name, timeout=TIMEOUT_SECONDS, context=_trusted())
                else:
                    server = smtplib.SMTP(self._host, self._port, name, timeout=TIMEOUT_SECONDS)
                    server.ehlo()
                    if self._wants_tls and (server.has_extn("starttls") or self._user):
                        server.starttls(context=_trusted())
                server.ehlo_or_helo_if_needed()
                if self._user:
                    server.login(self._user, self._password)
            yield server
        finally:
            if server:
                # Whatever it says now, the message's fate is known.
                with suppress(OSError, smtplib.SMTPException):
                    server.quit()
                server.close()


def _trusted() -> ssl.SSLContext:
    # Reading all authorities takes longer than a letter in the same machine.
    return ssl.create_default_context()


def _mailboxes(text: str) -> list[tuple[str, str]]:
    """Names and addresses.

    Raises:
        ValueError: one is no address.
    """
    found = getaddresses([text]) if text.strip() else []
    if any(not 0 < address.find("@") < len(address) - 1 or not address.isascii() for _, address in found):
        raise ValueError
    return [(printable(name), printable(address)) for name, address in found]


def _header(mailboxes: list[tuple[str, str]]) -> str:
    plain = ((_literally(name).translate({ord('"'): None, ord("\\"): None}), address) for name, address in mailboxes)
    return ", ".join(f'"{name}" <{address}>' if name else address for name, address in plain)


def _literally(text: str) -> str:
    """Text for a header. The library decodes words that are encoded already, and with them line breaks: new headers."""
    return text.replace("=?", "= ?")


@contextmanager
def _told(what: str, kind: type[NotSentError] = NotSentError) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise kind(f"the mail server {what}: {_said(error.smtp_code, error.smtp_error)}") from None
    except smtplib.SMTPNotSupportedError:
        raise kind(
            f"the mail server {what}: it offers no encryption or no login. Without a password it may go "
            "unencrypted, or with tls=no in the URL"
        ) from None
    except (OSError, UnicodeError) as error:
        raise kind(f"the mail server {what}: {_cause(error)}") from None


def _expect(answer: tuple[int, bytes]) -> None:
    if not _is_taken(answer):
        raise smtplib.SMTPResponseException(*answer)


def _is_taken(answer: tuple[int, bytes]) -> bool:
    return answer[0] in (250, 251)


def _said(code: int, text: bytes | str) -> str:
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(told.split())}"


def _cause(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
