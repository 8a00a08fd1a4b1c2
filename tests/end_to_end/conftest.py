"""Runs of the whole product in processes of their own, each with its own warehouse, exports and Dagster home."""

from datetime import date

import pytest
from end_to_end.place import Place

from ingestion import sample


@pytest.fixture(scope="module")
def sample_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A small sample of all five sources, two months long, not yet run."""
    folder = tmp_path_factory.mktemp("place")
    directory = folder / "sample"
    sample.create(directory, scale=0.2, first_day=date(2026, 9, 1), last_day=date(2026, 10, 31))
    return Place(folder, {name: f"sqlite:///{directory / name}.sqlite" for name in sample.SOURCES})
