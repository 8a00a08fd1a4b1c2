"""What a run works on: one table as it finds it, and what all tables of its source share.

Belongs here: the parts that a table's run is handed, and whether the source's table is what the catalogue says. Not
here: the steps (table.py).
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import TableError, nearest
from ingestion.loading.pace import Pace
from ingestion.loading.progress import Listener
from ingestion.loading.reading import Again
from ingestion.log.archive import Archive
from ingestion.log.state import TableState
from ingestion.rows.aged import AgedRows
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import Conformed
from ingestion.rows.erased import ErasedRows
from ingestion.sources.base import ChangeTracking, Snapshot
from ingestion.sources.named import NamedSnapshot
from ingestion.warehouses.base import Session


@dataclass(frozen=True, slots=True)
class SourceRun:
    """What the tables of one source's run share.

    Attributes:
        snapshot: where they are read, all as of one moment.
        session: the open warehouse.
        archive: where appended batches are kept as files.
        listener: is told how far the run is.
        pace: how fast rows are read.
        keys_only: whether keys are compared at once and no more rows are read than are found missing.
        allow_deletes: whether deletes are appended however many there are.
        again: which rows are read once more; None: those that may have changed.
    """

    snapshot: NamedSnapshot
    session: Session
    archive: Archive
    listener: Listener
    pace: Pace
    keys_only: bool = False
    allow_deletes: bool = False
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One table as a run finds it.

    Attributes:
        table: the raw table.
        found: the columns that the source's table has, under their declared names; None where there is no such table.
        entry: its catalogue entry.
        state: what is remembered of it.
        refusal: why it can't be loaded, where that is known beforehand.
        standing: the keys of its rejections that stand.
        has_folded_ids: whether raw has ids in a canonical form.
        in_source: the columns of the source's table, as they are called there.
        erased: its rows of people that were erased; None if there are none.
        aged: what becomes of its rows with age; None if nothing does.
    """

    table: RawTable
    found: Collection[str] | None
    entry: TableEntry
    state: TableState
    refusal: str | None = None
    standing: Collection[str] = ()
    has_folded_ids: bool = False
    in_source: Collection[str] = ()
    erased: ErasedRows | None = None
    aged: AgedRows | None = None

    def kept(self, conformed: Conformed, *, are_keys: bool = False) -> Conformed:
        """What stays of rows that were read, or of keys alone."""
        if self.aged and not are_keys:
            conformed = self.aged.of(conformed)
        return self.erased.of(conformed, are_keys=are_keys) if self.erased else conformed

    @property
    def may_renew_ids(self) -> bool:
        """Whether raw may still hold ids as they were written, since columns came after every row was last read."""
        return self.has_folded_ids and self.state.last_full_at is None

    @property
    def source_table(self) -> RawTable:
        """The table as it can be read: the columns that the source has."""
        found = self.found or ()
        return replace(self.table, columns=tuple(c for c in self.table.columns if c.name in found))

    @property
    def key_table(self) -> RawTable:
        """The table with its key alone."""
        return replace(self.table, columns=self.table.key_columns)

    def check_columns(self, snapshot: Snapshot) -> None:
        """See to it that the source's table has what can't be done without.

        Raises:
            TableError: it lacks a column.
        """
        found = self.found or ()
        # A source that tracks changes needs no cursor, and looks for itself.
        by_cursor = self.entry.cursor and not isinstance(snapshot, ChangeTracking)
        cursor = [self.entry.cursor] if by_cursor and self.entry.cursor else []
        required = [c.name for c in self.table.columns if c.required]
        for role, names in (("is its key", self.table.key), ("is its cursor", cursor), ("is not null", required)):
            absent = [name for name in names if name not in found]
            if absent:
                if reader := self._reader_of(absent[0]):
                    raise TableError(
                        f"the source's column {absent[0]}, which by the catalogue {role}, is read for {reader} alone. "
                        f"Say {absent[0]}: {absent[0]} beside {reader}, or what it is to be read from"
                    )
                without = "; without any, mode: changes" if role == "is its cursor" else ""
                raise TableError(
                    f"the source's table has no column {', '.join(absent)}, which by the catalogue {role}. It has "
                    f"{nearest(absent[0], [*self.in_source])}. If it is one of these, say so in sources.yml: "
                    f"columns: {{{absent[0]}: {{from: ...}}}}{without}"
                )

    def _reader_of(self, name: str) -> str | None:
        """The column of ours that the source's column of a name is read for."""
        told = self.entry.mapping.columns.items()
        return next((ours for ours, column in told if (column.source or "").casefold() == name.casefold()), None)
