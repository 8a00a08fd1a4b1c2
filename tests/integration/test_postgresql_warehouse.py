"""What only a server can do or refuse, as a warehouse."""

import threading
from pathlib import Path

import pytest
from integration.test_warehouse_conformance import ITEMS, NOON, append, log, rows_of, write
from postgresql import Server
from sandbox import Sandbox, environment
from sqlalchemy import make_url

import ingestion.__main__ as ingestion_cli
from ingestion.errors import WarehouseError
from ingestion.log.state import TableState
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.warehouses import open_warehouse


def test_number_that_no_decimal_holds_is_refused_and_not_rounded(postgresql_warehouse_url: str) -> None:
    with pytest.raises(WarehouseError, match="The warehouse test_"):
        open_warehouse(make_url(postgresql_warehouse_url), 1).query("select 1 / 3.0 as third")


def test_server_needs_no_copy(postgresql_warehouse_url: str, tmp_path: Path) -> None:
    warehouse = open_warehouse(make_url(postgresql_warehouse_url), 1)
    assert not warehouse.capabilities.needs_copy
    with pytest.raises(WarehouseError, match="BI tools read the warehouse test_"):
        warehouse.publish_copy([("marts", "costs")], tmp_path / "bi.duckdb")


def test_url_may_name_another_driver(postgresql_warehouse_url: str) -> None:
    url = make_url(postgresql_warehouse_url.replace("postgresql://", "postgresql+psycopg2://"))
    assert open_warehouse(url, 1).query("select 1 as one").to_pylist() == [{"one": 1}]


def test_concurrent_loads_take_batch_numbers_in_the_order_of_their_commits(postgresql_warehouse_url: str) -> None:
    """Two loads of one source at once: the second waits, and then sees what the first one appended."""
    warehouse = open_warehouse(make_url(postgresql_warehouse_url), 60)
    second: list[tuple[int, int]] = []

    def load_second() -> None:
        with warehouse.session() as session, session.load(ITEMS, NOON) as load:
            appended = append(load, ITEMS, [(1, "a", "x"), (2, "b", "y")])
            second.append((appended, load.commit(TableState("items")).batch_seq))

    waiting = """
        select count(*) as n from pg_locks as l inner join pg_database as d on d.oid = l.database
        where l.locktype = 'advisory' and not l.granted and d.datname = current_database()
    """
    with warehouse.session() as session:
        session.prepare([ITEMS])
        thread = threading.Thread(target=load_second)
        with session.load(ITEMS, NOON) as load:
            append(load, ITEMS, [(1, "a", "x")])
            thread.start()
            while rows_of(warehouse, waiting) == [(0,)]:
                assert thread.is_alive()
            assert load.commit(TableState("items")).batch_seq == 1
        thread.join()
    assert second == [(1, 2)]
    assert log(warehouse) == [(1, "a", "x", "upsert", 1), (2, "b", "y", "upsert", 2)]


def test_broken_connection_leaves_nothing_and_is_told(postgresql_warehouse_url: str, postgresql_server: Server) -> None:
    warehouse = open_warehouse(make_url(postgresql_warehouse_url), 60)
    name = make_url(postgresql_warehouse_url).database
    with warehouse.session() as session:
        session.prepare([ITEMS])
        with pytest.raises(WarehouseError, match="the warehouse says: "), session.load(ITEMS, NOON) as load:
            append(load, ITEMS, [(1, "a", "x")])
            others = f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}'"
            postgresql_server.sql(f"do $$ begin perform * from ({others}) as ended; end $$")
            load.commit(TableState("items"))
    assert log(warehouse) == []
    with warehouse.session() as session:
        assert write(session, ITEMS, [(1, "a", "x")]) == 1


@pytest.mark.parametrize("column", ["n" * 64, "ü" * 32])
def test_column_name_that_the_server_would_cut_is_refused(postgresql_warehouse_url: str, column: str) -> None:
    table = RawTable("shop", "long", ("id",), (Column("id", ColumnType.TEXT), Column(column, ColumnType.TEXT)))
    with open_warehouse(make_url(postgresql_warehouse_url), 1).session() as session:
        assert session.prepare([table, ITEMS]) == {
            "shop.long": f"the name of column {column} is longer than the 63 bytes that the warehouse takes"
        }


@pytest.mark.parametrize("fault", ["unreachable", "wrong password", "no such database"])
def test_server_that_refuses_is_told_in_one_line(
    fault: str,
    sandbox: Sandbox,
    postgresql_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    role = postgresql_server.guarded_role()
    sandbox.warehouse_url = {
        "unreachable": "postgresql://me:hunter2@127.0.0.1:1/db",
        "wrong password": postgresql_server.url(user=f"{role}:hunter2"),
        "no such database": postgresql_server.url("nowhere", "postgres:hunter2"),
    }[fault]
    for name, value in environment(sandbox.settings()).items():
        monkeypatch.setenv(name, value)
    assert ingestion_cli.main(["run"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: The warehouse can't be opened: ")
    assert line.endswith(". Check that the server runs and that WAREHOUSE_URL is right.")
    assert "hunter2" not in line
    assert {"unreachable": "refused", "wrong password": "password authentication failed"}.get(fault, "nowhere") in line
