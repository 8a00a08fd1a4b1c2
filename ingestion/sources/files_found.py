"""The files of a folder or bucket, and which of them are a table's.

Belongs here: patterns, the order of names, what is near where nothing matches. Not here: what files hold.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fsspec.utils import glob_translate

from ingestion.errors import TableError
from ingestion.output.storage import Storage
from ingestion.sources.files_entry import FilesEntry

_TOLD = 3


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, as it was when it was looked at: its size in bytes and their sha256."""

    size: int
    sha256: str


def shown(name: str) -> str:
    """A name as every terminal and warehouse can hold it."""
    return name.encode(errors="backslashreplace").decode()


def natural_order(name: str) -> list[tuple[bool, int, str]]:
    """What names are sorted by: numbers in them by their value, so that 9 is before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    # The name itself, for the order of 1 and 01.
    return [(p[0] not in "0123456789", int(p) if p[0] in "0123456789" else 0, p) for p in parts]


class Folder:
    """A source's folder as it is when it is first looked at.

    Attributes:
        storage: where it is.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    @cached_property
    def names(self) -> list[str]:
        """All files below it, in natural order; links and what lies behind them are not among them.

        Raises:
            StorageError: it can't be listed, or not all of it.
        """
        return sorted(self.storage.sizes(is_strict=True), key=natural_order)

    @cached_property
    def links(self) -> list[str]:
        """The links below it, which are not followed."""
        return sorted(self.storage.links())

    def matching(self, entry: FilesEntry) -> list[str]:
        """The files that count, in natural order.

        Raises:
            TableError: a link is among them.
        """
        matched = [name for name in self.names if _matches(entry.files, name)]
        for link in self.links:
            if _matches(entry.files, link) or _leads_to(link, entry.files):
                raise TableError(
                    f"{shown(link)} is a link, which is not followed: put the file itself there, or name the folder "
                    "that it leads to as the source's url"
                )
        return matched[-1:] if entry.each == "snapshot" else matched

    def near(self, entry: FilesEntry) -> str:
        """What there is where nothing matches a pattern, in words."""
        if not self.names:
            return f"no file matches {entry.files}: the folder is empty"
        # Names without their digits: exports differ in those.
        plain = {name: re.sub(r"[\d*?]+", "", name) for name in self.names}
        close = difflib.get_close_matches(re.sub(r"[\d*?]+", "", entry.files), list(plain.values()), _TOLD, 0.7)
        found = [name for name in self.names if plain[name] in close][:_TOLD]
        kind = "near are" if found else f"of {len(self.names):,} files there are"
        return f"no file matches {entry.files}; {kind} {', '.join(map(shown, found or self.names[:_TOLD]))}"


def chosen(found: Mapping[str, Content], before: Mapping[str, Content], names: Iterable[str]) -> list[str]:
    """The files of increments to read: from the first that is new or changed on, for later ones count more."""
    ordered = list(names)
    fresh = (place for place, name in enumerate(ordered) if found[name] != before.get(name))
    return ordered[next(fresh, len(ordered)) :]


def _matches(pattern: str, name: str) -> bool:
    # What begins with a point is another program's business, such as a file on its way, unless it is asked for.
    is_hidden = any(part.startswith(".") for part in name.split("/")) and not re.search(r"(^|/)\.", pattern)
    return not is_hidden and re.match(glob_translate(pattern), name) is not None


def _leads_to(link: str, pattern: str) -> bool:
    """Whether what lies behind a link to a folder might match."""
    folders = pattern.split("/")[:-1]
    names = link.split("/")
    if "**" in folders:
        before = folders[: folders.index("**")]
        return len(names) >= len(before) and (not before or _matches("/".join(before), "/".join(names[: len(before)])))
    return len(names) <= len(folders) and _matches("/".join(folders[: len(names)]), link)
