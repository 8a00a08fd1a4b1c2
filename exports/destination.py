"""Where an export's files lie: a folder on anything that fsspec reaches.

Belongs here: reading and atomic writing of files. Not here: what they hold.
"""

import posixpath

import fsspec

from exports.errors import ExportError


class Destination:
    """The folder of one export.

    Raises:
        ExportError: no file system is installed for the URL.
    """

    def __init__(self, root: str, export: str) -> None:
        try:
            self._files, path = fsspec.core.url_to_fs(root)
        except (ValueError, ImportError) as error:
            raise ExportError(f"EXPORTS_URL can't be used: {error}.") from None
        self._folder = posixpath.join(path, export)
        self._made: set[str] = set()

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is no such file.

        Raises:
            ExportError: it can't be read.
        """
        path = posixpath.join(self._folder, name)
        try:
            content: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ExportError(f"{path} can't be read: {error.strerror or error}. Check EXPORTS_URL.") from None
        return content

    def names(self) -> set[str]:
        """The files that are there, by path below the folder.

        Raises:
            ExportError: the folder can't be listed.
        """
        try:
            return {posixpath.relpath(path, self._folder) for path in self._files.find(self._folder)}
        except OSError as error:
            raise ExportError(
                f"{self._folder} can't be listed: {error.strerror or error}. Check EXPORTS_URL."
            ) from None

    def write(self, name: str, content: bytes) -> None:
        """Write a file aside and rename it: readers see the old bytes or the new ones.

        Raises:
            ExportError: it can't be written.
        """
        final = posixpath.join(self._folder, name)
        try:
            self._make(posixpath.dirname(final))
            aside = f"{final}.partial"
            self._files.pipe_file(aside, content)
            self._files.mv(aside, final)
        except OSError as error:
            raise ExportError(f"{final} can't be written: {error.strerror or error}. Check EXPORTS_URL.") from None

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is no fault.

        Raises:
            ExportError: it can't be removed.
        """
        path = posixpath.join(self._folder, name)
        try:
            if self._files.exists(path):
                self._files.rm_file(path)
        except OSError as error:
            raise ExportError(f"{path} can't be removed: {error.strerror or error}. Check EXPORTS_URL.") from None

    def _make(self, folder: str) -> None:
        if folder not in self._made:
            self._files.makedirs(folder, exist_ok=True)
            self._made.add(folder)
