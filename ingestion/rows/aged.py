"""Rows of a certain age: what is left of their personal columns, whenever they are read.

Belongs here: how old a row is, and what becomes of its values. Not here: what is declared (catalogue/personal.py), what
becomes of versions that raw and the archive hold already (operations/ageing.py).

Ages are counted in whole days of UTC, so that a row is as old to each run of a day.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import ColumnType
from ingestion.rows.conformance import Conformed, Rejection
from ingestion.rows.conversion import convert
from ingestion.rows.erased import Blanking

Limits = Mapping[date, frozenset[str]]
"""The columns of which nothing stays in rows of before a day, by that day."""


@dataclass(frozen=True)
class AgedRows:
    """What becomes of a table's rows with age.

    Attributes:
        aged_by: the column that tells the instant or the day from which a row has its age; one without stays.
        limits: what goes when. Case tells no columns apart.
        besides: columns of JSON objects, and the keys of them that stay.
    """

    aged_by: str
    limits: Limits
    besides: Mapping[str, Sequence[str]]

    def of(self, conformed: Conformed) -> Conformed:
        """What was read, as it stays. What is set aside of an old row is recorded without what it held."""
        rows = self.left(conformed.batch, self.days(conformed.batch))
        return Conformed(rows, [self.left_of(rejection) for rejection in conformed.rejections])

    def days(self, rows: pa.RecordBatch) -> pa.Array:
        """The days (date32) from which rows have their age; null where nothing tells."""
        for name in rows.schema.names:
            if name.casefold() == self.aged_by.casefold():
                return _days(rows.column(name))
        return pa.nulls(rows.num_rows, pa.date32())

    def left(self, rows: pa.RecordBatch, days: pa.Array) -> pa.RecordBatch:
        """Rows, without what is past its limit, given the day from which each has its age."""
        for before, names in self.limits.items():
            which = pc.fill_null(pc.less(days, pa.scalar(before, pa.date32())), False)
            if pc.any(which).as_py():
                kept = frozenset(rows.schema.names) - self.columns(rows.schema.names, names)
                besides = {own: self.besides[n] for n in self.besides for own in self.columns(rows.schema.names, {n})}
                rows = Blanking((), frozenset(), kept, besides).of(rows, which, _no_pseudonyms)
        return rows

    @staticmethod
    def columns(there: Sequence[str], names: frozenset[str] | set[str]) -> frozenset[str]:
        """Those of some columns that are meant by names."""
        meant = {name.casefold() for name in names}
        return frozenset(name for name in there if name.casefold() in meant)

    def left_of(self, rejection: Rejection) -> Rejection:
        """The record of a row, without what is past its limit; the key is known all the same."""
        content = {name.casefold(): value for name, value in json.loads(rejection.content).items()}
        day = _day_told(content.get(self.aged_by.casefold()))
        if day is None or not any(day < before for before in self.limits):
            return rejection
        is_of_these = any(self.columns([rejection.column], names) for names in self.limits.values())
        value = None if is_of_these else rejection.value
        return replace(rejection, value=value, content=rejection.key)


def _days(values: pa.Array) -> Any:
    return values if pa.types.is_date32(values.type) else pc.cast(values, pa.date32())


def _day_told(value: object) -> date | None:
    """The day that a value of a record tells, as it would have been read."""
    if not isinstance(value, str | int | float):
        return None
    try:
        instants, _ = convert(pa.array([value]), ColumnType.TIMESTAMP)
        day: date | None = _days(instants)[0].as_py()
    except (ValueError, OverflowError):
        return None
    return day


def _no_pseudonyms(_: str, values: pa.Array) -> pa.Array:
    return values
