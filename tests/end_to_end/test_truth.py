"""What Dagster shows after each kind of run: everything its own last real result, and red only what failed."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass

import duckdb
import pytest
from canary import places_of
from end_to_end.conftest import AS_OF, FirstRun
from end_to_end.dagster_api import Shown, Ui, shown
from end_to_end.people import UNREVIEWED, place_of, places_allowed
from end_to_end.place import Place
from end_to_end.test_pipeline import assert_totals_agree
from end_to_end.web import free_port, wait_until_it_answers
from oracle.check import disagreements_of_system
from parsed_project import TWO_SYSTEMS

from ingestion import sample
from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

REVIEWED = "every_column_reviewed"


@dataclass
class Watched:
    """A place with a web server that reads its runs."""

    place: Place
    ui: Ui

    def run(self) -> subprocess.CompletedProcess[str]:
        return self.place.module("orchestration", "run")

    def start(self) -> "subprocess.Popen[str]":
        """Start a run, which tells on its standard error how it goes."""
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration", "run"],
            cwd=PROJECT_ROOT,
            env=self.place.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def change(self, source: str, statement: str) -> None:
        with closing(sqlite3.connect(self.place.folder / "sample" / f"{source}.sqlite")) as db, db:
            db.execute(statement)


@pytest.fixture(scope="module")
def watched(place_of_two: Place) -> Iterator[Watched]:
    """Two systems after their first run."""
    port = free_port()
    command = ["dagster-webserver", "--workspace", "workspace.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (place_of_two.folder / "webserver.log").open("w") as log:
        server = subprocess.Popen(command, cwd=PROJECT_ROOT, env=place_of_two.environment, stdout=log, stderr=log)
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}/server_info", server)
            yield Watched(place_of_two, Ui(f"http://127.0.0.1:{port}"))
        finally:
            server.terminate()
            server.wait()


def is_raw(asset: str) -> bool:
    return asset.partition("/")[0] in TWO_SYSTEMS


def made_anew(before: dict[str, Shown], after: dict[str, Shown]) -> set[str]:
    """The assets whose last materialization or check is another than before, raw tables left out."""
    return {name for name in after if not is_raw(name) and after[name] != before[name]}


def red(assets: dict[str, Shown]) -> set[str]:
    return {name for name, asset in assets.items() if asset.is_red}


def statuses(assets: dict[str, Shown]) -> set[str]:
    """How checks ended. The first run warns of rows that it rejects, later ones of those that they reject anew.

    Of columns that nobody declared all do: `unreviewed` tells.
    """
    checks = [check for asset in assets.values() for check in asset.checks.items()]
    return {status for name, (_, status) in checks if name != REVIEWED}


def unreviewed(assets: dict[str, Shown]) -> set[str]:
    """The raw tables with columns of which nobody says what they hold."""
    return {
        name for name, asset in assets.items() if REVIEWED in asset.checks and asset.checks[REVIEWED][1] == "WARNED"
    }


def system_of(asset: str) -> str:
    """The system that an asset's name tells, staging, intermediate and copy; else nothing."""
    return next((s for s in TWO_SYSTEMS if s in asset), "")


def test_after_the_first_run_everything_is_green_and_counted(watched: Watched) -> None:
    assets = shown(watched.ui)
    assert red(assets) == set()
    assert all(asset.materialized_by for asset in assets.values())
    # The view on what builds record is no part of the record.
    counted = {name for name in assets if name.startswith(("core/", "marts/"))} - {"marts/freshness"}
    assert all(assets[name].rows is not None for name in counted)
    assert statuses(assets) == {"SUCCEEDED", "WARNED"}
    assert unreviewed(assets) == {"/".join(UNREVIEWED[:2])}


def test_nothing_changed_leaves_every_result_as_it_was(watched: Watched) -> None:
    before = shown(watched.ui)
    result = watched.place.run(sys.executable, "-X", "importtime", "-m", "orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert "nothing changed since they were last built; none was built" in result.stdout
    # Such runs are most of all, and these libraries cost them more than what they do.
    imported = set(re.findall(r"^import time:.*\| +(\w+)", result.stderr, flags=re.MULTILINE))
    assert "dagster" in imported
    assert not imported & {"dbt", "dagster_dbt"}
    after = shown(watched.ui)
    assert made_anew(before, after) == set()
    assert red(after) == set()
    # Raw tables were read, and say so.
    assert all(after[name].materialized_by != before[name].materialized_by for name in after if is_raw(name))


def test_source_that_is_down_is_red_and_told_last_and_only_what_changed_is_made_anew(watched: Watched) -> None:
    # Models note what they saw, so that what they need no more may go; nothing is built again for that.
    compacted = watched.place.module("ingestion", "compact", "--older-than-days", "0")
    assert compacted.returncode == 0, compacted.stderr
    assert "nothing removed" not in compacted.stdout
    last = "select max(batch_seq) filter (where table_name = '_models') = max(batch_seq) from raw_whatsapp._state"
    assert watched.place.rows(last) == [(True,)]
    before = shown(watched.ui)
    whatsapp = watched.place.folder / "sample" / "whatsapp.sqlite"
    shutil.move(whatsapp, whatsapp.with_suffix(".away"))
    watched.change("restaurant", "insert into restaurants values (999, 'New', 'Europe/Berlin')")
    result = watched.run()
    shutil.move(whatsapp.with_suffix(".away"), whatsapp)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(
        "error: raw_whatsapp: whatsapp: there is no SQLite file whatsapp.sqlite"
    )
    assert "Traceback" not in result.stderr
    assert re.findall(r"to build of (.*)", result.stderr) == ["restaurant", "cross_source"]
    found = "select tenant_name from core.dim_tenants where tenant_key = 'restaurant:999'"
    assert watched.place.rows(found) == [("New",)]
    with duckdb.connect(watched.place.folder / "bi.duckdb", read_only=True) as copy:
        assert copy.execute(found).fetchall() == [("New",)]
    after = shown(watched.ui)
    assert red(after) == {name for name in after if name.startswith("whatsapp/")}
    anew = made_anew(before, after)
    assert {
        "core/dim_tenants",
        "marts/customer_360",
        "marts/kpis",
        "bi_copy/restaurant",
        "bi_copy/cross_source",
    } <= anew
    assert {system_of(name) for name in anew} == {"restaurant", ""}


def test_failing_test_reddens_its_model_and_what_could_not_be_built(watched: Watched) -> None:
    before = shown(watched.ui)
    warehouse, built = watched.place.folder / "warehouse.duckdb", "staging.stg_whatsapp__messages"
    with duckdb.connect(warehouse) as db:
        # A row twice, in a table of which a build replaces only what changed.
        db.execute(f"insert into {built} select * replace (-1 as _batch_seq) from {built} limit 1")
    watched.change("whatsapp", "update messages set content = 'x' where id = (select max(id) from messages)")
    watched.change("restaurant", "insert into restaurants values (997, 'Newest', 'Europe/Berlin')")
    result = watched.run()
    with duckdb.connect(warehouse) as db:
        db.execute(f"delete from {built} where _batch_seq = -1")
    assert result.returncode == 1
    assert "stg_whatsapp__messages" in result.stderr
    after = shown(watched.ui)
    failed = red(after)
    assert "staging/stg_whatsapp__messages" in failed
    assert {after[name].is_failed for name in failed - {"staging/stg_whatsapp__messages"}} <= {True}
    anew = made_anew(before, after)
    assert {"marts/customer_360", "bi_copy/restaurant"} <= anew
    assert not {name for name in failed if system_of(name) not in ("whatsapp", "")}
    assert not {"marts/customer_360", "marts/kpis", "core/dim_tenants"} & failed


def test_killed_run_reddens_what_it_had_not_made(watched: Watched) -> None:
    watched.place.receive_message()
    process = watched.start()
    assert process.stderr is not None
    for line in process.stderr:
        if "models: 3/" in line:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert watched.place.module("orchestration", "prepare").returncode == 0
    after = shown(watched.ui)
    assert after["marts/conversations_daily"].is_failed
    assert {system_of(name) for name in red(after)} <= {"whatsapp", ""}


def test_good_run_makes_everything_green_again_and_what_did_not_change_stays(watched: Watched) -> None:
    before = shown(watched.ui)
    result = watched.run()
    assert result.returncode == 0, result.stderr
    assert re.findall(r"to build of (.*)", result.stderr) == ["whatsapp", "cross_source"]
    after = shown(watched.ui)
    assert {system_of(name) for name in made_anew(before, after)} == {"whatsapp", ""}
    assert red(after) == set()
    assert all(asset.materialized_by for asset in after.values())
    assert statuses(after) == {"SUCCEEDED"}
    assert unreviewed(after) == unreviewed(before)
    place = watched.place
    assert_totals_agree(place, place.folder / "sample" / "whatsapp.sqlite")
    for system in TWO_SYSTEMS:
        assert disagreements_of_system(place.warehouse, system, AS_OF) == []


def test_people_are_nowhere_but_where_the_catalogue_says(first_run: FirstRun, watched: Watched) -> None:
    """After the first run of all systems, and after runs of two that went well and badly: in no file, table or log."""
    assert_people_are_where_they_may(first_run.place, sample.SOURCES)
    assert_people_are_where_they_may(watched.place, TWO_SYSTEMS)
    said = first_run.result.stdout + first_run.result.stderr
    assert not [value for value in places_allowed() if value in said]


def assert_people_are_where_they_may(place: Place, systems: Collection[str]) -> None:
    """Nor is the key of pseudonyms anywhere."""
    allowed = places_allowed(systems) | {os.environ["PRIVACY_KEY"]: set()}
    # Of a DuckDB file the bytes are no place of their own where a table in it is allowed.
    allowed = {value: {WAREHOUSE, *places} if places else set() for value, places in allowed.items()}
    found = {
        value: {place_of(file.removeprefix(f"{WAREHOUSE}:")) for file in files}
        for value, files in places_of(place.folder, allowed, but=[place.folder / "sample"]).items()
    }
    assert {value: wrong for value, places in found.items() if (wrong := places - allowed[value])} == {}
    # Nothing was looked for in vain.
    assert found.keys() == {value for value, places in allowed.items() if places}


WAREHOUSE = "warehouse.duckdb"
