"""What goes wrong in the sample is found by those who judge its counts, the day after."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from alerts.counts import CHANCE_OF_ALL, chance_of_each
from alerts.expectations import Change, judge
from ingestion import sample
from ingestion.sample import files
from ingestion.sample.incidents import BROKEN_BOT, BROKEN_BOT_TENANT, SILENCE, SILENT_OUTLET, SURGE, SURGE_RESTAURANT

LAST_DAY = date(2026, 10, 30)
DAYS = 100

Daily = Callable[[str, str], list[int]]
"""Counts of all days of the sample, of a query that gives days (in UTC) and how many there were."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("judged")
    sample.create(directory, first_day=LAST_DAY - timedelta(days=DAYS - 1), last_day=LAST_DAY)
    return directory


@pytest.fixture
def daily(directory: Path) -> Daily:
    def counts(source: str, sql: str) -> list[int]:
        with closing(sqlite3.connect(files.source_path(directory, source))) as db:
            found = dict(db.execute(sql).fetchall())
        days = [str(LAST_DAY - timedelta(days=ago)) for ago in reversed(range(DAYS))]
        return [found.get(day, 0) for day in days]

    return counts


def changes(counts: Sequence[int], chance: float, exposures: Sequence[int] | None = None) -> dict[int, Change]:
    """How each of the last three weeks' days differs, by the days that were left of the sample."""
    found = {}
    for left in range(21):
        end = len(counts) - left
        if judgement := judge(counts[:end], chance, exposures[:end] if exposures else None):
            found[left] = judgement.change
    return found


def test_outlet_that_nobody_reaches_is_silent_when_ten_should_have_come(daily: Daily) -> None:
    of = "select date(started_at), count(*) from conversations join outlets on outlets.id = outlet_id"
    counts = daily("whatsapp", f"{of} where outlets.name like '{SILENT_OUTLET}%' group by 1")
    assert counts[-len(SILENCE) :] == [0] * len(SILENCE)
    # Of fifteen outlets with some three conversations a day each: on the third to the fifth day.
    chance = chance_of_each(15, 3 * CHANCE_OF_ALL)
    judged = [judge([*counts, *[0] * more], chance) for more in range(3)]
    assert judged[2] is not None
    assert (judged[2].change, judged[2].days) == (Change.SILENT, 5)
    assert set(changes(counts, chance)) <= set(SILENCE)


def test_fair_next_to_a_restaurant_is_a_surge_on_its_day_alone(daily: Daily) -> None:
    of = "select date(visited_at), count(*) from visits join customers on customers.id = customer_id"
    visits = daily("restaurant", f"{of} where restaurant_id = {SURGE_RESTAURANT} group by 1")
    assert changes(visits, chance_of_each(50)) == {SURGE: Change.MORE}


def test_bot_that_understands_nobody_shows_in_what_it_contains(daily: Daily) -> None:
    message = "exists (select 1 from messages m where m.conversation_id = c.id and {which})"
    by_bot = message.format(which="m.sender_type = 'llm'")
    handed = message.format(which="(m.sender_type = 'agent' or m.metadata like '%\"handoff_requested\": true%')")
    of = (
        "select date(started_at), count(*) from conversations c join tenants t on t.id = c.tenant_id"
        f" where t.name = '{BROKEN_BOT_TENANT}' and {by_bot}"
    )
    eligible = daily("whatsapp", f"{of} group by 1")
    contained = daily("whatsapp", f"{of} and status = 'resolved' and not {handed} group by 1")
    found = changes(contained, chance_of_each(60), eligible)
    assert max(found) >= min(BROKEN_BOT) + 2
    assert set(found.values()) <= {Change.SILENT, Change.FEWER}
    assert set(found) <= set(BROKEN_BOT)
