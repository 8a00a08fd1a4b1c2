"""How old is too old: what is declared, and ages by it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from alerts.freshness import SourceAge
from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.freshness import NEVER, READ_WITHIN, Freshness, Within, working_hours
from ingestion.catalogue.sources_file import configured_sources
from ingestion.errors import ConfigurationError
from ingestion.log.state import TableState
from ingestion.operations.judging import WELL, Grade, duration, judge
from ingestion.operations.status import TableStatus
from ingestion.settings import Settings

HOURS = working_hours("Mon-Fri 08:00-18:00 Europe/Berlin")
FRIDAY_AT_FIVE = datetime(2026, 11, 27, 16, tzinfo=UTC)
MONDAY_AT_NINE = datetime(2026, 11, 30, 8, tzinfo=UTC)
"""In Berlin, where it is an hour later."""


@pytest.mark.parametrize(
    ("told", "within"),
    [("90m", timedelta(minutes=90)), ("26h", timedelta(hours=26)), ("3d", timedelta(days=3)), ("never", NEVER)],
)
def test_durations_are_written_in_one_unit(told: str, within: timedelta) -> None:
    assert TypeAdapter(Within).validate_python(told) == within


@pytest.mark.parametrize("told", ["0h", "26", "1.5d", "-2h", "2 days", 26, ""])
def test_what_is_no_duration_is_refused(told: object) -> None:
    with pytest.raises(
        ValidationError, match=r"is no duration\. Write minutes, hours or days, as 90m, 26h or 3d, or never"
    ):
        TypeAdapter(Within).validate_python(told)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("office hours", "is not written as Mon-Fri 08:00-18:00 Europe/Berlin"),
        ("Mon-Fri 8:00-18:00 UTC", "is not written as"),
        ("Mon-Fri 08:00-25:00 UTC", "is not written as"),
        ("Mon-Foo 08:00-18:00 UTC", "'Mon-Foo' is no weekday. Use Mon, Tue"),
        ("daily 08:00-18:00 Europe/Nowhere", "there is no time zone Europe/Nowhere"),
        ("daily 08:00-18:00 Europe", "there is no time zone Europe"),
    ],
)
def test_what_are_no_working_hours_is_refused(told: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        working_hours(told)


def test_time_counts_in_working_hours_alone() -> None:
    policy = Freshness(hours=HOURS)
    assert policy.age(FRIDAY_AT_FIVE, MONDAY_AT_NINE) == timedelta(hours=2)
    assert policy.age(MONDAY_AT_NINE, FRIDAY_AT_FIVE) == timedelta()
    assert Freshness().age(FRIDAY_AT_FIVE, MONDAY_AT_NINE) == timedelta(days=2, hours=16)


def test_hours_may_run_past_midnight_and_through_a_change_of_clocks() -> None:
    nights = working_hours("Sat 22:00-06:00 Europe/Berlin")
    # The clocks go back in that night.
    assert nights.between(datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)) == timedelta(hours=9)
    assert working_hours("Sat-Mon 08:00-09:00 UTC").days == {5, 6, 0}
    assert working_hours("Mon,Wed 08:00-09:00 UTC").days == {0, 2}


def test_longest_time_without_a_read_is_over_a_weekend() -> None:
    assert Freshness(timedelta(hours=4), hours=HOURS).longest_unread == timedelta(days=2, hours=18)
    # Three days of ten hours, from a Wednesday evening on.
    assert Freshness(timedelta(hours=25), hours=HOURS).longest_unread == timedelta(days=4, hours=19)
    assert Freshness(timedelta(hours=4)).longest_unread == timedelta(hours=4)


def test_all_tables_of_a_source_are_told_at_once_and_each_may_differ(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(
        "erp:\n  '*': {read_within: 2h, hours: daily 08:00-18:00 UTC}\n"
        "  customers: {columns: {id: identifier}}\n"
        "  organizations: {read_within: 8d, columns: {id: identifier}}\n"
    )
    entries = load_catalogue(path)["erp"]
    assert {name: entry.read_within for name, entry in entries.items()} == {
        "customers": timedelta(hours=2),
        "organizations": timedelta(days=8),
    }
    assert {entry.hours for entry in entries.values()} == {"daily 08:00-18:00 UTC"}


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("erp: {'*': {mode: full}}", "erp.*: of all tables together there may be read_within, hours."),
        (
            "erp: {'*': {read_within: soon}, customers: {columns: {id: identifier}}}",
            "erp.customers.read_within: 'soon' is no duration.",
        ),
        ("erp: {customers: {rows_within: 0d, columns: {id: text}}}", "erp.customers.rows_within: '0d' is no duration."),
    ],
)
def test_wrong_policy_is_named_with_its_place(tmp_path: Path, told: str, fault: str) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(told)
    with pytest.raises(ConfigurationError) as raised:
        load_catalogue(path)
    assert f"Catalogue catalogue.yml: {fault}" in str(raised.value)


def test_owner_says_otherwise_of_a_source_and_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "sources.yml"
    path.write_text(
        "desk:\n  kind: whatsapp\n  url: sqlite:////nowhere\n  read_within: 2h\n  hours: Mon-Fri 08:00-18:00 UTC\n"
        "  tables: {messages: {rows_within: never}, outlets: {read_within: 8d}}\n"
    )
    settings = Settings(sources_file=path)
    of_kind = load_catalogue(settings.ingestion_catalogue)
    entries = configured_sources(settings, of_kind)["desk"].entries
    assert (of_kind["whatsapp"]["messages"].rows_within, entries["messages"].rows_within) == (timedelta(days=2), NEVER)
    assert (entries["messages"].read_within, entries["outlets"].read_within) == (timedelta(hours=2), timedelta(days=8))
    assert of_kind["whatsapp"]["outlets"].read_within == READ_WITHIN
    assert {entry.hours for entry in entries.values()} == {"Mon-Fri 08:00-18:00 UTC"}


def status(
    policy: Freshness, read: datetime, watermark: str | None = None, came: datetime | None = None
) -> TableStatus:
    return TableStatus("erp", "orders", "full", TableState("orders", watermark, 1, read, last_appended_at=came), policy)


def test_rows_that_came_today_may_be_old_all_the_same() -> None:
    policy, now = Freshness(rows_within=timedelta(days=2)), MONDAY_AT_NINE
    # Read for the first time today, from a copy that stands still since last week.
    frozen = status(policy, now, f"updated_at {(now - timedelta(days=7)).isoformat()}", now)
    assert judge(frozen, now, now).word == "silent"
    assert judge(frozen, now, now).since == now - timedelta(days=7)
    # A visit of next week says nothing of today.
    reserved = f"visited_at {(now + timedelta(days=7)).isoformat()}"
    assert judge(status(policy, now, reserved, now), now, now).grade is Grade.WELL
    assert judge(status(policy, now, reserved, now - timedelta(days=3)), now, now).word == "silent"
    # Positions that are no instants.
    assert judge(status(policy, now, "id 20260301", now - timedelta(days=3)), now, now).word == "silent"


def test_table_that_seldom_changes_never_cries() -> None:
    entry = TableEntry.model_validate({"columns": {"id": "identifier"}})
    old = status(entry.freshness, MONDAY_AT_NINE, None, MONDAY_AT_NINE - timedelta(days=900))
    assert judge(old, MONDAY_AT_NINE, MONDAY_AT_NINE).grade is Grade.WELL


def test_durations_are_told_in_a_unit_of_which_there_are_two() -> None:
    assert [duration(timedelta(seconds=s)) for s in (40, 119, 120, 7199, 7200, 26 * 3600, 172_800)] == [
        "40s",
        "119s",
        "2m",
        "119m",
        "2h",
        "26h",
        "2d",
    ]


@pytest.mark.parametrize(
    ("newest_hours", "read_hours", "covered_hours"),
    [
        # A row of the next day.
        (1, 2, 1),
        # None in the night: early in it that says nothing, in the morning it does.
        (-1, 1, -1),
        (-1, 7, 1),
        # What came until the afternoon and then no more lacks an evening.
        (-7, 8, -4),
    ],
)
def test_day_is_whole_when_its_last_rows_can_be_there(newest_hours: int, read_hours: int, covered_hours: int) -> None:
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    newest, read = midnight + timedelta(hours=newest_hours), midnight + timedelta(hours=read_hours)
    lively = status(Freshness(rows_within=timedelta(days=2)), read, f"at {newest.isoformat()}", read)
    # What seldom changes was corrected this morning: that says nothing of the others.
    reference = status(Freshness(), read, None, read)
    source = SourceAge("erp", [lively, reference], [WELL, WELL])
    assert source.covered_until == midnight + timedelta(hours=covered_hours)
