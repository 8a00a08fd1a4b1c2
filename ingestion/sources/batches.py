"""Batches that keep to a size.

Belongs here: where a batch ends. Not here: how rows are read, or made into Arrow.

A table's first rows tell nothing about the width of later ones, so what was really read is measured.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from ingestion.sources.base import BATCH_ROWS


def cut(rows: Iterable[Sequence[Any]], most_bytes: int) -> Iterator[list[Sequence[Any]]]:
    """Rows in lists of at most `BATCH_ROWS`; a list ends with the row that brings its texts and bytes to a size."""
    waiting: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        waiting.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(waiting) == BATCH_ROWS or size >= most_bytes:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def gathered(batches: Iterable[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches as large as they may be: all that follows costs by the batch."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if waiting and (rows + batch.num_rows > BATCH_ROWS or size + batch.nbytes > most_bytes):
            yield pa.concat_batches(waiting)
            waiting, rows, size = [], 0, 0
        if batch.num_rows:
            waiting.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
    if waiting:
        yield pa.concat_batches(waiting)
