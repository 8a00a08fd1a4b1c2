"""The log of what changed in files that were published before: `restatements.jsonl`.

Belongs here: what a record says. Not here: which files changed (publish.py).
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from ingestion.output.storage import Storage

RESTATEMENTS = "restatements.jsonl"

Record = dict[str, Any]

# Of a cell in a published file, which may be longer than what the module takes for an attack.
csv.field_size_limit(2**31 - 1)


def record(
    path: str,
    stamp: str,
    old: tuple[str, str],
    new_digest: str | None,
    old_content: bytes,
    new_content: bytes,
    header: Sequence[str],
) -> Record:
    """What is to be told of one file. `old` are the time and the digest of what was published."""
    return {
        "path": path,
        "at": stamp,
        "old_as_of": old[0] or None,
        "old_sha256": old[1],
        "new_sha256": new_digest,
        "changes": _changes(old_content, new_content, _dimensions(header)),
    }


def log(storage: Storage, records: Sequence[Record]) -> None:
    """Record what changes, before it changes.

    A run that died after it replaced a file finds the new bytes there, and the record of them in the log.
    """
    if records:
        known = storage.read(RESTATEMENTS) or b""
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        storage.write(RESTATEMENTS, known + lines.encode())


def _dimensions(header: Sequence[str]) -> list[str]:
    """The columns that tell a line from the others: in a periodic mart they stand before is_complete."""
    names = list(header)
    return names[: names.index("is_complete")] if "is_complete" in names else names


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
