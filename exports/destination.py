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
        """A file's bytes; None where there is no such file."""
        try:
            content: bytes = self._files.cat_file(posixpath.join(self._folder, name))
        except FileNotFoundError:
            return None
        return content

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
        """Remove a file; one that is gone already is no fault."""
        path = posixpath.join(self._folder, name)
        if self._files.exists(path):
            self._files.rm_file(path)

    def _make(self, folder: str) -> None:
        if folder not in self._made:
            self._files.makedirs(folder, exist_ok=True)
            self._made.add(folder)
