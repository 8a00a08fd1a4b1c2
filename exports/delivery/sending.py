"""One delivery on its way: its message, and its entry in the ledger before and after.

Belongs here: the order of steps, and what a fault means. Not here: what is due (due.py), the words (message.py), how
messages leave (addresses.py).

`sending` is noted before anything leaves and `sent` or `failed` after, so that a process that was killed in between
leaves an entry of which only a person can tell what became of it.
"""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC

from exports.delivery.addresses import Address
from exports.delivery.declaration import PROTECTED, DeliverTo
from exports.delivery.due import Due, known_of
from exports.delivery.errors import NotSentError, PerhapsSentError, UnreachableError
from exports.delivery.ledger import Ledger, opened_ledger
from exports.delivery.message import Attachment, Message, subject, text
from exports.delivery.parcels import Parcel
from exports.delivery.protection import protected
from exports.delivery.results import DeliveryResult
from exports.errors import ExportError
from ingestion.errors import IngestionError
from ingestion.log.deliveries import Delivery
from ingestion.output.storage import Storage
from ingestion.settings import Settings
from ingestion.warehouses import Warehouse


class Sender:
    """Sends, one at a time.

    Args:
        settings: the addresses, and where links lead.
        warehouse: whose lock is held while something is sent; it keeps the ledger.
        storage: EXPORTS_URL.
    """

    def __init__(self, settings: Settings, warehouse: Warehouse, storage: Storage) -> None:
        self._settings, self._warehouse, self._storage = settings, warehouse, storage
        self._addresses: dict[str, Address | ExportError] = {}
        self._unreachable: set[str] = set()

    def check(self, to: DeliverTo) -> bool:
        """See whether what is declared can be sent; returns whether sending it twice leaves what sending once does.

        Raises:
            ExportError: it can't.
        """
        address = self._address(to)
        if to.link and not self._settings.exports_link:
            raise ExportError(
                "link: EXPORTS_LINK is not set. Set it in .env to the URL under which EXPORTS_URL is read."
            )
        if to.link and address.way.is_repeatable:
            raise ExportError(f"link: {to.variable} is a folder, which has no message for a link. Leave link out.")
        if to.attach and not address.way.takes_attachments:
            raise ExportError(f"attach: the service of {to.variable} takes no files. Use link: true.")
        self._password(to)
        return address.way.is_repeatable

    def _address(self, to: DeliverTo) -> Address:
        if to.to not in self._addresses:
            try:
                self._addresses[to.to] = Address(to.variable, self._settings.variable(to.variable))
            except ExportError as error:
                self._addresses[to.to] = error
        found = self._addresses[to.to]
        if isinstance(found, ExportError):
            raise found
        return found

    def _password(self, to: DeliverTo) -> str | None:
        password = self._settings.variable(to.password_variable) if to.password else None
        if to.password and not password:
            raise ExportError(f"{to.password_variable} is not set. Set it in .env, or leave password out.")
        return password

    def send(self, due: Due) -> DeliveryResult | None:
        """Send one; None where another process did so meanwhile."""
        with opened_ledger(self._warehouse, self._settings) as ledger:
            if known_of(ledger.entries(), due.parcel, due.to) != due.known:
                return None
            entry = Delivery(
                due.delivery_id, due.parcel.kind, due.parcel.name, due.to.to, due.parcel.recipient, due.period,
                due.parcel.revision, due.parcel.digest, "sending", self._settings.now.astimezone(UTC),
            )  # fmt: skip
            try:
                self._send(due, entry, ledger)
            except PerhapsSentError as error:
                return _noted(ledger, replace(entry, reason=str(error)))
            except (ExportError, IngestionError) as error:
                if isinstance(error, UnreachableError):
                    self._unreachable.add(due.to.to)
                return _noted(ledger, replace(entry, state="failed", reason=str(error)))
            return _noted(ledger, replace(entry, state="sent"))

    def _send(self, due: Due, entry: Delivery, ledger: Ledger) -> None:
        if due.to.to in self._unreachable:
            raise NotSentError("not tried: another delivery to it had just shown that it can't be reached")
        address = self._address(due.to)
        message = self._message(due, address)
        ledger.note(entry)
        address.send(message)

    def _message(self, due: Due, address: Address) -> Message:
        parcel, to = due.parcel, due.to
        forms: Collection[str] = to.attach if to.attach is not None else ()
        if to.attach is None and to.password:
            forms = [PROTECTED]
        elif to.attach is None and not to.link:
            forms = address.way.default_forms(parcel.kind, [*parcel.files])
        attached = [self._attachment(parcel, form) for form in forms]
        if password := self._password(to):
            attached = [replace(one, content=protected(one.content, password)) for one in attached]
        link = self._settings.exports_link if to.link else None
        told = text(parcel, attached, link, sent_revision=due.sent_revision, is_protected=bool(password))
        return Message(due.delivery_id, subject(parcel), told, attached)

    def _attachment(self, parcel: Parcel, form: str) -> Attachment:
        file = parcel.files.get(form)
        content = self._storage.read(file.path) if file else None
        if file is None or content is None:
            what = file.path if file else f"{form} of {parcel.name}"
            raise NotSentError(f"{what} is not there. The next publication makes it anew")
        if file.sha256 and hashlib.sha256(content).hexdigest() != file.sha256:
            raise NotSentError(
                f"{file.path} is not what was published. Remove it, and the next publication makes it anew"
            )
        return Attachment(file.path, content)


def _noted(ledger: Ledger, entry: Delivery) -> DeliveryResult:
    try:
        ledger.note(entry)
    except IngestionError as error:
        if entry.state == "sent":
            return DeliveryResult.perhaps(replace(entry, reason=f"it was sent, but that can't be noted: {error}"))
        return DeliveryResult.of(entry, "failed", f"{entry.reason}; and that can't be noted: {error}")
    if entry.state == "sending":
        return DeliveryResult.perhaps(entry)
    return DeliveryResult.of(entry, "sent" if entry.state == "sent" else "failed", entry.reason)
