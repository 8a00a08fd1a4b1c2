"""Ids that a source compares without case, trailing spaces or accents: raw joins them as the source does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql
import pytest
from mysql import Server as MysqlServer
from postgresql import Server
from sandbox import Sandbox

from ingestion import __main__ as ingestion_cli
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion, RunResult

pytestmark = pytest.mark.slow

TABLES = (
    "create table conversations (id {id} primary key, tenant_id {id}, outlet_id {id}, customer_phone text,"
    " status text, started_at timestamp null, ended_at timestamp null, last_message_at timestamp null)",
    "create table messages (id {id} primary key, conversation_id {id}, sender_type text, sender_id text,"
    " content text, {timestamp} timestamp null, metadata text)",
)
WRITTEN = ["Abc", "ABC", "abc", "aBc", "abc  ", "Abc  ", "abd", "ABD "]
JOINED = "select m.conversation_id from messages as m inner join conversations as c on m.conversation_id = c.id"
Execute = Callable[..., list[tuple[Any, ...]]]


class ServedSandbox(Sandbox):
    """A whatsapp source on a server."""

    def __init__(self, folder: Path, url: str, execute: Execute, warehouse_url: str | None = None) -> None:
        super().__init__(folder, warehouse_url)
        self.url = url
        self._execute = execute

    def sql(self, *statements: str) -> None:
        self._execute(*statements)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(v.decode() if isinstance(v, bytes) else v for v in row) for row in self._execute(sql)]


def fill(sandbox: Sandbox, type_: str, timestamp: str = '"timestamp"') -> Sandbox:
    """Two conversations, and messages that spell their ids in several ways."""
    sandbox.sql(*(table.format(id=type_, timestamp=timestamp) for table in TABLES))
    for id_ in ("Abc", "abd"):
        sandbox.sql(
            f"insert into conversations values ('{id_}', 'T1', null, null, 'active', '2026-03-01 10:00:00', null,"
            " '2026-03-01 10:05:00')"
        )
    for number, id_ in enumerate(WRITTEN):
        sandbox.sql(
            f"insert into messages values ('M{number}', '{id_}', 'customer', null, 'hello', '2026-03-01 10:00:00',"
            " null)"
        )
    return sandbox


def of(result: RunResult, table: str) -> LoadResult:
    return next(t for t in result.tables if t.table == table)


def joined(sandbox: Sandbox) -> set[str]:
    """What messages spell as their conversation's id, of those that join one in raw."""
    ids = {row[0] for row in sandbox.latest("conversations", "id")}
    [row] = Ingestion(sandbox.settings()).warehouse.query("select * from raw_whatsapp.messages limit 1").to_pylist()
    # Where nothing is folded there is no such column.
    written = "conversation_id_as_written" if "conversation_id_as_written" in row else "null"
    messages = sandbox.latest("messages", f"conversation_id, coalesce({written}, conversation_id)")
    return {str(spelled) for id_, spelled in messages if id_ in ids}


SQLITE = {"nocase": {"Abc", "ABC", "abc", "aBc", "abd"}, "rtrim": {"Abc", "Abc  ", "abd"}}


@pytest.mark.parametrize("warehouse", ["duckdb", "postgresql", "bigquery"])
@pytest.mark.parametrize(
    ("url", "collation"), [("sqlite", "nocase"), ("sqlite+pysqlite", "nocase"), ("sqlite", "rtrim")]
)
def test_raw_joins_what_sqlite_joins(
    url: str, collation: str, warehouse: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sandbox = Sandbox(tmp_path)
    if warehouse != "duckdb":
        sandbox.warehouse_url = request.getfixturevalue(f"{warehouse}_warehouse_url")
    sandbox.url = f"{url}:///{sandbox.source}"
    fill(sandbox, f"varchar(50) collate {collation}")
    assert sandbox.run().errors == []
    in_source = {row[0] for row in sandbox.rows(JOINED)}
    assert joined(sandbox) == in_source == SQLITE[collation]
    again(sandbox)


def again(sandbox: Sandbox) -> None:
    """Runs after nothing, an edit, another spelling of a key and a delete bring what each is, and no phantom."""
    result = sandbox.run()
    assert [(t.state.rows_appended, t.state.rows_deleted) for t in result.tables] == [(0, 0)] * 4
    before = len(sandbox.latest("messages"))
    sandbox.sql("update messages set content = 'edited', metadata = 'x' where id = 'M3'")
    sandbox.age_state("last_full_at", 24)
    result = sandbox.run()
    assert result.errors == []
    assert (of(result, "messages").state.rows_appended, of(result, "messages").state.rows_deleted) == (1, 0)
    sandbox.sql("delete from messages where id = 'M3'")
    result = sandbox.run()
    assert (of(result, "messages").state.rows_appended, of(result, "messages").state.rows_deleted) == (0, 1)
    assert len(sandbox.latest("messages")) == before - 1
    # Missing in the log only, so that it is fetched by its key.
    sandbox.sql(
        "insert into messages values ('LATE', 'ABC', 'customer', null, 'late', '2001-01-01 10:00:00', null)",
        "update conversations set status = 'resolved' where id = 'Abc'",
    )
    result = sandbox.run()
    assert result.errors == []
    assert (of(result, "messages").state.rows_appended, of(result, "messages").state.rows_deleted) == (1, 0)
    assert of(result, "conversations").state.rows_appended == 1


def test_spelling_is_kept_where_it_differs(sandbox: Sandbox) -> None:
    sandbox.sql(
        "create table outlets (id text primary key collate nocase, tenant_id text, name text)",
        "insert into outlets values ('É-A', 'T1', 'x'), ('b', 't1', 'y')",
    )
    assert sandbox.run().errors == []
    # SQLite's nocase is of ASCII alone, and the tenant's id is compared by its characters.
    assert sandbox.latest("outlets", "id, id_as_written, tenant_id") == [("b", None, "t1"), ("É-a", "É-A", "T1")]


def test_collation_may_be_declared(sandbox: Sandbox) -> None:
    sandbox.sql(
        "insert into conversations (id, tenant_id, outlet_id, started_at) values ('C9', 'T9', 'O ', '2026-01-01')"
    )
    sandbox.sql("create table outlets (id text primary key collate nocase, tenant_id text)")
    sandbox.sql("insert into outlets values ('O', 't9')")
    sandbox.catalogue("      tenant_id: identifier not null\n      outlet_id: identifier\n", (
        "      tenant_id: identifier nocase not null\n      outlet_id: {type: identifier, collation: nocase rtrim}\n"
    ))  # fmt: skip
    path = sandbox.settings().ingestion_catalogue
    told = "{id: identifier, tenant_id: identifier, name: text}"
    path.write_text(path.read_text().replace(told, told.replace("id: identifier", "id: identifier exact", 1), 1))
    assert sandbox.run().errors == []
    [row] = sandbox.latest("conversations", "id, tenant_id, tenant_id_as_written, outlet_id, outlet_id_as_written")[:1]
    assert row == ("C9", "t9", "T9", "o", "O ")
    assert sandbox.latest("outlets", "id") == [("O",)]


def test_log_of_ids_as_written_is_renewed_once(tmp_path: Path) -> None:
    fill(sandbox := Sandbox(tmp_path), "text collate nocase")
    sandbox.catalogue("id: identifier", "id: identifier exact")
    path = sandbox.settings().ingestion_catalogue
    # What it holds of a person is no type.
    path.write_text(
        path.read_text().replace("personal: {sender_id: identifier exact", "personal: {sender_id: identifier")
    )
    assert sandbox.run().errors == []
    assert ("Abc",) in sandbox.latest("conversations", "id")
    del sandbox.more["ingestion_catalogue"]
    result = sandbox.run()
    assert result.errors == []
    assert (of(result, "messages").state.rows_appended, of(result, "messages").state.rows_deleted) == (8, 8)
    assert sandbox.latest("conversations", "id") == [("abc",), ("abd",)]
    assert [t.state.rows_appended for t in sandbox.run().tables] == [0] * 4
    sandbox.sql("delete from messages")
    assert "deletes were refused" in sandbox.run().errors[0]


@pytest.fixture
def mysql(tmp_path: Path, mysql_server: MysqlServer) -> ServedSandbox:
    """An empty source on a MySQL server."""
    database = mysql_server.new_database()
    return ServedSandbox(tmp_path, mysql_server.url(database), lambda *told: mysql_server.sql(*told, database=database))


@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin", "latin1_swedish_ci"])
def test_raw_joins_what_mysql_joins(mysql: ServedSandbox, collation: str) -> None:
    try:
        fill(mysql, f"varchar(50) character set {collation.partition('_')[0]} collate {collation}", "`timestamp`")
    except pymysql.MySQLError as error:
        # seekdb does not have them all.
        assert "collation" in str(error) or "character set" in str(error)
        return
    in_source = {row[0] for row in mysql.rows(JOINED)}
    assert mysql.run().errors == []
    assert joined(mysql) == in_source
    assert {"Abc", "abd"} <= in_source
    assert ("ABC" in in_source) == collation.endswith("_ci")
    again(mysql)


CITEXT = (
    # The extension's, with comparison in SQL: the server of the tests comes without it.
    "create type citext",
    "create function citextin(cstring) returns citext language internal immutable strict as 'textin'",
    "create function citextout(citext) returns cstring language internal immutable strict as 'textout'",
    "create function citextrecv(internal) returns citext language internal stable strict as 'textrecv'",
    "create function citextsend(citext) returns bytea language internal stable strict as 'textsend'",
    "create type citext (input = citextin, output = citextout, receive = citextrecv, send = citextsend,"
    " internallength = variable, storage = extended, category = 'S', collatable = true)",
    "create cast (citext as text) without function as implicit",
    "create cast (text as citext) without function as assignment",
    "create cast (varchar as citext) without function as assignment",
    *(
        f"create function citext_{name}(citext, citext) returns boolean language sql immutable strict"
        f" as 'select lower($1::text) {operator} lower($2::text)'"
        for name, operator in (("eq", "="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
    ),
    "create function citext_cmp(citext, citext) returns integer language sql immutable strict"
    " as 'select bttextcmp(lower($1::text), lower($2::text))'",
    *(
        f"create operator {operator} (leftarg = citext, rightarg = citext, procedure = citext_{name})"
        for name, operator in (("eq", "="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
    ),
    "create operator class citext_ops default for type citext using btree as operator 1 <, operator 2 <=,"
    " operator 3 =, operator 4 >=, operator 5 >, function 1 citext_cmp(citext, citext)",
)
POSTGRESQL = {
    "citext": (CITEXT, "citext"),
    "domain": ((*CITEXT, "create domain code as citext check (length(value) > 1)"), "code"),
    "char(n)": ((), "char(10)"),
    "text": ((), "text"),
}


@pytest.mark.parametrize("warehouse", ["duckdb", "postgresql"])
@pytest.mark.parametrize("kind", POSTGRESQL)
def test_raw_joins_what_postgresql_joins(
    kind: str, warehouse: str, tmp_path: Path, postgresql_server: Server, request: pytest.FixtureRequest
) -> None:
    url = postgresql_server.new_database()
    sandbox = ServedSandbox(tmp_path, url, lambda *told: postgresql_server.sql(*told, url=url))
    if warehouse == "postgresql":
        sandbox.warehouse_url = request.getfixturevalue("postgresql_warehouse_url")
    before, type_ = POSTGRESQL[kind]
    if before:
        sandbox.sql(*before)
    fill(sandbox, type_)
    in_source = [row[0] for row in sandbox.rows(JOINED)]
    assert sandbox.run().errors == []
    ids = {row[0] for row in sandbox.latest("conversations", "id")}
    assert len([1 for (id_,) in sandbox.latest("messages", "conversation_id") if id_ in ids]) == len(in_source)
    assert len(in_source) == {"citext": 5, "domain": 5, "char(n)": 3, "text": 2}[kind]
    again(sandbox)


def test_inspect_tells_what_is_not_told_apart(
    mysql: ServedSandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(mysql, "varchar(50) collate utf8mb4_general_ci", "`timestamp`")
    mysql.export_settings(monkeypatch)
    assert ingestion_cli.main(["inspect", "--source", "whatsapp", "--table", "messages"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "id, conversation_id, sender_id: the source does not tell case" in told
    assert "accents stay, so that ids which differ in one are two in raw" in told
