"""Runs of the whole product in processes of their own, each with its own warehouse, exports and Dagster home.

A first run builds everything and takes a minute: it is made once, and what does not test it begins with a copy of it.
"""

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from end_to_end.place import Place

from ingestion import sample


@dataclass(frozen=True)
class FirstRun:
    """A place as the first run left it, and what that run said."""

    place: Place
    result: subprocess.CompletedProcess[str]


AS_OF = datetime(2026, 11, 26, 12, tzinfo=UTC)
"""The instant that all runs on the sample are built for, whatever the clock says."""


def sample_place_in(folder: Path) -> Place:
    """A place whose sources are the sample in it."""
    place = Place(folder, {name: f"sqlite:///{folder / 'sample' / name}.sqlite" for name in sample.SOURCES})
    place.environment["AS_OF"] = AS_OF.isoformat()
    return place


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """The first run on a small sample of all five sources, two months long. Only to be read."""
    folder = tmp_path_factory.mktemp("first")
    sample.create(folder / "sample", scale=0.2, first_day=date(2026, 9, 1), last_day=date(2026, 10, 31))
    place = sample_place_in(folder)
    result = place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    return FirstRun(place, result)


@pytest.fixture(scope="module")
def sample_place(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A copy of what the first run left, for a module to go on with."""
    folder = tmp_path_factory.mktemp("place") / "copy"
    shutil.copytree(first_run.place.folder, folder)
    return sample_place_in(folder)
