"""What the operators' commands found, as tables and lines for people.

Belongs here: display of status and compaction. Not here: results of a run (loading/report.py), how anything came about.
"""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from itertools import groupby

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingestion.catalogue.listed_names import listed
from ingestion.catalogue.review import UNREVIEWED_REMEDY
from ingestion.log.erasures import Erasure
from ingestion.operations.compaction import Compaction
from ingestion.operations.judging import AGES, Grade, Judgement
from ingestion.operations.retention import Retained
from ingestion.operations.status import TableStatus

_WORDS = ("table", "mode", "watermark")
_HEADINGS = (*_WORDS, "run", "full", "keys", "live", "versions", "rejected", "source", "lag", "judged")
_FIRST_TO_GO = ("mode", "full", "keys", "versions")
_WIDTH = 100
"""Of a page on which all columns have room, in characters."""


NOBODY = "Nothing of that person is in raw or the archive. Check how it is written; nothing was changed."


def print_found(console: Console, found: Mapping[str, Mapping[str, Set[str]]]) -> None:
    """One line per table that has rows of a person."""
    for source, tables in found.items():
        for name, keys in tables.items():
            console.print(f"{source}.{name}: {len(keys):,} rows would be erased")


def print_receipts(console: Console, erasures: Iterable[Erasure], history: timedelta) -> None:
    """What was erased, without who; `history` is for how long the warehouse keeps what is deleted."""
    for erasure in erasures:
        _print_receipt(console, erasure, history)


def _print_receipt(console: Console, erasure: Erasure, history: timedelta) -> None:
    what = "rows erased" if erasure.with_rows else "rows: what was personal erased"
    for table, rows in erasure.counts.items():
        console.print(f"{table}: {rows:,} {what}")
    asked_at = datetime.fromisoformat(erasure.erased_at)
    gone = f"nothing of it is left there from {asked_at + history:%Y-%m-%d} on" if history else "nothing of it is left"
    console.print(
        f"Asked for on {asked_at:%Y-%m-%d %H:%M} UTC. Raw, the archive and what is built of them: {gone}. Backups, and "
        "what was sent or copied elsewhere, are where they are.",
        soft_wrap=True,
    )


def print_compactions(console: Console, results: list[Compaction], days: float) -> None:
    """One line per table from which versions were removed, and one per source from which none may be."""
    for result in results:
        for name, removed in result.removed.items():
            if removed:
                console.print(f"{result.source}.{name}: {removed:,} versions removed")
        if result.obstacle:
            console.print(f"{result.source}: nothing removed: {result.obstacle}", soft_wrap=True)
    total = sum(sum(result.removed.values()) for result in results)
    kept = " The archive keeps them." if total else ""
    console.print(f"{total:,} versions removed that were superseded for more than {days:g} d.{kept}")


def print_retained(console: Console, retained: Retained, versions_days: int, *, dry_run: bool) -> None:
    """One line per table of which anything went, or would go; `versions_days` is RETAIN_VERSIONS_DAYS, 0 if unset."""
    if retained.is_off:
        console.print("Nothing is set that would go with time (docs/privacy.md): nothing to do.")
        return
    done = "would be" if dry_run else "were"
    for table in retained.anonymised:
        console.print(f"{table.label}: {table.versions:,} versions {done} anonymised", soft_wrap=True)
    for source, removed in retained.rejected.items():
        console.print(f"{source}: {removed:,} records of rejected rows {done} removed", soft_wrap=True)
    if retained.compacted:
        print_compactions(console, retained.compacted, versions_days)
    elif dry_run and versions_days:
        console.print(f"Versions that were superseded for more than {versions_days} d would be removed from raw.")


_STYLES = {Grade.WARNING: "yellow", Grade.CRITICAL: "red"}


def print_status(
    console: Console, tables: list[TableStatus], now: datetime, judged: Mapping[tuple[str, str], Judgement]
) -> None:
    """One line per table, under its source; where the page is narrow, without what is looked at least.

    Args:
        console: where to.
        tables: what is shown.
        now: what ages are counted to.
        judged: source and table → how each is.
    """
    headings = [h for h in _HEADINGS if console.width >= _WIDTH or h not in _FIRST_TO_GO]
    shown = Table(box=SIMPLE, pad_edge=False, padding=0)
    for heading in headings:
        shown.add_column(heading, justify="left" if heading in _WORDS else "right", no_wrap=True)
    for source, of_source in groupby(tables, lambda t: t.source):
        shown.add_row(source, style="bold")
        for t in of_source:
            judgement = judged[t.source, t.table]
            word = Text(judgement.word, style=_STYLES.get(judgement.grade, ""))
            cells: dict[str, str | Text] = dict(zip(_HEADINGS, (*_cells(t, now), word), strict=True))
            shown.add_row(*(cells[heading] for heading in headings))
    console.print(shown)
    for t in tables:
        judgement = judged[t.source, t.table]
        # What else is wrong is told as what was read or asked says it itself.
        if judgement.word in AGES:
            console.print(f"{t.source}.{t.table}: {judgement.word}: {judgement.reason}", soft_wrap=True)
        if t.state.last_error:
            console.print(f"{t.source}.{t.table}: last error: {t.state.last_error}", soft_wrap=True)
        if t.state.note:
            console.print(f"{t.source}.{t.table}: note: {t.state.note}", soft_wrap=True)
        if t.unreviewed:
            console.print(
                f"{t.source}.{t.table}: unreviewed: {listed(t.unreviewed)}: {UNREVIEWED_REMEDY}", soft_wrap=True
            )


def _cells(t: TableStatus, now: datetime) -> list[str]:
    s = t.state
    return [
        t.table,
        t.mode,
        t.watermark_words,
        *(_since(now, at) for at in (s.last_run_at, s.last_full_at, s.last_reconciled_at)),
        *(_count(number) for number in (t.live, t.versions, t.rejected)),
        "down" if t.fault else "absent" if t.is_absent else _count(t.source_rows),
        "-" if t.lag is None else _duration(t.lag),
    ]


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
