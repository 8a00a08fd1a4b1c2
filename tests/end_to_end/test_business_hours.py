"""Business time of random waits, as the models count it, beside what plain Python counts day by day."""

import csv
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from end_to_end.model_history import ModelHistory
from oracle import business_hours, sources
from oracle.arithmetic import rounded, seconds
from parsed_project import ParsedProject

from ingestion.settings import PROJECT_ROOT

WEEKDAYS = business_hours.WEEKDAYS
OFFICE = dict.fromkeys(WEEKDAYS[:5], ("09:00", "17:30"))
HOURS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "office": ("America/New_York", OFFICE),
    "bar": ("Europe/Berlin", dict.fromkeys(WEEKDAYS, ("18:00", "4:00"))),
    # Where clocks change by half an hour, at the hour at which they do.
    "night": ("Australia/Lord_Howe", {"saturday": ("23:00", "08:00"), "sunday": ("01:45", "02:15")}),
    "always": ("America/St_Johns", dict.fromkeys(WEEKDAYS, ("00:00", "24:00"))),
    "sundays": ("Antarctica/Troll", {"sunday": ("00:30", "03:30")}),
    "utc": ("UTC", {"monday": ("00:00", "00:01"), "friday": ("23:59", "23:59")}),
    "none": ("Europe/Berlin", {}),
}
"""By tenant: time zone and hours."""


@pytest.mark.slow
def test_business_time_of_any_wait_is_what_the_wall_clock_showed_of_it(
    tmp_path: Path, parsed_project: ParsedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_ROOT / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs"))
    (tmp_path / "ingestion").mkdir()
    shutil.copy(PROJECT_ROOT / "ingestion" / "catalogue.yml", tmp_path / "ingestion")
    _settle(project / "seeds" / "reference" / "tenant_settings.csv")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    history = ModelHistory("whatsapp", tmp_path / "history", parsed_project, project=tmp_path)
    waits = _random_waits()
    _write(tmp_path / "history" / "sources" / "whatsapp.sqlite", waits)
    history.extract()
    history.build("--select", "+fct_responses")

    hours = business_hours.hours_of_tenants()
    assert set(hours) == {f"whatsapp:{tenant}" for tenant in HOURS} - {"whatsapp:none"}
    expected = {}
    for number, (tenant, start, end) in enumerate(waits):
        of_tenant = hours.get(f"whatsapp:{tenant}")
        zone = ZoneInfo(HOURS[tenant][0])
        expected[f"wait {number}"] = rounded(of_tenant.seconds(start, end, zone) if of_tenant else seconds(start, end))
    rows = history.warehouse.query(
        "select conversation_id, response_seconds, business_seconds from core.fct_responses"
        " where conversation_id like 'wait %'"
    ).to_pylist()
    counted: dict[str, Decimal] = {row["conversation_id"]: row["business_seconds"] for row in rows}
    assert counted == expected
    always = [row for row in rows if waits[int(row["conversation_id"].split()[1])][0] == "always"]
    assert all(row["business_seconds"] == row["response_seconds"] for row in always)


def _settle(seed: Path) -> None:
    columns = seed.read_text(encoding="utf-8").splitlines()[0].split(",")
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for tenant, (zone, hours) in HOURS.items():
            edges = {
                f"{day}_{edge}": at
                for day, span in hours.items()
                for edge, at in zip(("opens", "closes"), span, strict=True)
            }
            writer.writerow({"tenant_key": f"whatsapp:{tenant}", "timezone": zone, **edges})


def _random_waits() -> list[tuple[str, datetime, datetime]]:
    """Of minutes to decades; many of them about a change of clocks."""
    random = Random(7)
    changes = {
        tenant: business_hours.clock_changes(
            datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC), ZoneInfo(zone)
        )
        for tenant, (zone, _) in HOURS.items()
    }
    waits = []
    for number in range(420):
        tenant = list(HOURS)[number % len(HOURS)]
        first = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=random.uniform(0, 100 * 365 * 86400))
        if changes[tenant] and random.random() < 0.7:
            first = random.choice(changes[tenant]) - timedelta(seconds=random.choice([0, 1, random.uniform(0, 90_000)]))
        days = random.choice([0.02, 0.02, 1, 1, 9, 9, 400]) if number % 40 else 3000
        waits.append((tenant, first, first + timedelta(days=days * random.random())))
    return waits


def _write(file: Path, waits: list[tuple[str, datetime, datetime]]) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for tenant in HOURS:
            db.execute("insert into tenants (id, name) values (?, ?)", (tenant, tenant))
        for number, (tenant, start, end) in enumerate(waits):
            talk = f"wait {number}"
            db.execute(
                "insert into conversations (id, tenant_id, status, started_at) values (?, ?, 'active', ?)",
                (talk, tenant, start.isoformat()),
            )
            db.executemany(
                "insert into messages (id, conversation_id, sender_type, timestamp) values (?, ?, ?, ?)",
                [
                    (f"{talk} opens", talk, "customer", start.isoformat()),
                    (f"{talk} is over", talk, "agent", end.isoformat()),
                ],
            )
