"""Deliver what is due.

Belongs here: what is declared, published and noted, brought together. Not here: what follows from it (due.py), the way
of one delivery (sending.py).

The warehouse's lock is held for one delivery at a time: two calls never send the same, and a slow server holds up no
other run for long.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from exports.catalogue import Export, load_exports
from exports.delivery.declaration import DeliverTo
from exports.delivery.due import Due, Rules, setup_id, theirs
from exports.delivery.ledger import opened_ledger
from exports.delivery.parcels import Parcel, Published
from exports.delivery.results import DeliveryResult, what
from exports.delivery.sending import Sender
from exports.errors import ExportError
from exports.reports.declaration import Declaration, load_reports
from exports.reports.measures import Tenant, tenants_of
from ingestion.errors import IngestionError, StorageError
from ingestion.log.deliveries import SCHEMA, Delivery
from ingestion.settings import Settings
from ingestion.warehouses import open_warehouse


@dataclass(frozen=True, slots=True)
class _Declared:
    """One delivery of a catalogue's entry."""

    kind: Literal["report", "export"]
    name: str
    entry: Declaration | Export
    to: DeliverTo

    def failed(self, reason: str) -> DeliveryResult:
        """What is wrong with it, whatever is due."""
        return DeliveryResult(None, f"{self.kind} {self.name}", self.to.to, "", "", 0, "failed", reason)


def deliver(settings: Settings, names: Collection[str] | None = None) -> list[DeliveryResult]:
    """Send what is due, and tell of what was perhaps sent.

    Nothing may hold the warehouse open for reading in the same process: the ledger is written.

    Args:
        settings: EXPORTS_URL, where it lies; the warehouse and the archive, which keep the ledger; the addresses.
        names: reports and exports; all if None.

    Returns:
        What was sent, failed, or was perhaps sent; nothing of what had been sent before. One destination's failure
        leaves the others.

    Raises:
        ExportError: a catalogue is wrong, or has not what is named.
        IngestionError: the warehouse or the archive can't be used: nothing more was sent.
    """
    return _Deliveries(settings).run(names)


def deliver_again(settings: Settings, delivery_id: str) -> DeliveryResult:
    """Send what an entry of the ledger tells of, whatever became of it.

    Raises:
        ExportError: there is no such entry, or what it tells of is not published any more.
        IngestionError: see `deliver`.
    """
    return _Deliveries(settings).again(delivery_id)


def note_arrival(settings: Settings, delivery_id: str) -> Delivery:
    """Note of what was perhaps sent that it arrived; returns the entry.

    Raises:
        ExportError: there is no entry of that id that was perhaps sent.
        IngestionError: see `deliver`.
    """
    return _Deliveries(settings).arrived(delivery_id)


def read_ledger(settings: Settings) -> list[Delivery]:
    """All entries, the oldest first."""
    return _Deliveries(settings).listed()


class _Deliveries:
    """The deliveries of a warehouse and its exports."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._warehouse = open_warehouse(
            settings.warehouse, settings.lock_timeout_seconds, settings.readers_wait_seconds
        )

    def run(self, names: Collection[str] | None) -> list[DeliveryResult]:
        if not names and not self._declared and not self._warehouse.tables([SCHEMA]):
            return []
        if unknown := sorted(set(names or ()) - {declared.name for declared in self._declared}):
            raise ExportError(f"No report and no export '{unknown[0]}' is declared with deliver.")
        rules = self._rules()
        results: list[DeliveryResult] = []
        due = [
            one
            for declared in self._declared
            if names is None or declared.name in names
            for one in self._due(declared, rules, results.append)
        ]
        again = {one.delivery_id for one in due}
        results += [
            DeliveryResult.perhaps(entry)
            for entry in rules.perhaps_sent()
            if entry.delivery_id not in again and (names is None or entry.name in names)
        ]
        results += [result for one in due if (result := self._sender.send(one))]
        return results

    def again(self, delivery_id: str) -> DeliveryResult:
        rules = self._rules()
        entry = _entry(rules.entries, delivery_id)
        faults: list[DeliveryResult] = []
        for declared in self._declared:
            if (declared.kind, declared.name, declared.to.to) == (entry.kind, entry.name, entry.target):
                self._sender.check(declared.to)
                for parcel in theirs(self._parcels(declared, faults.append), declared.to):
                    due = rules.about(parcel, declared.to)
                    is_its_day = not parcel.revision and not entry.revision
                    if parcel.recipient == entry.recipient and (due.delivery_id == delivery_id or is_its_day):
                        due = replace(due, delivery_id=delivery_id, period=entry.period or "")
                        if result := self._sender.send(due):
                            return result
                        raise ExportError(f"Another process has just sent {delivery_id}.")
        raise ExportError(
            f"{what(entry)}, {entry.period}, revision {entry.revision} ({delivery_id}) is not published, or not "
            "declared, any more. A later revision of it is sent by itself: .venv/bin/python -m exports deliver"
        )

    def arrived(self, delivery_id: str) -> Delivery:
        with opened_ledger(self._warehouse, self._settings) as ledger:
            entry = _entry(ledger.entries(), delivery_id)
            if entry.state != "sending":
                raise ExportError(f"{delivery_id} was not perhaps sent: its state is {entry.state}.")
            arrived = replace(entry, state="sent", reason="a person said so", changed_at=self._now)
            ledger.note(arrived)
            return arrived

    def listed(self) -> list[Delivery]:
        if not self._warehouse.tables([SCHEMA]):
            return []
        with opened_ledger(self._warehouse, self._settings) as ledger:
            entries = ledger.entries()
        return sorted(entries.values(), key=lambda entry: (entry.changed_at, entry.delivery_id))

    def _rules(self) -> Rules:
        """What the ledger says now, with what is newly set up."""
        # A file can't be read by one connection of a process and written by another.
        tenants = self._tenants
        with opened_ledger(self._warehouse, self._settings) as ledger:
            entries = ledger.caught_up()
            if changed := self._newly_set_up(entries):
                ledger.note(*changed)
        return Rules(entries | {entry.delivery_id: entry for entry in changed}, tenants, self._now)

    @property
    def _now(self) -> datetime:
        return self._settings.now.astimezone(UTC)

    @cached_property
    def _declared(self) -> list[_Declared]:
        reports = load_reports(self._settings.reports_catalogue)
        exports = load_exports(self._settings.exports_catalogue)
        return [_Declared("report", name, entry, to) for name, entry in reports.items() for to in entry.deliver] + [
            _Declared("export", name, entry, to) for name, entry in exports.items() for to in entry.deliver
        ]

    @cached_property
    def _tenants(self) -> dict[str, Tenant]:
        if ("core", "dim_tenants") not in self._warehouse.tables(["core"]):
            return {}
        with self._warehouse.reader() as query:
            return tenants_of(query)

    @cached_property
    def _sender(self) -> Sender:
        return Sender(self._settings, self._warehouse, self._published.storage)

    @cached_property
    def _published(self) -> Published:
        return Published(self._settings.exports, self._tenants)

    def _newly_set_up(self, entries: Mapping[str, Delivery]) -> list[Delivery]:
        """Entries for deliveries that were not there, and for those that are there no more.

        One that was taken out ends, so that it does not send all that came meanwhile once it is there again.
        """
        declared = {
            (id_ := setup_id(d.kind, d.name, d.to, tenant)): Delivery(
                id_, d.kind, d.name, d.to.to, tenant, None, 0, None, "set up", self._now
            )
            for d in self._declared
            for tenant in d.to.tenants or [""]
        }
        known = {id_ for id_, entry in entries.items() if entry.state == "set up"}
        changed = [entry for id_, entry in declared.items() if id_ not in known]
        changed += [replace(entries[id_], state="ended", changed_at=self._now) for id_ in known - declared.keys()]
        return changed

    def _due(self, declared: _Declared, rules: Rules, tell: Callable[[DeliveryResult], None]) -> Iterator[Due]:
        to = declared.to
        if unknown := sorted(set(to.tenants or ()) - self._tenants.keys()):
            tell(declared.failed(f"tenants: there is no {unknown[0]} in what was built"))
        try:
            is_repeatable = self._sender.check(to)
        except (ExportError, IngestionError) as error:
            tell(declared.failed(str(error)))
            return
        yield from rules.due(self._parcels(declared, tell), to, is_repeatable=is_repeatable)

    def _parcels(self, declared: _Declared, tell: Callable[[DeliveryResult], None]) -> Iterator[Parcel]:
        if isinstance(declared.entry, Export):
            found = self._published.of_export(declared.entry)
        else:
            found = self._published.of_report(declared.name, declared.entry)
        try:
            for parcel in found:
                if isinstance(parcel, ExportError):
                    tell(declared.failed(str(parcel)))
                else:
                    yield parcel
        except StorageError as error:
            tell(declared.failed(str(error)))


def _entry(entries: Mapping[str, Delivery], delivery_id: str) -> Delivery:
    entry = entries.get(delivery_id)
    if entry is None or entry.period is None:
        raise ExportError(f"The ledger has no delivery {delivery_id}. See them: .venv/bin/python -m exports deliveries")
    return entry
