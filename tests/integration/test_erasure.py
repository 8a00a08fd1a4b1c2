"""A person erased: from raw, archive and records, in every version, now and at later reads."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from canary import places_of
from killing import KilledError, killed_at
from sandbox import Lived, OwnSources, Sandbox, message, pseudonym

from ingestion.__main__ import main
from ingestion.loading.run import Ingestion, RunResult
from ingestion.log.state import TableState
from ingestion.output.storage import Storage
from ingestion.warehouses.duckdb import DuckdbSession, DuckdbWarehouse
from ingestion.warehouses.duckdb_load import DuckdbLoad

pytestmark = pytest.mark.slow

PHONE = "+49301234567"
TEXTS = ("zq-secret", "zq-second", "zq-extra", "zq-rejected")
"""What the person wrote, and what is known of the person in columns that nobody declared."""
OTHERS = "zq-other"


@pytest.fixture(scope="module")
def conversations(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Conversations of one person, c2 and c3, and of others; each read more than once."""
    return Lived(request, tmp_path_factory, lived)


@pytest.fixture(params=["duckdb"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, conversations: Lived) -> Iterator[Sandbox]:
    """They, for one test."""
    with conversations.copied(request.param, tmp_path) as sandbox:
        yield sandbox


def lived(sandbox: Sandbox) -> Sandbox:
    """Let people write, change their numbers and be deleted."""
    sandbox.sql(
        "alter table conversations add column nick text",
        "insert into tenants values ('t2', 'Other', 'Europe/Berlin')",
        conversation("c2", "whatsapp:+49 30 1234567", "zq-extra"),
        conversation("c3", "0049301234567", None),
        conversation("c4", "+4915550000", OTHERS),
        conversation("c5", None, None),
        conversation("c6", PHONE, "zq-extra"),
        said(1, "c2", "zq-secret"),
        said(2, "c2", "zq-second"),
        said(3, "c3", "zq-secret"),
        said(4, "c4", OTHERS),
        said(5, "c1", OTHERS),
        said(6, "c6", "zq-secret"),
        said(7, "c6", "zq-secret").replace("'2026-03-01 10:00:00+00:00'", "x'ff'").replace("zq-secret", "zq-rejected"),
    )
    run(sandbox)
    sandbox.sql(
        "update messages set content = 'edited, no zq-second' where id = 2",
        "delete from messages where id = 6",
        "delete from conversations where id = 'c6'",
        # A number that changes from another one's to the person's.
        conversation("c7", "+4915557777", None),
        said(8, "c7", "zq-secret"),
    )
    run(sandbox)
    sandbox.sql(f"update conversations set customer_phone = '{PHONE}', status = 'resolved' where id = 'c7'")
    run(sandbox)
    return sandbox


def conversation(id_: str, phone: str | None, nick: str | None, tenant: str = "t1") -> str:
    told = ", ".join("null" if value is None else f"'{value}'" for value in (phone, "active"))
    return (
        f"insert into conversations values ('{id_}', '{tenant}', null, {told}, '2026-03-01 10:00:00+00:00', null,"
        f" '2026-03-01 10:05:00+00:00', {'null' if nick is None else repr(nick)})"
    )


def said(id_: int, conversation_id: str, content: str) -> str:
    return message(id_, content=content).replace("'c1'", f"'{conversation_id}'")


def run(sandbox: Sandbox, **options: str) -> RunResult:
    result = sandbox.run(**options)
    assert result.errors == []
    return result


def command(sandbox: Sandbox, *arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        sandbox.export_settings(patch)
        return main([*arguments])


def appended(result: RunResult) -> dict[str, tuple[int, int]]:
    """Table → versions and delete versions that a run appended, where there are any."""
    states = {table.table: table.state for table in result.tables}
    return {n: (s.rows_appended, s.rows_deleted) for n, s in states.items() if s.rows_appended or s.rows_deleted}


def swept(sandbox: Sandbox) -> RunResult:
    """A read of all rows."""
    sandbox.age_state("last_full_at", 1_000)
    sandbox.age_state("last_reconciled_at", 1_000)
    return run(sandbox)


def left(sandbox: Sandbox) -> dict[str, set[str]]:
    """What of the person is anywhere, and where."""
    if sandbox.warehouse_url.startswith("postgresql"):
        dump = sandbox.folder / "dump"
        tables = sandbox.query(
            "select table_schema, table_name from information_schema.tables where table_schema like 'raw%'"
        )
        dump.write_text(str([sandbox.query(f"select * from {schema}.{name}") for schema, name in tables]))
    sought = [PHONE, "1234567", *TEXTS, *hashes(sandbox)]
    return places_of(sandbox.folder, sought, but=[sandbox.source])


def hashes(sandbox: Sandbox) -> list[str]:
    """The person's pseudonym."""
    return [pseudonym(PHONE)]


def versions(sandbox: Sandbox, table: str, where: str, columns: str = "*") -> list[tuple[object, ...]]:
    return sandbox.query(f"select {columns} from raw_whatsapp.{table} where {where} order by id, _batch_seq")


MINE, THEIRS = "id in ('c2', 'c3', 'c6', 'c7')", "id in ('c1', 'c4', 'c5')"
MY_MESSAGES, THEIR_MESSAGES = "id in (1, 2, 3, 6, 8)", "id in (4, 5)"


def others(sandbox: Sandbox) -> list[object]:
    """Everything of other people, value for value."""
    return [
        versions(sandbox, "conversations", THEIRS),
        versions(sandbox, "messages", THEIR_MESSAGES),
        versions(sandbox, "tenants", "true"),
    ]


@pytest.mark.parametrize("sandbox", ["duckdb", "postgresql"], indirect=True)
@pytest.mark.parametrize("written", [" tel:+49 (30) 123 4567"])
def test_nothing_of_the_person_is_left_anywhere(sandbox: Sandbox, written: str) -> None:
    assert left(sandbox).keys() == {PHONE, "1234567", *TEXTS, *hashes(sandbox)} - {PHONE, "1234567"}
    before = others(sandbox)
    mine = versions(sandbox, "conversations", MINE, "id, _batch_seq, _op, status, tenant_id, customer_phone is null")
    assert command(sandbox, "erase", "--contact", written) == 0
    assert left(sandbox) == {}
    assert others(sandbox) == before
    after = versions(sandbox, "conversations", MINE, "id, _batch_seq, _op, status, tenant_id, customer_phone is null")
    # All versions that there were, and one more of each row that there is.
    assert after[:3] == [*mine[:1], (*mine[0][:1], after[1][1], *mine[0][2:]), *mine[1:2]]
    assert {*mine} <= {*after}
    assert len(after) == len(mine) + 3
    told = versions(sandbox, "conversations", MINE, "id, customer_phone")
    assert len({phone for _, phone in told if phone}) == 2
    assert len({phone for id_, phone in told if phone and id_ != "c7"}) == 1
    assert all(len(str(phone)) == 64 for _, phone in told if phone)
    texts = versions(sandbox, "messages", MY_MESSAGES, "distinct content, id, _batch_seq")
    assert {content for content, *_ in texts} == {None}


def test_customer_and_row_are_erased_likewise(sandbox: Sandbox) -> None:
    before = others(sandbox)
    # A row alone is the person's, and what belongs to it; of a conversation's customer all is.
    assert command(sandbox, "erase", "--source", "whatsapp", "--table", "messages", "--id", "3") == 0
    assert versions(sandbox, "messages", "id in (1, 3)", "id, content") == [(1, "zq-secret"), (3, None), (3, None)]
    assert command(sandbox, "erase", "--customer", f"whatsapp:t1:{hashes(sandbox)[0]}") == 0
    assert left(sandbox) == {}
    assert others(sandbox) == before


def test_customer_of_another_tenant_is_another_one(sandbox: Sandbox) -> None:
    sandbox.sql(conversation("c8", PHONE, "zq-tenant", "t2"), said(9, "c8", "zq-tenant"))
    run(sandbox)
    of_t2 = versions(sandbox, "conversations", "id = 'c8'")
    assert command(sandbox, "erase", "--customer", f"whatsapp:t1:{hashes(sandbox)[0]}") == 0
    assert versions(sandbox, "conversations", "id = 'c8'") == of_t2
    assert left(sandbox).keys() == {*hashes(sandbox)}
    # By the number the person is meant, wherever.
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    assert left(sandbox) == {}
    assert places_of(sandbox.folder, ["zq-tenant"], but=[sandbox.source]) == {}


def test_later_reads_of_the_same_source_bring_nothing_back(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    capsys.readouterr()
    assert command(sandbox, "run") == 0
    assert capsys.readouterr().err.count("of people that were erased here: erase them there too") == 2
    assert appended(run(sandbox)) == {}
    result = swept(sandbox)
    assert appended(result) == {}
    assert {table.still_there for table in result.tables} == {0}
    # What is not personal of such a row arrives, and nothing else of it.
    sandbox.sql(
        "update conversations set status = 'handed_off', customer_phone = '+49301234567' where id = 'c2'",
        "update messages set content = 'zq-secret', sender_type = 'agent' where id = 3",
    )
    assert appended(swept(sandbox)) == {"conversations": (1, 0), "messages": (1, 0)}
    assert sandbox.latest("messages", "sender_type, content")[2] == ("agent", None)
    assert left(sandbox) == {}
    # A value that can't be held of an erased row: nothing of it is recorded, not even of its neighbours.
    sandbox.sql(
        "update conversations set ended_at = 'zq-rejected' where id = 'c2'",
        "update messages set timestamp = 'zq-rejected', content = 'zq-secret' where id = 3",
        "update conversations set nick = x'ff' where id = 'c3'",
    )
    swept(sandbox)
    recorded = (
        "select row_key, column_name, original_value, row_content from raw_whatsapp._rejected where resolved_at is null"
    )
    assert left(sandbox) == {}
    assert {key for key, *_ in sandbox.query(recorded)} == {'{"id": "c2"}', '{"id": 3}', '{"id": 7}'}


def test_rows_after_the_erasure_are_a_new_person(sandbox: Sandbox) -> None:
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    sandbox.sql(conversation("c9", PHONE, None), said(9, "c9", "zq-secret"))
    assert appended(run(sandbox)) == {"conversations": (1, 0), "messages": (1, 0)}
    assert sandbox.latest("conversations", "customer_phone")[-1] == (hashes(sandbox)[0],)
    assert sandbox.latest("messages", "content")[-1] == ("zq-secret",)
    # Who can be erased as well.
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    assert left(sandbox) == {}
    assert appended(swept(sandbox)) == {}


def test_removed_rows_stay_away(sandbox: Sandbox) -> None:
    before = others(sandbox)
    assert command(sandbox, "erase", "--contact", PHONE, "--with-rows") == 0
    assert left(sandbox) == {}
    assert others(sandbox) == before
    assert {(op, status) for op, status in versions(sandbox, "conversations", MINE, "_op, status")} == {
        ("delete", None)
    }
    assert appended(run(sandbox)) == {}
    assert command(sandbox, "reconcile") == 0
    assert appended(swept(sandbox)) == {}
    assert len(sandbox.latest("conversations")) == 3
    # Not even where somebody erases the row once more, and says less.
    assert command(sandbox, "erase", "--source", "whatsapp", "--table", "conversations", "--id", "c2") == 0
    assert appended(swept(sandbox)) == {}
    # Nor where all is read into an empty log.
    assert left(sandbox) == {}
    sandbox.sql("delete from conversations where id = 'c2'")
    assert appended(swept(sandbox)) == {}


@pytest.mark.parametrize("options", [(), ("--with-rows",)])
def test_raw_that_is_made_of_the_archive_is_the_same(sandbox: Sandbox, options: tuple[str, ...]) -> None:
    assert command(sandbox, "erase", "--contact", PHONE, *options) == 0
    assert command(sandbox, "run") == 0
    before = everything(sandbox)
    assert command(sandbox, "rebuild", "--from-archive", "--replace") == 0
    assert everything(sandbox) == before
    assert appended(swept(sandbox)) == {}
    sandbox.warehouse_url = f"duckdb:///{sandbox.folder / 'anew.duckdb'}"
    assert command(sandbox, "rebuild", "--from-archive") == 0
    assert everything(sandbox) == before
    assert appended(swept(sandbox)) == {}
    assert left(sandbox) == {}


@pytest.mark.parametrize("options", [(), ("--with-rows",)])
def test_archive_out_of_a_backup_brings_nobody_back(
    sandbox: Sandbox,
    options: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    archive, backup = sandbox.folder / "archive", tmp_path_factory.mktemp("backup") / "archive"
    shutil.copytree(archive, backup)
    assert command(sandbox, "erase", "--contact", PHONE, *options) == 0
    latest = told(sandbox)
    # Its files come back; the register stays.
    shutil.rmtree(archive / "whatsapp")
    shutil.copytree(backup / "whatsapp", archive / "whatsapp")
    sandbox.warehouse_url = f"duckdb:///{sandbox.folder / 'anew.duckdb'}"
    assert command(sandbox, "rebuild", "--from-archive") == 1
    assert "of its rows were erased, as a backup's are" in capsys.readouterr().err
    assert told(sandbox) == latest
    assert {place for place in left(sandbox) if "anew" in place} == set()
    assert appended(swept(sandbox)) == {}


def told(sandbox: Sandbox) -> list[list[tuple[object, ...]]]:
    """Rows as raw has them now, without when they came."""
    columns = {"conversations": "id, customer_phone, status", "messages": "id, sender_id, content"}
    return [sandbox.latest(table, names) for table, names in columns.items()]


def everything(sandbox: Sandbox) -> dict[str, list[tuple[object, ...]]]:
    return {table: versions(sandbox, table, "true") for table in ("tenants", "conversations", "messages")}


@pytest.mark.parametrize("options", [(), ("--with-rows",)])
def test_another_key_keeps_the_person_erased(
    sandbox: Sandbox, options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [f"key number {n}, which has more than thirty-two letters" for n in range(3)]
    sandbox.more["privacy_key"] = keys[0]
    sandbox.more["privacy_key_before"] = os.environ["PRIVACY_KEY"]
    assert command(sandbox, "rotate-key") == 0
    # Records of what was set aside are made anew: an erasure looks at them.
    swept(sandbox)
    assert command(sandbox, "erase", "--contact", PHONE, *options) == 0
    for before, key in pairwise(keys):
        sandbox.more |= {"privacy_key": key, "privacy_key_before": before}
        assert command(sandbox, "rotate-key") == 0
        assert appended(swept(sandbox)) == {}
        assert left(sandbox) == {}
    sandbox.sql("update conversations set status = 'active' where id = 'c7'")
    assert appended(run(sandbox)) == ({} if options else {"conversations": (1, 0)})
    assert left(sandbox) == {}


def test_under_a_key_that_is_not_the_registers_nothing_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody would be known again, also in a source that has no pseudonyms."""
    desk = OwnSources(tmp_path)
    desk.source = tmp_path / "desk.sqlite"
    desk.sql("create table people (id integer primary key, name text)", "insert into people values (1, 'zq-secret')")
    desk.configured(DESK.format(source=desk.source, told="personal: {name: name}"))
    desk.again()
    assert command(desk, "erase", "--source", "desk", "--table", "people", "--id", "1") == 0
    assert left(desk) == {}
    desk.more["privacy_key"] = "another key, which has more than thirty-two letters"
    capsys.readouterr()
    assert command(desk, "run") == 1
    assert "rotate-key" in capsys.readouterr().err
    assert left(desk) == {}
    assert command(desk, "rotate-key") == 1
    desk.more["privacy_key_before"] = os.environ["PRIVACY_KEY"]
    assert command(desk, "rotate-key") == 0
    assert appended(run(desk)) == {}
    assert left(desk) == {}


DESK = """
desk:
  kind: raw
  url: sqlite:///{source}
  tables: {{people: {{{told}}}}}
"""


STEPS = (
    (Storage, "write"),
    (Storage, "move"),
    (Storage, "append"),
    (DuckdbLoad, "commit"),
    (DuckdbSession, "prepare"),
    (DuckdbSession, "forget_rejected"),
    (DuckdbWarehouse, "vacuum"),
)


def small(tmp_path: Path) -> Sandbox:
    """What is quickly erased: a person's conversation in two versions, and another's."""
    tmp_path.mkdir()
    sandbox = Sandbox(tmp_path).fill()
    path = sandbox.folder / "one.yml"
    whole = sandbox.settings().ingestion_catalogue.read_text(encoding="utf-8")
    path.write_text(whole[: whole.index("\nconsulting:")], encoding="utf-8")
    sandbox.more["ingestion_catalogue"] = path
    sandbox.sql(
        "alter table conversations add column nick text",
        conversation("c2", PHONE, "zq-extra"),
        said(1, "c2", "zq-secret"),
        said(2, "c1", OTHERS),
    )
    run(sandbox)
    sandbox.sql("update conversations set status = 'resolved' where id = 'c2'")
    run(sandbox)
    return sandbox


def shape(sandbox: Sandbox) -> list[object]:
    """Raw up to tokens, times and the numbers of batches: a token is told by its place."""
    told: list[object] = []
    tokens: dict[object, int] = {}
    for table in ("conversations", "messages"):
        for row in sandbox.query(
            f"select * exclude (_batch_seq, _loaded_at, _row_hash) from raw_whatsapp.{table} order by id, _batch_seq"
        ):
            told.append([tokens.setdefault(v, len(tokens)) if isinstance(v, str) and len(v) == 64 else v for v in row])
    return told


@pytest.mark.parametrize(("options", "reads"), [((), False), ((), True), (("--with-rows",), False)])
def test_erasure_that_is_killed_at_any_step_is_ended_by_the_next(
    tmp_path: Path, options: tuple[str, ...], reads: bool
) -> None:
    sandbox = small(tmp_path / "killed")
    whole = at(sandbox, tmp_path / "whole")
    assert command(whole, "erase", "--contact", PHONE, *options) == 0
    killed, is_done = 0, False
    while not is_done:
        with pytest.MonkeyPatch.context() as patch:
            killed_at(patch, killed + 1, STEPS)
            try:
                # Each call goes on where the one before it ended.
                assert command(sandbox, "erase", "--contact", PHONE, *options) == 0
                is_done = True
            except KilledError:
                killed += 1
        if reads and not is_done and killed % 5 == 3:
            run(sandbox)
    assert killed >= len(STEPS)
    assert left(sandbox) == {}
    if reads:
        told = versions(
            sandbox, "conversations", "id = 'c2' and _op = 'upsert'", "distinct customer_phone, id, 1 as _batch_seq"
        )
        [(token, *_)] = told
        assert len(str(token)) == 64
    else:
        assert shape(sandbox) == shape(whole)
    assert appended(swept(sandbox)) == {}


def at(sandbox: Sandbox, folder: Path) -> Sandbox:
    """A copy of a sandbox."""
    shutil.copytree(sandbox.folder, folder)
    other = Sandbox(folder)
    other.more = dict(sandbox.more)
    return other


@pytest.fixture
def desk(tmp_path: Path) -> OwnSources:
    """Tables of no known kind."""
    desk = OwnSources(tmp_path)
    desk.source = tmp_path / "desk.sqlite"
    return desk


def bytes_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_dry_run_and_what_finds_nobody_change_nothing(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    before = bytes_of(sandbox.folder)
    assert command(sandbox, "erase", "--contact", PHONE, "--dry-run") == 0
    assert capsys.readouterr().out == (
        "whatsapp.conversations: 4 rows would be erased\nwhatsapp.messages: 6 rows would be erased\n"
    )
    nobody = ["%", ".*", "_", "+4930123456%", "\\", "'", " \t", "no such person", "1", "\udcff", "+49301234560"]
    for contact in nobody:
        assert command(sandbox, "erase", "--contact", contact) == 1, contact
        assert "Nothing of that person is in raw or the archive" in capsys.readouterr().err
    for arguments in (
        ("--customer", "whatsapp:t1:"),
        ("--customer", "whatsapp:"),
        ("--customer", ":"),
        ("--customer", "nowhere:1"),
        ("--customer", hashes(sandbox)[0]),
        ("--source", "whatsapp", "--table", "messages", "--id", "99"),
        ("--source", "whatsapp", "--table", "outlets", "--id", "1"),
    ):
        assert command(sandbox, "erase", *arguments) == 1, arguments
        assert "Nothing of that person is in raw or the archive" in capsys.readouterr().err
    for arguments in (
        (),
        ("--contact", ""),
        ("--customer", ""),
        ("--contact", PHONE, "--customer", "whatsapp:t1:x"),
        ("--contact", PHONE, "--resume"),
        ("--source", "whatsapp", "--table", "messages"),
        ("--source", "whatsapp", "--contact", PHONE),
        ("--id", "1"),
    ):
        assert command(sandbox, "erase", *arguments) == 1, arguments
        assert "Say who" in capsys.readouterr().err, arguments
    assert command(sandbox, "erase", "--source", "whatsapp", "--table", "nothing", "--id", "1") == 1
    assert "Unknown table 'nothing' of whatsapp" in capsys.readouterr().err
    assert command(sandbox, "erase", "--resume") == 0
    assert command(sandbox, "erase", "--resume", "--dry-run") == 1
    assert bytes_of(sandbox.folder) == before


def test_nobody_is_erased_without_a_key(tmp_path: Path, desk: OwnSources, capsys: pytest.CaptureFixture[str]) -> None:
    desk.sql("create table people (id integer primary key, name text)", "insert into people values (1, 'zq-secret')")
    desk.configured(DESK.format(source=desk.source, told="personal: {name: name}"))
    desk.again()
    with pytest.MonkeyPatch.context() as patch:
        desk.export_settings(patch)
        patch.delenv("PRIVACY_KEY")
        before = bytes_of(tmp_path)
        assert main(["erase", "--source", "desk", "--table", "people", "--id", "1"]) == 1
        assert "PRIVACY_KEY" in capsys.readouterr().err
        assert bytes_of(tmp_path) == before


def test_archive_that_lacks_a_file_keeps_the_erasure_from_being_begun(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in sorted((sandbox.folder / "archive" / "whatsapp" / "messages").glob("*.parquet")):
        before = bytes_of(sandbox.folder)
        file.rename(sandbox.folder / "aside")
        assert command(sandbox, "erase", "--contact", PHONE) == 1
        assert f"the archive lacks whatsapp/messages/{file.name}" in capsys.readouterr().err
        (sandbox.folder / "aside").rename(file)
        assert bytes_of(sandbox.folder) == before
    archive = sandbox.folder / "archive"
    archive.rename(sandbox.folder / "elsewhere")
    assert command(sandbox, "erase", "--contact", PHONE) == 1
    assert "the archive lacks" in capsys.readouterr().err
    (sandbox.folder / "elsewhere").rename(archive)
    # What a killed rotation left aside has everybody's values.
    (archive / "whatsapp" / "messages" / "4.parquet.0123456789abcdef.partial").write_bytes(b"zq-secret")
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    assert left(sandbox) == {}


def test_file_that_is_damaged_meanwhile_is_told_and_resumed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    file = max((sandbox.folder / "archive" / "whatsapp" / "messages").glob("*.parquet"))
    whole = file.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.operations.erasure.finish", lambda *_: ([], []))
        assert command(sandbox, "erase", "--contact", PHONE) == 0
    file.write_bytes(whole[:-9])
    assert command(sandbox, "erase", "--resume") == 1
    assert f"the archive's file whatsapp/messages/{file.name} can't be read" in capsys.readouterr().err
    # Another's erasure has to wait, and so has another key.
    assert command(sandbox, "erase", "--contact", "+4915550000") == 1
    assert command(sandbox, "rotate-key") == 1
    assert "python -m ingestion erase --resume" in capsys.readouterr().err
    file.write_bytes(whole)
    assert command(sandbox, "erase", "--contact", "+4915550000") == 0
    assert left(sandbox) == {}
    assert versions(sandbox, "messages", "id = 4", "content")[-1] == (None,)


def test_damaged_register_stops_every_read(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    register = sandbox.folder / "archive" / "operations" / "erasures.json"
    whole = register.read_bytes()
    for damaged in (b"", b"\xff", whole[:-9], b"[]", b'{"1": {}}', b'{"1": null}'):
        register.write_bytes(damaged)
        for arguments in (("run",), ("erase", "--resume"), ("erase", "--contact", PHONE), ("rotate-key",)):
            assert command(sandbox, *arguments) == 1, (damaged, arguments)
            assert "operations/erasures.json is damaged" in capsys.readouterr().err
    register.write_bytes(whole)
    assert appended(swept(sandbox)) == {}


def test_raw_that_is_gone_is_erased_in_the_archive_alone(sandbox: Sandbox) -> None:
    (sandbox.folder / "warehouse.duckdb").unlink()
    empty = sandbox.folder / "empty.duckdb"
    sandbox.warehouse_url = f"duckdb:///{empty}"
    assert command(sandbox, "prepare") == 0
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    assert left(sandbox) == {}
    assert command(sandbox, "rebuild", "--from-archive") == 0
    assert left(sandbox) == {}
    assert appended(swept(sandbox)) == {}


KEYS = {
    "day date primary key": ("'2026-01-01'", "2026-01-01"),
    "code blob primary key": ("x'ff00'", "ff00"),
    "n integer primary key": ("-7", "-7"),
    "t text primary key": ("'a b''%'", "a b'%"),
    "at timestamp primary key": ("'2026-01-01 10:00:00.5'", "2026-01-01 10:00:00.5"),
}


@pytest.mark.parametrize("key", KEYS)
def test_row_is_erased_by_a_key_of_any_type(desk: OwnSources, key: str) -> None:
    value, told = KEYS[key]
    desk.sql(
        f"create table people ({key}, name text, more text)",
        f"insert into people values ({value}, 'zq-secret', 'zq-extra')",
    )
    desk.configured(DESK.format(source=desk.source, told="personal: {name: name}"))
    desk.again()
    assert command(desk, "erase", "--source", "desk", "--table", "people", "--id", told) == 0
    assert places_of(desk.folder, TEXTS, but=[desk.source]) == {}
    assert appended(desk.again()) == {}


def test_row_is_erased_by_a_key_of_several_columns(desk: OwnSources, capsys: pytest.CaptureFixture[str]) -> None:
    desk.sql(
        "create table people (a integer, b text, name text, primary key (a, b))",
        "insert into people values (1, 'x', 'zq-secret'), (1, 'y', 'zq-other'), (2, 'x', 'zq-other')",
    )
    desk.configured(DESK.format(source=desk.source, told="personal: {name: name}"))
    desk.again()
    row = ("erase", "--source", "desk", "--table", "people")
    assert command(desk, *row, "--id", "1") == 1
    assert "by its key, which is a, b: --id for each" in capsys.readouterr().err
    assert command(desk, *row, "--id", "1", "--id", "x") == 0
    assert desk.query("select a, b, name from raw_desk.people where _op = 'upsert' order by all") == [
        (1, "x", None),
        (1, "x", None),
        (1, "y", "zq-other"),
        (2, "x", "zq-other"),
    ]
    assert appended(desk.again()) == {}


OWN = """
desk:
  kind: raw
  url: sqlite:///{source}
  tables:
    people:
      columns: {{mail: Contact}}
      personal: {{mail: email, name: name}}
    notes:
      personal: {{body: text}}
      belongs_to: {{people: {{columns: [of], where: {{kind: [person]}}}}}}
"""


def test_tables_of_their_owner_are_erased_by_what_he_declares(desk: OwnSources) -> None:
    desk.sql(
        "create table people (id integer primary key, Contact text, name text, plan text, updated_at timestamp)",
        "insert into people values (1, 'Ann@Example.com ', 'zq-secret', 'zq-extra', '2026-01-01 10:00:00')",
        "insert into people values (2, 'bob@example.com', 'zq-other', 'zq-other', '2026-01-01 11:00:00')",
        "create table notes (id text primary key collate nocase, of text, kind text, body text, changed_at timestamp)",
        "insert into notes values ('A', '1', ' Person', 'zq-secret', '2026-01-01 10:00:00')",
        "insert into notes values ('B', '1', 'deal', 'zq-other', '2026-01-01 10:00:00')",
        "insert into notes values ('C', '2', 'person', 'zq-other', '2026-01-01 10:00:00')",
        "insert into notes values ('D', null, null, null, null)",
    )
    desk.configured(OWN.format(source=desk.source))
    desk.again()
    assert command(desk, "erase", "--contact", "ANN@example.com") == 0
    assert left(desk) == {}
    assert desk.latest("notes", "id, body", "desk") == [("a", None), ("b", "zq-other"), ("c", "zq-other"), ("d", None)]
    assert desk.latest("people", "id, name, plan", "desk")[1] == (2, "zq-other", "zq-other")
    for _ in range(2):
        assert appended(desk.again()) == {}
    with Ingestion(desk.settings()).warehouse.session() as session:
        for state in session.states("desk").values():
            session.remember("desk", replace(state, last_full_at=None, last_reconciled_at=None))
    assert appended(desk.again()) == {}
    desk.sql("update people set updated_at = '2026-01-02 10:00:00', name = 'zq-second' where id = 1")
    desk.again()
    assert left(desk) == {}
    assert appended(desk.again()) == {}


TWO = """
whatsapp: {{kind: whatsapp, url: 'sqlite:///{one}'}}
helpdesk: {{kind: whatsapp, url: 'sqlite:///{other}', country_code: "49"}}
"""


def test_a_contact_is_erased_from_all_sources_and_a_customer_from_one(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path).fill()
    other = Sandbox(tmp_path)
    other.source = tmp_path / "helpdesk.sqlite"
    other.fill()
    for one, phone in ((sandbox, PHONE), (other, "030 123-4567")):
        one.sql(conversation("c2", phone, None).replace(", null)", ")"), said(1, "c2", "zq-secret"))
    (tmp_path / "sources.yml").write_text(TWO.format(one=sandbox.source, other=other.source), encoding="utf-8")
    sandbox.more["whatsapp_database_url"] = None
    run(sandbox)
    sources = [sandbox.source, other.source]
    assert command(sandbox, "erase", "--customer", f"helpdesk:t1:{pseudonym(PHONE, 'helpdesk')}") == 0
    assert [sandbox.latest("messages", "content", source) for source in ("helpdesk", "whatsapp")] == [
        [(None,)],
        [("zq-secret",)],
    ]
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    gone = ["zq-secret", pseudonym(PHONE, "helpdesk"), pseudonym(PHONE)]
    assert places_of(tmp_path, gone, but=sources) == {}
    assert appended(run(sandbox)) == {}


def test_compacted_versions_and_older_erasures_do_not_matter(sandbox: Sandbox) -> None:
    assert command(sandbox, "erase", "--source", "whatsapp", "--table", "messages", "--id", "3") == 0
    with Ingestion(sandbox.settings()).warehouse.session() as session:
        session.remember("whatsapp", TableState("_models", batch_seq=100, watermark="x"))
    assert command(sandbox, "compact", "--source", "whatsapp", "--older-than-days", "0") == 0
    before = len(versions(sandbox, "messages", "true"))
    assert command(sandbox, "erase", "--contact", PHONE) == 0
    assert len(versions(sandbox, "messages", "true")) > before
    assert left(sandbox) == {}
    assert appended(swept(sandbox)) == {}
    # A row whose latest version is a delete, once more and with its rows.
    assert command(sandbox, "erase", "--source", "whatsapp", "--table", "messages", "--id", "6", "--with-rows") == 0
    assert {op for (op,) in versions(sandbox, "messages", "id = 6", "_op")} == {"delete"}
    assert appended(swept(sandbox)) == {}
    assert left(sandbox) == {}


PEOPLE = """
desk:
  kind: raw
  url: "files://{folder}"
  tables:
    people: {{files: people*.csv, key: [id], personal: {{mail: email, name: name}}}}
"""


def test_files_are_read_without_people_that_were_erased(desk: OwnSources) -> None:
    folder = desk.folder / "drop"
    folder.mkdir()
    desk.source = folder
    (folder / "people.csv").write_text("id,mail,name\n1,ann@example.com,zq-secret\n2,bob@example.com,zq-other\n")
    desk.configured(PEOPLE.format(folder=folder))
    desk.again()
    assert command(desk, "erase", "--contact", "ann@example.com") == 0
    assert left(desk) == {}
    (folder / "people.csv").write_text("id,mail,name\n1,ann@example.com,zq-second\n3,ann@example.com,zq-third\n")
    assert appended(desk.again()) == {"people": (1, 1)}
    assert left(desk) == {}
    assert places_of(desk.folder / "archive", ["zq-third"]) != {}
