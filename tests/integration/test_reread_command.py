"""Rows read once more, in full or since a date: none is lost, and none appended twice."""

from pathlib import Path

import pytest
from postgresql import Server
from sandbox import Sandbox, message
from test_postgresql_source import TABLES as POSTGRESQL_TABLES
from test_postgresql_source import PostgresqlSandbox, put

import ingestion.__main__ as command_line


@pytest.fixture
def sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Ten messages, one a day, that a run has read, and commands that see source and warehouse."""
    sandbox.export_settings(monkeypatch)
    sandbox.sql(*(message(i, f"2026-03-{i:02} 10:00:00+00:00") for i in range(1, 11)))
    assert sandbox.run().errors == []
    return sandbox


def reread(*arguments: str, table: str = "messages") -> int:
    return command_line.main(["reread", "--source", "whatsapp", "--table", table, *arguments])


def edited(id_: int, content: str = "edited") -> str:
    """A change that the cursor does not show."""
    return f"update messages set content = '{content}' where id = {id_}"


def versions(sandbox: Sandbox) -> list[tuple[object, ...]]:
    """Ids of messages, as often as raw has a version of them."""
    return sandbox.query("select id from raw_whatsapp.messages where id > 0 order by id")


def remembered(sandbox: Sandbox) -> list[tuple[object, ...]]:
    return sandbox.query(
        "select watermark, last_run_at, rows_read from raw_whatsapp._state where table_name = 'messages'"
    )


def equals_the_source(sandbox: Sandbox) -> bool:
    return sandbox.latest("messages", "id, content") == sandbox.rows("select id, content from messages order by id")


def test_rows_since_a_date_are_compared_and_the_next_run_reads_on_from_where_the_last_one_ended(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = remembered(sandbox)
    sandbox.sql(
        edited(1), edited(5), message(11, "2026-03-12 10:00:00+00:00"), message(12, "2026-03-20 10:00:00+00:00")
    )
    assert reread("--since", "2026-03-05T12:00:00+02:00") == 0
    assert "(again since 2026-03-05 10:00), 3 appended" in capsys.readouterr().err
    assert [id_ for (id_,) in versions(sandbox)] == [1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12]
    assert sandbox.latest("messages", "content")[0] == ("hello",)
    assert remembered(sandbox) == before
    # What the watermark says is read all the same, and nothing comes twice.
    assert sandbox.run().errors == []
    assert len(versions(sandbox)) == 13
    assert reread() == 0
    assert equals_the_source(sandbox)
    assert len(versions(sandbox)) == 14
    assert reread() == 0
    assert len(versions(sandbox)) == 14


def test_date_after_the_watermark_skips_nothing(sandbox: Sandbox) -> None:
    sandbox.sql(message(11, "2026-03-12 10:00:00+00:00"), message(12, "2026-03-20 10:00:00+00:00"))
    assert reread("--since", "2026-03-20") == 0
    assert [id_ for (id_,) in versions(sandbox)][10:] == [12]
    assert sandbox.run().errors == []
    assert equals_the_source(sandbox)
    assert len(versions(sandbox)) == 12


def test_read_in_full_finds_what_is_gone(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.sql("delete from messages where id = 3", edited(4))
    assert reread() == 0
    assert "9 read (full: asked for), 1 appended, 1 deleted" in capsys.readouterr().err
    assert equals_the_source(sandbox)


def test_standing_fault_is_told_until_a_run_goes_well(sandbox: Sandbox) -> None:
    sandbox.sql("delete from messages")
    [error] = sandbox.run().errors
    assert "deletes were refused" in error
    sandbox.sql(message(1, "2026-03-01 10:00:00+00:00"))
    assert reread("--since", "2026-03-01") == 0
    [(told,)] = sandbox.query("select last_error from raw_whatsapp._state where table_name = 'messages'")
    assert told in error


def test_changes_that_only_the_database_knows_are_not_passed_over(
    tmp_path: Path, postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = PostgresqlSandbox(tmp_path, postgresql_server)
    source.export_settings(monkeypatch)
    source.sql(*POSTGRESQL_TABLES, put(1, 10))
    assert source.run().errors == []
    before = remembered(source)
    source.sql(edited(1), "insert into messages values (11, 'c1', 'customer', null, 'new', '2026-03-05 10:00Z', null)")
    assert reread("--since", "2026-03-04") == 0
    assert source.latest("messages", "id, content")[0] == (1, "hello")
    assert remembered(source) == before
    assert source.run().errors == []
    assert source.latest("messages", "id, content")[0] == (1, "edited")
    assert [id_ for (id_,) in versions(source)] == [1, 1, *range(2, 12)]


@pytest.mark.parametrize(
    ("table", "arguments", "told"),
    [
        (
            "messages",
            ["--since", "yesterday"],
            "'yesterday' is no date. Write 2026-10-31, or 2026-10-31T12:00:00",
        ),
        (
            "tenants",
            ["--since", "2026-03-01"],
            "whatsapp.tenants: it has no cursor, by which its rows would have",
        ),
        ("visits", [], "Unknown table 'visits' of whatsapp. Use one of: tenants, outlets"),
    ],
)
def test_what_cannot_be_read_again_is_told(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], table: str, arguments: list[str], told: str
) -> None:
    assert reread(*arguments, table=table) == 1
    assert told in capsys.readouterr().err


def test_table_has_to_be_named(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["reread", "--source", "whatsapp"]) == 1
    assert "Say of which table rows are to be read again: --source and --table." in capsys.readouterr().err
