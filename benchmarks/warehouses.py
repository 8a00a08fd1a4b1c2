"""`python -m benchmarks.warehouses`: the sample, many times as large, in a DuckDB file and on a PostgreSQL server.

Belongs here: what is run on each engine, and the page about it. Not here: how a process is watched (measure.py), the
server (source.py).

DuckDB is filled from the sources, PostgreSQL from DuckDB's archive, as somebody who moves does it. Then a day passes in
the sources.
"""

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks import sample
from benchmarks.measure import ROOT, Measure, measured
from benchmarks.source import SETTINGS, Server, running_server

_UNTESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
BUILD = ("-m", "orchestration", "dbt", "build", *_UNTESTED)


@dataclass(frozen=True, slots=True)
class Step:
    """What one command took on one engine, and how large the warehouse was after it."""

    rows: int
    engine: str
    name: str
    measure: Measure
    warehouse_bytes: int


class Bench:
    """One size of the sample, and two warehouses of it."""

    def __init__(self, folder: Path, python: Path, server: Server, scale: float) -> None:
        self._folder, self._python, self._scale = folder, python, scale
        self._duckdb, self._sources = folder / "warehouse.duckdb", folder / "sample"
        self._database = f"scale_{scale:g}".replace(".", "_")
        self._server = server
        server.new_database(self._database)
        self._rows = 0
        self.steps: list[Step] = []

    def run(self) -> None:
        """Fill, build, let a day pass, fill and build again."""
        self._measured("duckdb", *sample.create(self._sources, self._scale))
        extracted = self._measured("duckdb", "-m", "ingestion", "run")
        with duckdb.connect(self._duckdb, read_only=True) as connection:
            found = connection.execute(
                "select sum(estimated_size) from duckdb_tables() where schema_name like 'raw_%'"
            ).fetchone()
            self._rows = int(found[0]) if found else 0
        self._note("duckdb", "everything extracted", extracted)
        self._step("duckdb", "all models", *BUILD)
        # An archive belongs to one warehouse: the other one gets a copy.
        shutil.copytree(self._archive("duckdb"), self._archive("postgresql"))
        self._step("postgresql", "raw rebuilt from the archive", "-m", "ingestion", "rebuild", "--from-archive")
        self._step("postgresql", "all models", *BUILD)
        self._measured("duckdb", *sample.advance(self._sources))
        for engine in ("duckdb", "postgresql"):
            self._step(engine, "a day extracted", "-m", "ingestion", "run")
            self._step(engine, "a day's models", *BUILD)

    def _step(self, engine: str, name: str, *arguments: str) -> None:
        self._note(engine, name, self._measured(engine, *arguments))

    def _note(self, engine: str, name: str, measure: Measure) -> None:
        self.steps.append(Step(self._rows, engine, name, measure, self._bytes(engine)))
        print(f"{self._rows:>13,} {engine:<11} {name:<30} {measure.seconds:8.1f} s {measure.peak_bytes / 1e6:8,.0f} MB")

    def _measured(self, engine: str, *arguments: str) -> Measure:
        target = str(self._folder / f"dbt-{engine}")
        environment = {
            "PYTHONPATH": str(ROOT),
            "DBT_TARGET_PATH": target,
            "DBT_LOG_PATH": target,
            "ARCHIVE_URL": str(self._archive(engine)),
            "WAREHOUSE_URL": f"duckdb:///{self._duckdb}" if engine == "duckdb" else self._server.url(self._database),
        }
        return measured([str(self._python), *arguments], environment | sample.urls(self._sources), self._folder / "log")

    def _archive(self, engine: str) -> Path:
        return self._folder / f"archive-{engine}"

    def _bytes(self, engine: str) -> int:
        if engine == "duckdb":
            return self._duckdb.stat().st_size
        [(size,)] = self._server.sql(self._database, "select pg_database_size(current_database())")
        return int(size)


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warehouses", description=__doc__)
    parser.add_argument("--scales", type=float, nargs="+", default=[10, 100], help="1 is about 100,000 rows")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="Python that has the project")
    parser.add_argument("--folder", type=Path, help="where to work, 10 GB for a scale of 100")
    parser.add_argument("--report", type=Path, help="Markdown file to write, e.g. benchmarks/warehouses.md")
    options = parser.parse_args()
    steps: list[Step] = []
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as place,
        running_server(Path(place) / "postgresql") as server,
    ):
        for scale in options.scales:
            folder = Path(place) / f"scale-{scale:g}"
            folder.mkdir()
            bench = Bench(folder, options.python, server, scale)
            bench.run()
            steps += bench.steps
            shutil.rmtree(folder)
    if options.report:
        options.report.write_text(_page(steps, options.scales), encoding="utf-8")
    return 0


def _page(steps: list[Step], scales: list[float]) -> str:
    rows = "\n".join(
        f"| {step.rows:,} | {step.engine} | {step.name} | {step.measure.seconds:.0f} "
        f"| {step.measure.cpu_seconds:.0f} | {step.measure.peak_bytes / 1e6:,.0f} | {step.warehouse_bytes / 1e9:.2f} |"
        for step in steps
    )
    settings = ", ".join(f"{name} {SETTINGS[name]}" for name in ("shared_buffers", "work_mem"))
    command = f"python -m benchmarks.warehouses --scales {' '.join(f'{scale:g}' for scale in scales)}"
    return f"""\
# DuckDB and PostgreSQL at several sizes

Written by `{command}`: the sample's five systems, so many times as large, from SQLite files; {os.cpu_count()} cores.
Rows are those of raw after the first extraction. Seconds are of whole processes, from start to exit. Memory is that of
the process and its children: everything for DuckDB, all but the server's ({settings}) for PostgreSQL.

| rows | engine | command | seconds | processor seconds | peak MB | warehouse GB |
|---:|---|---|---:|---:|---:|---:|
{rows}
"""


if __name__ == "__main__":
    sys.exit(main())
