"""What no run sees is one message by a real webhook, and one more when it is over, however often it is looked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from delivery_place import Webhook
from health_place import Place
from sandbox import Sandbox

pytestmark = pytest.mark.slow

LAST_DAY = "date '2026-02-28'"
"""The last that has ended before the newest row of the source."""

COUNTS = """
    create schema core;
    create schema intermediate;
    create table core.dim_tenants as
        select 'whatsapp:' || number as tenant_key, 'whatsapp' as source_system, 'Bakery ' || number as tenant_name,
            'UTC' as timezone
        from range(1, 4) as tenants (number);
    create table intermediate.int_cross_source__kpi_periods as
        select
            'whatsapp:' || number as tenant_key, 'messages' as metric, 'count' as metric_kind, 'day' as grain,
            cast(day as date) as period_start_date, cast(400 + (7 * number + 3 * day_of) % 23 as decimal(38, 9))
                as numerator,
            cast(null as decimal(38, 9)) as denominator, true as is_complete, true as is_mature
        from (
            select number, day, dayofyear(day) as day_of
            from range(1, 4) as tenants (number),
                generate_series(timestamp '2025-12-01', timestamp '2026-02-28', interval 1 day) as days (day)
        );
"""
SHARE = (
    "update intermediate.int_cross_source__kpi_periods set numerator = numerator * {share}"
    f" where period_start_date = {LAST_DAY} and tenant_key in ({{tenants}})"
)
ALL, ONE = "'whatsapp:1', 'whatsapp:2', 'whatsapp:3'", "'whatsapp:2'"


@pytest.fixture
def place(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    return Place(sandbox, monkeypatch, capsys)


def counted(share: float, tenants: str) -> Callable[[Place], None]:
    """Give the last day of some tenants a share of its rows."""
    return lambda place: place.sandbox.change_warehouse(SHARE.format(share=share, tenants=tenants))


def recounted(place: Place) -> None:
    """What was missing has come."""
    place.sandbox.change_warehouse(
        f"update intermediate.int_cross_source__kpi_periods set numerator = 411 where period_start_date = {LAST_DAY}"
    )


def frozen(place: Place) -> None:
    """Days pass without a row: runs read the source, and it has nothing new."""
    place.sandbox.more["as_of"] = datetime(2026, 3, 5, tzinfo=UTC)
    assert place.sandbox.run().errors == []


def thawed(place: Place) -> None:
    place.sandbox.sql(
        "insert into messages select 9, conversation_id, sender_type, sender_id, content,"
        " '2026-03-05 00:00:00+00:00', metadata from messages limit 1"
    )
    assert place.sandbox.run().errors == []


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks, how it is mended, and what is said of it: how the subject begins, and what the text has."""

    breaks: Callable[[Place], object]
    mends: Callable[[Place], object]
    subject: str
    text: str


FAULTS = {
    "source frozen": Fault(frozen, thawed, "whatsapp", "its newest row is of 2026-03-01 10:00 UTC"),
    "half the rows": Fault(
        counted(0.5, ALL), recounted, "warning: unusual: whatsapp", "messages on 2026-02-28, where about"
    ),
    "tenant stops": Fault(
        counted(0, ONE), recounted, "warning: bakery 2 (whatsapp) gone silent", "no messages since 2026-02-28"
    ),
    "schedule off": Fault(
        lambda place: place.sandbox.age_state("last_run_at", 27),
        lambda place: place.sandbox.run(),
        "nothing",
        "no schedule is on",
    ),
    "daemon dead": Fault(
        lambda place: place.switch_on(timedelta(hours=2)),
        lambda place: place.switch_on(timedelta(minutes=1)),
        "nothing",
        "has given no sign of life since",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_one_message_and_its_end_another(
    name: str,
    place: Place,
    webhook: Webhook,
) -> None:
    fault = FAULTS[name]
    place.sandbox.change_warehouse(COUNTS)
    if name == "daemon dead":
        place.switch_on(timedelta(minutes=1))
    place.sandbox.more["alert_urls"] = webhook.url
    place.told()
    assert webhook.bodies == []

    fault.breaks(place)
    for _ in range(2):
        assert place.told()[0] > 0
    [body] = webhook.bodies
    assert body["title"].removeprefix("[CRM warehouse] ").casefold().startswith(fault.subject), body["title"]
    words = body["message"].replace("\n", " ")
    assert fault.text in words, words
    assert "docs/operations.md#" in words

    fault.mends(place)
    for _ in range(2):
        place.told()
    [_, end] = webhook.bodies
    assert end["title"].startswith("[CRM warehouse] over after "), end["title"]
    assert (
        end["title"]
        .casefold()
        .endswith(body["title"].removeprefix("[CRM warehouse] ").removeprefix("warning: ").casefold())
    )
