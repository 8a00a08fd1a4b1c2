"""Servers that several files' messages arrive at."""

from collections.abc import Iterator

import pytest
from delivery_place import Mailbox, Webhook, mail_server, web_server


@pytest.fixture(scope="module")
def mail_service() -> Iterator[Mailbox]:
    """A mail server for a file's tests."""
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(mail_service: Mailbox) -> Mailbox:
    """The same, empty, taking all that comes."""
    mail_service.letters.clear()
    mail_service.refused.clear()
    mail_service.answer = lambda: "250 OK"
    return mail_service


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A web server with a webhook, which nobody has called yet."""
    with web_server() as hook:
        yield hook
