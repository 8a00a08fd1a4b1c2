"""dbt inside the tests' process, which reads the project once for all of them.

Belongs here: invocations, and what went wrong in them. Not here: what is built of (model_history.py).
"""

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dbt.cli.main import dbtRunner
from parsed_project import ParsedProject
from sqlalchemy import URL

from ingestion.settings import PROJECT_ROOT
from orchestration import dbt_internals
from orchestration.profile import variables

_MANIFESTS: dict[tuple[str, str, str], Any] = {}


class Dbt:
    """A dbt project on a warehouse, read once for all whose models have the same names in full."""

    def __init__(self, folder: Path, warehouse: URL, parsed: ParsedProject, project: Path = PROJECT_ROOT) -> None:
        """Read the project.

        Args:
            folder: where dbt may write.
            warehouse: what is built in.
            parsed: what dbt remembers of the project, of which it reads on DuckDB only what is another.
            project: the folder with `dbt_project`.
        """
        self._folder, self._warehouse, self._project = folder, warehouse, project / "dbt_project"
        names = str(project), warehouse.get_backend_name(), Path(warehouse.database or "").stem
        if names not in _MANIFESTS:
            told = ["--vars", json.dumps(parsed.variables), "--partial-parse-file-path", str(parsed.remembered)]
            there = parsed.warehouse
            is_there = names[1:] == (there.get_backend_name(), Path(there.database or "").stem)
            with patch.dict(os.environ, variables(there if is_there else warehouse)):
                _MANIFESTS[names] = self._invoke(None, "parse", *told).result
        self.manifest = _MANIFESTS[names]

    def build(self, *arguments: str, told: dict[str, object]) -> None:
        """Build without tests; `told` are variables."""
        untested = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        assert self.faults("build", *untested, *arguments, told=told) == []

    def faults(self, command: str, *arguments: str, told: dict[str, object]) -> list[str]:
        """What went wrong in an invocation, nothing if all is well."""
        with patch.dict(os.environ, variables(self._warehouse)):
            outcome = self._invoke(self.manifest, command, *arguments, "--vars", json.dumps(told))
        results = getattr(outcome.result, "results", [])
        wrong = [f"{one.node.name}: {one.message}" for one in results if str(one.status) in ("error", "fail")]
        return wrong if outcome.success or wrong else [str(outcome.exception)]

    def _invoke(self, manifest: Any, command: str, *arguments: str) -> Any:
        place = ["--project-dir", str(self._project), "--profiles-dir", str(self._project)]
        artifacts = ["--target-path", str(self._folder / "target"), "--log-path", str(self._folder / "target")]
        # Nobody reads the artifacts, which are half of the work.
        options = ["--quiet", "--log-level-file", "none", "--no-write-json"]
        dbt_internals.hurry()
        try:
            return dbtRunner(manifest=manifest).invoke([command, *arguments, *place, *artifacts, *options])
        finally:
            dbt_internals.release()
