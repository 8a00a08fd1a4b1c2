"""Rows out of a snapshot, as the raw log takes them: read, conformed, hashed.

Belongs here: the way of a batch from a reader to a load. Not here: which rows are read (reading.py, comparison.py),
what becomes of them (batch.py).
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager

import pyarrow as pa

from ingestion.errors import IngestionError
from ingestion.loading.read_ahead import read_ahead
from ingestion.loading.rejections import Rejections
from ingestion.loading.subject import SourceRun, Subject
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import conform
from ingestion.rows.row_hash import RowHasher
from ingestion.sources.base import EVERYTHING, Selection, WireBatch

Rows = Generator[pa.RecordBatch]

KEYS_PER_STATEMENT = 1_000


class TableRows:
    """One run's rows of one table.

    Attributes:
        read: how many were read, rejected ones among them.
    """

    def __init__(
        self,
        run: SourceRun,
        subject: Subject,
        rejections: Rejections,
        note: Callable[[pa.RecordBatch], None] = lambda rows: None,
    ) -> None:
        """`note` is told of all conforming rows."""
        self.read = 0
        self._run = run
        self._subject = subject
        self._rejections = rejections
        self._note = note
        self._limits = run.session.capabilities.limits

    def of(self, selection: Selection) -> Rows:
        """Conforming, hashed batches; rejected rows are set aside.

        Raises:
            SourceError: the source failed.
            TableError: most of what was read, or of a column, is set aside.
        """
        table = self._subject.table
        with ExitStack() as opened:
            hasher = None
            for wire in opened.enter_context(closing(self._wire_batches(self._subject.source_table, selection))):
                conformed = self._subject.kept(conform(table, wire.batch, wire.odd, self._limits))
                self.read += wire.batch.num_rows + len(wire.unparsed)
                self._rejections.note(conformed, wire.batch.num_rows)
                self._rejections.note_unparsed(wire.unparsed, wire.files)
                self._note(conformed.batch)
                self._run.listener.advanced(table.label, wire.batch.num_rows)
                # Made when the first rows come: most reads of most runs bring none.
                hasher = hasher or opened.enter_context(closing(RowHasher(table.columns)))
                yield hasher(conformed.batch)

    def with_keys(self, keys: list[tuple[object, ...]], but_not: dict[str, list[str]] | None = None) -> Rows:
        """Rows with one of the keys, without those that have one of the values of `but_not`. Raises as `of`."""
        for start in range(0, len(keys), KEYS_PER_STATEMENT):
            yield from self.of(Selection(keys=keys[start : start + KEYS_PER_STATEMENT], but_not=but_not or {}))

    def keys(self) -> Rows:
        """The keys of all of the source's rows, without a hash.

        Raises:
            SourceError: the source failed.
        """
        key_table = self._subject.key_table
        with closing(self._wire_batches(key_table, EVERYTHING)) as wires:
            for wire in wires:
                conformed = conform(key_table, wire.batch, wire.odd, self._limits)
                conformed = self._subject.kept(conformed, are_keys=True)
                self._rejections.note_keys(conformed)
                yield conformed.batch

    def _wire_batches(self, table: RawTable, selection: Selection) -> Generator[WireBatch]:
        return read_ahead(self._run.pace(self._run.snapshot.read(table, selection)))


@contextmanager
def pulled(rows: Iterator[pa.RecordBatch]) -> Iterator[Rows]:
    """Rows for the warehouse to pull within the block; the read is ended in any case.

    Raises:
        IngestionError: what the rows raised, which reaches the block through the warehouse, in the warehouse's words.
    """
    causes: list[IngestionError] = []

    def told() -> Rows:
        try:
            yield from rows
        except IngestionError as failure:
            causes.append(failure)
            raise

    with closing(told()) as given:
        try:
            yield given
        except Exception:
            if causes:
                raise causes[0] from None
            raise
