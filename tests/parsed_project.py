"""The dbt project as dbt remembers it, read once for all processes of a test session.

To read all of it takes dbt many seconds of processor time. It does so anew where it is told other variables, or of
another place of the warehouse: what is remembered goes with a URL.

Belongs here: what dbt remembers, and of what it is true. Not here: invocations of dbt.
"""

import fcntl
import json
import os
from argparse import Namespace
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from pprint import pformat
from typing import Any
from unittest.mock import patch

from end_to_end.place import Place
from sqlalchemy import URL, make_url

from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.settings import PROJECT_ROOT, SOURCES
from orchestration.profile import variables, vars_of

REMEMBERED = "partial_parse.msgpack"

TWO_SYSTEMS = ("whatsapp", "restaurant")
"""Those of a place where what is tested is no system's own: a run costs half of what it does with all."""


@dataclass(frozen=True)
class ParsedProject:
    """The project on DuckDB, with the models of some systems; it was read without a warning.

    Attributes:
        target: dbt's target folder, with the manifest.
        place: where it is true, which need not be there yet. What is called the same elsewhere is the same in it.
        variables: the variables of which it is true.
    """

    target: Path
    place: Place
    variables: dict[str, object]

    @property
    def remembered(self) -> Path:
        """The file that dbt takes as `--partial-parse-file-path`."""
        return self.target / REMEMBERED

    @property
    def warehouse(self) -> URL:
        """The warehouse of the place."""
        return make_url(self.place.environment["WAREHOUSE_URL"])

    def moved_to(self, place: Place) -> None:
        """Let dbt in another place on DuckDB remember what it remembers here; the file there has the same name."""
        there = make_url(place.environment["WAREHOUSE_URL"])
        assert Path(str(there.database)).name == Path(str(self.warehouse.database)).name
        remembered, here = self.remembered.read_bytes(), _profile(self.warehouse)
        assert remembered.count(here) == 1
        target = place.folder / "dagster" / "dbt"
        target.mkdir(parents=True, exist_ok=True)
        (target / REMEMBERED).write_bytes(remembered.replace(here, _profile(there)))

    @property
    def manifest(self) -> dict[str, Any]:
        """dbt's manifest."""
        content: dict[str, Any] = json.loads((self.target / "manifest.json").read_bytes())
        return content


def _profile(warehouse: URL) -> bytes:
    """What dbt notes of a connection, by which it finds out that it is another one."""
    # Importing it takes two seconds, and most tests need none of it.
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    project = str(PROJECT_ROOT / "dbt_project")
    with patch.dict(os.environ, variables(warehouse)):
        set_invocation_context(os.environ)
        set_from_args(Namespace(project_dir=project, profiles_dir=project), None)
        credentials = load_profile(project, {}).credentials
    return sha256(pformat(sorted(credentials.connection_info())).encode()).hexdigest().encode()


def parsed(shared: Path, systems: Collection[str]) -> ParsedProject:
    """Read the project, or find what another process has read.

    Args:
        shared: a folder of all processes of the session. The place is in it: `live`, and by their names with some
            systems alone.
        systems: those that there are.
    """
    name = "_".join(("live", *(systems if {*systems} != {*SOURCES} else ())))
    place = Place(shared / name, {system: f"sqlite:///{shared / name / system}.sqlite" for system in systems})
    target = shared / f"{name}_parsed"
    with only_one(shared / f"{target.name}.lock"):
        if not (target / REMEMBERED).exists():
            options = ["--quiet", "--target-path", str(target), "--log-path", str(target), "--log-level-file", "none"]
            result = place.module("orchestration", "dbt", "--warn-error", "parse", *options)
            assert result.returncode == 0, result.stdout + result.stderr
    catalogue = load_catalogue(PROJECT_ROOT / "ingestion" / "catalogue.yml")
    return ParsedProject(target, place, vars_of({system: (system,) for system in systems}, catalogue))


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """A block that one process of the session is in at a time."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
