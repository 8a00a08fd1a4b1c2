import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import ingestion
from ingestion import sample
from ingestion.sample import abroad, files, incidents
from ingestion.sample.__main__ import main
from ingestion.sample.source import Counts, Source, live_through
from ingestion.sample.today import Today

pytestmark = pytest.mark.slow

SCALE = 0.05
FIRST_DAY = date(2026, 9, 1)
LAST_DAY = date(2026, 10, 30)

Content = dict[str, list[tuple[Any, ...]]]


def make(directory: Path, *, scale: float = SCALE, seed: int = 7, last_day: date = LAST_DAY) -> dict[str, int]:
    return sample.create(directory, scale=scale, seed=seed, first_day=FIRST_DAY, last_day=last_day, end=LAST_DAY)


def query(directory: Path, source: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(files.source_path(directory, source))) as db:
        return db.execute(statement).fetchall()


def tables_of(directory: Path, source: str) -> list[str]:
    rows = query(directory, source, "select name from sqlite_master where type = 'table' order by name")
    return [name for (name,) in rows]


def content(directory: Path) -> Content:
    return {
        f"{source}.{table}": query(directory, source, f'select * from "{table}" order by id')
        for source in sample.SOURCES
        for table in tables_of(directory, source)
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample that no test changes."""
    directory = tmp_path_factory.mktemp("made")
    make(directory)
    return directory


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough that every kind of flaw finds a row on its day."""
    directory = tmp_path_factory.mktemp("dirty")
    make(directory, scale=3.0)
    return directory


def test_same_arguments_make_the_same_rows(made: Path, tmp_path: Path) -> None:
    make(tmp_path)
    assert content(tmp_path) == content(made)


def test_rows_do_not_depend_on_the_hash_seed_of_the_process(made: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from datetime import date; from pathlib import Path; from ingestion import sample;"
        f"sample.create(Path(sys.argv[1]), scale={SCALE}, first_day=date({FIRST_DAY:%Y, %-m, %-d}),"
        f" last_day=date({LAST_DAY:%Y, %-m, %-d}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)
    assert content(tmp_path) == content(made)


def test_another_seed_makes_other_rows(made: Path, tmp_path: Path) -> None:
    make(tmp_path, seed=8)
    there, here = content(made), content(tmp_path)
    assert all(here[name] != there[name] for name in ("whatsapp.messages", "shop.user_events"))


def test_tables_and_columns_are_those_of_the_catalogue(made: Path) -> None:
    text = (Path(ingestion.__file__).parent / "catalogue.yml").read_text(encoding="utf-8")
    catalogue = yaml.safe_load(text)
    expected = {
        source: {name: list(table["columns"]) for name, table in tables.items()} for source, tables in catalogue.items()
    }
    actual = {
        source: {
            table: [row[1] for row in query(made, source, f'pragma table_info("{table}")')]
            for table in tables_of(made, source)
        }
        for source in sample.SOURCES
    }
    assert actual == expected


def test_every_table_has_rows_and_the_counts_returned_are_true(tmp_path: Path) -> None:
    counts = make(tmp_path)
    assert counts == {name: len(rows) for name, rows in content(tmp_path).items()}
    assert min(counts.values()) > 0


def test_keys_are_integers_except_in_whatsapp(made: Path) -> None:
    for source in sample.SOURCES:
        for table in tables_of(made, source):
            kinds = {kind for (kind,) in query(made, source, f'select distinct typeof(id) from "{table}"')}
            assert kinds == {"text" if source == "whatsapp" else "integer"}, f"{source}.{table}"


def test_rows_grow_with_the_scale(tmp_path: Path) -> None:
    small = make(tmp_path / "small", scale=0.3)
    large = make(tmp_path / "large", scale=1.2)
    for source in sample.SOURCES:
        rows = [sum(n for name, n in counts.items() if name.startswith(source)) for counts in (small, large)]
        assert 3.2 < rows[1] / rows[0] < 4.8, source


def test_nothing_lies_after_the_last_day(made: Path) -> None:
    end = (LAST_DAY + timedelta(days=1)).isoformat()
    for source in sample.SOURCES:
        for table in tables_of(made, source):
            for _, column, kind, *_ in query(made, source, f'pragma table_info("{table}")'):
                if kind == "timestamp":
                    text = f'cast("{column}" as text)'
                    late = f"select count(*) from {table} where {text} >= '{end}' and {text} <> 'yesterday'"
                    assert query(made, source, late) == [(0,)], f"{source}.{table}.{column}"


def test_create_and_advance_meet_at_the_same_rows(made: Path, tmp_path: Path) -> None:
    make(tmp_path, last_day=LAST_DAY - timedelta(days=2))
    sample.advance(tmp_path)
    sample.advance(tmp_path)
    assert files.last_day(tmp_path) == LAST_DAY
    assert content(tmp_path) == content(made)


def test_events_of_the_shop_say_what_they_are_about(made: Path) -> None:
    def told(key: str, table: str = "user_events") -> set[object]:
        field = f"json_extract(data, '$.{key}')"
        rows = query(made, "shop", f"select {field} from {table} where json_valid(data) and {field} is not null")
        return {value for (value,) in rows}

    assert {0, 6} <= told("result_count")
    assert {"lamp", ""} <= told("query")
    assert {"similar_items", "bought_together", "trending"} == told("recommender", "product_events")
    assert {"Lighting", "Textiles", "Kitchen", "Furniture"} <= told("category", "product_events")
    assert told("product_name", "product_events") <= told("product_name")
    for key in ("path", "referrer", "utm_source", "utm_medium", "utm_campaign", "registration_method"):
        assert told(key), key


def test_advance_inserts_updates_deletes_and_brings_late_rows(tmp_path: Path) -> None:
    make(tmp_path, scale=0.3)
    before = content(tmp_path)
    counts = sample.advance(tmp_path)
    kinds: Counter[str] = Counter()
    for table_counts in counts.values():
        kinds.update(table_counts)
    assert min(kinds[kind] for kind in ("inserted", "updated", "late", "deleted")) > 0
    for name, rows in content(tmp_path).items():
        grown = counts.get(name, {})
        more = grown.get("inserted", 0) + grown.get("late", 0) - grown.get("deleted", 0)
        assert len(rows) - len(before[name]) == more, name


def test_late_rows_are_one_to_five_days_old(tmp_path: Path) -> None:
    make(tmp_path)
    known = {row[0] for row in content(tmp_path)["whatsapp.messages"]}
    counts = sample.advance(tmp_path)
    midnight = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), UTC)
    sent = [row[5] for row in content(tmp_path)["whatsapp.messages"] if row[0] not in known]
    ages = [midnight - datetime.fromisoformat(text) for text in sent if text < f"{midnight:%Y-%m-%d}"]
    assert len(ages) == counts["whatsapp.messages"]["late"] > 0
    assert all(timedelta(0) < age <= timedelta(days=5) for age in ages)


def test_updates_move_updated_at(tmp_path: Path) -> None:
    make(tmp_path, scale=0.5)
    before = {row[0]: row for row in content(tmp_path)["consulting.leads"]}
    sample.advance(tmp_path)
    changed = [row for row in content(tmp_path)["consulting.leads"] if row != before.get(row[0], row)]
    assert changed
    assert all(row[7].startswith("2026-10-31") for row in changed)


def test_advance_brings_what_only_a_second_reading_of_the_sources_can_tell(tmp_path: Path) -> None:
    make(tmp_path, scale=0.2)
    before = {name: {row[0]: row for row in rows} for name, rows in content(tmp_path).items()}
    counts = sample.advance(tmp_path)
    after = content(tmp_path)

    def changed(table: str, position: int) -> list[tuple[Any, Any]]:
        known = before[table]
        rows = [(known[row[0]][position], row[position]) for row in after[table] if row[0] in known]
        return [(old, new) for old, new in rows if old != new]

    assert ("resolved", "active") in changed("whatsapp.conversations", 4)
    assert "won" in {new for _, new in changed("consulting.leads", 4)}
    assert changed("restaurant.visits", 3), "what was paid is corrected"
    assert "refunded" in {row[1] for row in after["shop.order_events"] if row[0] not in before["shop.order_events"]}
    for table in ("whatsapp.messages", "restaurant.visits", "erp.customer_interactions"):
        assert counts[table]["late"] > 0, f"{table} of days that have ended"


def test_an_outlet_is_silent_at_the_end(dirty: Path) -> None:
    since = (LAST_DAY - timedelta(days=len(incidents.SILENCE) - 1)).isoformat()
    days = {
        day
        for (day,) in query(
            dirty,
            "whatsapp",
            "select distinct substr(timestamp, 1, 10) from messages inner join conversations"
            " on conversations.id = conversation_id inner join outlets on outlets.id = outlet_id"
            f" where outlets.name like '{incidents.SILENT_OUTLET}%' and timestamp like '2026-%'",
        )
    }
    assert {day for day in days if day >= since} == set()
    assert (date.fromisoformat(since) - timedelta(days=1)).isoformat() in days


def test_one_day_brings_many_guests_to_a_restaurant(dirty: Path) -> None:
    days = dict(
        query(
            dirty,
            "restaurant",
            "select substr(visited_at, 1, 10), count(*) from visits inner join customers on customers.id = customer_id"
            f" where restaurant_id = {incidents.SURGE_RESTAURANT} and visited_at >= '{FIRST_DAY}' group by 1",
        )
    )
    surge = days.pop((LAST_DAY - timedelta(days=incidents.SURGE)).isoformat())
    others = [number for day, number in days.items() if day.startswith("2026-")]
    assert surge > 2 * sum(others) / len(others)


def test_a_bot_asks_for_people_for_a_week(dirty: Path) -> None:
    rows = query(
        dirty,
        "whatsapp",
        "select tenants.name, substr(timestamp, 1, 10), avg(coalesce(metadata like '%handoff_requested%', 0))"
        " from messages inner join conversations on conversations.id = conversation_id"
        " inner join tenants on tenants.id = tenant_id"
        f" where sender_type = 'llm' and timestamp >= '{FIRST_DAY}' and timestamp like '2026-%' group by 1, 2",
    )
    week = {(LAST_DAY - timedelta(days=days)).isoformat() for days in incidents.BROKEN_BOT}
    shares = {(tenant, day): share for tenant, day, share in rows}
    broken = {key for key, share in shares.items() if share > 0.9}
    assert {(incidents.BROKEN_BOT_TENANT, day) for day in week} <= broken
    assert all(tenant == incidents.BROKEN_BOT_TENANT or share < 1 for (tenant, _), share in shares.items())


def test_days_that_the_sample_is_moved_on_to_have_no_incident(made: Path) -> None:
    later = files.Settings.read(made).day("whatsapp", LAST_DAY + timedelta(days=1))
    assert not incidents.is_silent(later, incidents.SILENT_OUTLET, later.start)
    assert not incidents.has_broken_bot(later, incidents.BROKEN_BOT_TENANT)


def test_orders_from_abroad_show_every_oddity(dirty: Path) -> None:
    shown = query(
        dirty,
        "shop",
        "select json_extract(max(data), '$.currency'), max(order_total) is not null,"
        " sum(event_type = 'payment_started'), max(event_type = 'created'), max(event_type = 'payment_completed'),"
        " max(event_type = 'refunded')"
        f" from order_events where order_id like '{abroad.PREFIX}%' group by order_id",
    )
    for odd in abroad.ODDITIES:
        tries = 2 if odd.is_paid_at_second_try else 1
        assert (odd.currency, odd.has_total, tries, odd.is_created, odd.is_paid, odd.is_refunded) in shown, odd


def test_conversations_go_on_close_and_reopen(tmp_path: Path) -> None:
    make(tmp_path, scale=1.0, last_day=date(2026, 9, 14))
    moves: Counter[tuple[str, str]] = Counter()
    for _ in range(10):
        before = {str(row[0]): str(row[4]) for row in content(tmp_path)["whatsapp.conversations"]}
        sample.advance(tmp_path)
        for row in content(tmp_path)["whatsapp.conversations"]:
            moves[before.get(row[0], "new"), row[4]] += 1
    assert moves["active", "resolved"] > 0
    assert moves["handed_off", "resolved"] > 0
    assert moves["active", "active"] > 0
    assert moves["resolved", "active"] + moves["resolved", "handed_off"] > 0


def test_sessions_run_over_midnight(dirty: Path) -> None:
    days = (
        "select session_id from user_events where session_id is not null group by session_id"
        " having count(distinct date(timestamp)) > 1"
    )
    assert query(dirty, "shop", days)


def test_outreach_and_addresses_keep_their_unique_keys(made: Path) -> None:
    shared = "select email from customers where email is not null group by email having count(*) > 1"
    for table, key in (("outreach_events", "campaign_id, customer_id"), ("customers", "restaurant_id, email")):
        indexes = query(made, "restaurant", f"select name from pragma_index_list('{table}') where \"unique\"")
        columns = [
            ", ".join(row[2] for row in query(made, "restaurant", f'pragma index_info("{name}")'))
            for (name,) in indexes
        ]
        assert columns == [key]
    assert query(made, "restaurant", shared), "one guest is known to two restaurants"


class Killed(BaseException):
    """Stands for a kill that lets no other code run."""


def killed_in(name: str) -> Callable[[sqlite3.Connection, Source, Today], Counts]:
    def live(db: sqlite3.Connection, source: Source, today: Today) -> Counts:
        counts = live_through(db, source, today)
        if source.name == name:
            raise Killed
        return counts

    return live


def test_advance_interrupted_in_one_source_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "calm")
    make(tmp_path / "killed")
    sample.advance(tmp_path / "calm")
    with monkeypatch.context() as patch:
        patch.setattr(files, "live_through", killed_in("restaurant"))
        with pytest.raises(Killed):
            sample.advance(tmp_path / "killed")
    assert files.last_day(tmp_path / "killed") == LAST_DAY
    counts = sample.advance(tmp_path / "killed")
    assert {name.split(".")[0] for name in counts} == {"restaurant", "shop", "erp"}
    assert content(tmp_path / "killed") == content(tmp_path / "calm")


def test_advance_killed_with_rows_on_disk_is_rolled_back_and_repeated(tmp_path: Path) -> None:
    make(tmp_path / "calm")
    make(tmp_path / "killed")
    sample.advance(tmp_path / "calm")
    code = """
import os, sys
from pathlib import Path
from ingestion.sample import advance, files
live_through = files.live_through
def die(db, source, today):
    db.execute("pragma cache_spill = 1")
    db.execute("pragma cache_size = 2")  # so that uncommitted pages reach the file
    counts = live_through(db, source, today)
    if source.name == "shop":
        os._exit(9)
    return counts
files.live_through = die
advance(Path(sys.argv[1]))
"""
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "killed")], check=False)
    assert killed.returncode == 9
    assert (tmp_path / "killed" / "shop.sqlite-journal").stat().st_size > 0
    sample.advance(tmp_path / "killed")
    assert content(tmp_path / "killed") == content(tmp_path / "calm")


def test_killed_creation_leaves_the_earlier_sample(tmp_path: Path) -> None:
    make(tmp_path)
    before = content(tmp_path)

    def kill(source: str, done: int, total: int) -> None:
        if source == "shop" and done == 3:
            raise Killed

    with pytest.raises(Killed):
        sample.create(tmp_path, seed=9, scale=SCALE, progress=kill)
    assert sample.exists(tmp_path)
    assert content(tmp_path) == before
    make(tmp_path, seed=8)
    assert {path.name for path in tmp_path.iterdir()} == {*(f"{name}.sqlite" for name in sample.SOURCES), "sample.json"}


def test_a_stale_journal_does_not_reach_the_new_file(tmp_path: Path) -> None:
    make(tmp_path / "calm")
    make(tmp_path / "again", seed=8)
    journal = tmp_path / "again" / "shop.sqlite-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 1016)
    make(tmp_path / "again")
    assert not journal.exists()
    assert content(tmp_path / "again") == content(tmp_path / "calm")


def test_advance_without_a_sample_says_what_to_do(tmp_path: Path) -> None:
    assert not sample.exists(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m ingestion\.sample create"):
        sample.advance(tmp_path)


def test_impossible_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale"):
        sample.create(tmp_path, scale=0)
    with pytest.raises(ValueError, match="before"):
        sample.create(tmp_path, first_day=LAST_DAY, last_day=FIRST_DAY)


@pytest.mark.parametrize(
    ("source", "table", "condition"),
    [
        ("whatsapp", "messages", "timestamp = 'yesterday'"),
        ("whatsapp", "messages", "timestamp like '%Z' and timestamp not like '%T%'"),
        ("whatsapp", "messages", "timestamp like '%T%.%Z'"),
        ("whatsapp", "messages", "timestamp like '%+05:30'"),
        ("whatsapp", "messages", "length(timestamp) = 19"),
        ("whatsapp", "messages", "metadata is not null and not json_valid(metadata)"),
        ("whatsapp", "messages", "sender_type not in ('customer', 'llm', 'agent')"),
        ("whatsapp", "messages", "sender_type = 'system'"),
        ("whatsapp", "messages", "content = ''"),
        ("whatsapp", "messages", "conversation_id not in (select id from conversations)"),
        ("whatsapp", "conversations", "tenant_id not in (select id from tenants)"),
        ("whatsapp", "conversations", "outlet_id is null"),
        ("whatsapp", "conversations", "ended_at < started_at"),
        ("whatsapp", "conversations", "last_message_at is null"),
        ("whatsapp", "outlets", "name like '=cmd%'"),
        ("whatsapp", "outlets", "name = ''"),
        ("whatsapp", "tenants", "timezone is null"),
        ("restaurant", "visits", "typeof(spend_cents) = 'text'"),
        ("restaurant", "visits", "spend_cents < 0"),
        ("restaurant", "visits", "visited_at like '0001-%'"),
        ("restaurant", "customers", "email like ' %'"),
        ("shop", "user_events", "session_id is null"),
        ("shop", "user_events", "not json_valid(data)"),
        ("shop", "product_events", "typeof(quantity) = 'text'"),
        ("shop", "order_events", "typeof(items_count) = 'text'"),
        ("whatsapp", "conversations", "started_at like '1970-%'"),
        ("whatsapp", "conversations", "ended_at like '0001-%'"),
        ("whatsapp", "messages", "sender_type = 'agent' || char(13) || char(10)"),
        ("whatsapp", "conversations", "customer_phone like 'whatsapp:%'"),
        ("whatsapp", "messages", "timestamp like '1970-%'"),
        ("whatsapp", "messages", "metadata like '%999999999999999999%'"),
        ("shop", "order_events", "json_extract(data, '$.currency') = 'XX?'"),
        ("shop", "order_events", "json_type(data, '$.currency') = 'object'"),
        ("shop", "order_events", "event_type = 'refunded'"),
        ("shop", "order_events", "payment_method = 'card' || char(13) || char(10)"),
        (
            "shop",
            "order_events",
            "event_type = 'payment_completed' and order_id in (select order_id from order_events as earlier"
            " where event_type = 'payment_started'"
            " and julianday(earlier.timestamp) < julianday(order_events.timestamp) - 15)",
        ),
        ("shop", "product_events", "price > 1e15"),
        ("shop", "user_events", "timestamp like '1970-%'"),
        ("shop", "user_events", "user_agent like '%bot%'"),
        (
            "shop",
            "user_events",
            "session_id in (select session_id from user_events group by 1 having count(distinct user_id) > 2)",
        ),
        ("erp", "customer_interactions", "typeof(organization_id) = 'text'"),
        ("erp", "customer_interactions", "interaction_date = 'yesterday'"),
        ("erp", "customer_interactions", "interaction_date like '1970-01-01%'"),
        (
            "erp",
            "customer_interactions",
            "organization_id in (1, 2, 3) and organization_id <>"
            " (select organization_id from customers where customers.id = customer_id)",
        ),
        ("consulting", "leads", "typeof(value_cents) = 'text'"),
        ("consulting", "deals", "currency_code in ('JPY', 'KWD')"),
        ("consulting", "deals", "currency_code = '???'"),
        ("consulting", "event_outbox", "not json_valid(payload)"),
        ("consulting", "event_outbox", "processed_at is null and payload like '%\"failed\":%'"),
        ("consulting", "event_outbox", "processed_at < created_at"),
        ("consulting", "deals", "closed_at < created_at and closed_at > '2026'"),
        ("restaurant", "visits", "customer_id = 0"),
        ("restaurant", "visits", "spend_cents >= 1000000000000000000"),
        ("restaurant", "outreach_events", "campaign_id not in (select id from campaigns)"),
        ("restaurant", "outreach_events", "customer_id < 0"),
        ("restaurant", "outreach_events", "created_at like '1970-%'"),
        ("restaurant", "campaigns", "segment_type is null"),
        ("erp", "customer_interactions", "status = 'escalated'"),
        ("shop", "user_events", "event_type = 'video_play'"),
        ("shop", "product_events", "event_type = 'purchase' and price is null"),
        ("shop", "product_events", "event_type = 'purchase' and quantity is null"),
        ("shop", "product_events", "not json_valid(data)"),
    ],
)
def test_dirty_rows_are_there(dirty: Path, source: str, table: str, condition: str) -> None:
    assert query(dirty, source, f"select count(*) from {table} where {condition}") > [(0,)]


def test_dirty_timestamps_are_few(dirty: Path) -> None:
    clean = "timestamp glob '????-??-?? ??:??:??+00:00'"
    ((odd, rows),) = query(dirty, "whatsapp", f"select sum(not {clean}), count(*) from messages")
    assert 0 < odd / rows < 0.002


def test_nobody_real_can_be_reached(dirty: Path) -> None:
    number = "replace(customer_phone, 'whatsapp:', '')"
    phones = f"select {number} from conversations where {number} not glob '+1555???????'"
    assert {phone for (phone,) in query(dirty, "whatsapp", phones)} <= {""}
    mails = "select email from customers where lower(trim(email)) not like '%@example.com'"
    assert query(dirty, "restaurant", mails) == []


def test_command_prints_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--directory", str(tmp_path), "--scale", "0.02"]
    assert main(["advance", *arguments]) == 2
    assert "python -m ingestion.sample create" in capsys.readouterr().err
    assert main(["create", *arguments, "--last-day", "2026-10-31"]) == 0
    assert "whatsapp.messages" in capsys.readouterr().out
    assert main(["advance", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "deleted" in printed
    assert "2026-11-01" in printed
    assert main(["create", *arguments]) == 0
    assert "not come yet" not in capsys.readouterr().out
    # Three, as midnight may have passed meanwhile.
    for _ in range(3):
        assert main(["advance", *arguments]) == 0
    assert "That day has not come yet" in capsys.readouterr().out


def test_smallest_sample_can_be_made_and_goes_on_on_any_day(tmp_path: Path) -> None:
    """So small that a restaurant may have no guest yet when something happens there."""
    for number in range(12):
        folder = tmp_path / str(number)
        sample.create(folder, scale=0.001, last_day=date(2026, 11, 20) + timedelta(days=number))
        sample.advance(folder)


def test_sample_is_of_half_a_year_that_ends_yesterday(tmp_path: Path) -> None:
    before = datetime.now(UTC).date()
    sample.create(tmp_path, scale=0.001)
    last_day = files.last_day(tmp_path)
    assert before <= last_day + timedelta(days=1) <= datetime.now(UTC).date()
    assert files.Settings.read(tmp_path).first_day == last_day - timedelta(days=183)
