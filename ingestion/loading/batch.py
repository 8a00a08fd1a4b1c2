"""One batch: what a load appends to a table's log, its file of the archive, and the commit of both.

Belongs here: the order in which rows, file and state become final. Not here: which rows they are (rows.py), how a file
or an engine's transaction is made (log/archive.py, warehouses/).
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from ingestion.loading.rejections import Rejections
from ingestion.loading.rows import Rows, pulled
from ingestion.loading.subject import SourceRun, Subject
from ingestion.log.archive import BatchFile, Origin
from ingestion.log.state import TableState
from ingestion.warehouses.base import TableLoad


class Batch:
    """The batch that a run makes of one table.

    Attributes:
        load: the warehouse's side of it.
        appended: versions of rows that were appended.
        deleted: delete versions that were appended.
    """

    def __init__(
        self, load: TableLoad, file: BatchFile, subject: Subject, rejections: Rejections, started_at: datetime
    ) -> None:
        self.load = load
        self.appended = 0
        self.deleted = 0
        self._file = file
        self._subject = subject
        self._rejections = rejections
        self._started_at = started_at

    def append(self, rows: Rows) -> int:
        """Append what differs from the log; returns the number of versions.

        Into an empty log all rows go as they come, and into the file on the way: read back from the log, they would
        have to come all the way again.
        """
        with pulled(self._archived(rows) if self.load.is_first else rows) as given:
            self.load.stage(given)
        appended = self.load.append_changed()
        self.appended += appended
        # What was written on the way is the batch, if all of it was appended and nothing else is.
        if self.appended != self._file.rows:
            self._file.discard()
        self._rejections.add(self.load.duplicates())
        return appended

    def append_deletes(self) -> int:
        """Append a delete version for each key that the comparison found to be gone; returns their number."""
        self.deleted += self.load.append_deletes()
        if self.deleted:
            self._file.discard()
        return self.deleted

    def commit(self, state: TableState) -> TableState:
        """Archive the batch, then commit it with its state, in which the batch number is filled in."""
        if self.appended or self.deleted:
            state = replace(state, last_appended_at=self._started_at)
        file = self._file
        if not file.rows and (appended := self.load.appended_rows()):
            with appended[1] as rows:
                for batch in rows:
                    file.write(batch)
                self._finish(state)
        elif file.rows:
            self._finish(state)
        return self.load.commit(state)

    def _finish(self, state: TableState) -> None:
        table, archived = self._subject.table, replace(state, batch_seq=self.load.batch_seq)
        origin = Origin(self._subject.state.batch_seq, table.key, archived, self._rejections.has_values)
        self._file.finish(table.versions.arrow_schema, origin)

    def _archived(self, rows: Rows) -> Iterator[pa.RecordBatch]:
        with closing(rows):
            for batch in rows:
                self._file.write(self._subject.table.as_versions(batch, self.load.batch_seq, self._started_at))
                yield batch


@contextmanager
def begun_batch(run: SourceRun, subject: Subject, rejections: Rejections, started_at: datetime) -> Iterator[Batch]:
    """Begin a table's batch. Leaving the block without a commit changes nothing.

    Raises:
        TableError: the archive is another warehouse's.
        WarehouseError: warehouse or archive failed.
    """
    run.archive.discard_after(subject.table, subject.state.batch_seq)
    with (
        run.session.load(subject.table, started_at) as load,
        run.archive.begin(subject.table, load.batch_seq) as file,
    ):
        yield Batch(load, file, subject, rejections, started_at)
