"""Values that are past their age: out of the archive and raw, so that reads do not bring them back and numbers stay.

Belongs here: how old the rows of a table's versions are, and the order of steps. Not here: what is left of a row
(rows/aged.py), what else goes with time (retention.py).

A row is as old as its latest version says, in all of its versions. Files of the archive that hold more than they may
are written anew, after it was noted which; raw's versions of those batches follow. A call that was killed at any point
is finished by the next: what is gone stays gone, and the rest is found again. Models show none of these columns: no
batch is begun, and nothing is built anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import IngestionError
from ingestion.loading.run import Ingestion
from ingestion.log.archive import Archive
from ingestion.log.state import TableState
from ingestion.operations.rebuild import renew_batches
from ingestion.operations.renewal import TableFiles
from ingestion.rows.aged import AgedRows
from ingestion.rows.columns import RawTable
from ingestion.rows.erased import keys_of
from ingestion.warehouses.base import Session, TableLoad


@dataclass(frozen=True)
class Anonymised:
    """What was done with a table.

    Attributes:
        label: source and name.
        versions: how many of its rows' versions held something past its age.
        error: why that stays; None where it went.
    """

    label: str
    versions: int
    error: str | None = None


def anonymise(ingestion: Ingestion, tables: Mapping[str, list[str]], *, dry_run: bool) -> list[Anonymised]:
    """Leave of rows what their age allows; a dry run counts what would go, and changes nothing.

    Args:
        ingestion: the configured ingestion.
        tables: source → tables that are asked for.
        dry_run: whether nothing is to be changed.

    Returns:
        A result for each table of which anything is declared, or that an earlier call was to end.

    Raises:
        ConfigurationError: there is no key for a source's pseudonyms.
        StorageError: the archive's place can't be used.
        WarehouseError: the warehouse can't be opened.
    """
    awaited = ingestion.archive.renewals.read()
    asked = {
        source: due
        for source, names in tables.items()
        if (due := [n for n in names if ingestion.catalogue[source][n].anonymised or awaited.get(source, {}).get(n)])
    }
    if dry_run:
        return [_looked_at(ingestion, source, name) for source, names in asked.items() for name in names]
    if not asked:
        return []
    with ingestion.warehouse.session() as session:
        return [
            _anonymised(ingestion, session, source, name)
            for source, names in asked.items()
            for name in names
            if session.states(source).get(name, TableState(name)).batch_seq
        ]


def _looked_at(ingestion: Ingestion, source: str, name: str) -> Anonymised:
    table, entry = RawTable(source, name, (), ()), ingestion.catalogue[source][name]
    aged = ingestion.privacy(source).aged_rows(entry)
    try:
        numbers = ingestion.archive.numbers(table)
        found = _Versions(ingestion.archive, table, entry, numbers, aged).past if aged and numbers else {}
        return Anonymised(table.label, sum(found.values()))
    except IngestionError as error:
        return Anonymised(table.label, 0, str(error))


def _anonymised(ingestion: Ingestion, session: Session, source: str, name: str) -> Anonymised:
    table, entry = RawTable(source, name, (), ()), ingestion.catalogue[source][name]
    privacy, state = ingestion.privacy(source), session.states(source)[name]
    versions = 0
    try:
        privacy.check(state, entry)
        numbers = TableFiles(ingestion.archive, table).check(state.batch_seq)
        aged = privacy.aged_rows(entry)
        if aged:
            held = _Versions(ingestion.archive, table, entry, numbers, aged)
            versions = sum(held.past.values())
            _note(ingestion.archive, source, name, [number for number, count in held.past.items() if count])
            held.write()
        _follow(ingestion.archive, session, table, entry, numbers, aged)
    except IngestionError as error:
        return Anonymised(table.label, versions, str(error))
    return Anonymised(table.label, versions)


def _note(archive: Archive, source: str, name: str, numbers: list[int]) -> None:
    """Note that raw is to have batches anew: before their files are."""
    if numbers:
        awaited = archive.renewals.read()
        of_source = awaited.setdefault(source, {})
        of_source[name] = sorted({*of_source.get(name, []), *numbers})
        archive.renewals.write(awaited)


def _follow(
    archive: Archive, session: Session, table: RawTable, entry: TableEntry, numbers: list[int], aged: AgedRows | None
) -> None:
    """Have raw as the files are, and its records of rejected rows likewise."""
    renewed = archive.renewals.read().get(table.source, {}).get(table.name, [])
    told = [(r, left) for r in session.rejected(table) if aged and (left := aged.left_of(r)) != r]
    if not renewed and not told:
        return

    def blank(load: TableLoad) -> None:
        if told:
            load.blank_rejected({r.key for r, _ in told}, {r.column for r, left in told if left.value is None})

    renew_batches(archive, session, table, entry, numbers, renewed, blank)
    awaited = archive.renewals.read()
    awaited.setdefault(table.source, {}).pop(table.name, None)
    archive.renewals.write(awaited)


@dataclass(frozen=True)
class _Versions:
    """The versions of a table's rows in the archive.

    Attributes:
        archive: where they are.
        table: the raw table by its name.
        entry: its catalogue entry.
        numbers: its batches; there is one.
        aged: what becomes of them.
    """

    archive: Archive
    table: RawTable
    entry: TableEntry
    numbers: list[int]
    aged: AgedRows

    @cached_property
    def past(self) -> dict[int, int]:
        """How many versions of each batch hold something past its age."""
        wanted = frozenset[str]().union(*self.aged.limits.values())
        return {number: sum(map(self._past_of, self._rows(number, wanted))) for number in self.numbers}

    def write(self) -> None:
        """Write those files anew that hold something past its age.

        Raises:
            TableError: one is damaged.
            StorageError: the archive can't be written.
        """
        files = TableFiles(self.archive, self.table)
        for batch, origin in files.batches(self.numbers, self._key):
            if self.past[batch.batch_seq]:
                rows = self.archive.rows(self.table, batch.batch_seq)
                files.replace(
                    batch.batch_seq, batch.schema, (self.aged.left(r, self._days_of(r)) for r in rows), origin
                )

    @cached_property
    def _key(self) -> tuple[str, ...]:
        return TableFiles(self.archive, self.table).key(self.entry)

    def _rows(self, number: int, names: frozenset[str]) -> Iterator[pa.RecordBatch]:
        there = self.archive.batch(self.table, number).schema.names
        return self.archive.rows(self.table, number, {*self._key, *self.aged.columns(there, names)})

    def _past_of(self, rows: pa.RecordBatch) -> int:
        left, differs = self.aged.left(rows, self._days_of(rows)), pa.repeat(False, rows.num_rows)
        for before, after in zip(rows.columns, left.columns, strict=True):
            is_less = pc.is_null(after)
            if pa.types.is_string(before.type):
                is_less = pc.or_(is_less, pc.fill_null(pc.not_equal(before, after), True))
            differs = pc.or_(differs, pc.and_(pc.is_valid(before), is_less))
        return int(pc.sum(differs).as_py() or 0)

    def _days_of(self, rows: pa.RecordBatch) -> Any:
        """The day from which each version's row has its age."""
        keys, days = self._days
        return days.take(pc.index_in(keys_of(rows, self._key), value_set=keys))

    @cached_property
    def _days(self) -> tuple[pa.Array, pa.Array]:
        """Key by key the day from which the row has its age: as its latest version tells, or else when it was gone."""
        told = pa.concat_tables(
            pa.table(
                {
                    "key": keys_of(rows, self._key),
                    "is_row": pc.equal(rows.column("_op"), "upsert"),
                    "day": self.aged.days(rows),
                    "loaded": pc.cast(rows.column("_loaded_at"), pa.date32()),
                }
            )
            for number in self.numbers
            for rows in self._rows(number, frozenset({self.aged.aged_by, "_op", "_loaded_at"}))
        )
        last = pc.ScalarAggregateOptions(skip_nulls=False)
        rows = told.filter(told["is_row"]).group_by("key", use_threads=False).aggregate([("day", "last", last)])
        gone = told.group_by("key", use_threads=False).aggregate([("is_row", "last"), ("loaded", "last")])
        gone = gone.filter(pc.invert(gone["is_row_last"])).select(["key", "loaded_last"])
        whole = rows.join(gone, "key", join_type="left outer")
        days = pc.coalesce(whole["day_last"], whole["loaded_last"])
        return whole["key"].combine_chunks(), days.combine_chunks()
