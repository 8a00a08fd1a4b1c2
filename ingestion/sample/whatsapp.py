"""The WhatsApp platform: tenants in several timezones, conversations and their messages.

Neither conversations nor messages has updated_at: some of what happens here moves no timestamp at all.
"""

import sqlite3
from datetime import datetime

from ingestion.sample import incidents
from ingestion.sample.dialogue import CUSTOMER_LINES, Dialogue
from ingestion.sample.flaws import Flaw, Row, always, hour_before, stranger, timestamps
from ingestion.sample.source import Changes, Source, Table, recent_rows
from ingestion.sample.today import CHAT, DAY_SECONDS, Today, rhythms, stamp, uuid4, uuid7

CONVERSATIONS_PER_DAY = 23.5

OPEN_DAYS = 5
"""A conversation silent for longer rests as it is, active or handed off."""

TABLES = {
    "tenants": Table({"id": "text primary key not null", "name": "text", "timezone": "text"}),
    "outlets": Table({"id": "text primary key not null", "tenant_id": "text", "name": "text"}),
    "conversations": Table(
        {
            "id": "text primary key not null",
            "tenant_id": "text",
            "outlet_id": "text",
            "customer_phone": "text",
            "status": "text",
            "started_at": "timestamp",
            "ended_at": "timestamp",
            "last_message_at": "timestamp",
        },
        indexes=("(last_message_at) where status <> 'resolved'",),
    ),
    "messages": Table(
        {
            "id": "text primary key not null",
            "conversation_id": "text",
            "sender_type": "text",
            "sender_id": "text",
            "content": "text",
            "timestamp": "timestamp",
            "metadata": "text",
        },
        indexes=("(conversation_id)",),
    ),
}

# Name, timezone, share of conversations, outlets. One tenant has no timezone, one a wrong one.
TENANTS: tuple[tuple[str, str | None, float, tuple[str, ...]], ...] = (
    ("Harbour Bakery", "America/New_York", 0.30, ("Pier 4", "Uptown", "Airport, gate 12", "Depot")),
    ("Café Größenwahn", "Europe/Berlin", 0.22, ("Mitte", 'Filiale "Süd"', "Köln\nHauptbahnhof")),
    ("Masala & Sons", "Asia/Kolkata", 0.20, ("पुणे", "Bengaluru 🌶️", "=cmd|' /C calc'!A0")),
    ("Kererū Outfitters", "Pacific/Auckland", 0.14, ("Ponsonby", "Te Whanganui-a-Tara")),
    ("Pop-up, no address", None, 0.09, ("Van 1", "")),
    ("Nowhere Travel", "Middle/Nowhere", 0.05, ("Online",)),
)

FLAWS = (
    *timestamps("messages", "timestamp"),
    *timestamps("conversations", "started_at"),
    Flaw("messages", "metadata", always('{"tokens_used": 118, "model": ')),
    Flaw("messages", "metadata", always('{"tokens_used": "n/a", "model": null}')),
    Flaw("messages", "metadata", always("[]")),
    Flaw("messages", "sender_type", always(" Customer ")),
    Flaw("messages", "sender_type", always("LLM")),
    Flaw("messages", "sender_type", always("system")),
    Flaw("messages", "content", always("")),
    Flaw("messages", "conversation_id", stranger),
    Flaw("conversations", "tenant_id", stranger),
    Flaw("conversations", "outlet_id", always(None)),
    Flaw("conversations", "customer_phone", always("")),
    Flaw("conversations", "ended_at", hour_before("started_at")),
    Flaw("conversations", "last_message_at", always(None)),
    # What an application writes for "none", and what was typed or sent along.
    Flaw("conversations", "started_at", always("1970-01-01 00:00:00+00:00")),
    Flaw("conversations", "ended_at", always("0001-01-01 00:00:00+00:00")),
    Flaw("messages", "timestamp", always("1970-01-01 00:00:00+00:00")),
    Flaw("messages", "sender_type", always("agent\r\n")),
    Flaw("conversations", "customer_phone", always("whatsapp:+15550000001")),
    Flaw("messages", "metadata", always('{"tokens_used": 999999999999999999, "model": "gpt-4o"}')),
)

# A request for a person that came, by its sender's clock, before the conversation.
SLIPS = (
    Flaw(
        "messages",
        "timestamp",
        hour_before("timestamp"),
        where=lambda row: '"handoff_requested": true' in str(row["metadata"]),
    ),
)


def found(today: Today) -> Changes:
    """Open the tenants and their outlets."""
    changes = Changes()
    for name, timezone, _, outlets in TENANTS:
        tenant_id = uuid4(today.rng)
        changes.insert("tenants", (tenant_id, name, timezone))
        for outlet in outlets:
            changes.insert("outlets", (uuid4(today.rng), tenant_id, outlet))
    return changes


def happen(db: sqlite3.Connection, today: Today) -> Changes:
    """New conversations, open ones going on or closing, reopened ones, late rows, edits and deletes."""
    changes = Changes()
    _start(db, today, changes)
    _go_on(db, today, changes)
    _arrive_late(db, today, changes)
    _edit_and_delete(db, today, changes)
    if today.days_left < 0:
        _reopen(db, today.aside("reopened"), changes)
    # Rows land in the order in which they happened.
    changes.inserts["conversations"].sort(key=lambda row: str(row[5]))
    changes.inserts["messages"].sort(key=lambda row: str(row[5]))
    return changes


def _start(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    rhythm_of = rhythms(CHAT, today)
    shares = {name: (number, share) for number, (name, _, share, _) in enumerate(TENANTS)}
    tenants = db.execute("select id, name, timezone from tenants order by rowid").fetchall()
    for tenant_id, name, timezone in tenants:
        number, share = shares[name]
        outlets = db.execute("select id, name from outlets where tenant_id = ? order by rowid", (tenant_id,)).fetchall()
        instead = next((id_ for id_, outlet in outlets if str(outlet).startswith(incidents.OUTLET_INSTEAD)), None)
        rhythm = rhythm_of(timezone)
        customers = int((400 + 4 * today.index) * share * today.scale) + 10
        mean = CONVERSATIONS_PER_DAY * share
        starts = rhythm.instants(rng, today.count(mean, rhythm.intensity))
        on_time = len(starts)
        starts += [start - today.lag_seconds() for start in rhythm.instants(rng, today.count(mean * 0.02))]
        for position, start in enumerate(starts):
            late = position >= on_time
            # A few customers write often, most of them seldom.
            phone = f"+1555{number}{int(customers * rng.random() ** 1.8):06d}"
            outlet_id, outlet = outlets[int(len(outlets) * rng.random() ** 1.4)]
            if incidents.is_silent(today, outlet, start):
                outlet_id = instead
            # A conversation ends its stretch by midnight, so that nothing lies in the future.
            dialogue = Dialogue(rng, start, start - start % DAY_SECONDS + DAY_SECONDS)
            conversation_id = uuid7(rng, start)
            last = _say(changes, today, dialogue, conversation_id, phone, name, late=late)
            ended = _closing(today, last) if dialogue.status == "resolved" else None
            row = (tenant_id, outlet_id, phone, dialogue.status, stamp(start), ended, stamp(last))
            changes.insert("conversations", (conversation_id, *row), late=late)


def _go_on(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    rhythm_of = rhythms(CHAT, today)
    tenants = {tenant_id: (name, timezone) for tenant_id, name, timezone in db.execute("select * from tenants")}
    outlets = dict(db.execute("select id, name from outlets"))
    columns = "id, tenant_id, customer_phone, status, outlet_id"
    open_rows = db.execute(
        f"select {columns} from conversations where status <> 'resolved' and last_message_at >= ? order by id",
        (stamp(today.start - OPEN_DAYS * DAY_SECONDS),),
    ).fetchall()
    reopened = [
        row
        for row in recent_rows(db, rng, "conversations", columns, today.count(0.5), window=200 * today.scale)
        if row[3] == "resolved"
    ]
    for conversation_id, tenant_id, phone, status, outlet_id in (*open_rows, *reopened):
        chance = rng.random()
        tenant, timezone = tenants.get(tenant_id, (None, None))
        now = rhythm_of(timezone).instant(rng)
        # What is said to a number that is dead is lost.
        heard = Changes() if incidents.is_silent(today, outlets.get(outlet_id), now) else changes
        if status == "resolved" or chance < 0.25:
            dialogue = Dialogue(rng, now, today.end, handed_off=status == "handed_off")
            last = _say(heard, today, dialogue, str(conversation_id), str(phone), tenant)
            heard.update(
                "conversations",
                conversation_id,
                status=dialogue.status,
                ended_at=_closing(today, last) if dialogue.status == "resolved" else None,
                last_message_at=stamp(last),
            )
        elif chance < 0.5:
            heard.update("conversations", conversation_id, status="resolved", ended_at=stamp(now))


def _arrive_late(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Deliver messages that a phone sent one to five days ago and the network kept."""
    rng = today.rng
    outlets = dict(db.execute("select id, name from outlets"))
    for conversation_id, phone, last, outlet_id in recent_rows(
        db,
        rng,
        "conversations",
        "id, customer_phone, last_message_at, outlet_id",
        today.some(3.0),
        window=90 * today.scale,
    ):
        sent = today.start - today.lag_seconds() + int(DAY_SECONDS * rng.random())
        if last is not None:
            after_last = _seconds(str(last)) + 1 + int(60 * rng.lognormvariate(1, 1))
            if today.start - 5 * DAY_SECONDS <= after_last < today.start:
                sent = after_last
        row = (conversation_id, "customer", phone, "(sent while offline)", stamp(sent), None)
        message_id = uuid7(rng, sent)
        if not incidents.is_silent(today, outlets.get(outlet_id), sent):
            changes.insert("messages", (message_id, *row), late=True)


def _edit_and_delete(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    window = 1000 * today.scale
    edited = recent_rows(db, rng, "messages", "id, content", today.count(0.8), window=window)
    for message_id, content in edited:
        changes.update("messages", message_id, content=f"{content} (edited)")
    for (message_id,) in recent_rows(db, rng, "messages", "id", today.some(0.6), window=window):
        changes.delete("messages", message_id)
    for (conversation_id,) in recent_rows(db, rng, "conversations", "id", today.count(0.2), window=window / 9):
        changes.delete("messages", conversation_id, by="conversation_id")
        changes.delete("conversations", conversation_id)
    if rng.random() < 0.02:
        for outlet_id, name in recent_rows(db, rng, "outlets", "id, name", 1, window=100):
            changes.update("outlets", outlet_id, name=f"{name} (moved)")


def _reopen(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Let a customer come back to a conversation that was resolved: only a second reading of the source can tell."""
    rng = today.rng
    resolved = db.execute(
        "select id, customer_phone from conversations where status = 'resolved' and ended_at >= ? order by id",
        (stamp(today.start - 2 * OPEN_DAYS * DAY_SECONDS),),
    ).fetchall()
    touched = {row[-1] for rows in changes.updates.values() for row in rows}
    gone = {row[0] for rows in changes.deletes.values() for row in rows}
    left = [row for row in resolved if row[0] not in touched | gone]
    for conversation_id, phone in rng.sample(left, min(1 + today.count(0.5), len(left))):
        at = today.start + int(DAY_SECONDS * rng.random())
        row = (conversation_id, "customer", phone, rng.choice(CUSTOMER_LINES), stamp(at), None)
        changes.insert("messages", (uuid7(rng, at), *row))
        changes.update("conversations", conversation_id, status="active", ended_at=None, last_message_at=stamp(at))


def _say(
    changes: Changes,
    today: Today,
    dialogue: Dialogue,
    conversation_id: str,
    phone: str,
    tenant: str | None,
    *,
    late: bool = False,
) -> int:
    """Turn lines into messages; the instant of the last one."""
    rng = today.rng
    agent = f"agent-{1 + int(9 * rng.random())}"
    senders = {"customer": phone, "agent": agent, "llm": "bot"}
    lines = dialogue.lines
    if incidents.has_broken_bot(today, tenant):
        lines = [incidents.said_by_broken_bot(line) for line in lines]
    rows: list[Row] = [
        (uuid7(rng, at), conversation_id, sender, senders[sender], content, stamp(at), metadata)
        for at, sender, content, metadata in lines
    ]
    changes.insert("messages", *rows, late=late)
    return dialogue.lines[-1].at


def _closing(today: Today, last: int) -> str:
    return stamp(min(last + 20 + int(600 * today.rng.random()), today.end - 1))


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


SOURCE = Source("whatsapp", TABLES, FLAWS, found, happen, SLIPS)
