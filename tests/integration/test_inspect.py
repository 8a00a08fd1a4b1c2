"""`inspect` on real databases: what it finds, recommends and writes; entries that leave mode, key and cursor to it."""

import hashlib
from datetime import date
from pathlib import Path

import pytest
from postgresql import Server
from sandbox import Sandbox, environment

import ingestion.__main__ as cli
from ingestion import sample
from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.loading.progress import LogListener
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion
from ingestion.operations.inspection import Inspection, inspect
from ingestion.settings import Settings, parse_url
from ingestion.sources import open_source
from ingestion.sources.shape import COUNTED_ROWS, RowCount, TableShape

LARGE = COUNTED_ROWS + 10
CATALOGUE = """
# Ours.
whatsapp:
  messages:
    mode: changes
    cursor: timestamp
    columns: {id: identifier, content: double, timestamp: timestamp, gone: text}  # keep me
"""


class Inspector(Sandbox):
    """A source, a catalogue of its own, and no warehouse."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        super().__init__(folder)
        self.url = url or self.url
        self.catalogue = folder / "catalogue.yml"
        self.catalogue.write_text(CATALOGUE)
        self.more = {"ingestion_catalogue": self.catalogue}

    def inspected(self, settings: Settings | None = None) -> dict[str, Inspection]:
        found = [i for i in inspect(settings or self.settings(), "whatsapp") if isinstance(i, Inspection)]
        return {i.table: i for i in found}

    def shape(self, table: str) -> TableShape:
        shape = self.inspected()[table].shape
        assert shape is not None
        return shape

    def mode(self, table: str) -> tuple[str, tuple[str, ...], str | None]:
        told = self.inspected()[table].recommended
        assert told is not None
        assert told.problem is None
        return told.mode, told.key, told.cursor

    def digest(self) -> str:
        return hashlib.sha256(self.source.read_bytes()).hexdigest()


def counting(kind: str, column: str, more: str = "") -> tuple[str, str]:
    """A large table, and its rows."""
    return (
        f"create table {kind} (id integer primary key, {column} timestamp not null)",
        f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {LARGE})"
        f" insert into {kind} select i, '2026-01-01 00:00:00' from n",
    )


@pytest.fixture
def sqlite(tmp_path: Path) -> Inspector:
    inspector = Inspector(tmp_path)
    inspector.sql(
        "create table messages (id integer primary key, content blob, timestamp timestamp)",
        *counting("edited", "updated_at"),
        "create index edited_1 on edited (updated_at)",
        *counting("logged", "day"),
        "create table parts (code text not null, place text not null, qty int, unique (code, place))",
        "create unique index parts_1 on parts (qty) where qty > 1",
        "create unique index parts_2 on parts (lower(code))",
        "create table heap (a int, b text)",
        "create view both_ as select * from parts",
    )
    return inspector


def test_sqlite_shapes_are_found(sqlite: Inspector) -> None:
    found = sqlite.inspected()
    assert list(found) == ["messages", "both_", "edited", "heap", "logged", "parts"]
    edited = sqlite.shape("edited")
    assert (edited.primary_key, edited.indexes) == (("id",), (("id",), ("updated_at",)))
    assert edited.rows is not None
    assert (edited.rows.bound, edited.rows.rows) == ("more than", COUNTED_ROWS)
    parts = sqlite.shape("parts")
    assert (parts.primary_key, parts.unique, parts.kind) == ((), (("code", "place"),), "table")
    assert sqlite.shape("both_").kind == "view"


def test_sqlite_tables_are_recommended_by_what_they_have(sqlite: Inspector) -> None:
    assert sqlite.mode("edited") == ("cursor", ("id",), "updated_at")
    assert sqlite.mode("logged") == ("cursor", ("id",), "id")
    assert sqlite.mode("parts") == ("full", ("code", "place"), None)
    for table in ("heap", "both_"):
        assert not sqlite.inspected()[table].is_adoptable


def test_general_reader_finds_the_same(sqlite: Inspector) -> None:
    found = sqlite.inspected()
    sqlite.url = sqlite.url.replace("sqlite://", "sqlite+pysqlite://")
    assert sqlite.inspected() == found


def test_differences_from_the_catalogue_are_told(sqlite: Inspector) -> None:
    told = sqlite.inspected()["messages"].differences
    assert told == (
        "gone is in the catalogue, but not in the source",
        "content is declared double, but is bytes in the source: what does not fit is rejected",
        "no index begins with the cursor timestamp: each read scans the table",
    )
    sqlite.sql("drop table messages", "create table messages (pk integer primary key, id int, timestamp timestamp)")
    assert any("no constraint keeps the key (id) unique" in d for d in sqlite.inspected()["messages"].differences)
    sqlite.sql("drop table messages")
    assert sqlite.inspected()["messages"].differences == ("the source has no such table",)


def command(inspector: Inspector, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    for name, value in environment(inspector.settings()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WAREHOUSE_URL", "there is none")
    return cli.main(["inspect", *arguments])


def test_inspect_prints_every_table_and_writes_nothing(
    sqlite: Inspector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sqlite.digest(), {p: p.stat().st_mtime_ns for p in sqlite.folder.iterdir()}
    assert command(sqlite, monkeypatch) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "whatsapp.edited found table, more than 50,000 rows, 2 columns keys id (primary key) cursors" in output
    assert "updated_at (indexed); id (indexed, new rows only)" in output
    assert (
        "catalogue not in the catalogue recommended mode cursor; key id; cursor updated_at; sweep_hours 168" in output
    )
    assert "columns id: identifier, updated_at: timestamp not null" in output
    assert "can't load it can't be loaded without a key" in output
    assert "Not in catalogue.yml: whatsapp.edited, whatsapp.logged, whatsapp.parts. --write adds entries" in output
    assert (sqlite.digest(), {p: p.stat().st_mtime_ns for p in sqlite.folder.iterdir()}) == before


def test_written_entries_are_loaded_by_the_next_run(
    sqlite: Inspector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sqlite.sql(
        "drop table messages", "create table messages (id integer primary key, content double, timestamp timestamp)"
    )
    assert command(sqlite, monkeypatch, "--write", "--source", "whatsapp", "--table", "logged") == 0
    assert sqlite.catalogue.read_text().startswith(CATALOGUE)
    assert "Written to catalogue.yml: whatsapp.logged." in capsys.readouterr().out
    assert command(sqlite, monkeypatch, "--write") == 0
    assert set(load_catalogue(sqlite.catalogue)["whatsapp"]) == {"messages", "edited", "logged", "parts"}
    text = sqlite.catalogue.read_text()
    assert command(sqlite, monkeypatch, "--write") == 0
    assert sqlite.catalogue.read_text() == text
    results = {t.table: t for t in sqlite.run().tables}
    assert {name: r.state.rows_appended for name, r in results.items()} == {
        "messages": 0, "edited": LARGE, "logged": LARGE, "parts": 0,
    }  # fmt: skip
    sqlite.sql(f"insert into logged values ({LARGE + 1}, '2020-01-01')")
    again = {t.table: t for t in sqlite.run().tables}["logged"]
    assert (again.scope, again.state.rows_read, again.state.rows_appended) == (f"since {LARGE}", 2, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--table", "messages"], "--table needs --source"),
        (["--source", "crm"], "Unknown source 'crm'. Use one of: consulting, whatsapp"),
        (["--source", "shop"], "SHOP_DATABASE_URL is not set"),
        (
            ["--source", "whatsapp", "--table", "x"],
            "Neither whatsapp nor the catalogue has a table 'x'. Use one of: mes",
        ),
    ],
)
def test_wrong_choice_is_told(
    sqlite: Inspector,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    assert command(sqlite, monkeypatch, *arguments) == 1
    assert told in capsys.readouterr().err


def test_source_that_is_down_is_told_in_one_line(
    sqlite: Inspector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sqlite.source.unlink()
    assert command(sqlite, monkeypatch) == 1
    assert capsys.readouterr().err == (
        "error: whatsapp: there is no SQLite file whatsapp.sqlite. Check the path in WHATSAPP_DATABASE_URL.\n"
    )


def test_sample_sources_bear_out_the_committed_catalogue(tmp_path: Path) -> None:
    sample.create(tmp_path, scale=0.05, first_day=date(2026, 5, 1), last_day=date(2026, 5, 1))
    urls = {f"{name}_database_url": f"sqlite:///{tmp_path / name}.sqlite" for name in sample.SOURCES}
    tables = list(inspect(Settings.model_validate(urls)))
    assert {i.source for i in tables if isinstance(i, Inspection)} == set(sample.SOURCES)
    for inspection in tables:
        assert isinstance(inspection, Inspection)
        assert inspection.entry is not None
        assert all("no index begins with the cursor" in difference for difference in inspection.differences)


POSTGRESQL = (
    "create table messages (id bigint primary key, content text, timestamp timestamptz not null)",
    "create table parts (code uuid not null, day date not null, name text, primary key (code, day))"
    " partition by range (day)",
    "create table parts_1 partition of parts for values from (minvalue) to (maxvalue)",
    "create index on parts (name) include (code)",
    "create table coded (code text not null unique, other text unique, updated_at timestamptz)",
    "create index on coded (updated_at) where code > 'a'",
    "create index on coded (lower(other), code)",
    "create table heap (a int)",
    "create view open_parts as select * from parts",
    "create materialized view all_parts as select * from parts",
    "create schema hidden",
    "create table hidden.table_ (id int primary key)",
)


@pytest.fixture
def postgresql(tmp_path: Path, postgresql_server: Server) -> Inspector:
    inspector = Inspector(tmp_path, postgresql_server.new_database())
    postgresql_server.sql(*POSTGRESQL, url=inspector.url)
    return inspector


def test_postgresql_shapes_are_found(postgresql: Inspector) -> None:
    assert list(postgresql.inspected()) == ["messages", "all_parts", "coded", "heap", "open_parts", "parts"]
    parts = postgresql.shape("parts")
    assert (parts.kind, parts.primary_key, parts.indexes) == (
        "partitioned table", ("code", "day"), (("code", "day"), ("name",)),
    )  # fmt: skip
    coded = postgresql.shape("coded")
    assert (coded.primary_key, coded.unique, coded.is_led_by("updated_at")) == ((), (("code",),), False)
    assert [(n, c.is_nullable) for n, c in coded.columns.items()] == [
        ("code", False), ("other", True), ("updated_at", True),
    ]  # fmt: skip
    assert postgresql.shape("open_parts").rows is None


def test_postgresql_rows_are_estimated_or_counted_a_little(postgresql: Inspector, postgresql_server: Server) -> None:
    postgresql_server.sql(
        f"insert into messages select i, '', now() from generate_series(1, {LARGE}) as i",
        "insert into coded values ('a'), ('b')",
        url=postgresql.url,
    )
    rows = {name: i.shape.rows for name, i in postgresql.inspected().items() if i.shape}
    assert [(r.rows, r.bound) for name in ("messages", "coded") if (r := rows[name])] == [
        (COUNTED_ROWS, "more than"), (2, "exactly"),
    ]  # fmt: skip
    postgresql_server.sql("analyze", url=postgresql.url)
    estimate = postgresql.shape("messages").rows
    assert estimate is not None
    assert (estimate.rows, estimate.bound) == (LARGE, "about")


def test_tables_that_were_looked_at_are_not_locked(postgresql: Inspector, postgresql_server: Server) -> None:
    with open_source("whatsapp", parse_url(postgresql.url, "")).snapshot() as snapshot:
        assert snapshot.shapes()["messages"].rows == RowCount(0)
        postgresql_server.sql("drop table messages", url=postgresql.url)


def test_postgresql_tables_are_read_by_changes(postgresql: Inspector) -> None:
    assert postgresql.mode("messages") == ("changes", ("id",), None)
    assert postgresql.mode("parts") == ("changes", ("code", "day"), None)
    assert postgresql.mode("coded") == ("changes", ("code",), None)
    for table in ("heap", "open_parts", "all_parts"):
        assert not postgresql.inspected()[table].is_adoptable


def test_partition_that_the_catalogue_names_is_found(postgresql: Inspector) -> None:
    postgresql.catalogue.write_text(
        "whatsapp: {parts_1: {mode: full, key: [code, day], columns: {code: text, day: text}}}"
    )
    found = postgresql.inspected()["parts_1"]
    assert (found.shape is None, found.differences) == (False, ())


def test_table_that_may_not_be_read_is_told(postgresql: Inspector, postgresql_server: Server) -> None:
    postgresql_server.sql("create role inspector login", "grant select on messages to inspector", url=postgresql.url)
    owner, postgresql.url = postgresql.url, postgresql.url.replace("//postgres@", "//inspector@")
    try:
        found = postgresql.inspected()
        assert found["messages"].recommended is not None
        assert found["messages"].recommended.problem is None
        assert found["coded"].recommended is not None
        assert "Grant select" in str(found["coded"].recommended.problem)
    finally:
        postgresql_server.sql("drop owned by inspector", "drop role inspector", url=owner)


def test_written_entries_of_postgresql_are_loaded(
    postgresql: Inspector, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql_server.sql(
        "insert into parts values (gen_random_uuid(), '2026-01-01', 'a'), (gen_random_uuid(), '2026-01-02', 'b')",
        "insert into coded values ('a')",
        url=postgresql.url,
    )
    assert command(postgresql, monkeypatch, "--write") == 0
    assert "day: text" in postgresql.catalogue.read_text()
    postgresql.catalogue.write_text(postgresql.catalogue.read_text().replace("content: double", "content: text"))
    for appended in (2, 0):
        result = postgresql.run()
        assert result.errors == []
        assert {t.table: t.state.rows_appended for t in result.tables}["parts"] == appended


SILENT = """
whatsapp:
  messages: {columns: {id: identifier}}
  parts: {columns: {name: text}}
  heap: {columns: {a: integer}}
  absent: {columns: {total: integer, name: text}}
"""


def loaded(inspector: Inspector) -> dict[str, LoadResult]:
    return {t.table: t for t in Ingestion(inspector.settings()).run(LogListener()).tables}


def test_silent_entries_are_filled_in_from_postgresql(postgresql: Inspector, postgresql_server: Server) -> None:
    postgresql.catalogue.write_text(SILENT)
    postgresql_server.sql(
        "insert into parts values (gen_random_uuid(), '2026-01-01', 'a'), (gen_random_uuid(), '2026-01-02', 'b')",
        "insert into messages values (1, 'a', now())",
        url=postgresql.url,
    )
    first = loaded(postgresql)
    assert {name: r.state.rows_appended for name, r in first.items()} == {
        "messages": 1, "parts": 2, "heap": 0, "absent": 0,
    }  # fmt: skip
    assert "can't be loaded without a key" in str(first["heap"].error)
    assert first["absent"].scope == "absent"
    postgresql_server.sql("update parts set name = 'c' where name = 'b'", url=postgresql.url)
    second = loaded(postgresql)
    assert second["parts"].scope.startswith("since transaction")
    assert (second["parts"].state.rows_read, second["parts"].state.rows_appended) == (1, 1)


def test_silent_entry_takes_a_cursor_once_its_table_is_large(sqlite: Inspector) -> None:
    sqlite.catalogue.write_text("whatsapp: {edited: {columns: {id: identifier}}, parts: {columns: {qty: integer}}}")
    first = loaded(sqlite)
    assert [r.error for r in first.values()] == [None, None]
    sqlite.sql(f"insert into edited values ({LARGE + 1}, '2026-06-01')")
    sqlite.sql("insert into parts values ('a', 'b', 1), ('b', 'c', 1)")
    second = loaded(sqlite)
    assert (second["edited"].scope[:5], second["edited"].state.rows_appended) == ("since", 1)
    assert (second["parts"].scope, second["parts"].state.rows_appended) == ("full", 2)


def test_silent_entries_of_a_source_that_is_not_configured_make_empty_tables(sqlite: Inspector) -> None:
    sqlite.catalogue.write_text(SILENT + "shop:\n  baskets: {columns: {total: integer}}\n")
    assert Ingestion(sqlite.settings()).prepare() == ["shop"]
    assert sqlite.query("from raw_shop.baskets") == []


def test_nothing_is_made_where_no_source_is_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ingestion.operations.inspection.SAMPLE_DIRECTORY", tmp_path)
    with pytest.raises(Exception, match="there is no sample yet"):
        list(inspect(Settings()))
    assert list(tmp_path.iterdir()) == []
