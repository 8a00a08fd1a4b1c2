"""The archive: every appended batch as one Parquet file, from which raw can be rebuilt.

Belongs here: names, format and atomic writing of archive files. Not here: what is archived (a load's rows).
"""

import posixpath

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.columns import RawTable
from ingestion.errors import WarehouseError


class Archive:
    """`<root>/<source>/<table>/<batch_seq>.parquet`, zstd, anywhere that fsspec reaches."""

    def __init__(self, root: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(root)
        except (ValueError, ImportError) as error:
            raise WarehouseError(f"ARCHIVE_URL can't be used: {error}.") from None

    def path(self, table: RawTable, batch_seq: int) -> str:
        """Where a batch of a table lies."""
        return posixpath.join(self._root, table.source, table.name, f"{batch_seq}.parquet")

    def discard_after(self, table: RawTable, batch_seq: int) -> None:
        """Remove files of batches after the last one that the table committed: a killed run's.

        Raises:
            WarehouseError: the archive can't be changed.
        """
        folder = posixpath.dirname(self.path(table, 0))
        try:
            if not self._files.exists(folder):
                return
            for path in self._files.ls(folder, detail=False):
                number = posixpath.basename(path).partition(".")[0]
                if number.isdigit() and int(number) > batch_seq:
                    self._files.rm_file(path)
        except OSError as error:
            raise _unusable(error) from None

    def write(self, table: RawTable, batch_seq: int, rows: pa.RecordBatchReader) -> None:
        """Write one batch, aside first, so that a file with its final name is whole.

        It is called before the batch commits, so that no committed batch is without its file; a file whose batch
        never committed is for `discard_after`.

        Raises:
            WarehouseError: the archive can't be written; the batch must not commit.
        """
        final = self.path(table, batch_seq)
        aside = f"{final}.partial"
        try:
            self._files.makedirs(posixpath.dirname(final), exist_ok=True)
            with (
                self._files.open(aside, "wb") as file,
                # Dictionaries would cost half as much time again, and what repeats zstd finds as well.
                pq.ParquetWriter(file, rows.schema, compression="zstd", use_dictionary=False) as writer,
            ):
                for batch in rows:
                    writer.write_batch(batch)
            self._files.mv(aside, final)
        except OSError as error:
            raise _unusable(error) from None


def _unusable(error: OSError) -> WarehouseError:
    return WarehouseError(f"the archive can't be written: {error.strerror or error}. Check ARCHIVE_URL.")
