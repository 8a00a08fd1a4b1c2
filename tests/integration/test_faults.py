"""What ends a run in its middle, at every point where it can: the run after it ends with exactly the source's rows."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from postgresql import Server
from sandbox import Sandbox, environment, message, of_many_messages

from ingestion.errors import WarehouseError
from ingestion.sources import adbc_postgresql
from ingestion.sources.adbc_postgresql import PostgresqlSnapshot
from ingestion.warehouses.postgresql_connection import PostgresqlConnection

pytestmark = pytest.mark.slow

ROWS = 300


def fill(sandbox: Sandbox) -> None:
    """Rows to insert, to update and to delete, after a first run."""
    sandbox.sql(*(message(i) for i in range(ROWS)))
    assert sandbox.run().errors == []
    sandbox.sql(
        *(message(i) for i in range(ROWS, ROWS + 20)),
        "update messages set content = 'edited', timestamp = '2026-03-01 11:00:00+00:00' where id < 20",
        "delete from messages where id between 100 and 110",
    )


def assert_exact(sandbox: Sandbox) -> None:
    assert sandbox.latest("messages", "id, content") == sandbox.rows("select id, content from messages order by id")
    repeated = "select id, _batch_seq from raw_whatsapp.messages group by id, _batch_seq having count(*) > 1"
    assert sandbox.query(repeated) == []


def ended_by(server: Server, monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """From now on the warehouse's connection is ended by the server before its statement number `at`.

    Returns:
        A function for the number of statements so far.
    """
    statements = 0

    def counted(name: str) -> None:
        original: Callable[..., Any] = getattr(PostgresqlConnection, name)

        def statement(self: PostgresqlConnection, *arguments: Any, **options: Any) -> Any:
            nonlocal statements
            statements += 1
            if statements == at:
                [[pid]] = [r.values() for r in read(self, "select pg_backend_pid() as pid").to_pylist()]
                server.sql(f"select pg_terminate_backend({pid}, 10000)")
            return original(self, *arguments, **options)

        monkeypatch.setattr(PostgresqlConnection, name, statement)

    read = PostgresqlConnection.read
    for name in ("read", "execute", "ingest", "stream", "commit"):
        counted(name)
    return lambda: statements


def test_warehouse_that_is_lost_before_any_statement_of_a_run(
    postgresql_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, total, failures = 1, 1, 0
    while at <= total:
        with postgresql_server.database() as url:
            sandbox = Sandbox(tmp_path / str(at), url)
            sandbox.folder.mkdir()
            fill(sandbox.fill())
            with monkeypatch.context() as patch:
                so_far = ended_by(postgresql_server, patch, at)
                failures += fails(sandbox)
                total = max(total, so_far())
            assert sandbox.run().errors == []
            assert_exact(sandbox)
        at += 4
    assert failures >= total // 8


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_source_that_is_lost_between_batches(
    batches: int, postgresql_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = of_many_messages(tmp_path, postgresql_server, 30_000)
    read = PostgresqlSnapshot.read
    monkeypatch.setattr(adbc_postgresql, "BATCH_ROWS", 4_000)
    database = re.search(r"/(test_\d+)\?", sandbox.url)
    assert database

    def read_then_end(self: PostgresqlSnapshot, *arguments: Any) -> Any:
        for number, batch in enumerate(read(self, *arguments)):
            if number == batches:
                postgresql_server.sql(
                    f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{database[1]}'"
                )
            yield batch

    with monkeypatch.context() as patch:
        patch.setattr(PostgresqlSnapshot, "read", read_then_end)
        [error] = [e for e in sandbox.run().errors if e.startswith("whatsapp.messages")]
        assert "PostgreSQL can't be read" in error
    assert sandbox.query("select count(*) as n from raw_whatsapp.messages") == [(0,)]
    assert sandbox.run().errors == []
    [counts] = sandbox.query("select count(*) as n, count(distinct id) as ids from raw_whatsapp.messages")
    assert counts == (30_000, 30_000)


def fails(sandbox: Sandbox) -> bool:
    try:
        return bool(sandbox.run(source="whatsapp", table="messages").errors)
    except WarehouseError:
        return True


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
runpy.run_module("ingestion", run_name="__main__")
"""


@pytest.mark.parametrize("kilobytes", [20, 300, 1_000, 3_000])
def test_disk_that_is_full(kilobytes: int, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """No file may grow beyond a size: to whoever writes, that is a disk without room."""
    sandbox = Sandbox(tmp_path).fill()
    sandbox.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000) "
        "insert into messages select i, 'c1', 'customer', null, hex(randomblob(60)), '2026-03-01', null from n"
    )
    told = environment(sandbox.settings())
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED, str(kilobytes * 1024), "run", "--source", "whatsapp"],
        env=told | {"PYTHONPATH": str(pytestconfig.rootpath), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert limited.returncode == 1
    assert "Traceback" not in limited.stderr
    assert "error: " in limited.stderr
    assert sandbox.run().errors == []
    assert_exact(sandbox)


@pytest.mark.slow
def test_rows_of_fifty_megabytes_are_loaded(tmp_path: Path) -> None:
    """Together they are more than a load may take of memory as a rule."""
    sandbox = Sandbox(tmp_path).fill()
    wide = "'{\"a\": \"' || hex(zeroblob(25000000)) || '\"}'"
    sandbox.sql(*(message(i).replace(", null)", f", {wide})") for i in range(9)))
    assert sandbox.run().errors == []
    [row] = sandbox.query(
        "select count(*) as n, min(strlen(metadata)) as a, max(strlen(metadata)) as b from raw_whatsapp.messages"
    )
    assert row == (9, 50_000_009, 50_000_009)
    assert sandbox.run().errors == []
    assert sandbox.query("select count(*) as n from raw_whatsapp.messages") == [(9,)]
