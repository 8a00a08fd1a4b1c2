"""Files of the archive and the exports: a folder on anything that fsspec reaches.

Belongs here: opening, listing, reading, writing aside and renaming, with every backend's faults in one line. Not here:
what a backend does in its own way (filesystems.py), which files there are, and what they hold.

Names are paths below the root, with slashes. On the machine's own disk no link below the root is followed: whoever can
put one there would else decide what is read and written elsewhere.
"""

import hashlib
import io
import posixpath
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from secrets import token_hex
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ingestion.errors import IngestionError, StorageError, one_line
from ingestion.output.filesystems import Disk, Files, Remote
from ingestion.output.private import Readers

_ASIDE = re.compile(r"(?P<name>.+)\.[0-9a-f]{16}\.partial")
_URL = re.compile(r"\b[\w+.-]+://\S+")


def aside_name(name: str) -> str:
    """A name beside a file's that nobody can have foreseen."""
    return f"{name}.{token_hex(8)}.partial"


def without_aside(name: str) -> str | None:
    """The name that `aside_name` was given for what a killed run left; None of any other file."""
    found = _ASIDE.fullmatch(name)
    return found["name"] if found else None


class Storage:
    """A folder of the settings. Nothing is opened before it is used.

    Args:
        root: a folder, or any URL that fsspec takes.
        setting: the variable that names it, for messages.
        readers: who may read it beside its owner, where it is on this machine's disk; None: nobody.

    Raises:
        StorageError: (every method) the place can't be used, or not so.
    """

    def __init__(self, root: str, setting: str, readers: Readers | None = None) -> None:
        self._root = root
        self._setting = setting
        self._readers = readers

    @cached_property
    def _files(self) -> Files:
        try:
            files, path = fsspec.core.url_to_fs(self._root)
        # Backends raise what their libraries do, and some connect at once.
        except Exception as error:
            raise StorageError(f"{self._setting} can't be used: {_cause(error)}.") from None
        return Disk(path, self._readers) if isinstance(files, LocalFileSystem) else Remote(files, path)

    def check(self) -> None:
        """See whether the place answers; one that does not exist yet is no fault."""
        self.listed("")

    def sizes(self, *, is_strict: bool = False) -> dict[str, int | None]:
        """All files below the root, and how many bytes they have; None where the place does not tell.

        Unless it is strict, folders that can't be listed count as empty ones.
        """
        with self.told("listed"):
            return self._files.sizes(is_strict=is_strict)

    def links(self) -> list[str]:
        """The links below the root, none of which is followed; only disks have such."""
        with self.told("listed"):
            return self._files.links()

    def listed(self, folder: str) -> list[str]:
        """The names of what lies in a folder; nothing where there is no such folder."""
        with self.told("listed", folder):
            try:
                return [posixpath.basename(path) for path in self._files.listed(folder)]
            except FileNotFoundError:
                return []

    def opened(self, name: str) -> BinaryIO | None:
        """A file to read; None where there is none, or what is there is no file of its own."""
        with self.told("read", name):
            try:
                return self._files.opened(name)
            except FileNotFoundError:
                return None

    def read(self, name: str, most_bytes: int = -1) -> bytes | None:
        """A file's bytes, `most_bytes` of them; None where there is no such file."""
        file = self.opened(name)
        if file is None:
            return None
        with file, self.told("read", name):
            return file.read(most_bytes)

    def digest(self, name: str) -> str | None:
        """The sha256 of a file's bytes; None where there is no such file."""
        file = self.opened(name)
        if file is None:
            return None
        with file, self.told("read", name):
            sha256 = hashlib.sha256()
            while part := file.read(1 << 20):
                sha256.update(part)
            return sha256.hexdigest()

    def write(self, name: str, content: bytes | Iterable[bytes]) -> None:
        """Put a file in its place, whose bytes may come in parts: readers see the old ones or the new ones."""
        aside = Aside(self, name)
        try:
            for part in [content] if isinstance(content, bytes) else content:
                aside.write(part)
            aside.finish()
        finally:
            aside.discard()

    def append(self, name: str, content: bytes) -> None:
        """Add to a file's end; where that can't be, the file is written anew."""
        with self.told("written", name):
            is_done = self._files.appended(name, content)
        if not is_done:
            self.write(name, (self.read(name) or b"") + content)

    def create(self, name: str) -> BinaryIO:
        """A new file to write, with the folders that it needs."""
        with self.told("written", name):
            return self._files.created(name)

    def move(self, old: str, new: str) -> None:
        """Give a file another name, in the place of what has it."""
        with self.told("written", new):
            self._files.move(old, new)

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is no fault."""
        with self.told("removed", name), suppress(FileNotFoundError):
            self._files.remove(name)

    def prune(self, folder: str) -> None:
        """Remove the empty folders in a folder, and it itself; only disks have such."""
        with self.told("removed", folder):
            self._files.prune(folder)

    @contextmanager
    def told(self, done: str, name: str = "") -> Iterator[None]:
        """Whatever goes wrong, as an error of this package: it can't be `done` (read, written ...)."""
        try:
            yield
        except IngestionError:
            raise
        # Backends raise what their libraries do.
        except Exception as error:
            what = without_aside(name) or name or "what lies there"
            raise StorageError(f"{what} can't be {done}: {_cause(error)}. Check {self._setting}.") from None


class Aside(io.RawIOBase):
    """A file on its way, under a name of its own until it is finished. Made when the first bytes come.

    Attributes:
        sha256: of all bytes so far.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        super().__init__()
        self.sha256 = hashlib.sha256()
        self._storage = storage
        self._name = name
        self._aside = aside_name(name)
        self._file: BinaryIO | None = None

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: Any) -> int:
        """Add bytes.

        Raises:
            StorageError: they can't be written.
        """
        self._file = self._file or self._storage.create(self._aside)
        with self._storage.told("written", self._name):
            written = self._file.write(content)
        self.sha256.update(content)
        return written

    def finish(self) -> None:
        """Give the file its name.

        Raises:
            StorageError: it can't be written.
        """
        if self._file is None:
            self._file = self._storage.create(self._aside)
        with self._storage.told("written", self._name):
            self._file.close()
        self._storage.move(self._aside, self._name)
        self._file = None

    def discard(self) -> None:
        """Remove what was not finished."""
        if self._file is not None:
            with suppress(Exception):
                self._file.close()
            with suppress(IngestionError):
                self._storage.remove(self._aside)
            self._file = None


def _cause(error: Exception) -> str:
    """Why, without the place, the statement or a URL, which may hold a password."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    kind = "" if isinstance(error, (OSError, ImportError, ValueError)) else f"{type(error).__name__}: "
    return kind + _URL.sub("...", one_line(error)).removesuffix(".")
