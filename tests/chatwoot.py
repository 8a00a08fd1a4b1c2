"""A Chatwoot on a real PostgreSQL server, and the entry of docs/recipes for it."""

import random
import re
from pathlib import Path

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
            assert sorted(map(texts, held)) == sorted(map(texts, expected)), table
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


def texts(row: tuple[object, ...]) -> tuple[str, ...]:
    """A row whose values are texts: databases have different numbers."""
    return tuple(map(str, row))
