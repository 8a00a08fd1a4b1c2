"""The run of one table: read what may have changed, append what did, find what is gone.

Belongs here: which rows are read, the guards, and the order of steps inside a table's transaction. Not here: how
a database is read (sources/) or written (warehouses/).
"""

import time
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import IngestionError, TableError, TransientSourceError, WarehouseError
from ingestion.loading.pace import Pace
from ingestion.loading.progress import Listener
from ingestion.loading.read_ahead import read_ahead
from ingestion.loading.reading import Reading
from ingestion.loading.results import ABSENT, COMPARED, LoadResult
from ingestion.log.archive import Archive, BatchFile, Origin
from ingestion.log.state import TableState
from ingestion.rows.columns import RESERVED_COLUMNS, RawTable
from ingestion.rows.conformance import Rejection, conform, key_json
from ingestion.rows.row_hash import RowHasher
from ingestion.sources.base import (
    EVERYTHING,
    ChangeTracking,
    Selection,
    Snapshot,
    WireBatch,
)
from ingestion.warehouses.base import Session, TableLoad

Rows = Generator[pa.RecordBatch]

MISSING_KEYS_LIMIT = 5_000
"""So many missing rows are fetched by key; where more are missing, the whole table is read."""

KEYS_PER_STATEMENT = 1_000

MOST_REJECTIONS = 10_000
MOST_REJECTED_SHARE = 0.5
"""So many rejected rows, if they are such a share of what was read, fail their table."""

SMALL_DELETE = 100
"""So many deletes pass whatever share of the table they are."""


class TableRun:
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
        self._read = 0
        self._reading: Reading | None = None
        self._failure: IngestionError | None = None

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
            cause = self._failure or failure
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
        reading = self._reading = Reading(self._table.name, self._entry, self._state, self._snapshot, self._started_at)
        expected = self._snapshot.count(self._table) if reading.is_full else None
        self._listener.started(self._table.label, expected)
        with (
            self._session.load(self._table, self._started_at) as load,
            self._archive.begin(self._table, load.batch_seq) as file,
        ):
            # The log's open rows: the source may have closed them without moving their cursor.
            open_rows = self._entry.open_rows
            open_keys = load.keys_where(open_rows) if open_rows and reading.selection.since else []
            rows = self._selected(reading.selection, open_keys)
            # Read back from the log, they would have to come all the way again.
            self._stage(load, self._archived(rows, load.batch_seq, file) if load.is_first else rows)
            appended = load.append_changed()
            # What was taken for the archive on the way is the batch, if all of it was appended and nothing else is.
            poured = file.rows if appended == file.rows else -1
            self._rejections += load.duplicates()
            if reading.begin_again_if_behind():
                appended += self._append_missing(load, self._rows(EVERYTHING))
            deleted, refusal, reconciled = 0, None, self._state.last_reconciled_at
            if reading.is_full or reading.is_due(self._state.last_reconciled_at, self._entry.reconcile_hours):
                more, deleted, refusal = self._reconcile(load, reading.is_full)
                appended += more
                reconciled = reconciled if refusal else self._started_at
            if appended != poured or deleted:
                file.discard()
            state = replace(
                self._state,
                watermark=reading.watermark,
                last_run_at=self._started_at,
                last_full_at=self._started_at if reading.is_full else self._state.last_full_at,
                last_reconciled_at=reconciled,
                rows_read=self._read,
                rows_appended=appended,
                rows_deleted=deleted,
                rows_rejected=load.reject(self._rejections),
                last_error=refusal,
            )
            return reading.scope, self._commit(load, file, state), refusal

    def _compare(self) -> tuple[str, TableState, str | None]:
        """Compare keys alone. The watermark stays: rows before those found missing may not have been read yet."""
        if self._state.last_run_at is None:
            raise TableError("it was never loaded, so there is nothing to compare. Run: python -m ingestion run")
        self._check_columns()
        self._archive.discard_after(self._table, self._state.batch_seq)
        with (
            self._session.load(self._table, self._started_at) as load,
            self._archive.begin(self._table, load.batch_seq) as file,
        ):
            appended, deleted, refusal = self._reconcile(load, is_full=False)
            recorded = load.reject(self._rejections)
            reconciled = self._state.last_reconciled_at if refusal else self._started_at
            state = self._commit(load, file, replace(self._state, last_reconciled_at=reconciled, last_error=refusal))
        # `_state` goes on telling of the last run; the counts are this comparison's.
        state = replace(
            state, rows_read=self._read, rows_appended=appended, rows_deleted=deleted, rows_rejected=recorded
        )
        return COMPARED, state, refusal

    def _commit(self, load: TableLoad, file: BatchFile, state: TableState) -> TableState:
        if not file.rows and (appended := load.appended_rows()):
            with appended[1] as rows:
                for batch in rows:
                    file.write(batch)
                self._finish(load, file, state)
        elif file.rows:
            self._finish(load, file, state)
        return load.commit(state)

    def _finish(self, load: TableLoad, file: BatchFile, state: TableState) -> None:
        archived = replace(state, batch_seq=load.batch_seq)
        origin = Origin(self._state.batch_seq, self._table.key, archived)
        file.finish(self._table.versions.arrow_schema, origin)

    def _stage(self, load: TableLoad, rows: Rows) -> None:
        with self._told(rows) as told:
            load.stage(told)

    def _archived(self, rows: Rows, batch_seq: int, file: BatchFile) -> Rows:
        with closing(rows):
            for batch in rows:
                file.write(self._table.as_versions(batch, batch_seq, self._started_at))
                yield batch

    @contextmanager
    def _told(self, rows: Rows) -> Iterator[Rows]:
        """Rows for the warehouse to pull. Where that fails the cause is noted, and the read is ended in any case."""

        def told() -> Rows:
            try:
                yield from rows
            # It reaches us through the warehouse, in the warehouse's words.
            except IngestionError as failure:
                self._failure = failure
                raise

        with closing(told()) as pulled:
            yield pulled

    def _selected(self, selection: Selection, open_keys: list[tuple[object, ...]]) -> Rows:
        yield from self._rows(selection)
        yield from self._rows_with(open_keys, self._entry.open_rows)

    def _rows(self, selection: Selection) -> Rows:
        """Conforming, hashed batches; rejected rows are set aside."""
        with ExitStack() as opened:
            hasher = None
            for wire in opened.enter_context(closing(self._wire_batches(self._source_table, selection))):
                conformed = conform(self._table, wire.batch, wire.odd, self._limits)
                self._read += wire.batch.num_rows
                self._rejections += conformed.rejections
                self._check_rejections()
                if self._reading:
                    self._reading.note(conformed.batch)
                self._listener.advanced(self._table.label, wire.batch.num_rows)
                # Made when the first rows come: most reads of most runs bring none.
                hasher = hasher or opened.enter_context(closing(RowHasher(self._table.columns)))
                yield hasher(conformed.batch)

    def _rows_with(self, keys: list[tuple[object, ...]], but_not: dict[str, list[str]] | None = None) -> Rows:
        for start in range(0, len(keys), KEYS_PER_STATEMENT):
            yield from self._rows(Selection(keys=keys[start : start + KEYS_PER_STATEMENT], but_not=but_not or {}))

    def _wire_batches(self, table: RawTable, selection: Selection) -> Generator[WireBatch]:
        return read_ahead(self._pace(self._snapshot.read(table, selection)))

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

    def _reconcile(self, load: TableLoad, is_full: bool) -> tuple[int, int, str | None]:
        """Compare keys: fetch what was missed, delete what is gone.

        After a read of everything only rejected rows are missing, and there is nothing to fetch.

        Returns:
            Rows appended, rows deleted, and why deletes were refused, if they were.
        """
        limit = 0 if is_full else MISSING_KEYS_LIMIT
        if is_full and not self._rejections:
            # What a full read staged are the source's keys, unless it left rows out.
            difference = load.compare_keys(None, limit)
        else:
            with self._told(self._keys()) as keys:
                difference = load.compare_keys(keys, limit)
        appended = 0
        rejected = {rejection.key for rejection in self._rejections}
        missing = [key for key in difference.missing if key_json(self._table, key) not in rejected]
        if missing and not is_full:
            few = len(difference.missing) <= MISSING_KEYS_LIMIT
            appended = self._append_missing(load, self._rows_with(missing) if few else self._rows(EVERYTHING))
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

    def _append_missing(self, load: TableLoad, rows: Rows) -> int:
        self._stage(load, rows)
        appended = load.append_changed()
        self._rejections += load.duplicates()
        return appended

    def _keys(self) -> Rows:
        key_table = RawTable(self._table.source, self._table.name, self._table.key, self._table.key_columns)
        with closing(self._wire_batches(key_table, EVERYTHING)) as wires:
            for wire in wires:
                yield conform(key_table, wire.batch, wire.odd, self._limits).batch
