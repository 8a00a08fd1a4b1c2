"""Whether money of a source may be in another unit than ours.

Belongs here: what names tell of it. Not here: the arithmetic (sources/translation.py).

Cents that are read as whole units, and units as cents, are numbers like any other: nobody would see it.
"""

from ingestion.catalogue.likeness import words
from ingestion.catalogue.mapping import ColumnMapping
from ingestion.rows.columns import ColumnType

_NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE)
_CENTS = {"cent", "minor"}


def likely_factor(ours: str, type_: str, theirs: str) -> str | None:
    """What a source's numbers are to be multiplied by, as far as names tell; None where both are in one unit."""
    if type_ not in _NUMBERS or _is_cents(ours) == _is_cents(theirs):
        return None
    return "100" if _is_cents(ours) else "0.01"


def unit_fault(name: str, type_: str, told: ColumnMapping) -> str | None:
    """What the owner has to say of a column, of the type, whose source may be in another unit; None if nothing."""
    theirs = told.path or told.source
    factor = likely_factor(name, type_, theirs) if theirs and told.times is None else None
    if factor is None:
        return None
    ours, other = ("cents", "units of the currency") if _is_cents(name) else ("units", "cents")
    return (
        f"{name} is in {ours}: say times: {factor} where {theirs} is in {other}, or times: 1 where it is in {ours} too"
    )


def _is_cents(name: str) -> bool:
    return not _CENTS.isdisjoint(words(name))
