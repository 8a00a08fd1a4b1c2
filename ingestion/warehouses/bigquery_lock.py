"""The lock of a BigQuery warehouse: a lease, as the service has no locks and may be written from several machines.

Belongs here: taking, renewing and giving back the lease. Not here: what it guards.

The lease is the one row of `<prefix>._lock`: a holder and a time by the service's clock. Taking it is one UPDATE, of a
row that nobody holds any more, and the service runs the updates of a row one after the other. A thread renews it while
it is held; one whose process died ends by itself. A process that was asleep for longer than its lease may believe to
hold what another has taken: a load's commit therefore also makes sure that no batch was committed since it began.
"""

import threading
import time
import uuid
from contextlib import suppress
from typing import ClassVar

from sqlalchemy import URL

from ingestion.errors import WarehouseError
from ingestion.warehouses.bigquery_connection import BigqueryConnection, DriverError, is_missing

LEASE_SECONDS = 120
"""So long the next run waits for one that died. `lease_seconds` in the URL sets another."""

_POLL_SECONDS = 2.0
_AT_ONCE = "concurrent update"
"""Part of what the service says of an UPDATE that lost against another."""


class LockHeldError(Exception):
    """Another process holds the lease, and did not give it back in time."""


class _Lease:
    """One holder's hold."""

    def __init__(self, url: URL) -> None:
        self._seconds = int(str(url.query.get("lease_seconds", LEASE_SECONDS)))
        self._connection = BigqueryConnection(url)
        self._table = f"`{self._connection.prefix}`.`_lock`"
        self._holder = uuid.uuid4().hex
        self._is_over = threading.Event()
        self._renewer = threading.Thread(target=self._renew, name="warehouse-lease", daemon=True)
        self.is_lost = False

    def take(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self._is_taken():
            left = deadline - time.monotonic()
            if left <= 0:
                raise LockHeldError
            time.sleep(min(_POLL_SECONDS, left))
        self._renewer.start()

    def give_back(self) -> None:
        self._is_over.set()
        if self._renewer.ident:
            self._renewer.join()
        with suppress(*DriverError):
            self._connection.execute(
                f"update {self._table} set expires_at = timestamp_micros(0) where holder = '{self._holder}'"
            )
        self.close()

    def close(self) -> None:
        self._connection.close()

    def _is_taken(self) -> bool:
        try:
            return self._put(f"holder = '{self._holder}' or expires_at < current_timestamp()")
        except DriverError as error:
            if is_missing(error):
                # Two processes may do this at once: the table is made with its row, by the one that is first.
                self._connection.create_dataset()
                self._connection.execute(
                    f"create table if not exists {self._table} as "
                    "select '' as holder, timestamp_micros(0) as expires_at"
                )
                return self._put("expires_at < current_timestamp()")
            if _AT_ONCE in str(error):
                return False
            raise

    def _put(self, condition: str) -> bool:
        return bool(
            self._connection.execute(
                f"update {self._table} set holder = '{self._holder}', "
                f"expires_at = timestamp_add(current_timestamp(), interval {self._seconds} second) where {condition}"
            )
        )

    def _renew(self) -> None:
        renewed = time.monotonic()
        while not self._is_over.wait(self._seconds / 3):
            try:
                if not self._put(f"holder = '{self._holder}'"):
                    self.is_lost = True
                    return
                renewed, self.is_lost = time.monotonic(), False
            except DriverError:
                # The next attempt may go through before the lease ends.
                self.is_lost = time.monotonic() - renewed > self._seconds


class BigqueryLock:
    """A process's hold on a warehouse, as long as anyone in it needs it."""

    _all: ClassVar[dict[str, "BigqueryLock"]] = {}
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._holders = 0
        self._lease: _Lease | None = None

    @classmethod
    def of(cls, url: URL) -> "BigqueryLock":
        """The one lock of this process for a warehouse."""
        with cls._guard:
            return cls._all.setdefault(f"{url.host}/{url.database}", cls())

    def acquire(self, url: URL, timeout_seconds: float) -> None:
        """Take the lease, or share the one that this process has.

        Raises:
            LockHeldError: another process did not give it back in time.
            DriverError: the service can't be reached, or refuses.
        """
        with self._mutex:
            if not self._holders:
                lease = _Lease(url)
                try:
                    lease.take(timeout_seconds)
                except BaseException:
                    lease.close()
                    raise
                self._lease = lease
            self._holders += 1

    def release(self) -> None:
        """Give the lease back once nobody in this process needs it."""
        with self._mutex:
            self._holders -= 1
            if not self._holders and self._lease:
                self._lease.give_back()
                self._lease = None

    def check(self) -> None:
        """Make sure that the lease is still ours.

        Raises:
            WarehouseError: it ended while this process could not renew it.
        """
        if self._lease and self._lease.is_lost:
            raise WarehouseError(
                "the warehouse's lock could not be renewed in time and may be another run's; nothing was committed"
            )
