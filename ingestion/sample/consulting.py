"""The consulting CRM: leads through their stages, accounts, deals, and an outbox of what changed.

The outbox tells of inserts and updates of leads and accounts only. It has no deletes: those can be found only by
comparing keys.
"""

import sqlite3
from random import Random

from ingestion.sample.flaws import Flaw, Row, Value, always, hour_before, timestamps
from ingestion.sample.names import company, pick
from ingestion.sample.source import Changes, Source, Table, largest_id, recent_rows, to_json
from ingestion.sample.today import DAY_SECONDS, OFFICE, Rhythm, Today, stamp

LEADS_PER_DAY = 7.0

TABLES = {
    "event_outbox": Table(
        {
            "id": "integer primary key",
            "event_type": "text not null",
            "aggregate_type": "text",
            "aggregate_id": "integer",
            "payload": "text",
            "created_at": "timestamp",
            "processed_at": "timestamp",
        },
        indexes=("(id) where processed_at is null",),
    ),
    "leads": Table(
        {
            "id": "integer primary key",
            "account_id": "integer",
            "owner": "text",
            "source": "text",
            "status": "text",
            "value_cents": "integer",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        },
        indexes=("(status) where status not in ('won', 'lost')",),
    ),
    "accounts": Table(
        {
            "id": "integer primary key",
            "name": "text",
            "industry": "text",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        }
    ),
    "deals": Table(
        {
            "id": "integer primary key",
            "account_id": "integer",
            "lead_id": "integer",
            "stage": "text",
            "amount_cents": "integer",
            "currency_code": "text",
            "closed_at": "timestamp",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        },
        indexes=("(lead_id) where closed_at is null",),
    ),
}

OWNERS = ("n.abara", "k.lindqvist", "m.iyer", "t.novak", "")
LEAD_SOURCES = ("web", "referral", "event", "partner", "cold_call")
INDUSTRIES = ("retail", "health", "logistics", "energy", "public sector", "food & drink")
CURRENCIES = ("USD", "USD", "USD", "EUR", "EUR", "GBP", "INR")
COURTED = 1
"""The account of a deal that is always open."""
STAGES = ("new", "contacted", "qualified", "proposal", "won")
# From each open stage: chance per day to go on, and to be lost.
CHANCES = {
    "new": (0.55, 0.05),
    "contacted": (0.30, 0.08),
    "qualified": (0.25, 0.05),
    "proposal": (0.16, 0.12),
}

FLAWS = (
    *timestamps("event_outbox", "created_at"),
    *timestamps("leads", "updated_at"),
    Flaw("event_outbox", "payload", always('{"id": 12, "status": "conta')),
    Flaw("event_outbox", "payload", always("")),
    Flaw("event_outbox", "event_type", always("insert_leads")),
    Flaw("event_outbox", "aggregate_type", always("")),
    Flaw("leads", "value_cents", always("n/a")),
    Flaw("leads", "account_id", always(999_999_999)),
    Flaw("leads", "updated_at", always(None)),
    Flaw("accounts", "name", always("=cmd|' /C calc'!A0")),
    Flaw("deals", "currency_code", always(" eur ")),
    Flaw("deals", "currency_code", always("JPY")),
    Flaw("deals", "currency_code", always("KWD")),
    Flaw("deals", "currency_code", always("???")),
    Flaw("deals", "closed_at", always("1970-01-01 00:00:00+00:00")),
    Flaw("deals", "amount_cents", always("n/a")),
)

SLIPS = (Flaw("event_outbox", "processed_at", hour_before("created_at")),)


class Diary:
    """Writes the day's rows of leads and accounts, each together with its outbox event."""

    def __init__(self, db: sqlite3.Connection, today: Today, changes: Changes) -> None:
        self._today = today
        self._changes = changes
        # Drawn apart from all else that happens: which events the reader gives up on changes nothing else.
        self._reader = Random(f"{today.day}:outbox")
        self._next_account = largest_id(db, "accounts") + 1
        self._next_lead = largest_id(db, "leads") + 1

    def open_account(self, at: int) -> int:
        """Insert an account; its id."""
        rng = self._today.rng
        account_id, self._next_account = self._next_account, self._next_account + 1
        row = (account_id, company(rng), pick(rng, INDUSTRIES), stamp(at), stamp(at))
        self._changes.insert("accounts", row)
        self._tell("INSERT", "accounts", row, at)
        return account_id

    def change_account(self, row: Row, at: int) -> None:
        """Update an account; `row` is how it is now."""
        self._changes.update("accounts", row[0], industry=row[2], updated_at=row[4])
        self._tell("UPDATE", "accounts", row, at)

    def open_lead(self, at: int, account_id: int | None, *, late: bool = False) -> Row:
        """Insert a lead in stage new; its row."""
        rng = self._today.rng
        lead_id, self._next_lead = self._next_lead, self._next_lead + 1
        value = 100 * int(8000 * rng.lognormvariate(0, 0.9))
        owner, source = pick(rng, OWNERS), pick(rng, LEAD_SOURCES)
        row = (lead_id, account_id, owner, source, "new", value, stamp(at), stamp(at))
        self._changes.insert("leads", row, late=late)
        self._tell("INSERT", "leads", row, at, late=late)
        return row

    def change_lead(self, row: Row, at: int) -> None:
        """Update a lead; `row` is how it is now."""
        self._changes.update("leads", row[0], account_id=row[1], status=row[4], value_cents=row[5], updated_at=row[7])
        self._tell("UPDATE", "leads", row, at)

    def _tell(self, verb: str, table: str, row: Row, at: int, *, late: bool = False) -> None:
        rng = self._today.rng
        payload = dict(zip(TABLES[table].columns, row, strict=True))
        processed = at + 1 + int(4 * rng.lognormvariate(0, 1))
        done = stamp(processed) if rng.random() < 0.8 and processed < self._today.end else None
        if done and self._reader.random() < 0.01:
            payload["failed"], done = "timeout", None
        event = (f"{verb}_{table.upper()}", table, row[0], to_json(payload), stamp(at), done)
        self._changes.insert("event_outbox", (None, *event), late=late)


def found(today: Today) -> Changes:
    """Begin with a few accounts from last year, older than the outbox."""
    changes = Changes()
    for number in range(1, int(40 * today.scale) + 2):
        at = stamp(today.start - int(300 * 86_400 * today.rng.random()))
        industry = pick(today.rng, INDUSTRIES)
        changes.insert("accounts", (number, company(today.rng), industry, at, at))
    # Talks that never end; their lead stayed in the system before this one.
    begun = stamp(today.start - 90 * DAY_SECONDS)
    changes.insert("deals", (None, COURTED, 900_001, "negotiation", 1_850_000, "USD", None, begun, begun))
    return changes


def happen(db: sqlite3.Connection, today: Today) -> Changes:
    """New leads, open ones moving, deals following them, accounts changing, the outbox read."""
    changes = Changes()
    diary = Diary(db, today, changes)
    rhythm = Rhythm(OFFICE, today, "UTC")
    _open(db, today, diary, rhythm)
    _move(db, today, diary, changes, rhythm)
    _change_accounts(db, today, diary, changes, rhythm)
    if today.days_left < 0:
        _win(db, today.aside("won"), changes)
    _read_outbox(db, today, changes)
    changes.inserts["event_outbox"].sort(key=lambda row: str(row[5]))
    return changes


def _open(db: sqlite3.Connection, today: Today, diary: Diary, rhythm: Rhythm) -> None:
    rng = today.rng
    accounts = largest_id(db, "accounts")
    for at in rhythm.instants(rng, today.count(LEADS_PER_DAY, rhythm.intensity)):
        account_id = None
        if rng.random() < 0.4:
            account_id = 1 + int(accounts * rng.random())
        elif rng.random() < 0.2:
            account_id = diary.open_account(at)
        lead = diary.open_lead(at, account_id)
        called = at + int(3600 * rng.lognormvariate(0, 1))
        if rng.random() < 0.35 and called < today.end:
            diary.change_lead((*lead[:4], "contacted", *lead[5:7], stamp(called)), called)
    for _ in range(today.count(0.4)):
        # Leads from a fair, typed in days afterwards.
        diary.open_lead(rhythm.instant(rng) - today.lag_seconds(), None, late=True)


def _move(db: sqlite3.Connection, today: Today, diary: Diary, changes: Changes, rhythm: Rhythm) -> None:
    rng = today.rng
    leads = db.execute("select * from leads where status not in ('won', 'lost') order by id").fetchall()
    for lead_id, account_id, owner, source, status, value, created_at, _ in leads:
        at = rhythm.instant(rng)
        after = _next_status(today, status)
        if after == status:
            if rng.random() > 0.03 or not isinstance(value, int):
                continue
            value = int(value * (0.7 + 0.6 * rng.random()))  # noqa: PLW2901
        if after == "qualified" and account_id is None:
            account_id = diary.open_account(at)  # noqa: PLW2901
        row = (lead_id, account_id, owner, source, after, value, created_at, stamp(at))
        diary.change_lead(row, at)
        if after != status:
            _follow_deal(db, today, changes, row, at)


def _win(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Let a lead be won where none was today: what a day should show."""
    moved = {row[-1]: row[1] for (table, _), rows in changes.updates.items() if table == "leads" for row in rows}
    if "won" in moved.values():
        return
    leads = db.execute("select * from leads where status in ('proposal', 'qualified') order by status, id").fetchall()
    for lead in leads:
        if lead[0] not in moved:
            at = today.start + 9 * 3600 + int(8 * 3600 * today.rng.random())
            row = (*lead[:4], "won", *lead[5:7], stamp(at))
            Diary(db, today, changes).change_lead(row, at)
            _follow_deal(db, today, changes, row, at)
            return


def _next_status(today: Today, status: str) -> str:
    """Usually the next stage or none; sometimes one is skipped, or a lead falls back."""
    rng = today.rng
    go_on, lose = CHANCES[status]
    chance = rng.random()
    position = STAGES.index(status)
    if chance < go_on:
        step = 2 if rng.random() < 0.05 and position < 2 else 1
        return STAGES[position + step]
    if chance < go_on + lose:
        return "lost"
    if chance > 0.99 and position > 1:
        return STAGES[position - 1]
    return status


def _follow_deal(db: sqlite3.Connection, today: Today, changes: Changes, lead: Row, at: int) -> None:
    """Open a deal with the proposal, close it with the lead."""
    rng = today.rng
    lead_id, account_id, _, _, status, value, _, now = lead
    deal = db.execute(
        "select id, date(created_at, '-1 day') from deals where lead_id = ? and closed_at is null", (lead_id,)
    ).fetchone()
    if status == "proposal" and deal is None:
        stage = "proposal" if rng.random() < 0.7 else "negotiation"
        row: tuple[Value, ...] = (account_id, lead_id, stage, value, rng.choice(CURRENCIES), None)
        changes.insert("deals", (None, *row, now, now))
    elif status in ("won", "lost") and deal is not None:
        # Some are said to have been closed the day before anybody wrote them down.
        backdated = today.aside(f"deal {deal[0]}").rng.random() < 0.06
        closed = f"{deal[1]} 17:00:00+00:00" if backdated else now
        changes.update("deals", deal[0], stage=status, closed_at=closed, updated_at=now)
    elif status == "won":
        # Signed at once: the deal is opened and closed by the same stroke.
        row = (account_id, lead_id, "won", value, rng.choice(CURRENCIES), stamp(at))
        changes.insert("deals", (None, *row, now, now))


def _change_accounts(db: sqlite3.Connection, today: Today, diary: Diary, changes: Changes, rhythm: Rhythm) -> None:
    rng = today.rng
    picked = recent_rows(db, rng, "accounts", "*", today.count(3.0), window=10_000 * today.scale)
    for account_id, name, _, created_at, _ in picked:
        at = rhythm.instant(rng)
        row = (account_id, name, pick(rng, INDUSTRIES), created_at, stamp(at))
        diary.change_account(row, at)
    for (account_id,) in recent_rows(db, rng, "accounts", "id", today.count(0.15), window=200 * today.scale):
        if account_id != COURTED:
            changes.delete("accounts", account_id)


def _read_outbox(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Mark what the evening left unread; one event in a hundred stays so another day, one that failed for good."""
    rng = today.rng
    unread = db.execute(
        "select id from event_outbox where processed_at is null and payload not like '%\"failed\":%' order by id"
    ).fetchall()
    for (event_id,) in unread:
        if rng.random() < 0.99:
            at = today.start + int(3600 * rng.random())
            changes.update("event_outbox", event_id, processed_at=stamp(at))


SOURCE = Source("consulting", TABLES, FLAWS, found, happen, SLIPS)
