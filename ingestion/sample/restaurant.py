"""The restaurant CRM: guests and their visits, campaigns and the messages they send."""

import sqlite3
from random import Random

from ingestion.sample import incidents
from ingestion.sample.flaws import SLIP_DAYS, Flaw, Value, always, timestamps
from ingestion.sample.names import FIRST_NAMES, LAST_NAMES, pick
from ingestion.sample.source import Changes, Source, Table, largest_id, recent_rows
from ingestion.sample.today import DAY_SECONDS, MEALS, OFFICE, Rhythm, Today, rhythms, stamp

FOUNDING_CUSTOMERS = 300.0
CUSTOMERS_PER_DAY = 4.0
VISITS_PER_DAY = 25.0
OUTREACH_PER_CAMPAIGN_DAY = 9.0
LOST = 11
"""One message in so many that were not sent at once is never sent."""

TABLES = {
    "restaurants": Table({"id": "integer primary key", "name": "text", "timezone": "text"}),
    "customers": Table(
        {
            "id": "integer primary key",
            "restaurant_id": "integer not null",
            "email": "text",
            "first_name": "text",
            "last_name": "text",
            "last_visit_at": "timestamp",
            "total_spend_cents": "integer",
        },
        constraints=("unique (restaurant_id, email)",),
    ),
    "visits": Table(
        {
            "id": "integer primary key",
            "customer_id": "integer not null",
            "visited_at": "timestamp",
            "spend_cents": "integer",
        }
    ),
    "campaigns": Table(
        {
            "id": "integer primary key",
            "restaurant_id": "integer not null",
            "name": "text",
            "status": "text",
            "segment_type": "text",
            "segment_value": "numeric(12,2)",
            "message_template": "text",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        }
    ),
    "outreach_events": Table(
        {
            "id": "integer primary key",
            "campaign_id": "integer not null",
            "customer_id": "integer not null",
            "status": "text",
            "error": "text",
            "created_at": "timestamp",
            "sent_at": "timestamp",
            "updated_at": "timestamp",
        },
        constraints=("unique (campaign_id, customer_id)",),
        indexes=("(status) where status = 'queued'",),
    ),
}

# Name, timezone, share of guests.
RESTAURANTS: tuple[tuple[str, str | None, float], ...] = (
    ("Deep Dish & Daughters", "America/Chicago", 0.4),
    ('Chez "Léo"', "Europe/Paris", 0.3),
    ("夜の食堂", "Asia/Tokyo", 0.2),
    ("The Barge, moored somewhere", None, 0.1),
)
CAMPAIGN_NAMES = (
    "We miss you",
    "Summer, outside",
    'The "big" one',
    "=cmd|' /C calc'!A0",
    "Línea nueva\nde postres",
    "Best guests 🎉",
)
# What those say who could not deliver a message, the most frequent first.
ERRORS = (
    "550 5.1.1 <guest{}@example.com>: no such mailbox",
    "452 4.2.2 <guest{}@example.com>: Mailbox full, message bounced",
    "554 5.7.1 Blocked: see https://blocklist.example.net/?guest{}",
    "429 Too Many Requests (guest{}), retry later",
    "Read timed out while sending to guest{}@example.com",
    "Internal error 0x80004005 (guest{})",
)
SEGMENTS: dict[str, tuple[float, ...]] = {
    "inactive_days": (30, 14, 45, 90),
    "high_spenders": (500.5, 250, 1000, 120),
}
"""The rules that campaigns follow, and how much they ask for."""
TEMPLATES = ("Hi {first_name}, come back soon!", "Hola {first_name}, te esperamos 🍷", "")

FLAWS = (
    *timestamps("visits", "visited_at"),
    *timestamps("outreach_events", "updated_at"),
    Flaw("visits", "spend_cents", always("n/a")),
    Flaw("visits", "spend_cents", always(None)),
    Flaw("visits", "spend_cents", always(-1500)),
    Flaw("customers", "first_name", always("")),
    Flaw("customers", "last_name", always("+1+1")),
    Flaw("customers", "email", lambda _rng, good, _row: f" {good.upper()} "),
    Flaw("outreach_events", "sent_at", always("yesterday")),
    Flaw("visits", "visited_at", always("0001-01-01 00:00:00+00:00")),
)

# Where nobody is chosen the form sends 0.
SLIPS = (
    Flaw("visits", "customer_id", always(0)),
    Flaw("visits", "spend_cents", always(10**18)),
    Flaw("outreach_events", "created_at", always("1970-01-01 00:00:00+00:00")),
)


def found(today: Today) -> Changes:
    """Open the restaurants, with guests from before that have not come since."""
    changes = Changes()
    for number, (name, timezone, _) in enumerate(RESTAURANTS, start=1):
        changes.insert("restaurants", (number, name, timezone))
    for number in range(1, int(FOUNDING_CUSTOMERS * today.scale) + 2):
        changes.insert("customers", _customer(today, number))
    return changes


def happen(db: sqlite3.Connection, today: Today) -> Changes:
    """New guests, visits (some late, some struck out), campaigns going on, outreach sent."""
    changes = Changes()
    _welcome(db, today, changes)
    _visit(db, today, changes)
    if today.days_left < 0:
        _correct(db, today.aside("corrected"), changes)
    _campaign(db, today, changes)
    _send(db, today, changes)
    _stray(db, today.aside("stray"), changes)
    return changes


def _customer(today: Today, number: int) -> tuple[Value, ...]:
    rng = today.rng
    restaurant = rng.choices(range(1, 5), weights=[share for *_, share in RESTAURANTS])[0]
    first, last = pick(rng, FIRST_NAMES), pick(rng, LAST_NAMES)
    email = None if rng.random() < 0.02 else f"guest{number}@example.com"
    return (number, restaurant, email, first, last, None, 0)


def _welcome(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    last = largest_id(db, "customers")
    taken: set[tuple[Value, Value]] = set()
    for number in range(last + 1, last + 1 + today.count(CUSTOMERS_PER_DAY)):
        guest = _customer(today, number)
        if rng.random() < 0.08:
            # A guest of one restaurant signs up at another: the address is unique within each only.
            known = db.execute(
                "select email, first_name, last_name from customers as known where id = ?"
                " and not exists (select 1 from customers as other"
                " where other.restaurant_id = ? and other.email = known.email)",
                (1 + int(last * rng.random()), guest[1]),
            ).fetchone()
            if known and (guest[1], known[0]) not in taken:
                guest = (*guest[:2], *known, *guest[5:])
                taken.add((guest[1], known[0]))
        changes.insert("customers", guest)


def _visit(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    timezones = dict(db.execute("select id, timezone from restaurants"))
    rhythm_of = rhythms(MEALS, today)
    guests = largest_id(db, "customers")
    on_time = today.count(VISITS_PER_DAY, rhythm_of("Europe/Paris").intensity)
    totals: dict[int, tuple[int, str]] = {}

    def note(customer_id: int, total: int, last_visit: str | None, at: str, spend: int, *, late: bool = False) -> None:
        changes.insert("visits", (None, customer_id, at, spend), late=late)
        so_far, latest = totals.get(customer_id, (total, last_visit or ""))
        totals[customer_id] = (so_far + spend, max(latest, at))

    for number in range(on_time + today.some(0.7)):
        late = number >= on_time
        customer_id = 1 + int(guests * rng.random() ** 1.5)
        restaurant, last_visit, total = db.execute(
            "select restaurant_id, last_visit_at, total_spend_cents from customers where id = ?",
            (customer_id,),
        ).fetchone()
        at = rhythm_of(timezones.get(restaurant)).instant(rng)
        visited_at = stamp(at - today.lag_seconds() if late else at)
        spend = int(3200 * rng.lognormvariate(0, 0.6))
        note(customer_id, total, last_visit, visited_at, spend, late=late)
    for guest, visited_at, spend in (*_cater(db, today.aside("catered")), *_surge(db, today.aside("surge"))):
        note(*guest, visited_at, spend)
    for customer_id, (total, latest) in totals.items():
        changes.update("customers", customer_id, last_visit_at=latest, total_spend_cents=total)
    changes.inserts["visits"].sort(key=lambda row: str(row[2]))
    for (visit_id,) in recent_rows(db, rng, "visits", "id", today.count(0.4), window=300 * today.scale):
        changes.delete("visits", visit_id)


Extra = list[tuple[tuple[int, int, str | None], str, int]]
"""Visits: of whom (customer, what they have spent, their last visit), when, for how much."""
GUEST = "select id, total_spend_cents, last_visit_at from customers"


def _cater(db: sqlite3.Connection, today: Today) -> Extra:
    """Let someone come with a large party now and then."""
    rng = today.rng
    times = (today.start + int(DAY_SECONDS * rng.random()) for _ in range(today.count(0.5)))
    guests = largest_id(db, "customers")
    if not guests:
        return []
    found = f"{GUEST} where id = ?"
    return [
        (
            db.execute(found, (1 + rng.randrange(guests),)).fetchone(),
            stamp(at),
            int(48_000 * rng.lognormvariate(0, 0.3)),
        )
        for at in times
    ]


def _surge(db: sqlite3.Connection, today: Today) -> Extra:
    """Let many come to one restaurant on the day of the fair."""
    if today.days_left != incidents.SURGE:
        return []
    rng, restaurant = today.rng, incidents.SURGE_RESTAURANT
    _, timezone, _ = RESTAURANTS[restaurant - 1]
    times = Rhythm(MEALS, today, timezone).instants(rng, 4 + today.count(incidents.SURGE_VISITS))
    guests = db.execute(f"{GUEST} where restaurant_id = ? order by id", (restaurant,)).fetchall()
    if not guests:
        return []
    return [(rng.choice(guests), stamp(at), int(2400 * rng.lognormvariate(0, 0.5))) for at in times]


def _correct(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Correct what a guest paid yesterday, where it was typed in wrong.

    No column tells of it: what is older is found only when a source's rows are compared with raw, once a day.
    """
    rng = today.rng
    # Who came today has another total by now.
    came = {row[-1] for (table, _), rows in changes.updates.items() if table == "customers" for row in rows}
    visits = db.execute(
        "select visits.id, customer_id, spend_cents, last_visit_at, total_spend_cents"
        " from visits inner join customers on customers.id = customer_id where visited_at >= ? and visited_at < ?"
        " and typeof(spend_cents) = 'integer' and spend_cents between 0 and 1000000 order by visits.id",
        (stamp(today.start - DAY_SECONDS), stamp(today.start)),
    ).fetchall()
    of_customer = {row[1]: row for row in visits if row[1] not in came}
    corrected = rng.sample(list(of_customer.values()), min(1 + today.count(0.5), len(of_customer)))
    for visit_id, customer_id, spend, last_visit, total in corrected:
        more = 100 * rng.randint(1, 20)
        changes.update("visits", visit_id, spend_cents=spend + more)
        changes.update("customers", customer_id, last_visit_at=last_visit, total_spend_cents=total + more)


def _campaign(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Move campaigns from draft to completed, some by way of a pause; queue their messages."""
    rng = today.rng
    rhythm = Rhythm(OFFICE, today, "UTC")
    for number, _ in enumerate(RESTAURANTS):
        if (today.index + 4 * number) % 15 == 0:
            at = stamp(rhythm.instant(rng))
            kind = rng.choice(tuple(SEGMENTS))
            value = today.aside(f"segment {number}").rng.choice(SEGMENTS[kind])
            name, template = rng.choice(CAMPAIGN_NAMES), rng.choice(TEMPLATES)
            row = (None, number + 1, name, "draft", kind, value, template, at, at)
            changes.insert("campaigns", row)
    if today.index % 30 == 20:
        at = stamp(rhythm.instant(today.aside("idea").rng))
        # No more than an idea: for nobody yet, and nothing becomes of it.
        changes.insert("campaigns", (None, 1, "Idea", "draft", None, None, "", at, at))
    steps = {"draft": ("running", 0.5), "running": ("completed", 0.14), "paused": ("running", 0.4)}
    campaigns = db.execute(
        "select id, restaurant_id, status from campaigns"
        " where status <> 'completed' and segment_type is not null order by id"
    ).fetchall()
    for campaign_id, restaurant_id, status in campaigns:
        after, chance = steps[status]
        if status == "running":
            _queue(db, today, changes, campaign_id, restaurant_id)
            if rng.random() < 0.06:
                after, chance = "paused", 1.0
        if rng.random() < chance:
            at = stamp(rhythm.instant(rng))
            changes.update("campaigns", campaign_id, status=after, updated_at=at)


def _queue(db: sqlite3.Connection, today: Today, changes: Changes, campaign_id: int, restaurant_id: int) -> None:
    """Queue messages to the next guests, by id, so that no guest is asked twice by a campaign."""
    rng = today.rng
    reached = db.execute(
        "select max(customer_id) from outreach_events where campaign_id = ?", (campaign_id,)
    ).fetchone()[0]
    if reached is None:
        reached = int(0.6 * largest_id(db, "customers") * rng.random())
    # The plus keeps SQLite on the primary key, where it can stop after the first guests.
    guests = db.execute(
        "select id from customers where id > ? and +restaurant_id = ? order by id limit ?",
        (reached, restaurant_id, today.count(OUTREACH_PER_CAMPAIGN_DAY)),
    ).fetchall()
    times = Rhythm(OFFICE, today, "UTC").instants(rng, len(guests))
    for (customer_id,), created in zip(guests, times, strict=True):
        sent = created + int(240 * rng.lognormvariate(0, 1.3))
        if rng.random() < 0.25 or sent >= today.end:
            outcome: tuple[Value, ...] = ("queued", None, stamp(created), None, stamp(created))
        elif rng.random() < 0.05:
            outcome = ("failed", _error(today, customer_id), stamp(created), None, stamp(sent))
        else:
            outcome = ("sent", None, stamp(created), stamp(sent), stamp(sent))
        changes.insert("outreach_events", (None, campaign_id, customer_id, *outcome))


def _send(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    rng = today.rng
    waiting = db.execute("select id, customer_id from outreach_events where status = 'queued' order by id").fetchall()
    # Some get lost on their way, and wait for ever.
    queued = [row for row in waiting if row[0] % LOST]
    times = Rhythm(OFFICE, today, "UTC").instants(rng, len(queued))
    for (event_id, customer_id), at in zip(queued, times, strict=True):
        chance = rng.random()
        if chance < 0.08:
            changes.update(
                "outreach_events",
                event_id,
                status="failed",
                error=_error(today, customer_id),
                updated_at=stamp(at),
            )
        elif chance < 0.85:
            changes.update("outreach_events", event_id, status="sent", sent_at=stamp(at), updated_at=stamp(at))


def _stray(db: sqlite3.Connection, today: Today, changes: Changes) -> None:
    """Send messages of a campaign, or to a guest, that another system knows and this one does not."""
    rng = today.rng
    campaign, guest = largest_id(db, "campaigns"), 1 + int(largest_id(db, "customers") * rng.random())
    at = stamp(today.start + int(DAY_SECONDS * rng.random()))
    for known in ((900_000 + today.index, guest), (campaign, -1 - today.index)):
        if campaign and rng.random() < SLIP_DAYS:
            changes.insert("outreach_events", (None, *known, "sent", None, at, at, at))


def _error(today: Today, customer_id: int) -> str:
    # Drawn apart from all else that happens today, which no other text may change.
    rng = Random(f"{today.day}:fault:{customer_id}")
    return ERRORS[int(len(ERRORS) * rng.random() ** 1.3)].format(customer_id)


SOURCE = Source("restaurant", TABLES, FLAWS, found, happen, SLIPS)
