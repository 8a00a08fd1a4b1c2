"""Which columns of raw nobody has looked at yet.

Belongs here: what of raw the catalogue says nothing of. Not here: what it may say (entries.py, personal.py).
"""

from collections.abc import Iterable

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.matching import spellings_of
from ingestion.rows.columns import CONTROL_COLUMNS
from ingestion.rows.names import with_digest

UNREVIEWED_REMEDY = "they are in raw as they are. Say what they hold, or exclude them (docs/privacy.md)"
"""What is to be done about them."""


def unreviewed(entry: TableEntry, held: Iterable[str]) -> list[str]:
    """Columns that came by themselves: what they hold of people nobody says, neither catalogue nor owner.

    Args:
        entry: the table's entry.
        held: the raw table's columns.
    """
    reviewed = {c.name for c in CONTROL_COLUMNS} | {*entry.columns}
    reviewed |= {spelling for name in entry.columns for spelling in spellings_of(name)}
    # Not read any more, whatever it is called in raw.
    excluded = entry.mapping.exclude
    left_out = {name.casefold() for name in (*excluded, *map(with_digest, excluded))}
    return sorted({name for name in held if name not in reviewed and name.casefold() not in left_out})
