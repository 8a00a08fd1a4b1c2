"""What of a source's tables becomes pseudonyms, and whether raw is as that says.

Belongs here: the key in the place where rows are read, and the guard against raw that holds more, or under another key.
Not here: how a pseudonym is made (rows/pseudonyms.py), how raw is renewed (operations/rotation.py).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.matching import spellings_of
from ingestion.errors import TableError
from ingestion.log.state import TableState
from ingestion.rows.aged import AgedRows
from ingestion.rows.columns import RawTable
from ingestion.rows.erased import Blanking, ErasedRows, Tokens
from ingestion.rows.pseudonyms import Pseudonym, SourceKey, clean_email, clean_phone, clean_text
from ingestion.sources.named import SourceNames

DROPPED = "drop"
REMEDY = "python -m ingestion rotate-key"
"""What brings raw to what is declared. A table whose last error has it is not so."""


@dataclass(frozen=True)
class Privacy:
    """What a source's personal columns become.

    Attributes:
        key: of its pseudonyms; None where none of its tables needs one.
        country_code: of telephone numbers that are written with one leading 0; None: they stay as they are.
        erased: table → names of its rows that were erased, and what stands in the place of their pseudonyms.
        row_key: what these are named with; None where there are none.
        erased_is_told: whether it was told that the source still has some of them.
        today: the day from which rows have their age; None: nothing is anonymised for its age.
    """

    key: SourceKey | None = None
    country_code: str | None = None
    erased: Mapping[str, Mapping[str, Tokens | None]] = field(default_factory=dict)
    row_key: SourceKey | None = None
    erased_is_told: bool = False
    today: date | None = None

    def aged_rows(self, entry: TableEntry) -> AgedRows | None:
        """What becomes of a table's rows with age; None if nothing does."""
        if self.today is None or not entry.anonymised or entry.aged_by is None:
            return None
        limits: dict[date, frozenset[str]] = {}
        for name, days in entry.anonymised.items():
            before = self.today - timedelta(days=days)
            limits[before] = limits.get(before, frozenset()) | {name, *spellings_of(name)}
        return AgedRows(entry.aged_by, limits, besides_of(entry))

    def erased_rows(self, table: RawTable, entry: TableEntry) -> ErasedRows | None:
        """A table's rows that were erased; None if none was."""
        rows = self.erased.get(table.name)
        if not rows or self.row_key is None:
            return None
        return ErasedRows(blanking_of(table.key, entry), self.row_key, rows, self.erased_is_told)

    def names(self, names: SourceNames, entry: TableEntry) -> SourceNames:
        """The names by which a table is read, with pseudonyms in the place of values."""
        return replace(names, pseudonyms={name: self.pseudonym(entry, name) for name in entry.hashed})

    def pseudonym(self, entry: TableEntry, column: str) -> Pseudonym:
        """What makes pseudonyms of a column's values."""
        assert self.key is not None, "Ingestion sees to it that there is one"
        cleaners: Mapping[str, Callable[[str], str | None]] = {
            "phone": clean_phone(self.country_code),
            "email": clean_email,
        }
        return Pseudonym(cleaners.get(entry.personal[column].kind, clean_text), self.key)

    def record(self, entry: TableEntry) -> dict[str, str]:
        """What raw has of a table's personal columns other than their values: column → key's fingerprint, or `drop`."""
        hashed = dict.fromkeys(entry.hashed, self.key.fingerprint if self.key else "")
        return dict(sorted({**hashed, **dict.fromkeys(entry.dropped, DROPPED)}.items()))

    def state(self, state: TableState, entry: TableEntry) -> TableState:
        """The state under what is declared now. Where a column is kept clear from now on, all is read once more."""
        told = self.record(entry)
        before = recorded(state)
        if told == before:
            return state
        again = bool(before.keys() - told.keys())
        personal = json.dumps(told) if told else None
        return replace(state, personal=personal, last_full_at=None if again else state.last_full_at)

    def is_of_another_key(self, state: TableState) -> bool:
        """Whether raw's pseudonyms of a table are under another key than what is read now."""
        told = {*recorded(state).values()} - {DROPPED} if state.batch_seq and self.key else set()
        return bool(told) and told != {self.key.fingerprint if self.key else ""}

    def check(self, state: TableState, entry: TableEntry) -> None:
        """See to it that raw holds no more of a table than is declared, and pseudonyms under one key.

        Raises:
            TableError: it does not.
        """
        if not state.batch_seq:
            return
        before = recorded(state)
        for name, told in self.record(entry).items():
            if before.get(name) == told:
                continue
            if name in before and DROPPED not in (before[name], told):
                what = f"raw's pseudonyms of {name} are of another PRIVACY_KEY. Set that one again, or bring raw"
            else:
                what = f"raw holds {name} as it was in the source, which the catalogue no longer keeps. Bring raw"
            raise TableError(f"{what} and the archive to what is declared now: {REMEDY} (docs/privacy.md)")


NOTHING_PERSONAL = Privacy()
"""Of a source that has no pseudonyms, and nobody of which was erased."""


def recorded(state: TableState) -> dict[str, str]:
    """What a state says of raw's personal columns: see `TableState.personal`."""
    return json.loads(state.personal) if state.personal else {}


def blanking_of(key: Sequence[str], entry: TableEntry) -> Blanking:
    """What becomes of a table's rows when they are erased: of a column that nobody declared nothing stays."""
    kept = {name for name in entry.columns if name not in entry.personal}
    return Blanking(tuple(key), frozenset(entry.hashed), frozenset({*kept, *key}), besides_of(entry))


def besides_of(entry: TableEntry) -> dict[str, list[str]]:
    """Columns of JSON objects, and the keys of them that hold nothing of a person."""
    return {name: column.besides for name, column in entry.personal.items() if column.besides}
