"""The manifest beside an export's files: what is published, and from what.

Belongs here: the manifest's shape and its JSON. Not here: which files there should be.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

MANIFEST = "manifest.json"


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


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that one export has published: files by path below the export's folder."""

    export: str
    mart: str
    columns: list[str]
    model_version: str
    files: dict[str, PublishedFile]

    def to_json(self) -> bytes:
        """Stable bytes: the same content gives the same file."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """The inverse of `to_json`.

        Raises:
            ValueError: `data` is no manifest.
        """
        try:
            content: dict[str, Any] = json.loads(data)
            files = {path: PublishedFile(**entry) for path, entry in content.pop("files").items()}
            return cls(files=files, **content)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from None
