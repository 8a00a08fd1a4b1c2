"""What BigQuery does in its own way as a warehouse, and whole runs into it, on an emulator."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bigquery import Bigquery
from integration import test_extraction as extraction
from integration import test_status_command as status
from integration.test_warehouse_conformance import ITEMS, NOON, append, batch, hashed, keys, log, write
from sandbox import Sandbox, environment, message
from sqlalchemy import make_url

import ingestion.__main__ as ingestion_cli
from ingestion.errors import ConfigurationError, WarehouseError
from ingestion.log.state import TableState
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.warehouses import bigquery_connection, open_warehouse
from ingestion.warehouses.bigquery_connection import BigqueryConnection
from ingestion.warehouses.bigquery_lock import BigqueryLock


# The other scenarios differ in what is read, not in how it is written: two engines are enough for them.
@pytest.mark.parametrize(
    "scenario",
    [
        extraction.test_first_run_appends_every_row_and_second_run_nothing,
        extraction.test_row_that_arrives_late_is_found_by_its_key,
        extraction.test_deleted_row_gets_a_delete_version_and_may_come_back,
        extraction.test_wrong_values_are_rejected_once_and_nothing_else_is_lost,
        extraction.test_new_column_is_added_and_old_rows_are_backfilled,
        extraction.test_archive_holds_what_raw_holds,
    ],
)
def test_whole_runs_end_as_in_other_warehouses(
    scenario: Callable[[Sandbox], None], bigquery_warehouse_url: str, tmp_path: Path
) -> None:
    scenario(Sandbox(tmp_path, bigquery_warehouse_url).fill())


def test_status_tells_what_is_there(
    bigquery_warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = Sandbox(tmp_path, bigquery_warehouse_url).fill()
    sandbox.more["as_of"] = datetime(2026, 3, 1, 14, tzinfo=UTC)
    sandbox.export_settings(monkeypatch)
    status.test_raw_and_source_are_told_side_by_side(sandbox, capsys)


def test_log_is_rebuilt_from_its_archive_here_and_elsewhere(
    bigquery_service: Bigquery, bigquery_warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = Sandbox(tmp_path, bigquery_warehouse_url).fill()
    sandbox.sql(message(1), message(2), message(3), message(9, "yesterday"))
    assert sandbox.run().errors == []
    sandbox.sql("update messages set content = 'edited' where id = 1", "delete from messages where id = 2")
    assert sandbox.run().errors == []
    whole = "select id, content, _batch_seq, _loaded_at, _op, _row_hash from raw_whatsapp.messages order by 3, 1"
    before = sandbox.query(whole)
    assert len(before) == 5
    for url in (f"duckdb:///{tmp_path / 'other.duckdb'}", bigquery_service.new_database()):
        sandbox.warehouse_url = url
        sandbox.export_settings(monkeypatch)
        assert ingestion_cli.main(["rebuild", "--from-archive"]) == 0
        assert sandbox.query(whole) == before
        assert [t.state.rows_appended for t in sandbox.run().tables] == [0, 0, 0, 0]


def test_load_that_began_before_another_committed_is_refused(bigquery_warehouse_url: str) -> None:
    """A lease can end unseen, as on a machine that was asleep: the commit makes sure that nobody came between."""
    warehouse = open_warehouse(make_url(bigquery_warehouse_url), 1)
    with warehouse.session() as one, warehouse.session() as other:
        one.prepare([ITEMS])
        with pytest.raises(WarehouseError, match="another run committed rows"), one.load(ITEMS, NOON) as load:
            append(load, ITEMS, [(1, "a", "x")])
            assert write(other, ITEMS, [(1, "a", "y")]) == 1
            load.commit(TableState("items"))
        assert write(one, ITEMS, [(1, "a", "x")]) == 1
    assert log(warehouse) == [(1, "a", "y", "upsert", 1), (1, "a", "x", "upsert", 2)]


def test_run_whose_lease_another_took_commits_nothing(bigquery_warehouse_url: str) -> None:
    url = make_url(f"{bigquery_warehouse_url}?lease_seconds=1")
    warehouse, connection = open_warehouse(url, 1), BigqueryConnection(url)
    with warehouse.session() as session:
        session.prepare([ITEMS])
        connection.execute(f"update {connection.prefix}._lock set holder = 'thief' where true")
        with pytest.raises(WarehouseError, match="lock could not be renewed"), session.load(ITEMS, NOON) as load:
            append(load, ITEMS, [(1, "a", "x")])
            while True:
                # Until the renewal, a third of a second away, has found out.
                BigqueryLock.of(url).check()
                time.sleep(0.05)
    connection.close()
    assert log(warehouse) == []


def test_load_leaves_no_scratch_tables(bigquery_warehouse_url: str) -> None:
    warehouse = open_warehouse(make_url(bigquery_warehouse_url), 1)
    with warehouse.session() as session:
        session.prepare([ITEMS])
        with session.load(ITEMS, NOON) as load:
            append(load, ITEMS, [(1, "a", "x"), (1, "a", "y")])
            load.compare_keys(keys((1, "a")), 0)
            load.reject(load.duplicates())
            load.commit(TableState("items"))
    tables = warehouse.query('select table_name from "raw_shop".INFORMATION_SCHEMA.TABLES order by table_name')
    assert tables.column(0).to_pylist() == ["_rejected", "_state", "items"]


def test_read_without_rows_is_not_sent(bigquery_warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_warehouse(make_url(bigquery_warehouse_url), 1).session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
        with session.load(ITEMS, NOON) as load:
            with monkeypatch.context() as offline:
                offline.delattr(BigqueryConnection, "_job")
                offline.delattr(BigqueryConnection, "upload")
                load.stage(hashed(ITEMS, batch(ITEMS, [])))
                assert load.append_changed() == 0
                assert load.duplicates() == []
                assert load.appended_rows() is None
            load.commit(TableState("items"))


def test_names_are_held_as_far_as_the_service_takes_them(bigquery_warehouse_url: str) -> None:
    odd = Column("Größe & 'Maß' \"", ColumnType.TEXT)
    fine = Column("Größe & 'Maß'", ColumnType.TEXT)
    tables = [RawTable("shop", f"t{n}", ("id",), (Column("id", ColumnType.TEXT), c)) for n, c in enumerate((fine, odd))]
    warehouse = open_warehouse(make_url(bigquery_warehouse_url), 1)
    with warehouse.session() as session:
        by_number = RawTable("shop", "t2", ("id",), (Column("id", ColumnType.DOUBLE),))
        assert session.prepare([*tables, by_number]) == {
            "shop.t1": f"the name of column {odd.name} has a character that the warehouse does not take",
            "shop.t2": "key column id is a double, by which BigQuery can't partition rows",
        }
        assert write(session, tables[0], [("a", "it's \\ \n")]) == 1
    assert warehouse.query("select * from raw_shop.t0").to_pylist()[0][fine.name] == "it's \\ \n"


def test_project_needs_no_copy(bigquery_warehouse_url: str, tmp_path: Path) -> None:
    warehouse = open_warehouse(make_url(bigquery_warehouse_url), 1)
    assert not warehouse.capabilities.needs_copy
    with pytest.raises(WarehouseError, match="BI tools read the warehouse test_"):
        warehouse.publish_copy([("marts", "costs")], tmp_path / "bi.duckdb")


@pytest.mark.parametrize("url", ["bigquery://project", "bigquery:///prefix", "bigquery://project/a-b"])
def test_url_without_project_or_prefix_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"bigquery://project/prefix\?location=EU"):
        open_warehouse(make_url(url), 1)


@pytest.mark.parametrize("fault", ["unreachable", "no credentials"])
def test_service_that_refuses_is_told_in_one_line(
    fault: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bigquery_connection, "RETRY_SECONDS", 1.0)
    sandbox.warehouse_url = "bigquery://project/crm"
    if fault == "unreachable":
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    else:
        # Neither a person's nor a machine's of Google's.
        monkeypatch.setenv("HOME", str(sandbox.folder))
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    for name, value in environment(sandbox.settings()).items():
        monkeypatch.setenv(name, value)
    assert ingestion_cli.main(["run"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: The warehouse can't be opened: ")
    assert {"unreachable": "refused", "no credentials": "gcloud auth application-default login"}[fault] in line
    assert "http" not in line


def test_missing_package_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    for name in [name for name in sys.modules if name.startswith("ingestion.warehouses.bigquery")]:
        monkeypatch.delitem(sys.modules, name)
    told = r"'google\.cloud\.bigquery' is not installed\. Install it: \.venv/bin/pip install "
    with pytest.raises(ConfigurationError, match=told):
        open_warehouse(make_url("bigquery://project/crm"), 1)
