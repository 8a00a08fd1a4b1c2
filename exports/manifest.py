"""The manifest beside an export's files of one recipient: what is published, and from what.

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
        period_start_date: first day of its first period, ISO; None where it has no periods.
        period_end_date: last day of its last period, inclusive, ISO.
        as_of: when these bytes were published, ISO, UTC.
        size: number of bytes; None: earlier versions did not say.
        rows_sha256: of the rows without what each day changes, whatever the file's format; None likewise.
        through: of a whole history: tenant → the first day of its last period, by which growth is told from a
            restatement.
    """

    rows: int
    sha256: str
    period_start_date: str | None
    period_end_date: str | None
    as_of: str
    size: int | None = None
    rows_sha256: str | None = None
    through: dict[str, str] | None = None

    def content(self) -> dict[str, Any]:
        """What the JSON says: nothing of what is not known."""
        values = {name: getattr(self, name) for name in (*_FIELDS, *_LATER_FIELDS)}
        return {name: value for name, value in values.items() if name in _FIELDS or value is not None}


_FIELDS = ("rows", "sha256", "period_start_date", "period_end_date", "as_of")
_LATER_FIELDS = ("size", "rows_sha256", "through")
_SHA256 = re.compile("[0-9a-f]{64}")
_ENCODER = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that one export has published for one recipient: files by name."""

    export: str
    mart: str | None
    columns: list[str]
    model_version: str
    tenant_key: str | None
    files: dict[str, PublishedFile]

    def content(self) -> dict[str, Any]:
        """What the JSON says."""
        return {
            "export": self.export,
            "mart": self.mart,
            "columns": self.columns,
            "model_version": self.model_version,
            "tenant_key": self.tenant_key,
            "files": {name: file.content() for name, file in self.files.items()},
        }

    def to_json(self) -> bytes:
        """Stable bytes: the same content gives the same file."""
        return to_json(self.content())


def to_json(content: dict[str, Any]) -> bytes:
    """A manifest's bytes."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Listed:
    """What a manifest says, as far as it is believed: it lies where others may write.

    Attributes:
        files: by the name under which the file is listed; each is one that this package can have written.
        tenant_key: whose it says it is.
        content: all that it says, believed or not.
        doubt: what is wrong with the manifest, in words; None where nothing is.
    """

    files: dict[str, PublishedFile]
    tenant_key: str | None = None
    content: Any = None
    doubt: str | None = None


def listed(export: str, data: bytes) -> Listed:
    """Read a manifest. Whatever it holds, only names that this package makes come out."""
    try:
        content = loaded(data)
        files: dict[str, Any] = content["files"]
        entries = {name: _entry(export, name, value) for name, value in files.items()}
    # Its own words may be anything: only their kind is told.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        return Listed({}, doubt=f"it is no manifest ({type(error).__name__})")
    believed = {name: entry for name, entry in entries.items() if entry}
    tenant_key = content["tenant_key"] if isinstance(content.get("tenant_key"), str) else None
    if doubted := [name for name in entries if name not in believed]:
        more = f" and {len(doubted) - 1} more" if len(doubted) > 1 else ""
        doubt = f"it lists {doubted[0][:100]!r}{more}, which this export did not write"
        return Listed(believed, tenant_key, content, doubt)
    return Listed(believed, tenant_key, content)


def loaded(data: bytes) -> Any:
    """A manifest's JSON.

    Raises:
        ValueError, RecursionError, MemoryError: it is none, or too large for one.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
    return json.loads(data)


def entry_of(value: Any) -> PublishedFile | None:
    """What is said of a file, if all of it is of its kind."""
    try:
        entry = PublishedFile(**{name: value[name] for name in _FIELDS}, **_later(value))
        is_sound = (
            _is_count(entry.rows)
            and (entry.size is None or _is_count(entry.size))
            and isinstance(entry.as_of, str)
            and all(isinstance(day, str | None) for day in (entry.period_start_date, entry.period_end_date))
            and all(isinstance(digest, str) and _SHA256.fullmatch(digest) for digest in _digests(entry))
            and all(isinstance(day, str) for day in (entry.through or {}).values())
        )
        # What JSON can say and UTF-8 can't, no warehouse has said.
        _ENCODER.encode(value).encode()
        return entry if is_sound else None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _entry(export: str, name: str, value: Any) -> PublishedFile | None:
    entry = entry_of(value)
    return entry if entry and places.is_file_of(export, name, entry.period_start_date) else None


def _later(value: Any) -> dict[str, Any]:
    return {name: value[name] for name in _LATER_FIELDS if value.get(name) is not None}


def _digests(entry: PublishedFile) -> list[str]:
    return [entry.sha256] if entry.rows_sha256 is None else [entry.sha256, entry.rows_sha256]


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
