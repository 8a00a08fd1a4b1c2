"""A model of one's own that fails, or whose data test does, in whole runs of a copy of the project."""

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from end_to_end.place import Place

from ingestion import sample
from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

MODELS = {
    "good": "select tenant_key, count(*) as days from {{ ref('kpis') }} group by tenant_key",
    # The one fails without it, the other's test if it says so.
    "broken": "select word from core.by_hand",
    "doubted": "select word, {{ dbt.current_timestamp() }} as made_at from core.word_by_hand",
    "reader": "select broken.word from {{ ref('broken') }} as broken cross join {{ ref('good') }} as good",
}
TESTS = """
models:
  - name: doubted
    columns:
      - name: word
        data_tests:
          - accepted_values: {arguments: {values: [well]}}
"""
EXPORTS = {
    **{name: {"mart": name, "split": "whole"} for name in MODELS},
    "asked": {"query": "select * from reporting.reader", "split": "whole"},
    # Whatever it is said to be of.
    "of_whatsapp": {"source": "whatsapp", "mart": "doubted", "split": "whole"},
    "kpis_monthly": {
        "mart": "kpis",
        "where": "grain = 'month'",
        "cadence": "monthly",
        "files": "history",
        "split": "whole",
    },
    "customer_360": {"mart": "customer_360", "split": "whole"},
}
REPORTS = {
    name: {
        "title": name,
        "source": "all",
        "recipients": "all",
        "keeps": False,
        "sections": [
            {
                "title": name,
                "query": {
                    "sql": f"select count(*) as lines from {table}",
                    "columns": {"lines": {"label": "Lines", "form": "count"}},
                },
            }
        ],
    }
    for name, table in (("of_broken", "marts.broken"), ("of_kpis", "marts.kpis"))
}
HELD = {"broken", "doubted", "reader", "asked", "of_whatsapp", "of_broken"}

BY_HAND = """
import dagster
from orchestration import definitions, told

assets = [dagster.AssetKey(["exports", name]) for name in ("doubted", "good")]
job = definitions.defs.resolve_job_def("warehouse_publication")
events = job.execute_in_process(raise_on_error=False, asset_selection=assets).all_events
for event in events:
    if event.is_step_failure:
        print(told.cause(event.step_failure_data))
print("made:", *(event.asset_key.path[1] for event in events if event.is_step_materialization))
"""


class OwnPlace(Place):
    """A place in which a copy of the project runs, which has models of its owner's."""

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def go(self) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "orchestration", "run", cwd=self.project)

    def change(self, *statements: str) -> None:
        with duckdb.connect(self.folder / "warehouse.duckdb") as db:
            for statement in statements:
                db.execute(statement)

    def published(self) -> dict[str, bytes]:
        """Of each export and report of all tenants the bytes of its file."""
        together = self.folder / "exports" / "all"
        files = [*together.rglob("*.csv"), *(together / "reports").glob("of_*.html")]
        return {path.parent.name if path.suffix == ".csv" else path.stem: path.read_bytes() for path in files}

    def copied(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(self.folder / "bi.duckdb", read_only=True) as copy:
            return copy.execute(sql).fetchall()

    def wrong(self) -> str:
        return self.run(sys.executable, "-m", "orchestration", "alerts", cwd=self.project).stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> OwnPlace:
    folder = tmp_path_factory.mktemp("own")
    sample.create(folder / "sample", scale=0.05, first_day=date(2026, 10, 1), last_day=date(2026, 11, 25))
    place = OwnPlace(folder, {"whatsapp": f"sqlite:///{folder / 'sample' / 'whatsapp.sqlite'}"})
    place.environment |= {
        "AS_OF": "2026-11-26T12:00:00+00:00",
        "EXPORTS_CATALOGUE": str(folder / "exports.yml"),
        "REPORTS_CATALOGUE": str(folder / "reports.yml"),
    }
    for name in ("alerts", "dbt_project", "exports", "ingestion", "marts", "orchestration"):
        shutil.copytree(PROJECT_ROOT / name, place.project / name, ignore=shutil.ignore_patterns("target", "logs"))
    custom = place.project / "dbt_project" / "models" / "custom"
    for name, sql in MODELS.items():
        (custom / f"{name}.sql").write_text(sql, encoding="utf-8")
    (custom / "_custom.yml").write_text(TESTS, encoding="utf-8")
    (folder / "exports.yml").write_text(yaml.safe_dump(EXPORTS), encoding="utf-8")
    (folder / "reports.yml").write_text(yaml.safe_dump(REPORTS), encoding="utf-8")
    place.change("create schema core", "create table core.word_by_hand as select 'wrong' as word")
    return place


def test_what_fails_of_your_own_holds_back_itself_and_what_reads_it(place: OwnPlace) -> None:
    result = place.go()
    assert result.returncode == 1
    assert re.search("error: models: 2 failed: .*accepted_values_doubted_word__well", result.stderr)
    assert "broken: " in result.stderr
    assert "broken can't be built: " in place.wrong()
    assert "The test accepted_values_doubted_word__well fails" in place.wrong()
    published = place.published()
    assert published.keys() == {*EXPORTS, *REPORTS} - HELD
    copied = {name for (name,) in place.copied("select table_name from duckdb_tables()")}
    assert {"kpis", "good"} <= copied
    assert not copied & HELD

    # It is tried again by itself, with what reads it; and by hand nothing is published of it either.
    result = place.go()
    assert result.returncode == 1
    assert re.findall(r"models: (\d+ to build of .*)", result.stderr) == ["3 to build of your own"]
    assert "to publish" not in result.stderr
    assert place.published() == published
    result = place.run(sys.executable, "-c", BY_HAND, cwd=place.project)
    assert "doubted: doubted could not be built, or failed its test, when it was last tried" in result.stdout
    assert result.stdout.splitlines()[-1] == "made: good"
    result = place.run(sys.executable, "-m", "orchestration", "nightly", cwd=place.project)
    assert "tests: those of broken, doubted, reader come with the next build of them" in result.stderr


def test_good_run_publishes_what_was_held_back(place: OwnPlace) -> None:
    place.change("update core.word_by_hand set word = 'well'", "create table core.by_hand as select 'here' as word")
    result = place.go()
    assert result.returncode == 0, result.stderr
    assert re.findall(r"models: (\d+ to build of .*)", result.stderr) == ["3 to build of your own"]
    assert place.published().keys() == {*EXPORTS, *REPORTS}
    assert place.copied("select * from marts.reader limit 1") == [("here",)]
    assert place.copied("select word from marts.doubted") == [("well",)]
    assert "can't be built" not in place.wrong()
    assert "to build" not in place.go().stderr


def test_what_was_published_stays_and_is_told_to_be_as_old_as_it_is(place: OwnPlace) -> None:
    age = "select last_built_at from marts.freshness where relation_name = '{}'"
    before, was = place.published(), {name: place.copied(age.format(name)) for name in ("doubted", "kpis")}
    place.change("update core.word_by_hand set word = 'wrong'", "drop table core.by_hand")
    place.receive_message()
    result = place.go()
    assert result.returncode == 1
    assert [*re.findall(r"to build of (.*)", result.stderr)] == ["whatsapp", "cross_source"]
    after = place.published()
    assert {name: after[name] for name in HELD} == {name: before[name] for name in HELD}
    assert place.rows("select word from marts.doubted") == [("wrong",)]
    assert place.copied("select word from marts.doubted") == [("well",)]
    assert place.copied("select distinct word from marts.reader") == [("here",)]
    assert place.copied(age.format("doubted")) == was["doubted"]
    assert place.copied(age.format("kpis")) > was["kpis"]
    assert "to build of your own" in place.go().stderr
