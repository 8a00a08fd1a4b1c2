"""The BigQuery that tests run on: an emulator, or with `BIGQUERY_TEST_PROJECT` the service itself.

On the service, datasets get a prefix of their own and are removed when the tests end.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from emulated_bigquery import running_emulator
from google.cloud import bigquery


@dataclass(frozen=True)
class Bigquery:
    """A project in which warehouses can be made.

    Attributes:
        project: its name.
        prefix: of the prefixes of all warehouses that are made here.
        environment: what the project's processes need to find it.
    """

    project: str
    prefix: str
    environment: dict[str, str]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new_database(self) -> str:
        """A warehouse that does not exist yet, as WAREHOUSE_URL names it: a prefix of its own."""
        return f"bigquery://{self.project}/{self.prefix}_{next(self._numbers)}"

    def reach_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process find it."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)


@contextmanager
def running_bigquery(log: Path) -> Iterator[Bigquery]:
    """A BigQuery until the block ends.

    Args:
        log: where the emulator writes what it has to say.
    """
    if project := os.environ.get("BIGQUERY_TEST_PROJECT"):
        found = Bigquery(project, f"crm_test_{uuid4().hex[:8]}", {})
        try:
            yield found
        finally:
            _remove(found)
    else:
        with running_emulator(log) as endpoint:
            yield Bigquery("test-project", "test", {"BIGQUERY_EMULATOR_HOST": endpoint})


def _remove(found: Bigquery) -> None:
    with closing(bigquery.Client(project=found.project)) as client:
        for dataset in list(client.list_datasets()):
            if dataset.dataset_id.startswith(f"{found.prefix}_"):
                client.delete_dataset(dataset.reference, delete_contents=True, not_found_ok=True)
