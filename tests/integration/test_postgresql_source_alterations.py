"""DDL while a PostgreSQL source is read: nothing is deleted by it, and it waits for no more than one table's read."""

from collections.abc import Iterator

import pytest
from postgresql import Server, Session, running_server

from ingestion.errors import TransientSourceError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.settings import parse_url
from ingestion.sources import adbc_postgresql, open_source
from ingestion.sources.base import Selection, Snapshot

TABLES = (
    "create table plain (id bigint primary key, content text)",
    "insert into plain select i, repeat('x', 100) from generate_series(1, 1000) as i",
    "create table parts (like plain) partition by range (id)",
    "create table low partition of parts for values from (0) to (501)",
    "create table high partition of parts for values from (501) to (2000)",
    "insert into parts select * from plain",
    "create table parent (like plain)",
    "create table heir () inherits (parent)",
    "insert into heir select * from plain",
    "create view seen as select p.* from parts as p inner join plain using (id)",
    "create materialized view kept as select * from plain",
    "create table other (like plain)",
    "insert into other select i, 'other' from generate_series(1, 1000) as i",
    "create table spare (like plain)",
    "insert into spare values (1500, 'spare')",
)
NAMES = ("plain", "parts", "parent", "seen", "kept")

ALTERATIONS = {
    "plain": [
        "truncate plain",
        "truncate plain; insert into plain select * from other",
        "drop table plain cascade",
        "drop table plain cascade; create table plain as select * from other",
        "alter table plain rename to old; alter table other rename to plain",
        "alter table plain add column at timestamptz default clock_timestamp()",
        "alter table plain drop column content cascade",
        "vacuum full plain",
        "cluster plain using plain_pkey",
        "create schema first; create table first.plain as select * from other; alter role postgres set search_path"
        " = first, public",
    ],
    "parts": [
        "truncate low",
        "truncate low; insert into low select * from other where id <= 500",
        "alter table parts detach partition low",
        "alter table parts detach partition low; drop table low",
        "alter table parts detach partition low; delete from other where id > 500; alter table parts attach partition"
        " other for values from (0) to (501)",
        "alter table parts detach partition high; alter table parts attach partition spare for values from (501) to"
        " (2000)",
        "create table more partition of parts for values from (2000) to (3000)",
        "vacuum full high",
    ],
    "parent": ["truncate heir", "alter table heir no inherit parent", "drop table heir", "truncate parent"],
    "seen": [
        "truncate plain cascade",
        "alter table parts detach partition low",
        "truncate high",
        "create table newer as select * from other; create or replace view seen as select * from newer",
        "alter view seen rename to unseen; alter table other rename to seen",
    ],
    "kept": ["drop materialized view kept; create materialized view kept as select * from other"],
}
HARMLESS = {
    "plain": ["analyze plain", "create index on plain (content)", "alter table plain add column more text", "vacuum"],
    "parts": ["create index on low (content)", "truncate plain", "reindex table low"],
    "kept": ["refresh materialized view kept"],
}


def cases(of: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(table, statements) for table, several in of.items() for statements in several]


def raw(table: str) -> RawTable:
    return RawTable(
        "shop", table, ("id",), (Column("id", ColumnType.INTEGER, required=True), Column("content", ColumnType.TEXT))
    )


def rows(snapshot: Snapshot, table: str, selection: Selection | None = None) -> int:
    return sum(wire.batch.num_rows for wire in snapshot.read(raw(table), selection or Selection()))


@pytest.fixture
def url(postgresql_server: Server) -> Iterator[str]:
    with postgresql_server.database() as url:
        postgresql_server.sql(*TABLES, url=url)
        yield url
        postgresql_server.sql("alter role postgres reset search_path")


@pytest.mark.parametrize(("table", "statements"), cases(ALTERATIONS))
def test_table_that_was_altered_since_the_snapshot_is_not_taken_for_the_snapshots(
    postgresql_server: Server, url: str, table: str, statements: str
) -> None:
    if "search_path" in statements:
        url = url.replace("?", "?options=-csearch_path%3Dfirst,public&", 1)
    with open_source("shop", parse_url(url, "")).snapshot() as snapshot:
        snapshot.columns(NAMES)
        postgresql_server.sql(*statements.split("; "), url=url)
        for selection in (Selection(), Selection(condition="true"), Selection(keys=[(1,), (1001,)])):
            with pytest.raises(TransientSourceError, match=f"{table} was altered between the snapshot and its read"):
                rows(snapshot, table, selection)
        # The others are read all the same.
        assert rows(snapshot, "spare", Selection(condition="false")) == 0


@pytest.mark.parametrize(("table", "statements"), cases(HARMLESS))
def test_what_takes_no_row_away_is_no_fault(postgresql_server: Server, url: str, table: str, statements: str) -> None:
    with open_source("shop", parse_url(url, "")).snapshot() as snapshot:
        snapshot.columns(NAMES)
        postgresql_server.sql(*statements.split("; "), url=url)
        assert rows(snapshot, table) == 1000


@pytest.mark.parametrize("table", NAMES)
def test_table_that_was_read_is_free_while_the_snapshot_lasts(postgresql_server: Server, url: str, table: str) -> None:
    with open_source("shop", parse_url(url, "")).snapshot() as snapshot:
        snapshot.shapes(NAMES)
        snapshot.count(raw(table))
        assert rows(snapshot, table) == 1000
        next(iter(snapshot.read(raw(table))))
        own = "database = (select oid from pg_database where datname = current_database())"
        # The server's own cleaning may come by at any moment.
        cleaning = "pid in (select pid from pg_stat_activity where backend_type like 'autovacuum%')"
        locked = f"select relation::regclass::text from pg_locks where relation >= 16384 and {own} and not {cleaning}"
        assert postgresql_server.sql(locked, url=url) == []


def test_read_table_is_altered_while_another_is_read(postgresql_server: Server, url: str) -> None:
    with (
        open_source("shop", parse_url(url, "")).snapshot() as snapshot,
        Session(url) as owner,
    ):
        snapshot.columns(NAMES)
        assert rows(snapshot, "plain") == 1000
        reading = iter(snapshot.read(raw("parts")))
        next(reading)
        owner.sql("set lock_timeout = '5s'")
        owner.sql("alter table plain add column more text")
        owner.sql("truncate parent")
        assert list(reading) == []


def test_table_that_stays_locked_is_tried_again_later(url: str) -> None:
    impatient = url.replace("?", "?options=-clock_timeout%3D50&", 1)
    with (
        open_source("shop", parse_url(impatient, "")).snapshot() as snapshot,
        Session(url) as owner,
    ):
        snapshot.columns(NAMES)
        owner.sql("begin")
        owner.sql("lock table plain in access exclusive mode")
        with pytest.raises(TransientSourceError, match="lock timeout"):
            rows(snapshot, "plain")
        owner.sql("rollback")
        assert rows(snapshot, "plain") == 1000


@pytest.mark.slow
def test_limits_of_the_server_on_idle_and_long_transactions_do_not_end_a_read() -> None:
    limits = dict.fromkeys(("idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout"), "1s")
    with running_server(**limits, statement_timeout="1h") as server:
        url = server.new_database()
        server.sql(*TABLES, url=url)
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
        settings = "', '".join(names)
        with open_source("shop", parse_url(url, "")).snapshot() as snapshot:
            assert isinstance(snapshot, adbc_postgresql.PostgresqlSnapshot)
            told = dict(snapshot._opened.rows(f"select name, setting from pg_settings where name in ('{settings}')"))
            assert told == {
                "statement_timeout": "3600000",
                "lock_timeout": "60000",
                "idle_in_transaction_session_timeout": "0",
                "transaction_timeout": "0",
            }
            snapshot.columns(NAMES)
            # Longer than either limit.
            with Session(url.replace("?", "?options=-ctransaction_timeout%3D0&", 1)) as other:
                other.sql("select pg_sleep(1.5)")
            assert rows(snapshot, "plain") == 1000
