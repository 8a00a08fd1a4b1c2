"""Where earlier versions put files, and how they get to their recipients' folders.

Belongs here: the former layout, which had <export>/<recipient>/<file> and one manifest and log per export, and the move
out of it. Not here: today's layout (places.py).

Files are given other names and not written anew. What was moved when the move was killed is found there by the next.
"""

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from exports import manifest, places
from exports.errors import ExportError
from exports.manifest import MANIFEST
from exports.places import Destination
from exports.restatements import RESTATEMENTS


@dataclass(frozen=True, slots=True)
class Moved:
    """What the move of one export did: files moved, to how many recipients."""

    export: str
    files: int
    recipients: int


def move(destination: Destination) -> Iterator[Moved | ExportError]:
    """Move every export that lies in the former layout, of the catalogue or not.

    Yields:
        What was moved; the fault of an export of which nothing was.

    Raises:
        StorageError: the place can't be used.
    """
    for export in destination.former:
        try:
            yield _Move(destination, export).run()
        except ExportError as error:
            yield error


class _Move:
    """The move of one export."""

    def __init__(self, destination: Destination, export: str) -> None:
        self._storage = destination.storage
        self._export = export
        self._present = destination.sizes
        self._recipients: dict[str, str] = {}
        """Former folder → recipient."""

    def run(self) -> Moved:
        content = self._manifest()
        moved = 0
        by_recipient: dict[str, dict[str, Any]] = defaultdict(dict)
        keys: dict[str, str | None] = {}
        for path, value in content["files"].items():
            recipient, name = self._recipients[posixpath.dirname(path)], posixpath.basename(path)
            by_recipient[recipient][name] = {n: v for n, v in value.items() if n != "tenant_key"}
            keys[recipient] = value["tenant_key"]
            if f"{self._export}/{path}" in self._present:
                self._storage.move(f"{self._export}/{path}", f"{recipient}/{self._export}/{name}")
                moved += 1
        self._move_log()
        told = {name: value for name, value in content.items() if name not in ("files", "folders")}
        for recipient, files in by_recipient.items():
            data = manifest.to_json({**told, "tenant_key": keys[recipient], "files": files})
            self._storage.write(f"{recipient}/{self._export}/{MANIFEST}", data)
        self._storage.remove(f"{self._export}/{MANIFEST}")
        self._storage.prune(self._export)
        return Moved(self._export, moved, len(by_recipient))

    def _manifest(self) -> dict[str, Any]:
        name = f"{self._export}/{MANIFEST}"
        try:
            content: dict[str, Any] = manifest.loaded(self._storage.read(name, manifest.MOST_BYTES + 1) or b"")
            for path, value in content["files"].items():
                if not self._is_ours(path, value):
                    raise ExportError(
                        f"{name} lists {path[:100]!r}, which this export did not write: nothing of it was moved. "
                        "Take the line out of it, or the folder away."
                    )
        # Its own words may be anything: only their kind is told.
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
            raise ExportError(
                f"{name} is no manifest ({type(error).__name__}): nothing of it was moved. Take the folder away."
            ) from None
        return content

    def _is_ours(self, path: str, value: Any) -> bool:
        """Whether an earlier version can have written a listed file there; whose it is is noted."""
        entry, key = manifest.entry_of(value), value["tenant_key"]
        if entry is None or entry.period_start_date is None or not isinstance(key, str | None):
            return False
        folder, _, name = path.rpartition("/")
        self._recipients[folder] = places.recipient(key)
        is_folder = folder in (places.recipient(key), _older_folder(key))
        return is_folder and name == places.name(self._export, entry.period_start_date, "csv")

    def _move_log(self) -> None:
        """Each recipient gets the records of its own files; what is nobody's stays where it is."""
        name = f"{self._export}/{RESTATEMENTS}"
        log = self._storage.read(name) if name in self._present else None
        if log is None:
            return
        lines: dict[str | None, list[str]] = defaultdict(list)
        for line in log.decode(errors="replace").splitlines():
            recipient, told = self._record(line)
            lines[recipient].append(told)
        left = lines.pop(None, [])
        for recipient, records in lines.items():
            self._storage.write(f"{recipient}/{self._export}/{RESTATEMENTS}", _text(records))
        if left:
            self._storage.write(name, _text(left))
        else:
            self._storage.remove(name)

    def _record(self, line: str) -> tuple[str | None, str]:
        """Whose a record is, and the record as it stands there."""
        try:
            record = json.loads(line)
            folder, _, name = record["path"].rpartition("/")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None, line
        recipient = self._recipients.get(folder) or (folder if _is_folder(folder) else None)
        return recipient, json.dumps({**record, "path": name}, ensure_ascii=False) if recipient else line


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _is_folder(text: str) -> bool:
    """Whether it can be a recipient's: of a tenant that is gone only the log tells."""
    return text == places.WHOLE or bool(re.fullmatch(r"[a-z0-9_@%~-]+/[a-zA-Z0-9_@%~-]+", text))


def _older_folder(tenant_key: str | None) -> str | None:
    """Where versions before put it: they let ids that differ in case only, and long ones, have names of their own."""
    system, _, tenant_id = (tenant_key or "").partition(":")
    if not re.fullmatch("[a-z_]+", system):
        return None
    return posixpath.join(system, quote(tenant_id, safe="").replace(".", "%2E") or "%00")
