"""Results of a run as a table for people.

Belongs here: display of results. Not here: how they came about.
"""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ingestion.loading.results import ABSENT, LoadResult


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
        table.add_row(result.label, *counts, scope)
    console.print(table)
