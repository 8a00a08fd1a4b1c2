"""Every kind of value that a source may hold and no business means, in every column of every table of the sample.

Belongs here: what is put into the sources. Not here: what becomes of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from ingestion.settings import PROJECT_ROOT

LARGEST = 2**63 - 1
VALUES: dict[str, tuple[object, ...]] = {
    "timestamp": (
        *("0001-01-01 00:00:00", "1969-12-31 23:59:59.999999", "1970-01-01T00:00:00Z", "9999-12-31 23:59:59.999999"),
        *("2026-10-05T24:00:00", "2026-10-05T10:11:12.123456789Z", "2027-03-01T09:00:00+05:30", "n/a", ""),
    ),
    "integer": (LARGEST, -LARGEST - 1, 10**12, 10**15, -1, 0, "n/a", 1.5, ""),
    "decimal": (*("99999999999999999999999999999.999999999", "-99999999999999999999999999999"), 1e20, 0.1, -5, "n/a"),
    "boolean": ("maybe", 0, "true", 2),
    "text": ("resolved\r", "\u3000\u200b", "[/b]\x1b[31mred", "=1+1", "\uff1dcmd", "\u6f22" * 300, "\n", ""),
    "identifier": ("nobody", "", "\u6f22" * 40, "A" * 300),
    "timezone": ("Nowhere/Such", "", "utc", "Europe/Paris"),
    "json": (
        *("{", "[]", '"x"', "", '{"currency": {"code": "EUR"}}', '{"currency": "XX?"}'),
        '{"tokens_used": 999999999999999999, "handoff_requested": true, "trigger": "keyword\\r"}',
        '{"currency": "kwd ", "product_name": {"a": [1]}}',
        '{"tokens_used": -1, "confidence": 1e300}',
        '{"tokens_used": 1e400, "model": "\\u0001"}',
        '{"path": "https://h/\\u001b]0;owned\\u0007 > x?y", "referrer": "=1+1", "utm_source": "[/b]"}',
    ),
}
"""By the catalogue's type; none of them twice in a column that has to be unique."""

TENANTS = {"whatsapp": "tenants", "restaurant": "restaurants", "erp": "organizations"}
NAMES = ("[/b]", "\x1b]0;owned\x07", "\u202egnirb", "=HYPERLINK(1)", "\u6f22\u5b57" * 40, "")
FIRST_ID = 70_000_000


def add_flawed_rows(folder: Path) -> None:
    """Add to each source, for each column and value, a copy of a row that holds the value there."""
    catalogue = yaml.safe_load((PROJECT_ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8"))
    for source, tables in catalogue.items():
        with closing(sqlite3.connect(folder / f"{source}.sqlite")) as db, db:
            for table, entry in tables.items():
                for number, row in enumerate(_flawed(db, table, entry["columns"])):
                    _insert(db, table, row | {"id": _identifier(db, table, number)})
            if source in TENANTS:
                for number, name in enumerate(NAMES):
                    _insert(db, TENANTS[source], {"id": _identifier(db, TENANTS[source], 900 + number), "name": name})


def correct_some(folder: Path) -> None:
    """Correct, delete and spoil again: what stood does not stand any more, and the other way about."""
    with closing(sqlite3.connect(folder / "consulting.sqlite")) as db, db:
        # Rows from the future have drawn the watermark up to now.
        db.execute("update leads set value_cents = 100, updated_at = datetime('now') where value_cents = 'n/a'")
        db.execute("delete from deals where typeof(amount_cents) = 'text'")
        some = "select id from accounts order by id limit 2"
        db.execute(f"update accounts set created_at = 'gone', updated_at = datetime('now') where id in ({some})")


def _flawed(db: sqlite3.Connection, table: str, columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    db.row_factory = sqlite3.Row
    rows = [dict(row) for row in db.execute(f'select * from "{table}" order by rowid limit 40')]
    number = 0
    for column, declared in columns.items():
        if column == "id":
            continue
        for value in (*VALUES[declared.split()[0]], None):
            number += 1
            row = rows[number % len(rows)]
            if table == "customers" and "email" in row:
                row["email"] = f"flaw-{number}@example.com"
            if column == "updated_at" and "is_active" in row:
                # An end without a time is the load's, which each warehouse has its own.
                row["is_active"] = 1
            if table == "outreach_events":
                row["campaign_id"] = _identifier(db, "campaigns", number % 60)
            yield row | {column: value}


def _identifier(db: sqlite3.Connection, table: str, number: int) -> object:
    types = {row[1]: row[2].lower() for row in db.execute(f'pragma table_info("{table}")')}
    return FIRST_ID + number if "int" in types["id"] else f"Flaw {number}"


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    # What the source itself refuses (not null, unique) it does not hold.
    db.execute(f'insert or ignore into "{table}" ({names}) values ({", ".join("?" * len(row))})', list(row.values()))
