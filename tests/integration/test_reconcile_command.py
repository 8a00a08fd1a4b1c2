"""Keys compared at once: what was missed, what is gone, and deletes that somebody has to confirm."""

from pathlib import Path

import pytest
from sandbox import Sandbox, message

import ingestion.__main__ as command_line


@pytest.fixture(params=["duckdb", "postgresql"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A filled whatsapp source, each of the warehouses in turn, and commands that see both."""
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    sandbox = Sandbox(tmp_path, url).fill()
    sandbox.export_settings(monkeypatch)
    return sandbox


def reconcile(*arguments: str) -> int:
    return command_line.main(["reconcile", *arguments])


def equals_the_source(sandbox: Sandbox) -> bool:
    return sandbox.latest("messages", "id, content") == sandbox.rows("select id, content from messages order by id")


def test_missed_rows_are_fetched_and_gone_ones_deleted_before_they_are_due(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.catalogue("  messages:\n", "  messages:\n    reconcile_hours: 1000\n")
    sandbox.export_settings(monkeypatch)
    sandbox.sql(*(message(i) for i in range(5)))
    sandbox.run()
    before = sandbox.query("select watermark, last_run_at from raw_whatsapp._state where table_name = 'messages'")
    # An edit that the next run reads, and a later row that the comparison finds: the watermark must not pass the edit.
    sandbox.sql(
        "update messages set content = 'edited', timestamp = '2026-03-02' where id = 1",
        message(9, "2026-03-03 00:00:00+00:00"),
        message(10, "2020-01-01 00:00:00+00:00"),
        "delete from messages where id = 2",
    )
    assert reconcile("--source", "whatsapp", "--table", "messages") == 0
    output = capsys.readouterr()
    assert "whatsapp.messages: 2 read (keys compared), 2 appended, 1 deleted" in output.err
    assert sandbox.latest("messages", "id") == [(0,), (1,), (3,), (4,), (9,), (10,)]
    assert sandbox.latest("messages", "content")[1] == ("hello",)
    after = sandbox.query("select watermark, last_run_at from raw_whatsapp._state where table_name = 'messages'")
    assert after == before
    assert sandbox.run().errors == []
    assert equals_the_source(sandbox)


def test_refused_deletes_are_told_and_happen_when_they_are_allowed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.sql(*(message(i) for i in range(300)))
    sandbox.run()
    sandbox.sql("delete from messages where id >= 100", "delete from tenants")
    assert reconcile() == 1
    told = capsys.readouterr().err
    assert "200 of 300 rows are gone from the source; deletes were refused" in told
    assert "python -m ingestion reconcile --source whatsapp --table tenants --allow-deletes" in told
    assert len(sandbox.latest("messages")) == 300
    assert reconcile("--source", "whatsapp", "--table", "messages", "--allow-deletes") == 0
    assert equals_the_source(sandbox)
    assert len(sandbox.latest("tenants")) == 1
    # A table that is empty in the source, too.
    assert reconcile("--source", "whatsapp", "--table", "tenants", "--allow-deletes") == 0
    assert sandbox.latest("tenants") == []
    assert sandbox.run().errors == []
    assert equals_the_source(sandbox)


def test_read_that_fails_deletes_nothing_whatever_is_allowed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.sql(message(1), message(2))
    sandbox.run()
    content = sandbox.source.read_bytes()
    sandbox.source.write_bytes(content[: len(content) // 2])
    assert reconcile("--source", "whatsapp", "--table", "messages", "--allow-deletes") == 1
    assert "error: whatsapp" in capsys.readouterr().err
    assert sandbox.latest("messages", "id") == [(1,), (2,)]


def test_what_was_found_is_in_the_archive(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2))
    sandbox.run()
    sandbox.sql("delete from messages where id = 1")
    assert reconcile() == 0
    archived = sorted(file.name for file in (sandbox.folder / "archive" / "whatsapp" / "messages").iterdir())
    assert archived == ["3.parquet", "4.parquet", "digests.txt"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--allow-deletes"], "--allow-deletes needs --source and --table: deletes are allowed table by table."),
        (["--source", "whatsapp", "--table", "messages"], "was never loaded, so there is nothing to compare. Run: "),
    ],
)
def test_what_cannot_be_compared_is_told(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert reconcile(*arguments) == 1
    assert told in capsys.readouterr().err
