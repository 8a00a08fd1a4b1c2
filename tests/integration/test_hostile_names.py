"""A canary: names, ids and values that are markup and orders to a terminal reach none, whatever command shows them."""

import unicodedata
from pathlib import Path

import pytest
from sandbox import Sandbox, message

import exports.__main__ as exports_cli
import ingestion.__main__ as ingestion_cli

CANARY = "[/b][red]\x1b[31m\x1b]0;pwned\x07\x9b2J\r\n\u202e\u2066:skull:"
NAMED = CANARY.replace('"', '""')


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.sql(
        f"insert into tenants values ('{CANARY}', '{CANARY}', '{CANARY}')",
        "insert into conversations values ({0}, {0}, null, {0}, {0}, {0}, null, null)".format(f"'{CANARY}'"),
        message(1, CANARY, CANARY),
        message(2),
        f'create table "{NAMED}" (id integer primary key, "{NAMED}" text)',
        f'alter table tenants add column "c{NAMED}" text',
    )
    catalogue = tmp_path / "exports.yml"
    catalogue.write_text("costs_daily: {source: whatsapp, mart: costs_daily, cadence: daily}")
    sandbox.more["exports_catalogue"] = catalogue
    sandbox.export_settings(monkeypatch)
    return sandbox


def test_no_command_hands_an_order_of_the_source_to_the_terminal(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = [
        (ingestion_cli, "run"),
        (ingestion_cli, "inspect"),
        (ingestion_cli, "inspect", "--write"),
        (ingestion_cli, "run"),
        (ingestion_cli, "status"),
        (ingestion_cli, "reconcile"),
        (ingestion_cli, "rebuild", "--from-archive", "--replace"),
        (ingestion_cli, "compact"),
        (ingestion_cli, "run", "--source", "whatsapp", "--table", CANARY),
        (exports_cli, "run"),
        (exports_cli, "run", "--name", CANARY),
    ]
    copy = sandbox.folder / "catalogue.yml"
    copy.write_bytes(sandbox.settings().ingestion_catalogue.read_bytes())
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("INGESTION_CATALOGUE", str(copy))
    shown = []
    for module, *arguments in commands:
        if module is exports_cli:
            sandbox.change_warehouse(
                """
                create schema if not exists marts;
                create or replace table marts.costs_daily as select 'whatsapp:' || id as tenant_key,
                    date '2026-03-01' as period_start_date, date '2026-03-01' as period_end_date, true as is_complete,
                    name as tenant_name from raw_whatsapp.tenants
                """
            )
            # Where tenants' folders should be is a file: their ids are in the errors.
            place = sandbox.folder / "exports"
            place.mkdir(parents=True, exist_ok=True)
            (place / "whatsapp").write_text("")
        module.main(arguments)
        written = capsys.readouterr()
        told = written.out + written.err
        assert told
        orders = {c for c in told if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert orders == set(), (arguments, orders)
        assert "Traceback" not in told
        assert all(line.startswith(("error: ", "  ", "Made")) for line in written.err.splitlines())
        shown.append(told)
    monkeypatch.undo()
    # It was shown, as it is.
    assert sum("[/b][red]\\x1b[31m" in told for told in shown) >= 4
