"""Files of the archive written anew, each in the place of one.

Belongs here: whether a table's files are whole before one is replaced, and a file's replacement with its hashes and its
digest. Not here: what its rows become (rotation.py, erasure.py).

A file says in its metadata which one it replaces: a call that was killed between a file and the list of digests is told
apart from damage.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pyarrow as pa

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import TableError
from ingestion.log.archive import Archive, ArchivedBatch, Origin
from ingestion.log.state import TableState
from ingestion.operations.archived_table import RAW_TYPES, archived_numbers, whole_history
from ingestion.rows.columns import CONTROL_COLUMNS, Column, RawTable
from ingestion.rows.row_hash import RowHasher

_CONTROL = {column.name for column in CONTROL_COLUMNS}


@dataclass(frozen=True)
class TableFiles:
    """A table's files."""

    archive: Archive
    table: RawTable

    def check(self, last: int) -> list[int]:
        """The table's batches, each of whose files is what was written, given the last one that raw has.

        Raises:
            TableError: one is missing or not what was written, or nothing tells whether it is.
            StorageError: the archive can't be read.
        """
        # A killed run's: raw does not have it.
        self.archive.discard_after(self.table, last)
        noted, numbers = self.archive.digests(self.table), archived_numbers(self.archive, self.table)
        for number in numbers:
            digest, known = self.archive.digest(self.table, number), noted.get(f"{number}.parquet")
            if digest is None or digest == known:
                continue
            name = self.archive.name(self.table, number)
            if known is None:
                raise TableError(
                    f"the archive's list of digests does not have {name}. Note it first, if you trust the file: "
                    "python -m ingestion rebuild --from-archive --replace --accept-undigested"
                )
            # A killed call gave the file its name, and had no time for the list.
            origin = self.archive.batch(self.table, number).origin
            if origin is None or origin.replaces != known:
                raise TableError(
                    f"the archive's file {name} is not what was written: its digest differs from the list's. Put a "
                    "whole copy of it in its place"
                )
            self.archive.renew_digest(self.table, number, digest)
        if not numbers:
            raise TableError("the archive holds no batch of it. Extract it anew, into an empty warehouse")
        # Before anything is changed.
        whole_history(self.archive, self.table, numbers, last)
        return numbers

    def key(self, entry: TableEntry) -> tuple[str, ...]:
        """The table's key: the last file's, or the entry's where that tells none; empty where there is no file.

        Raises:
            TableError: the last file is damaged.
            StorageError: the archive can't be read.
        """
        numbers = self.archive.numbers(self.table)
        origin = self.archive.batch(self.table, numbers[-1]).origin if numbers else None
        return origin.key if origin else tuple(entry.raw_key) if numbers else ()

    def batches(self, numbers: Iterable[int], key: tuple[str, ...]) -> Iterator[tuple[ArchivedBatch, Origin]]:
        """What files say of themselves, and what one in a file's place says: that it replaces that one.

        Of a file that holds no origin, where it stands follows from the others. Raises as `key`.
        """
        noted, before = self.archive.digests(self.table), 0
        for number in numbers:
            batch = self.archive.batch(self.table, number)
            origin = batch.origin or Origin(before, key, TableState(self.table.name))
            before = number
            yield batch, replace(origin, replaces=noted[f"{number}.parquet"])

    def replace(self, number: int, schema: pa.Schema, rows: Iterable[pa.RecordBatch], origin: Origin) -> None:
        """Write a batch's file anew, and have its digest in the list.

        Args:
            number: the batch's.
            schema: the new file's columns.
            rows: its versions, whose hashes are made anew.
            origin: what it is to say of itself, with the digest of the file that it replaces.

        Raises:
            StorageError: the archive can't be written.
        """
        digest = self._written(number, schema, rows, origin)
        self.archive.renew_digest(self.table, number, digest)

    def add(self, number: int, schema: pa.Schema, rows: Iterable[pa.RecordBatch], origin: Origin) -> None:
        """Write the file of a new batch likewise. Raises as `replace`."""
        self.archive.note_digest(self.table, number, self._written(number, schema, rows, origin))

    def _written(self, number: int, schema: pa.Schema, rows: Iterable[pa.RecordBatch], origin: Origin) -> str:
        columns = [Column(f.name, RAW_TYPES[f.type]) for f in schema if f.name not in _CONTROL]
        with self.archive.begin(self.table, number) as file, closing(RowHasher(columns)) as hasher:
            for batch in rows:
                file.write(hasher.rehashed(batch))
            return file.replace(schema, origin)
