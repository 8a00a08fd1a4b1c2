"""The log of what changed in files that were published before: `restatements.jsonl`, one per export and recipient.

Belongs here: what a record says. Not here: which files changed (comparison.py).
"""

import csv
import io
import json
from collections.abc import Collection, Sequence
from typing import Any

from ingestion.output.storage import Storage

RESTATEMENTS = "restatements.jsonl"

Record = dict[str, Any]
Changes = list[dict[str, str | None]]

# Of a cell in a published file, which may be longer than what the module takes for an attack.
csv.field_size_limit(2**31 - 1)


def record(name: str, stamp: str, old: tuple[str, str], new_digest: str | None, changed: Changes | None) -> Record:
    """What is to be told of one file.

    Args:
        name: the file's.
        stamp: when it was restated, ISO, UTC.
        old: time and digest of what was published.
        new_digest: of what is published instead; None where nothing is.
        changed: cells; None where the file's format does not tell.
    """
    return {
        "path": name,
        "at": stamp,
        "old_as_of": old[0] or None,
        "old_sha256": old[1],
        "new_sha256": new_digest,
        "changes": changed,
    }


def log(storage: Storage, folder: str, records: Sequence[Record]) -> None:
    """Record what changes, before it changes.

    A run that died after it replaced a file finds the new bytes there, and the record of them in the log.
    """
    if records:
        name = f"{folder}/{RESTATEMENTS}"
        known = storage.read(name) or b""
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        storage.write(name, known + lines.encode())


def changes(old: bytes, new: bytes, dimensions: Sequence[str], ignored: Collection[str] = ()) -> Changes:
    """Cells of two CSV files that differ, by line; a line that only one side has differs in every cell.

    Args:
        old: the file before.
        new: the file now.
        dimensions: the columns that tell a line from the others.
        ignored: columns whose changes are not told.
    """
    # Somebody may have edited the published file: whatever it holds now must not stop its restatement.
    texts = (old.decode(errors="replace"), new.decode())
    lines = [csv.DictReader(io.StringIO(text, newline="")) for text in texts]
    keyed = [{"|".join(line.get(name) or "" for name in dimensions): line for line in reader} for reader in lines]
    found: Changes = []
    for key in sorted(set(keyed[0]) | set(keyed[1])):
        left, right = keyed[0].get(key, {}), keyed[1].get(key, {})
        found += [
            {"row": key, "column": name, "old": left.get(name), "new": right.get(name)}
            for name in {**left, **right}
            if left.get(name) != right.get(name) and name not in ignored
        ]
    return found
