"""Whatever changes is built, copied and exported by the next run, and nothing else is."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from end_to_end.place import Place

pytestmark = pytest.mark.slow


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_change_in_one_system_reaches_the_models_that_read_all_systems(sample_place: Place) -> None:
    # Models note what they saw, so that what they need no more may go; nothing is built again for that.
    result = sample_place.module("ingestion", "compact", "--older-than-days", "0")
    assert result.returncode == 0, result.stderr
    assert "nothing removed" not in result.stdout
    last = "select max(batch_seq) filter (where table_name = '_models') = max(batch_seq) from raw_whatsapp._state"
    assert sample_place.rows(last) == [(True,)]
    sources = sample_place.folder / "sample"
    change(sources / "restaurant.sqlite", "insert into restaurants values (999, 'New', 'Europe/Berlin')")
    result = sample_place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert re.findall(r"to build of (.*)", result.stderr) == ["restaurant", "cross_source"]
    found = "select tenant_name from core.dim_tenants where tenant_key = 'restaurant:999'"
    assert sample_place.rows(found) == [("New",)]
    with duckdb.connect(sample_place.folder / "bi.duckdb", read_only=True) as copy:
        assert copy.execute(found).fetchall() == [("New",)]


def test_other_place_for_exports_and_copy_is_filled_though_no_row_changed(sample_place: Place, tmp_path: Path) -> None:
    sample_place.environment |= {
        "EXPORTS_URL": str(tmp_path / "exports"),
        "BI_SNAPSHOT_PATH": str(tmp_path / "bi.duckdb"),
    }
    # The page at the end shows a tenant's name, which may be anything.
    with duckdb.connect(sample_place.folder / "warehouse.duckdb") as warehouse:
        warehouse.execute("update marts.tenant_summary_monthly set tenant_name = '[/b]' || chr(27) || '[2J' || chr(10)")
    result = sample_place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert "nothing changed since they were last built; none was built" in result.stdout
    assert "[/b]\\x1b[2J\\n, " in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    assert (tmp_path / "exports" / "costs_monthly" / "manifest.json").exists()
    with duckdb.connect(tmp_path / "bi.duckdb", read_only=True) as copy:
        assert copy.execute("select count(*) > 0 from marts.costs_daily").fetchall() == [(True,)]


def test_salt_changes_every_contact_hash(sample_place: Place) -> None:
    hashes = "select distinct customer_hash from core.fct_conversations where customer_hash is not null"
    before = set(sample_place.rows(hashes))
    sample_place.environment["CONTACT_HASH_SALT"] = "pepper"
    untested = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    result = sample_place.dbt("build", "--select", "+fct_conversations", *untested)
    assert result.returncode == 0, result.stdout[-3000:]
    after = set(sample_place.rows(hashes))
    assert before
    assert len(after) == len(before)
    assert not before & after
