"""The run of one source: read what may have changed, append what did, find what is gone.

Belongs here: which rows are read, the guards, and the order of steps inside a table's transaction. Not here: how
a database is read (sources/) or written (warehouses/).
"""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.archive import Archive, Origin
from ingestion.catalogue import TableEntry
from ingestion.columns import RESERVED_COLUMNS, RawTable
from ingestion.conformance import Rejection, conform, key_json
from ingestion.errors import IngestionError, TableError, TransientSourceError, WarehouseError
from ingestion.pace import UNLIMITED, Pace
from ingestion.progress import Listener
from ingestion.read_ahead import read_ahead
from ingestion.recommendation import filled_in
from ingestion.results import ABSENT, COMPARED, LoadResult
from ingestion.row_hash import RowHasher
from ingestion.source_tables import check_tables
from ingestion.sources.base import (
    EVERYTHING,
    ChangeTracking,
    Position,
    Selection,
    Snapshot,
    Source,
    Watermark,
    WireBatch,
)
from ingestion.state import TableState, parse_watermark, watermark_text
from ingestion.warehouses.base import Session, TableLoad

MISSING_KEYS_LIMIT = 5_000
"""So many missing rows are fetched by key; where more are missing, the whole table is read."""

KEYS_PER_STATEMENT = 1_000

MOST_REJECTIONS = 10_000
MOST_REJECTED_SHARE = 0.5
"""So many rejected rows, if they are such a share of what was read, fail their table."""

SMALL_DELETE = 100
"""So many deletes pass whatever share of the table they are."""


def load_source(
    source_name: str,
    entries: dict[str, TableEntry],
    source: Source,
    session: Session,
    archive: Archive,
    listener: Listener,
    only: Collection[str] = (),
    pace: Pace = UNLIMITED,
    *,
    keys_only: bool = False,
    allow_deletes: bool = False,
) -> list[LoadResult]:
    """Load a source's tables from one snapshot, each in a transaction of its own.

    Args:
        source_name: name of the source.
        entries: its catalogue entries by table.
        source: where to read.
        session: the open warehouse.
        archive: where appended batches are kept as files.
        listener: is told how far the run is.
        only: tables to load; all where empty.
        pace: how fast rows are read.
        keys_only: compare keys at once and read no more than the rows found missing.
        allow_deletes: append deletes however many there are.

    Returns:
        One result per table, in the catalogue's order; a table's failure is in its result.

    Raises:
        SourceError: the source can't be read as a whole: nothing was written.
    """
    with source.snapshot() as snapshot:
        found = {table: entries[table].matched(columns) for table, columns in snapshot.columns(entries).items()}
        check_tables(source_name, entries, found, only)
        entries, unresolved = filled_in(entries, snapshot)
        tables = {name: entry.raw_table(source_name, name, found.get(name)) for name, entry in entries.items()}
        refused = session.prepare(tables.values()) | {tables[name].label: why for name, why in unresolved.items()}
        states = session.states(source_name)
        results = []
        for name, entry in entries.items():
            if only and name not in only:
                continue
            state = states.get(name, TableState(name))
            run = _TableRun(
                tables[name],
                found.get(name, ()),
                entry,
                state,
                snapshot,
                session,
                archive,
                listener,
                pace,
                keys_only=keys_only,
                allow_deletes=allow_deletes,
            )
            results.append(run.result(name in found, refused.get(tables[name].label)))
        return results


class _TableRun:
    """One table in one run."""

    def __init__(
        self,
        table: RawTable,
        found: Collection[str],
        entry: TableEntry,
        state: TableState,
        snapshot: Snapshot,
        session: Session,
        archive: Archive,
        listener: Listener,
        pace: Pace,
        *,
        keys_only: bool,
        allow_deletes: bool,
    ) -> None:
        self._table = table
        self._found = found
        self._source_table = replace(table, columns=tuple(c for c in table.columns if c.name in found))
        self._entry = entry
        self._state = state
        self._snapshot = snapshot
        self._session = session
        self._limits = session.capabilities.limits
        self._archive = archive
        self._listener = listener
        self._pace = pace
        self._keys_only = keys_only
        self._allow_deletes = allow_deletes
        self._started_at = datetime.now(UTC)
        self._rejections: list[Rejection] = []
        self._told: Position | None = None
        self._highest: Any = None
        self._read = 0
        self._read_failure: IngestionError | None = None

    def result(self, in_source: bool, refusal: str | None) -> LoadResult:
        """Load the table; whatever goes wrong ends in the result."""
        start = time.perf_counter()
        scope, state, error, is_transient = "", self._state, refusal, False
        try:
            if not in_source:
                if state.last_run_at is not None:
                    raise TableError("it was in the source before and is not there any more; nothing was deleted")
                scope, error = ABSENT, None
            elif refusal is not None:
                raise TableError(refusal)
            else:
                scope, state, error = self._compare() if self._keys_only else self._load()
        except IngestionError as failure:
            # A failed read reaches us through the warehouse that was pulling the rows: tell the cause.
            cause = self._read_failure or failure
            error, is_transient = str(cause), isinstance(cause, TransientSourceError)
            # Only for people to read: where the warehouse is what failed, it can't be kept, and the result tells it.
            with suppress(WarehouseError):
                self._session.remember(self._table.source, replace(self._state, last_error=error))
            state = replace(state, rows_read=0, rows_appended=0, rows_deleted=0, rows_rejected=0)
        seconds = time.perf_counter() - start
        result = LoadResult(self._table.source, self._table.name, scope, state, seconds, error, is_transient)
        self._listener.finished(result.label, result.outcome)
        return result

    def _load(self) -> tuple[str, TableState, str | None]:
        self._check_columns()
        self._archive.discard_after(self._table, self._state.batch_seq)
        selection, scope = self._selection()
        is_full = selection == EVERYTHING
        expected = self._snapshot.count(self._table) if is_full else None
        self._listener.started(self._table.label, expected)
        with self._session.load(self._table, self._started_at) as load:
            # The log's open rows: the source may have closed them without moving their cursor.
            open_keys = load.keys_where(self._entry.open_rows) if self._entry.open_rows and selection.since else []
            load.stage(chain(self._rows(selection), self._rows_with(open_keys, self._entry.open_rows)))
            appended = load.append_changed()
            self._rejections += load.duplicates()
            deleted, refusal, reconciled = 0, None, self._state.last_reconciled_at
            if is_full or self._is_due(self._state.last_reconciled_at, self._entry.reconcile_hours):
                more, deleted, refusal = self._reconcile(load, is_full)
                appended += more
                reconciled = reconciled if refusal else self._started_at
            state = replace(
                self._state,
                watermark=self._next_watermark(),
                last_run_at=self._started_at,
                last_full_at=self._started_at if is_full else self._state.last_full_at,
                last_reconciled_at=reconciled,
                rows_read=self._read,
                rows_appended=appended,
                rows_deleted=deleted,
                rows_rejected=load.reject(self._rejections),
                last_error=refusal,
            )
            return scope, self._commit(load, state), refusal

    def _compare(self) -> tuple[str, TableState, str | None]:
        """Compare keys alone. The watermark stays: rows before those found missing may not have been read yet."""
        if self._state.last_run_at is None:
            raise TableError("it was never loaded, so there is nothing to compare. Run: python -m ingestion run")
        self._check_columns()
        self._archive.discard_after(self._table, self._state.batch_seq)
        with self._session.load(self._table, self._started_at) as load:
            appended, deleted, refusal = self._reconcile(load, is_full=False)
            recorded = load.reject(self._rejections)
            reconciled = self._state.last_reconciled_at if refusal else self._started_at
            state = self._commit(load, replace(self._state, last_reconciled_at=reconciled, last_error=refusal))
        # `_state` goes on telling of the last run; the counts are this comparison's.
        state = replace(
            state, rows_read=self._read, rows_appended=appended, rows_deleted=deleted, rows_rejected=recorded
        )
        return COMPARED, state, refusal

    def _commit(self, load: TableLoad, state: TableState) -> TableState:
        if appended_rows := load.appended_rows():
            batch_seq, rows = appended_rows
            with rows:
                archived = replace(state, batch_seq=batch_seq)
                self._archive.write(
                    self._table, batch_seq, rows, Origin(self._state.batch_seq, self._table.key, archived)
                )
        return load.commit(state)

    def _selection(self) -> tuple[Selection, str]:
        """What to read, and that in words."""
        entry, state = self._entry, self._state
        assert entry.mode is not None
        if entry.mode == "full":
            return EVERYTHING, "full"
        if isinstance(self._snapshot, ChangeTracking):
            position = self._snapshot.position(self._table.name, entry.mode, entry.cursor, state.watermark)
            self._told = position
        else:
            position = self._position_by_cursor()
        scope = position.scope
        if state.last_full_at is None:
            scope = "initial" if state.last_run_at is None else "full: new columns"
        elif position.condition is not None:
            return Selection(condition=position.condition), scope
        elif position.since is not None:
            if not entry.sweep_hours or not self._is_due(state.last_full_at, entry.sweep_hours):
                return self._selection_since(position.since)
            scope = "full: sweep"
        return EVERYTHING, scope

    def _selection_since(self, since: Watermark) -> tuple[Selection, str]:
        entry = self._entry
        assert entry.cursor is not None
        if isinstance(since, datetime):
            since -= timedelta(hours=entry.overlap_hours)
        scope = f"since {since:%Y-%m-%d %H:%M}" if isinstance(since, datetime) else f"since {since}"
        return Selection(since=(entry.cursor, since), open_rows=entry.open_rows), scope

    def _position_by_cursor(self) -> Position:
        """The highest cursor that a read saw, in sources that know no better."""
        cursor = self._entry.cursor
        if cursor is None:
            return Position(None, "full")
        scope = "initial" if self._state.watermark is None else "full: the watermark is another reader's or cursor's"
        return Position(None, scope, since=parse_watermark(self._state.watermark, cursor))

    def _is_due(self, last: datetime | None, hours: float) -> bool:
        return last is None or self._started_at - last >= timedelta(hours=hours)

    def _rows(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Conforming, hashed batches; rejected rows are set aside."""
        hasher = None
        try:
            for wire in self._wire_batches(self._source_table, selection):
                conformed = conform(self._table, wire.batch, wire.odd, self._limits)
                self._read += wire.batch.num_rows
                self._rejections += conformed.rejections
                self._check_rejections()
                self._note_highest(conformed.batch)
                self._listener.advanced(self._table.label, wire.batch.num_rows)
                # Made when the first rows come: most reads of most runs bring none.
                hasher = hasher or RowHasher(self._table.columns)
                yield hasher(conformed.batch)
        finally:
            if hasher:
                hasher.close()

    def _rows_with(
        self, keys: list[tuple[object, ...]], but_not: dict[str, list[str]] | None = None
    ) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(keys), KEYS_PER_STATEMENT):
            yield from self._rows(Selection(keys=keys[start : start + KEYS_PER_STATEMENT], but_not=but_not or {}))

    def _wire_batches(self, table: RawTable, selection: Selection) -> Iterator[WireBatch]:
        try:
            yield from read_ahead(self._pace(self._snapshot.read(table, selection)))
        except IngestionError as failure:
            self._read_failure = failure
            raise

    def _check_columns(self) -> None:
        # A source that tracks changes needs no cursor, and looks for itself.
        by_cursor = self._entry.cursor and not isinstance(self._snapshot, ChangeTracking)
        cursor = [self._entry.cursor] if by_cursor and self._entry.cursor else []
        required = [c.name for c in self._table.columns if c.required]
        for role, names in (("is its key", self._table.key), ("is its cursor", cursor), ("is not null", required)):
            absent = [name for name in names if name not in self._found]
            if absent:
                raise TableError(f"the source's table has no column {', '.join(absent)}, which by the catalogue {role}")
        reserved = sorted(set(RESERVED_COLUMNS) & set(self._found))
        if reserved:
            raise TableError(
                f"the source's column {', '.join(reserved)} has a name of the raw log's own. Rename it there, or read "
                "a view without it"
            )

    def _check_rejections(self) -> None:
        """A table of which most is rejected is declared wrongly; its rows would fill memory and `_rejected`."""
        count = len(self._rejections)
        if count > MOST_REJECTIONS and count > self._read * MOST_REJECTED_SHARE:
            last = self._rejections[-1]
            raise TableError(
                f"{count:,} of the first {self._read:,} rows would be rejected, the last since in column {last.column} "
                f"was found: {last.reason}. Correct the column's type in the catalogue"
            )

    def _note_highest(self, batch: pa.RecordBatch) -> None:
        if self._entry.cursor is None or not batch.num_rows:
            return
        highest = pc.max(batch.column(self._entry.cursor)).as_py()
        if highest is not None and (self._highest is None or highest > self._highest):
            self._highest = highest

    def _next_watermark(self) -> str | None:
        """What the source told, or the highest cursor seen.

        Never later than now: a row from the future must not hide the present.
        """
        if self._told is not None:
            return self._told.watermark
        if self._entry.cursor is None or self._highest is None:
            return self._state.watermark
        highest = min(self._highest, self._started_at) if isinstance(self._highest, datetime) else self._highest
        # Rows that were read for another reason than their cursor must not draw it back.
        before: Any = parse_watermark(self._state.watermark, self._entry.cursor)
        return watermark_text(self._entry.cursor, max(before, highest) if type(before) is type(highest) else highest)

    def _reconcile(self, load: TableLoad, is_full: bool) -> tuple[int, int, str | None]:
        """Compare keys: fetch what was missed, delete what is gone.

        After a read of everything only rejected rows are missing, and there is nothing to fetch.

        Returns:
            Rows appended, rows deleted, and why deletes were refused, if they were.
        """
        # What a full read staged are the source's keys, unless it left rows out.
        keys = None if is_full and not self._rejections else self._keys()
        difference = load.compare_keys(keys, 0 if is_full else MISSING_KEYS_LIMIT)
        appended = 0
        rejected = {rejection.key for rejection in self._rejections}
        missing = [key for key in difference.missing if key_json(self._table, key) not in rejected]
        if missing and not is_full:
            few = len(difference.missing) <= MISSING_KEYS_LIMIT
            load.stage(self._rows_with(missing) if few else self._rows(EVERYTHING))
            appended = load.append_changed()
            self._rejections += load.duplicates()
        if not difference.deleted:
            return appended, 0, None
        share = difference.deleted / difference.live
        is_large = difference.deleted > SMALL_DELETE or difference.deleted == difference.live
        if is_large and share > self._entry.max_delete_share and not self._allow_deletes:
            refusal = (
                f"{difference.deleted:,} of {difference.live:,} rows are gone from the source; deletes were refused "
                f"(max_delete_share is {self._entry.max_delete_share:.0%}). If they are right: python -m ingestion "
                f"reconcile --source {self._table.source} --table {self._table.name} --allow-deletes"
            )
            return appended, 0, refusal
        return appended, load.append_deletes(), None

    def _keys(self) -> Iterator[pa.RecordBatch]:
        key_table = RawTable(self._table.source, self._table.name, self._table.key, self._table.key_columns)
        for wire in self._wire_batches(key_table, EVERYTHING):
            yield conform(key_table, wire.batch, wire.odd, self._limits).batch
