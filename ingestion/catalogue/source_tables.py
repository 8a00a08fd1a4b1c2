"""Which tables a source has to have, and which it gets in raw while it is absent.

Belongs here: comparing a database with the catalogue. Not here: reading rows (loading/table.py).
"""

from collections.abc import Collection

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import SourceError
from ingestion.rows.columns import RawTable


def empty_tables(source: str, entries: dict[str, TableEntry]) -> list[RawTable]:
    """The raw tables of a source that is not configured: the declared columns."""
    return [entry.raw_table(source, name) for name, entry in entries.items()]


def check_tables(
    source: str,
    entries: dict[str, TableEntry],
    found: Collection[str],
    only: Collection[str] = (),
) -> None:
    """Refuse a database that is not the source's.

    Raises:
        SourceError: it has none of the tables, not a required one, or not one of `only`.
    """
    variable = f"{source.upper()}_DATABASE_URL"
    if not found:
        raise SourceError(
            f"{source}: the database has none of the tables {', '.join(entries)}. Check that {variable} is right."
        )
    missing = [name for name, entry in entries.items() if name not in found and (entry.required or name in only)]
    if missing:
        raise SourceError(
            f"{source}: the database has no table {', '.join(missing)}. Check {variable}, or the table's entry in the "
            "catalogue."
        )
