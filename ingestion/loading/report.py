"""Results of a run as a table for people.

Belongs here: display of results. Not here: how they came about.
"""

import sys

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingestion.loading.results import ABSENT, LoadResult

WIDTH = 110
"""Of what is printed into a file or a pipe, in characters."""


def page() -> Console:
    """Standard output, as wide as the terminal or `WIDTH`."""
    return Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)


def print_results(console: Console, results: list[LoadResult]) -> None:
    """One line per table: what was read, and what became of it."""
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("table", no_wrap=True)
    for heading in ("read", "appended", "deleted", "rejected"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("scope", no_wrap=True)
    for result in results:
        s = result.state
        if result.scope == ABSENT:
            counts = ["-"] * 4
        else:
            counts = [f"{n:,}" for n in (s.rows_read, s.rows_appended, s.rows_deleted, s.rows_rejected)]
        scope = "FAILED" if result.error else result.scope
        table.add_row(Text(result.label), *counts, Text(scope))
    console.print(table)
