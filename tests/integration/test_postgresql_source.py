"""A real PostgreSQL source into DuckDB: its values, its watermarks, its faults."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from postgresql import Server, Session, running_server
from sandbox import Sandbox

from ingestion.loading.progress import LogListener
from ingestion.loading.results import LoadResult
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion, RunResult
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.settings import parse_url
from ingestion.sources import adbc_postgresql, open_source
from ingestion.sources.postgresql_changes import SPAN_LIMIT, Gate, Moment, position
from ingestion.sources.postgresql_sql import PgColumn, Relation

TABLES = (
    "create table conversations (id text primary key, tenant_id text, outlet_id text, customer_phone text,"
    " status text, started_at timestamptz, ended_at timestamptz, last_message_at timestamptz)",
    "create table messages (id bigint primary key, conversation_id text, sender_type text, sender_id text,"
    " content text, timestamp timestamptz, metadata jsonb)",
)


class PostgresqlSandbox(Sandbox):
    """A whatsapp source on a real server."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server = server
        self.url = server.new_database()

    def sql(self, *statements: str) -> None:
        self.server.sql(*statements, url=self.url)


@pytest.fixture
def postgresql(tmp_path: Path, postgresql_server: Server) -> Iterator[PostgresqlSandbox]:
    sandbox = PostgresqlSandbox(tmp_path, postgresql_server)
    sandbox.sql(*TABLES)
    yield sandbox


def messages(result: RunResult) -> LoadResult:
    assert result.errors == []
    return next(t for t in result.tables if t.table == "messages")


def put(first: int, last: int | None = None, content: str = "hello") -> str:
    return (
        f"insert into messages select i, 'c1', 'customer', null, '{content}', timestamptz '2026-03-01 10:00Z', null"
        f" from generate_series({first}, {last or first}) as i"
    )


# Per type: its SQL, and value → what raw shows; None where the row is rejected.
VALUES: dict[str, dict[str, str | None]] = {
    "smallint": {"-32768": "-32768"},
    "bigint": {"-9223372036854775808": "-9223372036854775808", "9223372036854775807": "9223372036854775807"},
    "real": {"0.1": "0.1", "3.4028235e38": "3.4028235e+38", "NaN": "nan", "-Infinity": "-inf"},
    "double precision": {"0.1": "0.1", "1.7976931348623157e308": "1.7976931348623157e+308", "Infinity": "inf"},
    "numeric": {"12345678901234567890.1234567890123456789": "12345678901234567890.1234567890123456789", "NaN": "NaN"},
    "numeric(38, 9)": {
        "99999999999999999999999999999.999999999": "99999999999999999999999999999.999999999",
        "NaN": None,
    },
    "numeric(40, 20)": {"0.00000000000000000001": "0.00000000000000000001"},
    "boolean": {"true": "true", "false": "false"},
    "timestamptz": {
        "2026-03-29 01:30:00.123456+01": "2026-03-29 00:30:00.123456+00",
        "0001-01-01 00:00:00+00": "0001-01-01 00:00:00+00",
        "9999-12-31 23:59:59.999999+00": "9999-12-31 23:59:59.999999+00",
        "10000-01-01 00:00:00+00": None,
        "infinity": None,
        "-infinity": None,
        "4713-01-01 00:00:00+00 BC": None,
        "294276-12-31 23:59:59.999999+00": None,
    },
    "timestamp": {"2026-03-29 01:30:00.5": "2026-03-29 01:30:00.5+00", "infinity": None, "0044-03-15 BC": None},
    "date": {"2026-02-28": "2026-02-28", "9999-12-31": "9999-12-31", "infinity": None, "0044-03-15 BC": None},
    "time": {"24:00:00": "24:00:00", "12:00:00.000001": "12:00:00.000001"},
    "timetz": {"12:00:00+05:30": "12:00:00+05:30"},
    "interval": {"1 year 2 mons -3 days 04:05:06.7": "1 year 2 mons -3 days +04:05:06.7"},
    "text": {"": "", "It''s 100% \\ \u00fc\U0001f642": "It's 100% \\ \u00fc\U0001f642"},
    "char(3)": {"a": "a  "},
    "bytea": {"\\x00ff5c": "\\x00\\xFF\\x5C"},
    "json": {'{"a": 1.00, "a": 12345678901234567890}': '{"a": 1.00, "a": 12345678901234567890}'},
    "jsonb": {'{"b": 1.00, "a": null}': '{"a": null, "b": 1.00}'},
    "uuid": {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    "inet": {"10.0.0.1/8": "10.0.0.1/8"},
    "macaddr": {"08:00:2b:01:02:03": "08:00:2b:01:02:03"},
    "int4range": {"[1,5)": "[1,5)"},
    "tstzrange": {"(,2026-01-01 00:00:00+00)": '(,"2026-01-01 00:00:00+00")'},
    "integer[]": {"{1,NULL,3}": "{1,NULL,3}"},
    "text[]": {'{"a,b","NULL"}': '{"a,b","NULL"}'},
    "bit(4)": {"0101": "0101"},
    "varbit": {"01": "01"},
    "money": {"1234.50": "$1,234.50"},
    "point": {"(1,2)": "(1,2)"},
    "tsvector": {"a fat cat": "'a' 'cat' 'fat'"},
    "oid": {"4294967295": "4294967295"},
    "name": {"abc": "abc"},
    "mood": {"so so": "so so"},
    "positive": {"7": "7"},
    "address": {"(Main,5)": "(Main,5)"},
}


@pytest.mark.parametrize("type_", VALUES)
def test_value_is_faithful_or_text_or_rejected(postgresql: PostgresqlSandbox, type_: str) -> None:
    values = VALUES[type_]
    postgresql.sql(
        "create type mood as enum ('sad', 'so so')",
        "create domain small as integer check (value > 0)",
        "create domain positive as small",
        "create type address as (street text, number integer)",
        f"alter table messages add column extra {type_}",
        f"{put(1)}",
        *(
            f"insert into messages (id, conversation_id, timestamp, extra) values ({i}, 'c1', now(), '{value}')"
            for i, value in enumerate(values, 2)
        ),
    )
    result = messages(postgresql.run())
    kept = {1: None} | {i: shown for i, shown in enumerate(values.values(), 2) if shown is not None}
    # Nobody declared the column: a value of it that is not held is set aside, and its row is loaded without it.
    assert dict(postgresql.latest("messages", "id, cast(extra as varchar)")) == (
        dict.fromkeys(range(2, len(values) + 2)) | kept
    )
    rejected = postgresql.query("select row_key, reason from raw_whatsapp._rejected order by 1")
    assert [json.loads(str(key))["id"] for key, _ in rejected] == [
        i for i in range(2, len(values) + 2) if i not in kept
    ]
    assert result.state.rows_rejected == len(rejected)
    assert all(str(reason).startswith("expected a") for _, reason in rejected)


def test_type_of_the_catalogue_beats_the_type_of_the_source(postgresql: PostgresqlSandbox) -> None:
    # An instant or a truth value in an integer's place must not become a number.
    columns = [Column("id", ColumnType.INTEGER), Column("a", ColumnType.INTEGER), Column("b", ColumnType.TEXT)]
    postgresql.sql("create table t (id integer, a timestamp, b date)", "insert into t values (1, now(), 'infinity')")
    with open_source("whatsapp", parse_url(postgresql.url, "")).snapshot() as snapshot:
        [wire] = snapshot.read(RawTable("whatsapp", "t", ("id",), tuple(columns)))
    assert str(wire.batch.column("a").type) == "string"
    assert wire.batch.column("b").to_pylist() == ["infinity"]
    assert wire.odd == []


def test_edit_without_any_timestamp_is_read_alone(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(put(1, 500))
    assert messages(postgresql.run()).scope == "initial"
    postgresql.sql("update messages set content = 'edited' where id = 7", "delete from messages where id = 8")
    result = messages(postgresql.run())
    assert (result.state.rows_read, result.state.rows_appended, result.state.rows_deleted) == (1, 1, 1)
    assert result.scope.startswith("since transaction ")
    assert messages(postgresql.run()).state.rows_appended == 0


def test_row_that_is_committed_late_is_not_missed(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(put(1, 3))
    with Session(postgresql.url) as late:
        late.sql("begin")
        late.sql("update messages set content = 'late' where id = 2")
        postgresql.sql(put(4))
        postgresql.run()
        postgresql.sql(put(5))
        postgresql.run()
        late.sql("commit")
    assert messages(postgresql.run()).state.rows_appended == 1
    assert postgresql.latest("messages", "id, content")[1] == (2, "late")


def test_restart_of_the_server_costs_nothing_and_another_server_a_full_read(
    postgresql: PostgresqlSandbox, tmp_path: Path
) -> None:
    with running_server() as one, running_server() as other:
        postgresql.url = one.new_database()
        one.sql(*TABLES, put(1, 50), url=postgresql.url)
        postgresql.run()
        one.restart()
        assert messages(postgresql.run()).scope.startswith("since transaction")
        postgresql.url = other.new_database()
        other.sql(*TABLES, put(1, 50, "other"), url=postgresql.url)
        result = messages(postgresql.run())
    assert result.scope == "full: another server"
    assert postgresql.query("select count(*) from raw_whatsapp.messages where content = 'other'") == [(50,)]


def test_source_that_moves_to_another_engine_and_back_is_read_in_full(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(put(1, 3))
    postgresql.run()
    url = postgresql.url
    postgresql.url = f"sqlite:///{postgresql.source}"
    sqlite = [t.replace("timestamptz", "timestamp").replace("jsonb", "json") for t in TABLES]
    moved = "insert into messages values (1, 'c1', 'customer', null, 'moved', '2026-03-01 10:00:00+00:00', null)"
    Sandbox.sql(postgresql, *sqlite, moved, moved.replace("(1,", "(2,"), moved.replace("(1,", "(3,"))
    assert messages(postgresql.run()).scope == "full: the watermark is another reader's or cursor's"
    assert postgresql.latest("messages", "content") == [("moved",)] * 3
    postgresql.url = url
    assert messages(postgresql.run()).scope == "full: another kind of watermark"
    assert postgresql.latest("messages", "content") == [("hello",)] * 3


def test_rows_that_a_partition_brings_are_read(postgresql: PostgresqlSandbox) -> None:
    columns = "id bigint, conversation_id text, content text, timestamp timestamptz"
    postgresql.sql(
        "drop table messages",
        f"create table messages ({columns}) partition by range (id)",
        "create table low partition of messages for values from (0) to (100)",
        f"create table prepared ({columns})",
        "insert into messages select i, 'c1', 'first', now() from generate_series(1, 50) as i",
        "insert into prepared select i, 'c1', 'swapped in', now() from generate_series(1, 50) as i",
    )
    postgresql.run()
    postgresql.sql(
        "alter table messages detach partition low",
        "alter table messages attach partition prepared for values from (0) to (100)",
    )
    result = messages(postgresql.run())
    assert (result.state.rows_read, result.state.rows_appended) == (50, 50)
    assert messages(postgresql.run()).state.rows_read == 0


def test_view_is_read_in_full(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(put(1, 3), "alter table messages rename to stored", "create view messages as select * from stored")
    postgresql.run()
    postgresql.sql("update stored set content = 'edited' where id = 2")
    result = messages(postgresql.run())
    assert (result.scope, result.state.rows_read, result.state.rows_appended) == ("full", 3, 1)


RELATION = Relation({"at": PgColumn("at", "timestamptz", -1)}, frozenset({1}), True, True, "s", 1, "public.t")
MOMENT = Moment("server", oldest=90, end=100, gate=None)


def test_position_reads_everything_where_transactions_are_not_comparable() -> None:
    first = position(MOMENT, RELATION, "changes", None, None)
    assert first.scope == "initial"

    def scope(moment: Moment, relation: Relation = RELATION) -> str:
        told = position(moment, relation, "changes", None, first.watermark)
        assert told.condition is None
        return told.scope

    assert scope(replace(MOMENT, server="other")) == "full: another server"
    assert scope(replace(MOMENT, oldest=70, end=80)) == "full: the server is older than the watermark"
    assert scope(replace(MOMENT, end=90 + SPAN_LIMIT)) == "full: too many transactions"
    assert scope(MOMENT, replace(RELATION, shape="t")) == "full: changed columns"
    assert position(replace(MOMENT, end=90), RELATION, "changes", None, first.watermark).condition == "false"
    assert position(MOMENT, RELATION, "changes", None, "[1]").scope == "full: another kind of watermark"


def test_condition_holds_across_the_turn_of_transaction_numbers(postgresql_server: Server) -> None:
    since, end = 2**32 - 5, 2**32 + 7
    before = position(replace(MOMENT, oldest=since, end=since), RELATION, "changes", None, None).watermark
    condition = position(replace(MOMENT, oldest=end, end=end), RELATION, "changes", None, before).condition
    numbers = "(values (4294967290), (4294967291), (4294967295), (3), (6), (100)) as t (xmin)"
    # A table's own xmin can't be set: a column of that name stands in for it.
    rows = postgresql_server.sql(f"select xmin from {numbers} where {condition}")
    assert rows == [(4294967291,), (4294967295,), (3,), (6,)]


def test_gated_cursor_waits_for_prepared_transactions(postgresql: PostgresqlSandbox) -> None:
    def gate() -> tuple[Gate | None, str]:
        with open_source("whatsapp", parse_url(postgresql.url, "")).snapshot() as snapshot:
            assert isinstance(snapshot, adbc_postgresql.PostgresqlSnapshot)
            snapshot.columns(["messages"])
            told = snapshot.position("messages", "cursor", "timestamp", watermark)
            assert told.watermark is not None
            return snapshot._moment.gate, told.watermark

    watermark: str | None = None
    _, watermark = gate()
    with Session(postgresql.url) as session:
        session.sql("begin")
        [(began,)] = session.sql("select now()")
        open_gate, _ = gate()
        assert open_gate == Gate(began, is_held=False)
        session.sql(put(1))
        session.sql("prepare transaction 'p'")
        held, unmoved = gate()
        assert held is not None and held.is_held
        assert unmoved == watermark
        session.sql("commit prepared 'p'")
        assert gate()[1] > watermark


def test_role_that_may_not_see_sessions_falls_back_to_transactions(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(
        put(1, 3),
        "drop role if exists reader",
        "create role reader login",
        "grant select on messages, conversations to reader",
    )
    url = postgresql.url.replace("//postgres@", "//reader@")
    try:
        with open_source("whatsapp", parse_url(url, "")).snapshot() as snapshot:
            assert isinstance(snapshot, adbc_postgresql.PostgresqlSnapshot)
            snapshot.columns(["messages"])
            told = snapshot.position("messages", "cursor", "timestamp", None)
        assert json.loads(told.watermark or "")["by"] == "transaction"
    finally:
        postgresql.sql("drop owned by reader", "drop role reader")


def test_source_sees_a_quiet_reader(postgresql: PostgresqlSandbox) -> None:
    with open_source("whatsapp", parse_url(postgresql.url, "")).snapshot() as snapshot:
        snapshot.columns(["messages"])
        assert postgresql.server.sql("select state from pg_stat_activity where application_name = 'crm-warehouse'") == [
            ("idle in transaction",)
        ]


class Severing(LogListener):
    """Ends the reader's connection when its first rows have come."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def advanced(self, table: str, rows: int) -> None:
        self._server.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crm-warehouse'"
        )


def test_lost_connection_changes_nothing(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(put(1, 1000))
    postgresql.run()
    kept = (
        "select * exclude (last_error) from raw_whatsapp._state, (select count(*) from raw_whatsapp.messages)"
        " where table_name = 'messages'"
    )
    before = postgresql.query(kept)
    postgresql.sql("update messages set content = repeat('x', 100000)", put(1001, 2000, "new"))
    result = Ingestion(postgresql.settings(), Retries(())).run(Severing(postgresql.server))
    [error] = [t.error for t in result.tables if t.table == "messages"]
    assert error is not None
    assert error.startswith("whatsapp: PostgreSQL can't be read: ")
    assert "WHATSAPP_DATABASE_URL" in error
    assert "\n" not in error
    assert postgresql.query(kept) == before
    assert messages(postgresql.run()).state.rows_appended == 2000


def test_table_that_may_not_be_read_fails_alone(postgresql: PostgresqlSandbox) -> None:
    postgresql.sql(
        put(1, 3),
        "insert into conversations (id, tenant_id, started_at) values ('c1', 't', now())",
        "drop role if exists reader",
        "create role reader login",
        "grant select on messages to reader",
    )
    try:
        url, postgresql.url = postgresql.url, postgresql.url.replace("//postgres@", "//reader@")
        result = postgresql.run()
        assert [t.table for t in result.tables if t.error] == ["conversations"]
        assert "permission denied for table conversations" in result.errors[0]
        assert len(postgresql.latest("messages")) == 3
    finally:
        postgresql.url = url
        postgresql.sql("drop owned by reader", "drop role reader")


def test_faults_of_a_connection_are_one_line_without_secrets(postgresql_server: Server, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    socket = postgresql_server.url().split("host=")[1]
    role = postgresql_server.guarded_role()
    for url, told in {
        "postgresql://me:s3cret@127.0.0.1:1/crm": "Connection refused",
        "postgresql://me:s3cret@nowhere.invalid/crm": "could not translate host name",
        f"postgres://postgres:s3cret@/none?host={socket}": 'database "none" does not exist',
        f"postgresql://{role}:s3cret@/postgres?host={socket}": "password authentication failed",
        f"postgresql://nobody:s3cret@/postgres?host={socket}": 'role "nobody" does not exist',
    }.items():
        sandbox.url = url
        [error] = sandbox.run().errors
        assert told in error
        assert "WHATSAPP_DATABASE_URL" in error
        assert "s3cret" not in error
        assert "://" not in error
        assert "\n" not in error
