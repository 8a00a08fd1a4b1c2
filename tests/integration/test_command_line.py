"""What people read when something is wrong: one clear line, exit code 1, an unchanged warehouse."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from sandbox import Sandbox, message

import exports.__main__ as exports_cli
import ingestion.__main__ as ingestion_cli

pytestmark = pytest.mark.slow

SECRET = "hunter2"


def digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


class Terminal:
    """Runs commands with a sandbox's settings in the environment."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox = sandbox
        self.monkeypatch = monkeypatch
        self._capsys = capsys
        sandbox.export_settings(monkeypatch)

    def fails(self, *arguments: str, command: object = ingestion_cli) -> str:
        """Run a command that must fail; returns its one line of error."""
        before = digest(self.sandbox.folder / "warehouse.duckdb")
        self._capsys.readouterr()
        assert command.main(arguments) == 1  # type: ignore[attr-defined]
        errors = [line for line in self._capsys.readouterr().err.splitlines() if not line.startswith("  ")]
        assert len(errors) == 1
        assert errors[0].startswith("error: ")
        assert SECRET not in errors[0]
        assert "Traceback" not in errors[0]
        assert digest(self.sandbox.folder / "warehouse.duckdb") == before
        return errors[0].removeprefix("error: ")


@pytest.fixture(params=["empty warehouse", "filled warehouse"])
def terminal(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Terminal:
    sandbox.sql(message(1))
    if request.param == "filled warehouse":
        assert sandbox.run().errors == []
    return Terminal(sandbox, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("not a url", "WHATSAPP_DATABASE_URL is not a database URL. Write it as dialect://user:password@host"),
        (f"oracle9://me:{SECRET}@host/db", "no SQLAlchemy dialect 'oracle9' is installed"),
        (f"mssql+pymssql://me:{SECRET}@host/db", "the driver module 'pymssql' is not installed. Install it: .venv"),
        ("sqlite:////nowhere/at/all.sqlite", "there is no SQLite file all.sqlite. Check the path in WHATSAPP"),
    ],
)  # fmt: skip
def test_wrong_source_url(terminal: Terminal, url: str, told: str) -> None:
    terminal.monkeypatch.setenv("WHATSAPP_DATABASE_URL", url)
    assert told in terminal.fails("run")


def test_file_that_is_no_database(terminal: Terminal) -> None:
    path = terminal.sandbox.folder / "letter.sqlite"
    path.write_text("Dear reader, " * 500)
    terminal.monkeypatch.setenv("WHATSAPP_DATABASE_URL", f"sqlite:///{path}")
    assert "whatsapp: SQLite says: file is not a database" in terminal.fails("run")


def test_database_of_another_system(terminal: Terminal) -> None:
    path = terminal.sandbox.folder / "other.sqlite"
    sqlite3.connect(path).execute("create table invoices (id)").connection.close()
    terminal.monkeypatch.setenv("WHATSAPP_DATABASE_URL", f"sqlite:///{path}")
    assert "whatsapp: the database has none of the tables tenants, outlets" in terminal.fails("run")


def test_required_table_that_is_missing(terminal: Terminal) -> None:
    terminal.sandbox.sql("drop table messages")
    assert "whatsapp: the database has no table messages. Check WHATSAPP_DATABASE_URL" in terminal.fails("run")


def test_table_asked_for_that_is_missing(terminal: Terminal) -> None:
    assert "the database has no table outlets" in terminal.fails("run", "--source", "whatsapp", "--table", "outlets")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--source", "crm"], "Unknown source 'crm'. Use one of: whatsapp, consulting"),
        (["--source", "shop"], "SHOP_DATABASE_URL is not set. Set it in the environment or in .env."),
        (
            ["--source", "whatsapp", "--table", "calls"],
            "Unknown table 'calls' of whatsapp. Use one of: tenants, outlets",
        ),
        (["--table", "messages"], "--table needs --source"),
    ],
)
def test_wrong_choice(terminal: Terminal, arguments: list[str], told: str) -> None:
    assert told in terminal.fails("run", *arguments)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"mysql://me:{SECRET}@host/db", "Unknown warehouse 'mysql' in WAREHOUSE_URL. Use one of: duckdb://, "),
        ("duckdb://", "WAREHOUSE_URL needs a file: duckdb:///data/warehouse.duckdb"),
        ("warehouse.duckdb", "WAREHOUSE_URL is not a database URL"),
    ],
)
def test_unknown_warehouse(terminal: Terminal, url: str, told: str) -> None:
    terminal.monkeypatch.setenv("WAREHOUSE_URL", url)
    assert told in terminal.fails("run")
    assert told in terminal.fails("run", command=exports_cli)


def test_setting_that_cannot_be(terminal: Terminal) -> None:
    terminal.monkeypatch.setenv("LOCK_TIMEOUT_SECONDS", "soon")
    assert terminal.fails("run").startswith("LOCK_TIMEOUT_SECONDS can't be used: Input should be a valid number")


def test_schedule_that_there_is_not(terminal: Terminal) -> None:
    terminal.monkeypatch.setenv("SCHEDULES", "hourly, nightly, yearly")
    told = "SCHEDULES can't be used: there is no schedule 'yearly'. Name some of: hourly, nightly, daily, weekly,"
    assert terminal.fails("run").startswith(told)


def test_rate_that_cannot_be(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.monkeypatch.setenv("READ_ROWS_PER_SECOND", "0")
    assert terminal.fails("run").startswith("READ_ROWS_PER_SECOND can't be used: Input should be greater than 0")
    for rate in ("0", "-1", "many", "nan"):
        with pytest.raises(SystemExit):
            ingestion_cli.main(["run", "--limit-rate", rate])
        assert f"'{rate}' is not a number of rows above 0" in capsys.readouterr().err


def test_malformed_catalogue(terminal: Terminal) -> None:
    path = terminal.sandbox.folder / "catalogue.yml"
    path.write_text("whatsapp: {messages: {mode: sometimes, columns: {id: text}}}")
    terminal.monkeypatch.setenv("INGESTION_CATALOGUE", str(path))
    told = "Catalogue catalogue.yml: whatsapp.messages.mode: Input should be 'changes', 'cursor' or 'full'"
    assert told in terminal.fails("run")


def test_warehouse_file_that_is_none(terminal: Terminal) -> None:
    path = terminal.sandbox.folder / "letter.duckdb"
    path.write_text("Dear reader, " * 500)
    terminal.monkeypatch.setenv("WAREHOUSE_URL", f"duckdb:///{path}")
    assert "The warehouse letter.duckdb can't be opened" in terminal.fails("run")
    assert path.read_text().startswith("Dear reader")


def test_warehouse_held_by_another_run(terminal: Terminal) -> None:
    from ingestion.loading.run import Ingestion

    terminal.monkeypatch.setenv("LOCK_TIMEOUT_SECONDS", "0.2")
    holder = Ingestion(terminal.sandbox.settings())
    # The lock file's own library tells holders apart by process: this one holds it as another process would.
    import subprocess
    import sys

    code = (
        "import sys, filelock\nwith filelock.FileLock(sys.argv[1]):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    lock = f"{holder.warehouse.path}.lock"  # type: ignore[attr-defined]
    with subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        told = terminal.fails("run")
        assert other.stdin is not None
        other.stdin.close()
    assert "was held by another run" in told


def test_export_before_the_first_run(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(sandbox, monkeypatch, capsys)
    assert "Unknown export 'sales'. Use one of: conversations_monthly" in terminal.fails(
        "run", "--name", "sales", command=exports_cli
    )
    told = terminal.fails("run", command=exports_cli)
    assert told == "There is no warehouse warehouse.duckdb yet. Make it: make run"


def test_one_source_that_fails_does_not_keep_the_others_from_loading(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Terminal(sandbox, monkeypatch, capsys)
    monkeypatch.setenv("SHOP_DATABASE_URL", "sqlite:////nowhere/shop.sqlite")
    assert ingestion_cli.main(["run"]) == 1
    output = capsys.readouterr()
    assert "error: shop: there is no SQLite file shop.sqlite" in output.err
    assert "whatsapp.conversations" in output.out
    assert sandbox.latest("conversations", "id") == [("c1",)]
