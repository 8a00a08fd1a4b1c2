"""What CONTRIBUTING says of numbers, marts, facts and models of one's own, done word by word in a copy."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from end_to_end.model_history import ModelHistory
from end_to_end.test_incremental_models import content_of_full_refresh_too
from parsed_project import ParsedProject

from ingestion.settings import PROJECT_ROOT
from marts.written import stale_files

pytestmark = pytest.mark.slow

EXAMPLE = re.compile(
    r"^```(?:yaml|sql)\n(?:#|--) (\S+?)(?:, (at its end|in \w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with all examples."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(PROJECT_ROOT / "dbt_project", copy / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    (copy / "ingestion").mkdir()
    shutil.copy(PROJECT_ROOT / "ingestion" / "catalogue.yml", copy / "ingestion")
    examples = EXAMPLE.findall((PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert {Path(name).suffix for name, _, _ in examples} == {".yml", ".sql"}
    for name, place, text in examples:
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.read_text(encoding="utf-8") if place else ""
        if place.startswith("in "):
            head = f"\n{place.removeprefix('in ')}:\n"
            assert there.count(head) == 1
            path.write_text(there.replace(head, head + text), encoding="utf-8")
        else:
            assert path.exists() == bool(place), name
            path.write_text(there + text, encoding="utf-8")
    models = copy / "dbt_project" / "models"
    for path, written in stale_files(models).items():
        assert written is not None, path
        path.write_text(written, encoding="utf-8")
    assert stale_files(models) == {}
    return copy


@pytest.fixture
def lived(project: Path, parsed_project: ParsedProject, tmp_path: Path) -> Callable[..., ModelHistory]:
    """Makes a history of a system: built once, then changed and built again."""

    def live(system: str, *statements: str, before: str = "", built: tuple[str, ...] = ()) -> ModelHistory:
        history = ModelHistory(system, tmp_path, parsed_project, project=project, before=before)
        history.extract()
        history.build(*built)
        history.live_a_day()
        for statement in statements:
            with closing(sqlite3.connect(history.file)) as db, db:
                db.execute(statement)
        history.extract()
        history.build(*built)
        return history

    return live


def test_measure_and_mart_are_one_entry_and_one_file_and_a_model_is_plain_sql(
    project: Path, lived: Callable[..., ModelHistory]
) -> None:
    # What the examples are looked at in, and what that is made of.
    looked_at = ("visits_daily", "visits_weekly", "visits_trailing", "outreach_results_monthly", "campaigns_monthly")
    built = ("--select", *(f"+{mart}" for mart in looked_at), "+path:models/custom")
    history = lived("restaurant", built=built)
    query = history.warehouse.query
    for grain in ("daily", "weekly", "monthly"):
        # Days, weeks and months are as many visits.
        [measured] = query(f"select sum(large_visits) as visits from marts.visits_{grain}").to_pylist()
        [counted] = query("select count(*) as visits from core.fct_visits where spend_amount >= 50").to_pylist()
        assert 0 < measured["visits"] <= counted["visits"], grain
    trailing = "select sum(large_visits) as visits from marts.visits_trailing where window_days = 90 and not is_prior"
    assert query(trailing).to_pylist()[0]["visits"] > 0
    kpis = project / "dbt_project" / "models" / "intermediate" / "cross_source" / "int_cross_source__kpi_days.sql"
    assert '["large_visits", "count", "visits", "large_visits", ""]' in kpis.read_text(encoding="utf-8")
    [results] = query("select sum(messages) as messages from marts.outreach_results_monthly").to_pylist()
    [outreach] = query("select sum(total_outreach) as messages from marts.campaigns_monthly").to_pylist()
    assert results == outreach
    [own] = query("select sum(visits) as visits from marts.busiest_restaurants").to_pylist()
    assert own == query("select sum(total_visits) as visits from marts.visits_monthly").to_pylist()[0]
    content_of_full_refresh_too(history, *built)


def test_fact_on_a_new_table_needs_no_model_that_there_is(lived: Callable[..., ModelHistory]) -> None:
    built = ("--select", "+path:models/marts/consulting/meetings")
    history = lived(
        "consulting",
        "update meetings set minutes = 5, held_at = '2026-08-25 10:00:00+00:00' where rowid % 5 = 0",
        "delete from meetings where rowid % 7 = 0",
        "insert into meetings values (9999, 'somebody', '2026-09-04 10:00:00+00:00', 90)",
        before="create table meetings as"
        " select id, owner, created_at as held_at, 30 + rowid % 40 as minutes from leads",
        built=built,
    )
    [mart] = history.warehouse.query("select sum(meetings) as meetings from marts.meetings_daily").to_pylist()
    [fact] = history.warehouse.query("select count(*) as meetings from core.fct_meetings").to_pylist()
    assert 0 < mart["meetings"] <= fact["meetings"]
    [somebody] = history.warehouse.query(
        "select median_minutes from marts.meetings_daily where owner = 'somebody' and meetings > 0"
    ).to_pylist()
    assert somebody["median_minutes"] == 90
    content_of_full_refresh_too(history, *built)
