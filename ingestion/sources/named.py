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

from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.folding import Folding, as_written
from ingestion.sources.base import (
    EVERYTHING,
    Absence,
    ChangeTracking,
    Explaining,
    Position,
    Selection,
    Snapshot,
    WireBatch,
)
from ingestion.sources.shape import TableShape


@dataclass(frozen=True, slots=True)
class SourceNames:
    """What a raw table and its columns are in the source.

    Attributes:
        table: the source's table.
        columns: raw column → the source's.
        folded: raw column → what the source does not tell apart in it.
        spellings: further raw column → the folded one whose written form it keeps.
    """

    table: str
    columns: Mapping[str, str]
    folded: Mapping[str, Folding] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)

    def of_table(self, table: RawTable) -> RawTable:
        """The table to ask the source for."""
        columns = tuple(replace(c, name=self.columns[c.name]) for c in table.columns if c.name not in self.spellings)
        return replace(table, name=self.table, key=tuple(self.columns[k] for k in table.key), columns=columns)

    def of_selection(self, selection: Selection) -> Selection:
        """The rows to ask it for."""
        return replace(
            selection,
            since=selection.since and (self.columns[selection.since[0]], selection.since[1]),
            open_rows={self.columns[name]: values for name, values in selection.open_rows.items()},
            but_not={self.columns[name]: values for name, values in selection.but_not.items()},
        )

    def shown(self, wire: WireBatch, table: RawTable) -> WireBatch:
        """What it gave, as raw shows it."""
        read = [c.name for c in table.columns if c.name not in self.spellings]
        written = dict(zip(read, wire.batch.columns, strict=True))
        values = {n: self.folded[n].canonical(v) if n in self.folded else v for n, v in written.items()}
        for name, folded in self.spellings.items():
            if folded in values:
                values[name] = as_written(written[folded], values[folded])
        names = [c.name for c in table.columns]
        raw = {self.columns[name]: name for name in read}
        batch = pa.RecordBatch.from_arrays([values[name] for name in names], names=names)
        return replace(wire, batch=batch, odd=[replace(odd, column=raw[odd.column]) for odd in wire.odd])


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

    def count(self, table: RawTable) -> int | None:
        """See `Snapshot.count`."""
        return self._snapshot.count(replace(table, name=self._names[table.name].table, key=(), columns=()))

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
