"""Who on this machine may read what is written, and how servers are told to encrypt."""

import grp
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import Server
from proxy import Proxy
from sandbox import Sandbox, environment, message
from sqlalchemy import make_url

from exports.places import Destination
from ingestion.errors import ConfigurationError, WarehouseError
from ingestion.output.private import Readers, readers_of
from ingestion.output.storage import Storage
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import open_warehouse


def modes(folder: Path) -> dict[str, int]:
    """The modes of all files and folders below one."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


@pytest.mark.slow
def test_what_a_command_writes_is_its_owners_alone(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path).fill()
    told = os.environ | environment(sandbox.settings())
    subprocess.run([sys.executable, "-m", "ingestion", "run"], env=told, check=True, capture_output=True)
    found = modes(tmp_path)
    del found["whatsapp.sqlite"]
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}
    assert any(name.startswith("archive/") for name in found)


def test_readers_may_read_exports_and_the_copy_and_nothing_else(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        readers = Readers(os.getgid(), tmp_path)
        Storage(str(tmp_path / "archive"), "ARCHIVE_URL").write("a/b.txt", b"x")
        exports = Destination(str(tmp_path / "exports"), readers).storage
        exports.write("all/costs/costs.csv", b"x")
        exports.append("all/restatements.jsonl", b"x\n")
        sandbox = Sandbox(tmp_path).fill()
        sandbox.sql(message(1))
        sandbox.run()
        warehouse = open_warehouse(make_url(sandbox.warehouse_url), 60)
        sandbox.change_warehouse("create schema marts; create table marts.costs as select 1 as a")
        warehouse.publish_copy([("marts", "costs")], tmp_path / "bi" / "bi.duckdb", readers=readers)
    finally:
        os.umask(before)
    found = modes(tmp_path)
    for name in ("exports/all/costs/costs.csv", "exports/all/restatements.jsonl", "bi/bi.duckdb"):
        assert found[name] == 0o640, name
        assert (tmp_path / name).stat().st_gid == readers.group
    for name in ("exports", "exports/all", "exports/all/costs", "bi"):
        assert found[name] == 0o750, name
    for name in ("archive", "archive/a", "archive/a/b.txt", "warehouse.duckdb"):
        assert not found[name] & 0o077, name


def test_group_is_told_by_its_name() -> None:
    name = grp.getgrgid(os.getgid()).gr_name
    assert readers_of(name, PROJECT_ROOT) == Readers(os.getgid(), PROJECT_ROOT)
    assert readers_of("", PROJECT_ROOT) is None
    with pytest.raises(ConfigurationError, match="this machine has no group nobody-has-it"):
        readers_of("nobody-has-it", PROJECT_ROOT)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666])
def test_secrets_that_everybody_may_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    file = tmp_path / ".env"
    file.write_text("LOCK_TIMEOUT_SECONDS=7\n", encoding="utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"everybody on this machine may read or write it. Run: chmod 600"):
        Settings.read()
    file.chmod(0o640)
    assert Settings.read().lock_timeout_seconds == 7


def test_server_without_tls_says_what_to_do(tmp_path: Path, postgresql_server: Server) -> None:
    """Of a server elsewhere TLS is asked for; this one has none."""
    proxy = Proxy(f"{postgresql_server.folder}/.s.PGSQL.5432")
    proxy.start()
    try:
        with postgresql_server.database() as url:
            told = make_url(url).set(host="127.0.0.1", port=proxy.port, query={"sslmode": "require"})
            sandbox = Sandbox(tmp_path)
            sandbox.url = told.render_as_string(hide_password=False)
            [error] = sandbox.run().errors
            assert "does not support SSL" in error
            assert "add sslmode=disable to the options of WHATSAPP_DATABASE_URL" in error
            with pytest.raises(WarehouseError, match="add sslmode=disable to the options of WAREHOUSE_URL"):
                open_warehouse(told, 60).query("select 1")
    finally:
        proxy.cut()
