"""Chatwoot 4, as its db/schema.rb has it."""

import random

from recipes import Compared, Recipe, Variant

TABLES = (
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


def _rows() -> tuple[str, ...]:
    """Accounts, inboxes, contacts, conversations and messages."""
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
    return (
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


_AT = "'2026-04-01 10:00:00'"
CHANGES = (
    # A note becomes a message, a message a note, an activity a message, and a message an activity.
    "update messages set private = not private where id % 10 = 0",
    "update messages set message_type = 2 where id % 10 = 1",
    "update messages set message_type = 0 where id % 10 = 2",
    # Edits without a new time, deletes, a late message, and one of a conversation that is new.
    "update messages set sender_type = 'User', sender_id = 7 where id % 10 = 3",
    "delete from messages where id % 10 = 4",
    "insert into messages (id, account_id, inbox_id, conversation_id, message_type, created_at, updated_at,"
    " sender_type, sender_id) values (301, 1, 1, 3, 0, '2026-01-01', '2026-01-01', 'Contact', 1),"
    f" (302, 1, 1, 41, 0, {_AT}, {_AT}, 'Contact', 1)",
    "insert into conversations (id, account_id, inbox_id, contact_id, display_id, created_at, updated_at,"
    f" last_activity_at) values (41, 1, 1, 1, 41, {_AT}, {_AT}, {_AT})",
    "update conversations set status = (status + 1) % 4 where id % 5 = 0",
    "delete from conversations where id % 5 = 1",
    "update accounts set name = 'Other' where id = 2",
    "delete from inboxes where id = 3",
)

_READ = "not private and message_type <> 2"
_SECOND = "to_char({}, 'YYYY-MM-DD HH24:MI:SS')"
_OUR_SECOND = "strftime({} at time zone 'UTC', '%Y-%m-%d %H:%M:%S')"
RAW = {
    "tenants": Compared("id, name, timezone", "select id, name, 'UTC' from accounts"),
    "outlets": Compared("id, tenant_id, name", "select id, account_id, name from inboxes"),
    "conversations": Compared(
        "id, tenant_id, outlet_id, customer_phone, status,"
        f" {_OUR_SECOND.format('started_at')}, {_OUR_SECOND.format('last_message_at')}",
        f"""select id, account_id, inbox_id, contact_id, case status when 1 then 'resolved' else 'active' end,
            {_SECOND.format("created_at")}, {_SECOND.format("last_activity_at")} from conversations""",
    ),
    "messages": Compared(
        f"id, conversation_id, sender_id, {_OUR_SECOND.format('timestamp')}, sender_type",
        f"""select id, conversation_id, sender_id, {_SECOND.format("created_at")}, case
            {" ".join(f"when sender_type = {told} then '{ours}'" for told, ours in SENDERS.items())}
            when sender_type is null then 'system' else 'unknown' end from messages where {_READ}""",
    ),
}

_CONVERSATIONS = """count(*), count(*) filter (where status = 1), count(*) filter (where status <> 1),
    count(distinct contact_id)"""
_MESSAGES = """count(*), count(*) filter (where sender_type = 'Contact'), count(*) filter (where sender_type = 'User'),
    count(*) filter (where sender_type in ('AgentBot', 'Captain::Assistant'))"""
# A message whose conversation is deleted is of no tenant that is known.
_TENANT = "'chatwoot:' || coalesce(c.account_id::text, 'unknown')"
_OUTLET = f"{_TENANT}, 'chatwoot:' || coalesce(c.inbox_id::text, 'unknown')"
_OF_CONVERSATIONS = "from messages as m left join conversations as c on c.id = m.conversation_id"
_COUNTED = "total_conversations, resolved_conversations, active_conversations, distinct_customers"
MARTS = (
    Compared(
        f"select tenant_key, outlet_id, period_start_date, {_COUNTED} from marts.conversations_daily"
        " where total_conversations > 0",
        f"select {_OUTLET}, c.created_at::date, {_CONVERSATIONS} from conversations as c group by 1, 2, 3",
    ),
    Compared(
        f"select tenant_key, outlet_id, period_start_date, {_COUNTED} from marts.conversations_monthly"
        " where total_conversations > 0",
        f"""select {_OUTLET}, date_trunc('month', c.created_at)::date, {_CONVERSATIONS}
            from conversations as c group by 1, 2, 3""",
    ),
    Compared(
        "select tenant_key, outlet_id, period_start_date, total_messages, customer_messages, agent_messages,"
        " llm_messages from marts.messages_daily where total_messages > 0",
        f"select {_OUTLET}, m.created_at::date, {_MESSAGES} {_OF_CONVERSATIONS} where {_READ} group by 1, 2, 3",
    ),
    Compared(
        "select tenant_key, sum(total_llm_calls) from marts.costs_weekly where total_llm_calls > 0 group by tenant_key",
        f"""select {_TENANT}, count(*) {_OF_CONVERSATIONS}
            where {_READ} and sender_type in ('AgentBot', 'Captain::Assistant') group by 1""",
    ),
    Compared(
        "select tenant_key, tenant_name, total_conversations, resolved_conversations, total_messages"
        " from marts.tenant_summary where tenant_key <> 'chatwoot:unknown'",
        f"""select 'chatwoot:' || a.id, a.name, (select count(*) from conversations as c where c.account_id = a.id),
            (select count(*) from conversations as c where c.account_id = a.id and status = 1),
            (select count(*) {_OF_CONVERSATIONS} where c.account_id = a.id and {_READ}) from accounts as a""",
    ),
)

CHATWOOT = Recipe(
    name="chatwoot",
    database="postgresql",
    tables=TABLES,
    rows=_rows(),
    changes=CHANGES,
    raw=RAW,
    marts=MARTS,
    # A class of senders that Chatwoot may get is told, not lost.
    unknown={"sender_type": f"select count(*) from messages where sender_type = 'Platform' and {_READ}"},
    variant=Variant(
        table="conversations",
        told=("table: conversations_with_phone", "key: [id]"),
        columns=("customer_phone: phone_number",),
        changes=("update contacts set phone_number = '+1' || phone_number where id = 2",),
        raw=Compared(
            "id, customer_phone",
            "select conversations.id, phone_number from conversations left join contacts on contact_id = contacts.id",
        ),
    ),
)
