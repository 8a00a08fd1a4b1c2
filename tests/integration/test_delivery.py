"""What is published reaches whom it is for: once, whole, and never in silence. Real servers on loopback."""

import io
import logging
import signal
from pathlib import Path

import msoffcrypto
import openpyxl
import pytest
from delivery_place import (
    DIED,
    PASSWORD,
    READERS,
    SENDER,
    Mailbox,
    Place,
    Webhook,
    certificate,
    command_after,
    mail_server,
)

from exports.__main__ import main
from exports.catalogue import load_exports
from exports.delivery.chat import Chat
from exports.delivery.due import Rules
from exports.delivery.errors import PerhapsSentError
from exports.delivery.ledger import opened_ledger
from exports.delivery.mail import Mail
from exports.delivery.message import Message
from exports.delivery.parcels import Parcel, Published
from exports.delivery.sending import Sender
from exports.reports.__main__ import main as make_reports
from exports.reports.declaration import load_reports
from ingestion.warehouses import open_warehouse

pytestmark = pytest.mark.slow

AFTER_OCTOBER = "2026-11-02T12:00:00+00:00"
NEXT_DAY = "2026-11-03T09:00:00+00:00"
CHANGE = {"section": "At a glance", "place": "Conversations", "before": "254", "now": "255", "why": "Rows came."}
SENT = ("MANAGEMENT", "whatsapp/1", "2026-10", "sent")
FAILED = (*SENT[:3], "failed")
PERHAPS = (*SENT[:3], "perhaps sent")


@pytest.fixture
def place(tmp_path: Path, mailbox: Mailbox) -> Place:
    """A report for MANAGEMENT by mail, whose delivery was set up in October."""
    place = Place(tmp_path)
    place.variables["DELIVERY_MANAGEMENT"] = mailbox.url()
    place.declare({"to": "MANAGEMENT"})
    assert place.deliver() == []
    return place


def test_each_period_is_mailed_once_and_none_from_before_it_was_set_up(place: Place, mailbox: Mailbox) -> None:
    place.publish("2026-09")
    assert place.deliver() == []
    place.publish("2026-10")
    # Made on demand: no run makes weeks of it.
    place.publish("2026-W43")
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    assert place.deliver(AFTER_OCTOBER) == place.deliver(NEXT_DAY) == []

    [letter] = mailbox.letters
    assert letter["Subject"] == "Conversations, Harbour Bakery, October 2026"
    assert letter["From"] == SENDER and letter["To"] == ", ".join(READERS)
    [row] = place.sql("select delivery_id, digest from operations.deliveries where state = 'sent'")
    assert letter["Message-ID"] == f"<{row[0]}.crm-warehouse@crm.example>" and len(row[1]) == 64
    assert mailbox.attached() == {"conversations-2026-10.pdf": b"%PDF-1.7"}
    assert mailbox.text().splitlines() == [
        "Conversations, Harbour Bakery, October 2026",
        "",
        "Conversations: 254 (before: 240, change: 5.8 %)",
        "",
        "Attached: conversations-2026-10.pdf",
        "Among the exports, in whatsapp/1/reports: conversations-2026-10.html, conversations-2026-10.xlsx",
    ]
    assert place.ledger() == [("MANAGEMENT", "whatsapp/1", "2026-10", 1, "sent", None)]


def test_warehouse_that_came_back_from_a_backup_sends_nothing_once_more(place: Place, mailbox: Mailbox) -> None:
    file = place.folder / "warehouse.duckdb"
    backup = file.read_bytes()
    place.publish()
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    noted = place.ledger()
    file.write_bytes(backup)
    assert place.deliver(NEXT_DAY) == []
    assert place.ledger() == noted
    assert len(mailbox.letters) == 1


def test_of_revisions_one_a_day_is_sent_and_says_what_changed(place: Place, mailbox: Mailbox) -> None:
    place.publish()
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    place.publish(revision=2, changes=[CHANGE])
    assert place.deliver("2026-11-02T23:59:59+00:00") == []
    place.publish(revision=3, changes=[CHANGE])
    assert place.deliver(NEXT_DAY) == [SENT]
    assert place.deliver(NEXT_DAY) == []
    assert mailbox.letters[-1]["Subject"] == "Conversations, Harbour Bakery, October 2026 (revision 3)"
    assert (
        "1 figure has changed since revision 2:\nAt a glance, Conversations: 254 \N{RIGHTWARDS ARROW} 255\n\n"
        "Last sent was revision 1; what those between changed is marked in them.\n\n"
        "Attached: conversations-2026-10-r3.pdf"
    ) in mailbox.text()
    assert [row[3:5] for row in place.ledger()] == [(1, "sent"), (3, "sent")]


def test_delivery_that_was_taken_out_and_put_back_sends_nothing_of_between(place: Place, mailbox: Mailbox) -> None:
    place.declare()
    assert place.deliver() == []
    place.publish()
    place.declare({"to": "MANAGEMENT"})
    assert place.deliver(AFTER_OCTOBER) == []
    assert mailbox.letters == []


def test_each_destination_has_its_own_fault(place: Place, mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place.variables |= {
        "DELIVERY_NOBODY": f"smtp://crm:{PASSWORD}@127.0.0.1:1?from={SENDER}&to={READERS[0]}",
        "DELIVERY_FOLDER": str(place.folder / "given"),
        "DELIVERY_CHAT": f"json://127.0.0.1:1/{PASSWORD}",
        "DELIVERY_WRONG": f"nonsense://{PASSWORD}",
    }
    targets = ("NOBODY", "MANAGEMENT", "CHAT", "FOLDER", "UNSET", "WRONG")
    place.declare(*({"to": to} for to in targets))
    place.declare({"to": "FOLDER", "tenants": ["whatsapp:9"]}, name="typo")
    place.deliver("2026-10-21T12:00:00+00:00")
    for tenant in ("whatsapp:1", "whatsapp:2"):
        place.publish(tenant=tenant)
    mailbox.refused.add(READERS[1])
    results = place.results(AFTER_OCTOBER)
    told = {(r.target, r.recipient): r.reason or "" for r in results if r.outcome == "failed"}
    assert {key: reason for key, reason in told.items() if key[0] == "UNSET"} == {
        ("UNSET", ""): "DELIVERY_UNSET is not set. Set it in .env to smtp://, a folder or its URL, or an Apprise URL."
    }
    assert told["FOLDER", ""] == "tenants: there is no whatsapp:9 in what was built"
    assert told["WRONG", ""].startswith("DELIVERY_WRONG is no address that is known: ")
    assert told["NOBODY", "whatsapp/1"] == "the mail server can't be used: Connection refused"
    assert told["NOBODY", "whatsapp/2"].startswith("not tried: ")
    assert told["CHAT", "whatsapp/1"].startswith("the service does not take the message: A Connection error occurred")
    assert told["MANAGEMENT", "whatsapp/1"] == (
        "the mail server refuses 1 of 2 addressees, so it was sent to none: 550 5.1.1 ...: no such user of ..."
    )
    assert mailbox.letters == []
    assert [r.recipient for r in results if r.outcome == "sent"] == ["whatsapp/1", "whatsapp/2"]
    assert (place.folder / "given/whatsapp/2/reports/conversations-2026-10.pdf").read_bytes() == b"%PDF-1.7"

    # Nothing that is secret is kept or logged, and what failed is tried again.
    logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    everything = place.everything_kept() + repr(results) + "".join(logged)
    assert not any(secret in everything for secret in (PASSWORD, *READERS))
    mailbox.refused.clear()
    place.variables["DELIVERY_NOBODY"] = mailbox.url()
    assert {r[:2] for r in place.deliver(NEXT_DAY) if r[3] == "sent"} == {
        (target, f"whatsapp/{tenant}") for target in ("NOBODY", "MANAGEMENT") for tenant in (1, 2)
    }
    assert len(mailbox.letters) == 4


def test_login_is_encrypted_or_not_made(place: Place, mailbox: Mailbox) -> None:
    place.publish()
    place.variables["DELIVERY_MANAGEMENT"] = mailbox.url(options="")
    [result] = place.results(AFTER_OCTOBER)
    assert result.reason and "offers no encryption" in result.reason
    place.variables["DELIVERY_MANAGEMENT"] = mailbox.url().replace(PASSWORD, "wrong")
    [result] = place.results(AFTER_OCTOBER)
    assert (result.outcome, result.reason) == (
        "failed", "the mail server can't be used: 535 5.7.8 Authentication credentials invalid",
    )  # fmt: skip
    assert mailbox.letters == []


def test_mail_server_must_be_who_it_says(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.publish()
    trusted, context = certificate(place.folder)
    with mail_server(tls_context=context) as mailbox:
        place.variables["DELIVERY_MANAGEMENT"] = mailbox.url(options="")
        [result] = place.results(AFTER_OCTOBER)
        assert result.reason and "certificate verify failed" in result.reason
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert place.deliver(AFTER_OCTOBER) == [SENT]
    assert len(mailbox.letters) == 1


def test_letter_whose_fate_no_answer_told_waits_for_a_person(
    place: Place, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.publish()
    mailbox.answer = str
    [result] = place.results(AFTER_OCTOBER)
    assert result.outcome == "perhaps sent" and result.reason
    assert "did not say whether it took the message" in result.reason
    mailbox.answer = lambda: "250 OK"
    assert place.deliver(NEXT_DAY) == [PERHAPS]
    assert len(mailbox.letters) == 1

    place.enter(monkeypatch)
    assert main(command_after(result.reason, "--again")) == 0
    assert len(mailbox.letters) == 2
    # Those who got it twice can tell, and so can their mailboxes.
    assert mailbox.letters[0]["Message-ID"] == mailbox.letters[1]["Message-ID"]
    assert place.deliver("2026-11-04T09:00:00+00:00") == []


@pytest.mark.parametrize("moment", ["before the answer", "before the ledger"])
def test_kill_while_it_is_mailed_neither_repeats_nor_loses_a_letter(
    place: Place, mailbox: Mailbox, moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second of two letters is on its way; the first is in the ledger already."""
    place.publish(tenant="whatsapp:1")
    place.publish(tenant="whatsapp:2")
    place.now = AFTER_OCTOBER
    process = place.started(dying_at="" if moment == "before the answer" else "whatsapp/2")

    def kill() -> str:
        if moment == "before the answer" and len(mailbox.letters) == 2:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return "250 OK"

    mailbox.answer = kill
    process.communicate()
    assert process.returncode == (-signal.SIGKILL if moment == "before the answer" else DIED)
    assert len(mailbox.letters) == 2
    assert [row[1:5:3] for row in place.ledger()] == [("whatsapp/1", "sent"), ("whatsapp/2", "sending")]

    place.enter(monkeypatch)
    assert main(["deliver"]) == 1
    told = capsys.readouterr()
    assert "perhaps sent" in told.out and "whatsapp/1" not in told.out
    assert "the process ended before the answer was noted" in told.err
    assert len(mailbox.letters) == 2
    assert main(command_after(told.err, "--arrived")) == 0
    assert main(["deliver"]) == 0
    assert "Nothing is due." in capsys.readouterr().out
    assert [row[4:] for row in place.ledger()] == [("sent", None), ("sent", "a person said so")]
    assert len(mailbox.letters) == 2


def test_kill_after_the_ledger_changes_nothing(place: Place, webhook: Webhook) -> None:
    place.variables["DELIVERY_MANAGEMENT"] = webhook.url
    place.publish()
    place.now = AFTER_OCTOBER
    process = place.started(dying_at="whatsapp/1", is_noted=True)
    process.communicate()
    assert process.returncode == DIED
    assert place.deliver() == place.deliver(NEXT_DAY) == []
    assert len(webhook.bodies) == 1


def test_later_revision_settles_what_was_perhaps_sent(place: Place, mailbox: Mailbox) -> None:
    place.publish()
    mailbox.answer = str
    assert place.deliver(AFTER_OCTOBER) == [PERHAPS]
    mailbox.answer = lambda: "250 OK"
    place.publish(revision=2, changes=[CHANGE])
    assert place.deliver(AFTER_OCTOBER) == [PERHAPS]
    assert place.deliver(NEXT_DAY) == [PERHAPS, SENT]
    assert place.deliver(NEXT_DAY) == []


def test_what_another_process_sent_meanwhile_is_not_sent(place: Place, mailbox: Mailbox) -> None:
    place.publish()
    place.now = AFTER_OCTOBER
    settings = place.settings()
    warehouse = open_warehouse(settings.warehouse, 5)
    with opened_ledger(warehouse, settings) as ledger:
        rules = Rules(ledger.entries(), {}, settings.now)
    published, report = Published(settings.exports, {}), load_reports(settings.reports_catalogue)["conversations"]
    parcels = [one for one in published.of_report("conversations", report) if isinstance(one, Parcel)]
    [due] = rules.due(parcels, report.deliver[0], is_repeatable=False)
    # Between the plan and the lock.
    assert place.deliver() == [SENT]
    assert Sender(settings, warehouse, published.storage).send(due) is None
    assert len(mailbox.letters) == 1


def test_list_that_another_process_sent_on_another_day_is_not_sent(place: Place, mailbox: Mailbox) -> None:
    place.declare()
    place.exports = {"customers": {"mart": "customers", "split": "whole", "deliver": [{"to": "MANAGEMENT"}]}}
    place.export()
    settings = place.settings()
    warehouse = open_warehouse(settings.warehouse, 5)
    published, export = Published(settings.exports, {}), load_exports(settings.exports_catalogue)["customers"]
    [parcel] = [one for one in published.of_export(export) if isinstance(one, Parcel)]
    due = Rules({}, {}, settings.now).about(parcel, export.deliver[0])
    # It began after midnight.
    assert place.deliver(AFTER_OCTOBER) == [("MANAGEMENT", "all", "2026-11-02", "sent")]
    assert Sender(settings, warehouse, published.storage).send(due) is None
    assert len(mailbox.letters) == 1


def test_webhook_gets_text_and_link_and_its_faults_are_told(place: Place, webhook: Webhook) -> None:
    place.variables |= {"DELIVERY_MANAGEMENT": webhook.url, "EXPORTS_LINK": "https://crm.example/reports/"}
    place.declare({"to": "MANAGEMENT", "link": True})
    place.publish()
    webhook.answer = lambda: 500
    [result] = place.results(AFTER_OCTOBER)
    assert result.outcome == "failed" and result.reason and "error=500" in result.reason
    webhook.answer = lambda: 0
    [result] = place.results(AFTER_OCTOBER)
    assert result.outcome == "perhaps sent"
    webhook.answer = lambda: 200
    assert place.deliver(NEXT_DAY) == [PERHAPS]
    assert len(webhook.bodies) == 2
    assert PASSWORD not in place.everything_kept()
    assert webhook.bodies[0]["title"] == "Conversations, Harbour Bakery, October 2026"
    assert "254 (before: 240" in webhook.bodies[0]["message"]
    assert webhook.bodies[0]["message"].endswith(
        "To open: https://crm.example/reports/whatsapp/1/reports/conversations-2026-10.html"
    )


def test_message_of_which_a_part_arrived_is_not_simply_sent_again(webhook: Webhook) -> None:
    webhook.answer = lambda: 200 if len(webhook.bodies) == 1 else 500
    message = Message("0123", "Costs", "a line\n" * 6000, ())
    with pytest.raises(PerhapsSentError, match="error=500"):
        Chat("DELIVERY_A", f"{webhook.url}?overflow=split").send(message)
    assert len(webhook.bodies) > 1


def test_service_that_takes_html_reads_the_text_as_text(mailbox: Mailbox) -> None:
    Chat("DELIVERY_A", mailbox.url("").replace("smtp:", "mailto:")).send(Message("0123", "S", "A <b> & co\nC\n", ()))
    body = mailbox.letters[0].get_body()
    assert body is not None and body.get_content_type() == "text/plain"
    assert "A <b> & co\nC" in mailbox.text(0)


def test_tenants_of_one_name_are_told_apart(place: Place, mailbox: Mailbox) -> None:
    place.sql("update core.dim_tenants set tenant_name = 'Harbour Bakery'")
    place.declare()
    place.exports = {"customers": {"mart": "customers", "deliver": [{"to": "MANAGEMENT"}]}}
    place.sql("insert into marts.customers values ('whatsapp:1', '1'), ('whatsapp:2', '2')")
    place.export()
    place.deliver()
    assert [letter["Subject"].partition(", ")[2] for letter in mailbox.letters] == [
        f"Harbour Bakery (whatsapp/{tenant}), as of 20 October 2026" for tenant in (1, 2)
    ]


def test_day_at_the_end_of_time_leaves_the_others(place: Place, mailbox: Mailbox) -> None:
    place.publish()
    place.exports = {
        "costs": {"mart": "costs_monthly", "cadence": "monthly", "split": "whole", "deliver": [{"to": "MANAGEMENT"}]}
    }
    place.sql("insert into marts.costs_monthly values ('whatsapp:1', '9999-12-01', '9999-12-31', true, 1)")
    place.export()
    told = "all/costs/manifest.json has a day that no calendar has."
    assert [(r.outcome, r.reason) for r in place.results(AFTER_OCTOBER)] == [("failed", told), ("sent", None)]


def test_no_name_makes_a_header(mailbox: Mailbox) -> None:
    url = mailbox.url().replace(f"from={SENDER}", f"from=%22R%5C%5C%22<{SENDER}>")
    Mail("DELIVERY_A", url).send(Message("0123", "Costs, =?utf-8?q?=0ABcc:_x@y.z?=, October 2026", "Text\n", ()))
    [letter] = mailbox.letters
    assert letter["Bcc"] is None and letter["Subject"] == "Costs, = ?utf-8?q?=0ABcc:_x@y.z?=, October 2026"
    assert str(letter["From"]) == f"R <{SENDER}>"


def test_what_an_address_may_not_have_any_more_is_not_sent_to_it_again(
    place: Place, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.publish()
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    [(sent,)] = place.sql("select delivery_id from operations.deliveries where state = 'sent'")
    place.declare({"to": "MANAGEMENT", "tenants": ["whatsapp:2"]})
    place.enter(monkeypatch)
    assert main(["deliver", "--again", sent]) == 1
    assert "is not published, or not declared, any more" in " ".join(capsys.readouterr().err.split())
    assert len(mailbox.letters) == 1


def test_what_was_on_its_way_to_a_folder_is_written_again(place: Place) -> None:
    place.variables["DELIVERY_MANAGEMENT"] = str(place.folder / "given")
    place.publish()
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    # Later than the archive's copy says, which has both else.
    begun = "state = 'sending', changed_at = changed_at + interval 1 second"
    place.sql(f"update operations.deliveries set {begun} where state = 'sent'")
    (place.folder / "given/whatsapp/1/reports/conversations-2026-10.pdf").unlink()
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    assert sorted(path.name for path in (place.folder / "given").rglob("*.*")) == [
        "conversations-2026-10.html", "conversations-2026-10.pdf", "conversations-2026-10.xlsx",
    ]  # fmt: skip


def test_workbook_opens_with_its_password_and_the_text_tells_no_figure(place: Place, mailbox: Mailbox) -> None:
    place.declare({"to": "MANAGEMENT", "password": "OWNERS", "tenants": ["whatsapp:1"]})
    place.publish(revision=2, changes=[CHANGE])
    place.publish(tenant="whatsapp:2")
    [result] = place.results(place.now)
    assert result.reason == "DELIVERY_PASSWORD_OWNERS is not set. Set it in .env, or leave password out."
    place.variables["DELIVERY_PASSWORD_OWNERS"] = "open sésame"
    assert place.deliver(AFTER_OCTOBER) == [SENT]
    [(name, content)] = mailbox.attached().items()
    assert name == "conversations-2026-10-r2.xlsx"
    locked = msoffcrypto.OfficeFile(io.BytesIO(content))
    locked.load_key(password=place.variables["DELIVERY_PASSWORD_OWNERS"], verify_password=True)
    opened = io.BytesIO()
    locked.decrypt(opened)
    assert openpyxl.load_workbook(opened).active["A1"].value == 254
    assert "254" not in mailbox.text() and "1 figure has changed since revision 1." in mailbox.text()
    assert "open sésame" not in place.everything_kept()


def test_history_goes_once_a_period_and_a_list_when_it_has_changed(place: Place, mailbox: Mailbox) -> None:
    place.declare()
    to = {"split": "whole", "deliver": [{"to": "MANAGEMENT"}]}
    place.exports = {
        "costs": {**to, "mart": "costs_monthly", "cadence": "monthly", "files": "history", "formats": ["csv", "xlsx"]},
        "customers": {**to, "mart": "customers"},
        "costs_by_month": {
            **to, "split": "tenant", "mart": "costs_monthly", "cadence": "monthly", "files": "period",
            "deliver": [{"to": "MANAGEMENT", "tenants": ["whatsapp:2"]}],
        },
    }  # fmt: skip
    place.sql("""
        insert into marts.costs_monthly values
            ('whatsapp:1', '2026-09-01', '2026-09-30', true, 5), ('whatsapp:2', '2026-09-01', '2026-09-30', true, 6);
        insert into marts.customers values ('whatsapp:1', 'c1');
    """)
    place.export()
    customers = ("MANAGEMENT", "all", "2026-10-20", "sent")
    assert place.deliver() == [customers]
    assert mailbox.text().splitlines()[:3] == [
        "customers, All together, as of 20 October 2026",
        "",
        "customers.csv: 1 row",
    ]

    # October has ended in Berlin and not in New York: the file of both waits for it.
    place.now = "2026-11-01T00:30:00+00:00"
    place.sql("insert into marts.costs_monthly values ('whatsapp:1', '2026-10-01', '2026-10-31', true, 7)")
    place.export()
    assert place.deliver() == []
    place.now = "2026-11-01T06:00:00+00:00"
    place.sql("""
        insert into marts.costs_monthly values ('whatsapp:2', '2026-10-01', '2026-10-31', true, 8);
        insert into marts.customers values ('whatsapp:1', 'c2');
    """)
    place.export()
    sent = [
        ("MANAGEMENT", "all", "2026-10", "sent"),
        ("MANAGEMENT", "whatsapp/2", "2026-10", "sent"),
        ("MANAGEMENT", "all", "2026-11-01", "sent"),
    ]
    assert place.deliver() == sent
    assert mailbox.letters[1]["Subject"] == "costs, All together, October 2026"
    assert sorted(mailbox.attached(1)) == ["costs.csv", "costs.xlsx"]
    assert mailbox.attached(2) == {
        "2026-10-01.csv": b"tenant_key,period_start_date,period_end_date,is_complete,total\r\n"
        b"whatsapp:2,2026-10-01,2026-10-31,true,8\r\n"
    }
    # A period that was corrected is told by its log; a list goes once a day.
    place.sql("update marts.costs_monthly set total = 9; delete from marts.customers where customer_id = 'c1'")
    place.export()
    assert place.deliver("2026-11-01T23:00:00+00:00") == []
    assert place.deliver("2026-11-02T01:00:00+00:00") == [("MANAGEMENT", "all", "2026-11-02", "sent")]
    assert place.deliver("2026-11-03T01:00:00+00:00") == []


def test_record_and_manifest_that_are_damaged_leave_the_others(place: Place, mailbox: Mailbox) -> None:
    place.exports = {"customers": {"mart": "customers", "split": "whole", "deliver": [{"to": "MANAGEMENT"}]}}
    place.export()
    for tenant in ("whatsapp:1", "whatsapp:2"):
        place.publish(tenant=tenant)
    for path in ("whatsapp/2/reports/reports.json", "all/customers/manifest.json"):
        (place.folder / "exports" / path).write_bytes(b"{")
    results = place.results(AFTER_OCTOBER)
    assert [(r.recipient, r.outcome) for r in results] == [("", "failed"), ("", "failed"), ("whatsapp/1", "sent")]
    assert "whatsapp/2/reports/reports.json is not what reports wrote" in str(results[0].reason)
    assert "all/customers/manifest.json is not believed" in str(results[1].reason)


def test_file_that_somebody_edited_is_not_sent(place: Place, mailbox: Mailbox) -> None:
    place.declare()
    place.exports = {"customers": {"mart": "customers", "split": "whole", "deliver": [{"to": "MANAGEMENT"}]}}
    place.export()
    file = place.folder / "exports/all/customers/customers.csv"
    file.write_bytes(file.read_bytes() + b"whatsapp:1,mallory\r\n")
    [result] = place.results()
    assert result.outcome == "failed" and result.reason and "is not what was published" in result.reason
    file.unlink()
    place.export()
    assert place.deliver() == [("MANAGEMENT", "all", "2026-10-20", "sent")]


def test_ledger_is_listed(
    place: Place, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.publish()
    place.deliver(AFTER_OCTOBER)
    place.enter(monkeypatch)
    assert main(["deliveries"]) == 0
    told = capsys.readouterr().out
    assert "set up   2026-10-20 12:00   report conversations   MANAGEMENT" in told
    assert "sent     2026-11-02 12:00   report conversations   MANAGEMENT   whatsapp/1   2026-10" in told
    for arguments, told in (
        (["--again", "0123"], "The ledger has no delivery 0123."),
        (["--arrived", "0123"], "The ledger has no delivery 0123."),
        (["--name", "costs"], "No report and no export 'costs' is declared with deliver."),
    ):
        assert main(["deliver", *arguments]) == 1
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"split": "whole"}, {"files": "history"}])
def test_files_of_another_shape_than_declared_are_not_sent(
    change: dict[str, str], place: Place, mailbox: Mailbox
) -> None:
    place.declare()
    export = {
        **{"mart": "costs_monthly", "cadence": "monthly", "split": "tenant", "files": "period"},
        "deliver": [{"to": "MANAGEMENT"}],
    }
    place.exports = {"costs": export}
    place.deliver()
    place.sql("""
        insert into marts.costs_monthly values
            ('whatsapp:1', '2026-09-01', '2026-09-30', true, 5), ('whatsapp:1', '2026-10-01', '2026-10-31', true, 6);
    """)
    place.export()
    # The catalogue changes, and the files are still those of before.
    place.exports = {"costs": {**export, **change}}
    [result] = place.results(AFTER_OCTOBER)
    assert result.outcome == "failed" and "python -m exports run --name costs" in str(result.reason)
    assert mailbox.letters == []
    place.export()
    recipient = "all" if "split" in change else "whatsapp/1"
    assert ("MANAGEMENT", recipient, "2026-10", "sent") in place.deliver(AFTER_OCTOBER)


def test_period_of_reports_of_which_none_is_complete_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.sql(
        "delete from core.dim_tenants; create table marts.kpis (tenant_key varchar, grain varchar,"
        " period_start_date date, is_complete boolean)"
    )
    place.enter(monkeypatch)
    assert make_reports(["--period", "2026-10"]) == 1
    assert "2026-10: nothing was made, as no period of conversations is complete yet." in capsys.readouterr().err


def test_time_of_delivery_has_no_offset_of_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.enter(monkeypatch)
    monkeypatch.setenv("SEND_AT", "07:00+02:00")
    assert main(["deliver"]) == 1
    assert "SEND_AT can't be used: it is a time of day of SEND_TIMEZONE" in capsys.readouterr().err
