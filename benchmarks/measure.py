"""One command as a process of its own: its wall time, its processor time, its peak memory.

Belongs here: how a process is watched. Not here: which commands there are (contenders.py). Linux only: it reads /proc.
"""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Where the project is."""

POLL_SECONDS = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


KEY = {"PRIVACY_KEY": "the key of a benchmark, of some length"}
"""What pseudonyms are made with: sources that are no sample need one."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What one run took.

    Attributes:
        seconds: wall time from start to exit.
        cpu_seconds: processor time of the process and its children; a server's is not in it.
        peak_bytes: highest resident memory of the process and its children together. Pages that they share count
            once for each.
        started_at: seconds since 1970.
        watched: at each look, seconds since 1970 and the processor seconds until then.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    started_at: float
    watched: Sequence[tuple[float, float]]

    def cpu_between(self, start: float, end: float) -> float:
        """Processor seconds between two moments, given in seconds since 1970; as exact as the looks are close."""
        at_start, at_end = (
            max((cpu for at, cpu in self.watched if at <= moment), default=0.0) for moment in (start, end)
        )
        return at_end - at_start


def measured(command: Sequence[str], environment: dict[str, str], log: Path, folder: Path | None = None) -> Measure:
    """Run a command to its end.

    Args:
        command: program and arguments.
        environment: variables beside this process's.
        log: file that gets what it prints.
        folder: where it runs; this process's if None.

    Raises:
        RuntimeError: it ended with another exit code than 0; the message has the end of what it printed.
    """
    with log.open("wb") as output:
        start = os.times().elapsed
        started_at = time.time()
        process = subprocess.Popen(
            command, env=os.environ | KEY | environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = os.times().elapsed - start
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
    if process.returncode != 0:
        said = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{command[0]} ended with exit code {process.returncode}:\n{said}")
    return Measure(seconds, usage.ru_utime + usage.ru_stime, watch.peak, started_at, watch.watched)


class _Watch(threading.Thread):
    """Looks at a process and its descendants again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.peak = 0
        self.watched: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        # Not ru_maxrss: it begins with what this process holds, and knows no sum.
        while not self._ended.wait(POLL_SECONDS):
            resident, cpu = _usage(self._pid)
            self.peak = max(self.peak, resident)
            self.watched.append((time.time(), cpu))

    def stop(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join()


def _usage(pid: int) -> tuple[int, float]:
    """Resident bytes, and processor seconds until now, of a process and its descendants."""
    folder = Path(f"/proc/{pid}")
    resident, cpu = 0, 0.0
    # A process may end while it is looked at.
    with suppress(OSError):
        resident = int((folder / "statm").read_text().split()[1]) * PAGE_BYTES
        # Behind the name, which may hold anything: its own time and that of children that have ended.
        times = (folder / "stat").read_text().rpartition(")")[2].split()[11:15]
        cpu = sum(int(ticks) for ticks in times) / TICKS_PER_SECOND
        for thread in (folder / "task").iterdir():
            for child in (thread / "children").read_text().split():
                more = _usage(int(child))
                resident, cpu = resident + more[0], cpu + more[1]
    return resident, cpu
