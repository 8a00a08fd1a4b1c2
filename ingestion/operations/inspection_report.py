"""Inspected tables as text for people.

Belongs here: display. Not here: what is shown (inspection.py).
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.recommendation import Recommendation, cursors, declarations
from ingestion.operations.inspection import Inspection
from ingestion.sources.shape import TableShape


def print_inspection(console: Console, inspection: Inspection) -> None:
    """A heading, and what was found, is in the catalogue, is recommended and differs, in a line or more each."""
    console.print(f"{inspection.source}.{inspection.table}", style="bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    shape, recommended = inspection.shape, inspection.recommended
    lines = [*([("found", _found(shape)), *_details(shape)] if shape else [])]
    lines.append(("catalogue", _entry(inspection.entry) if inspection.entry else "not in the catalogue"))
    if recommended and recommended.problem:
        lines.append(("can't load", recommended.problem))
    elif recommended:
        lines.append(("recommended", _settings(recommended)))
        columns = declarations(shape, recommended).items() if shape else ()
        lines.append(("", f"columns {', '.join(f'{name}: {type_}' for name, type_ in columns)}"))
    lines += [("", reason) for reason in (recommended.reasons if recommended else ())]
    lines += [("differs" if i == 0 else "", text) for i, text in enumerate(inspection.differences)]
    lines += [("compares" if i == 0 else "", text) for i, text in enumerate(inspection.comparisons)]
    for label, text in lines:
        grid.add_row(f"  {label}", text)
    console.print(grid)
    console.print()


def _found(shape: TableShape) -> str:
    rows = shape.rows
    if rows is None:
        return f"{shape.kind}, rows not counted"
    bound = "" if rows.bound == "exactly" else f"{rows.bound} "
    return f"{shape.kind}, {bound}{rows.rows:,} rows, {len(shape.columns)} columns"


def _details(shape: TableShape) -> list[tuple[str, str]]:
    keys = [f"{', '.join(shape.primary_key)} (primary key)"] if shape.primary_key else []
    keys += [f"{', '.join(unique)} (unique, never null)" for unique in shape.unique]
    candidates = [
        f"{c.name} ({'indexed' if c.is_indexed else 'no index'}{', may be null' if c.is_nullable else ''}"
        f"{'' if c.shows_changes else ', new rows only'})"
        for c in cursors(shape)
    ]
    return [
        ("keys", "; ".join(keys) or "none"),
        ("cursors", "; ".join(candidates) or "none"),
        ("indexes", "; ".join(", ".join(index) for index in shape.indexes) or "none"),
    ]


def _entry(entry: TableEntry) -> str:
    if entry.mode is None:
        key, cursor = ", ".join(entry.key or ()), entry.cursor
        told = [*([f"key {key}"] if key else []), *([f"cursor {cursor}"] if cursor else [])]
        return "; ".join([*told, "the rest is found as recommended"])
    return _told(entry.mode, entry.raw_key, entry.cursor, entry.sweep_hours)


def _settings(recommended: Recommendation) -> str:
    return _told(recommended.mode, recommended.key, recommended.cursor, recommended.sweep_hours)


def _told(mode: str, key: Sequence[str], cursor: str | None, sweep_hours: float) -> str:
    parts = [f"mode {mode}", f"key {', '.join(key)}"]
    parts += [f"cursor {cursor}"] if cursor else []
    parts += [f"sweep_hours {sweep_hours:g}"] if sweep_hours else []
    return "; ".join(parts)
