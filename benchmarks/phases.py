"""What of a run's processor time was spent on what.

Belongs here: steps as Dagster recorded them and nodes as dbt did, laid over the time of a process. Not here: how a
process is watched (measure.py).
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Measure

PHASES = ("start", "extraction", "models", "tests", "copy", "exports", "reports", "Dagster")
"""In the order in which a run comes to them."""

Phases = dict[str, float]
"""Processor seconds by phase."""

_STEPS = {"raw": "extraction", "models": "dbt", "bi": "copy", "exports": "exports", "reports": "reports"}
"""How a step's name begins, and what its time is spent on: `dbt` is divided among models and tests."""


def phases_of_run(measure: Measure, home: Path) -> Phases:
    """Processor seconds of a whole run by phase.

    Args:
        measure: of the run that ended last.
        home: Dagster's, where all runs are recorded.
    """
    spent = dict.fromkeys(PHASES, 0.0)
    steps = sorted(_steps(home, measure.started_at))
    for start, end, phase in steps:
        seconds = measure.cpu_between(start, end)
        if phase == "dbt":
            models, tests = _node_seconds(home, start, end)
            share = tests / (models + tests) if tests else 0
            spent["models"] += seconds * (1 - share)
            spent["tests"] += seconds * share
        else:
            spent[phase] += seconds
    spent["start"] = measure.cpu_between(measure.started_at, steps[0][0])
    spent["Dagster"] = measure.cpu_seconds - sum(spent.values())
    return spent


def phases_of_build(measure: Measure, target: Path) -> Phases:
    """Processor seconds of a `dbt build` by phase.

    Args:
        measure: of the build that ended last.
        target: dbt's folder of artefacts.
    """
    results = json.loads((target / "run_results.json").read_bytes())["results"]
    started = min(_moment(timing["started_at"]) for result in results for timing in result["timing"])
    start = measure.cpu_between(measure.started_at, started)
    seconds = {"models": 0.0, "tests": 0.0}
    for result in results:
        seconds["tests" if result["unique_id"].startswith("test.") else "models"] += result["execution_time"]
    left = measure.cpu_seconds - start
    return {"start": start} | {phase: left * took / sum(seconds.values()) for phase, took in seconds.items()}


def _steps(home: Path, since: float) -> Iterator[tuple[float, float, str]]:
    """Start, end and phase of each step since a moment, in seconds since 1970."""
    for rows in _events(home, "select step_key, dagster_event_type, timestamp from event_logs"):
        starts = {key: _moment(told) for key, kind, told in rows if kind == "STEP_START"}
        for key, kind, told in rows:
            if kind == "STEP_SUCCESS" and starts[key] >= since:
                yield starts[key], _moment(told), _STEPS[key.split("_")[0]]


def _node_seconds(home: Path, start: float, end: float) -> tuple[float, float]:
    """What dbt says that all models and all tests of a step took."""
    models = tests = 0.0
    for rows in _events(home, "select dagster_event_type, timestamp, event from event_logs"):
        for kind, told, event in rows:
            if not start <= _moment(told) <= end or kind not in ("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"):
                continue
            specific = json.loads(event)["dagster_event"]["event_specific_data"]
            if kind == "ASSET_CHECK_EVALUATION":
                tests += specific["metadata"]["Execution Duration"]["value"]
            else:
                entries = specific["materialization"]["metadata_entries"]
                models += sum(e["entry_data"]["value"] for e in entries if e["label"] == "Execution Duration")
    return models, tests


def _events(home: Path, query: str) -> Iterator[list[tuple[str, ...]]]:
    for path in (home / "history" / "runs").glob("*.db"):
        if path.stem != "index":
            with closing(sqlite3.connect(path)) as connection:
                yield connection.execute(query).fetchall()


def _moment(told: str) -> float:
    """Seconds since 1970 of an instant in UTC."""
    return datetime.fromisoformat(told.removesuffix("Z")).replace(tzinfo=UTC).timestamp()
