"""The record of incidents: one small file, apart from the warehouse, so that no fault of that can stop it.

Belongs here: keeping it private, whole, and writable on a full disk. Not here: what is in it (incidents.py).

It is written aside and renamed, with the one before it kept beside it. On a disk without room, a file that only holds
room is given up for it.
"""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from alerts.findings import Finding, Kind
from alerts.incidents import Incident, Told

PATIENCE_SECONDS = 120.0
"""How long a look waits for another one, which may be waiting for a mail server."""
RESERVE_BYTES = 1 << 18
"""Room for several hundred incidents."""

_OWNER_ONLY = 0o600
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class RecordError(Exception):
    """The record can't be read or written; a line for people."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the record had.

    Attributes:
        incidents: that it remembers.
        fault: what of it was lost, and where what is left lies; None: nothing.
    """

    incidents: Sequence[Incident]
    fault: str | None = None


class Record:
    """The record at a path; nothing is opened before it is used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = path.with_name(f"{path.name}.before")
        self._reserve = path.with_name(f"{path.name}.reserve")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from it until the block ends.

        Raises:
            RecordError: somebody else kept it too long, or there can be no lock.
        """
        lock = FileLock(f"{self.path}.lock", timeout=PATIENCE_SECONDS, mode=_OWNER_ONLY)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise RecordError(f"{self.path} was held by another process for {PATIENCE_SECONDS:g} s") from None
        except OSError as error:
            raise RecordError(f"{lock.lock_file} can't be made: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()

    def read(self) -> Kept:
        """What is remembered. What can't be read is kept aside for people, and the one before it counts.

        Raises:
            RecordError: there is one, and it can't be opened.
        """
        try:
            return Kept(_read(self.path))
        except FileNotFoundError:
            return Kept(())
        except OSError as error:
            raise RecordError(f"{self.path} can't be read: {error.strerror}") from None
        except ValueError:
            aside = self.path.with_name(f"{self.path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            with suppress(OSError):
                self.path.replace(aside)
            try:
                return Kept(_read(self._before), f"it was damaged and is now {aside.name}; the one before it counts")
            except (OSError, ValueError):
                return Kept((), f"it was damaged and is now {aside.name}: what was open is not known any more")

    def write(self, incidents: Sequence[Incident]) -> None:
        """Remember incidents in the place of those before.

        Raises:
            RecordError: it can't be written.
        """
        content = json.dumps([_as_json(one) for one in incidents], indent=1).encode()
        aside = self.path.with_name(f"{self.path.name}.partial")
        try:
            try:
                self._put(aside, content)
            except OSError as error:
                if error.errno not in _NO_ROOM or not self._reserve.exists():
                    raise
                self._reserve.unlink()
                self._put(aside, content)
        except OSError as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise RecordError(f"{self.path} can't be written: {error.strerror}") from None
        self._hold_room()

    def _put(self, aside: Path, content: bytes) -> None:
        _write(aside, content)
        with suppress(OSError):
            # A second name needs no room, and at no moment there is no record.
            self._before.unlink(missing_ok=True)
            self._before.hardlink_to(self.path)
        aside.replace(self.path)

    def _hold_room(self) -> None:
        """Keep a file that can be given up, once there is room for it again."""
        with suppress(OSError):
            if self._reserve.exists() and self._reserve.stat().st_size == RESERVE_BYTES:
                return
            try:
                # Of zeros a file system may keep none.
                _write(self._reserve, os.urandom(RESERVE_BYTES))
            except OSError:
                self._reserve.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb") as file:
        os.fchmod(file.fileno(), _OWNER_ONLY)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> list[Incident]:
    """The incidents of a file.

    Raises:
        OSError: it can't be read.
        ValueError: it is no record.
    """
    try:
        return [_incident(told) for told in json.loads(path.read_bytes())]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from None


def _as_json(incident: Incident) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(incident).items()
    } | {"finding": {**asdict(incident.finding), "since": _text(incident.finding.since)}}


def _incident(told: dict[str, Any]) -> Incident:
    finding = told["finding"]
    return Incident(
        **told
        | {
            "finding": Finding(
                **finding
                | {
                    "kind": Kind(finding["kind"]),
                    "systems": tuple(finding["systems"]),
                    "since": _instant(finding["since"]),
                }
            ),
            "began_at": datetime.fromisoformat(told["began_at"]),
            "away_since": _instant(told["away_since"]),
            "ended_at": _instant(told["ended_at"]),
            "told": {address: Told(heard) for address, heard in told["told"].items()},
        }
    )


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
