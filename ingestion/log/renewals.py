"""What of an archive was written anew, or was to be, that raw has not followed yet.

Belongs here: its file in the archive. Not here: why files are written anew (operations/ageing.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ingestion.errors import StorageError
from ingestion.output.storage import Storage

_NAME = "operations/renewals.json"

Awaited = dict[str, dict[str, list[int]]]
"""Source → table → batches that raw is to have anew. A source without any is to be vacuumed."""


@dataclass(frozen=True)
class Renewals:
    """The file of an archive. Where there is none, raw awaits nothing."""

    storage: Storage

    def read(self) -> Awaited:
        """What raw awaits.

        Raises:
            StorageError: the file is damaged, or can't be read.
        """
        content = self.storage.read(_NAME)
        try:
            told: Awaited = json.loads(content) if content is not None else {}
        except ValueError:
            raise StorageError(f"The archive's file {_NAME} is damaged. Put a whole copy of it in its place.") from None
        return told

    def write(self, awaited: Mapping[str, Mapping[str, list[int]]]) -> None:
        """Have this in the place of what was awaited.

        Raises:
            StorageError: the archive can't be written.
        """
        if awaited:
            self.storage.write(_NAME, json.dumps(awaited, indent=1).encode() + b"\n")
        elif self.storage.read(_NAME) is not None:
            self.storage.remove(_NAME)
