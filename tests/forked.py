"""Commands in processes that are forked off one which has imported what they need: imports are seconds of each.

Belongs here: what is imported beforehand, and how a process takes a command's place. Not here: places in which commands
run (end_to_end/place.py).
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

IMPORTED = (
    # First, as it says how dbt's classes are made.
    "orchestration",
    *("alembic.command", "dagster_dbt", "dbt.adapters.duckdb", "dbt.cli.main", "dbt.task.build"),
    *("alerts.health", "alerts.telling", "exports.delivery.run", "exports.reports.publish", "marts.written"),
    *("ingestion.loading.run", "ingestion.operations.status", "ingestion.sources.adbc_sqlite"),
)
"""Modules that are the same whatever the environment is. What reads settings when it is imported is none of them."""


def run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, timeout_seconds: float
) -> subprocess.CompletedProcess[str]:
    """Do what Python does with such arguments, in a process of its own, and wait for its end.

    Args:
        arguments: `-m` with a module or `-c` with code, and theirs.
        environment: all variables of the process.
        folder: where it runs.
        timeout_seconds: how long that may take.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    with TemporaryDirectory() as told:
        outputs = [Path(told, name) for name in ("stdout", "stderr")]
        process = _server().Process(target=_become, args=(arguments, dict(environment), folder, outputs))
        process.start()
        process.join(timeout_seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, timeout_seconds)
        texts = [path.read_text(encoding="utf-8") for path in outputs]
    return subprocess.CompletedProcess(arguments, process.exitcode, *texts)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED])
    return context


def _become(arguments: Sequence[str], environment: dict[str, str], folder: Path, outputs: Sequence[Path]) -> None:
    for descriptor, path in enumerate(outputs, start=1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    option, what, *rest = arguments
    if option == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [option, *rest]
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), vars(main))  # noqa: S102
