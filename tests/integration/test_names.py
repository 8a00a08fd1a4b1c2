"""Names that a source may have and a warehouse may not, or that are not quite the catalogue's."""

import random
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from postgresql import Server
from sandbox import Sandbox

from ingestion import __main__ as ingestion_cli
from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion, RunResult
from ingestion.operations.status import read_status
from ingestion.rows.columns import CONTROL_COLUMNS
from ingestion.rows.names import with_digest

pytestmark = pytest.mark.slow

TABLES = {
    "tenants": "id text primary key, name text, timezone text",
    "outlets": "id text primary key, tenant_id text, name text",
    "conversations": "id text primary key, tenant_id text, outlet_id text, customer_phone text, status text,"
    " started_at timestamp, ended_at timestamp, last_message_at timestamp",
    "messages": "id bigint primary key, conversation_id text, sender_type text, sender_id text, content text,"
    " timestamp timestamp, metadata text",
}
ROWS = {
    "tenants": ["'t1', 'Tenant', 'Europe/Berlin'"],
    "outlets": ["'o1', 't1', 'Outlet'"],
    "conversations": [
        "'c1', 't1', 'o1', '+15550001', 'active', '2026-03-01 10:00:00', null, '2026-03-01 10:05:00'",
        "'c2', 't1', 'o1', '+15550002', 'resolved', '2026-03-01 10:00:00', null, null",
    ],
    "messages": [f"{i}, 'c1', 'customer', null, 'hello', '2026-03-0{1 + i % 9} 10:00:00', null" for i in range(1, 21)],
}


class ServedSandbox(Sandbox):
    """A whatsapp source on a PostgreSQL server."""

    def __init__(self, folder: Path, server: Server, warehouse_url: str | None = None) -> None:
        super().__init__(folder, warehouse_url)
        self.server = server
        self.url = server.new_database()

    def sql(self, *statements: str) -> None:
        if statements:
            self.server.sql(*statements, url=self.url)


def fill(sandbox: Sandbox, called: Callable[[str], str] = str) -> None:
    """Make the source's tables, with names as `called` has them."""
    for table, columns in TABLES.items():
        definitions = [definition.split(" ", 1) for definition in columns.split(", ")]
        told = ", ".join(f'"{called(name)}" {type_}' for name, type_ in definitions)
        sandbox.sql(f'create table "{called(table)}" ({told})')
        sandbox.sql(*(f'insert into "{called(table)}" values ({row})' for row in ROWS[table]))


@pytest.fixture(params=["sqlite", "sqlite+pysqlite", "postgresql"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """An empty source behind each of the readers that are had everywhere."""
    if request.param == "postgresql":
        return ServedSandbox(tmp_path, request.getfixturevalue("postgresql_server"))
    sandbox = Sandbox(tmp_path)
    sandbox.url = f"{request.param}:///{sandbox.source}"
    return sandbox


@pytest.fixture(params=["duckdb", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path, postgresql_server: Server) -> ServedSandbox:
    """A filled source on PostgreSQL, and each of the warehouses in turn."""
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    sandbox = ServedSandbox(tmp_path, postgresql_server, url)
    fill(sandbox)
    return sandbox


def of(result: RunResult, table: str) -> LoadResult:
    return next(t for t in result.tables if t.table == table)


def content(sandbox: Sandbox) -> dict[str, list[tuple[object, ...]]]:
    """What raw shows of every table's rows now, by the catalogue's names."""
    columns = {t: ", ".join(d.split(" ")[0] for d in told.split(", ")) for t, told in TABLES.items()}
    return {table: sorted(sandbox.latest(table, names), key=repr) for table, names in columns.items()}


def entry(sandbox: Sandbox, name: str, columns: str = "{id: identifier, name: text}") -> None:
    """Add a table to the sandbox's catalogue."""
    added = f"whatsapp:\n  {name}:\n    mode: full\n    columns: {columns}\n"
    old = "whatsapp:\n"
    if "ingestion_catalogue" in sandbox.more:
        path = sandbox.settings().ingestion_catalogue
        path.write_text(path.read_text().replace(old, added, 1))
    else:
        sandbox.catalogue("\nwhatsapp:\n", f"\n{added}")


def note(sandbox: Sandbox, table: str) -> str:
    [(told,)] = sandbox.query(f"select note from raw_whatsapp._state where table_name = '{table}'")
    return str(told)


def test_columns_that_differ_in_case_alone_are_both_in_raw(served: ServedSandbox) -> None:
    served.sql('alter table outlets add "Note" text, add note text', "update outlets set \"Note\" = 'A', note = 'b'")
    result = served.run()
    assert result.errors == []
    other = with_digest("Note")
    assert served.latest("outlets", f'note, "{other}"') == [("b", "A")]
    assert note(served, "outlets") == f'columns are in raw under another name: "Note" as {other}'
    assert of(result, "outlets").outcome.endswith(f'"Note" as {other}')
    [status] = [s for s in read_status(Ingestion(served.settings()), "whatsapp", contact_sources=True) if s.state.note]
    assert (status.table, status.fault, status.source_rows) == ("outlets", None, 1)
    served.sql("update outlets set \"Note\" = 'C'")
    assert of(served.run(), "outlets").state.rows_appended == 1
    assert served.latest("outlets", f'note, "{other}"') == [("b", "C")]


def test_column_keeps_its_name_in_raw_when_one_like_it_comes_and_when_that_goes(served: ServedSandbox) -> None:
    served.sql('alter table outlets add "Note" text', "update outlets set \"Note\" = 'A'")
    assert served.run().errors == []
    served.sql("alter table outlets add note text", "update outlets set note = 'b'")
    assert served.run().errors == []
    other = with_digest("note")
    assert served.latest("outlets", f'"Note", "{other}"') == [("A", "b")]
    served.sql('alter table outlets drop "Note"', "update outlets set note = 'c'")
    assert served.run().errors == []
    assert served.latest("outlets", f'"Note", "{other}"') == [(None, "c")]


def test_declared_column_wins_over_one_like_it(served: ServedSandbox) -> None:
    served.sql('alter table outlets add "Name" text', "update outlets set \"Name\" = 'other'")
    assert served.run().errors == []
    assert served.latest("outlets", f'name, "{with_digest("Name")}"') == [("Outlet", "other")]


@pytest.mark.parametrize(
    "name", ["_OP", "_op", "_batch_seq", "_Row_Hash", "_place", "_kept_hash", "_odd", "_LOADED_AT"]
)
def test_column_with_a_name_of_the_log_has_another_in_raw(served: ServedSandbox, name: str) -> None:
    served.sql(f'alter table outlets add "{name}" text', f"update outlets set \"{name}\" = 'mine'")
    assert served.run().errors == []
    assert served.latest("outlets", f'name, _op, "{with_digest(name)}"') == [("Outlet", "upsert", "mine")]
    assert served.run().tables[1].state.rows_appended == 0


HOSTILE = [
    *("xmin", "XMAX", "cmin", "cmax", "ctid", "TableOid", "rowid", "oid"),
    *(
        "",
        " ",
        "  two  ",
        'q"uo"te',
        "it''s",
        "a\nb",
        "tab\t",
        "\x01",
        "\x7f",
        "a.b",
        "select",
        "%s",
        ":name",
        "?",
        "`",
    ),
    *("ü" * 40, "n" * 200, "n" * 201, "日本語", "ß", "ss", "_TABLE_x", "_partition", "__root__", "-- no", "{x}", "\\"),
]


@pytest.mark.parametrize("warehouse", ["duckdb", "postgresql", "bigquery"])
def test_no_name_of_a_column_keeps_a_row_out(warehouse: str, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    if warehouse != "duckdb":
        sandbox.warehouse_url = request.getfixturevalue(f"{warehouse}_warehouse_url")
    # BigQuery's emulator can't list the columns of a table that has an apostrophe in one's name.
    names = [name for name in HOSTILE if warehouse != "bigquery" or "'" not in name]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    values = ", ".join(f"'{i}'" for i in range(len(names)))
    sandbox.sql(
        f"create table outlets (id text primary key, name text, {', '.join(f'{name} text' for name in quoted)})",
        f"insert into outlets values ('o1', 'Outlet', {values})",
    )
    result = sandbox.run()
    assert result.errors == []
    [row] = Ingestion(sandbox.settings()).warehouse.query("select * from raw_whatsapp.outlets").to_pylist()
    held = {value for name, value in row.items() if name not in {"id", *(c.name for c in CONTROL_COLUMNS)}}
    assert held >= {str(i) for i in range(len(names))}
    assert len(sandbox.latest("conversations")) == 1
    assert of(sandbox.run(), "outlets").state.rows_appended == 0


def test_columns_beyond_what_a_warehouse_has_room_for_are_left_out_and_told(
    tmp_path: Path, postgresql_server: Server, postgresql_warehouse_url: str
) -> None:
    sandbox = ServedSandbox(tmp_path, postgresql_server, postgresql_warehouse_url)
    fill(sandbox)
    sandbox.sql("drop table outlets", f"create table outlets ({', '.join(f'c{i} int' for i in range(1597))}, "
                "id text primary key, tenant_id text, name text)")  # fmt: skip
    sandbox.sql("insert into outlets (id, tenant_id, name, c0) values ('o1', 't1', 'Outlet', 7)")
    assert sandbox.run().errors == []
    assert sandbox.latest("outlets", "id, name, c0, c1592") == [("o1", "Outlet", 7, None)]
    assert note(sandbox, "outlets") == (
        'the warehouse\'s tables have no room for 4 columns: "c1593", "c1594", "c1595", "c1596"'
    )
    sandbox.sql("update outlets set c0 = 8", "alter table outlets rename c3 to later")
    assert sandbox.run().errors == []
    assert sandbox.latest("outlets", "c0") == [(8,)]
    assert '"later"' in note(sandbox, "outlets")


EDITS = (
    (),
    ("update {conversations} set {status} = 'closed' where {id} = 'c1'",),
    (
        "delete from {messages} where {id} = 3",
        # An edit that moves the cursor beyond every watermark: PostgreSQL's is the clock's.
        "update {messages} set {content} = 'edited', {timestamp} = '2099-01-01 10:00:00+00:00' where {id} = 8",
    ),
)
EDITED = ("conversations", "messages", "status", "id", "content", "timestamp")


@cache
def contents_by_plain_names() -> list[dict[str, list[tuple[object, ...]]]]:
    """What raw shows after each of the edits of a source whose names are the catalogue's."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Sandbox(Path(folder))
        fill(plain)
        found = []
        for edits in EDITS:
            plain.sql(*(edit.format(**{name: name for name in EDITED}) for edit in edits))
            assert plain.run().errors == []
            found.append(content(plain))
        return found


def cased(seed: int) -> Callable[[str], str]:
    """Names in any case, each always the same."""
    return lambda name: "".join(
        random.Random(f"{seed} {i} {name}").choice((c.lower(), c.upper())) for i, c in enumerate(name)
    )


@pytest.mark.parametrize(("mode", "seed"), [("changes", 1), ("cursor", 2), ("full", 3)])
def test_any_case_of_names_gives_the_same_rows(source: Sandbox, mode: str, seed: int) -> None:
    called = cased(seed)
    fill(source, called)
    if mode == "cursor":
        source.catalogue("    mode: changes\n", "    mode: cursor\n")
    if mode == "full":
        tables = yaml.safe_load(source.settings().ingestion_catalogue.read_text())
        for told in tables["whatsapp"].values():
            told |= {"mode": "full"}
            for name in ("cursor", "overlap_hours", "open_rows", "sweep_hours"):
                told.pop(name, None)
        source.more["ingestion_catalogue"] = source.folder / "full.yml"
        (source.folder / "full.yml").write_text(yaml.safe_dump(tables))
    names = {name: f'"{called(name)}"' for name in EDITED}
    for edits, expected in zip(EDITS, contents_by_plain_names(), strict=True):
        source.sql(*(edit.format(**names) for edit in edits))
        assert source.run().errors == []
        assert content(source) == expected
        assert [s.fault for s in read_status(Ingestion(source.settings()), "whatsapp", contact_sources=True)] == [
            None
        ] * 4


def test_columns_and_tables_may_change_their_case(source: Sandbox) -> None:
    fill(source)
    source.run()
    before = content(source)
    # By way of another name, as SQLite takes both for one.
    source.sql(
        'alter table conversations rename column id to x', 'alter table conversations rename column x to "ID"',
        'alter table conversations rename column customer_phone to x',
        'alter table conversations rename column x to "Customer_Phone"',
        'alter table conversations rename column last_message_at to x',
        'alter table conversations rename column x to "Last_Message_At"',
        'alter table outlets rename to x', 'alter table x rename to "Outlets"',
    )  # fmt: skip
    result = source.run()
    assert result.errors == []
    assert content(source) == before
    assert [t.state.rows_appended for t in result.tables] == [0] * 4
    assert note(source, "outlets") == 'the source\'s table is "Outlets"'


def test_table_that_may_be_either_of_two_is_refused_alone(served: ServedSandbox) -> None:
    served.sql('alter table outlets rename to "Outlets"', 'create table "OUTLETS" (id text primary key)')
    result = served.run()
    assert of(result, "outlets").error == (
        'the database has "OUTLETS", "Outlets", which differ from its name in case alone. Leave one of them, or read a '
        "view that is called outlets"
    )
    assert len(result.errors) == 1
    [(told,)] = served.query("select last_error from raw_whatsapp._state where table_name = 'outlets'")
    assert told == of(result, "outlets").error
    served.sql('create view outlets as select * from "Outlets"')
    assert served.run().errors == []


def test_column_that_may_be_either_of_two_is_refused_with_its_table_alone(served: ServedSandbox) -> None:
    served.sql('alter table outlets rename name to "Name"', 'alter table outlets add "NAME" text')
    result = served.run()
    assert result.errors == [
        'whatsapp.outlets: the source has "NAME", "Name", which differ from the catalogue\'s column name in case '
        "alone. Declare one of them by its exact name"
    ]


def test_tables_that_differ_in_case_alone_do_not_share_a_raw_table(served: ServedSandbox) -> None:
    entry(served, "Outlets")
    served.sql('create table "Outlets" (id text primary key, name text)', "insert into \"Outlets\" values ('x', 'y')")
    # Behind the one that was there before.
    path = served.settings().ingestion_catalogue
    tables = yaml.safe_load(path.read_text())
    tables["whatsapp"]["Outlets"] = tables["whatsapp"].pop("Outlets")
    path.write_text(yaml.safe_dump(tables, sort_keys=False))
    for _ in range(2):
        result = served.run()
        assert [t.table for t in result.tables if t.error] == ["Outlets"]
        assert "differs from that of outlets in case alone" in str(of(result, "Outlets").error)
        assert of(result, "outlets").state.rows_deleted == 0
        assert served.latest("outlets", "id") == [("o1",)]


@pytest.mark.parametrize("name", ["_state", "_rejected", "_Models", "a/b", "../../outside", "x\ny"])
def test_table_that_raw_can_not_have_is_refused_alone(name: str, sandbox: Sandbox) -> None:
    quoted = '"' + name + '"'
    sandbox.sql(f"create table {quoted} (id text primary key, name text)", f"insert into {quoted} values ('1', 'a')")
    entry(sandbox, yaml.safe_dump(name, default_style='"').strip())
    for _ in range(2):
        result = sandbox.run()
        assert [t.table for t in result.tables if t.error] == [name]
        assert len(sandbox.latest("conversations")) == 1
    statuses = read_status(Ingestion(sandbox.settings()), "whatsapp", contact_sources=True)
    assert [s.live for s in statuses if s.table == "conversations"] == [1]
    assert not list(sandbox.folder.glob("**/outside"))


def test_table_that_the_warehouse_can_not_make_is_refused_alone(
    sandbox: Sandbox, postgresql_warehouse_url: str
) -> None:
    sandbox.warehouse_url = postgresql_warehouse_url
    long = "t" * 64
    for name in (long, f"{long}2", "plain"):
        sandbox.sql(f"create table {name} (id text primary key, name text)")
        entry(sandbox, name)
    entry(sandbox, "other", "{id: identifier, ctid: text}")
    sandbox.sql("create table other (id text primary key, ctid text)")
    result = sandbox.run()
    assert {t.table for t in result.tables if t.error} == {long, f"{long}2", "other"}
    assert of(result, "other").error == "the name of column ctid is the warehouse's own"
    assert "longer than the 63 bytes" in str(of(result, long).error)
    assert len(sandbox.latest("conversations")) == 1


def test_inspect_writes_only_what_can_be_loaded_after_it(
    served: ServedSandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served.sql(
        'create table "Outlets" (id text primary key)',
        'create table "_state" (id text primary key)',
        'create table pair (id text primary key, "Note" text, note text, "NOTE" text, "_x" text, xmin_ text)',
        'create table "Pair" (id text primary key)',
        'create table twokeys ("ID" text, id text, primary key ("ID", id))',
        'create table upper ("ID" text primary key, id text)',
    )
    served.catalogue("  outlets:\n", "  outlets:\n")
    served.export_settings(monkeypatch)
    ingestion_cli.main(["inspect", "--write", "--source", "whatsapp"])
    written = load_catalogue(served.settings().ingestion_catalogue)["whatsapp"]
    pairs = {name for name in written if name.casefold() == "pair"}
    assert len(pairs) == 1
    assert not {"Outlets", "_state", "twokeys"} & set(written)
    assert "differs from that of outlets in case alone" in capsys.readouterr().out.replace("\n", " ")
    assert served.run().errors == []
    assert served.run().errors == []
    assert list(written["upper"].columns) == ["ID"]


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Sandbox]:
    yield Sandbox(tmp_path).fill()


def test_archive_of_one_engine_is_rebuilt_where_its_names_do_not_fit(
    plain: Sandbox, postgresql_warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.sql(
        "create table outlets (id text primary key, name text, xmin text)", "insert into outlets values ('1', 'a', 'b')"
    )
    assert plain.run().errors == []
    assert plain.latest("outlets", "xmin") == [("b",)]
    plain.warehouse_url = postgresql_warehouse_url
    plain.export_settings(monkeypatch)
    assert ingestion_cli.main(["rebuild", "--from-archive"]) == 0
    assert plain.latest("outlets", f"name, {with_digest('xmin')}") == [("a", "b")]
    assert plain.run().errors == []
    assert plain.latest("outlets", f"name, {with_digest('xmin')}") == [("a", "b")]


def test_message_of_status_names_what_is_called_otherwise(
    served: ServedSandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served.sql('alter table outlets add "_OP" text')
    served.run()
    served.export_settings(monkeypatch)
    assert ingestion_cli.main(["status", "--source", "whatsapp"]) == 0
    assert 'whatsapp.outlets: note: columns are in raw under another name: "_OP" as' in capsys.readouterr().out
