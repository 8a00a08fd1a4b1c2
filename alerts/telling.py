"""From a look to messages: what people see of `alerts`.

Belongs here: the order of remembering and sending, and that no fault of it reaches whoever looked. Not here: the rules
(incidents.py), the file (record.py), the words (message.py), the ways (exports/delivery).

What is found is remembered before anything is sent, and what was sent right after: a process that is killed between
the two sends that message once more.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from alerts.affected import Declared
from alerts.findings import Kind, Look
from alerts.incidents import Incident, after_look, owed
from alerts.message import Words
from alerts.record import Kept, Record, RecordError
from exports.delivery.addresses import Address
from exports.delivery.errors import PerhapsSentError, UnreachableError
from exports.delivery.folder import Folder
from exports.delivery.message import Message
from exports.errors import ExportError
from ingestion.errors import IngestionError
from ingestion.output.terminal import say
from ingestion.settings import Settings

_VARIABLE = "ALERT_URLS"
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


def tell(settings: Settings, look: Look, now: datetime | None = None) -> None:
    """Remember what somebody who looked has found, and send to all of ALERT_URLS what they have not heard yet.

    It never raises: what is wrong with it is said on standard error, and sent at the next look.

    Args:
        settings: where people are told, and where that is remembered.
        look: what was found, and of what more would have been.
        now: when it was looked; the clock's if None.
    """
    try:
        _Teller(settings, now or datetime.now(UTC)).tell(look)
    # Whatever it is, it must not end the run that it is about.
    except Exception as error:
        _say(f"nobody was told: {error or type(error).__name__}")


def open_incidents(settings: Settings, kind: Kind | None = None) -> list[Incident]:
    """What is wrong as far as it is remembered, or of one kind, what others bring about included; the oldest first.

    Nothing, where the record can't be read.
    """
    try:
        known = Record(settings.alerts_record).read().incidents
    except RecordError:
        return []
    return [one for one in known if one.ended_at is None and kind in (one.finding.kind, None)]


def try_addresses(settings: Settings) -> dict[str, str | None]:
    """Send a message to each address of ALERT_URLS; how each is called → why it was not sent, or None."""
    words = Words(settings.send_timezone)
    text = "This is a test: whoever reads it is told when something goes wrong, and once more when it is over."
    message = words.notice("a test", text)
    outcomes: dict[str, str | None] = {}
    for variable, url in _variables(settings):
        try:
            _address(variable, url).send(message)
            outcomes[variable] = None
        except (ExportError, IngestionError) as error:
            outcomes[variable] = str(error)
    return outcomes


class _Teller:
    def __init__(self, settings: Settings, now: datetime) -> None:
        self._now, self._record = now, Record(settings.alerts_record)
        self._words, self._declared = Words(settings.send_timezone), Declared(settings)
        self._addresses: dict[str, tuple[str, Address]] = {}
        for variable, url in _variables(settings):
            try:
                self._addresses[_name(url)] = variable, _address(variable, url)
            except ExportError as error:
                _say(str(error))

    def tell(self, look: Look) -> None:
        with self._record.locked():
            kept = self._known()
            incidents = after_look(kept.incidents, look, self._addresses, self._now)
            is_remembered = incidents == list(kept.incidents) or self._remember(incidents)
            if kept.fault:
                self._send_notice(kept.fault)
            self._send(incidents, is_remembered=is_remembered)

    def _known(self) -> Kept:
        try:
            return self._record.read()
        except RecordError as error:
            _say(f"{error}. What is wrong is told at each look")
            return Kept(())

    def _remember(self, incidents: Sequence[Incident]) -> bool:
        try:
            self._record.write(incidents)
        except RecordError as error:
            _say(f"{error}. What is sent now is sent again at the next look")
            return False
        return True

    def _send(self, incidents: list[Incident], *, is_remembered: bool) -> None:
        for name, (variable, address) in self._addresses.items():
            # All of them before the first is sent, as the list changes.
            for message, about in [*self._messages(incidents, name)]:
                try:
                    is_sure = _is_taken(address, message)
                except (ExportError, IngestionError) as error:
                    _say(f"{variable}: {error}. It is tried again at the next look")
                    if isinstance(error, UnreachableError):
                        break
                    continue
                incidents[:] = [
                    one.after_sending(name, is_sure=is_sure) if one.incident_id in about else one for one in incidents
                ]
                if is_remembered:
                    self._remember(incidents)

    def _messages(self, incidents: Sequence[Incident], name: str) -> Iterator[tuple[Message, set[str]]]:
        for one in owed(incidents, name):
            affected = self._declared.affected([incident.finding for incident in one.incidents])
            yield self._words.message(one, affected), {incident.incident_id for incident in one.incidents}

    def _send_notice(self, fault: str) -> None:
        _say(f"{self._record.path}: {fault}")
        text = (
            f"The record of what is wrong could not be read: {fault}. What still is wrong is told again as it is "
            "found; of what was open before, the end may not be told."
        )
        for variable, address in self._addresses.values():
            try:
                _is_taken(address, self._words.notice("the record of alerts was damaged", text))
            except (ExportError, IngestionError) as error:
                _say(f"{variable}: {error}")


def _is_taken(address: Address, message: Message) -> bool:
    """Send a message; whether it arrived for sure.

    Raises:
        NotSentError, StorageError: it did not.
    """
    with suppress(PerhapsSentError):
        address.send(message)
        return True
    return False


def _variables(settings: Settings) -> list[tuple[str, str]]:
    """The addresses, and how each is called in messages."""
    urls = settings.alert_addresses
    return [(_VARIABLE if len(urls) == 1 else f"{_VARIABLE}, no. {place}", url) for place, url in enumerate(urls, 1)]


def _address(variable: str, url: str) -> Address:
    """The address.

    Raises:
        ExportError: it is none that a message can be sent to.
    """
    address = Address(variable, url)
    if isinstance(address.way, Folder):
        raise ExportError(
            f"{variable} is a folder, by which nobody is told. Use smtp:// for mail, json:// for a webhook, or a URL "
            "of Apprise (https://appriseit.com/services)."
        )
    return address


def _name(url: str) -> str:
    """What the record calls an address: nothing can be told from it, and another password makes it no other."""
    return hashlib.sha256(_PASSWORD.sub(r"\1@", url).encode()).hexdigest()[:12]


def _say(line: str) -> None:
    say(f"alerts: {line}")
