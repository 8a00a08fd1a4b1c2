"""Readers who hold up the writers of a PostgreSQL warehouse.

Belongs here: seeing and ending them. Not here: the writers' lock (postgresql.py).

A build replaces tables, and a table that somebody reads can't be replaced; whoever asks for it meanwhile waits behind
the build. Timeouts of a role are no remedy: its sessions may set them as they like.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import URL

from ingestion.errors import WarehouseError
from ingestion.output import terminal
from ingestion.warehouses.postgresql_connection import DriverError, PostgresqlConnection, said

_SECONDS_BETWEEN_LOOKS = 1.0

# What a session asks is nobody else's business, and may hold personal data. Whoever may act as the builder is another
# writer in the queue, or somebody at work on the tables.
_HOLDERS = """
    select
        holder.pid,
        holder.usename::text as role,
        holder.application_name as application,
        pg_has_role(holder.usesysid, builder.usesysid, 'member') as is_builder,
        min(waiting.relation::regclass::text) as place
    from pg_locks as waiting
    inner join pg_stat_activity as builder on builder.pid = waiting.pid
    cross join lateral unnest(pg_blocking_pids(waiting.pid)) as blocking (pid)
    inner join pg_stat_activity as holder on holder.pid = blocking.pid
    where
        not waiting.granted
        and builder.datname = current_database()
        and builder.usename = current_user
        and holder.usesysid <> builder.usesysid
        and (waiting.relation is not null or not pg_has_role(holder.usesysid, builder.usesysid, 'member'))
    group by 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that a writer waits for.

    Attributes:
        pid: its number on the server.
        role: who it is.
        application: what it calls itself.
        is_builder: its role may act as the builder, as a superuser may.
        place: a table that is waited for; None: another lock.
    """

    pid: int
    role: str
    application: str
    is_builder: bool
    place: str | None


@dataclass(slots=True)
class Patience:
    """How long each role has held up a writer.

    By role and in all: who connects again for the next table doesn't get as long once more.
    """

    seconds: float
    _spent: dict[str, timedelta] = field(default_factory=dict)
    _since: dict[str, datetime] = field(default_factory=dict)

    def ended_for(self, roles: set[str], now: datetime, passed: timedelta) -> dict[str, str]:
        """Those of the roles that were waited for long enough, and for how long and since when, in words.

        Args:
            roles: who holds up a writer now.
            now: the moment, for what is told.
            passed: since the last look.
        """
        for role in roles:
            self._since.setdefault(role, now - passed)
            self._spent[role] = self._spent.get(role, timedelta()) + passed
        spent = {role: self._spent[role].total_seconds() for role in roles}
        return {
            role: f"waited {seconds:.0f} s for {role} since {self._since[role]:%H:%M:%S} UTC"
            for role, seconds in spent.items()
            if seconds >= self.seconds
        }


@contextmanager
def readers_ended(url: URL, after_seconds: float) -> Iterator[None]:
    """Until the block ends, end sessions of readers that hold up writers, and tell of it.

    Told too is who can't be: superusers, whoever may act as the builder, everybody where the builder is no member of
    pg_signal_backend.

    Args:
        url: the warehouse, with the writers' role.
        after_seconds: how long each role is waited for in all.
    """
    is_over = threading.Event()
    thread = threading.Thread(target=_watch, args=(url, Patience(after_seconds), is_over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _watch(url: URL, patience: Patience, is_over: threading.Event) -> None:
    connection: PostgresqlConnection | None = None
    told: set[int] = set()
    looked = time.monotonic()
    # Most holds are over before the first look, and need no connection.
    while not is_over.wait(_SECONDS_BETWEEN_LOOKS):
        passed, looked = timedelta(seconds=time.monotonic() - looked), time.monotonic()
        try:
            connection = connection or PostgresqlConnection(url, autocommit=True)
            holders = [Holder(**row) for row in connection.read(_HOLDERS).to_pylist()]
            patient_with = patience.ended_for({it.role for it in holders}, datetime.now(UTC), passed)
            for holder in holders:
                if holder.role in patient_with:
                    outcome = _ended(connection, holder)
                    if holder.pid not in told:
                        told.add(holder.pid)
                        terminal.say(f"{patient_with[holder.role]}, now for {holder.place or 'a lock'}: {outcome}")
        except (*DriverError, WarehouseError):
            # The server is gone or full, or a session or its role went while it was looked at.
            if connection:
                with suppress(*DriverError):
                    connection.close()
            connection = None
    if connection:
        connection.close()


def _ended(connection: PostgresqlConnection, holder: Holder) -> str:
    """End a session, if that is to be; what became of it, in words."""
    session = f"its session {holder.pid} ({holder.application or 'no application name'})"
    if holder.is_builder:
        return f"{session} is not ended, as the role is a superuser or may act as the builder"
    try:
        connection.read(f"select pg_terminate_backend({holder.pid}) as is_ended")
    except DriverError as error:
        return (
            f"{session} can't be ended: {said(error)}. A superuser can: grant pg_signal_backend to the builder's role"
        )
    return f"ended {session}"
