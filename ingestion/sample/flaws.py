"""Dirty values, as real sources have them, put into a few of a day's new rows.

Belongs here: what may be wrong with a value. Not here: which columns of a source it strikes (its own module).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

from ingestion.sample.today import Today, uuid4

Value = str | int | float | None
Row = tuple[Value, ...]
Spoil = Callable[[Random, str, Mapping[str, Value]], Value]
"""Gets the good value as text and the whole row; gives the bad value."""

SHARE = 0.0003
"""Of all new rows, beyond the two of each kind that the first days are sure to have."""

SLIP_DAYS = 0.08
"""Of all days, those on which one new row has a slip; each slip is drawn for itself."""


@dataclass(frozen=True)
class Flaw:
    """A way in which one column goes wrong."""

    table: str
    column: str
    spoil: Spoil
    where: Callable[[Mapping[str, Value]], bool] = lambda _row: True
    """Which rows it may strike."""


def always(value: Value) -> Spoil:
    """Replace whatever was there."""
    return lambda _rng, _good, _row: value


def stranger(_rng: Random, _good: str, _row: Mapping[str, Value]) -> Value:
    """Point to a row that does not exist, by a UUID."""
    return uuid4(_rng)


def hour_before(column: str) -> Spoil:
    """Lie an hour before the timestamp in another column, or its own."""

    def spoil(_rng: Random, good: str, row: Mapping[str, Value]) -> Value:
        earlier = _parsed(str(row[column]))
        return (earlier - timedelta(hours=1)).isoformat(" ") if earlier else good

    return spoil


def timestamps(table: str, column: str) -> tuple[Flaw, ...]:
    """All that goes wrong with a timestamp; only the last cannot be read."""

    def no_zone(_rng: Random, good: str, _row: Mapping[str, Value]) -> Value:
        return good.removesuffix("+00:00")

    def zulu(_rng: Random, good: str, _row: Mapping[str, Value]) -> Value:
        return good.replace("+00:00", "Z")

    def fraction(rng: Random, good: str, _row: Mapping[str, Value]) -> Value:
        return good.replace(" ", "T").replace("+00:00", f".{rng.randrange(10**6):06d}Z")

    def offset(_rng: Random, good: str, _row: Mapping[str, Value]) -> Value:
        instant = _parsed(good)
        zone = timezone(timedelta(hours=5, minutes=30))
        return instant.astimezone(zone).isoformat(" ") if instant else good

    spoils = (no_zone, zulu, fraction, offset, always("yesterday"))
    return tuple(Flaw(table, column, spoil) for spoil in spoils)


def spoil_some(
    flaws: Sequence[Flaw],
    today: Today,
    columns: Mapping[str, tuple[str, ...]],
    inserts: Mapping[str, list[Row]],
) -> None:
    """Spoil a few new rows, in place: two of each kind, as one may be deleted, and some by chance."""
    rng = today.rng
    rows = sum(len(table_rows) for table_rows in inserts.values())
    chosen = rng.choices(flaws, k=int(SHARE * rows + rng.random()))
    if today.index < 2 * len(flaws):
        chosen.append(flaws[today.index % len(flaws)])
    for flaw in chosen:
        if inserts.get(flaw.table):
            _strike(flaw, rng, columns[flaw.table], inserts[flaw.table])


def let_slip(
    slips: Sequence[Flaw],
    today: Today,
    columns: Mapping[str, tuple[str, ...]],
    inserts: Mapping[str, list[Row]],
) -> None:
    """Spoil new rows of a kind that only some days have, in place."""
    for number, slip in enumerate(slips):
        rng = today.aside(f"slip {number}").rng
        if rng.random() < SLIP_DAYS and inserts.get(slip.table):
            _strike(slip, rng, columns[slip.table], inserts[slip.table])


def where(column: str, *values: Value) -> Callable[[Mapping[str, Value]], bool]:
    """Strike rows that have one of these values in a column."""
    return lambda row: row[column] in values


def _strike(flaw: Flaw, rng: Random, columns: tuple[str, ...], rows: list[Row]) -> None:
    position = columns.index(flaw.column)
    for _ in range(50):  # tries to find a row that has a value to spoil
        number = rng.randrange(len(rows))
        row = rows[number]
        good = row[position]
        named = dict(zip(columns, row, strict=True))
        if good is not None and flaw.where(named):
            bad = flaw.spoil(rng, str(good), named)
            rows[number] = (*row[:position], bad, *row[position + 1 :])
            return


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
