"""What a run sets aside of one table, and which earlier rejections it settles.

Belongs here: collecting it, and the guard against a column that is declared wrongly. Not here: which values are set
aside (rows/conformance.py), where that is recorded (warehouses/).
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import TableError
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import FILE, LINE, Conformed, Effect, Rejection, UnparsedRow, key_json
from ingestion.warehouses.base import TableLoad

MOST_REJECTIONS = 10_000
MOST_REJECTED_SHARE = 0.5
"""So many rejected rows, if they are such a share of what was read, fail their table; so do values of a column."""

_MOST_TOLD = 3


class Rejections:
    """One run's rejections of one table.

    Attributes:
        all: in the order in which they were found.
        unparsed: how many of them are of rows whose key can't be told.
    """

    def __init__(self, table: RawTable, standing: Collection[str] = ()) -> None:
        """`standing` are the keys of the rejections that stand, as `Rejection` has them."""
        self.all: list[Rejection] = []
        self._table = table
        self._declared = [c.name for c in table.columns if c.is_declared]
        self._rows_read = 0
        self._values: Counter[str] = Counter()
        self._rejected: Counter[Effect | str] = Counter()
        self._standing = frozenset(standing)
        self._first = self._first_of_keys()
        self._read: set[str] = set()
        self._present: set[str] = set()
        self._files: set[str] = set()
        self.unparsed = 0

    @property
    def keys(self) -> set[str]:
        """The keys of rows that are kept out, as JSON."""
        return {r.key for r in self.all if r.effect is Effect.ROW}

    @property
    def has_values(self) -> bool:
        """Whether values were set aside without their rows."""
        return any(r.effect is Effect.VALUE for r in self.all)

    @property
    def reasons(self) -> str | None:
        """The columns with most rejections, and the first reason of each; None if there are none."""
        first: dict[str, str] = {}
        for rejection in self.all:
            first.setdefault(rejection.column, rejection.reason)
        counted = Counter(rejection.column for rejection in self.all).most_common()
        told = [first[c] if c == LINE else f"{c}: {first[c]}" for c, _ in counted[:_MOST_TOLD]]
        told += [f"and {len(counted) - _MOST_TOLD} other columns"] if len(counted) > _MOST_TOLD else []
        return "; ".join(told) or None

    def note(self, conformed: Conformed, rows: int) -> None:
        """Take what was found in a batch of so many rows.

        Raises:
            TableError: most of what was read of the table or of a declared column is set aside.
        """
        self._rows_read += rows
        for name in self._declared:
            column = conformed.batch.column(name)
            self._values[name] += len(column) - column.null_count
        self._read.update(self._known(conformed.batch))
        self.add(conformed.rejections)
        if conformed.rejections:
            self._check()

    def note_unparsed(self, unparsed: Sequence[UnparsedRow], files: Iterable[str]) -> None:
        """Take what could not be parsed of rows out of files.

        Raises:
            TableError: that is most of them.
        """
        self._files.update(files)
        self._rows_read += len(unparsed)
        self.unparsed += len(unparsed)
        self.add(row.rejection for row in unparsed)
        if unparsed:
            self._check()

    def note_keys(self, conformed: Conformed) -> None:
        """Take keys that the source has, whatever else their rows hold."""
        self._present.update(self._known(conformed.batch))
        # A key that raw can't hold is there nonetheless.
        self._present.update(r.key for r in conformed.rejections)

    def add(self, rejections: Iterable[Rejection]) -> None:
        """Take further ones."""
        for rejection in rejections:
            self.all.append(rejection)
            self._rejected[Effect.ROW if rejection.effect is Effect.ROW else rejection.column] += 1

    def record(self, load: TableLoad, *, is_complete: bool, keys_known: bool) -> int:
        """Record what was found, and that earlier rejections stand no more; returns the number recorded.

        Args:
            load: the table's load.
            is_complete: whether all rows were read.
            keys_known: whether all keys of the source were: what is not among them is gone.
        """
        read = self._read | ({r.key for r in self.all} & self._standing)
        gone = self._standing - self._present - read if keys_known else frozenset()
        return load.reject(self.all, sorted(read | gone | self._parsed_now()), is_complete=is_complete)

    def _parsed_now(self) -> set[str]:
        """Standing ones of rows that could not be parsed, of files that were read again."""
        if not self._files:
            return set()
        return {key for key in self._standing if json.loads(key).get(FILE) in self._files}

    def _first_of_keys(self) -> pa.Array:
        """The first columns of the keys that stand, where they are of the column's type."""
        if not self._standing:
            return None
        first = self._table.key_columns[0]
        values = [json.loads(key).get(first.name) for key in self._standing]
        type_ = str if pa.types.is_string(first.type.arrow) else int
        return pa.array({v for v in values if type(v) is type_ and (type_ is str or abs(v) < 2**63)}, first.type.arrow)

    def _known(self, batch: pa.RecordBatch) -> Iterable[str]:
        """Those of a batch's keys of which a rejection stands."""
        if self._first is None or not len(self._first) or not batch.num_rows:
            return ()
        key = batch.select(list(self._table.key))
        found = key.filter(pc.is_in(key.column(0), value_set=self._first))
        keys = (key_json(self._table, values) for values in zip(*(c.to_pylist() for c in found.columns), strict=True))
        return (key for key in keys if key in self._standing)

    def _check(self) -> None:
        """A column of which most is set aside is declared wrongly; its values would fill memory and `_rejected`.

        Nobody has declared the others, so that they keep out no row: their values are set aside however many they are.
        """
        last = self.all[-1]
        if self._is_most(rejected := self._rejected[Effect.ROW], self._rows_read):
            told = f"{rejected:,} of the first {self._rows_read:,} rows would be rejected, the last since"
            if last.column == LINE:
                raise TableError(f"{told} it can't be parsed: {last.reason}. Correct the options of the table's files")
            raise TableError(
                f"{told} in column {last.column} was found: {last.reason}. Correct {self._told_in(last.column)}"
            )
        for name in self._declared:
            set_aside = self._rejected[name]
            values = self._values[name] + set_aside
            if self._is_most(set_aside, values):
                reason = next(r.reason for r in reversed(self.all) if r.column == name)
                raise TableError(
                    f"{set_aside:,} of the first {values:,} values of column {name} would be set aside, the last since "
                    f"in it was found: {reason}. Correct {self._told_in(name)}"
                )

    def _told_in(self, name: str) -> str:
        return next(c.told_in for c in self._table.columns if c.name == name)

    @staticmethod
    def _is_most(rejected: int, total: int) -> bool:
        return rejected > MOST_REJECTIONS and rejected > total * MOST_REJECTED_SHARE
