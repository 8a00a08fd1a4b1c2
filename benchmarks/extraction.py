"""`python -m benchmarks.extraction`: move one table in every way, side by side, and write a table of what it took.

Belongs here: the command line, and what is run when. Not here: who takes part (contenders.py), the page (report.py).
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.contenders import (
    ArrowToDuckdb,
    Contender,
    CopyOut,
    CopyPipe,
    Dlt,
    Project,
    Sling,
)
from benchmarks.measure import ROOT, measured
from benchmarks.report import AFTER_CHANGE, FIRST_LOAD, INTO_DUCKDB, INTO_POSTGRESQL, NO_CHANGE, Results, render
from benchmarks.source import Content, Server, change, make_source, postgresql_content, running_server

PARTS = ("duckdb", "postgresql", "changes")
CHANGING = "changing"
"""The database whose table changes."""


class WrongContentError(Exception):
    """What arrived is not what was sent."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as temporary:
        folder = options.folder or Path(temporary)
        (folder / "work").mkdir(parents=True, exist_ok=True)
        with running_server(folder / "server") as server:
            [(options.postgresql,)] = server.sql("postgres", "show server_version")
            benchmark = Benchmark(server, folder / "work", options)
            for _ in benchmark.run(options.parts):
                page = render(benchmark.results, options)
                if options.report:
                    options.report.write_text(page, encoding="utf-8")
    print(page)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extraction", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of the table (default: 2,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything runs, in turns (default: 3)")
    parser.add_argument("--only", nargs="+", default=[], help="only contenders whose name has one of these words")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="which parts to run")
    parser.add_argument("--folder", type=Path, help="keep server and source here, for the next run")
    parser.add_argument("--report", type=Path, help="Markdown file to write, e.g. benchmarks/extraction.md")
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv" / "bin" / "python",
        help="interpreter with the project's requirements (default: .venv's)",
    )
    return parser


class Benchmark:
    """Everything that is run, part by part, and what it took."""

    def __init__(self, server: Server, folder: Path, options: argparse.Namespace) -> None:
        self.results: Results = {}
        self._server, self._folder = server, folder
        self._rows, self._rounds, self._only = options.rows, options.rounds, options.only
        self._python = options.python.absolute()

    def run(self, parts: Sequence[str]) -> Iterator[None]:
        """Run parts one after the other, stopping after each.

        Raises:
            WrongContentError: a contender lost, doubled or changed a row.
        """
        say(f"Making {self._rows:,} rows ...")
        self._source = make_source(self._server, self._rows)
        for part in parts:
            if part == "duckdb":
                self._load(INTO_DUCKDB, self._into_duckdb())
            elif part == "postgresql":
                self._load(INTO_POSTGRESQL, self._into_postgresql())
            else:
                self._change()
            yield

    def _into_duckdb(self) -> list[Contender]:
        return [
            CopyOut(self._server),
            ArrowToDuckdb(self._server, self._folder / "arrow"),
            Project(self._server, self._folder / "project", self._python, "DuckDB"),
            Dlt(self._server, self._folder / "dlt-pyarrow", "pyarrow"),
            Dlt(self._server, self._folder / "dlt-connectorx", "connectorx"),
        ]

    def _into_postgresql(self) -> list[Contender]:
        return [
            CopyPipe(self._server, "copied"),
            Project(self._server, self._folder / "project", self._python, "PostgreSQL"),
            Sling(self._server, "sling", self._folder / "sling"),
        ]

    def _chosen(self, contenders: list[Contender]) -> list[Contender]:
        return [c for c in contenders if not self._only or any(word in c.name for word in self._only)]

    def _load(self, scenario: str, contenders: list[Contender]) -> None:
        """Load the whole table into an empty warehouse, in every round by every contender in turn."""
        expected = postgresql_content(self._server, self._source)
        for _ in range(self._rounds):
            for contender in self._chosen(contenders):
                contender.reset()
                self._measure(scenario, contender, self._source, expected)
                contender.clean()

    def _change(self) -> None:
        """Read again what was loaded before: first nothing has changed, then 0.1 % of the rows."""
        self._server.new_database(CHANGING, template=self._source)
        contenders = self._chosen(
            [
                Project(self._server, self._folder / "project", self._python, "DuckDB"),
                Dlt(self._server, self._folder / "dlt-pyarrow", "pyarrow", "merge"),
                Dlt(self._server, self._folder / "dlt-connectorx", "connectorx", "merge"),
            ]
        )
        expected = postgresql_content(self._server, CHANGING)
        for contender in contenders:
            contender.reset()
            self._measure(FIRST_LOAD, contender, CHANGING, expected)
        for turn in range(self._rounds):
            for contender in contenders:
                self._measure(NO_CHANGE, contender, CHANGING, expected, has_changed=turn > 0)
            change(self._server, CHANGING, self._rows, turn)
            expected = postgresql_content(self._server, CHANGING)
            for contender in contenders:
                self._measure(AFTER_CHANGE, contender, CHANGING, expected, has_changed=True)
        for contender in contenders:
            contender.clean()
        self._server.drop_database(CHANGING)

    def _measure(
        self, scenario: str, contender: Contender, database: str, expected: Content, *, has_changed: bool = False
    ) -> None:
        command, environment = contender.command(database)
        # Pages that others left to be written are theirs.
        self._server.sql("postgres", "checkpoint")
        measure = measured(command, environment, self._folder / "output.log")
        arrived = contender.content(has_changed)
        if arrived not in (None, expected):
            raise WrongContentError(f"{contender.name} ({scenario}): {arrived} arrived, {expected} was sent.")
        self.results.setdefault(scenario, {}).setdefault(contender.name, []).append(measure)
        say(f"{scenario}: {contender.name}: {measure.seconds:.2f} s, {measure.peak_bytes / 1e6:,.0f} MB")


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
