"""dbt inside this process, through its programmatic API.

Belongs here: parsing the project, running a build, and its events as dictionaries. Not here: Dagster's assets.

A dbt process of its own costs five seconds before its first model (start, imports, parsing), and a run builds each
source system by itself. In one process that is paid once.
Source: https://docs.getdbt.com/reference/programmatic-invocations

dbt is imported where it is called: importing it takes two seconds, and most runs find nothing to build.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.errors import ConfigurationError
from ingestion.settings import PROJECT_ROOT
from marts.written import stale_files

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

DIRECTORY = PROJECT_ROOT / "dbt_project"
TARGET = Path(os.environ.get("DAGSTER_HOME", PROJECT_ROOT / "data" / "dagster")) / "dbt"
"""Artifacts of this orchestration, apart from those of dbt's command line."""

MANIFEST = TARGET / "manifest.json"
_MADE_OF = TARGET / "made_of.json"
"""What the manifest was made of, which it does not tell: the files, by their hash, and the variables."""

ADAPTERS = {"duckdb": "duckdb", "postgresql": "postgres", "bigquery": "bigquery"}
"""The engines that the models are built on, by the name of their warehouse, and what dbt calls them."""

_INPUTS = ("dbt_project.yml", "profiles.yml", "models", "macros", "seeds", "tests")
_FAULTS = ("error", "fail", "runtime error")
_REACHED = ("success", "pass", "warn", *_FAULTS)
_RESULTS = frozenset(("LogModelResult", "LogSeedResult", "LogTestResult"))
"""Events that tell what became of a node: a few hundred among twenty thousand, most of which nobody reads."""

_variables: dict[str, Any] = {}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Build:
    """What a build did.

    Attributes:
        events: of its results, in order.
        faults: node → why it failed, in one line; under an empty name what is no node's.
        reached: the nodes that were built or tested, whatever came of it.
    """

    events: list[Event]
    faults: dict[str, str]
    reached: frozenset[str] = frozenset()


def prepare(engine: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The project's manifest.

    It is made anew if it is missing, another engine's, or made of other files or variables. Files are told by what they
    hold: those of an image or archive, or that a link points back to, may be older than the manifest of others.

    Args:
        engine: the warehouse's, by the name that its URL has.
        variables: dbt's, for this and everything that this process does with dbt.

    Raises:
        ConfigurationError: the project can't be parsed, or its marts are not what is declared.
    """
    _variables.update(variables)
    if manifest := _manifest_of(engine):
        return manifest
    MANIFEST.unlink(missing_ok=True)
    assert_written()
    TARGET.mkdir(parents=True, exist_ok=True)
    _MADE_OF.write_text(json.dumps(_made_of()), encoding="utf-8")
    _parsed()
    return _read(MANIFEST)


def assert_written() -> None:
    """Refuse to build what marts declared before: nobody would see that their numbers are those of before.

    Raises:
        ConfigurationError: files are not what the declarations give, or a declaration is wrong.
    """
    # dbt reads the files alone. What is published makes no number another one.
    stale = [path.name for path in stale_files(DIRECTORY / "models") if not path.name.endswith("__exposures.yml")]
    if stale:
        others = f" and {len(stale) - 1} more" if len(stale) > 1 else ""
        raise ConfigurationError(
            f"Marts would not be built as they are declared: run `python -m marts write`. It writes {stale[0]}{others}."
        )


def fingerprint(without: Collection[str] = ()) -> str:
    """Hash of every file that the manifest and the models are made from; some may be left out, by their paths."""
    hashes = [(path, digest) for path, digest in _hashes() if path not in without]
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


@cache
def _hashes() -> list[tuple[str, str]]:
    places = [DIRECTORY / name for name in _INPUTS]
    files = sorted(path for place in places for path in (place, *place.rglob("*")) if path.is_file())
    return [(path.relative_to(DIRECTORY).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def own_files() -> list[str]:
    """The files of models/custom that are read as models."""
    return [path.relative_to(DIRECTORY).as_posix() for path in (DIRECTORY / "models" / "custom").rglob("*.sql")]


def _made_of() -> dict[str, Any]:
    return {"files": fingerprint(), "variables": _variables}


def _manifest_of(engine: str) -> dict[str, Any] | None:
    """The manifest, if the process that wrote it lived to the end and had this engine, these files and variables."""
    try:
        manifest, made_of = _read(MANIFEST), _read(_MADE_OF)
    except (ValueError, FileNotFoundError):
        return None
    return manifest if (manifest["metadata"]["adapter_type"], made_of) == (ADAPTERS[engine], _made_of()) else None


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_bytes())
    return content


def build(
    select: Sequence[str],
    heard: Callable[[Event], None],
    is_full: bool = False,
    *,
    exclude: Sequence[str] = (),
    only: str = "",
) -> Build:
    """Build models with their seeds and data tests.

    Args:
        select: dbt's node selection.
        exclude: names of nodes to leave out of it.
        heard: is called with the event of every result as it comes.
        is_full: build incremental models anew.
        only: the only type of nodes to do something about, `test` say; empty: all.

    Raises:
        ConfigurationError: the project or its profile is wrong: nothing was built.
    """
    from dbt.cli.main import dbtRunner
    from google.protobuf.json_format import MessageToDict

    from orchestration import dbt_internals

    manifest = _parsed().result
    events: list[Event] = []

    def hear(message: Any) -> None:
        event = MessageToDict(message, preserving_proto_field_name=True)
        events.append(event)
        heard(event)

    # Unit tests test the code, not the data: they belong to `dbt build` alone and to `make test`. Buildable: tests
    # that also need models of another system are left to the build that has them.
    args = ["build", "--select", *select, "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
    args += ["--exclude", *exclude] if exclude else []
    args += ["--full-refresh"] if is_full else []
    args += ["--resource-type", only] if only else []
    args += ["--no-write-json", *_flags()]
    told = [dbt_internals.events.Listener(_RESULTS, hear)]
    try:
        outcome = dbtRunner(manifest=manifest, callbacks=told).invoke(args)  # type: ignore[arg-type]
    finally:
        dbt_internals.release()
        dbt_internals.templates.remember(TARGET)
    if outcome.result is None:
        raise ConfigurationError(f"dbt can't build {' '.join(select)}: {_told(outcome.exception)}")
    faults = {
        result.node.unique_id: f"{result.node.name}: {' '.join((result.message or str(result.status)).split())}"
        for result in outcome.result.results  # type: ignore[union-attr]
        if str(result.status) in _FAULTS
    }
    if not outcome.success and not faults:
        faults = {"": f"dbt failed: {_told(outcome.exception)}"}
    reached = frozenset(
        result.node.unique_id
        for result in outcome.result.results  # type: ignore[union-attr]
        if str(result.status) in _REACHED
    )
    return Build(events, faults, reached)


@cache
def _parsed() -> "dbtRunnerResult":
    from dbt.cli.main import dbtRunner

    from orchestration import dbt_internals

    dbt_internals.hurry(TARGET)
    # Writing the manifest takes as long as reading what dbt remembers of the last parsing.
    artifacts = ["--no-write-json"] if MANIFEST.exists() else []
    outcome = dbtRunner().invoke(["parse", *artifacts, *_flags(), "--log-level", "none"])
    if not outcome.success:
        # What dbt remembers of the files as they were may be at fault: of a model whose YAML moved to another file
        # it finds two. By itself it reads everything anew.
        outcome = dbtRunner().invoke(["parse", "--no-partial-parse", *artifacts, *_flags()])
    if not outcome.success:
        raise ConfigurationError(f"The dbt project can't be parsed: {_told(outcome.exception)}")
    return outcome


def _flags() -> list[str]:
    place = ["--project-dir", str(DIRECTORY), "--profiles-dir", str(DIRECTORY)]
    artifacts = ["--target-path", str(TARGET), "--log-path", str(TARGET)]
    variables = ["--vars", json.dumps(_variables)] if _variables else []
    return [*place, *artifacts, *variables, "--quiet", "--log-level-file", "warn"]


def _told(error: BaseException | None) -> str:
    return " ".join(str(error or "unknown; see dbt.log").split())
