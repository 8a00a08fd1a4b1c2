"""Bytes in a source: keys of them, and text that is none."""

import sqlite3
from collections.abc import Iterator

import pytest
from mysql import Server as MysqlServer
from postgresql import Server

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import conform
from ingestion.settings import parse_url
from ingestion.sources import open_source
from ingestion.sources.base import Selection

TABLE = RawTable("shop", "t", ("id",), (Column("id", ColumnType.TEXT, required=True), Column("c", ColumnType.TEXT)))
KEYS = ["00ffab", "636166e9", ""]


def read(url: str, selection: Selection | None = None) -> tuple[list[object], list[tuple[str, str, str | None]]]:
    """Keys that are loaded; key, column and value of what is rejected."""
    with open_source("shop", parse_url(url, "")).snapshot() as snapshot:
        snapshot.columns(["t"])
        found = [conform(TABLE, w.batch, w.odd) for w in snapshot.read(TABLE, selection or Selection())]
    return (
        sorted(key for part in found for key in part.batch.column("id").to_pylist()),
        sorted((r.key, r.column, r.value) for part in found for r in part.rejections),
    )


@pytest.fixture
def urls(postgresql_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The same table by every reader that has a file or server of its own here."""
    sqlite = tmp_path_factory.mktemp("source") / "source.sqlite"
    with postgresql_server.database() as url:
        postgresql_server.sql("create table t (id bytea primary key, c text)", url=url)
        for key in KEYS:
            postgresql_server.sql(f"insert into t values ('\\x{key}', 'a')", url=url)
        with sqlite3.connect(sqlite) as connection:
            connection.execute("create table t (id blob primary key, c text)")
            connection.executemany("insert into t values (?, 'a')", [(bytes.fromhex(key),) for key in KEYS])
        connection.close()
        yield [url, f"sqlite:///{sqlite}", f"sqlite+pysqlite:///{sqlite}"]


def test_key_of_bytes_is_read_and_found_again_in_hexadecimal(urls: list[str]) -> None:
    for url in urls:
        assert read(url) == (sorted(KEYS), [])
        for key in KEYS:
            assert read(url, Selection(keys=[(key,)])) == ([key], [])


def test_key_of_bytes_in_mysql(mysql_server: MysqlServer) -> None:
    database = mysql_server.new_database()
    mysql_server.sql(
        "create table t (id varbinary(16) primary key, c text)",
        *(f"insert into t values (x'{key}', 'a')" for key in KEYS),
        database=database,
    )
    assert read(mysql_server.url(database)) == (sorted(KEYS), [])
    assert read(mysql_server.url(database), Selection(keys=[("636166e9",)])) == (["636166e9"], [])


def test_bytes_that_are_no_text_cost_their_row_alone(postgresql_server: Server) -> None:
    postgresql_server.sql(
        "drop database if exists unencoded",
        "create database unencoded encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0",
    )
    url = postgresql_server.url("unencoded")
    broken = "convert_from('\\x636166e9', 'SQL_ASCII')"
    postgresql_server.sql(
        "create table t (id text primary key, c text)",
        f"insert into t values ('1', 'a'), ('2', {broken}), ({broken}, 'b'), ('3', 'caf\u00e9')",
        url=url,
    )
    loaded, rejected = read(url)
    assert "1" in loaded and "3" in loaded
    assert ('{"id": "2"}', "c", "636166e9") in rejected
    assert ('{"id": "636166e9"}', "id", "636166e9") in rejected
    postgresql_server.sql("drop database unencoded")
