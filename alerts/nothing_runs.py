"""Whether anything runs at all, which no run can tell.

Belongs here: what the signs of life mean. Not here: looking for them (orchestration/signs.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.findings import Finding, Kind
from ingestion.catalogue.freshness import NEVER, Freshness
from ingestion.operations.judging import duration

SUBJECT = "runs"
DAEMON_SILENT = timedelta(minutes=30)
"""As Dagster itself has it: it gives a sign of life every half a minute, and may be busy for long."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What Dagster's storage tells.

    Attributes:
        last_run_at: when the last run began, whatever job it was of; None where there was none.
        schedules: the schedules that are on.
        daemon_at: when the daemon last gave a sign of life; None where it never did.
        fault: why the storage can't be read: then nothing else is told.
    """

    last_run_at: datetime | None = None
    schedules: Sequence[str] = ()
    daemon_at: datetime | None = None
    fault: str | None = None

    def told(self, now: datetime) -> str:
        """In words."""
        if self.fault:
            return f"Dagster's storage can't be read: {self.fault}"
        run = f"last run {duration(now - self.last_run_at)} ago" if self.last_run_at else "no run yet"
        return f"{run}; {self._schedules}; {self._daemon(now)}"

    @property
    def _schedules(self) -> str:
        return f"{', '.join(self.schedules)} on" if self.schedules else "no schedule is on"

    def _daemon(self, now: datetime) -> str:
        return f"daemon seen {duration(now - self.daemon_at)} ago" if self.daemon_at else "no daemon yet"


def find(signs: Signs, last_read_at: datetime | None, limit: Freshness, now: datetime) -> Finding | None:
    """What is wrong; None if nothing is.

    Args:
        signs: of Dagster.
        last_read_at: when any table was last read, as the warehouse remembers, for extraction needs no Dagster; now
            while something has it; None where nothing was ever loaded.
        limit: how long nothing may run: that of the table which is to be read most often.
        now: the clock's instant.
    """
    is_dead = signs.daemon_at is None or now - signs.daemon_at > DAEMON_SILENT
    if signs.schedules and is_dead and not signs.fault:
        since = f"since {signs.daemon_at:%Y-%m-%d %H:%M} UTC" if signs.daemon_at else "ever"
        return _finding(
            f"The daemon that starts runs has given no sign of life {since}: {', '.join(signs.schedules)} is on, and "
            "nothing will start.",
            "systemctl restart crm-warehouse-daemon",
            signs.daemon_at,
        )
    heard = max((at for at in (signs.last_run_at, last_read_at) if at), default=None)
    if heard is None:
        if signs.fault:
            return None
        return _finding("Nothing has ever run.", "python -m orchestration run", None)
    if limit.read_within == NEVER or (age := limit.age(heard, now)) <= limit.read_within:
        return None
    why, remedy = ("the daemon is alive and a schedule on: see the queue in the UI", "python -m orchestration run")
    if not signs.schedules:
        why = "no schedule is on"
        remedy = "dagster schedule start --workspace workspace.yaml warehouse_hourly"
    if signs.fault:
        why, remedy = f"Dagster's storage can't be read: {signs.fault}", "python -m orchestration run"
    told = f"Nothing has run since {heard:%Y-%m-%d %H:%M} UTC, {duration(age)} ago: {why}."
    return _finding(told, remedy, heard)


def _finding(what: str, remedy: str, since: datetime | None) -> Finding:
    return Finding(Kind.NOTHING_RUNS, SUBJECT, what, (), remedy, since)
