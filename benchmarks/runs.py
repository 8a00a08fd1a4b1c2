"""`python -m benchmarks.runs`: what a run costs, by what has changed since the last one and by what it was spent on.

Belongs here: the histories, the commands that are run on each, and the page about them. Not here: how a process is
watched (measure.py), what of a run was spent when (phases.py).

Each command has a folder of its own with the same sources, in which the same happens.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import sample
from benchmarks.measure import ROOT, Measure, measured
from benchmarks.phases import PHASES, Phases, phases_of_build, phases_of_run

AS_OF = "2026-11-26T12:00:00+00:00"
NEW_MESSAGE = """
insert into messages (id, conversation_id, sender_type, sender_id, content, timestamp, metadata)
select 'new', conversation_id, sender_type, sender_id, content, timestamp, metadata
from messages where timestamp < 'a' order by timestamp desc limit 1
"""

RUN = ("-m", "orchestration", "run")
INGESTION = ("-m", "ingestion", "run")
BUILD = ("-m", "orchestration", "dbt", "build", "--exclude-resource-type", "unit_test")


@dataclass(frozen=True, slots=True)
class Step:
    """What one command took at one point of the history."""

    scale: float
    event: str
    measure: Measure
    phases: Phases


class History:
    """The sample in a folder, a checkout of the project that runs on it, and what happens."""

    def __init__(self, folder: Path, checkout: Path, python: Path) -> None:
        self._folder, self._checkout, self._python = folder, checkout, python
        self._sources = folder / "sample"
        folder.mkdir(parents=True)

    def events(self, maker: "History", scale: float) -> dict[str, Callable[[], object]]:
        """What happens before each run, by its name.

        Args:
            maker: whose sample it is, so that two checkouts run on the same one.
            scale: of the sample; 1 is about 100,000 rows.
        """
        return {
            "first run": lambda: maker.measured(*sample.create(self._sources, scale)),
            "nothing changed": lambda: None,
            "one day": lambda: maker.measured(*sample.advance(self._sources)),
            "one system changed": self._receive_message,
        }

    def _receive_message(self) -> None:
        with closing(sqlite3.connect(self._sources / "whatsapp.sqlite")) as source, source:
            source.execute(NEW_MESSAGE)

    def measured(self, *arguments: str) -> Measure:
        """Run a Python program of the checkout to its end."""
        places = {
            "PYTHONPATH": self._checkout,
            "WAREHOUSE_URL": f"duckdb:///{self._folder / 'warehouse.duckdb'}",
            "ARCHIVE_URL": self._folder / "archive",
            "EXPORTS_URL": self._folder / "exports",
            "BI_SNAPSHOT_PATH": self._folder / "bi.duckdb",
            "DAGSTER_HOME": self._folder / "dagster",
            "DBT_TARGET_PATH": self._folder / "target",
            "DBT_LOG_PATH": self._folder / "target",
            "AS_OF": AS_OF,
        }
        environment = {name: str(value) for name, value in places.items()} | sample.urls(self._sources)
        return measured([str(self._python), *arguments], environment, self._folder / "log", self._checkout)

    def run(self) -> tuple[Measure, Phases]:
        """A whole run."""
        measure = self.measured(*RUN)
        return measure, phases_of_run(measure, self._folder / "dagster")

    def ingest(self) -> tuple[Measure, Phases]:
        """The extraction alone."""
        return self.measured(*INGESTION), {}

    def build(self) -> tuple[Measure, Phases]:
        """The models and their tests, after an extraction that is not measured."""
        self.measured(*INGESTION)
        measure = self.measured(*BUILD)
        return measure, phases_of_build(measure, self._folder / "target")


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs", description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[1, 10], help="1 is about 100,000 rows")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="Python that has the project")
    parser.add_argument("--beside", type=Path, help="checkout of another commit, with its own .venv, to compare with")
    parser.add_argument("--report", type=Path, help="Markdown file to write, e.g. benchmarks/runs.md")
    options = parser.parse_args()
    steps: dict[str, list[Step]] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        for scale in options.scales:
            folder = Path(place) / f"scale-{scale:g}"
            here = {
                name: History(folder / name, ROOT, options.python.absolute()) for name in ("run", "ingestion", "dbt")
            }
            commands = {"run": here["run"].run, "ingestion": here["ingestion"].ingest, "dbt": here["dbt"].build}
            maker = here["run"]
            if options.beside:
                checkout = options.beside.absolute()
                maker = here["beside"] = History(folder / "beside", checkout, checkout / ".venv" / "bin" / "python")
                commands["beside"] = maker.run
            events = {name: history.events(maker, scale) for name, history in here.items()}
            for event in events["run"]:
                for name, command in commands.items():
                    events[name][event]()
                    step = Step(scale, event, *command())
                    print(f"{scale:>4g} {event:<20} {name:<10} {step.measure.cpu_seconds:8.1f} processor s", flush=True)
                    steps.setdefault(name, []).append(step)
    page = _page(steps, options.scales)
    if options.report:
        options.report.write_text(page, encoding="utf-8")
    print(page)
    return 0


def _page(steps: dict[str, list[Step]], scales: list[float]) -> str:
    command = f"python -m benchmarks.runs --scales {' '.join(f'{scale:g}' for scale in scales)}"
    beside = _beside(steps["run"], steps["beside"]) if "beside" in steps else ""
    return f"""\
# What a run costs

Written by `{command}`: the sample's five systems, from SQLite files into a DuckDB file; {os.cpu_count()} cores. After
the first run nothing changes; then a day passes in all systems; then one message arrives in one of them. Ratios are
the message: seconds are this machine's.

## `python -m orchestration run`, in processor seconds

{_table(steps["run"])}

*start* is Python, imports and Dagster's definitions until the first step; models and tests share a step by what dbt
says that each took; *Dagster* is what lies between the steps.
{beside}
## `python -m ingestion run`: the extraction alone

{_totals(steps["ingestion"])}

## `dbt build` alone, in processor seconds

{_table(steps["dbt"])}
"""


def _table(steps: list[Step]) -> str:
    phases = [phase for phase in PHASES if any(phase in step.phases for step in steps)]
    head = " | ".join(phases)
    rows = "\n".join(
        f"| {s.scale:g} | {s.event} | {s.measure.seconds:.1f} | **{s.measure.cpu_seconds:.1f}** | "
        + " | ".join(f"{s.phases.get(phase, 0):.1f}" for phase in phases)
        + " |"
        for s in steps
    )
    return f"| scale | | wall | all | {head} |\n|---:|---|---:|---:|{'---:|' * len(phases)}\n{rows}"


def _totals(steps: list[Step]) -> str:
    rows = "\n".join(
        f"| {s.scale:g} | {s.event} | {s.measure.seconds:.1f} | {s.measure.cpu_seconds:.1f} |" for s in steps
    )
    return f"| scale | | wall seconds | processor seconds |\n|---:|---|---:|---:|\n{rows}"


def _beside(steps: list[Step], others: list[Step]) -> str:
    rows = "\n".join(
        f"| {s.scale:g} | {s.event} | {s.measure.cpu_seconds:.1f} | {other.measure.cpu_seconds:.1f} "
        f"| {s.measure.cpu_seconds / other.measure.cpu_seconds:.2f} |"
        for s, other in zip(steps, others, strict=True)
    )
    return f"""
## Beside the other checkout, on that one's sample

| scale | | processor seconds | the other's | ratio |
|---:|---|---:|---:|---:|
{rows}
"""


if __name__ == "__main__":
    sys.exit(main())
