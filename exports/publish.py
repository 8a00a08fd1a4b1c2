"""Publish exports: complete periods only, unchanged files untouched, changed ones restated.

Belongs here: the way of one export through its recipients. Not here: which rows there are (rows.py), which files they
make (files.py), what is done in a recipient's folder (folders.py).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from exports import places
from exports.catalogue import Export
from exports.errors import ExportError
from exports.folders import Publication
from exports.names import Names
from exports.periods import CADENCE_OF, MARTS, Period, PeriodResult
from exports.places import Destination
from exports.reports.reads import told_of_tables
from exports.rows import PeriodRows, Rows, rows_of
from ingestion.output.private import Readers
from ingestion.output.storage import Storage
from ingestion.warehouses import Query
from marts.tables import unmade

_DAY = re.compile(r"(?!0000)\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What publishing one export did. Counts are files.

    Attributes:
        periods: what became of each that was asked for; empty where the export has none.
        faults: what went wrong, a line each: tenants whose files are as they were, a manifest that was not believed.
    """

    export: str
    published: int
    unchanged: int
    restated: int
    withdrawn: int
    periods: Mapping[Period, PeriodResult] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> Collection[Period]:
        """The periods that can be published: all of them are, if none is asked for."""
        return self.periods.keys()


class Publisher:
    """Publishes exports in one run: what they share is read once.

    Args:
        query: runs SQL on the warehouse.
        root: EXPORTS_URL, as fsspec takes it.
        readers: who may read the files beside their owner.
        there: schema and name of the tables that the warehouse has; without it, what it lacks is told in its own words.
    """

    def __init__(
        self,
        query: Query,
        root: str,
        readers: Readers | None = None,
        there: Collection[tuple[str, str]] | None = None,
    ) -> None:
        self._query, self._there = query, there
        self._destination = Destination(root, readers)
        self._names = Names(query)

    def publish(self, export: Export, as_of: datetime | None = None, wanted: Collection[Period] = ()) -> ExportResult:
        """Publish what an export has: one recipient's fault leaves that one's files, and no other's.

        Args:
            export: the catalogue's entry.
            as_of: what manifests record as the time of publication; now by default.
            wanted: periods; only files that hold one are looked at, and written anew where their bytes are not what was
                published. All if empty.

        Raises:
            ExportError: there is no such table, or it was never built, a column or a period is missing, or files lie
                where earlier versions put them.
            WarehouseError: the warehouse can't be asked.
            StorageError: the destination can't be listed.
        """
        if export.name in self._destination.former:
            raise ExportError(
                f"{export.name}: files lie in {export.name}/, where earlier versions put them. Move all of them to "
                "their recipients' folders, with their history: .venv/bin/python -m exports move"
            )
        if export.mart and self._there is not None and (export.schema_, export.mart) not in self._there:
            if why := unmade({(export.schema_, export.mart)}):
                raise ExportError(f"{export.relation} is not there, and {why}.")
            raise ExportError(
                f"{export.relation} was never built: .venv/bin/python -m orchestration run builds it, or says why it "
                "can't."
            )
        folders = self._destination.folders(export.name)
        with told_of_tables(export.query or ""):
            rows = rows_of(export, self._query, self._names)
        _assert_has(export, rows, wanted)
        stamp = (as_of or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
        starts = {period.first_day.isoformat(): period for period in wanted}
        publication = Publication(self._destination.storage, export, rows, stamp, starts)
        planned: dict[str | None, list[list[PeriodRows]]] = defaultdict(list)
        for periods in rows.files:
            planned[periods[0].tenant_key if export.split == "tenant" else None].append(periods)
        for tenant_key, files in planned.items():
            recipient = places.recipient(tenant_key)
            publication.publish(recipient, tenant_key, files, folders.pop(recipient, {}))
        # Those of whom there is nothing any more.
        for recipient, present in folders.items() if not wanted else ():
            publication.publish(recipient, None, [], present)
        counts = publication.counts
        return ExportResult(
            export.name,
            published=counts["published"],
            unchanged=counts["unchanged"],
            restated=counts["restated"],
            withdrawn=counts["withdrawn"],
            periods=dict(_results(export, publication.periods, starts)),
            faults=publication.faults.told,
        )


def _assert_has(export: Export, rows: Rows, wanted: Collection[Period]) -> None:
    """See whether periods can be published by themselves."""
    if not wanted:
        return
    if export.cadence is None:
        raise ExportError("it has no periods: it is published as it stands.")
    starts = sorted({period.start for periods in rows.files for period in periods if period.start})
    for period in sorted(wanted):
        if MARTS[period.cadence] != export.cadence:
            raise ExportError(f"it is {export.cadence}, and {period.name} is a {period.cadence}.")
        if period.first_day.isoformat() not in starts:
            have = f"those that it publishes begin from {starts[0]} to {starts[-1]}" if starts else "there is none yet"
            raise ExportError(f"{period.name} is no complete period; {have}.")


def _results(
    export: Export, by_start: Mapping[str, PeriodResult], wanted: Collection[str]
) -> Iterator[tuple[Period, PeriodResult]]:
    cadence = CADENCE_OF[export.cadence] if export.cadence else None
    for start, result in sorted(by_start.items()):
        # Python has no word for days that a warehouse may hold, and nobody for a report of them.
        if cadence and _DAY.fullmatch(start) and (not wanted or start in wanted):
            yield Period(cadence, date.fromisoformat(start)), result


def check_place(root: str) -> None:
    """See whether the exports' place answers; one that does not exist yet is no fault.

    Raises:
        StorageError: it does not.
    """
    Storage(root, "EXPORTS_URL").check()
