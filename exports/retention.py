"""What was published and is superseded, and how long it stays.

Belongs here: earlier revisions of reports, and the values of before in the log of restatements. Not here: what is
published now, which stays.
"""

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exports.reports.publish import FORMS
from exports.reports.record import RECORD, Edition, Record
from exports.restatements import RESTATEMENTS
from ingestion.output.private import readers_of
from ingestion.output.storage import Storage
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import open_warehouse


@dataclass(frozen=True)
class Superseded:
    """What was superseded before an instant.

    Attributes:
        revisions: files of earlier revisions of reports.
        logs: logs of restatements → their content without what was shown before.
        restatements: of how many restatements that is.
    """

    revisions: list[str]
    logs: dict[str, bytes]
    restatements: int


def retain(settings: Settings, days: int, *, is_dry: bool = False) -> Superseded:
    """Look for what was superseded so many days ago, and leave nothing of it; returns what went, or would go.

    Raises:
        ExportError: a record of reports is damaged.
        StorageError: the place can't be read or written.
        WarehouseError: the warehouse is in use for longer than it is waited for.
    """
    storage = Storage(settings.exports, "EXPORTS_URL", readers_of(settings.readers_group, PROJECT_ROOT))
    warehouse = open_warehouse(settings.warehouse, settings.lock_timeout_seconds, settings.readers_wait_seconds)
    with warehouse.exclusive():
        found = superseded(storage, settings.now - timedelta(days=days))
        if not is_dry:
            remove(storage, found)
    return found


def superseded(storage: Storage, before: datetime) -> Superseded:
    """Look for it.

    Raises:
        ExportError: a record of reports is damaged.
        StorageError: the place can't be read.
    """
    names = storage.sizes(is_strict=True)
    stamp = before.astimezone(UTC).isoformat(timespec="seconds")
    revisions, logs, count = [], {}, 0
    for name in sorted(names):
        folder, base = posixpath.split(name)
        if base == RECORD:
            for key, edition in Record.read(storage, folder).editions.items():
                if edition.published_at < stamp:
                    earlier = (posixpath.join(folder, file) for file in _earlier(key, edition))
                    revisions += [file for file in earlier if file in names]
        elif base == RESTATEMENTS:
            content, changed = _without_values(storage.read(name) or b"", stamp)
            if changed:
                logs[name] = content
                count += changed
    return Superseded(revisions, logs, count)


def remove(storage: Storage, found: Superseded) -> None:
    """Leave nothing of it. A call that was killed is ended by the next.

    Raises:
        StorageError: the place can't be written.
    """
    for name in found.revisions:
        storage.remove(name)
    for name, content in found.logs.items():
        storage.write(name, content)


def _earlier(key: str, edition: Edition) -> Iterator[str]:
    """The files of the revisions before an edition."""
    for revision in range(1, edition.revision):
        stem = edition.model_copy(update={"revision": revision}).stem(key)
        yield from (f"{stem}.{form}" for form in FORMS)


def _without_values(content: bytes, stamp: str) -> tuple[bytes, int]:
    """A log whose lines of before an instant tell what was restated, not what it showed; and how many that changes."""
    lines, changed = [], 0
    for line in content.split(b"\n"):
        try:
            told = json.loads(line.decode())
            is_old = told["at"] < stamp and told["changes"] is not None
        # Whatever somebody wrote there is not ours.
        except (ValueError, KeyError, TypeError):
            is_old = False
        lines.append(json.dumps({**told, "changes": None}, ensure_ascii=False).encode() if is_old else line)
        changed += is_old
    return b"\n".join(lines), changed
