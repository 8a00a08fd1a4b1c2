"""The ERP: organizations, their customers, interactions with them, and the segments they are in."""

import sqlite3

from ingestion.sample.flaws import Flaw, Value, always, timestamps, where
from ingestion.sample.names import FIRST_NAMES, LAST_NAMES, company, pick
from ingestion.sample.source import Changes, Source, Table, largest_id, recent_rows
from ingestion.sample.today import DAY_SECONDS, OFFICE, Rhythm, Today, rhythms, stamp

FOUNDING_CUSTOMERS = 250.0
CUSTOMERS_PER_DAY = 3.5
INTERACTIONS_PER_DAY = 28.0
SEGMENT_MOVES_PER_DAY = 7.0

TABLES = {
    "organizations": Table({"id": "integer primary key", "name": "text", "timezone": "text"}),
    "customers": Table(
        {
            "id": "integer primary key",
            "organization_id": "integer not null",
            "name": "text",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        }
    ),
    "customer_interactions": Table(
        {
            "id": "integer primary key",
            "organization_id": "integer not null",
            "customer_id": "integer",
            "interaction_type": "text",
            "status": "text",
            "interaction_date": "timestamp",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        },
        indexes=("(status) where status in ('pending', 'in_progress')",),
    ),
    "customer_segments": Table(
        {
            "id": "integer primary key",
            "organization_id": "integer not null",
            "customer_id": "integer not null",
            "segment_name": "text",
            "segment_value": "text",
            "description": "text",
            "is_active": "boolean",
            "assigned_date": "timestamp",
            "updated_at": "timestamp",
        },
        indexes=("(customer_id, segment_name)",),
    ),
}

ORGANIZATIONS: tuple[tuple[str, str | None, float], ...] = (
    ("Brightwater Group plc", "Europe/London", 0.5),
    ("Construções São João", "America/Sao_Paulo", 0.3),
    ("Lion Rock, Ltd. 狮子", "Asia/Singapore", 0.2),
)
EARLY = 3
"""The organization whose day is the first to begin."""
INTERACTION_TYPES = ("call", "email", "meeting", "support_ticket", "complaint", "feedback")
# Name, values, description.
SEGMENTS: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("VIP", ("gold", "platinum"), "Top tenth by revenue"),
    ("At risk", ("30", "60", "90"), "Days without contact"),
    ("Wholesale", ("yes",), None),
    ("Região Sul", ("PR", "SC", "RS"), 'Delivery, "south"'),
    ("Newsletter 📰", ("weekly", ""), ""),
)

FLAWS = (
    *timestamps("customer_interactions", "interaction_date"),
    *timestamps("customer_interactions", "updated_at"),
    Flaw("customer_interactions", "interaction_date", always("1970-01-01 00:00:00+00:00")),
    Flaw("customer_interactions", "organization_id", always("n/a")),
    Flaw("customer_interactions", "interaction_type", always("")),
    Flaw("customer_interactions", "customer_id", always(999_999_999)),
    Flaw("customer_interactions", "updated_at", always(None)),
    Flaw("customers", "name", always("")),
    Flaw("customers", "name", always("@SUM(A1:A9)")),
    Flaw("customer_segments", "is_active", always("maybe")),
)

SLIPS = (Flaw("customer_interactions", "status", always("escalated"), where("status", "completed")),)


def found(today: Today) -> Changes:
    """Found the organizations, with the customers they have had for up to two years."""
    changes = Changes()
    for number, (name, timezone, _) in enumerate(ORGANIZATIONS, start=1):
        changes.insert("organizations", (number, name, timezone))
    for number in range(1, int(FOUNDING_CUSTOMERS * today.scale) + 2):
        since = today.start - int(730 * DAY_SECONDS * today.rng.random())
        changes.insert("customers", _customer(today, number, since))
    return changes


def happen(db: sqlite3.Connection, today: Today) -> Changes:
    """New, renamed and moved customers, interactions begun and carried on, segments joined and left."""
    changes = Changes()
    rhythm = Rhythm(OFFICE, today, "UTC")
    _customers(db, today, changes, rhythm)
    _interact(db, today, changes)
    _call_early(db, today.aside("early"), changes)
    _carry_on(db, today, changes, rhythm)
    _segment(db, today, changes, rhythm)
    _segment_again(db, today.aside("again"), changes)
    return changes


def _customer(today: Today, number: int, at: int) -> tuple[Value, ...]:
    rng = today.rng
    organization = rng.choices((1, 2, 3), weights=[share for *_, share in ORGANIZATIONS])[0]
    person = rng.random() < 0.4
    name = f"{pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}" if person else company(rng)
    return (number, organization, name, stamp(at), stamp(at))


def _customers(db: sqlite3.Connection, today: Today, changes: Changes, rhythm: Rhythm) -> None:
    rng = today.rng
    last = largest_id(db, "customers")
    times = rhythm.instants(rng, today.count(CUSTOMERS_PER_DAY, rhythm.intensity))
    for number, at in enumerate(times, start=last + 1):
        changes.insert("customers", _customer(today, number, at))
    for _ in range(today.count(0.6)):
        now = stamp(rhythm.instant(rng))
        renamed = 1 + int(last * rng.random())
        changes.update("customers", renamed, name=company(rng), updated_at=now)
    for _ in range(today.count(0.15)):
        now = stamp(rhythm.instant(rng))
        moved = 1 + int(last * rng.random())
        organization = 1 + int(len(ORGANIZATIONS) * rng.random())
        changes.update("customers", moved, organization_id=organization, updated_at=now)


def _interact(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    rhythm_of = rhythms(OFFICE, today)
    timezones = dict(db.execute("select id, timezone from organizations"))
    customers = largest_id(db, "customers")
    on_time = today.count(INTERACTIONS_PER_DAY, rhythm_of("Europe/London").intensity)
    for number in range(on_time + today.some(0.8)):
        late = number >= on_time
        customer_id: int | None = 1 + int(customers * rng.random() ** 1.7)
        (organization,) = db.execute("select organization_id from customers where id = ?", (customer_id,)).fetchone()
        if rng.random() < 0.02:
            customer_id = None  # someone who gave no name
        at = rhythm_of(timezones.get(organization)).instant(rng)
        if late:
            at -= today.lag_seconds()
        kind = INTERACTION_TYPES[int(6 * rng.random() ** 1.3)]
        status = rng.choices(("pending", "in_progress", "completed", "cancelled"), weights=(40, 15, 42, 3))[0]
        # Half of them are written down some time after they took place.
        noted = at + (int(900 * rng.lognormvariate(0, 1)) if rng.random() < 0.5 else 0)
        noted = min(noted, today.end - 1)
        row = (organization, customer_id, kind, status, stamp(at), stamp(noted), stamp(noted))
        changes.insert("customer_interactions", (None, *row), late=late)
    changes.inserts["customer_interactions"].sort(key=lambda row: str(row[6]))


def _call_early(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Call in Singapore before breakfast, at the end of the UTC day: there it is the next one already."""
    times = sorted(today.end - 1 - int(3 * 3600 * today.rng.random()) for _ in range(today.count(1.2)))
    if not times:
        return
    customers = db.execute("select id from customers where organization_id = ? order by id", (EARLY,)).fetchall()
    for at in times if customers else ():
        [customer_id] = today.rng.choice(customers)
        row = (EARLY, customer_id, "call", "completed", stamp(at), stamp(at), stamp(at))
        changes.insert("customer_interactions", (None, *row))


def _carry_on(db: sqlite3.Connection, today: Today, changes: Changes, rhythm: Rhythm) -> None:
    rng = today.rng
    open_rows = db.execute(
        "select id, status from customer_interactions where status in ('pending', 'in_progress') order by id"
    ).fetchall()
    for interaction_id, status in open_rows:
        chance = rng.random()
        after = None
        if chance < 0.3:
            after = "completed"
        elif chance < 0.5 and status == "pending":
            after = "in_progress"
        elif chance > 0.95:
            after = "cancelled"
        if after:
            at = stamp(rhythm.instant(rng))
            changes.update("customer_interactions", interaction_id, status=after, updated_at=at)
    for (interaction_id,) in recent_rows(
        db, rng, "customer_interactions", "id", today.count(0.3), window=300 * today.scale
    ):
        changes.delete("customer_interactions", interaction_id)


def _segment(db: sqlite3.Connection, today: Today, changes: Changes, rhythm: Rhythm) -> None:
    """Let customers join segments; one that meets a segment again leaves or rejoins it."""
    rng = today.rng
    customers = largest_id(db, "customers")
    met: set[tuple[int, str]] = set()
    for at in rhythm.instants(rng, today.count(SEGMENT_MOVES_PER_DAY, rhythm.intensity)):
        customer_id = 1 + int(customers * rng.random() ** 1.4)
        name, values, description = SEGMENTS[int(5 * rng.random() ** 1.3)]
        if (customer_id, name) in met:
            continue
        met.add((customer_id, name))
        known = db.execute(
            "select id, is_active from customer_segments where customer_id = ? and segment_name = ?",
            (customer_id, name),
        ).fetchone()
        if known:
            active = int(known[1] != 1)
            changes.update("customer_segments", known[0], is_active=active, updated_at=stamp(at))
            continue
        (organization,) = db.execute("select organization_id from customers where id = ?", (customer_id,)).fetchone()
        row = (organization, customer_id, name, pick(rng, values), description, 1)
        changes.insert("customer_segments", (None, *row, stamp(at), stamp(at)))


def _segment_again(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Import a membership once more: one that has ended begins anew, another one is there twice."""
    rng = today.rng
    for active in (0, 1):
        if rng.random() < 0.06:
            rows = db.execute(
                "select organization_id, customer_id, segment_name, segment_value, description from customer_segments"
                " where is_active = ? order by id",
                (active,),
            ).fetchall()
            at = stamp(today.start + int(DAY_SECONDS * rng.random()))
            if rows:
                changes.insert("customer_segments", (None, *rng.choice(rows), 1, at, at))


SOURCE = Source("erp", TABLES, FLAWS, found, happen, SLIPS)
