"""Columns of a source that may not be read.

Belongs here: what follows for a table. Not here: finding them (sources/).
"""

from collections.abc import Mapping

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.listed_names import listed
from ingestion.errors import TableError


def check_readable(entry: TableEntry, unreadable: Mapping[str, str]) -> None:
    """Refuse a table of which declared columns may not be read.

    Args:
        entry: its entry.
        unreadable: such columns, with the statement that would let each be read.

    Raises:
        TableError: one of them is declared.
    """
    declared = {name.casefold() for name in entry.columns if name not in entry.dropped}
    refused = {name: grant for name, grant in unreadable.items() if name.casefold() in declared}
    if refused:
        raise TableError(
            f"the source does not let us read {listed(refused)}, which the catalogue declares. Run there: "
            f"{'; '.join(refused.values())}"
        )


def left_out_note(unreadable: Mapping[str, str]) -> str | None:
    """What is to be told of columns that nobody declared."""
    return f"columns that we may not read are left out: {listed(unreadable)}" if unreadable else None
