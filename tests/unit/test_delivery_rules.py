"""What may be declared of deliveries, which addresses there are, and when a period is due."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from exports.catalogue import load_exports
from exports.delivery.addresses import Address
from exports.delivery.chat import Chat
from exports.delivery.declaration import DeliverTo, addresses_by_name
from exports.delivery.due import Rules, setup_id
from exports.delivery.errors import NotSentError
from exports.delivery.folder import Folder
from exports.delivery.mail import Mail
from exports.delivery.parcels import Parcel
from exports.delivery.protection import protected
from exports.errors import ExportError
from exports.periods import Period
from exports.reports.declaration import FORMS, load_reports
from exports.reports.measures import Tenant
from exports.reports.publish import FORMS as RENDERED
from ingestion.errors import StorageError
from ingestion.log.deliveries import Delivery, DeliveryCopy
from ingestion.output.storage import Storage

TO = DeliverTo(to="MANAGEMENT")
TENANTS = {
    "shop:1": Tenant("shop:1", "shop", "Tokyo", "Asia/Tokyo"),
    "shop:2": Tenant("shop:2", "shop", "Los Angeles", "America/Los_Angeles"),
}


@pytest.mark.parametrize(
    ("deliver", "told"),
    [
        ({"to": "management"}, r"deliver\.0\.to: String should match pattern"),
        ({"to": "PASSWORD_OF_ALL"}, "names that begin with PASSWORD_ are those of passwords"),
        ({"to": "A", "attach": ["docx"]}, "attach: docx is not among html, pdf, xlsx"),
        ({"to": "A", "attach": ["pdf", "xlsx"], "password": "P"}, "a password protects workbooks only"),
        ({"to": "A", "tenants": ["shop:1"]}, "tenants: it has no files of one tenant"),
        ({"to": "A", "url": "smtp://..."}, r"deliver\.0\.url: Extra inputs are not permitted"),
    ],
)
def test_report_that_can_not_be_delivered_so_is_refused(tmp_path: Path, deliver: dict[str, object], told: str) -> None:
    entry = {"title": "T", "source": "all", "recipients": "all", "sections": [{"reach": True}], "deliver": [deliver]}
    (tmp_path / "reports.yml").write_text(yaml.safe_dump({"all_of_it": entry}), encoding="utf-8")
    with pytest.raises(ExportError, match=told):
        load_reports(tmp_path / "reports.yml")


@pytest.mark.parametrize(
    ("deliver", "told"),
    [
        ([{"to": "A", "attach": ["xlsx"]}], "attach: xlsx is not among csv"),
        ([{"to": "A", "password": "P"}], "a password protects workbooks; add xlsx to formats"),
        ([{"to": "A"}, {"to": "A", "link": True}], "deliver names A twice"),
    ],
)
def test_export_that_can_not_be_delivered_so_is_refused(
    tmp_path: Path, deliver: list[dict[str, object]], told: str
) -> None:
    (tmp_path / "catalogue.yml").write_text(yaml.safe_dump({"costs": {"mart": "costs", "deliver": deliver}}))
    with pytest.raises(ExportError, match=told):
        load_exports(tmp_path / "catalogue.yml")


def test_export_takes_no_address_from_a_report_of_its_name() -> None:
    other = DeliverTo(to="OWNERS")
    entries = [("costs", [TO]), ("sales", []), ("costs", []), ("costs", [other])]
    assert addresses_by_name(entries) == {"costs": ["MANAGEMENT", "OWNERS"]}


def test_reports_are_delivered_in_every_form_that_they_have() -> None:
    assert tuple(RENDERED) == FORMS


@pytest.mark.parametrize(
    ("value", "way"),
    [
        ("smtp://mail.example.com?from=a@b.c&to=d@e.f", Mail),
        ("smtps://u%40x:p%2F@mail.example.com:465?from=A%20B%20<a@b.c>&to=d%2Bx@e.f,g@h.i&tls=yes", Mail),
        ("data/given", Folder),
        ("/srv/given", Folder),
        ("memory://given", Folder),
        ("s3://bucket/given", Folder),
        ("jsons://example.com/hook", Chat),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", Chat),
    ],
)
def test_address_goes_its_way(value: str, way: type) -> None:
    assert isinstance(Address(TO.variable, value).way, way)


@pytest.mark.parametrize(
    "value",
    [
        "smtp://mail.example.com",
        "smtp://mail.example.com?from=a@b.c",
        "smtp://mail.example.com?from=a@b.c&to=nobody",
        "smtp://mail.example.com?from=a@b.c,d@e.f&to=g@h.i",
        "smtp://mail.example.com?from=a@b.c&to=d@e.f&subject=x",
        "smtp://mail.example.com?from=a@b.c&to=d@e.f&tls=maybe",
        "smtp://user:pass#word@mail.example.com?from=a@b.c&to=d@e.f",
        "smtp://mail.example.com:port?from=a@b.c&to=d@e.f",
        "https://example.com/hook/token-of-it",
        "nonsense://token-of-it",
    ],
)
def test_what_is_no_address_is_told_without_it(value: str) -> None:
    with pytest.raises(
        ExportError, match=r"^DELIVERY_MANAGEMENT is no .+smtp://(user:password@host:587\?from=| and )"
    ) as told:
        Address(TO.variable, value)
    assert not any(secret in str(told.value) for secret in ("token-of-it", "pass#word", "mail.example.com"))


def test_nothing_of_an_address_is_in_what_goes_wrong() -> None:
    address = Address(TO.variable, "smtp://robot:p%40s@mail.example.com?from=a@b.c&to=dora@e.f")
    with pytest.raises(NotSentError) as told, address.told():
        raise NotSentError("550 <DORA@e.f>, x@y.z via mail.example.com as Robot with p@s (p%40s), see http://h/?t=1")
    assert str(told.value) == "550 ..., ... via ... as ... with ... (...), see ..."


def test_nothing_that_stands_behind_an_equals_sign_is_told_whatever_it_ends_in() -> None:
    address = Address(TO.variable, "json://hooks.example.com/x?+Authorization=Zm9vOmJhcg==&+Key=a=bcdef")
    with pytest.raises(NotSentError, match=r"^refused \.\.\. and \.\.\.$"), address.told():
        raise NotSentError("refused Zm9vOmJhcg== and a=bcdef")


def test_what_is_no_workbook_gets_no_password() -> None:
    with pytest.raises(NotSentError, match="the workbook can't be given a password: it is none"):
        protected(b"PK\x03\x04 half of one", "open")


def parcel(tenant_key: str | None, written_at: str = "2026-11-01T00:00:00+00:00", kind: str = "export") -> Parcel:
    october = Period("month", date(2026, 10, 1))
    return Parcel(
        kind=kind,  # type: ignore[arg-type]
        name="costs",
        title="costs",
        folder="",
        recipient=(tenant_key or "all").replace(":", "/"),
        recipient_name="",
        tenant_key=tenant_key,
        period=october,
        period_text="",
        last_day=october.last_day,
        revision=1,
        digest="",
        written_at=datetime.fromisoformat(written_at),
        files={},
    )


def is_due(of: Parcel, set_up: str, now: str) -> bool:
    id_ = setup_id(of.kind, of.name, TO, "")
    at = datetime.fromisoformat(set_up)
    entry = Delivery(id_, "export", of.name, TO.to, "", None, 0, None, "set up", at)
    rules = Rules({id_: entry}, TENANTS, datetime.fromisoformat(now))
    return bool([*rules.due([of], TO, is_repeatable=False)])


@pytest.mark.parametrize(
    ("state", "is_sent_again"), [("failed", True), ("sending", False), ("of a later version", False)]
)
def test_only_what_failed_is_sent_again(state: Any, is_sent_again: bool) -> None:
    of, at, now = parcel("shop:1"), datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
    set_up = Delivery(setup_id("export", "costs", TO, ""), "export", "costs", TO.to, "", None, 0, None, "set up", at)
    before = Rules({set_up.delivery_id: set_up}, TENANTS, now)
    id_ = before.about(of, TO).delivery_id
    entry = Delivery(id_, "export", "costs", TO.to, of.recipient, "2026-10", 1, "", state, at)
    rules = Rules({**before.entries, id_: entry}, TENANTS, now)
    assert bool([*rules.due([of], TO, is_repeatable=False)]) is is_sent_again


def test_period_ends_where_its_tenant_is() -> None:
    # October ends at 15:00 UTC of its last day in Tokyo, and at 07:00 UTC of the day after in Los Angeles.
    assert is_due(parcel("shop:1"), "2026-10-31T14:59:00+00:00", "2026-11-02T00:00:00+00:00")
    assert not is_due(parcel("shop:1"), "2026-10-31T15:00:00+00:00", "2026-11-02T00:00:00+00:00")
    assert is_due(parcel("shop:2"), "2026-11-01T06:59:00+00:00", "2026-11-02T00:00:00+00:00")
    assert not is_due(parcel("shop:2"), "2026-11-01T07:00:00+00:00", "2026-11-02T00:00:00+00:00")


def test_file_of_all_tenants_waits_for_the_last_of_them_but_no_longer_than_a_day() -> None:
    set_up = "2026-10-01T00:00:00+00:00"
    assert not is_due(parcel(None), set_up, "2026-11-01T08:00:00+00:00")
    assert is_due(parcel(None, written_at="2026-11-01T07:30:00+00:00"), set_up, "2026-11-01T08:00:00+00:00")
    assert is_due(parcel(None), set_up, "2026-11-02T07:00:00+00:00")
    # Of reports only what is complete for all is published.
    assert is_due(parcel(None, kind="report"), set_up, "2026-11-01T08:00:00+00:00")


def test_copy_of_the_ledger_has_each_entry_as_it_was_last(tmp_path: Path) -> None:
    copy = DeliveryCopy(Storage(str(tmp_path), "ARCHIVE_URL"))
    assert copy.read() == []
    at = datetime(2026, 11, 1, tzinfo=UTC)
    first, second = (Delivery(id_, "report", "r", "T", "all", "2026-10", 1, "d", "sending", at) for id_ in ("a", "b"))
    copy.add([first, second])
    sent = Delivery("a", "report", "r", "T", "all", "2026-10", 1, "d", "sent", at)
    copy.add([sent])
    assert copy.read() == [sent, second]
    file = tmp_path / "operations" / "deliveries.jsonl"
    file.write_bytes(file.read_bytes() + b'{"delivery_id": "c"')
    assert copy.read() == [sent, second]
    # The next entry does not go on in a killed process's line.
    copy.add([first])
    assert copy.read() == [first, second]
    file.write_bytes(file.read_bytes() + b'{"delivery_id": "c"\n')
    with pytest.raises(StorageError, match=r"^operations/deliveries\.jsonl of the archive: line 5 is damaged"):
        copy.read()
