"""What was sent when to which target: `operations.deliveries` of the warehouse, with a copy in the archive.

Belongs here: reading and noting entries. Not here: their shape (ingestion/log/deliveries.py), what follows from them
(due.py).
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from ingestion.log.deliveries import Delivery, DeliveryCopy
from ingestion.output.storage import Storage
from ingestion.settings import Settings
from ingestion.warehouses import Session, Warehouse


class Ledger:
    """The ledger of an open warehouse.

    Raises:
        WarehouseError, StorageError: (every method) the warehouse or the archive can't be used.
    """

    def __init__(self, session: Session, copy: DeliveryCopy) -> None:
        self._session, self._copy = session, copy

    def entries(self) -> dict[str, Delivery]:
        """All entries by id."""
        return self._session.deliveries()

    def caught_up(self) -> dict[str, Delivery]:
        """Likewise, with what the copy alone knew, which is noted."""
        entries = self.entries()
        if lost := self._copy.unknown_to(entries):
            self._session.note_deliveries(lost)
        return entries | {entry.delivery_id: entry for entry in lost}

    def note(self, *entries: Delivery) -> None:
        """Put entries in the place of those with their ids; first in the copy, which outlives the warehouse."""
        self._copy.add(entries)
        self._session.note_deliveries(entries)


@contextmanager
def opened_ledger(warehouse: Warehouse, settings: Settings) -> Iterator[Ledger]:
    """The ledger, until the block ends; meanwhile nobody else writes to the warehouse.

    Raises:
        WarehouseError: the warehouse can't be opened.
    """
    with warehouse.session() as session:
        yield Ledger(session, DeliveryCopy(Storage(settings.archive, "ARCHIVE_URL")))


def id_of(kind: str, name: str, target: str, recipient: str, period: str | None, revision: int) -> str:
    """An entry's id: the same words give the same one."""
    words = json.dumps([kind, name, target, recipient, period, revision])
    return hashlib.sha256(words.encode()).hexdigest()[:12]
