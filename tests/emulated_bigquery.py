"""A BigQuery for tests: an emulator in an environment and a process of its own, on free ports of this machine.

`emulator/start.py` names what is mended in it. What it can't show, whatever passes here: that partitions and clusters
are used, what a query costs, that jobs run at once, that columns of Parquet files are found by name (it goes by their
position, which is the same here), that scratch tables end by themselves. That BigQuery would take a statement is for
googlesql.py to say.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
START_SECONDS = 120
STOP_SECONDS = 5


@contextmanager
def running_emulator(log: Path) -> Iterator[str]:
    """An emulator until the block ends; its address.

    Args:
        log: where it writes what it has to say.
    """
    if not PYTHON.exists():
        raise FileNotFoundError(f"{PYTHON} is missing. Make it: make {PYTHON.parents[1].name}/.installed")
    rest, grpc = _free_ports()
    arguments = ["start", "--rest-port", str(rest), "--grpc-port", str(grpc), "--log-level", "warning"]
    settings = os.environ | {"BQEMU_ENABLE_FORMAT_EXTENSIONS": "false"}
    with (
        log.open("wb") as told,
        subprocess.Popen(
            [PYTHON, Path(__file__).with_name("emulator") / "start.py", *arguments],
            env=settings,
            stdout=told,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _is_ready(rest):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The emulator did not start; it says in {log}: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{rest}"
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _is_ready(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
