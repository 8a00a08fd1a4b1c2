"""Runs of the whole product in processes of their own, each with its own warehouse, exports and Dagster home.

A first run builds everything and takes a minute: it is made once for all processes of a test session, and what does
not test it begins with a copy of it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from end_to_end.people import add_people
from end_to_end.place import Place
from parsed_project import TWO_SYSTEMS, ParsedProject, only_one

from ingestion import sample
from ingestion.settings import PROJECT_ROOT


@dataclass(frozen=True)
class FirstRun:
    """A place as the first run left it, to be read only, and what that run said."""

    place: Place
    result: subprocess.CompletedProcess[str]


AS_OF = datetime(2026, 11, 26, 12, tzinfo=UTC)
"""The instant that all runs on the sample are built for, whatever the clock says."""


def sample_place_in(folder: Path, systems: Collection[str] = sample.SOURCES) -> Place:
    """A place whose sources are the sample in it, and which publishes more than is published by default."""
    place = Place(folder, {name: f"sqlite:///{folder / 'sample' / name}.sqlite" for name in systems})
    place.environment["AS_OF"] = AS_OF.isoformat()
    marts = ("conversations", "costs", "visits") if {*systems} == {*sample.SOURCES} else ("visits",)
    place.environment["EXPORTS_CATALOGUE"] = str(more_exports(folder / "exports.yml", marts))
    return place


def more_exports(path: Path, marts: Collection[str]) -> Path:
    """A catalogue of what is exported by default, and of the periods of some marts by tenant, at all grains.

    Of few, as what is published of a mart is the same of each: all of them are in the catalogue by month.
    """
    committed = yaml.safe_load((PROJECT_ROOT / "exports" / "catalogue.yml").read_text(encoding="utf-8"))
    by_tenant = {
        f"{mart}_{cadence}_by_tenant": {
            "source": committed[f"{mart}_monthly"]["source"],
            "mart": f"{mart}_{cadence}",
            "cadence": cadence,
        }
        for mart in marts
        for cadence in ("daily", "weekly", "monthly")
    }
    # Tests of several processes make the same one, and read it meanwhile.
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(yaml.safe_dump({**committed, **by_tenant}, sort_keys=False), encoding="utf-8")
    return aside.replace(path)


def _made_once(
    project: ParsedProject, shared: Path, make_sample: Callable[[Path], None], systems: Collection[str]
) -> FirstRun:
    """The first run of a place, which one process makes for all.

    It finds dbt's project read: runs on servers read it by themselves (test_servers.py, test_deployment.py).
    """
    live = project.place.folder
    saved, said = shared / f"{live.name}_first_run", shared / f"{live.name}_first_run.json"
    with only_one(shared / f"{live.name}_first_run.lock"):
        if not said.exists():
            make_sample(live / "sample")
            add_people(live / "sample")
            place = sample_place_in(live, systems)
            place.environment["DBT_PARTIAL_PARSE_FILE_PATH"] = str(project.remembered)
            result = place.module("orchestration", "run")
            assert result.returncode == 0, result.stderr
            shutil.copy(project.remembered, live / "dagster" / "dbt")
            shutil.copytree(live, saved)
            said.write_text(json.dumps([result.stdout, result.stderr]), encoding="utf-8")
    output, errors = json.loads(said.read_text(encoding="utf-8"))
    return FirstRun(sample_place_in(saved, systems), subprocess.CompletedProcess((), 0, output, errors))


def _again(first_run: FirstRun, live: Path, systems: Collection[str]) -> Place:
    """The live folder as the first run left it."""
    shutil.rmtree(live, ignore_errors=True)
    shutil.copytree(first_run.place.folder, live)
    return sample_place_in(live, systems)


@pytest.fixture(scope="session")
def first_run(parsed_project: ParsedProject, shared_folder: Path) -> FirstRun:
    """The first run on a small sample of all five sources, two months long."""

    def make_sample(folder: Path) -> None:
        sample.create(folder, scale=0.2, first_day=date(2026, 9, 1), last_day=date(2026, 10, 31))

    return _made_once(parsed_project, shared_folder, make_sample, sample.SOURCES)


@pytest.fixture(scope="module")
def sample_place(first_run: FirstRun, parsed_project: ParsedProject) -> Place:
    """What the first run left, for a module to go on with: those that do are in one process ("sample" in GROUPS).

    Always in the folder in which it was made. Dagster and dbt find there what they noted: in another folder dbt would
    read its project anew, and all would be published anew.
    """
    return _again(first_run, parsed_project.place.folder, sample.SOURCES)


@pytest.fixture(scope="session")
def first_run_of_two(parsed_project_of_two: ParsedProject, shared_folder: Path) -> FirstRun:
    """The first run on a smaller sample, of two of its sources."""

    def make_sample(folder: Path) -> None:
        sample.create(folder, scale=0.1, first_day=date(2026, 9, 15), last_day=date(2026, 10, 31))

    return _made_once(parsed_project_of_two, shared_folder, make_sample, TWO_SYSTEMS)


@pytest.fixture(scope="module")
def place_of_two(first_run_of_two: FirstRun, parsed_project_of_two: ParsedProject) -> Place:
    """What that run left, for a module to go on with, as `sample_place` is."""
    return _again(first_run_of_two, parsed_project_of_two.place.folder, TWO_SYSTEMS)
