"""A source as raw shows it: under raw's names, ids in their canonical form.

Belongs here: the translation, both ways, around any reader. Not here: what anything is called (catalogue/matching.py),
how it is read.

Readers know the source's own names, everything behind this raw's: neither has to know of the other's.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal

import pyarrow as pa

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.folding import Folding, as_written
from ingestion.rows.pseudonyms import Pseudonym
from ingestion.sources.base import (
    EMPTY,
    EVERYTHING,
    Absence,
    Among,
    ChangeTracking,
    Explaining,
    Position,
    Selection,
    Snapshot,
    Watermark,
    WireBatch,
)
from ingestion.sources.shape import TableShape
from ingestion.sources.translation import Translation

WITHHELD = "withheld: the table has columns of which raw keeps no value"
"""In the place of a row that could not be told apart into values."""


@dataclass(frozen=True, slots=True)
class SourceNames:
    """What a raw table and its columns are in the source.

    Attributes:
        table: the source's table.
        columns: raw column → the source's.
        folded: raw column → what the source does not tell apart in it.
        spellings: further raw column → the folded one whose written form it keeps.
        translations: raw column → how its values are made of the source's.
        constants: raw column → its value in every row; the source has no column for it.
        only: the source's column → values; of other rows there are none.
        pseudonyms: raw column → what makes pseudonyms of its values, after all else.
        withholds: whether rows that could not be told apart into values may hold what raw must not.
    """

    table: str
    columns: Mapping[str, str]
    folded: Mapping[str, Folding] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    translations: Mapping[str, Translation] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    only: Among = field(default_factory=dict)
    pseudonyms: Mapping[str, Pseudonym] = field(default_factory=dict)
    withholds: bool = False

    @property
    def given(self) -> frozenset[str]:
        """The raw columns that there are values for."""
        return frozenset(self.columns) | frozenset(self.spellings) | frozenset(self.constants)

    def of_table(self, table: RawTable) -> RawTable:
        """The table to ask the source for: each of its columns once, whatever is made of it."""
        columns: dict[str, Column] = {}
        for column in table.columns:
            if column.name in self.columns:
                translation = self.translations.get(column.name)
                asked = replace(
                    column, name=self.columns[column.name], type=translation.type if translation else column.type
                )
                columns.setdefault(asked.name, asked)
        key = tuple(self.columns[k] for k in table.key)
        return replace(table, name=self.table, key=key, columns=tuple(columns.values()))

    def of_selection(self, selection: Selection) -> Selection:
        """The rows to ask it for."""
        return replace(
            selection,
            since=selection.since and self._since(*selection.since),
            open_rows=self._written(selection.open_rows),
            but_not=self._written(selection.but_not),
            only=self.only,
        )

    def _since(self, cursor: str, bound: Watermark) -> tuple[str, Watermark]:
        """The cursor's lower bound as the source has it."""
        translation = self.translations.get(cursor)
        return self.columns[cursor], translation.since(bound) if translation else bound

    def _written(self, among: Among) -> Among:
        """Raw's values as the source writes them."""
        return {
            self.columns[name]: self.translations[name].written(values) if name in self.translations else values
            for name, values in among.items()
        }

    def shown(self, wire: WireBatch, table: RawTable) -> WireBatch:
        """What it gave, as raw shows it."""
        read = [c.name for c in table.columns if c.name in self.columns]
        asked = dict(zip(dict.fromkeys(self.columns[name] for name in read), wire.batch.columns, strict=True))
        written = {name: asked[self.columns[name]] for name in read}
        values = {n: self.folded[n].canonical(v) if n in self.folded else v for n, v in written.items()}
        for name, folded in self.spellings.items():
            if folded in values:
                values[name] = as_written(written[folded], values[folded])
        odd = []
        for name in read:
            own = [replace(o, column=name) for o in wire.odd if o.column == self.columns[name]]
            if translation := self.translations.get(name):
                values[name], own = translation.of(values[name], name, own)
            if pseudonym := self.pseudonyms.get(name):
                values[name], own = pseudonym.of(values[name], own)
            odd += own
        for name, value in self.constants.items():
            values[name] = pa.repeat(pa.scalar(value, pa.string()), wire.batch.num_rows)
        names = [c.name for c in table.columns]
        batch = pa.RecordBatch.from_arrays([values[name] for name in names], names=names)
        unparsed = [replace(row, content=WITHHELD) for row in wire.unparsed] if self.withholds else wire.unparsed
        return replace(wire, batch=batch, odd=odd, unparsed=unparsed)


class NamedSnapshot:
    """A snapshot that is asked by raw's names. See `Snapshot`."""

    def __init__(self, snapshot: Snapshot, names: Mapping[str, SourceNames]) -> None:
        self._snapshot = snapshot
        self._names = names

    def tables(self) -> list[str]:
        """See `Snapshot.tables`: the source's own names."""
        return self._snapshot.tables()

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`: likewise."""
        return self._snapshot.columns(tables)

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`: likewise."""
        return self._snapshot.shapes(tables)

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """See `Snapshot.unreadable`: likewise."""
        return self._snapshot.unreadable(columns)

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`: likewise."""
        return self._snapshot.foldings(columns)

    def absence(self, table: str) -> Absence | None:
        """See `Explaining`: it need not tell."""
        return self._snapshot.absence(table) if isinstance(self._snapshot, Explaining) else None

    def check(self, table: str) -> None:
        """See `Explaining`: likewise."""
        if isinstance(self._snapshot, Explaining):
            self._snapshot.check(self._names[table].table)

    def count(self, table: RawTable, only: Among = EMPTY) -> int | None:
        """See `Snapshot.count`."""
        names = self._names[table.name]
        return self._snapshot.count(replace(table, name=names.table, key=(), columns=()), {**names.only, **only})

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Generator[WireBatch]:
        """See `Snapshot.read`."""
        names = self._names[table.name]
        read = self._snapshot.read(names.of_table(table), names.of_selection(selection))
        with closing(_generated(read)) as wires:
            for wire in wires:
                yield names.shown(wire, table)


class NamedTracking(NamedSnapshot):
    """Likewise, where the source tells what changed. See `ChangeTracking`."""

    _snapshot: "_Tracking"

    def position(
        self, table: str, mode: Literal["changes", "cursor", "full"], cursor: str | None, watermark: str | None
    ) -> Position:
        """See `ChangeTracking.position`."""
        names = self._names[table]
        return self._snapshot.position(names.table, mode, names.columns.get(cursor or "", cursor), watermark)


class _Tracking(Snapshot, ChangeTracking):
    pass


def named(snapshot: Snapshot, names: Mapping[str, SourceNames]) -> NamedSnapshot:
    """The snapshot under raw's names."""
    return (NamedTracking if isinstance(snapshot, ChangeTracking) else NamedSnapshot)(snapshot, names)


def _generated(wires: Iterator[WireBatch]) -> Generator[WireBatch]:
    """Batches as a generator, which can be closed."""
    if isinstance(wires, Generator):
        return wires
    return (wire for wire in wires)
