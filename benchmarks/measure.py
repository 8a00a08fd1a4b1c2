"""One command as a process of its own: its wall time, its processor time, its peak memory.

Belongs here: how a process is watched. Not here: which commands there are (contenders.py). Linux only: it reads /proc.
"""

import os
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Measure:
    """What one run took.

    Attributes:
        seconds: wall time from start to exit.
        cpu_seconds: processor time of the process and its children; a server's is not in it.
        peak_bytes: highest resident memory of the process and its children together. Pages that they share count
            once for each.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def measured(command: Sequence[str], environment: dict[str, str], log: Path) -> Measure:
    """Run a command to its end.

    Args:
        command: program and arguments.
        environment: variables beside this process's.
        log: file that gets what it prints.

    Raises:
        RuntimeError: it ended with another exit code than 0; the message has the end of what it printed.
    """
    with log.open("wb") as output:
        start = os.times().elapsed
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT)
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = os.times().elapsed - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = watch.stop()
    if process.returncode != 0:
        said = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{command[0]} ended with exit code {process.returncode}:\n{said}")
    return Measure(seconds, usage.ru_utime + usage.ru_stime, peak)


class _Watch(threading.Thread):
    """Looks at a process and its descendants again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        # Not ru_maxrss: it begins with what this process holds, and knows no sum.
        while not self._ended.wait(POLL_SECONDS):
            self._peak = max(self._peak, _resident_bytes(self._pid))

    def stop(self) -> int:
        """Stop looking; the highest sum seen, in bytes."""
        self._ended.set()
        self.join()
        return self._peak


def _resident_bytes(pid: int) -> int:
    folder = Path(f"/proc/{pid}")
    total = 0
    # A process may end while it is looked at.
    with suppress(OSError):
        total = int((folder / "statm").read_text().split()[1]) * PAGE_BYTES
        for thread in (folder / "task").iterdir():
            total += sum(_resident_bytes(int(child)) for child in (thread / "children").read_text().split())
    return total
