"""Publish exports: complete periods only, unchanged files untouched, changed ones restated.

Belongs here: the way of one export through its recipients. Not here: which rows there are (rows.py), which files they
make (files.py), what is done in a recipient's folder (folders.py).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from exports import places
from exports.catalogue import Export
from exports.errors import ExportError
from exports.folders import Publication
from exports.names import Names
from exports.places import Destination
from exports.rows import Period, rows_of
from ingestion.output.storage import Storage
from ingestion.warehouses import Query


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What publishing one export did. Counts are files.

    Attributes:
        faults: what went wrong, a line each: tenants whose files are as they were, a manifest that was not believed.
    """

    export: str
    published: int
    unchanged: int
    restated: int
    withdrawn: int
    faults: tuple[str, ...] = ()


class Publisher:
    """Publishes exports in one run: what they share is read once.

    Args:
        query: runs SQL on the warehouse.
        root: EXPORTS_URL, as fsspec takes it.
    """

    def __init__(self, query: Query, root: str) -> None:
        self._query = query
        self._destination = Destination(root)
        self._names = Names(query)

    def publish(self, export: Export, as_of: datetime | None = None) -> ExportResult:
        """Publish what an export has: one recipient's fault leaves that one's files, and no other's.

        Args:
            export: the catalogue's entry.
            as_of: what manifests record as the time of publication; now by default.

        Raises:
            ExportError: the table or a column is missing, or earlier files lie where earlier versions put them.
            WarehouseError: the warehouse can't be asked.
            StorageError: the destination can't be listed.
        """
        if export.name in self._destination.former:
            raise ExportError(
                f"{export.name}: files lie in {export.name}/, where earlier versions put them. Move all of them to "
                "their recipients' folders, with their history: .venv/bin/python -m exports move"
            )
        folders = self._destination.folders(export.name)
        rows = rows_of(export, self._query, self._names)
        stamp = (as_of or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        publication = Publication(self._destination.storage, export, rows, stamp)
        planned: dict[str | None, list[list[Period]]] = defaultdict(list)
        for periods in rows.files:
            planned[periods[0].tenant_key if export.split == "tenant" else None].append(periods)
        for tenant_key, files in planned.items():
            recipient = places.recipient(tenant_key)
            publication.publish(recipient, tenant_key, files, folders.pop(recipient, {}))
        # Those of whom there is nothing any more.
        for recipient, present in folders.items():
            publication.publish(recipient, None, [], present)
        counts = publication.counts
        return ExportResult(
            export.name,
            published=counts["published"],
            unchanged=counts["unchanged"],
            restated=counts["restated"],
            withdrawn=counts["withdrawn"],
            faults=publication.faults.told,
        )


def check_place(root: str) -> None:
    """See whether the exports' place answers; one that does not exist yet is no fault.

    Raises:
        StorageError: it does not.
    """
    Storage(root, "EXPORTS_URL").check()
