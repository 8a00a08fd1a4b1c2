"""The measures as a Markdown page.

Belongs here: which figure stands for several runs, ratios, layout. Not here: anything that measures.
"""

import argparse
import os
import platform
from importlib.metadata import version
from statistics import median

from benchmarks.contenders import PROJECT, ArrowToDuckdb, CopyOut, CopyPipe
from benchmarks.measure import Measure

INTO_DUCKDB = "PostgreSQL → DuckDB, the whole table"
INTO_POSTGRESQL = "PostgreSQL → PostgreSQL, the whole table"
FIRST_LOAD = "PostgreSQL → DuckDB, prepared to read changes: the first load"
NO_CHANGE = "The same again, nothing changed"
AFTER_CHANGE = "The same again, 0.1 % of the rows changed"

_LIMITS = {INTO_DUCKDB: CopyOut.name, INTO_POSTGRESQL: CopyPipe.name}
_IS_LIMIT = {CopyOut.name, ArrowToDuckdb.name, CopyPipe.name}

Results = dict[str, dict[str, list[Measure]]]
"""Scenario → contender → one measure per round."""

_INTRODUCTION = """\
# Moving a table

Written by `{command}`; [README.md](README.md) tells what is compared and how.

Ratios are the message: seconds are this machine's. Each time is the median of {rounds} rounds in which everything took
its turn (the first load of the last part ran once); memory is the highest of all rounds. What arrived was compared with
what was sent, by count and checksum, after every single run.

{rows:,} rows; {cores} cores, {memory:.0f} GB, load average {load:.1f} at the end: well above the
number of cores, it tells that other work ran too. Linux {kernel}, Python {python}, {versions}.
"""


def render(results: Results, options: argparse.Namespace) -> str:
    """The page."""
    packages = ["duckdb", "pyarrow", "adbc-driver-postgresql", "dlt", "connectorx", "sling-linux-amd64"]
    versions = [f"PostgreSQL {options.postgresql}", *(f"{name} {version(name)}" for name in packages)]
    page = _INTRODUCTION.format(
        command=f"python -m benchmarks.extraction --rows {options.rows} --rounds {options.rounds}",
        rounds=options.rounds,
        rows=options.rows,
        cores=os.cpu_count(),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30,
        load=os.getloadavg()[2],
        kernel=platform.release(),
        python=platform.python_version(),
        versions=", ".join(versions),
    )
    return page + "".join(_table(scenario, measures, options.rows) for scenario, measures in results.items())


def _table(scenario: str, measures: dict[str, list[Measure]], rows: int) -> str:
    limit, project = _seconds(measures, _LIMITS.get(scenario)), _seconds(measures, PROJECT)
    lines = [
        f"\n## {scenario}\n",
        "| | seconds | ÷ the limit | ÷ this project | rows/s | processor seconds | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, runs in measures.items():
        seconds = _seconds(measures, name)
        label = f"*limit: {name}*" if name in _IS_LIMIT else f"**{name}**" if name == PROJECT else name
        rate = "" if scenario in (NO_CHANGE, AFTER_CHANGE) else f"{rows / seconds:,.0f}"
        cells = [
            label,
            f"{seconds:.2f}",
            f"{seconds / limit:.2f}" if limit else "",
            f"{seconds / project:.2f}" if project else "",
            rate,
            f"{median(run.cpu_seconds for run in runs):.2f}",
            f"{max(run.peak_bytes for run in runs) / 1e6:,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _seconds(measures: dict[str, list[Measure]], name: str | None) -> float:
    runs = measures.get(name or "", [])
    return median(run.seconds for run in runs) if runs else 0.0
