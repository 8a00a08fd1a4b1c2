"""Parquet files.

Belongs here: their row groups. Not here: types, which are the warehouse's.
"""

import io
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

import pyarrow as pa
import pyarrow.parquet as pq

from exports.formats.delimited import BLOCK, Files, csv_files
from exports.formats.spool import IN_MEMORY_BYTES, parts_of


def parquet_files(table: pa.Table) -> Files:
    """Columns as the warehouse types them, a row group per block."""

    def parts(first: int, end: int) -> Iterator[bytes]:
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            with pq.ParquetWriter(file, table.schema) as writer:
                for start in range(first, end, BLOCK):
                    writer.write_table(table.slice(start, min(BLOCK, end - start)))
            yield from parts_of(file)

    return parts


def as_csv(content: bytes) -> bytes:
    """A file's rows as a CSV file has them.

    Raises:
        pyarrow.ArrowException: somebody made another file of it.
    """
    table = pq.read_table(io.BytesIO(content))
    return b"".join(csv_files(table)(0, len(table)))
