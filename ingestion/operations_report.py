"""What the operators' commands found, as tables and lines for people.

Belongs here: display of status and compaction. Not here: results of a run (report.py), how anything came about.
"""

from datetime import datetime, timedelta
from itertools import groupby

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingestion.compaction import Compaction
from ingestion.status import TableStatus


def print_compactions(console: Console, results: list[Compaction], days: float) -> None:
    """One line per table from which versions were removed, and one per source from which none may be."""
    for result in results:
        for name, removed in result.removed.items():
            if removed:
                console.print(f"{result.source}.{name}: {removed:,} versions removed", markup=False)
        if result.obstacle:
            console.print(f"{result.source}: nothing removed: {result.obstacle}", markup=False, soft_wrap=True)
    total = sum(sum(result.removed.values()) for result in results)
    kept = " The archive keeps them." if total else ""
    console.print(f"{total:,} versions removed that were superseded for more than {days:g} d.{kept}", markup=False)


def print_status(console: Console, tables: list[TableStatus], now: datetime) -> None:
    """One line per table, under its source."""
    shown = Table(box=SIMPLE, pad_edge=False, padding=0)
    for heading in ("table", "mode", "watermark"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("run", "full", "keys", "live", "versions", "rejected", "source", "lag"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for source, of_source in groupby(tables, lambda t: t.source):
        shown.add_row(Text(source, style="bold"))
        for t in of_source:
            s = t.state
            times = [_since(now, at) for at in (s.last_run_at, s.last_full_at, s.last_reconciled_at)]
            counts = [_count(n) for n in (t.live, t.versions, t.rejected)]
            in_source = "down" if t.fault else "absent" if t.is_absent else _count(t.source_rows)
            lag = "-" if t.lag is None else _duration(t.lag)
            shown.add_row(Text(t.table), t.mode, t.watermark_words, *times, *counts, in_source, lag)
    console.print(shown)
    for t in tables:
        if t.state.last_error:
            console.print(f"{t.source}.{t.table}: last error: {t.state.last_error}", markup=False, soft_wrap=True)


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _since(now: datetime, at: datetime | None) -> str:
    return "never" if at is None else _duration(now - at)


def _duration(duration: timedelta) -> str:
    """In the largest unit that it fills: 40s, 5m, 3h, 2d."""
    seconds = max(0, int(duration.total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
