"""Files as they were at one moment: looked at, copied aside, opened.

Belongs here: bytes, their digests, compression and encoding. Not here: what they mean (files_csv.py, files_json.py,
files_parquet.py).

A file is read from a copy on this machine's disk, which is of the bytes whose digest was noted or is not used: nobody
can write into what is being read, and Parquet, which is read from its end, can be on any place that fsspec reaches.
"""

import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Literal, TextIO, cast

import pyarrow as pa

from ingestion.errors import StorageError, TableError, TransientSourceError, one_line
from ingestion.output.storage import Storage
from ingestion.sources.files_found import Content, shown
from ingestion.sources.transient import fault_type

_CHUNK = 1 << 20
_COMPRESSED = (".gz", ".zst")
_FORMATS: dict[str, Literal["csv", "json", "parquet"]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What a file's name tells of its bytes.

    Attributes:
        format: how rows lie in it.
        separator: of CSV, where nothing else is declared.
        compression: its last suffix, if that is one of compression.
    """

    format: Literal["csv", "json", "parquet"]
    separator: str
    compression: str | None


def form_of(name: str) -> Form:
    """What a file is by its suffixes.

    Raises:
        TableError: nothing that can be read.
    """
    lowered = name.lower()
    compression = next((suffix for suffix in _COMPRESSED if lowered.endswith(suffix)), None)
    suffix = Path(lowered.removesuffix(compression or "")).suffix
    if suffix not in _FORMATS:
        known = f"{', '.join(_FORMATS)}, or one of these with {' or '.join(_COMPRESSED)} behind it"
        raise TableError(f"{shown(name)} is no file that can be read, by its name. Name files by {known}")
    return Form(_FORMATS[suffix], "\t" if suffix == ".tsv" else ",", compression)


class Copies:
    """Copies of a source's files.

    Args:
        source: the source's name.
        storage: where the files are.
    """

    def __init__(self, source: str, storage: Storage) -> None:
        self._source = source
        self._storage = storage

    def look(self, name: str) -> Content:
        """What a file holds now.

        Raises:
            SourceError: it can't be read.
        """
        return self._streamed(name, None)

    @contextmanager
    def copied(self, name: str, content: Content | None = None) -> Iterator[Path]:
        """A copy of a file until the block ends.

        Args:
            name: the file.
            content: what it must hold; None: whatever it does.

        Raises:
            SourceError: it can't be read.
            TransientSourceError: it holds something else now.
        """
        with TemporaryDirectory(prefix="warehouse-files-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "copy"
            with path.open("wb") as sink:
                now = self._streamed(name, sink)
            if content is not None and now != content:
                raise self.changing(name)
            yield path

    def changing(self, name: str) -> TransientSourceError:
        """The error of a file that is being written."""
        return TransientSourceError(
            f"{self._source}: {shown(name)} changed while it was read; nothing was taken from it. Run again when it is "
            "written, or write it under a name that no table's pattern matches, and rename it then."
        )

    @contextmanager
    def decoding(self, name: str) -> Iterator[None]:
        """Tell what is wrong with a file's bytes.

        Raises:
            TransientSourceError: it ends before its end.
            TableError: it is broken.
        """
        try:
            yield
        except EOFError as error:
            raise TransientSourceError(
                f"{self._source}: {shown(name)} ends in the middle{_where(error)}: it may be being written. Nothing "
                "was taken from it. Run again; if it is complete, it is broken: export it anew."
            ) from None
        except (OSError, zlib.error, pa.ArrowException, UnicodeError) as error:
            raise TableError(
                f"{shown(name)} can't be read: {one_line(error).removesuffix('.')}. Is it complete, and what its name "
                "and its options tell? Nothing was taken from it"
            ) from None

    def _streamed(self, name: str, sink: BinaryIO | None) -> Content:
        sha256, size = hashlib.sha256(), 0
        with self.faults_told():
            file = self._storage.opened(name)
            if file is None:
                raise self.changing(name)
            with file, self._storage.told("read", shown(name)):
                while part := file.read(_CHUNK):
                    sha256.update(part)
                    size += len(part)
                    if sink:
                        sink.write(part)
        return Content(size, sha256.hexdigest())

    @contextmanager
    def faults_told(self) -> Iterator[None]:
        """Tell a place that can't be used as a fault of the source."""
        try:
            yield
        except StorageError as error:
            raise fault_type(error)(f"{self._source}: {error}") from None


def _where(error: EOFError) -> str:
    # Only ours tell of a line.
    return f" of {error}" if str(error).startswith("line ") else ""


@contextmanager
def plain(path: Path, form: Form) -> Iterator[BinaryIO]:
    """A copy's bytes without compression."""
    if form.compression == ".gz":
        with gzip.open(path, "rb") as unzipped:
            yield cast(BinaryIO, unzipped)
    elif form.compression == ".zst":
        with pa.input_stream(str(path), compression="zstd") as stream, io.BufferedReader(stream) as buffered:
            yield buffered
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def text(path: Path, form: Form, encoding: str, line_end: str) -> Iterator[TextIO]:
    """A copy as text; bytes that are not of the encoding are lone surrogates.

    Args:
        path: the copy.
        form: what it is.
        encoding: how text is written in it.
        line_end: as `open` takes it; line ends stay as they are.
    """
    with plain(path, form) as file:
        codec = "utf-8-sig" if encoding == "utf-8" else encoding
        wrapper = io.TextIOWrapper(file, codec, errors="surrogateescape", newline=line_end)
        try:
            yield wrapper
        finally:
            with suppress(ValueError):
                wrapper.detach()


@contextmanager
def unpacked(path: Path, form: Form) -> Iterator[Path]:
    """A copy without compression, as a file."""
    if form.compression is None:
        yield path
        return
    target = path.with_name("unpacked")
    with plain(path, form) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file, _CHUNK)
    yield target
