"""The entries of docs/recipes, word by word, on tables as these systems have them."""

import re
from pathlib import Path

import pytest
from chatwoot import HELD, PAGE, Chatwoot, texts
from postgresql import Server

from ingestion.loading.progress import LogListener
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion, RunResult


@pytest.fixture
def chatwoot(tmp_path: Path, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch) -> Chatwoot:
    sandbox = Chatwoot(tmp_path, postgresql_server)
    monkeypatch.setenv("CHATWOOT_URL", sandbox.database)
    sandbox.populate()
    return sandbox


def appended(result: RunResult) -> dict[str, tuple[int, int]]:
    """Rows and deletes of each table that got any."""
    states = {t.table: t.state for t in result.tables}
    return {
        table: (state.rows_appended, state.rows_deleted)
        for table, state in states.items()
        if state.rows_appended or state.rows_deleted
    }


def test_chatwoot_is_read_as_the_recipe_says_through_all_that_happens_in_it(chatwoot: Chatwoot) -> None:
    chatwoot.extract()
    # A class of senders that Chatwoot may get is told, not lost.
    strange = chatwoot.query("select count(*) from raw_chatwoot._rejected where original_value = 'Platform'")
    platform = "select count(*) from messages where sender_type = 'Platform' and not private and message_type <> 2"
    assert strange == chatwoot.server.sql(platform, url=chatwoot.database) != [(0,)]
    assert appended(chatwoot.extract()) == {}
    at = "'2026-04-01 10:00:00'"
    chatwoot.sql(
        # A note becomes a message, a message a note, an activity a message, and a message an activity.
        "update messages set private = not private where id % 10 = 0",
        "update messages set message_type = 2 where id % 10 = 1",
        "update messages set message_type = 0 where id % 10 = 2",
        # Edits without a new time, deletes, a late message, and one of a conversation that is new.
        "update messages set sender_type = 'User', sender_id = 7 where id % 10 = 3",
        "delete from messages where id % 10 = 4",
        "insert into messages (id, account_id, inbox_id, conversation_id, message_type, created_at, updated_at,"
        " sender_type, sender_id) values (301, 1, 1, 3, 0, '2026-01-01', '2026-01-01', 'Contact', 1),"
        f" (302, 1, 1, 41, 0, {at}, {at}, 'Contact', 1)",
        "insert into conversations (id, account_id, inbox_id, contact_id, display_id, created_at, updated_at,"
        f" last_activity_at) values (41, 1, 1, 1, 41, {at}, {at}, {at})",
        "update conversations set status = (status + 1) % 4 where id % 5 = 0",
        "delete from conversations where id % 5 = 1",
        "update accounts set name = 'Other' where id = 2",
        "delete from inboxes where id = 3",
    )
    assert appended(chatwoot.extract()).keys() == HELD.keys()
    assert appended(chatwoot.extract()) == {}
    chatwoot.sql("update messages set private = true where not private and message_type <> 2 and id % 10 = 5")
    assert appended(chatwoot.extract()).keys() == {"messages"}
    # Nothing that the recipe excludes is there.
    for (table,) in chatwoot.query("select table_name from duckdb_tables() where schema_name = 'raw_chatwoot'"):
        assert "hush" not in str(chatwoot.query(f'select * from raw_chatwoot."{table}"')), table


def test_view_of_the_recipe_gives_the_numbers_of_contacts(chatwoot: Chatwoot) -> None:
    page = PAGE.read_text(encoding="utf-8")
    [view] = re.findall(r"^(create view .*?);$", page, re.MULTILINE | re.DOTALL)
    chatwoot.sql(view)
    file = chatwoot.folder / "sources.yml"
    entry = file.read_text(encoding="utf-8")
    told = "    conversations:\n", "customer_phone: contact_id "
    assert all(entry.count(line) == 1 for line in told)
    renamed = f"{told[0]}      table: conversations_with_phone\n      key: [id]\n"
    file.write_text(entry.replace(told[0], renamed).replace(told[1], "customer_phone: phone_number "), encoding="utf-8")
    for statement in ("select 1", "update contacts set phone_number = '+1' || phone_number where id = 2"):
        chatwoot.sql(statement)
        assert Ingestion(chatwoot.settings(), Retries(())).run(LogListener()).errors == []
        numbers = (
            "select conversations.id, phone_number from conversations left join contacts on contact_id = contacts.id"
        )
        assert sorted(map(texts, chatwoot.latest_of("conversations", "id, customer_phone"))) == sorted(
            map(texts, chatwoot.server.sql(numbers, url=chatwoot.database))
        )
