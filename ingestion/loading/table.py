"""The run of one table: read what may have changed, append what did, find what is gone.

Belongs here: the order of steps inside a table's transaction, and what becomes of its faults. Not here: the steps: rows
out of a snapshot (rows.py), comparison of keys (comparison.py), commit with the archive's file (batch.py).
"""

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ingestion.errors import IngestionError, TableError, TransientSourceError, WarehouseError
from ingestion.loading.batch import begun_batch
from ingestion.loading.comparison import KeyComparison
from ingestion.loading.last_rows import last_of_keys
from ingestion.loading.reading import Reading
from ingestion.loading.rejections import Rejections
from ingestion.loading.results import ABSENT, COMPARED, NOTHING_TO_COMPARE, LoadResult
from ingestion.loading.rows import Rows, TableRows
from ingestion.loading.subject import SourceRun, Subject
from ingestion.log.state import TableState
from ingestion.sources.base import EVERYTHING, Selection


class TableRun:
    """One table in one run."""

    def __init__(self, run: SourceRun, subject: Subject) -> None:
        self._run = run
        self._subject = subject
        self._rejections = Rejections(subject.table, subject.standing)
        self._started_at = datetime.now(UTC)

    def result(self) -> LoadResult:
        """Load the table; whatever goes wrong ends in the result."""
        start, subject = time.perf_counter(), self._subject
        table, is_transient = subject.table, False
        try:
            scope, state, error = self._outcome()
        except IngestionError as failure:
            scope, error, is_transient = "", str(failure), isinstance(failure, TransientSourceError)
            # Only for people to read: where the warehouse is what failed, it can't be kept, and the result tells it.
            with suppress(WarehouseError):
                self._run.session.remember(table.source, replace(subject.state, last_error=error))
            state = replace(subject.state, rows_read=0, rows_appended=0, rows_deleted=0, rows_rejected=0)
        seconds = time.perf_counter() - start
        reasons = self._rejections.reasons
        still = len(subject.erased.still_there) if subject.erased and not subject.erased.is_told else 0
        result = LoadResult(table.source, table.name, scope, state, seconds, error, is_transient, reasons, still)
        self._run.listener.finished(result.label, result.outcome)
        return result

    def _outcome(self) -> tuple[str, TableState, str | None]:
        subject = self._subject
        if subject.found is None:
            absence = self._run.snapshot.absence(subject.table.name)
            if subject.state.last_run_at is not None and not (absence and absence.is_expected):
                why = f" ({absence.reason})" if absence else ""
                raise TableError(f"it was in the source before and is not there any more{why}; nothing was deleted")
            return ABSENT, replace(subject.state, note=absence.reason if absence else None), None
        if subject.refusal is not None:
            raise TableError(subject.refusal)
        self._run.snapshot.check(subject.table.name)
        subject.check_columns(self._run.snapshot)
        return self._compare() if self._run.keys_only else self._load()

    def _load(self) -> tuple[str, TableState, str | None]:
        run, subject, before = self._run, self._subject, self._subject.state
        reading = Reading(subject.table, subject.entry, before, run.snapshot, self._started_at, run.again)
        rows = TableRows(run, subject, self._rejections, reading.note)
        expected = run.snapshot.count(subject.table) if reading.is_full else None
        run.listener.started(subject.table.label, expected)
        with begun_batch(run, subject, self._rejections, self._started_at) as batch:
            # The log's open rows: the source may have closed them without moving their cursor.
            open_rows = subject.entry.open_rows
            open_keys = batch.load.keys_where(open_rows) if open_rows and reading.selection.since else []
            selected = _selected(rows, reading.selection, open_keys, open_rows)
            batch.append(last_of_keys(selected, subject.table) if reading.gives == "additions" else selected)
            if reading.begin_again_if_behind():
                batch.append(rows.of(EVERYTHING))
            refusal, reconciled, is_compared = None, before.last_reconciled_at, False
            if reading.finds_gone(before.last_reconciled_at):
                comparison = KeyComparison(run, subject, batch, rows, self._rejections)
                refusal = comparison.reconcile(is_full=reading.is_full)
                reconciled = reconciled if refusal else self._started_at
                is_compared = refusal is None
            recorded = self._rejections.record(batch.load, is_complete=reading.is_full, keys_known=is_compared)
            counts = _Counts(rows.read, batch.appended, batch.deleted, recorded)
            if reading.is_part:
                # Nobody knows what has changed elsewhere: `_state` goes on telling of the last run, watermark and all.
                return reading.scope, counts.told_in(batch.commit(before)), None
            state = replace(
                before,
                watermark=reading.watermark(is_refused=refusal is not None),
                last_run_at=self._started_at,
                last_full_at=self._started_at if reading.is_full else before.last_full_at,
                last_reconciled_at=reconciled,
                last_error=refusal,
            )
            return reading.scope, batch.commit(counts.told_in(state)), refusal

    def _compare(self) -> tuple[str, TableState, str | None]:
        """Compare keys alone. The watermark stays: rows before those found missing may not have been read yet."""
        run, subject, before = self._run, self._subject, self._subject.state
        if before.last_run_at is None:
            raise TableError("it was never loaded, so there is nothing to compare. Run: python -m ingestion run")
        if Reading(subject.table, subject.entry, before, run.snapshot, self._started_at).gives == "additions":
            return (
                NOTHING_TO_COMPARE,
                replace(before, rows_read=0, rows_appended=0, rows_deleted=0, rows_rejected=0),
                None,
            )
        rows = TableRows(run, subject, self._rejections)
        with begun_batch(run, subject, self._rejections, self._started_at) as batch:
            refusal = KeyComparison(run, subject, batch, rows, self._rejections).reconcile(is_full=False)
            recorded = self._rejections.record(batch.load, is_complete=False, keys_known=refusal is None)
            reconciled = before.last_reconciled_at if refusal else self._started_at
            state = batch.commit(replace(before, last_reconciled_at=reconciled, last_error=refusal))
        # `_state` goes on telling of the last run; the counts are this comparison's.
        return COMPARED, _Counts(rows.read, batch.appended, batch.deleted, recorded).told_in(state), refusal


@dataclass(frozen=True, slots=True)
class _Counts:
    """What was done to a table's rows; see `TableState`."""

    read: int
    appended: int
    deleted: int
    rejected: int

    def told_in(self, state: TableState) -> TableState:
        return replace(
            state,
            rows_read=self.read,
            rows_appended=self.appended,
            rows_deleted=self.deleted,
            rows_rejected=self.rejected,
        )


def _selected(
    rows: TableRows, selection: Selection, open_keys: list[tuple[object, ...]], open_rows: dict[str, list[str]]
) -> Rows:
    yield from rows.of(selection)
    yield from rows.with_keys(open_keys, but_not=open_rows)
