"""Who on this machine may read what is written: its owner, and a group of readers of what is published.

Belongs here: modes of files and folders. Not here: what is written where.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import ConfigurationError

_OWNER_ONLY = 0o077
_FILE, _FOLDER, _WAY = 0o640, 0o750, 0o710


def keep_private(data: Path) -> None:
    """Have everything that this process writes, and those that it starts, be its owner's alone.

    What an earlier version left readable in a folder is out of reach as the folder is.

    Args:
        data: that folder.
    """
    os.umask(_OWNER_ONLY)
    if data.is_dir() and (mode := data.stat().st_mode & 0o7777) & 0o067:
        # A group may be on its way to what it reads.
        data.chmod(mode & ~0o067)


@dataclass(frozen=True)
class Readers:
    """A group that may read what is published.

    Attributes:
        group: its number.
        project: within it they are let through folders to what they read.
    """

    group: int
    project: Path

    def let_in(self, number: int) -> None:
        """Let them read a file that is open for writing.

        Raises:
            OSError: its owner is no member of the group.
        """
        os.fchown(number, -1, self.group)
        os.fchmod(number, _FILE)

    def make(self, folder: Path) -> None:
        """Make a folder, with those that it is in, for them to read.

        Raises:
            OSError: it can't be made, or its owner is no member of the group.
        """
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            self._set(path, _FOLDER)

    def show(self, root: Path) -> None:
        """Let them into a folder that there is, and, within the project, through those that it is in.

        Raises:
            OSError: as above.
        """
        self._set(root, _FOLDER)
        for path in root.parents:
            if self.project not in path.parents:
                break
            self._set(path, _WAY)

    def _set(self, path: Path, mode: int) -> None:
        there = path.stat()
        if there.st_gid != self.group or there.st_mode & mode != mode:
            os.chown(path, -1, self.group)
            path.chmod((there.st_mode & 0o7700) | (mode & 0o077) | (there.st_mode & 0o070))


def make_folder(folder: Path, readers: Readers | None) -> None:
    """Make a folder, with those that it is in, for readers if there are any.

    Raises:
        OSError: it can't be made, or its owner is no member of the readers' group.
    """
    if readers:
        readers.make(folder)
    else:
        folder.mkdir(parents=True, exist_ok=True)


def readers_of(name: str, project: Path) -> Readers | None:
    """The group of a name; None of none.

    Raises:
        ConfigurationError: the machine has no such group.
    """
    if not name:
        return None
    # Of Unix alone.
    import grp  # noqa: PLC0415

    try:
        return Readers(grp.getgrnam(name).gr_gid, project)
    except KeyError:
        raise ConfigurationError(
            f"READERS_GROUP: this machine has no group {name}. Make it (groupadd), and have whoever runs this project "
            "and whoever reads be members."
        ) from None
