"""Hours of runs that two schedulers start at once, by mistake, while people read and periods are published again.

Nothing is lost, and nobody meets an error or a half-written copy. `LOAD_HOURS=8` makes it a working day, and has
Dagster's daemon look on: its memory, and what an hour leaves in Dagster's storage, stay as they were.
"""

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from end_to_end.conftest import AS_OF
from end_to_end.place import Place
from end_to_end.test_pipeline import assert_totals_agree
from oracle.check import disagreements_of_system
from parsed_project import TWO_SYSTEMS

from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

HOURS = int(os.environ.get("LOAD_HOURS", "1"))
BACKFILL = "visits_daily_by_tenant"
DAYS = [str(date(2026, 9, 15) + timedelta(days=day)) for day in range(46)]
"""Of the sample: all that can be published once more."""
GROWTH = 1.25
"""What the last hour may take more than the second: the first one reads and caches what later ones have."""


class Reader(threading.Thread):
    """Somebody who opens the copy for BI tools as soon as it is another, and sees what it says."""

    def __init__(self, copy: Path) -> None:
        super().__init__(daemon=True)
        self._copy, self._ends = copy, threading.Event()
        self.counts: list[int] = []
        self.fault: Exception | None = None

    def run(self) -> None:
        seen = None
        while not self.fault:
            is_last = self._ends.is_set()
            told = self._copy.stat()
            if not is_last and seen == (seen := (told.st_ino, told.st_mtime_ns, told.st_size)):
                self._ends.wait(0.01)
                continue
            try:
                with duckdb.connect(self._copy, read_only=True) as copy:
                    [(messages, by_month)] = copy.execute(
                        "select (select sum(total_messages)::bigint from marts.messages_daily),"
                        " (select sum(total_messages)::bigint from marts.messages_monthly)"
                    ).fetchall()
                # Both were copied at once, or neither.
                assert messages == by_month, f"{messages} messages by day, and {by_month} by month"
                self.counts.append(messages)
            except Exception as fault:
                self.fault = fault
            if is_last:
                return

    def end(self) -> None:
        self._ends.set()
        self.join()


@contextmanager
def reading(place: Place) -> Iterator[Reader]:
    """Somebody who reads until the block ends, without a fault."""
    reader = Reader(place.folder / "bi.duckdb")
    reader.start()
    try:
        yield reader
    finally:
        reader.end()
    assert reader.fault is None, reader.fault
    assert reader.counts == sorted(reader.counts)


@contextmanager
def daemon(place: Place) -> Iterator[subprocess.Popen[str] | None]:
    """Dagster's daemon, where there are hours enough to see what becomes of it."""
    if HOURS == 1:
        yield None
        return
    with (place.folder / "daemon.log").open("w") as log:
        command = ["dagster-daemon", "run", "--workspace", "workspace.yaml"]
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=place.environment, stdout=log, stderr=log, text=True)
        try:
            yield process
            assert process.poll() is None, (place.folder / "daemon.log").read_text()[-3000:]
        finally:
            process.terminate()
            process.wait()


def memory(process: subprocess.Popen[str]) -> int:
    """Kilobytes of memory that a process has."""
    assert process.poll() is None, "the daemon has ended; see its log"
    [told] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(told)


def stored(place: Place) -> int:
    """Bytes of Dagster's record of runs."""
    files = [path for part in ("history", "storage") for path in (place.folder / "dagster" / part).rglob("*")]
    return sum(path.stat().st_size for path in files if path.is_file())


def live_an_hour(place: Place, hour: int) -> None:
    """A customer writes, and a visit is changed."""
    place.environment["AS_OF"] = (AS_OF + timedelta(hours=hour)).isoformat()
    place.receive_message()
    with closing(sqlite3.connect(place.folder / "sample" / "restaurant.sqlite")) as source, source:
        source.execute(
            "update visits set spend_cents = spend_cents + 1, visited_at = visited_at"
            f" where id = (select id from visits where spend_cents > 0 order by id limit 1 offset {hour})"
        )


def test_runs_at_once_readers_and_a_backfill_lose_nothing_and_leave_no_more_each_hour(place_of_two: Place) -> None:
    place, sizes, memories = place_of_two, [stored(place_of_two)], []
    with daemon(place) as watched, reading(place) as reader:
        for hour in range(1, HOURS + 1):
            live_an_hour(place, hour)
            commands = [("orchestration", "run")] * 2 + [("exports", "run", "--name", BACKFILL, "--period", *DAYS)]
            running = [
                subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=PROJECT_ROOT,
                    env=place.environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for command in commands
            ]
            for process in running:
                _, errors = process.communicate(timeout=1_800)
                assert process.returncode == 0, errors
            sizes.append(stored(place))
            memories += [memory(watched)] if watched else []
    assert reader.counts[-1] == reader.counts[0] + HOURS
    assert_totals_agree(place, place.folder / "sample" / "whatsapp.sqlite")
    as_of = AS_OF + timedelta(hours=HOURS)
    assert {system: disagreements_of_system(place.warehouse, system, as_of) for system in TWO_SYSTEMS} == {
        system: [] for system in TWO_SYSTEMS
    }
    if HOURS > 2:
        grown = [later - former for former, later in pairwise(sizes)]
        assert grown[-1] <= grown[1] * GROWTH, grown
        assert memories[-1] <= memories[1] * GROWTH, memories
