"""Publish reports: each period's once, and again where a figure that it shows has changed.

Belongs here: which reports there should be, and the files of each. Not here: what they show (sections/), how they
look (forms/), what is remembered of them (record.py).
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property

from exports import places
from exports.catalogue import ALL_SOURCES
from exports.errors import ExportError
from exports.names import Names
from exports.periods import Cadence, Period, PeriodResult, Span, Window
from exports.reports.content import Report, Section, told_apart
from exports.reports.declaration import Declaration
from exports.reports.forms import document, index, page, workbook
from exports.reports.measures import Tenant, tenants_of
from exports.reports.reasons import Arrivals
from exports.reports.recipients import Recipient, complete_periods, folder_of, recipients_of, windows_of
from exports.reports.record import RECORD, Edition, Record, revised
from exports.reports.sections import Marts, Sources, Told, minor_units_of, told_sections
from ingestion.errors import StorageError, WarehouseError
from ingestion.output.private import Readers, readers_of
from ingestion.output.storage import Storage
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import Query
from marts.files import read_marts

FORMS: Mapping[str, tuple[str, Callable[[Report], bytes]]] = {
    "html": ("Page", page.render),
    "pdf": ("PDF", document.render),
    "xlsx": ("Workbook", workbook.render),
}
"""End of a file's name → what people call the form, and what makes it."""

MODELS = PROJECT_ROOT / "dbt_project" / "models"
"""Where marts are declared."""


@dataclass(slots=True)
class ReportResult:
    """What publishing one report did. Counts are reports, each of a recipient and period.

    Attributes:
        report: its name.
        made: that were not there; of how things stand, those that show something else.
        unchanged: that show what they showed.
        revised: of which a figure changed.
        periods: what became of each; empty of a report of how things stand.
        complete: the periods of which there could be one.
        faults: what went wrong, a line each.
    """

    report: str
    made: int = 0
    unchanged: int = 0
    revised: int = 0
    periods: dict[Period, PeriodResult] = field(default_factory=lambda: defaultdict(PeriodResult))
    complete: set[Period] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Keep one recipient's fault from the others."""
        try:
            yield
        except (ExportError, StorageError) as error:
            self.faults.append(str(error))


class Reports:
    """The reports of a warehouse, in one place.

    Args:
        declared: reports by name.
        marts: declared marts, by name.
        query: runs SQL on the warehouse.
        root: EXPORTS_URL, as fsspec takes it.
        now: tells which day is today; what is recorded as the time of publication.
        readers: who may read the files beside their owner.
    """

    def __init__(
        self,
        declared: Mapping[str, Declaration],
        marts: Marts,
        query: Query,
        root: str,
        now: datetime,
        readers: Readers | None = None,
    ) -> None:
        self._declared, self._marts, self._now = declared, marts, now.astimezone(UTC)
        # Reports and their sections ask for much of the same: names, currencies, unusual days, complete periods.
        self._query: Query = cache(query)
        self._storage = Storage(root, "EXPORTS_URL", readers)
        self._records: dict[str, Record] = {}

    def publish(
        self, name: str, result: ReportResult, cadences: Collection[Cadence], wanted: Collection[Period] = ()
    ) -> None:
        """Make a report for each recipient, and look again at all of it that were made before.

        Args:
            name: of the report.
            result: what is done is counted there.
            cadences: of the periods; those made on demand are looked at again too, whatever cadences are declared.
            wanted: periods of one cadence; the last complete ones if empty.

        Raises:
            ExportError: the report names what no mart has, nobody has the period, or the report has none.
            StorageError: the destination can't be used.
        """
        declaration = self._declared[name]
        if declaration.source not in (ALL_SOURCES, *(tenant.system for tenant in self._tenants.values())):
            # The system is not there, or was never built: nor are its tables.
            return
        recipients = self._recipients_of(declaration, result)
        if not declaration.keeps:
            if wanted:
                raise ExportError("it has no periods: it is published as it stands.")
            self._publish_as_it_stands(name, declaration, recipients, result)
            return
        for cadence in cadences:
            of_cadence = [period for period in wanted if period.cadence == cadence]
            if of_cadence or not wanted:
                self._publish_cadence(name, declaration, recipients, cadence, of_cadence, result)

    def write_index(self) -> None:
        """List everything that was ever published, for people: one page over all, and one for each recipient."""
        made = {path.rpartition("/")[0] for path in self._sizes if posixpath.basename(path) == RECORD}
        editions = {}
        for folder in made | self._records.keys():
            # What can't be read is told by who publishes it.
            with suppress(ExportError, StorageError):
                editions[folder] = self._record(folder).editions
        entries: dict[str, list[index.Entry]] = {}
        for folder, of_folder in editions.items():
            if of_folder:
                entries[folder] = [_entry(key, edition, folder) for key, edition in of_folder.items()]
                own = index.render([_entry(key, edition, "") for key, edition in of_folder.items()])
                with suppress(StorageError):
                    self._write(posixpath.join(folder, places.INDEX), own)
        together = folder_of(None)
        ordered = sorted(entries, key=lambda folder: (folder != together, entries[folder][0].recipient, folder))
        # Recipients may have one name, and one may have had several.
        named = told_apart((entries[folder][0].recipient, entries[folder]) for folder in ordered)
        listed = [replace(entry, recipient=name) for name, of_folder in named for entry in of_folder]
        self._write(places.INDEX, index.render(listed))

    def _publish_cadence(
        self,
        name: str,
        declaration: Declaration,
        recipients: Sequence[Recipient],
        cadence: Cadence,
        wanted: Collection[Period],
        result: ReportResult,
    ) -> None:
        periods: dict[Recipient, list[Period]] = {}
        complete = complete_periods(self._query, self._tenants, declaration, cadence, self._now)
        for recipient in recipients:
            if recipient.tenant_key not in complete:
                continue
            first, last = complete[recipient.tenant_key]
            result.complete |= {*first.up_to(last)}
            made = self._record(recipient.folder).periods(name, cadence)
            asked = {*made, *(period for period in wanted if period >= first)}
            if not wanted and cadence in declaration.cadences:
                asked.add(last)
            if found := sorted(period for period in asked if period <= last):
                periods[recipient] = found
        absent = sorted(set(wanted).difference(*periods.values()))
        if absent and complete:
            raise ExportError(f"{absent[0].name} is no complete period of any recipient.")
        if not periods:
            return
        every = [period for of_recipient in periods.values() for period in of_recipient]
        told = self._told(declaration, min(every), max(every))
        for recipient, of_recipient in periods.items():
            with result.told():
                for period in of_recipient:
                    if report := _report(name, declaration, told, recipient, period):
                        self._publish_one(report, period, declaration, result, is_asked_for=period in wanted)
                self._save(recipient.folder)

    def _publish_as_it_stands(
        self, name: str, declaration: Declaration, recipients: Sequence[Recipient], result: ReportResult
    ) -> None:
        today = Period("day", self._now.date())
        spans: Mapping[str | None, Span]
        if declaration.trailing_days:
            windows = windows_of(self._query, self._tenants, declaration, self._marts)
            ordered = sorted(windows.values()) or [Window(declaration.trailing_days, today.first_day).moved(-1)]
            spans, told = windows, self._told(declaration, ordered[0], ordered[-1], windows)
        else:
            spans = {recipient.tenant_key: today for recipient in recipients}
            told = self._told(declaration, today, today)
        for recipient in recipients:
            with result.told():
                span = spans.get(recipient.tenant_key)
                if report := span and _report(name, declaration, told, recipient, span):
                    self._replace(report, declaration, result)
                else:
                    self._withdraw(name, recipient.folder)
                self._save(recipient.folder)

    def _replace(self, report: Report, declaration: Declaration, result: ReportResult) -> None:
        """Make the one edition of a report of how things stand, where it is another than there is."""
        folder = folder_of(report.tenant_key)
        stem, record = posixpath.join(folder, report.name), self._record(folder)
        written = [self._write(f"{stem}.{form}", render(report)) for form, (_, render) in FORMS.items()]
        before, edition = record.editions.get(report.name), Edition.of(report, declaration, self._stamp)
        is_same = before is not None and before.says_the_same(edition) and not any(written)
        if not is_same:
            record.note(report.name, edition)
        result.unchanged += is_same
        result.made += not is_same

    def _withdraw(self, name: str, folder: str) -> None:
        """Leave nothing of a report of how things stand of which there is nothing any more."""
        if self._record(folder).editions.pop(name, None):
            for form in FORMS:
                self._storage.remove(posixpath.join(folder, f"{name}.{form}"))

    def _publish_one(
        self, report: Report, period: Period, declaration: Declaration, result: ReportResult, *, is_asked_for: bool
    ) -> None:
        folder = folder_of(report.tenant_key)
        record, key = self._record(folder), f"{report.name}-{period.name}"
        before = record.editions.get(key)
        arrivals = Arrivals.of(self._query, declaration)
        report = revised(report, before, declaration, arrivals)
        edition = Edition.of(report, declaration, self._stamp, arrivals)
        paths = {form: posixpath.join(folder, f"{edition.stem(key)}.{form}") for form in FORMS}
        is_same = before is not None and before.says_the_same(edition)
        # Who asks for one that is there doubts its files.
        if is_asked_for or not is_same or not all(self._sizes.get(path, 0) for path in paths.values()):
            for form, path in paths.items():
                self._write(path, FORMS[form][1](report))
        if before is None or not is_same:
            record.note(key, edition)
        else:
            record.note(key, edition.model_copy(update={"published_at": before.published_at}))
        of_period = result.periods[period]
        of_period.tenants += 1
        of_period.written += before is None or edition.revision > before.revision
        if before is None:
            result.made += 1
        elif edition.revision > before.revision:
            result.revised += 1
        else:
            result.unchanged += 1

    def _told(
        self, declaration: Declaration, first: Span, last: Span, windows: Mapping[str | None, Window] | None = None
    ) -> list[Told]:
        sources = Sources(
            *(self._query, self._marts, first, last, self._tenants, self._names),
            minor_units=minor_units_of(self._query),
            windows=windows or {},
        )
        return told_sections(declaration, sources)

    def _recipients_of(self, declaration: Declaration, result: ReportResult) -> list[Recipient]:
        """Those whose records can be read; of the others it is told why not."""
        readable = []
        for recipient in recipients_of(declaration, self._tenants):
            with result.told():
                self._record(recipient.folder)
                readable.append(recipient)
        return readable

    @cached_property
    def _tenants(self) -> dict[str, Tenant]:
        return tenants_of(self._query)

    @cached_property
    def _names(self) -> Names:
        return Names(self._query)

    @property
    def _stamp(self) -> str:
        return self._now.isoformat(timespec="seconds")

    def _record(self, folder: str) -> Record:
        if folder not in self._records:
            self._records[folder] = Record.read(self._storage, folder)
        return self._records[folder]

    def _save(self, folder: str) -> None:
        self._record(folder).save(self._storage)

    @cached_property
    def _sizes(self) -> Mapping[str, int | None]:
        return self._storage.sizes()

    def _write(self, path: str, content: bytes) -> bool:
        """Write what is not there yet; returns whether it was not."""
        is_there = self._sizes.get(path) == len(content) and self._storage.read(path) == content
        if not is_there:
            self._storage.write(path, content)
        return not is_there


def publish(
    declared: Mapping[str, Declaration],
    asked: Mapping[str, Collection[Cadence]],
    query: Query,
    settings: Settings,
    wanted: Collection[Period] = (),
) -> list[ReportResult]:
    """Publish some reports, and the index of all. One report's fault leaves the others.

    Args:
        declared: all reports by name.
        asked: those that are asked for, and the cadences of each whose periods are made or looked at again; of systems
            that are not there nothing is made.
        query: runs SQL on the warehouse.
        settings: EXPORTS_URL and the instant that tells which day is today.
        wanted: periods; the last complete ones if empty.

    Raises:
        StorageError: the destination can't be used.
    """
    reports = Reports(
        declared, _marts(), query, settings.exports, settings.now, readers_of(settings.readers_group, PROJECT_ROOT)
    )
    results = []
    for name, cadences in asked.items():
        result = ReportResult(name)
        try:
            reports.publish(name, result, cadences, wanted)
        except (ExportError, WarehouseError) as error:
            result.faults.append(str(error))
        results.append(result)
    reports.write_index()
    return results


@cache
def _marts() -> Marts:
    return read_marts(MODELS)


def _report(
    name: str, declaration: Declaration, told: Sequence[Told], recipient: Recipient, period: Span
) -> Report | None:
    sections = _titled_apart(section for tell in told for section in tell(recipient.tenant_key or "", period))
    if not any(next(section.cells(), None) for section in sections):
        return None
    return Report(
        name=name,
        title=declaration.title,
        recipient=recipient.name,
        tenant_key=recipient.tenant_key,
        cadence=period.cadence if declaration.keeps and isinstance(period, Period) else "now",
        first_day=period.first_day,
        last_day=period.last_day,
        period=period.text,
        timezone=recipient.timezone,
        sections=sections,
    )


def _titled_apart(sections: Iterable[Section]) -> tuple[Section, ...]:
    named = told_apart((section.title, section) for section in sections)
    return tuple(replace(section, title=title) for title, section in named)


def _entry(key: str, edition: Edition, folder: str) -> index.Entry:
    stem = posixpath.join(folder, edition.stem(key))
    return index.Entry(
        title=edition.title,
        recipient=edition.recipient,
        cadence=edition.cadence,
        period=edition.period,
        first_day=edition.first_day,
        revision=edition.revision,
        links=tuple((label, f"{stem}.{form}") for form, (label, _) in FORMS.items()),
    )
