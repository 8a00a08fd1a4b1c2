"""Which source systems there are, and how one is taken away."""

from datetime import UTC, datetime
from pathlib import Path

import filelock
import pytest
from sandbox import Sandbox, message
from sqlalchemy import make_url

import ingestion.__main__ as command_line
from ingestion.errors import ConfigurationError
from ingestion.loading import run as loading
from ingestion.loading.run import Ingestion
from ingestion.log.state import TableState
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.settings import SOURCES, Settings
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import Warehouse

pytestmark = pytest.mark.slow

ITEMS = [
    RawTable(source, "items", ("id",), (Column("id", ColumnType.INTEGER, required=True),)) for source in ("erp", "shop")
]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["duckdb", "postgresql", "bigquery"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    if request.param == "duckdb":
        return open_warehouse(make_url(f"duckdb:///{tmp_path / 'warehouse.duckdb'}"), 60)
    return open_warehouse(make_url(request.getfixturevalue(f"{request.param}_warehouse_url")), 60)


@pytest.fixture(params=["duckdb", "postgresql"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A warehouse with whatsapp, whose URL is gone; the shop's is set."""
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    sandbox = Sandbox(tmp_path, url).fill()
    for number in (1, 2):
        sandbox.sql(message(number))
        assert sandbox.run().errors == []
    sandbox.more |= {"whatsapp_database_url": None, "shop_database_url": "sqlite:////nowhere/shop.sqlite"}
    sandbox.export_settings(monkeypatch)
    return sandbox


def systems(sandbox: Sandbox) -> tuple[str, ...]:
    return Ingestion(sandbox.settings()).systems()


def test_warehouse_tells_what_was_loaded_and_forgets_what_is_removed(warehouse: Warehouse) -> None:
    assert warehouse.loaded_sources(SOURCES) == set()
    with warehouse.session() as session:
        session.prepare(ITEMS)
    assert warehouse.loaded_sources(SOURCES) == set()
    with warehouse.session() as session:
        # Models remember what they were built from in an entry of their own.
        session.remember("erp", TableState("_models", "built", 3))
        session.remember("shop", TableState("items", last_run_at=NOON))
    assert warehouse.loaded_sources(SOURCES) == {"shop"}
    assert warehouse.loaded_sources(["erp"]) == set()
    with warehouse.session() as session:
        session.remove("shop", [])
        assert session.states("shop") == {}
        # It may come back.
        assert session.prepare(ITEMS) == {}
    assert warehouse.loaded_sources(SOURCES) == set()
    assert {name for _, name in warehouse.tables(["raw_erp", "raw_shop"])} == {"_state", "_rejected", "items"}


def test_busy_file_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    warehouse = open_warehouse(make_url(f"duckdb:///{path}"), 60)
    with filelock.FileLock(f"{path}.lock"):
        assert warehouse.loaded_sources(SOURCES) == set()
    with warehouse.session() as session:
        session.prepare(ITEMS)
        session.remember("shop", TableState("items", batch_seq=1))
    with filelock.FileLock(f"{path}.lock"):
        assert warehouse.loaded_sources(SOURCES) == {"shop"}
    with warehouse.session() as session:
        # Nor does a session stand in the way of its own process.
        assert warehouse.loaded_sources(SOURCES) == {"shop"}
        session.remove("shop", [])
    with filelock.FileLock(f"{path}.lock"):
        assert warehouse.loaded_sources(SOURCES) == set()


def test_what_is_noted_beside_a_file_speaks_of_no_other(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    warehouse = open_warehouse(make_url(f"duckdb:///{path}"), 60)
    with warehouse.session() as session:
        session.prepare(ITEMS)
        session.remember("shop", TableState("items", batch_seq=1))
    path.unlink()
    assert warehouse.loaded_sources(SOURCES) == set()
    with warehouse.session() as session:
        session.prepare(ITEMS)
    assert warehouse.loaded_sources(SOURCES) == set()
    with filelock.FileLock(f"{path}.lock"):
        assert warehouse.loaded_sources(SOURCES) == set()


def test_systems_are_those_with_a_url_and_those_in_the_warehouse(loaded: Sandbox) -> None:
    assert set(systems(loaded)) == {"shop", "whatsapp"}
    loaded.warehouse_url = f"duckdb:///{loaded.folder / 'another.duckdb'}"
    assert systems(loaded) == ("shop",)


def test_without_any_url_they_are_those_of_the_sample() -> None:
    assert set(Ingestion(Settings()).systems()) == set(SOURCES)


def test_sample_is_not_made_where_the_warehouse_holds_what_lost_its_url(
    loaded: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.more |= {"shop_database_url": None}
    monkeypatch.setattr(loading, "SAMPLE_DIRECTORY", tmp_path / "sample")
    with pytest.raises(ConfigurationError, match=r"holds whatsapp: .* Set WHATSAPP_DATABASE_URL"):
        Ingestion(loaded.settings()).ensure_sample()
    assert not (tmp_path / "sample").exists()


def test_run_makes_no_tables_of_a_source_without_a_url(sandbox: Sandbox) -> None:
    assert sandbox.run().errors == []
    assert sandbox.query("select distinct schema_name from duckdb_tables()") == [("raw_whatsapp",)]


def test_prepare_makes_them_and_they_are_no_systems_by_that(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.export_settings(monkeypatch)
    assert command_line.main(["prepare"]) == 0
    assert "consulting, restaurant, shop, erp" in capsys.readouterr().out
    schemas = {schema for (schema,) in sandbox.query("select distinct schema_name from duckdb_tables()")}
    assert schemas == {f"raw_{source}" for source in SOURCES if source != "whatsapp"}
    assert systems(sandbox) == ("whatsapp",)


def test_removal_asks_to_be_meant_and_refuses_what_has_a_url(
    loaded: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["remove", "shop", "--yes"]) == 1
    assert "SHOP_DATABASE_URL is set: the next run would bring shop back." in capsys.readouterr().err
    assert command_line.main(["remove", "nothing", "--yes"]) == 1
    assert "Unknown source 'nothing'" in capsys.readouterr().err
    assert command_line.main(["remove", "whatsapp"]) == 1
    assert "This would remove raw_whatsapp with 6 tables, and 0 tables" in capsys.readouterr().err
    assert "whatsapp" in systems(loaded)


@pytest.mark.parametrize("archive", [[], ["--archive"]])
def test_removed_system_is_gone_with_all_that_was_built_of_it_and_can_come_back(
    loaded: Sandbox, archive: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for schema in ("staging", "intermediate", "core", "marts", "reporting"):
        loaded.change_warehouse(f"create schema {schema}")
    for what in (
        "view staging.stg_whatsapp__messages as select * from raw_whatsapp.messages",
        "table core.fct_messages as select * from staging.stg_whatsapp__messages",
        "table core.message_rates as select 1 as rate",
        "table marts.messages_daily as select * from core.fct_messages",
        "view intermediate.int_whatsapp__of_an_earlier_version as select * from core.fct_messages",
        "table core.fct_orders as select 1 as id",
        "table marts.kpis as select 1 as id",
        "view reporting.messages_daily as select * from marts.messages_daily",
        "view reporting.kpis as select * from marts.kpis",
    ):
        loaded.change_warehouse(f"create {what}")
    assert command_line.main(["remove", "whatsapp", "--yes", *archive]) == 0
    assert "Removed raw_whatsapp with 6 tables, and 6 tables and views built of it." in capsys.readouterr().out
    schemas = ("raw_whatsapp", "staging", "intermediate", "core", "marts", "reporting")
    left = Ingestion(loaded.settings()).warehouse.tables(schemas)
    assert left == {("core", "fct_orders"), ("marts", "kpis"), ("reporting", "kpis")}
    assert systems(loaded) == ("shop",)
    assert any((loaded.folder / "archive").rglob("*.parquet")) == (not archive)
    loaded.more = {"shop_database_url": None}
    if not archive:
        [error] = loaded.run().errors
        assert "messages: the archive holds 2 batches of it that this warehouse does not. Rebuild it" in error
        assert command_line.main(["rebuild", "--from-archive", "--source", "whatsapp", "--replace"]) == 0
    assert loaded.run().errors == []
    assert loaded.latest("messages", "id") == [(1,), (2,)]
