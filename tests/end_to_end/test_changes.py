"""What changes though no row does: where to publish, and what pseudonyms are made with."""

import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from end_to_end.conftest import AS_OF
from end_to_end.place import Place

from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

DUE = "from orchestration import changes, configuration; print(*changes.read().due_models(configuration.settings.now))"


def test_models_are_due_when_a_day_has_passed_and_when_an_earlier_version_built_them(
    place_of_two: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def due() -> str:
        result = place_of_two.run(sys.executable, "-c", DUE)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    warehouse = shutil.copyfile(place_of_two.folder / "warehouse.duckdb", tmp_path / "warehouse.duckdb")
    monkeypatch.setitem(place_of_two.environment, "WAREHOUSE_URL", f"duckdb:///{warehouse}")
    assert due() == ""
    with monkeypatch.context() as tomorrow:
        tomorrow.setitem(place_of_two.environment, "AS_OF", (AS_OF + timedelta(days=1)).isoformat())
        assert due() == "whatsapp restaurant cross_source"
    with duckdb.connect(warehouse) as built:
        # Its tenants had no local day.
        built.execute("alter table intermediate.int_whatsapp__tenants drop column local_date")
        built.execute("update raw_whatsapp._state set watermark = 'another project' where table_name = '_models'")
    assert due() == "whatsapp cross_source"


def test_other_place_for_exports_and_copy_is_filled_though_no_row_changed(place_of_two: Place, tmp_path: Path) -> None:
    place_of_two.environment |= {
        "EXPORTS_URL": str(tmp_path / "exports"),
        "EXPORTS_CATALOGUE": str(PROJECT_ROOT / "exports" / "catalogue.yml"),
        "BI_SNAPSHOT_PATH": str(tmp_path / "bi.duckdb"),
    }
    # The page at the end shows a tenant's name, which may be anything.
    with duckdb.connect(place_of_two.folder / "warehouse.duckdb") as warehouse:
        warehouse.execute("update marts.tenant_summary_monthly set tenant_name = '[/b]' || chr(27) || '[2J' || chr(10)")
    result = place_of_two.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert "nothing changed since they were last built; none was built" in result.stdout
    assert "[/b]\\x1b[2J\\n, " in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    exported = [path.relative_to(tmp_path / "exports") for path in (tmp_path / "exports").rglob("*") if path.is_file()]
    assert Path("all/costs_monthly/costs_monthly.csv") in exported
    # A handful of files that people can look through.
    assert 20 < len(exported) <= 300
    beside_reports = {path.parts[0] for path in exported if "reports" not in path.parts}
    assert beside_reports == {"all", "index.html", "published.json"}
    with duckdb.connect(tmp_path / "bi.duckdb", read_only=True) as copy:
        assert copy.execute("select count(*) > 0 from marts.costs_daily").fetchall() == [(True,)]
    # It may be on a disk that is not there today: what was published is not published once more.
    shutil.rmtree(tmp_path / "exports")
    told = " ".join(place_of_two.module("orchestration", "run").stdout.split())
    assert "exports (not there: .venv/bin/python -m exports run writes them again)" in told
    assert "exports/index.html (not there: make reports makes them again)" in told
    assert "open " not in told
    assert not (tmp_path / "exports").exists()


def test_another_key_changes_every_pseudonym_and_no_number(place_of_two: Place) -> None:
    hashes = "select distinct customer_hash from core.fct_conversations where customer_hash is not null"
    numbers = "select * from marts.conversations_daily order by all"
    before, counted = set(place_of_two.rows(hashes)), place_of_two.rows(numbers)
    keys = {
        "PRIVACY_KEY": "another key, of thirty-two characters or more",
        "PRIVACY_KEY_BEFORE": os.environ["PRIVACY_KEY"],
    }
    place_of_two.environment |= keys
    # Until raw is under it no model is built, though a day has passed: its numbers would be those of nobody.
    told = place_of_two.environment["AS_OF"]
    place_of_two.environment["AS_OF"] = (AS_OF + timedelta(days=1)).isoformat()
    result = place_of_two.module("orchestration", "run")
    assert result.returncode == 1
    assert result.stderr.count("python -m ingestion rotate-key") >= 3
    # Nor by hand.
    result = place_of_two.module("orchestration", "refresh", "whatsapp")
    assert result.returncode == 1
    assert "models of whatsapp wait: " in result.stderr
    assert "python -m ingestion rotate-key" in result.stderr
    assert set(place_of_two.rows(hashes)) == before
    assert place_of_two.rows(numbers) == counted
    place_of_two.environment["AS_OF"] = told
    result = place_of_two.module("ingestion", "rotate-key")
    assert result.returncode == 0, result.stderr
    untested = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    for options in ([], ["--full-refresh"]):
        result = place_of_two.dbt(
            "build", "--select", "+fct_conversations", "+conversations_daily", *untested, *options
        )
        assert result.returncode == 0, result.stdout[-3000:]
        after = set(place_of_two.rows(hashes))
        assert len(after) == len(before) > 0
        assert not before & after
        assert place_of_two.rows(numbers) == counted
