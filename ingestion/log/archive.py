"""The archive: every appended batch as one Parquet file, from which raw can be rebuilt.

Belongs here: names, format, atomic writing and reading of archive files. Not here: what is archived (a load's rows),
what is made of it (operations/rebuild.py).
"""

import json
import posixpath
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.errors import TableError, WarehouseError, one_line
from ingestion.log.state import TableState, parse_state, state_record
from ingestion.rows.columns import RawTable
from ingestion.sources.base import BATCH_ROWS

_METADATA = b"crm_warehouse"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch stands in its table's history; kept in its file's metadata.

    Attributes:
        follows: the table's batch before it; 0 where it is the first.
        key: the table's key, which the catalogue need not tell.
        state: what was committed together with it.
    """

    follows: int
    key: tuple[str, ...]
    state: TableState


@dataclass(frozen=True, slots=True)
class ArchivedBatch:
    """One file of the archive.

    Attributes:
        name: `<source>/<table>/<batch_seq>.parquet`, as messages name it.
        batch_seq: its number.
        schema: its columns, control columns among them.
        origin: None in files that hold none.
    """

    name: str
    batch_seq: int
    schema: pa.Schema
    origin: Origin | None


class Archive:
    """`<root>/<source>/<table>/<batch_seq>.parquet`, zstd, anywhere that fsspec reaches."""

    def __init__(self, root: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(root)
        except (ValueError, ImportError) as error:
            raise WarehouseError(f"ARCHIVE_URL can't be used: {error}.") from None

    def path(self, table: RawTable, batch_seq: int) -> str:
        """Where a batch of a table lies."""
        return posixpath.join(self._root, _name(table, batch_seq))

    def numbers(self, table: RawTable) -> list[int]:
        """The numbers of a table's archived batches, in their order.

        Raises:
            WarehouseError: the archive can't be read.
        """
        return sorted(number for number, path in self._numbered(table) if path.endswith(f"/{number}.parquet"))

    def _numbered(self, table: RawTable) -> list[tuple[int, str]]:
        folder = posixpath.dirname(self.path(table, 0))
        try:
            paths = self._files.ls(folder, detail=False) if self._files.exists(folder) else []
        except OSError as error:
            raise _unusable("read", error) from None
        named = [(posixpath.basename(path).partition(".")[0], path) for path in paths]
        return [(int(number), path) for number, path in named if number.isdigit()]

    def discard_after(self, table: RawTable, batch_seq: int) -> None:
        """Remove the file of a batch after the last one that the table committed: a killed run's.

        Raises:
            TableError: there are several, which no killed run leaves: the archive is another warehouse's.
            WarehouseError: the archive can't be changed.
        """
        later = [(number, path) for number, path in self._numbered(table) if number > batch_seq]
        count = len({number for number, _ in later})
        if count > 1:
            raise TableError(
                f"the archive holds {count} batches of it that this warehouse does not. Rebuild it from the archive "
                "(python -m ingestion rebuild --from-archive), or set ARCHIVE_URL to another place"
            )
        try:
            for _, path in later:
                self._files.rm_file(path)
        except OSError as error:
            raise _unusable("written", error) from None

    @contextmanager
    def begin(self, table: RawTable, batch_seq: int) -> Iterator["BatchFile"]:
        """A file for one batch, aside until it is finished: a file with its final name is whole.

        It is finished before the batch commits, so that no committed batch is without its file; a file whose batch
        never committed is for `discard_after`.
        """
        file = BatchFile(self._files, self.path(table, batch_seq))
        try:
            yield file
        finally:
            file.discard()

    def batch(self, table: RawTable, batch_seq: int) -> ArchivedBatch:
        """What an archived batch's file says of itself.

        Raises:
            TableError: the file is missing or damaged.
        """
        with self._opened(table, batch_seq) as file:
            told = json.loads((file.metadata.metadata or {}).get(_METADATA, b"null"))
            origin = Origin(told["follows"], tuple(told["key"]), parse_state(told["state"])) if told else None
            schema = file.schema_arrow.remove_metadata()
        return ArchivedBatch(_name(table, batch_seq), batch_seq, schema, origin)

    def rows(self, table: RawTable, batch_seq: int) -> Iterator[pa.RecordBatch]:
        """The rows of an archived batch, at most `BATCH_ROWS` at a time.

        Raises:
            TableError: the file is missing or damaged, or holds another batch.
        """
        with self._opened(table, batch_seq) as file:
            for batch in file.iter_batches(BATCH_ROWS):
                if not pc.all(pc.equal(batch.column("_batch_seq"), batch_seq)).as_py():
                    raise ValueError("it holds rows of another batch")
                yield batch

    @contextmanager
    def _opened(self, table: RawTable, batch_seq: int) -> Iterator[Any]:
        try:
            with (
                self._files.open(self.path(table, batch_seq), "rb") as opened,
                pq.ParquetFile(opened, page_checksum_verification=True) as file,
            ):
                yield file
        # Whatever a damaged file's bytes happen to say.
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise TableError(
                f"the archive's file {_name(table, batch_seq)} can't be read: {_cause(error)}. Put a whole copy of it "
                "in its place"
            ) from None


class BatchFile:
    """One batch on its way into the archive. What its methods raise must keep the batch from being committed.

    Attributes:
        rows: how many were written.
    """

    def __init__(self, files: Any, path: str) -> None:
        self.rows = 0
        self._files = files
        self._path = path
        self._aside = f"{path}.partial"
        self._opened = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: pa.RecordBatch) -> None:
        """Write rows of the batch.

        Raises:
            WarehouseError: the archive can't be written.
        """
        with _faults_told():
            self._begun(rows.schema).write_batch(rows)
        self.rows += rows.num_rows

    def _begun(self, schema: pa.Schema) -> pq.ParquetWriter:
        if self._writer is None:
            self._files.makedirs(posixpath.dirname(self._path), exist_ok=True)
            file = self._opened.enter_context(self._files.open(self._aside, "wb"))
            # Dictionaries would cost half as much time again, and what repeats zstd finds as well.
            self._writer = self._opened.enter_context(
                pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False, write_page_checksum=True)
            )
        return self._writer

    def discard(self) -> None:
        """Forget what was written."""
        if self._writer is not None:
            with suppress(OSError):
                self._opened.close()
            with suppress(OSError):
                self._files.rm_file(self._aside)
        self._writer, self.rows = None, 0

    def finish(self, schema: pa.Schema, origin: Origin) -> None:
        """Give the file its name, also where no row was written.

        Raises:
            WarehouseError: the archive can't be written.
        """
        told = {"follows": origin.follows, "key": origin.key, "state": state_record(origin.state)}
        with _faults_told():
            self._begun(schema).add_key_value_metadata({_METADATA: json.dumps(told)})
            self._opened.close()
            self._writer = None
            self._files.mv(self._aside, self._path)


@contextmanager
def _faults_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unusable("written", error) from None


def _name(table: RawTable, batch_seq: int) -> str:
    return f"{table.source}/{table.name}/{batch_seq}.parquet"


def _cause(error: Exception) -> str:
    # Of a file that is missing, without its whole path.
    return (error.strerror if isinstance(error, OSError) else None) or one_line(error).removesuffix(".")


def _unusable(done: str, error: OSError) -> WarehouseError:
    return WarehouseError(f"the archive can't be {done}: {error.strerror or error}. Check ARCHIVE_URL.")
