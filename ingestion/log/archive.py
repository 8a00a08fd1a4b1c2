"""The archive: every appended batch as one Parquet file, from which raw can be rebuilt.

Belongs here: names, format, atomic writing and reading of archive files. Not here: what is archived (a load's rows),
what is made of it (operations/rebuild.py).
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.errors import IngestionError, StorageError, TableError, one_line
from ingestion.log.deliveries import DeliveryCopy
from ingestion.log.digests import LIST, digest_line, parse_digests, with_digest_of, without_batches_after
from ingestion.log.erasures import Erasures
from ingestion.log.keyring import Keyring
from ingestion.log.renewals import Renewals
from ingestion.log.state import TableState, parse_state, state_record
from ingestion.output.file_names import LONGEST, file_name
from ingestion.output.storage import Aside, Storage, without_aside
from ingestion.rows.columns import RawTable
from ingestion.sources.base import BATCH_ROWS

_METADATA = b"crm_warehouse"
_UNSAFE = set('/\\%@:*?"<>|')


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch stands in its table's history; kept in its file's metadata.

    Attributes:
        follows: the table's batch before it; 0 where it is the first.
        key: the table's key, which the catalogue need not tell.
        state: what was committed together with it.
        lacks_values: whether rows of it are without a value that raw can't hold, which the archive lacks too.
        replaces: the digest of the file that this one was written in the place of; None where there was none.
        erasures: the ids of erasures that its rows have been through.
    """

    follows: int
    key: tuple[str, ...]
    state: TableState
    lacks_values: bool = False
    replaces: str | None = None
    erasures: tuple[str, ...] = ()


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
    """`<root>/<source>/<table>/<batch_seq>.parquet`, zstd, with `digests.txt`, anywhere that fsspec reaches.

    Nothing is opened before it is used.
    """

    def __init__(self, root: str) -> None:
        self._storage = Storage(root, "ARCHIVE_URL")

    def check(self) -> None:
        """See whether the archive's place answers.

        Raises:
            StorageError: it does not.
        """
        self._storage.check()

    @property
    def deliveries(self) -> DeliveryCopy:
        """The copy of what was delivered to whom."""
        return DeliveryCopy(self._storage)

    @property
    def keyring(self) -> Keyring:
        """The keys of pseudonyms that were replaced."""
        return Keyring(self._storage)

    @property
    def erasures(self) -> Erasures:
        """The register of people that were erased."""
        return Erasures(self._storage)

    @property
    def renewals(self) -> Renewals:
        """What raw has not followed yet of files that were written anew for the age of their rows."""
        return Renewals(self._storage)

    def name(self, table: RawTable, batch_seq: int) -> str:
        """A batch's file, as messages name it."""
        return _name(table, batch_seq)

    def numbers(self, table: RawTable) -> list[int]:
        """The numbers of a table's archived batches, in their order.

        Raises:
            StorageError: the archive can't be read.
        """
        return sorted(number for number, name in self._numbered(table) if name == f"{number}.parquet")

    def _numbered(self, table: RawTable) -> list[tuple[int, str]]:
        named = [(name.partition(".")[0], name) for name in self._storage.listed(_folder(table))]
        return [(int(number), name) for number, name in named if number.isascii() and number.isdigit()]

    def discard_after(self, table: RawTable, batch_seq: int) -> None:
        """Remove the file of a batch after the last one that the table committed, and what is aside: a killed run's.

        Raises:
            TableError: there are several, which no killed run leaves: the archive is another warehouse's.
            StorageError: the archive can't be changed.
        """
        later = [(n, name) for n, name in self._numbered(table) if n > batch_seq or without_aside(name)]
        count = sum(name == f"{number}.parquet" for number, name in later)
        if count > 1:
            raise TableError(
                f"the archive holds {count} batches of it that this warehouse does not. Rebuild it from the archive "
                f"(python -m ingestion rebuild --from-archive --source {table.source} --replace), or set ARCHIVE_URL "
                "to another place"
            )
        folder = _folder(table)
        if count:
            # Before the file, so that no line is without one.
            digests = self._storage.read(f"{folder}/{LIST}") or b""
            if (kept := without_batches_after(digests, batch_seq)) != digests:
                self._storage.write(f"{folder}/{LIST}", kept)
        for _, name in later:
            self._storage.remove(f"{folder}/{name}")

    def remove(self, source: str) -> int:
        """Remove all files of a source; returns how many.

        Raises:
            StorageError: the archive can't be read or changed.
        """
        names = sorted(name for name in self._storage.sizes() if name.startswith(f"{source}/"))
        for name in names:
            self._storage.remove(name)
        return len(names)

    def has(self, table: RawTable, batch_seq: int) -> bool:
        """Whether a batch's file is there.

        Raises:
            StorageError: the archive can't be read.
        """
        file = self._storage.opened(_name(table, batch_seq))
        if file is None:
            return False
        file.close()
        return True

    @contextmanager
    def begin(self, table: RawTable, batch_seq: int) -> Iterator["BatchFile"]:
        """A file for one batch, aside until it is finished: a file with its final name is whole.

        It is finished before the batch commits, so that no committed batch is without its file; a file whose batch
        never committed is for `discard_after`.
        """
        file = BatchFile(self._storage, _folder(table), f"{batch_seq}.parquet")
        try:
            yield file
        finally:
            file.discard()

    def renew_digest(self, table: RawTable, batch_seq: int, digest: str) -> None:
        """Have a digest in the list in the place of the one of the file that was there before.

        Raises:
            StorageError: the archive can't be changed.
        """
        name = f"{_folder(table)}/{LIST}"
        self._storage.write(name, with_digest_of(self._storage.read(name) or b"", f"{batch_seq}.parquet", digest))

    def digests(self, table: RawTable) -> dict[str, str]:
        """The digests that were noted when a table's files were written, by file name.

        Raises:
            TableError: the list is damaged.
            StorageError: it can't be read.
        """
        try:
            return parse_digests(self._storage.read(f"{_folder(table)}/{LIST}") or b"")
        except ValueError as error:
            raise TableError(
                f"the archive's list {_folder(table)}/{LIST}: {error}. Put a whole copy of it in its place"
            ) from None

    def digest(self, table: RawTable, batch_seq: int) -> str | None:
        """The digest of a batch's file as it is now; None where it is missing.

        Raises:
            StorageError: it can't be read.
        """
        return self._storage.digest(_name(table, batch_seq))

    def note_digest(self, table: RawTable, batch_seq: int, digest: str) -> None:
        """Add a file's line to the list.

        Raises:
            StorageError: the archive can't be written.
        """
        self._storage.append(f"{_folder(table)}/{LIST}", digest_line(f"{batch_seq}.parquet", digest))

    def batch(self, table: RawTable, batch_seq: int) -> ArchivedBatch:
        """What an archived batch's file says of itself.

        Raises:
            TableError: the file is missing or damaged.
        """
        with self._opened(table, batch_seq) as file:
            told = json.loads((file.metadata.metadata or {}).get(_METADATA, b"null"))
            origin = told and Origin(
                told["follows"],
                tuple(told["key"]),
                parse_state(told["state"]),
                told.get("lacks_values", False),
                told.get("replaces"),
                tuple(told.get("erasures", ())),
            )
            schema = file.schema_arrow.remove_metadata()
        return ArchivedBatch(_name(table, batch_seq), batch_seq, schema, origin)

    def rows(self, table: RawTable, batch_seq: int, columns: Collection[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of an archived batch, at most `BATCH_ROWS` at a time, with those columns alone that it has of some.

        Raises:
            TableError: the file is missing or damaged, or holds another batch.
        """
        with self._opened(table, batch_seq) as file:
            there = file.schema_arrow.names
            read = None if columns is None else [n for n in there if n in columns or n == "_batch_seq"]
            for batch in file.iter_batches(BATCH_ROWS, columns=read):
                if not pc.all(pc.equal(batch.column("_batch_seq"), batch_seq)).as_py():
                    raise ValueError("it holds rows of another batch")
                yield batch

    @contextmanager
    def _opened(self, table: RawTable, batch_seq: int) -> Iterator[Any]:
        name = _name(table, batch_seq)
        opened = self._storage.opened(name)
        if opened is None:
            raise TableError(f"the archive lacks {name}. Put a whole copy of it in its place")
        try:
            with opened, pq.ParquetFile(opened, page_checksum_verification=True) as file:
                yield file
        except IngestionError:
            raise
        # Whatever a damaged file's bytes happen to say, or a server's library raises.
        except Exception as error:
            raise TableError(
                f"the archive's file {name} can't be read: {_cause(error)}. Put a whole copy of it in its place"
            ) from None


class BatchFile:
    """One batch on its way into the archive. What its methods raise must keep the batch from being committed.

    Attributes:
        rows: how many were written.
    """

    def __init__(self, storage: Storage, folder: str, name: str) -> None:
        self.rows = 0
        self._storage = storage
        self._folder = folder
        self._name = name
        self._aside = Aside(storage, f"{folder}/{name}")
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: pa.RecordBatch) -> None:
        """Write rows of the batch.

        Raises:
            StorageError: the archive can't be written.
        """
        with self._storage.told("written", self._folder):
            self._begun(rows.schema).write_batch(rows)
        self.rows += rows.num_rows

    def _begun(self, schema: pa.Schema) -> pq.ParquetWriter:
        # Dictionaries would cost half as much time again, and what repeats zstd finds as well.
        self._writer = self._writer or pq.ParquetWriter(
            self._aside, schema, compression="zstd", use_dictionary=False, write_page_checksum=True
        )
        return self._writer

    def discard(self) -> None:
        """Forget what was written."""
        if self._writer is not None:
            with suppress(OSError, pa.ArrowException, StorageError):
                self._writer.close()
        self._aside.discard()
        self._aside = Aside(self._storage, f"{self._folder}/{self._name}")
        self._writer, self.rows = None, 0

    def finish(self, schema: pa.Schema, origin: Origin) -> None:
        """Give the file its name, also where no row was written, and note its digest.

        Raises:
            StorageError: the archive can't be written.
        """
        line = digest_line(self._name, self.replace(schema, origin))
        self._storage.append(f"{self._folder}/{LIST}", line)

    def replace(self, schema: pa.Schema, origin: Origin) -> str:
        """Give the file its name, in the place of one that has it; returns its digest, which the list is to have.

        Raises:
            StorageError: the archive can't be written.
        """
        told = asdict(origin) | {"state": state_record(origin.state)}
        with self._storage.told("written", self._folder):
            writer = self._begun(schema)
            writer.add_key_value_metadata({_METADATA: json.dumps(told)})
            writer.close()
        self._writer = None
        self._aside.finish()
        return self._aside.sha256.hexdigest()


def _folder(table: RawTable) -> str:
    """Where a table's files lie. Only a name that can't be a folder's is given another form."""
    name = table.name
    is_safe = name.isprintable() and not set(name) & _UNSAFE and len(name.encode()) <= LONGEST
    return f"{table.source}/{name if is_safe and name == name.strip(' .') and name else file_name(name)}"


def _name(table: RawTable, batch_seq: int) -> str:
    return f"{_folder(table)}/{batch_seq}.parquet"


def _cause(error: Exception) -> str:
    # Of a file that is missing, without its whole path.
    return (error.strerror if isinstance(error, OSError) else None) or one_line(error).removesuffix(".")
