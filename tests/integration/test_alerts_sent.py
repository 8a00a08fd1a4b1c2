"""People are told by real servers: every address by itself, once, whatever happens to the others or to the process."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery_place import PASSWORD, Mailbox, Webhook
from delivery_place import Place as DeliveryPlace
from end_to_end.web import free_port
from postgresql import Server
from sandbox import environment, of_many_messages

from alerts.findings import Finding, Kind, Look
from alerts.looks import of_deliveries, of_killed, of_run, of_tables
from alerts.telling import open_incidents, tell, try_addresses
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.sources import adbc_postgresql
from ingestion.sources.adbc_postgresql import PostgresqlSnapshot
from orchestration.__main__ import main

DOWN = Finding(Kind.SOURCE_UNREACHABLE, "erp", "erp does not answer.", ("erp",), "Look: python -m ingestion inspect")
UP = Look((), {Kind.SOURCE_UNREACHABLE: {"erp"}})
T0 = datetime(2026, 11, 2, 3, 5, tzinfo=UTC)

DYING = """
import os, sys
from alerts.record import Record
write, count = Record.write, 0

def writing(self, incidents):
    global count
    count += 1
    if count == int(sys.argv[1]):
        os._exit(9)
    write(self, incidents)

Record.write = writing
from alerts.looks import of_killed
from alerts.telling import tell
from ingestion.settings import Settings
tell(Settings.read(), of_killed("warehouse"))
"""
"""A look that does not outlive what it is about to remember for the so-many-th time: first what it found, then what it
sent."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Dagster's, where the record lies."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return tmp_path / "dagster"


def settings(home: Path, *urls: str, **more: Any) -> Settings:
    """Of a place with one system."""
    told: dict[str, Any] = {"alert_urls": ",".join(urls), "erp_database_url": f"sqlite:///{home}/erp.sqlite"}
    places = {"exports_url": str(home / "exports"), "archive_url": str(home / "archive")}
    return Settings.model_validate({**told, **places, **more})


def subjects(webhook: Webhook) -> list[str]:
    return [body["title"].removeprefix("[CRM warehouse] ") for body in webhook.bodies]


def test_urls_are_parted_where_another_begins(home: Path) -> None:
    urls = ["smtp://a:b@mail?from=a@b.c&to=d@e.f,g@h.i", "json://host/path,more?x=1,2", "slack://A/B/C/#x"]
    assert settings(home, *urls).alert_addresses == urls
    assert settings(home).alert_addresses == []
    assert PASSWORD not in repr(settings(home, f"json://me:{PASSWORD}@host"))


def test_message_says_what_so_what_and_now_what(home: Path, mailbox: Mailbox) -> None:
    given = settings(home, mailbox.url(), shop_database_url="sqlite:////nowhere.sqlite", send_timezone="Europe/Berlin")
    tell(given, Look((DOWN,), {}), T0)
    tell(given, UP, T0 + timedelta(hours=2, minutes=10))
    assert [str(letter["Subject"]) for letter in mailbox.letters] == [
        "[CRM warehouse] erp can't be read",
        "[CRM warehouse] over after 2 h 10 min: erp can't be read",
    ]
    paragraphs = mailbox.text(0).split("\n\n")
    assert paragraphs[0] == "erp does not answer."
    assert paragraphs[1] == "Since Mon 2 Nov, 04:05 (Europe/Berlin)."
    # Without dbt's manifest, by what is published.
    assert re.match(
        r"Not brought up to date: 6 marts \(customer_analytics, interactions, .*\); \d+ marts of all systems together; "
        r"4 reports \(Customer interactions, All businesses, \"All businesses, last 28 days\" and Warehouse\); "
        r"\d+ exports\.$",
        paragraphs[2],
    )
    assert paragraphs[3].startswith("Still works: shop goes on as always. Nothing is lost")
    assert paragraphs[4] == "Look: .venv/bin/python -m ingestion inspect"
    assert paragraphs[6] == "More: docs/operations.md#source-unreachable"
    assert "from Mon 2 Nov, 04:05 (Europe/Berlin) to Mon 2 Nov, 06:15 (Europe/Berlin)" in mailbox.text(1)
    assert not any(name in mailbox.text(n) for n in (0, 1) for name in (PASSWORD, "crm.example"))


def test_address_that_fails_keeps_no_other_from_hearing_and_hears_later(
    home: Path, mailbox: Mailbox, webhook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = f"smtp://crm:{PASSWORD}@127.0.0.1:{free_port()}?from=a@b.example&to=d@e.example&tls=no"
    given = settings(home, nobody, mailbox.url(), webhook.url)
    mailbox.refused = {"ada@crm.example", "bob@crm.example"}
    tell(given, Look((DOWN,), {}), T0)
    assert subjects(webhook) == ["erp can't be read"]
    told = capsys.readouterr().err
    assert "alerts: ALERT_URLS, no. 1: the mail server can't be used" in told
    assert "alerts: ALERT_URLS, no. 2: the mail server refuses 2 of 2 addressees" in told
    kept = (home / "alerts.json").read_text()
    assert not any(secret in told + kept for secret in (PASSWORD, "e.example", "crm.example", "127.0.0.1"))

    mailbox.refused = set()
    # Another password is no other address.
    tell(settings(home, nobody, mailbox.url().replace(PASSWORD, "wrong"), webhook.url), Look((), {}), T0)
    assert mailbox.letters == []
    tell(given, Look((), {}), T0)
    assert len(mailbox.letters) == len(webhook.bodies) == 1


def test_service_that_does_not_answer_hears_twice_at_most(home: Path, webhook: Webhook) -> None:
    webhook.answer = lambda: 0
    for _ in range(4):
        tell(settings(home, webhook.url), Look((DOWN,), {}))
    assert subjects(webhook) == ["erp can't be read"] * 2


@pytest.mark.parametrize(("at", "heard"), [(1, 1), (2, 2)], ids=["before it is remembered", "once it is sent"])
def test_killed_look_is_made_up_for_by_the_next(at: int, heard: int, home: Path, webhook: Webhook) -> None:
    given = settings(home, webhook.url)
    told = {**os.environ, **environment(given), "DAGSTER_HOME": str(home)}
    dead = subprocess.run([sys.executable, "-c", DYING, str(at)], cwd=PROJECT_ROOT, env=told, check=False, timeout=60)
    assert dead.returncode == 9
    for _ in range(2):
        tell(given, of_killed("warehouse"))
    assert subjects(webhook) == ["a run of warehouse was killed"] * heard


def test_record_that_can_not_be_written_keeps_nobody_from_hearing(
    home: Path, webhook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "alerts.json.partial").mkdir(parents=True)
    tell(settings(home, webhook.url), Look((DOWN,), {}))
    assert subjects(webhook) == ["erp can't be read"]
    assert "can't be written: Is a directory. What is sent now is sent again" in capsys.readouterr().err


def test_damaged_record_is_told(home: Path, webhook: Webhook) -> None:
    tell(settings(home), Look((DOWN,), {}))
    (home / "alerts.json").write_text("[{")
    for _ in range(2):
        tell(settings(home, webhook.url), Look((DOWN,), {}))
    assert subjects(webhook) == ["the record of alerts was damaged", "erp can't be read"]


def test_place_without_addresses_remembers_all_the_same(home: Path) -> None:
    tell(settings(home), Look((DOWN,), {}))
    [incident] = open_incidents(settings(home))
    assert incident.finding == DOWN
    tell(settings(home), UP)
    assert open_incidents(settings(home)) == []


def test_whatever_is_wrong_with_telling_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file" / "below"))
    tell(settings(tmp_path), Look((DOWN,), {}))
    assert "alerts: nobody was told" in capsys.readouterr().err


def test_test_goes_to_every_address_and_says_which_can_not_be_used(
    home: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = settings(home, "file:///srv/reports", f"nonsense://{PASSWORD}", webhook.url)
    assert [fault and fault[:26] for fault in try_addresses(given).values()] == [
        "ALERT_URLS, no. 1 is a fol",
        "ALERT_URLS, no. 2 is no ad",
        None,
    ]
    monkeypatch.setenv("ALERT_URLS", webhook.url)
    assert main(["alerts", "--test"]) == 0
    assert subjects(webhook) == ["a test"] * 2
    monkeypatch.setenv("ALERT_URLS", "")
    assert main(["alerts", "--test"]) == 1
    assert "ALERT_URLS is not set: nobody is told." in capsys.readouterr().err


def test_what_is_open_is_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts"]) == 0
    assert "Nothing is wrong" in capsys.readouterr().out
    tell(settings(home), Look((DOWN, Finding(Kind.STALE, "erp.customers", "They are old.", ("erp",))), {}), T0)
    assert main(["alerts"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"2026-11-02 03:05 +source_unreachable +erp can't be read", told)
    assert "(follows from another)" in told


def test_connection_that_is_lost_half_way_is_the_source_and_no_table(
    home: Path, webhook: Webhook, postgresql_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = of_many_messages(tmp_path, postgresql_server, 9_000)
    database = re.search(r"/(test_\d+)\?", sandbox.url)
    assert database
    read = PostgresqlSnapshot.read

    def read_then_end(self: PostgresqlSnapshot, *arguments: Any) -> Any:
        for number, batch in enumerate(read(self, *arguments)):
            if number == 1:
                postgresql_server.sql(
                    f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{database[1]}'"
                )
            yield batch

    given = settings(home, webhook.url)
    with monkeypatch.context() as patch:
        patch.setattr(adbc_postgresql, "BATCH_ROWS", 4_000)
        patch.setattr(PostgresqlSnapshot, "read", read_then_end)
        for _ in range(2):
            tell(given, of_tables("whatsapp", sandbox.run().tables, ["whatsapp"]))
    tell(given, of_tables("whatsapp", sandbox.run().tables, ["whatsapp"]))
    first, last = subjects(webhook)
    assert first == "whatsapp can't be read"
    assert re.fullmatch("over after .+: whatsapp can't be read", last)
    assert "PostgreSQL can't be read" in webhook.bodies[0]["message"]


def test_delivery_that_fails_is_told_with_its_reason_and_its_end(
    home: Path, tmp_path: Path, mailbox: Mailbox, webhook: Webhook
) -> None:
    place = DeliveryPlace(tmp_path)
    place.variables["DELIVERY_MANAGEMENT"] = mailbox.url()
    place.declare({"to": "MANAGEMENT"})
    assert place.results() == []
    place.publish()
    mailbox.refused = {"ada@crm.example"}
    given = settings(
        home,
        webhook.url,
        whatsapp_database_url="sqlite:////nowhere.sqlite",
        reports_catalogue=tmp_path / "reports.yml",
        exports_catalogue=tmp_path / "catalogue.yml",
    )
    for now in ("2026-11-02T12:00:00+00:00", "2026-11-02T13:00:00+00:00"):
        tell(given, of_deliveries(["MANAGEMENT"], place.results(now), ["whatsapp"]))
    mailbox.refused = set()
    tell(given, of_deliveries(["MANAGEMENT"], place.results("2026-11-02T14:00:00+00:00"), ["whatsapp"]))
    first, last = subjects(webhook)
    assert first == "delivery to MANAGEMENT failed"
    assert re.fullmatch("over after .+: delivery to MANAGEMENT failed", last)
    text = webhook.bodies[0]["message"]
    assert "the mail server refuses 1 of 2 addressees, so it was sent to none" in text
    assert "Not sent: 1 report (Conversations)." in text
    assert "crm.example" not in text


def test_run_that_fails_for_what_no_step_has_told(home: Path, webhook: Webhook) -> None:
    given = settings(home, webhook.url)
    tell(given, of_run("warehouse", "raw_erp: The warehouse can't be opened", is_over=False))
    # A look in between that does not know how it ends.
    tell(given, of_run("warehouse", None, is_over=False))
    tell(given, of_run("warehouse_models", None))
    tell(given, of_run("warehouse", None))
    first, last = subjects(webhook)
    assert first == "a run of warehouse failed"
    assert re.fullmatch("over after .+: a run of warehouse failed", last)
