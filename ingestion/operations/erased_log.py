"""A table's log that people are erased in: its files written anew, and the batch that follows them.

Belongs here: what becomes of versions. Not here: which erasures there are, and in which order tables follow
(erasure.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.loading.privacy import blanking_of
from ingestion.loading.run import Ingestion
from ingestion.log.archive import Origin
from ingestion.log.erasures import Erasure
from ingestion.log.state import TableState
from ingestion.operations.renewal import TableFiles
from ingestion.rows.columns import CONTROL_COLUMNS, RawTable
from ingestion.rows.erased import Blanking, Tokens, keys_of, row_names, told_key
from ingestion.rows.pseudonyms import SourceKey

_CONTROL = {column.name for column in CONTROL_COLUMNS}


@dataclass(frozen=True)
class ErasedLog:
    """A table's log that people are erased in.

    Attributes:
        state: what the warehouse remembers of it.
        number: of the batch that follows.
        started_at: when its new versions are loaded.
    """

    ingestion: Ingestion
    id: str
    erasure: Erasure
    source: str
    name: str
    state: TableState
    number: int
    started_at: datetime

    @cached_property
    def _table(self) -> RawTable:
        return RawTable(self.source, self.name, (), ())

    @cached_property
    def _key(self) -> tuple[str, ...]:
        return self._files.key(self.ingestion.catalogue[self.source][self.name])

    @cached_property
    def _files(self) -> TableFiles:
        return TableFiles(self.ingestion.archive, self._table)

    @cached_property
    def _row_key(self) -> SourceKey:
        return self.ingestion.row_key(self.source)

    def write(self) -> list[int]:
        """Write the table's files anew, and the batch that follows them; returns the numbers of all.

        Raises:
            TableError: a file is missing or damaged, or raw awaits a rotation of keys.
            StorageError: the archive can't be written.
        """
        entry, files = self.ingestion.catalogue[self.source][self.name], self._files
        self.ingestion.privacy(self.source).check(self.state, entry)
        there = files.archive.numbers(self._table)
        if not there and not self.state.batch_seq:
            return []
        # What raw knows nothing of was taken away from it, and may be brought back.
        numbers = files.check(self.state.batch_seq or there[-1])
        blanking, versions, is_followed = blanking_of(self._key, entry), [], not self.state.batch_seq
        for batch, origin in files.batches(numbers, self._key):
            number, is_through = batch.batch_seq, self.id in origin.erasures
            is_followed |= is_through and batch.origin is not None and batch.origin.replaces is None
            mine = [self._mine(rows) for rows in files.archive.rows(self._table, number, self._key)]
            if not any(pc.any(which).as_py() for which in mine):
                continue
            if not is_through:
                erased = (self._left(*rows, blanking) for rows in zip(self._rows(number), mine, strict=True))
                files.replace(number, batch.schema, erased, replace(origin, erasures=(*origin.erasures, self.id)))
            versions += [rows.filter(which) for rows, which in zip(self._rows(number), mine, strict=True)]
        return numbers if is_followed or not versions else [*numbers, *self._follow(files, versions, numbers[-1])]

    def may_be_of(self, record: str) -> bool:
        """Whether a row that was set aside, given its key as it is recorded, was erased, or nobody knows."""
        key = told_key(record, self._key)
        return key is None or row_names(self._row_key, [key])[0] in self._names

    @cached_property
    def _names(self) -> Mapping[str, Tokens | None]:
        return self.erasure.sources[self.source].tables[self.name]

    def _rows(self, number: int) -> Iterator[pa.RecordBatch]:
        return self.ingestion.archive.rows(self._table, number)

    def _mine(self, rows: pa.RecordBatch) -> pa.Array:
        named = row_names(self._row_key, keys_of(rows, self._key).to_pylist())
        return pa.array([name in self._names for name in named], pa.bool_())

    def _left(self, rows: pa.RecordBatch, which: pa.Array, blanking: Blanking) -> pa.RecordBatch:
        if self.erasure.with_rows:
            return self._deleted(rows, which)
        return blanking.of(rows, which, lambda _, values: self._tokens(values))

    def _tokens(self, pseudonyms: pa.Array) -> pa.Array:
        """Tokens in the place of pseudonyms; those that a run after a killed call wrote are such."""
        told = (v if v is None or v in self._written else self.erasure.token(v) for v in pseudonyms.to_pylist())
        return pa.array(told, pa.string())

    @cached_property
    def _written(self) -> set[str]:
        return {token for tokens in self._names.values() for token in (tokens or {}).values()}

    def _deleted(self, rows: pa.RecordBatch, which: pa.Array) -> pa.RecordBatch:
        """Rows, of which some are delete versions: of these nothing stays but the key."""
        told = {"_op": "delete", "_row_hash": 0}
        for place, field in enumerate(rows.schema):
            if field.name in told or field.name not in {*self._key, *_CONTROL}:
                value = pa.scalar(told.get(field.name), field.type)
                rows = rows.set_column(place, field, pc.if_else(which, value, rows.column(place)))
        return rows

    def _follow(self, files: TableFiles, versions: list[pa.RecordBatch], last: int) -> list[int]:
        """The batch with the rows as they are now; none where all were deleted before."""
        tables = [pa.Table.from_batches([rows]) for rows in versions]
        whole = pa.concat_tables(tables, promote_options="default").combine_chunks()
        place = {text: number for number, text in enumerate(keys_of(whole, self._key).to_pylist())}
        latest = whole.take(pa.array(sorted(place.values()), pa.int64()))
        if not self.erasure.with_rows:
            latest = latest.filter(pc.equal(latest.column("_op"), "upsert"))
        if not latest.num_rows:
            return []
        for name, value in {"_batch_seq": self.number, "_loaded_at": self.started_at}.items():
            field = latest.schema.field(name)
            constant = pa.repeat(pa.scalar(value, field.type), latest.num_rows)
            latest = latest.set_column(latest.schema.get_field_index(name), field, constant)
        state = replace(self.state, batch_seq=self.number, last_appended_at=self.started_at)
        files.add(self.number, latest.schema, latest.to_batches(), Origin(last, self._key, state, erasures=(self.id,)))
        return [self.number]
