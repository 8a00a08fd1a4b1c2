"""Columns of a source that may not be read, or change under us: they cost no row."""

from collections.abc import Iterator
from pathlib import Path

import mysql
import pytest
from postgresql import Server
from sandbox import Sandbox, pseudonym

TABLES = (
    "create table messages (id integer primary key, conversation_id varchar(20), timestamp timestamp)",
    "create table conversations (id varchar(20) primary key, tenant_id varchar(20), customer_phone varchar(20),"
    " started_at timestamp null, last_message_at timestamp null, secret varchar(20), more integer)",
    "insert into conversations values ('c1', 't', '1', '2026-03-01 10:00:00', null, 's', 1)",
    "insert into conversations values ('c2', 't', '2', '2026-03-01 10:00:00', null, 's', 2)",
)
READ = "id, tenant_id, customer_phone, started_at, last_message_at, more"


def note(sandbox: Sandbox) -> tuple[str | None, str | None]:
    [found] = sandbox.query("select last_error, note from raw_whatsapp._state where table_name = 'conversations'")
    return found  # type: ignore[return-value]


@pytest.fixture
def postgresql(tmp_path: Path, postgresql_server: Server) -> Iterator[tuple[Sandbox, str]]:
    """A source that a role of its own reads; the owner's URL."""
    with postgresql_server.database() as url:
        postgresql_server.sql(*TABLES, "create role limited login", url=url)
        sandbox = Sandbox(tmp_path)
        sandbox.url = url.replace("//postgres@", "//limited@")
        yield sandbox, url
        postgresql_server.sql("drop owned by limited", "drop role limited", url=url)


def test_column_that_may_not_be_read_in_postgresql(postgresql: tuple[Sandbox, str], postgresql_server: Server) -> None:
    sandbox, url = postgresql
    postgresql_server.sql(
        f"grant select ({READ}) on conversations to limited", "grant select on messages to limited", url=url
    )
    assert sandbox.run().errors == []
    assert sandbox.latest("conversations", "id, more") == [("c1", 1), ("c2", 2)]
    assert note(sandbox) == (None, 'columns that we may not read are left out: "secret"')
    # Nothing was lost: with the right the column comes, for old rows too.
    postgresql_server.sql("grant select (secret) on conversations to limited", url=url)
    assert sandbox.run().errors == []
    assert sandbox.latest("conversations", "id, secret") == [("c1", "s"), ("c2", "s")]
    assert note(sandbox) == (None, None)
    postgresql_server.sql("revoke select (customer_phone) on conversations from limited", url=url)
    [error] = sandbox.run().errors
    assert 'grant select ("customer_phone") on "conversations" to limited' in error
    assert len(sandbox.latest("conversations", "id")) == 2
    postgresql_server.sql("revoke all on conversations from limited", url=url)
    [error] = sandbox.run().errors
    assert "permission denied for table conversations" in error
    assert "grant select on conversations" in error


# seekdb's catalog shows no table of which an account may read some columns only.
@pytest.mark.parametrize("mysql_server", mysql.REAL, indirect=True)
def test_column_that_may_not_be_read_in_mysql(tmp_path: Path, mysql_server: mysql.Server) -> None:
    # What is called test_... all accounts may read.
    database = "limited"
    mysql_server.sql(f"drop database if exists {database}", f"create database {database}")
    mysql_server.sql(*TABLES, database=database)
    mysql_server.sql(
        "create user 'limited'@'localhost'",
        f"grant select ({READ}) on {database}.conversations to 'limited'@'localhost'",
        f"grant select on {database}.messages to 'limited'@'localhost'",
    )
    sandbox = Sandbox(tmp_path)
    sandbox.url = mysql_server.url(database, "limited")
    try:
        assert sandbox.run().errors == []
        assert sandbox.latest("conversations", "id, more") == [("c1", 1), ("c2", 2)]
        assert note(sandbox) == (None, 'columns that we may not read are left out: "*"')
        mysql_server.sql(f"revoke select (customer_phone) on {database}.conversations from 'limited'@'localhost'")
        [error] = sandbox.run().errors
        assert "grant select (`customer_phone`) on `conversations` to 'limited'@'localhost'" in error
    finally:
        mysql_server.sql("drop user 'limited'@'localhost'")


# Raw type at first, the same column's type later with a value: what raw shows of that.
CHANGES = {
    "integer to text": ("integer", "7", "text", "'seven'", None),
    "integer to text that is a number": ("integer", "7", "text", "'8'", "8"),
    "text to integer": ("text", "'seven'", "integer", "8", "8"),
    "timestamp to text": ("timestamp", "'2026-03-01 10:00:00'", "text", "'soon'", None),
    "double to text": ("double precision", "0.5", "text", "'half'", None),
    "integer to timestamp": ("integer", "7", "timestamp", "'2026-03-01 10:00:00'", None),
    "boolean to integer": ("boolean", "true", "integer", "5", None),
    "json to bytes": ("json", "'{}'", "bytea", "'\\x00'", "00"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_undeclared_column_that_changes_its_type_keeps_no_row_out(
    tmp_path: Path, postgresql_server: Server, change: str
) -> None:
    before, value, after, later, shown = CHANGES[change]
    with postgresql_server.database() as url:
        sandbox = Sandbox(tmp_path)
        sandbox.url = url
        postgresql_server.sql(
            *TABLES,
            f"alter table conversations drop column more, add column more {before}",
            f"update conversations set more = {value}",
            url=url,
        )
        assert sandbox.run().errors == []
        postgresql_server.sql(
            f"alter table conversations drop column more, add column more {after}",
            f"update conversations set more = {later}, customer_phone = '3' where id = 'c1'",
            url=url,
        )
        assert sandbox.run().errors == []
        phone, more = sandbox.latest("conversations", "customer_phone, cast(more as varchar)")[0]
        assert (phone, more) == (pseudonym("3"), shown)
        error, told = note(sandbox)
        assert error is None
        assert told is not None and told.startswith("columns changed their type")
        assert "more (" in told
        effects = sandbox.query("select distinct column_name, effect from raw_whatsapp._rejected")
        assert effects == ([] if shown is not None else [("more", "value")])
