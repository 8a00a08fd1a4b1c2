"""A look at everything that no run can see, and at what runs leave behind.

Belongs here: gathering it, whatever is locked, absent or full. Not here: each judgement (freshness.py, counts.py,
disk.py, nothing_runs.py), Dagster's signs of life (orchestration/signs.py), display (orchestration/health.py).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from alerts import counts, nothing_runs
from alerts.disk import disks, places
from alerts.findings import Finding, Kind, Look, Severity
from alerts.freshness import SourceAge, read_marts, read_sources, read_unbuilt, tightest
from alerts.nothing_runs import Signs
from ingestion.errors import IngestionError, StorageError, WarehouseAbsentError, WarehouseBusyError
from ingestion.loading.run import Ingestion
from ingestion.operations.judging import Grade, duration, worst
from ingestion.rows.columns import RawTable
from ingestion.settings import Settings

PATIENCE_SECONDS = 5.0
"""How long a warehouse is waited for that is in use."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        grade: how it is.
        told: what was seen, in words.
    """

    name: str
    grade: Grade
    told: str


@dataclass(frozen=True, slots=True)
class Health:
    """How everything is.

    Attributes:
        checks: one by one.
        look: what is to be told.
    """

    checks: tuple[Check, ...]
    look: Look

    @property
    def grade(self) -> Grade:
        """The worst of all."""
        return worst(check.grade for check in self.checks)

    def record(self, at: datetime) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {
            "grade": self.grade.word,
            "judged_at": at.isoformat(),
            "checks": [{"name": c.name, "grade": c.grade.word, "told": c.told} for c in self.checks],
            "findings": [
                {
                    "kind": f.kind.value,
                    "subject": f.subject,
                    "what": f.what,
                    "systems": list(f.systems),
                    "remedy": f.remedy,
                    "since": f.since.isoformat() if f.since else None,
                }
                for f in self.look.findings
            ],
        }


class Examination:
    """Gathers checks and findings.

    Args:
        settings: where everything is.
        home: Dagster's folder.
        signs: of Dagster.
        now: the clock's instant.
    """

    def __init__(self, settings: Settings, home: Path, signs: Signs, now: datetime) -> None:
        self._ingestion = Ingestion(settings.with_patience(PATIENCE_SECONDS))
        self._home, self._signs, self._now = home, signs, now
        self._checks: list[Check] = []
        self._findings: list[Finding] = []
        self._seen: dict[Kind, Collection[str] | None] = {}

    def health(self) -> Health:
        """Look at everything. It never raises: what can't be looked at is told so."""
        self._runs(self._warehouse())
        self._disks()
        return Health(tuple(self._checks), Look(tuple(self._findings), self._seen))

    def _warehouse(self) -> datetime | None:
        """Look at what is in the warehouse; returns when any table was last read, None if none ever was."""
        try:
            with self._ingestion.warehouse.reader():
                sources = read_sources(self._ingestion, self._now)
                for one in sources:
                    self._told(one.name, one.grade, one.told(self._now), one.findings())
                self._marts(sources)
                self._counts(sources)
                self._archive(sources)
        except WarehouseBusyError:
            self._told("warehouse", Grade.WELL, "in use by a run: not looked at")
            return self._now
        except WarehouseAbsentError as error:
            self._told("warehouse", Grade.CRITICAL, str(error))
            return None
        except IngestionError as error:
            self._told("warehouse", Grade.CRITICAL, str(error))
            # Each run that there is will say so itself; if there are any, Dagster knows.
            return self._signs.last_run_at or self._now
        return max((at for one in sources if (at := one.last_read_at)), default=None)

    def _marts(self, sources: Collection[SourceAge]) -> None:
        marts, unbuilt = read_marts(self._ingestion), read_unbuilt(self._ingestion, sources)
        wrong = [*(one.finding(self._now) for one in marts), *(one.finding(self._now) for one in unbuilt)]
        found = [finding for finding in wrong if finding]
        # All that grows old was looked at, tables and marts.
        self._seen[Kind.STALE] = None
        if marts or unbuilt:
            oldest = min((one.built_at for one in marts if one.built_at), default=None)
            well = f"built {duration(self._now - oldest)} ago" if oldest else "never built"
            waiting = [one.told(self._now) for one in unbuilt]
            told = list(dict.fromkeys([*(finding.what for finding in found), *waiting]))
            grade = worst((_grade(found), Grade.WARNING if waiting else Grade.WELL))
            self._told("marts", grade, " ".join(told) or well, found)

    def _counts(self, sources: Collection[SourceAge]) -> None:
        covered = {one.name: at for one in sources if (at := one.covered_until)}
        series = counts.read_series(self._ingestion.warehouse, self._ingestion.settings.now, covered)
        found = [*counts.findings(counts.unusual(series))]
        self._seen |= {Kind.SILENT: None, Kind.ANOMALY: None}
        if series:
            well = f"{len(series):,} series as usual, up to {max(one.last_day for one in series)}"
            self._told("counts", _grade(found), " ".join(f.what for f in found) or well, found)

    def _archive(self, sources: Collection[SourceAge]) -> None:
        """See whether each table's last batch is in the archive: one out of a backup lacks it, and no run needs it."""
        archive = self._ingestion.archive
        committed = [(RawTable(t.source, t.table, (), ()), t.state.batch_seq) for one in sources for t in one.tables]
        try:
            lacking = [archive.name(*batch) for batch in committed if batch[1] and not archive.has(*batch)]
        except StorageError as error:
            self._told("archive", Grade.CRITICAL, str(error))
            return
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            told = f"lacks {lacking[0]}{more} of what raw has, so that no rebuild could bring it back: put a whole copy"
            self._told("archive", Grade.WARNING, f"{told} of it in its place")

    def _runs(self, last_read_at: datetime | None) -> None:
        finding = nothing_runs.find(self._signs, last_read_at, tightest(self._ingestion), self._now)
        self._seen[Kind.NOTHING_RUNS] = None
        grade = Grade.CRITICAL if finding else Grade.WARNING if self._signs.fault else Grade.WELL
        self._told(
            "runs", grade, finding.what if finding else self._signs.told(self._now), [finding] if finding else []
        )

    def _disks(self) -> None:
        found = disks(places(self._ingestion.settings, self._home))
        self._seen[Kind.DISK_NEARLY_FULL] = [disk.subject for disk in found]
        for disk in found:
            self._told("disk", disk.grade, f"{disk.subject}: {disk.told()}", disk.findings())

    def _told(self, name: str, grade: Grade, told: str, findings: Any = ()) -> None:
        self._checks.append(Check(name, grade, told))
        self._findings += findings


def _grade(findings: Collection[Finding]) -> Grade:
    severities: Mapping[Severity, Grade] = {Severity.CRITICAL: Grade.CRITICAL, Severity.WARNING: Grade.WARNING}
    return worst(severities[finding.kind.severity] for finding in findings)
