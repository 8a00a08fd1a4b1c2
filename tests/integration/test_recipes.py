"""The entries of docs/recipes, word by word, on tables as these systems have them."""

import random
import re
from pathlib import Path

import pytest
from postgresql import Server
from sandbox import Sandbox

from ingestion.loading.progress import LogListener
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion, RunResult
from ingestion.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "recipes" / "chatwoot.md"

CHATWOOT = (
    "create table accounts (id serial primary key, name varchar not null, created_at timestamp(0) not null,"
    " updated_at timestamp(0) not null, locale int, support_email varchar(100), limits jsonb default '{}',"
    " custom_attributes jsonb default '{}', internal_attributes jsonb not null default '{}', settings jsonb)",
    "create table inboxes (id serial primary key, channel_id int not null, account_id int not null,"
    " name varchar not null, channel_type varchar, greeting_message varchar, email_address varchar,"
    " out_of_office_message varchar, timezone varchar default 'UTC', created_at timestamp(0) not null)",
    "create table contacts (id serial primary key, name varchar default '', email varchar, phone_number varchar,"
    " account_id int not null, created_at timestamp(0) not null)",
    "create table conversations (id serial primary key, account_id int not null, inbox_id int not null,"
    " status int not null default 0, assignee_id int, contact_id bigint, display_id int not null,"
    " uuid uuid not null default gen_random_uuid(), additional_attributes jsonb default '{}',"
    " custom_attributes jsonb default '{}', created_at timestamp(0) not null, updated_at timestamp(0) not null,"
    " last_activity_at timestamp(0) not null default current_timestamp, waiting_since timestamp(6), priority int)",
    "create table messages (id serial primary key, content text, account_id int not null, inbox_id int not null,"
    " conversation_id int not null, message_type int not null, created_at timestamp(0) not null,"
    " updated_at timestamp(0) not null, private boolean not null default false, status int default 0,"
    " content_type int not null default 0, content_attributes json default '{}', sender_type varchar, sender_id bigint,"
    " external_source_ids jsonb default '{}', additional_attributes jsonb default '{}',"
    " processed_message_content text, sentiment jsonb default '{}')",
)
SENDERS = {"'Contact'": "customer", "'User'": "agent", "'AgentBot'": "llm", "'Captain::Assistant'": "llm"}

# What raw is to hold, by plain SQL on the source; every value as text.
EXPECTED = {
    "tenants": "select id, name, 'UTC' from accounts",
    "outlets": "select id, account_id, name from inboxes",
    "conversations": """select id, account_id, inbox_id, contact_id,
        case status when 1 then 'resolved' else 'active' end,
        to_char(created_at, 'YYYY-MM-DD HH24:MI:SS'), to_char(last_activity_at, 'YYYY-MM-DD HH24:MI:SS')
        from conversations""",
    "messages": f"""select id, conversation_id, sender_id, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS'), case
        {" ".join(f"when sender_type = {told} then '{ours}'" for told, ours in SENDERS.items())}
        when sender_type is null then 'system' else 'unknown' end
        from messages where not private and message_type <> 2""",
}
AT = "strftime({} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')"
HELD = {
    "tenants": "id, name, timezone",
    "outlets": "id, tenant_id, name",
    "conversations": "id, tenant_id, outlet_id, customer_phone, status,"
    f" {AT.format('started_at')}, {AT.format('last_message_at')}",
    "messages": f"id, conversation_id, sender_id, {AT.format('timestamp')}, sender_type",
}


class Chatwoot(Sandbox):
    """A Chatwoot of some hundred messages, and the page's entry for it."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server, self.database = server, server.new_database()
        self.url = ""
        file = folder / "sources.yml"
        [entry] = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        file.write_text(entry, encoding="utf-8")
        self.more = {"sources_file": file}

    def sql(self, *statements: str) -> None:
        self.server.sql(*statements, url=self.database)

    def populate(self) -> None:
        """Make accounts, inboxes, contacts, conversations and messages."""
        chance = random.Random(5)
        senders = [*SENDERS, "null", "'Platform'"]
        stamp = "'2026-03-01'::timestamp + {} * interval '7 minutes'"
        conversations = [
            f"({i}, {i % 2 + 1}, {i % 3 + 1}, {chance.randrange(4)}, {chance.choice(['null', i % 5 + 1])}, {i},"
            f' {stamp.format(i)}, {stamp.format(i)}, {stamp.format(i + 9)}, \'{{"mail": "hush"}}\')'
            for i in range(1, 41)
        ]
        messages = [
            f"({i}, 'hush', {i % 2 + 1}, 1, {chance.randrange(1, 41)}, {chance.randrange(4)}, {stamp.format(i)},"
            f" {stamp.format(i)}, {chance.random() < 0.2}, {chance.choice(senders)}, {chance.randrange(1, 9)})"
            for i in range(1, 301)
        ]
        now = stamp.format(0)
        self.sql(
            *CHATWOOT,
            f"insert into accounts (id, name, created_at, updated_at) values (1, 'Ah', {now}, {now}),"
            f" (2, 'Bé', {now}, {now})",
            "insert into inboxes (id, channel_id, account_id, name, created_at)"
            f" select i, i, i % 2 + 1, 'Inbox ' || i, {now} from generate_series(1, 3) as i",
            "insert into contacts (id, name, phone_number, account_id, created_at)"
            f" select i, 'hush', '+4930123450' || i, i % 2 + 1, {now} from generate_series(1, 5) as i",
            "insert into conversations (id, account_id, inbox_id, status, contact_id, display_id, created_at,"
            f" updated_at, last_activity_at, additional_attributes) values {', '.join(conversations)}",
            "insert into messages (id, content, account_id, inbox_id, conversation_id, message_type, created_at,"
            f" updated_at, private, sender_type, sender_id) values {', '.join(messages)}",
        )

    def extract(self) -> RunResult:
        """A run without a fault, after which raw's latest versions are what plain SQL finds in the source."""
        result = Ingestion(self.settings(), Retries(())).run(LogListener())
        assert result.errors == []
        for table, columns in HELD.items():
            held = self.latest_of(table, columns)
            expected = self.server.sql(EXPECTED[table], url=self.database)
            assert sorted(map(_text, held)) == sorted(map(_text, expected)), table
            assert held
        return result

    def latest_of(self, table: str, columns: str) -> list[tuple[object, ...]]:
        """The live rows of a raw table."""
        return self.query(
            f"""select {columns} from (
                select *, row_number() over (partition by id order by _batch_seq desc) as _place
                from raw_chatwoot.{table}
            ) as versions where _place = 1 and _op = 'upsert'"""
        )


def _text(row: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(map(str, row))


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
        assert sorted(map(_text, chatwoot.latest_of("conversations", "id, customer_phone"))) == sorted(
            map(_text, chatwoot.server.sql(numbers, url=chatwoot.database))
        )
