"""DDL while a MySQL source is read: nothing is deleted by it, and it waits for no more than one table's read."""

import pytest
from mysql import Server

from ingestion.errors import TransientSourceError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.settings import parse_url
from ingestion.sources import open_source
from ingestion.sources.base import Snapshot

TABLES = (
    "create table plain (id int primary key)",
    "insert into plain values (1), (2)",
    "create table other (id int primary key, more int)",
    "insert into other values (8, 1)",
    "create table parts (id int primary key) partition by range (id) (partition low values less than (10), partition"
    " high values less than (20))",
    "insert into parts values (1), (11)",
)
ALTERATIONS = {
    "plain": [
        "truncate table plain",
        "truncate table plain; insert into plain values (5)",
        "drop table plain; create table plain (id int primary key)",
    ],
    "parts": ["alter table parts truncate partition low"],
}


def rows(snapshot: Snapshot, table: str) -> int:
    raw = RawTable("shop", table, ("id",), (Column("id", ColumnType.INTEGER, required=True),))
    return sum(wire.batch.num_rows for wire in snapshot.read(raw))


@pytest.mark.parametrize(("table", "statements"), [(t, s) for t, several in ALTERATIONS.items() for s in several])
def test_table_that_was_altered_since_the_snapshot_is_not_taken_for_the_snapshots(
    mysql_server: Server, table: str, statements: str
) -> None:
    database = mysql_server.new_database()
    mysql_server.sql(*TABLES, database=database)
    with open_source("shop", parse_url(mysql_server.url(database), "")).snapshot() as snapshot:
        snapshot.columns(["plain", "parts", "other"])
        mysql_server.sql(*statements.split("; "), database=database)
        with pytest.raises(TransientSourceError):
            rows(snapshot, table)
        assert rows(snapshot, "other") == 1


def test_read_table_is_free_while_the_snapshot_lasts(mysql_server: Server) -> None:
    database = mysql_server.new_database()
    mysql_server.sql(*TABLES, database=database)
    with open_source("shop", parse_url(mysql_server.url(database), "")).snapshot() as snapshot:
        snapshot.columns(["plain", "parts", "other"])
        assert rows(snapshot, "plain") == 2
        mysql_server.sql("set session lock_wait_timeout = 5", "alter table plain add more int", database=database)
        assert rows(snapshot, "parts") == 2
