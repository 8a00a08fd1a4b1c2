"""What is due: of what is published, by what the ledger says.

Belongs here: the rules. Not here: reading what is published (parcels.py), sending (run.py).

- What has periods is sent once for each that ends after the delivery was set up; of a report later revisions too.
- What has none, or is the latest of its periods, is sent when it has changed.
- Of one thing nothing is sent twice on one day (UTC).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from exports.delivery.declaration import DeliverTo
from exports.delivery.ledger import id_of
from exports.delivery.parcels import Parcel, recipients_of
from exports.reports.measures import Tenant
from ingestion.log.deliveries import Delivery

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A parcel that is to be sent.

    Attributes:
        parcel: it.
        to: to whom.
        delivery_id: of its entry in the ledger.
        period: as the ledger has it: that of the parcel, or the day.
        known: what the ledger says of the same thing, also of its other revisions and days.
        sent_revision: the last one of it that was sent; 0 where none was.
    """

    parcel: Parcel
    to: DeliverTo
    delivery_id: str
    period: str
    known: Sequence[Delivery]
    sent_revision: int


class Rules:
    """What follows from the ledger at some instant.

    Args:
        entries: the ledger's.
        tenants: all tenants by key; their time zones tell when periods end.
        now: the instant.
    """

    def __init__(self, entries: Mapping[str, Delivery], tenants: Mapping[str, Tenant], now: datetime) -> None:
        self.entries, self._tenants, self._now = entries, tenants, now.astimezone(UTC)

    def due(self, parcels: Iterable[Parcel], to: DeliverTo, *, is_repeatable: bool) -> Iterator[Due]:
        """Those of an entry's parcels that are to be sent now.

        Args:
            parcels: all of it that is published.
            to: one of its deliveries, which is set up.
            is_repeatable: whether what was perhaps sent is simply sent again.
        """
        for parcel in theirs(parcels, to):
            if self._is_of_its_time(parcel, to):
                due = self.about(parcel, to)
                if self._is_open(due, is_repeatable=is_repeatable):
                    yield due

    def about(self, parcel: Parcel, to: DeliverTo) -> Due:
        """A parcel with what the ledger says of it, whether it is due or not."""
        period = parcel.period.name if parcel.period else self._now.date().isoformat()
        id_ = id_of(parcel.kind, parcel.name, to.to, parcel.recipient, period, parcel.revision)
        known = known_of(self.entries, parcel, to)
        sent = [entry.revision for entry in known if entry.state == "sent"]
        return Due(parcel, to, id_, period, known, max(sent, default=0))

    def perhaps_sent(self) -> list[Delivery]:
        """Entries that were begun, and of which nothing newer arrived since."""
        sent = [entry for entry in self.entries.values() if entry.state == "sent"]
        return [
            entry
            for entry in self.entries.values()
            if entry.state == "sending"
            and not any(_is_of_one_thing(entry, other) and other.changed_at > entry.changed_at for other in sent)
        ]

    def _is_open(self, due: Due, *, is_repeatable: bool) -> bool:
        # Any other state may be a later version's: better not sent than sent twice.
        undone = ("failed", "sending") if is_repeatable else ("failed",)
        done = [entry for entry in due.known if entry.state not in undone]
        last = max(done, key=lambda entry: entry.changed_at, default=None)
        if last is None:
            return True
        if due.parcel.revision:
            is_known = max(entry.revision for entry in done) >= due.parcel.revision
        else:
            is_known = last.digest == due.parcel.digest
        return not is_known and last.changed_at.astimezone(UTC).date() != self._now.date()

    def _is_of_its_time(self, parcel: Parcel, to: DeliverTo) -> bool:
        if parcel.last_day is None:
            return True
        ends_at = self._end_of(parcel.last_day, parcel.tenant_key)
        set_up = self.entries[setup_id(parcel.kind, parcel.name, to, self._tenant_of(parcel, to))]
        if ends_at <= set_up.changed_at:
            return False
        # A file of all tenants grows while the period ends in one time zone after the other. That it was not written
        # since may also mean that there was nothing more.
        is_whole = parcel.kind == "report" or parcel.tenant_key is not None
        return is_whole or parcel.written_at >= ends_at or self._now >= ends_at + _ONE_DAY

    def _tenant_of(self, parcel: Parcel, to: DeliverTo) -> str:
        return next((key for key in to.tenants or () if parcel.recipient in recipients_of([key])), "")

    def _end_of(self, last_day: date, tenant_key: str | None) -> datetime:
        """When a day has ended for a tenant; for all of them where none is told."""
        tenant = self._tenants.get(tenant_key or "")
        tenants = [tenant] if tenant else [*self._tenants.values()]
        midnight = datetime.combine(last_day + _ONE_DAY, time.min)
        zones = [tenant.zone for tenant in tenants] or [ZoneInfo("UTC")]
        return max(midnight.replace(tzinfo=zone).astimezone(UTC) for zone in zones)


def theirs(parcels: Iterable[Parcel], to: DeliverTo) -> Iterator[Parcel]:
    """Those that a delivery may send: of its tenants, where it names some."""
    wanted = recipients_of(to.tenants) if to.tenants else None
    return (parcel for parcel in parcels if wanted is None or parcel.recipient in wanted)


def known_of(entries: Mapping[str, Delivery], parcel: Parcel, to: DeliverTo) -> list[Delivery]:
    """The ledger's entries of a parcel's thing, by their ids: of a period all revisions, else of all days."""
    period = parcel.period.name if parcel.period else None
    known = (
        entry
        for entry in entries.values()
        if (entry.kind, entry.name, entry.target, entry.recipient)
        == (parcel.kind, parcel.name, to.to, parcel.recipient)
        and entry.period is not None
        and (entry.period == period if period else not entry.revision)
    )
    return sorted(known, key=lambda entry: entry.delivery_id)


def setup_id(kind: str, name: str, to: DeliverTo, tenant_key: str) -> str:
    """The id of the entry that tells since when something is delivered."""
    return id_of(kind, name, to.to, tenant_key, None, 0)


def _is_of_one_thing(one: Delivery, other: Delivery) -> bool:
    same = (one.kind, one.name, one.target, one.recipient) == (other.kind, other.name, other.target, other.recipient)
    return same and (one.period == other.period if one.revision else not other.revision)
