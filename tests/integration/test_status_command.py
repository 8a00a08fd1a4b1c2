"""What people are told of how fresh raw is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sandbox import Sandbox, message

import ingestion.__main__ as command_line
from ingestion.log.state import TableState
from ingestion.operations.status import TableStatus


@pytest.fixture(params=["duckdb", "postgresql"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A filled whatsapp source, each of the warehouses in turn, and commands that see both."""
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    sandbox = Sandbox(tmp_path, url).fill()
    # Of the day that the source's rows are of.
    sandbox.more["as_of"] = datetime(2026, 3, 1, 14, tzinfo=UTC)
    sandbox.export_settings(monkeypatch)
    return sandbox


class Told:
    """What `status` said."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        capsys.readouterr()
        self.code = command_line.main(["status", *arguments])
        output = capsys.readouterr()
        self.out, self.err = output.out, output.err

    def tables(self) -> dict[str, dict[str, Any]]:
        return {f"{t['source']}.{t['table']}": t for t in json.loads(self.out)}

    def judged(self) -> dict[str, str]:
        return {name: table["judged"] for name, table in self.tables().items()}

    def line(self, table: str) -> list[str]:
        [line] = [line.split() for line in self.out.splitlines() if line.split()[:1] == [table]]
        return line


def test_raw_and_source_are_told_side_by_side(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.sql(message(1), message(2), message(3, "yesterday"))
    sandbox.run()
    sandbox.sql("update messages set content = 'edited' where id = 1", "delete from messages where id = 2")
    sandbox.run()
    sandbox.sql(message(4, "2026-03-01 13:00:00+00:00"), message(5, "2026-03-01 11:00:00+00:00"))
    told = Told(capsys, "--json")
    assert (told.code, told.err) == (0, "")
    messages = told.tables()["whatsapp.messages"]
    counts = ("versions", "rows_live", "rows_on_record_as_rejected", "rows_in_source", "lag_seconds", "batch_seq")
    assert [messages[name] for name in counts] == [4, 1, 1, 4, 3 * 3600, 4]
    assert messages["watermark"] == "timestamp 2026-03-01T10:00:00+00:00"
    assert messages["last_full_at"] < messages["last_reconciled_at"] == messages["last_run_at"]
    assert told.tables()["whatsapp.outlets"]["is_absent_in_source"]
    shown = Told(capsys)
    assert shown.code == 0
    assert shown.line("messages")[:4] == ["messages", "changes", "2026-03-01", "10:00"]
    assert shown.line("messages")[7:] == ["1", "4", "1", "4", "3h", "well"]
    assert shown.line("outlets")[2:] == ["-", "never", "never", "never", "0", "0", "0", "absent", "-", "well"]
    assert max(map(len, shown.out.splitlines())) <= 110


def test_source_that_cannot_be_reached_is_told_and_the_others_are_shown(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.run()
    monkeypatch.setenv("SHOP_DATABASE_URL", "sqlite:////nowhere/shop.sqlite")
    told = Told(capsys)
    assert told.code == 2
    assert told.err == "error: shop: there is no SQLite file shop.sqlite. Check the path in SHOP_DATABASE_URL.\n"
    assert told.line("order_events")[-3:] == ["down", "-", "down"]
    assert told.line("tenants")[-3:] == ["1", "-", "well"]
    alone = Told(capsys, "--no-source")
    # Of the shop nothing was ever read.
    assert (alone.code, alone.err) == (1, "")
    assert alone.line("order_events")[-3:] == ["-", "-", "unread"]
    assert alone.line("tenants")[-3:] == ["-", "-", "well"]


def test_why_a_table_failed_is_told_until_it_does_not(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    sandbox.sql("delete from messages", "alter table tenants rename column id to ident")
    assert len(sandbox.run().errors) == 2
    told = Told(capsys)
    assert told.code == 2
    assert (told.line("messages")[-1], told.line("tenants")[-1]) == ("refused", "failed")
    assert "whatsapp.messages: last error: 1 of 1 rows are gone from the source; deletes were refused" in told.out
    assert "whatsapp.tenants: last error: the source's table has no column id, which by the catalogue is" in told.out
    sandbox.sql("alter table tenants rename column ident to id", message(1))
    assert sandbox.run().errors == []
    assert "last error" not in Told(capsys).out


def test_warehouse_that_remembers_less_is_read_and_completed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.run()
    sandbox.change_warehouse("alter table raw_whatsapp._state drop column last_error")
    assert Told(capsys).code == 0
    sandbox.sql(message(1))
    assert sandbox.run().errors == []
    assert sandbox.query("select distinct last_error from raw_whatsapp._state") == [(None,)]


def test_status_before_the_first_run(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    for command, code in (("status", 2), ("compact", 1)):
        assert command_line.main([command]) == code
        told = capsys.readouterr().err
        assert told in (
            "error: There is no warehouse warehouse.duckdb yet. Make it: make run\n",
            "error: The warehouse holds no raw tables yet. Fill it: python -m ingestion run\n",
        )
    assert not (sandbox.folder / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("watermark", "words"),
    [
        (None, "-"),
        ("updated_at 2026-03-01T10:05:59+00:00", "2026-03-01 10:05"),
        ("id 20260301", "id 20260301"),
        ('{"by": "transaction", "since": 1234, "server": "x"}', "transaction 1234"),
        ('{"by": "cursor", "since": "2026-03-01T10:05:00+00:00"}', "2026-03-01 10:05"),
    ],
)
def test_watermark_is_told_in_words(watermark: str | None, words: str) -> None:
    assert TableStatus("shop", "items", "changes", TableState("items", watermark)).watermark_words == words


def test_column_that_nobody_declared_is_told_until_somebody_says_what_it_holds(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.sql("alter table tenants add column boss text", 'alter table tenants add column "Next of kin" text')
    sandbox.run()
    said = 'whatsapp.tenants: unreviewed: "Next of kin", "boss": they are in raw as they are. Say what they hold, or'
    assert said in Told(capsys).out
    # It is in raw still, whatever the source has now.
    sandbox.sql("alter table tenants drop column boss")
    sandbox.run()
    told = Told(capsys, "--json")
    assert (told.code, told.tables()["whatsapp.tenants"]["unreviewed"]) == (0, ["Next of kin", "boss"])
    assert {table for table, status in told.tables().items() if status["unreviewed"]} == {"whatsapp.tenants"}
    columns = "columns: {id: identifier, name: text, timezone: timezone"
    sandbox.catalogue(f"    {columns}}}", f"    personal: {{boss: name}}\n    {columns}, boss: text}}")
    sandbox.export_settings(monkeypatch)
    assert Told(capsys, "--json").tables()["whatsapp.tenants"]["unreviewed"] == ["Next of kin"]


def test_source_that_sends_nothing_is_told_though_every_run_is_well(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.sql(message(1))
    assert sandbox.run().errors == []
    assert Told(capsys).code == 0
    sandbox.more["as_of"] = datetime(2026, 3, 3, 10, 1, tzinfo=UTC)
    sandbox.export_settings(monkeypatch)
    assert sandbox.run().errors == []
    told = Told(capsys)
    assert told.code == 2
    # Behind its source it is not.
    assert told.line("messages")[-2:] == ["0s", "silent"]
    said = "it is read, but its newest row is of 2026-03-01 10:00 UTC: 2d ago, which is more than 2d."
    assert f"whatsapp.messages: silent: {said}" in told.out
    # Tenants seldom change.
    assert {name for name, word in Told(capsys, "--json").judged().items() if word != "well"} == {"whatsapp.messages"}


def test_table_that_was_read_too_long_ago_is_told(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    sandbox.age_state("last_run_at", 25)
    assert Told(capsys).code == 0
    sandbox.age_state("last_run_at", 2)
    told = Told(capsys)
    assert (told.code, told.line("tenants")[-1]) == (2, "old")
    assert "whatsapp.tenants: old: last read 27h ago, which is more than 26h." in told.out


def test_wrong_usage_has_a_code_of_its_own(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["status", "--source", "nope"]) == 64
    with pytest.raises(SystemExit) as ended:
        command_line.main(["status", "--jsn"])
    assert ended.value.code == 64
