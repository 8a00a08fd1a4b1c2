"""The manifest beside an export's files: what is published, and from what.

Belongs here: the manifest's shape, its JSON, and what of somebody's JSON is believed. Not here: which files there
should be.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from exports import places

MANIFEST = "manifest.json"
MOST_BYTES = 512 << 20
"""Of a manifest that is read; a million files take half of it."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One published file.

    Attributes:
        rows: number of rows without the header.
        sha256: of the file's bytes.
        tenant_key: the tenant, None where the file spans all.
        period_start_date: first day of the period, ISO.
        period_end_date: last day of the period, inclusive, ISO.
        as_of: when these bytes were published, ISO, UTC.
    """

    rows: int
    sha256: str
    tenant_key: str | None
    period_start_date: str
    period_end_date: str
    as_of: str


_FIELDS = tuple(PublishedFile.__dataclass_fields__)
_ENCODER = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that one export has published: files by path below the export's folder."""

    export: str
    mart: str
    columns: list[str]
    model_version: str
    files: dict[str, PublishedFile]

    def content(self) -> dict[str, Any]:
        """What the JSON says. `folders` tells where a tenant's files lie."""
        keys = {file.tenant_key for file in self.files.values() if file.tenant_key is not None}
        return {
            "export": self.export,
            "mart": self.mart,
            "columns": self.columns,
            "model_version": self.model_version,
            "files": {path: {name: getattr(file, name) for name in _FIELDS} for path, file in self.files.items()},
            "folders": {key: places.folder(key) for key in keys},
        }

    def to_json(self) -> bytes:
        """Stable bytes: the same content gives the same file."""
        return (json.dumps(self.content(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Listed:
    """What a manifest says, as far as it is believed: it lies where others may write.

    Attributes:
        files: by the path at which the file is listed; each is one that this package can have written.
        content: all that it says, believed or not.
        doubt: what is wrong with the manifest, in words; None where nothing is.
    """

    files: dict[str, PublishedFile]
    content: Any = None
    doubt: str | None = None


def listed(data: bytes) -> Listed:
    """Read a manifest. Whatever it holds, only names that this package makes come out."""
    try:
        if len(data) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
        content = json.loads(data)
        files: dict[str, Any] = content["files"]
        entries = {path: _entry(path, value) for path, value in files.items()}
    # Its own words may be anything: only their kind is told.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        return Listed({}, doubt=f"it is no manifest ({type(error).__name__})")
    believed = {path: entry for path, entry in entries.items() if entry}
    if doubted := [path for path in entries if path not in believed]:
        more = f" and {len(doubted) - 1} more" if len(doubted) > 1 else ""
        return Listed(believed, content, f"it lists {doubted[0][:100]!r}{more}, which this export did not write")
    return Listed(believed, content)


def _entry(path: str, value: Any) -> PublishedFile | None:
    """What is said of a file, if all of it is of its kind."""
    try:
        entry = PublishedFile(**{name: value[name] for name in _FIELDS})
        is_sound = (
            type(entry.rows) is int
            and entry.rows >= 0
            and all(isinstance(text, str) for text in (entry.sha256, entry.period_start_date, entry.period_end_date))
            and isinstance(entry.as_of, str)
            and isinstance(entry.tenant_key, str | None)
            and re.fullmatch("[0-9a-f]{64}", entry.sha256)
        )
        # What JSON can say and UTF-8 can't, no warehouse has said.
        _ENCODER.encode(value).encode()
        if is_sound and places.current_path(path, entry.tenant_key, entry.period_start_date):
            return entry
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    return None
