"""The file systems of the archive and the exports: the machine's own disk, and whatever fsspec reaches.

Belongs here: what each does in its own way. Not here: what is asked of all of them, and their faults in one line
(storage.py).
"""

import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ingestion.output.private import Readers, make_folder


class Files(Protocol):
    """What files can be asked for. Paths are below the root."""

    def sizes(self, *, is_strict: bool) -> dict[str, int | None]:
        """All files below the root, and how many bytes they have: see `Storage.sizes`."""
        ...

    def links(self) -> list[str]:
        """The links below the root."""
        ...

    def listed(self, folder: str) -> list[str]:
        """Paths of what lies in a folder. Raises FileNotFoundError: there is none."""
        ...

    def opened(self, name: str) -> BinaryIO:
        """A file to read. Raises FileNotFoundError: there is none, or it is no file of its own."""
        ...

    def created(self, name: str) -> BinaryIO:
        """A new file to write, with the folders that it needs. Raises FileExistsError: there is one."""
        ...

    def appended(self, name: str, content: bytes) -> bool:
        """Add to a file, if that can be done; returns whether it was."""
        ...

    def move(self, old: str, new: str) -> None:
        """Give a file another name, in the place of what has it."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file. Raises FileNotFoundError: there is none."""
        ...

    def prune(self, folder: str) -> None:
        """Remove empty folders in a folder, and it itself."""
        ...


_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Disk:
    """The machine's own files."""

    def __init__(self, root: str, readers: Readers | None = None) -> None:
        self._root = Path(root)
        self._readers = readers
        self._is_shown = False

    def sizes(self, *, is_strict: bool) -> dict[str, int | None]:
        """See `Files.sizes`."""
        found: dict[str, int | None] = {}
        for name, entry in self._walked(is_strict=is_strict):
            # One that goes meanwhile is not there.
            with suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    found[name] = entry.stat(follow_symlinks=False).st_size
        return found

    def links(self) -> list[str]:
        """See `Files.links`."""
        return [name for name, entry in self._walked(is_strict=True) if entry.is_symlink()]

    def _walked(self, *, is_strict: bool) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
        """Everything below the root, but for what lies behind links."""
        folders = [""]
        while folders:
            folder = folders.pop()
            # What can't be listed is told by who uses it, unless it must be known here.
            with nullcontext() if is_strict else suppress(OSError), os.scandir(self._root / folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{folder}{entry.name}/")
                    yield folder + entry.name, entry

    def listed(self, folder: str) -> list[str]:
        """See `Files.listed`."""
        return [path.name for path in self._path(f"{folder}/.").iterdir()]

    def opened(self, name: str) -> BinaryIO:
        """See `Files.opened`."""
        path = self._path(name)
        if path.is_symlink():
            raise FileNotFoundError
        # A pipe would be waited for, for ever.
        number = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise FileNotFoundError
        return os.fdopen(number, "rb")

    def created(self, name: str) -> BinaryIO:
        """See `Files.created`."""
        path = self._path(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        try:
            return os.fdopen(self._open(path, flags), "wb")
        except FileNotFoundError:
            make_folder(path.parent, self._readers)
            return os.fdopen(self._open(path, flags), "wb")

    def appended(self, name: str, content: bytes) -> bool:
        """See `Files.appended`."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_FOLLOW
        try:
            number = self._open(self._path(name), flags)
        except FileNotFoundError:
            # Its folder is not there yet.
            return False
        with os.fdopen(number, "ab", 0) as file:
            file.write(content)
        return True

    def move(self, old: str, new: str) -> None:
        """See `Files.move`."""
        path = self._path(new)
        if posixpath.dirname(old) != posixpath.dirname(new):
            make_folder(path.parent, self._readers)
        self._path(old).replace(path)

    def remove(self, name: str) -> None:
        """See `Files.remove`."""
        self._path(name).unlink()

    def prune(self, folder: str) -> None:
        """See `Files.prune`."""
        for path, _, _ in os.walk(self._path(folder), topdown=False):
            # What is not empty stays.
            with suppress(OSError):
                Path(path).rmdir()

    def _open(self, path: Path, flags: int) -> int:
        number = os.open(path, flags, 0o666)
        if self._readers:
            self._readers.let_in(number)
            if not self._is_shown:
                self._readers.show(self._root)
                self._is_shown = True
        return number

    def _path(self, name: str) -> Path:
        *folders, last = [part for part in name.split("/") if part]
        path = self._root
        for folder in folders:
            path /= folder
            if path.is_symlink():
                raise OSError(f"the folder {folder} is a link, which is not followed. Name its target in the setting")
        return path / last


class Remote:
    """Whatever else fsspec reaches."""

    def __init__(self, files: Any, root: str) -> None:
        self._files = files
        self._root = root

    def sizes(self, *, is_strict: bool) -> dict[str, int | None]:
        """See `Files.sizes`."""
        self._files.invalidate_cache()
        if is_strict and not self._files.exists(self._root):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        found = self._files.find(self._root, detail=True)
        return {posixpath.relpath(path, self._root): file.get("size") for path, file in found.items()}

    def links(self) -> list[str]:
        """See `Files.links`."""
        return []

    def listed(self, folder: str) -> list[str]:
        """See `Files.listed`."""
        # Another process may have written since.
        self._files.invalidate_cache()
        found: list[str] = self._files.ls(self._path(folder), detail=False)
        return found

    def opened(self, name: str) -> BinaryIO:
        """See `Files.opened`."""
        file: BinaryIO = self._files.open(self._path(name), "rb")
        return file

    def created(self, name: str) -> BinaryIO:
        """See `Files.created`."""
        path = self._path(name)
        self._files.makedirs(posixpath.dirname(path), exist_ok=True)
        if self._files.exists(path):
            raise FileExistsError
        file: BinaryIO = self._files.open(path, "wb")
        return file

    def appended(self, name: str, content: bytes) -> bool:
        """See `Files.appended`."""
        return False

    def move(self, old: str, new: str) -> None:
        """See `Files.move`."""
        self._files.makedirs(posixpath.dirname(self._path(new)), exist_ok=True)
        self._files.mv(self._path(old), self._path(new))

    def remove(self, name: str) -> None:
        """See `Files.remove`."""
        self._files.rm_file(self._path(name))

    def prune(self, folder: str) -> None:
        """See `Files.prune`: there are none."""

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name) if name else self._root
