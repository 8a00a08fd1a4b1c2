"""What is published and may be delivered: reports by their records, exports by their manifests.

Belongs here: reading both into one shape. Not here: which of it is due (due.py).
"""

import posixpath
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

from exports import manifest, places
from exports.catalogue import Export
from exports.errors import ExportError
from exports.manifest import MANIFEST, PublishedFile
from exports.periods import CADENCE_OF, Cadence, Period
from exports.places import Destination
from exports.reports.declaration import FORMS, Declaration
from exports.reports.measures import Tenant
from exports.reports.recipients import ALL, folder_of
from exports.reports.record import RECORD, Edition, Record, digest_of
from ingestion.errors import StorageError


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """A published file: its path below EXPORTS_URL, and its bytes' digest where that was noted."""

    path: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A report of a recipient for a period, or the files of an export.

    Attributes:
        kind: which of the two.
        name: of the report or export.
        title: for people.
        folder: where its files lie, below EXPORTS_URL.
        recipient: whose folder of all: `whatsapp/42`, or `all`.
        recipient_name: for people; no other tenant has it.
        tenant_key: None of all together, and of a tenant that is there no more.
        period: which it is sent once for; None of what is sent when it has changed.
        period_text: for people.
        last_day: the last of what it tells of; None of what has no periods.
        revision: of a report's period; 0 of what is sent when it has changed.
        digest: of what is shown.
        written_at: since when its files are as they are.
        files: form or format → file.
        figures: what the text tells of it, a line each.
        changes: figures that the revision before showed otherwise, a line each.
    """

    kind: Literal["report", "export"]
    name: str
    title: str
    folder: str
    recipient: str
    recipient_name: str
    tenant_key: str | None
    period: Period | None
    period_text: str
    last_day: date | None
    revision: int
    digest: str
    written_at: datetime
    files: Mapping[str, ParcelFile]
    figures: Sequence[str] = field(default=())
    changes: Sequence[str] = field(default=())


class Published:
    """What lies in EXPORTS_URL, read as far as it is asked for.

    Args:
        root: EXPORTS_URL, as fsspec takes it.
        tenants: all tenants by key.
    """

    def __init__(self, root: str, tenants: Mapping[str, Tenant]) -> None:
        self._destination = Destination(root)
        self._tenants = tenants
        self._named = Counter(tenant.name for tenant in tenants.values())
        self.storage = self._destination.storage

    def of_report(self, name: str, declaration: Declaration) -> Iterator[Parcel | ExportError]:
        """A report's latest revisions, of all recipients and periods that a run makes; or what can't be read."""
        for folder, record in self._records.items():
            if isinstance(record, ExportError):
                yield record
                continue
            for key, edition in record.editions.items():
                if edition.cadence == "now":
                    if key == name and not declaration.keeps:
                        yield self._report(name, key, folder, edition, None)
                elif edition.cadence in declaration.cadences and declaration.keeps:
                    period = Period(edition.cadence, edition.first_day)
                    if key == f"{name}-{period.name}":
                        yield self._report(name, key, folder, edition, period)

    def of_export(self, export: Export) -> Iterator[Parcel | ExportError]:
        """An export's files of all recipients: each period's, or those as they stand; or what can't be read."""
        for recipient, present in self._destination.folders(export.name).items():
            if MANIFEST not in present:
                continue
            path = posixpath.join(recipient, export.name)
            content = self.storage.read(f"{path}/{MANIFEST}", manifest.MOST_BYTES + 1)
            told = manifest.listed(export.name, content or b"")
            if told.doubt:
                yield ExportError(
                    f"{path}/{MANIFEST} is not believed: {told.doubt}. Publish anew: .venv/bin/python -m exports run "
                    f"--name {export.name}"
                )
                continue
            files: dict[str | None, dict[str, PublishedFile]] = {}
            for name, file in told.files.items():
                start = file.period_start_date if export.files == "period" else None
                files.setdefault(start, {})[name] = file
            for of_period in files.values():
                try:
                    parcel = self._export(export, path, recipient, told.tenant_key, of_period)
                    is_as_declared = _is_as_declared(export, recipient, told.files.values())
                except ValueError:
                    yield ExportError(f"{path}/{MANIFEST} has a day that no calendar has.")
                    continue
                if not is_as_declared:
                    yield ExportError(
                        f"{path} is as the catalogue told `files` and `split` before. Publish it as it tells now: "
                        f".venv/bin/python -m exports run --name {export.name}"
                    )
                    break
                yield parcel

    def _report(self, name: str, key: str, folder: str, edition: Edition, period: Period | None) -> Parcel:
        stem = posixpath.join(folder, edition.stem(key))
        recipient = posixpath.dirname(folder)
        return Parcel(
            kind="report",
            name=name,
            title=edition.title,
            folder=folder,
            recipient=recipient,
            recipient_name=self._told_apart(edition.recipient, recipient),
            tenant_key=self._keys.get(recipient),
            period=period,
            period_text=edition.period,
            last_day=period.last_day if period else None,
            revision=edition.revision if period else 0,
            # How things stand need not have figures in the record.
            digest=digest_of(edition.figures) if period else self.storage.digest(f"{stem}.html") or "",
            written_at=datetime.fromisoformat(edition.published_at),
            files={form: ParcelFile(f"{stem}.{form}") for form in FORMS},
            figures=_headlines(edition),
            changes=[
                f"{c['section']}, {c['place']}: {c['before']} \N{RIGHTWARDS ARROW} {c['now']}" for c in edition.changes
            ],
        )

    def _export(
        self, export: Export, path: str, recipient: str, tenant_key: str | None, files: Mapping[str, PublishedFile]
    ) -> Parcel:
        last_day = max((_day(f.period_end_date) for f in files.values() if f.period_end_date), default=None)
        period = _period(CADENCE_OF[export.cadence], last_day) if export.cadence and last_day else None
        tenant = self._tenants.get(tenant_key or "")
        name = ALL if recipient == places.WHOLE else tenant.name if tenant else tenant_key or recipient
        written_at = max(datetime.fromisoformat(file.as_of) for file in files.values())
        return Parcel(
            kind="export",
            name=export.name,
            title=export.name,
            folder=path,
            recipient=recipient,
            recipient_name=self._told_apart(name, recipient),
            tenant_key=tenant_key,
            period=period if export.files != "latest" else None,
            period_text=period.text if period else f"as of {written_at.day} {written_at:%B %Y}",
            last_day=last_day if period else None,
            revision=1 if period and export.files != "latest" else 0,
            digest=digest_of({name: file.rows_sha256 or file.sha256 for name, file in files.items()}),
            written_at=written_at,
            files={
                name.rpartition(".")[2]: ParcelFile(f"{path}/{name}", file.sha256)
                for name, file in sorted(files.items())
            },
            figures=[f"{name}: {file.rows:,} {'row' if file.rows == 1 else 'rows'}" for name, file in files.items()],
        )

    def _told_apart(self, name: str, recipient: str) -> str:
        """A recipient's name, with its folder where several tenants have that name."""
        return f"{name} ({recipient})" if self._named[name] > 1 else name

    @cached_property
    def _records(self) -> dict[str, Record | ExportError]:
        folders = sorted({path.rpartition("/")[0] for path in self._destination.sizes if path.endswith(f"/{RECORD}")})
        return {folder: self._record(folder) for folder in folders}

    def _record(self, folder: str) -> Record | ExportError:
        try:
            return Record.read(self.storage, folder)
        except (ExportError, StorageError) as error:
            return ExportError(str(error))

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {posixpath.dirname(folder_of(key)): key for key in self._tenants}


def _is_as_declared(export: Export, recipient: str, files: Iterable[PublishedFile]) -> bool:
    """Whether files are for whom, and of what periods, the catalogue tells now.

    Raises:
        ValueError: a day is none.
    """
    if (recipient == places.WHOLE) != (export.split == "whole"):
        return False
    if export.cadence is None:
        return True
    spans = {(file.period_start_date, file.period_end_date) for file in files if file.period_end_date}
    if export.files != "period":
        return len(spans) <= 1
    cadence = CADENCE_OF[export.cadence]
    return all(start == _period(cadence, _day(end)).first_day.isoformat() for start, end in spans if end)


def recipients_of(tenants: Collection[str]) -> set[str]:
    """The folders of some tenants."""
    return {places.recipient(key) for key in tenants}


def _day(text: str) -> date:
    """A day that has others around it, in every time zone.

    Raises:
        ValueError: it is none.
    """
    day = date.fromisoformat(text)
    if not date.min.year < day.year < date.max.year:
        raise ValueError
    return day


def _period(cadence: Cadence, last_day: date) -> Period:
    """The period that ends on a day."""
    first = {"day": last_day, "week": last_day - timedelta(days=6), "month": last_day.replace(day=1)}
    return Period(cadence, first[cadence])


def _headlines(edition: Edition) -> list[str]:
    """The headline figures beside those of the period before: sections, and rows of businesses, that have both."""
    told = []
    for figures in edition.figures.values():
        for place, value in figures.items():
            label = place.removesuffix(": Value")
            before, change = (": Before", ": Change") if label != place else (", before", ", change")
            if f"{label}{before}" in figures and f"{label}{change}" in figures:
                told.append(f"{label}: {value} (before: {figures[label + before]}, change: {figures[label + change]})")
    return told
