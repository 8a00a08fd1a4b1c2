"""Which tables a source has to have, and which it gets in raw while it is absent.

Belongs here: comparing a database with the catalogue. Not here: reading rows (loading/table.py).
"""

from collections.abc import Collection

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import SourceError, nearest
from ingestion.rows.columns import RawTable
from ingestion.sources.base import Snapshot, SourceName


def empty_tables(source: str, entries: dict[str, TableEntry]) -> list[RawTable]:
    """The raw tables of a source that is not configured: the declared columns."""
    return [entry.raw_table(source, name) for name, entry in entries.items()]


def check_tables(
    source: str,
    entries: dict[str, TableEntry],
    found: Collection[str],
    only: Collection[str] = (),
    snapshot: Snapshot | None = None,
) -> None:
    """Refuse a database that is not the source's, with what it has instead; the snapshot knows that.

    Raises:
        SourceError: it has none of the tables, not a required one, or not one of `only`.
    """
    variable = SourceName(source).variable

    def instead(name: str) -> str:
        # Asked only where something is missing: most runs find all.
        there = snapshot.tables() if snapshot else []
        if not there:
            return "It has no tables at all, or none that we may see."
        return (
            f"It has {len(there):,} tables, among them: {nearest(name, there)}. If these are the same under "
            f"other names, say so in sources.yml; to see them all: python -m ingestion inspect --source {source}"
        )

    if not found:
        raise SourceError(
            f"{source}: the database has none of the tables {', '.join(entries)}. Check that {variable} is right. "
            f"{instead(next(iter(entries)))}"
        )
    missing = [name for name, entry in entries.items() if name not in found and (entry.required or name in only)]
    if missing:
        raise SourceError(
            f"{source}: the database has no table {', '.join(missing)}. Check {variable}, or the table's entry in the "
            f"catalogue. {instead(missing[0])}"
        )
