"""Real MySQL sources into DuckDB: whole loads, snapshots, faults. Their values: test_mysql_source_values.py."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mysql import REAL, Server
from sandbox import Sandbox

from ingestion.loading.progress import LogListener
from ingestion.loading.results import LoadResult
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion, RunResult
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.settings import parse_url
from ingestion.sources import mysql as reader
from ingestion.sources import open_source
from ingestion.sources.shape import RowCount, SourceColumn

TABLES = (
    "create table conversations (id varchar(50) primary key, tenant_id text, outlet_id text, customer_phone text,"
    " status varchar(20), started_at datetime, ended_at datetime, last_message_at datetime)",
    "create table messages (id bigint unsigned primary key, conversation_id varchar(50), sender_type text,"
    " sender_id text, content longtext, timestamp datetime(6), metadata text)",
)
CATALOGUE = """
whatsapp:
  messages:
    mode: {mode}
    max_delete_share: 1
    columns: {{id: identifier, content: text, timestamp: timestamp}}
"""


class MysqlSandbox(Sandbox):
    """A whatsapp source on a real server."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server = server
        self.database = server.new_database()
        self.url = server.url(self.database)

    def sql(self, *statements: str) -> None:
        self.server.sql(*statements, database=self.database)

    def put(self, *ids: int, content: str = "hello", at: str = "2026-03-01 10:00:00.000001") -> None:
        rows = ", ".join(f"({i}, 'c1', 'customer', null, {content!r}, '{at}', null)" for i in ids)
        self.sql(f"insert into messages values {rows}")


@pytest.fixture
def mysql(tmp_path: Path, mysql_server: Server) -> Iterator[MysqlSandbox]:
    sandbox = MysqlSandbox(tmp_path, mysql_server)
    sandbox.sql(*TABLES)
    yield sandbox


def messages(result: RunResult) -> LoadResult:
    assert result.errors == []
    return next(t for t in result.tables if t.table == "messages")


@pytest.mark.parametrize(
    "mode", ["full", "cursor\n    cursor: timestamp\n    overlap_hours: 1"], ids=["full", "cursor"]
)
def test_whatever_happens_to_rows_is_loaded(mysql: MysqlSandbox, mode: str) -> None:
    catalogue = mysql.folder / "catalogue.yml"
    catalogue.write_text(CATALOGUE.format(mode=mode))
    mysql.more = {"ingestion_catalogue": catalogue}

    def load() -> tuple[int, int]:
        result = messages(mysql.run())
        source = mysql.server.sql(
            "select id, content, date_format(timestamp, '%Y-%m-%d %H:%i:%s.%f') from messages order by id",
            database=mysql.database,
        )
        raw = mysql.latest("messages", "id::varchar, content, strftime(timestamp, '%Y-%m-%d %H:%M:%S.%f')")
        assert raw == source
        return result.state.rows_appended, result.state.rows_deleted

    mysql.put(*range(1, 2001))
    assert load() == (2000, 0)
    assert load() == (0, 0)
    mysql.sql(
        "update messages set content = '\U0001f642 it''s \\\\ 50%', timestamp = '2026-03-02' where id = 7",
        "update messages set content = null, timestamp = null where id = 8",
        "delete from messages where id in (9, 10)",
    )
    mysql.put(2001, at="2019-01-01 00:00:00")
    mysql.put(2002, at="2026-03-02 12:00:00")
    assert load() == (4, 2)
    mysql.put(9, content="back")
    assert load() == (1, 0)
    mysql.sql("delete from messages where id > 5")
    assert load() == (0, 1996)


def test_late_rows_are_fetched_whatever_their_keys_hold(mysql: MysqlSandbox) -> None:
    keys = ["it''s", "50%", ":a %(b)s", "back\\\\slash", "\U0001f642 \u00fc", "", "A", "2026-01-01"]
    ids = dict(enumerate(keys))
    mysql.sql(
        "drop table messages",
        TABLES[1].replace("bigint unsigned", "varchar(50) character set utf8mb4 collate utf8mb4_bin"),
    )
    mysql.sql("insert into messages values ('first', 'c1', 'x', null, '', '2026-03-01', null)")
    mysql.run()
    for i, key in ids.items():
        mysql.sql(f"insert into messages values ('{key}', 'c1', 'x', null, '{i}', '2020-01-01', null)")
    assert messages(mysql.run()).state.rows_appended == len(keys)
    mysql.sql("delete from messages where content = '0'")
    assert messages(mysql.run()).state.rows_deleted == 1


def test_bytes_may_be_a_key(mysql: MysqlSandbox) -> None:
    mysql.sql("drop table messages", TABLES[1].replace("bigint unsigned", "binary(4)"))
    mysql.sql("insert into messages values (x'00010203', 'c1', 'x', null, 'first', '2026-03-01', null)")
    with open_source("whatsapp", parse_url(mysql.url, "")).snapshot() as snapshot:
        columns = (Column("id", ColumnType.TEXT), Column("content", ColumnType.TEXT))
        table = RawTable("whatsapp", "messages", ("id",), columns)
        [wire] = snapshot.read(table, reader.Selection(keys=[("00010203",)]))
        assert wire.batch.to_pylist() == [{"id": "00010203", "content": "first"}]
        assert list(snapshot.read(table, reader.Selection(keys=[("00010204",)]))) == []


def test_open_rows_are_read_whatever_their_cursor(mysql: MysqlSandbox) -> None:
    mysql.put(1)
    mysql.sql("insert into conversations values ('c1', 't', null, null, 'active', '2026-01-01', null, '2026-01-01')")
    mysql.sql("insert into conversations values ('c2', 't', null, null, 'done', '2026-03-01', null, '2026-03-01')")
    mysql.run()
    mysql.sql("update conversations set status = 'resolved' where id = 'c1'")
    mysql.run()
    assert mysql.latest("conversations", "id, status") == [("c1", "resolved"), ("c2", "done")]


@pytest.mark.parametrize("mysql_server", REAL, indirect=True)
def test_every_read_shows_one_moment(mysql: MysqlSandbox) -> None:
    mysql.put(1, 2)
    table = RawTable("whatsapp", "messages", ("id",), (Column("id", ColumnType.INTEGER),))
    with open_source("whatsapp", parse_url(mysql.url, "")).snapshot() as snapshot:
        mysql.put(3)
        assert snapshot.count(table) == 2
        assert [wire.batch.num_rows for wire in snapshot.read(table)] == [2]


def test_large_rows_come_in_small_batches(mysql: MysqlSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BATCH_BYTES", 100_000)
    mysql.put(*range(100))
    mysql.sql("update messages set content = repeat('x', 10000)")
    columns = (Column("id", ColumnType.INTEGER), Column("content", ColumnType.TEXT))
    with open_source("whatsapp", parse_url(mysql.url, "")).snapshot() as snapshot:
        sizes = [w.batch.num_rows for w in snapshot.read(RawTable("whatsapp", "messages", ("id",), columns))]
    assert max(sizes) <= 10
    assert sum(sizes) == 100


def test_read_that_is_left_half_way_does_not_hinder_the_next(mysql: MysqlSandbox) -> None:
    mysql.put(*range(5000))
    table = RawTable("whatsapp", "messages", ("id",), (Column("id", ColumnType.INTEGER),))
    with open_source("whatsapp", parse_url(mysql.url, "")).snapshot() as snapshot:
        rows = snapshot.read(table)
        next(rows)
        rows.close()  # type: ignore[attr-defined]
        assert snapshot.count(table) == 5000


@pytest.mark.parametrize("mysql_server", REAL, indirect=True)
def test_source_sees_a_reader_that_cannot_write(mysql: MysqlSandbox) -> None:
    source = reader.MysqlSource("whatsapp", parse_url(mysql.url, ""))
    with source.snapshot() as snapshot, pytest.raises(Exception, match="READ ONLY transaction"):
        reader.rows_of(snapshot._connection, "delete from messages")
    with source.snapshot() as snapshot:
        [(zone, mode, isolation)] = reader.rows_of(
            snapshot._connection, "select @@time_zone, @@sql_mode, @@tx_isolation"
        )
        limits = reader.rows_of(snapshot._connection, "show variables like 'max_statement_time'")
    assert (zone, mode, isolation) == ("+00:00", "", "REPEATABLE-READ")
    assert [float(value) for _, value in limits] in ([], [reader.STATEMENT_TIMEOUT_SECONDS])


class Severing(LogListener):
    """Ends the reader's connection, or its statement, when its first rows have come."""

    def __init__(self, source: MysqlSandbox, kill: str) -> None:
        super().__init__()
        self._source = source
        self._kill = kill

    def advanced(self, table: str, rows: int) -> None:
        if table != "whatsapp.messages":
            return
        sessions = f"select id from information_schema.processlist where db = '{self._source.database}'"
        for (id_,) in self._source.server.sql(sessions):
            self._source.server.sql(f"{self._kill} {id_}")


@pytest.mark.parametrize("mysql_server", REAL, indirect=True)
@pytest.mark.parametrize(
    ("kill", "told"), [("kill", "Lost connection to MySQL server"), ("kill query", "Query execution was interrupted")]
)
def test_read_that_breaks_off_changes_nothing(
    mysql: MysqlSandbox, kill: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BATCH_BYTES", 1_000_000)
    mysql.put(*range(1000))
    mysql.run()
    kept = (
        "select * exclude (last_error) from raw_whatsapp._state, (select count(*) from raw_whatsapp.messages)"
        " where table_name = 'messages'"
    )
    before = mysql.query(kept)
    mysql.sql("update messages set content = repeat('x', 20000)")
    # More than the batches that are read ahead.
    mysql.put(*range(1000, 4000), content="x" * 20_000)
    result = Ingestion(mysql.settings(), Retries(())).run(Severing(mysql, kill))
    [error] = [t.error for t in result.tables if t.table == "messages"]
    assert error is not None
    assert error.startswith(f"whatsapp: MySQL can't be read: {told}")
    assert "WHATSAPP_DATABASE_URL" in error
    assert "\n" not in error
    assert mysql.query(kept) == before
    assert messages(mysql.run()).state.rows_appended == 4000


@pytest.mark.parametrize("mysql_server", REAL, indirect=True)
def test_table_that_stays_locked_fails_alone(mysql: MysqlSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LOCK_TIMEOUT_SECONDS", 1)
    mysql.put(1)
    mysql.sql("insert into conversations values ('c1', 't', null, null, 'active', '2026-01-01', null, '2026-01-01')")
    with closing(mysql.server.connection(mysql.database)) as other, other.cursor() as cursor:
        cursor.execute("lock tables messages write")
        result = mysql.run()
    assert [t.table for t in result.tables if t.error] == ["messages"]
    assert "Lock wait timeout exceeded" in result.errors[0]
    assert len(mysql.latest("conversations")) == 1


@pytest.mark.parametrize("mysql_server", REAL, indirect=True)
def test_faults_of_a_connection_are_one_line_without_secrets(mysql_server: Server, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    mysql_server.sql("create user guarded@localhost identified by 'other'")
    for url, told in {
        "mysql://me:s3cret@127.0.0.1:1/crm": "Connection refused",
        "mariadb+pymysql://me:s3cret@nowhere.invalid/crm": "Can't connect to MySQL server on 'nowhere.invalid'",
        "mysql+mysqldb://me:s3cret@127.0.0.1/crm?colour=red": "PyMySQL knows no option 'colour'",
        mysql_server.url("none"): "Unknown database 'none'",
        mysql_server.url(): "the database has none of the tables",
        mysql_server.url("mysql", "guarded", "s3cret"): "Access denied for user 'guarded'@'localhost'",
    }.items():
        sandbox.url = url
        try:
            [error] = sandbox.run().errors
        except reader.ConfigurationError as fault:
            error = str(fault)
        assert told in error
        assert "WHATSAPP_DATABASE_URL" in error
        assert "s3cret" not in error
        assert "://" not in error
        assert "\n" not in error
    mysql_server.sql("drop user guarded@localhost")


# seekdb shows its indexes in words of its own.
@pytest.mark.parametrize("mysql_server", REAL, indirect=True)
def test_shapes_tell_keys_indexes_and_types(mysql: MysqlSandbox) -> None:
    mysql.put(1, 2)
    mysql.sql(
        "alter table messages add column total decimal(65, 30), add unique index (timestamp, id)",
        "create view recent as select id, content from messages",
        "create table odd (id int primary key, `a``b` int)",
    )
    with open_source("whatsapp", parse_url(mysql.url, "WHATSAPP_DATABASE_URL")).snapshot() as snapshot:
        shapes = snapshot.shapes()
    assert [*shapes["odd"].columns] == ["id", "a`b"]
    found = shapes["messages"]
    assert (found.primary_key, found.rows, found.kind) == (("id",), RowCount(2), "table")
    assert ("timestamp", "id") in found.indexes
    assert found.columns["id"] == SourceColumn(ColumnType.INTEGER, is_nullable=False)
    # Wider than a raw decimal.
    assert found.columns["total"].type is ColumnType.TEXT
    assert shapes["recent"].kind == "view"
