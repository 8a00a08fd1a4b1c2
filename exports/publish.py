"""Publish one export: complete periods only, unchanged ones untouched, changed ones restated.

Belongs here: which files there should be, and what is done with those that differ. Not here: bytes of a file
(formats.py), storage (destination.py).
"""

import csv
import hashlib
import io
import json
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa

from exports.catalogue import Export
from exports.destination import Destination
from exports.errors import ExportError
from exports.formats import FORMATS
from exports.manifest import MANIFEST, Manifest, PublishedFile

RESTATEMENTS = "restatements.jsonl"
_PERIOD = ["tenant_key", "period_start_date", "period_end_date"]
_PROJECT = "crm-warehouse"

Query = Callable[[str], pa.Table]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What publishing one export did. Counts are files."""

    export: str
    published: int
    unchanged: int
    restated: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    entry: PublishedFile


def publish(export: Export, query: Query, root: str, as_of: datetime | None = None) -> ExportResult:
    """Publish an export's complete periods.

    Args:
        export: the catalogue's entry.
        query: runs SQL on the warehouse.
        root: EXPORTS_URL, as fsspec takes it.
        as_of: what the manifest records as the time of publication; now by default.

    Raises:
        ExportError: the mart or a column is missing, or the destination can't be written. Files are written
            before the manifest that lists them, so that a failure leaves the old manifest, and the next run
            writes again what the manifest does not list.
    """
    destination = Destination(root, export.name)
    stamp = (as_of or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    before = _manifest(destination, export)
    header, rows = _complete_rows(export, query)
    files = dict(_files(export, header, rows, stamp))
    old = before.files if before else {}
    same = {path for path, file in files.items() if path in old and old[path].sha256 == file.entry.sha256}
    # A published file that somebody removed is written again.
    unchanged = same & destination.names()
    restated = [path for path in files if path in old and path not in same]
    withdrawn = sorted(set(old) - set(files))
    differing = [(path, old[path], files.get(path)) for path in [*restated, *withdrawn]]
    _log_restatements(destination, differing, _dimensions(header), stamp)
    for path, file in files.items():
        if path not in unchanged:
            destination.write(path, file.content)
    entries = {path: old[path] if path in unchanged else file.entry for path, file in files.items()}
    for path in withdrawn:
        destination.remove(path)
    manifest = Manifest(export.name, export.mart, list(header), version(_PROJECT), entries)
    if manifest != before:
        destination.write(MANIFEST, manifest.to_json())
    published = len(files) - len(unchanged) - len(restated)
    return ExportResult(export.name, published, len(unchanged), len(restated), len(withdrawn))


def _manifest(destination: Destination, export: Export) -> Manifest | None:
    content = destination.read(MANIFEST)
    if content is None:
        return None
    try:
        return Manifest.from_json(content)
    except ValueError as error:
        raise ExportError(
            f"{export.name}: {MANIFEST} is damaged ({error}). Move the export's folder away and publish again."
        ) from None


def _complete_rows(export: Export, query: Query) -> tuple[list[str], pd.DataFrame]:
    """The columns to publish, and the rows of complete periods in a stable order."""
    table = query(f'select * from marts."{export.mart}" where is_complete')
    header = export.columns or table.column_names
    absent = sorted({*header, *_PERIOD} - set(table.column_names))
    if absent:
        raise ExportError(f"{export.name}: marts.{export.mart} has no column {', '.join(absent)}.")
    texts = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name not in _PERIOD]
    rows = table.to_pandas(types_mapper=pd.ArrowDtype).sort_values([*_PERIOD, *texts], kind="stable")
    return header, rows


def _files(export: Export, header: Sequence[str], rows: pd.DataFrame, stamp: str) -> Iterator[tuple[str, _File]]:
    by = _PERIOD if export.split == "tenant" else _PERIOD[1:]
    columns = [rows[name].astype(object).where(rows[name].notna(), None) for name in header]
    lines = list(zip(*columns, strict=True))
    groups: dict[Any, Any] = rows.groupby(by, sort=True).indices
    for (*tenant, start, end), positions in groups.items():
        values = [lines[position] for position in positions]
        tenant_key = str(tenant[0]) if tenant else None
        for name in export.formats:
            content = FORMATS[name](header, values)
            entry = PublishedFile(
                rows=len(values),
                sha256=hashlib.sha256(content).hexdigest(),
                tenant_key=tenant_key,
                period_start_date=str(start),
                period_end_date=str(end),
                as_of=stamp,
            )
            yield posixpath.join(_folder(tenant_key), f"{start}.{name}"), _File(content, entry)


def _folder(tenant_key: str | None) -> str:
    """`whatsapp:42` → `whatsapp/42`, whatever characters the id holds."""
    if tenant_key is None:
        return "all"
    system, _, tenant_id = tenant_key.partition(":")
    # A leading dot would name a hidden folder, or the one above.
    return posixpath.join(quote(system, safe=""), quote(tenant_id, safe="").replace(".", "%2E") or "%00")


def _dimensions(header: Sequence[str]) -> list[str]:
    """The columns that tell a line from the others: in a periodic mart they stand before is_complete."""
    names = list(header)
    return names[: names.index("is_complete")] if "is_complete" in names else names


def _log_restatements(
    destination: Destination,
    differing: Sequence[tuple[str, PublishedFile, _File | None]],
    dimensions: Sequence[str],
    stamp: str,
) -> None:
    """Record what changes in files that were published before, before they change.

    A run that died after it replaced a file finds the new bytes there, and the record of them in the log.
    """
    records = []
    for path, known, file in differing:
        content = destination.read(path) or b""
        new = file.content if file else b""
        if content != new:
            records.append(
                {
                    "path": path,
                    "at": stamp,
                    "old_as_of": known.as_of,
                    "old_sha256": known.sha256,
                    "new_sha256": file.entry.sha256 if file else None,
                    "changes": _changes(content, new, dimensions),
                }
            )
    if records:
        log = destination.read(RESTATEMENTS) or b""
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        destination.write(RESTATEMENTS, log + lines.encode())


def _changes(old: bytes, new: bytes, dimensions: Sequence[str]) -> list[dict[str, str | None]]:
    """Cells that differ, by line; a line that only one side has differs in every cell."""
    # Somebody may have edited the published file: whatever it holds now must not stop its restatement.
    texts = (old.decode(errors="replace"), new.decode())
    lines = [csv.DictReader(io.StringIO(text, newline="")) for text in texts]
    keyed = [{"|".join(line.get(name) or "" for name in dimensions): line for line in reader} for reader in lines]
    changes: list[dict[str, str | None]] = []
    for key in sorted(set(keyed[0]) | set(keyed[1])):
        left, right = keyed[0].get(key, {}), keyed[1].get(key, {})
        changes += [
            {"row": key, "column": name, "old": left.get(name), "new": right.get(name)}
            for name in {**left, **right}
            if left.get(name) != right.get(name)
        ]
    return changes
