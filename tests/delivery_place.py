"""A place of published reports and files, made by hand, and servers that what is delivered arrives at."""

import json
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from end_to_end.web import free_port

from exports.catalogue import load_exports
from exports.delivery.results import DeliveryResult
from exports.delivery.run import deliver
from exports.periods import Period
from exports.publish import Publisher
from exports.reports.recipients import folder_of
from exports.reports.record import Edition, Record
from ingestion.output.storage import Storage
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import open_warehouse

PASSWORD, SENDER, READERS = "s3cret-word", "reports@crm.example", ("ada@crm.example", "bob@crm.example")

DIED = 9
DELIVER = """
import os, sys
from exports.__main__ import main
from exports.delivery.ledger import Ledger

note, (recipient, moment) = Ledger.note, sys.argv[1:]

def noting(self, *entries):
    is_end = entries[0].state == "sent" and entries[0].recipient == recipient
    if is_end and moment == "before":
        os._exit(9)
    note(self, *entries)
    if is_end:
        os._exit(9)

Ledger.note = noting
sys.exit(main(["deliver"]))
"""
"""`python -m exports deliver`, that dies before or after the ledger is told that something was sent for a recipient."""

FIGURES = {
    "At a glance": {"Conversations": "254", "Conversations, before": "240", "Conversations, change": "5.8 %"},
    "Outlets": {"North: Conversations": "12"},
}


@dataclass
class Place:
    """A folder with exports, catalogues and a warehouse of a few rows."""

    folder: Path
    now: str = "2026-10-20T12:00:00+00:00"
    reports: dict[str, Any] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sql("""
            create schema core;
            create schema marts;
            create table core.dim_tenants as select * from (values
                ('whatsapp:1', 'whatsapp', 'Harbour Bakery', 'Europe/Berlin'),
                ('whatsapp:2', 'whatsapp', 'Lamp & Rug', 'America/New_York')
            ) as t (tenant_key, source_kind, tenant_name, timezone);
            create table marts.costs_monthly (
                tenant_key varchar, period_start_date date, period_end_date date, is_complete boolean, total integer
            );
            create table marts.customers (tenant_key varchar, customer_id varchar);
        """)

    def sql(self, statements: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.folder / "warehouse.duckdb") as connection:
            return connection.execute(statements).fetchall()

    def declare(self, *deliver: Mapping[str, Any], name: str = "conversations", recipients: str = "each") -> None:
        """A report, with its deliveries."""
        sections = [{"left_out": True}]
        told = {"title": name.capitalize(), "recipients": recipients, "sections": sections, "deliver": [*deliver]}
        self.reports[name] = {**told, "source": "whatsapp"}

    def publish(
        self,
        period: str = "2026-10",
        tenant: str | None = "whatsapp:1",
        revision: int = 1,
        changes: Sequence[Mapping[str, str]] = (),
        name: str = "conversations",
    ) -> None:
        """A report's page, document and workbook, and its line in the record."""
        storage, folder = Storage(str(self.folder / "exports"), "EXPORTS_URL"), folder_of(tenant)
        of, record = Period.named(period), Record.read(storage, folder)
        edition = Edition(
            title=name.capitalize(),
            recipient={"whatsapp:1": "Harbour Bakery", "whatsapp:2": "Lamp & Rug"}.get(tenant or "", "All together"),
            cadence=of.cadence,
            period=of.text,
            first_day=of.first_day,
            keeps=True,
            revision=revision,
            published_at=self.now,
            declared="",
            figures=FIGURES,
            changes=[dict(change) for change in changes],
        )
        record.note(f"{name}-{period}", edition)
        record.save(storage)
        for form, content in (("html", b"<p>page"), ("pdf", b"%PDF-1.7"), ("xlsx", workbook())):
            storage.write(f"{folder}/{edition.stem(f'{name}-{period}')}.{form}", content)

    def export(self) -> None:
        """Publish the exports."""
        warehouse = open_warehouse(self.settings().warehouse, 5)
        with warehouse.reader() as query:
            publisher = Publisher(query, self.settings().exports)
            for export in load_exports(self.settings().exports_catalogue).values():
                assert not publisher.publish(export, datetime.fromisoformat(self.now)).faults

    def settings(self) -> Settings:
        for name, entries in (("reports", self.reports), ("catalogue", self.exports)):
            (self.folder / f"{name}.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
        return Settings.model_validate({name.lower(): value for name, value in self._places().items()})

    def _places(self) -> dict[str, str]:
        return {
            "WAREHOUSE_URL": f"duckdb:///{self.folder / 'warehouse.duckdb'}",
            "ARCHIVE_URL": str(self.folder / "archive"),
            "EXPORTS_URL": str(self.folder / "exports"),
            "EXPORTS_CATALOGUE": str(self.folder / "catalogue.yml"),
            "REPORTS_CATALOGUE": str(self.folder / "reports.yml"),
            "EXPORTS_LINK": self.variables.get("EXPORTS_LINK", ""),
            "AS_OF": self.now,
        }

    @property
    def environment(self) -> dict[str, str]:
        self.settings()
        return {**os.environ, **self._places(), **self.variables}

    def deliver(self, now: str | None = None) -> list[tuple[str, str, str, str]]:
        """Deliver in this process: target, recipient, period and what became of it."""
        return [(r.target, r.recipient, r.period, r.outcome) for r in self.results(now)]

    def results(self, now: str | None = None) -> list[DeliveryResult]:
        self.now = now or self.now
        before = dict(os.environ)
        os.environ.update(self.variables)
        try:
            return deliver(self.settings())
        finally:
            os.environ.clear()
            os.environ.update(before)

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let commands of this process see the place."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def started(self, dying_at: str = "", *, is_noted: bool = False) -> subprocess.Popen[str]:
        """`python -m exports deliver` in a process of its own.

        Args:
            dying_at: the recipient of what it does not outlive having sent.
            is_noted: whether the ledger has it then.
        """
        return subprocess.Popen(
            [sys.executable, "-c", DELIVER, dying_at, "after" if is_noted else "before"],
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ledger(self) -> list[tuple[Any, ...]]:
        """Target, recipient, period, revision, state, reason of what was sent or tried, the oldest first."""
        return self.sql(
            "select target, recipient, period, revision, state, reason from operations.deliveries "
            "where period is not null order by changed_at, recipient"
        )

    def everything_kept(self) -> str:
        """All that the ledger and its copy hold."""
        rows = self.sql("select * from operations.deliveries")
        return repr(rows) + (self.folder / "archive/operations/deliveries.jsonl").read_text(encoding="utf-8")


def workbook() -> bytes:
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, 254)
    return content.getvalue()


class Mailbox:
    """What a mail server took, and what it says.

    Attributes:
        letters: that it took.
        refused: addresses that it does not take letters for.
        answer: what it says to a letter; it may do something first.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.answer: Callable[[], str] = lambda: "250 OK"
        self.port = free_port()

    def url(self, options: str = "&tls=no", to: Sequence[str] = READERS) -> str:
        return f"smtp://crm:{PASSWORD}@127.0.0.1:{self.port}?from={SENDER}&to={','.join(to)}{options}"

    def attached(self, number: int = -1) -> dict[str, bytes]:
        """The files of a letter."""
        found = {}
        for part in self.letters[number].iter_attachments():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found[str(part.get_filename())] = content
        return found

    def text(self, number: int = -1) -> str:
        body = self.letters[number].get_body()
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    async def handle_RCPT(self, _: Any, session: Any, envelope: Any, address: str, __: Any) -> str:  # noqa: N802
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address in self.refused:
            return f"550 5.1.1 <{address}>: no such user of {PASSWORD}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        answer = self.answer()
        if not answer:
            server.transport.close()
        return answer


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    """A mail server that knows one user."""
    mailbox = Mailbox()

    def authenticator(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(handled=False, success=(data.login, data.password) == (b"crm", PASSWORD.encode()))

    given = {"authenticator": authenticator, "auth_require_tls": "tls_context" in options, **options}
    server = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, **given)
    server.start()
    try:
        yield mailbox
    finally:
        server.stop()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that only those trust who are told to, and a server's context with it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "mail.pem", folder / "mail.key"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


class Webhook:
    """What a webhook was sent, and what it says: a status, or 0 to end the connection without a word."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answer: Callable[[], int] = lambda: 200
        self.port = 0

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hooks/{PASSWORD}"


@contextmanager
def web_server() -> Iterator[Webhook]:
    """A server with a webhook."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if status := hook.answer():
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def command_after(text: str, option: str) -> list[str]:
    """The arguments of the command that a message names, after `python -m exports`."""
    found = re.search(rf"-m exports (deliver {option} [0-9a-f]+)", text)
    assert found, text
    return found[1].split()
