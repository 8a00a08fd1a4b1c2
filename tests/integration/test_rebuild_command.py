"""Raw from the archive alone: the same log, and a next run that reads on as if nothing had been."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from postgresql import Server
from sandbox import Lived, Sandbox, message

import ingestion.__main__ as command_line
from ingestion.loading.run import Ingestion
from ingestion.log.deliveries import Delivery
from ingestion.log.digests import parse_digests
from ingestion.log.state import MODELS, TableState
from ingestion.settings import SOURCES

pytestmark = pytest.mark.slow

ENGINES = ("duckdb", "postgresql")
AT = datetime(2026, 11, 2, tzinfo=UTC)
TABLES = ("tenants", "conversations", "messages")
NewWarehouse = Callable[[str], str]


@pytest.fixture
def new_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewWarehouse]:
    """Makes the URL of another empty warehouse of an engine."""
    numbers = count(1)

    def make(engine: str) -> str:
        if engine == "postgresql":
            server: Server = request.getfixturevalue("postgresql_server")
            return databases.enter_context(server.database())
        return f"duckdb:///{tmp_path / f'warehouse_{next(numbers)}.duckdb'}"

    with ExitStack() as databases:
        yield make


@pytest.fixture(scope="module")
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A source whose tables have a history in the warehouse: edits, deletes, a new column, a rejected row."""
    return Lived(request, tmp_path_factory, live)


@pytest.fixture(params=ENGINES)
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, history: Lived) -> Iterator[Sandbox]:
    """It, in each of the warehouses in turn."""
    with history.copied(request.param, tmp_path) as sandbox:
        yield sandbox


def live(sandbox: Sandbox) -> None:
    sandbox.sql(*(message(i, f"2026-02-{i + 1:02} 10:00:00+00:00") for i in range(20)), message(50, "yesterday"))
    assert sandbox.run().errors == []
    sandbox.sql("update messages set content = 'edited' where id in (18, 19)", "delete from messages where id = 3")
    assert sandbox.run().errors == []
    sandbox.sql(
        "alter table messages add column score real",
        "update messages set score = id / 4.0 where id < 5",
        "update conversations set status = 'resolved'",
        message(3).replace(", null)", ", null, 1e-3)"),
    )
    assert sandbox.run().errors == []
    # A run that appends nothing leaves no file.
    assert sandbox.run().errors == []


def log(sandbox: Sandbox, table: str) -> list[tuple[object, ...]]:
    names = [name for (name,) in sandbox.query(
        f"select column_name from information_schema.columns where table_schema = 'raw_whatsapp' "
        f"and table_name = '{table}' order by column_name"
    )]  # fmt: skip
    return [
        tuple(names),
        *sandbox.query(f"select {', '.join(names)} from raw_whatsapp.{table} order by _batch_seq, id"),
    ]


def rebuild(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    sandbox.export_settings(monkeypatch)
    return command_line.main(["rebuild", "--from-archive", *arguments])


def equals_the_source(sandbox: Sandbox) -> bool:
    return sandbox.latest("messages", "id, content, score") == sandbox.rows(
        "select id, content, score from messages where id <> 50 order by id"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_log_of_any_warehouse_is_rebuilt_in_any_other(
    sandbox: Sandbox, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    before = {table: log(sandbox, table) for table in TABLES}
    states = sandbox.query("select table_name, watermark, batch_seq from raw_whatsapp._state order by table_name")
    sandbox.warehouse_url = new_warehouse(engine)
    assert rebuild(sandbox, monkeypatch) == 0
    assert {table: log(sandbox, table) for table in TABLES} == before
    assert (
        sandbox.query("select table_name, watermark, batch_seq from raw_whatsapp._state order by table_name") == states
    )
    # The next run reads on, finds what happened meanwhile, and records again what can't be held.
    sandbox.sql(
        "update messages set content = 'later', timestamp = '2026-03-02' where id = 1",
        "delete from messages where id = 2",
    )
    sandbox.sql(message(60, "2020-01-01").replace(", null)", ", null, null)"))
    result = sandbox.run()
    assert result.errors == []
    [messages] = [t for t in result.tables if t.table == "messages"]
    assert messages.scope.startswith("since 2026-02-")
    assert (messages.state.rows_appended, messages.state.rows_deleted, messages.state.rows_rejected) == (2, 1, 1)
    assert equals_the_source(sandbox)
    assert sandbox.query("select row_key, original_value from raw_whatsapp._rejected") == [('{"id": 50}', "yesterday")]
    [(last,)] = sandbox.query("select max(_batch_seq) from raw_whatsapp.messages")
    assert last == max(int(str(batch)) for _, _, batch in states) + 1


def test_raw_that_holds_rows_is_replaced_only_on_demand(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = log(sandbox, "messages")
    sandbox.change_warehouse("delete from raw_whatsapp.messages where id > 4")
    damaged = log(sandbox, "messages")
    assert rebuild(sandbox, monkeypatch) == 1
    told = capsys.readouterr().err
    assert "error: Raw holds rows of whatsapp.tenants and 2 more tables already." in told
    assert log(sandbox, "messages") == damaged
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        session.remember("whatsapp", TableState(MODELS, "a fingerprint", 3))
    sandbox.change_warehouse("create schema intermediate")
    for kind in SOURCES:
        sandbox.change_warehouse(f"create table intermediate.int_{kind}__built as select '{kind}' as source_name")
    assert rebuild(sandbox, monkeypatch, "--replace", "--source", "whatsapp", "--table", "messages") == 0
    assert log(sandbox, "messages") == before
    # What was built from the damaged rows is not taken for current, nor by dbt alone.
    assert sandbox.query("select 1 from information_schema.tables where table_schema = 'intermediate'") == []
    assert sandbox.query("select watermark from raw_whatsapp._state where table_name = '_models'") == [(None,)]
    assert sandbox.run().errors == []
    assert equals_the_source(sandbox)


def folder(sandbox: Sandbox) -> list[Path]:
    files = (sandbox.folder / "archive" / "whatsapp" / "messages").glob("*.parquet")
    return sorted(files, key=lambda path: int(path.stem))


def test_what_was_delivered_is_carried_along(
    sandbox: Sandbox, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Delivery("a1", "report", "shop", "MANAGEMENT", "all", "2026-10", 1, "0f", "sent", AT)
    later = replace(sent, state="failed", reason="later", changed_at=AT + timedelta(seconds=1))
    Ingestion(sandbox.settings()).archive.deliveries.add([sent])
    # A warehouse keeps what it knows later, an empty one gets the archive's.
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        session.note_deliveries([later])
    assert rebuild(sandbox, monkeypatch, "--replace") == 0
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        assert session.deliveries() == {"a1": later}
    sandbox.warehouse_url = new_warehouse("duckdb")
    assert rebuild(sandbox, monkeypatch) == 0
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        assert session.deliveries() == {"a1": sent}


def test_archive_that_is_not_whole_is_refused_by_the_name_of_its_file(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(told: str) -> None:
        assert rebuild(sandbox, monkeypatch, "--replace") == 1
        [error] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
        assert error.startswith("error: whatsapp.messages: ")
        assert told in error
        assert log(sandbox, "messages") == before

    before = log(sandbox, "messages")
    files = folder(sandbox)
    assert len(files) == 3
    for file, other in ((files[0], files[1]), (files[2], files[1])):
        content = file.read_bytes()
        column = pq.ParquetFile(file).metadata.row_group(0).column(0)
        last = column.data_page_offset + column.total_compressed_size - 1
        file.write_bytes(content[:last] + bytes([content[last] ^ 255]) + content[last + 1 :])
        fails(f"the archive's file whatsapp/messages/{file.name} is not what was written")
        file.write_bytes(content[:-100])
        fails(f"the archive's file whatsapp/messages/{file.name} is not what was written")
        file.unlink()
        fails(f"the archive lacks whatsapp/messages/{file.name}")
        file.write_bytes(other.read_bytes())
        fails(f"the archive's file whatsapp/messages/{file.name} is not what was written")
        file.write_bytes(content)
    assert rebuild(sandbox, monkeypatch, "--replace") == 0
    assert log(sandbox, "messages") == before


def test_bit_that_flipped_anywhere_in_a_file_or_its_list_is_noticed(
    tmp_path: Path, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse("duckdb")).fill()
    sandbox.sql(message(1))
    assert sandbox.run().errors == []
    sandbox.export_settings(monkeypatch)
    [file] = folder(sandbox)
    before = log(sandbox, "messages")
    for path in (file, file.parent / "digests.txt"):
        content = path.read_bytes()
        for bit in [*range(3, 8 * len(content), 8 * len(content) // 6), 8 * len(content) - 1]:
            path.write_bytes(flipped(content, bit))
            assert command_line.main(["rebuild", "--from-archive", "--replace", "--table", "messages",
                                      "--source", "whatsapp"]) == 1, (path.name, bit)  # fmt: skip
        path.write_bytes(content)
    assert log(sandbox, "messages") == before


def test_every_flipped_bit_changes_the_digest_and_every_one_of_the_list_is_told(
    tmp_path: Path, new_warehouse: NewWarehouse
) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse("duckdb")).fill()
    sandbox.sql(message(1))
    assert sandbox.run().errors == []
    [file] = folder(sandbox)
    content, line = file.read_bytes(), (file.parent / "digests.txt").read_bytes()
    [digest] = parse_digests(line).values()
    assert hashlib.sha256(content).hexdigest() == digest
    for bit in range(8 * len(content)):
        assert hashlib.sha256(flipped(content, bit)).hexdigest() != digest
    for bit in range(8 * len(line)):
        try:
            told = parse_digests(flipped(line, bit))
        except ValueError:
            continue
        assert told.get(file.name) != digest, bit


def flipped(content: bytes, bit: int) -> bytes:
    place = bit // 8
    return content[:place] + bytes([content[place] ^ 1 << bit % 8]) + content[place + 1 :]


def test_files_that_changed_places_between_tables_are_noticed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = sandbox.folder / "archive" / "whatsapp"
    before = {table: log(sandbox, table) for table in TABLES}
    first, second = archive / "tenants" / "1.parquet", archive / "messages" / folder(sandbox)[0].name
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0])
    first.write_bytes(contents[1])
    assert rebuild(sandbox, monkeypatch, "--replace") == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert all("is not what was written" in error for error in errors)
    assert {table: log(sandbox, table) for table in TABLES} == before


def test_last_file_that_is_missing_is_noticed_by_an_empty_warehouse(
    sandbox: Sandbox, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    last = folder(sandbox)[-1]
    last.unlink()
    sandbox.warehouse_url = new_warehouse("duckdb")
    assert rebuild(sandbox, monkeypatch) == 1
    assert f"error: whatsapp.messages: the archive lacks whatsapp/messages/{last.name}" in capsys.readouterr().err


def test_archive_of_before_the_list_is_taken_only_when_asked_for_and_digested_then(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = sandbox.folder / "archive" / "whatsapp" / "messages" / "digests.txt"
    content = digests.read_bytes()
    digests.unlink()
    assert rebuild(sandbox, monkeypatch, "--replace") == 1
    [error] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "messages: the archive's list of digests does not have whatsapp/messages/3.parquet and 2 more" in error
    assert "--accept-undigested" in error
    assert not digests.exists()
    assert rebuild(sandbox, monkeypatch, "--replace", "--accept-undigested") == 0
    assert digests.read_bytes() == content
    assert rebuild(sandbox, monkeypatch, "--replace") == 0


def test_file_that_differs_is_not_taken_even_where_undigested_ones_are(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder(sandbox)[0]
    file.write_bytes(flipped(file.read_bytes(), 45))
    assert rebuild(sandbox, monkeypatch, "--replace", "--accept-undigested") == 1


def test_run_that_was_killed_between_file_list_and_commit_leaves_a_whole_archive(
    sandbox: Sandbox, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = log(sandbox, "messages")
    messages = folder(sandbox)[0].parent
    digests = messages / "digests.txt"
    content = digests.read_bytes()
    orphan = messages / "99.parquet"
    line = f"{'0' * 64}  99.parquet\n".encode()
    for left in (b"", line[:50], line):
        orphan.write_bytes(b"anything")
        (messages / "99.parquet.0123456789abcdef.partial").write_bytes(b"")
        digests.write_bytes(content + left)
        assert sandbox.run().errors == []
        assert digests.read_bytes() == content
        assert sorted(p.name for p in messages.iterdir()) == [*sorted(f.name for f in folder(sandbox)), "digests.txt"]
    sandbox.warehouse_url = new_warehouse("duckdb")
    assert rebuild(sandbox, monkeypatch) == 0
    assert log(sandbox, "messages") == before


def test_link_beside_a_batch_is_not_written_through(tmp_path: Path, new_warehouse: NewWarehouse) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse("duckdb")).fill()
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    messages = tmp_path / "archive" / "whatsapp" / "messages"
    messages.mkdir(parents=True)
    for number in range(1, 6):
        (messages / f"{number}.parquet.partial").symlink_to(outside)
    (messages / "digests.txt").symlink_to(outside)
    sandbox.sql(message(1))
    assert any("messages: whatsapp/messages/digests.txt can't be" in error for error in sandbox.run().errors)
    (messages / "digests.txt").unlink()
    assert sandbox.run().errors == []
    assert outside.read_text() == "mine"


def test_archive_without_origins_is_rebuilt_and_then_read_in_full(
    sandbox: Sandbox, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = log(sandbox, "messages")
    for file in folder(sandbox):
        pq.write_table(pq.read_table(file, partitioning=None).replace_schema_metadata(), file)
    (folder(sandbox)[0].parent / "digests.txt").unlink()
    sandbox.warehouse_url = new_warehouse("duckdb")
    # Files of that time hold what the source had.
    sandbox.catalogue("personal: {sender_id: identifier, content: text}", "personal: {content: text}")
    assert rebuild(sandbox, monkeypatch, "--accept-undigested") == 0
    assert log(sandbox, "messages") == before
    [messages] = [t for t in sandbox.run().tables if t.table == "messages"]
    assert (messages.scope, messages.state.rows_appended) == ("initial", 0)
    assert equals_the_source(sandbox)


def test_run_into_another_warehouse_does_not_destroy_the_archive(
    sandbox: Sandbox, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = log(sandbox, "messages")
    sandbox.warehouse_url = new_warehouse("duckdb")
    [told] = [error for error in sandbox.run().errors if "messages" in error]
    assert "the archive holds 3 batches of it that this warehouse does not. Rebuild it from the archive" in told
    assert "--from-archive --source whatsapp --replace)" in told
    assert rebuild(sandbox, monkeypatch, "--source", "whatsapp", "--table", "messages") == 0
    assert log(sandbox, "messages") == before


def test_text_that_the_new_warehouse_cannot_hold_is_set_aside_there(
    tmp_path: Path, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse("duckdb")).fill()
    sandbox.sql(message(1), message(2), "update messages set content = 'a' || char(0) || 'b' where id = 2")
    assert sandbox.run().errors == []
    sandbox.warehouse_url = new_warehouse("postgresql")
    assert rebuild(sandbox, monkeypatch) == 0
    assert sandbox.latest("messages", "id, content") == [(1, "hello"), (2, None)]
    assert sandbox.query("select row_key, original_value, effect, _batch_seq from raw_whatsapp._rejected") == [
        ('{"id": 2}', "a\\u0000b", "value", 3)
    ]
    sandbox.sql(message(3))
    assert sandbox.run().errors == []
    # Read again, the row is what it was rebuilt as.
    assert sandbox.query("select id from raw_whatsapp.messages order by id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("engine", ENGINES)
def test_table_that_has_rejected_rows_only_keeps_its_chain_of_files(
    tmp_path: Path, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse(engine)).fill()
    sandbox.sql(message(1, "yesterday"))
    sandbox.run()
    sandbox.sql(message(2))
    sandbox.run()
    assert [file.name for file in folder(sandbox)] == ["3.parquet", "4.parquet"]
    sandbox.warehouse_url = new_warehouse("duckdb")
    assert rebuild(sandbox, monkeypatch) == 0
    assert sandbox.latest("messages", "id") == [(2,)]


def test_empty_archive_is_told(
    tmp_path: Path, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse("duckdb"))
    assert rebuild(sandbox, monkeypatch) == 1
    assert "error: The archive holds no batch of what is to be rebuilt. Check ARCHIVE_URL." in capsys.readouterr().err


def test_key_that_only_the_source_tells_is_the_archives(
    tmp_path: Path, new_warehouse: NewWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox(tmp_path, new_warehouse("duckdb")).fill()
    sandbox.catalogue("  tenants:\n    mode: full\n", "  tenants:\n")
    sandbox.sql(
        "drop table tenants",
        "create table tenants (id text, name text primary key, timezone text)",
        "insert into tenants values ('t', 'One', null), ('t', 'Two', null)",
    )
    assert sandbox.run().errors == []
    sandbox.sql("delete from tenants where name = 'One'")
    assert sandbox.run().errors == []
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        session.remember("whatsapp", TableState(MODELS, "built", 100))
    sandbox.export_settings(monkeypatch)
    before = log(sandbox, "tenants")
    # By a guessed key, one row would pass for a version of the other.
    assert command_line.main(["compact", "--older-than-days", "0"]) == 0
    assert log(sandbox, "tenants") == before
    assert len(before) == 1 + 3
    sandbox.warehouse_url = new_warehouse("duckdb")
    assert rebuild(sandbox, monkeypatch) == 0
    assert log(sandbox, "tenants") == before
    result = sandbox.run()
    assert (result.errors, [t.state.rows_appended for t in result.tables]) == ([], [0, 0, 0, 0])
