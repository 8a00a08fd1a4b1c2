"""A table as the archive has it: its batches, in what columns, and their versions as a warehouse can have them.

Belongs here: which files make up a table's history, and what its versions are in raw. Not here: the files' format
(archive.py), what is made of them (rebuild.py, ageing.py, erasure.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.mapping import NAMESAKE
from ingestion.catalogue.matching import admitted
from ingestion.errors import TableError
from ingestion.loading.privacy import blanking_of
from ingestion.log.archive import Archive, ArchivedBatch
from ingestion.log.erasures import Erasure, register_of
from ingestion.log.state import TableState
from ingestion.rows.columns import CONTROL_COLUMNS, ColumnType, RawTable
from ingestion.rows.conformance import Conformed, Effect, Limits, conform
from ingestion.rows.erased import ErasedRows
from ingestion.rows.pseudonyms import SourceKey
from ingestion.rows.row_hash import RowHasher
from ingestion.warehouses.base import Session

_CONTROL = {column.name for column in CONTROL_COLUMNS}
RAW_TYPES = {type_.arrow: type_ for type_ in reversed(ColumnType)}
"""The raw type of an Arrow type; of those that share one, the first: they are one type in every warehouse."""


@dataclass(frozen=True, slots=True)
class ArchivedTable:
    """A table with all its batches.

    Attributes:
        table: the raw table.
        batches: what the archive has of it, in its order.
        names: the archive's columns that the warehouse can have, and by what names: it need not be of the same engine.
    """

    table: RawTable
    batches: list[ArchivedBatch]
    names: Mapping[str, str]

    @property
    def state(self) -> TableState:
        """The state from which the next run reads on; keys are compared then, whenever they last were.

        That finds the rows that were kept out. Values that were set aside are in the archive as little: where there
        were any, all is read once more.
        """
        last = self.batches[-1]
        state = last.origin.state if last.origin else TableState(self.table.name)
        if any(batch.origin and batch.origin.lacks_values for batch in self.batches):
            state = replace(state, last_full_at=None)
        return replace(state, batch_seq=last.batch_seq, last_reconciled_at=None)


def archived_numbers(archive: Archive, named: RawTable) -> list[int]:
    """The batches that a table should have: those of its files, and of its list of digests."""
    with suppress(TableError):
        listed = {int(name.partition(".")[0]) for name in archive.digests(named)}
        return sorted(listed | set(archive.numbers(named)))
    return archive.numbers(named)


def whole_history(archive: Archive, named: RawTable, numbers: list[int], last: int) -> list[ArchivedBatch]:
    """A table's batches, given their numbers and the last one that raw has.

    Raises:
        TableError: one is missing or damaged, or another warehouse's.
    """
    batches = [archive.batch(named, number) for number in numbers]
    before = 0
    for batch in batches:
        follows = batch.origin.follows if batch.origin else before
        if follows > before:
            raise missing(archive, named, follows)
        if follows < before:
            raise TableError(
                f"the archive's file {batch.name} does not follow {before}.parquet: files of several warehouses lie in "
                "one folder. Keep those of one"
            )
        before = batch.batch_seq
    if last > before:
        raise missing(archive, named, last)
    return batches


@dataclass
class People:
    """People that were erased, of whom files out of a backup may have something.

    Attributes:
        row_key: what names rows in the register.
        found: names of rows of which files had something.
    """

    archive: Archive
    table: RawTable
    entry: TableEntry
    row_key: SourceKey
    found: set[str] = field(default_factory=set)

    @cached_property
    def _erasures(self) -> dict[str, Erasure]:
        return self.archive.erasures.read()

    def of(self, batch: ArchivedBatch) -> ErasedRows | None:
        """Rows that were erased after a file was written, or written anew; None where there are none."""
        through = batch.origin.erasures if batch.origin else ()
        rows = register_of(self._erasures, self.table.source, through).tables.get(self.table.name)
        return ErasedRows(blanking_of(self.table.key, self.entry), self.row_key, rows) if rows else None


def archived_table(session: Session, named: RawTable, entry: TableEntry, batches: list[ArchivedBatch]) -> ArchivedTable:
    """A table as its files show it.

    Raises:
        TableError: a file has a column of another type than the catalogue declares.
    """
    found = {
        field.name: RAW_TYPES.get(field.type, ColumnType.TEXT)
        for batch in batches
        for field in batch.schema
        if field.name not in _CONTROL
    }
    # Files have raw's names and values: nothing is to be translated once more.
    entry = entry.model_copy(update={"mapping": NAMESAKE})
    if (last := batches[-1].origin) and not entry.tells_key:
        entry = entry.model_copy(update={"key": list(last.key)})
    existing = session.columns(named.source).get(named.name, ())
    archived = FoundTable(named.name, found)
    admission = admitted(named.source, named.name, entry, archived, existing=existing, rules=session.capabilities.names)
    names, table = {column: name for name, column in admission.names.columns.items()}, admission.table
    # What raw holds has passed the catalogue's rules once; a delete version has its key alone.
    columns = tuple(
        replace(c, type=RAW_TYPES[c.type.arrow], required=c.name in table.key and c.required) for c in table.columns
    )
    table = replace(table, columns=columns)
    expected = {c.name: c for c in table.versions.columns}
    for batch in batches:
        for held in batch.schema:
            column = expected.get(names.get(held.name, held.name))
            if column and held.type != column.type.arrow:
                raise TableError(
                    f"column {held.name} is {column.type} in the catalogue and {held.type} in the archive's file "
                    f"{batch.name}. Declare the archive's type in the catalogue"
                )
    return ArchivedTable(table, batches, names)


def archived_versions(
    archive: Archive, archived: ArchivedTable, limits: Limits, people: People | None = None
) -> Iterator[tuple[Conformed, pa.RecordBatch]]:
    """What a table's batches hold, as the warehouse can have it, and with its hashes."""
    table = archived.table
    for batch in archived.batches:
        erased = people.of(batch) if people else None
        for rows in archive.rows(table, batch.batch_seq):
            renamed = rows.rename_columns([archived.names.get(n, n) for n in rows.schema.names])
            conformed = conform(table.versions, renamed, limits=limits)
            if erased:
                conformed = erased.of(conformed)
            yield conformed, _hashed(table, conformed, is_erased=bool(erased and erased.still_there))
        if people and erased:
            people.found |= erased.still_there


def _hashed(table: RawTable, conformed: Conformed, *, is_erased: bool = False) -> pa.RecordBatch:
    """Versions with the hashes that rows without what was set aside here, or erased, have when they are read again."""
    versions = conformed.batch
    if not is_erased and not any(rejection.effect is Effect.VALUE for rejection in conformed.rejections):
        return versions
    with closing(RowHasher(table.columns)) as hasher:
        return hasher.rehashed(versions)


def missing(archive: Archive, table: RawTable, batch_seq: int) -> TableError:
    """What is wrong where a batch's file is not there."""
    return TableError(
        f"the archive lacks {archive.name(table, batch_seq)}. Put it back, or extract the table anew "
        "into an empty warehouse with another ARCHIVE_URL"
    )
