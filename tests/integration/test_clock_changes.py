"""Sources whose times have no zone of their own, read while the clocks of their zone change."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import mysql
import postgresql
import pytest
from sandbox import OwnSources

from ingestion.sources import postgresql_transaction
from ingestion.sources.postgresql_changes import Gate

ZONE = "America/New_York"
"""West of UTC: what its clocks show is less than what UTC's do, so that a condition in UTC would leave rows out."""

FORWARD, BACK = (datetime.fromisoformat(f"2025-{at}+00:00") for at in ("03-09T07:00", "11-02T06:00"))
STEPS = [
    [FORWARD - timedelta(minutes=30), FORWARD - timedelta(minutes=10, microseconds=1)],
    [FORWARD, FORWARD + timedelta(minutes=10)],
    [BACK - timedelta(minutes=50), BACK - timedelta(minutes=10)],
    # Shown at times of the step before, and before its last.
    [BACK, BACK + timedelta(minutes=20)],
    [BACK + timedelta(minutes=70)],
]
"""When rows are written, by runs."""

# By keys nothing is found: what the condition on the cursor leaves out is lost.
CONFIGURED = """
office:
  kind: raw
  url: ${OFFICE_URL}
  zone: America/New_York
  tables:
    events:
      {key: [id], mode: cursor, cursor: changed_at, reconcile_hours: 100000, columns: {alone: {zone: Asia/Tokyo}}}
"""


class Office:
    """A source with times of New York, of Tokyo, and such as have a zone."""

    def __init__(self, folder: Path, url: str, write: Callable[[str], object], local: str, own: str) -> None:
        self.sandbox = OwnSources(folder).configured(CONFIGURED)
        self.url = url
        self.write = write
        columns = f"changed_at {local}, alone {local}, own {own} null, made {local}"
        self.write(f"create table events (id integer primary key, {columns})")
        self.truth: list[datetime] = []

    def add(self, at: datetime) -> None:
        """A row, as it is written at an instant."""
        here, alone = shown(at, ZONE), shown(at, "Asia/Tokyo")
        self.write(f"insert into events values ({len(self.truth)}, '{here}', '{alone}', '{at}', '{here}')")
        self.truth.append(at)

    def check(self) -> None:
        """See to it that each row is there once, and its instants right."""
        as_read = [shown(at, ZONE).replace(tzinfo=ZoneInfo(ZONE), fold=0).astimezone(UTC) for at in self.truth]
        assert sum(a != b for a, b in zip(as_read, self.truth, strict=True)) == 2
        rows = self.sandbox.query("select id, changed_at, made, alone, own from raw_office.events order by id")
        assert rows == [(n, a, a, at, at) for n, (a, at) in enumerate(zip(as_read, self.truth, strict=True))]


def shown(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def read_while_clocks_change(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFICE_URL", office.url)
    for step in STEPS:
        # The server's clock: what is committed from then on may be written from then on.
        monkeypatch.setattr(postgresql_transaction, "_gate", lambda _, at=step[0]: Gate(at, False))
        for at in step:
            office.add(at)
        [result] = office.sandbox.again().tables
        assert (result.state.rows_appended, result.scope.startswith("full")) == (len(step), False)
    office.check()


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_no_row_of_sqlite_is_lost_or_doubled_while_clocks_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    def write(sql: str) -> None:
        with closing(sqlite3.connect(tmp_path / "office.sqlite")) as connection, connection:
            connection.execute(sql)

    office = Office(tmp_path, f"{scheme}:///{tmp_path / 'office.sqlite'}", write, "timestamp", "timestamp")
    read_while_clocks_change(office, monkeypatch)


def test_no_row_of_postgresql_is_lost_or_doubled_while_clocks_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql_server: postgresql.Server
) -> None:
    url = postgresql_server.new_database()
    office = Office(tmp_path, url, lambda sql: postgresql_server.sql(sql, url=url), "timestamp", "timestamptz")
    read_while_clocks_change(office, monkeypatch)


def test_no_row_of_mysql_is_lost_or_doubled_while_clocks_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mysql_server: mysql.Server
) -> None:
    database = mysql_server.new_database()

    def write(sql: str) -> None:
        mysql_server.sql("set time_zone = '+00:00'", sql.replace("+00:00", ""), database=database)

    office = Office(tmp_path, mysql_server.url(database), write, "datetime(6)", "timestamp(6)")
    read_while_clocks_change(office, monkeypatch)
