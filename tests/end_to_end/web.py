"""Web servers that tests start, and the browser that looks at what they show."""

import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

START_SECONDS = 180

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these a browser looks for hosts of its maker, which is no part of the test.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
"""It comes from Debian, not from a package index (CONTRIBUTING)."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_until_it_answers(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert server.poll() is None, "the web server ended before it answered; see its log"
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
            return
        except OSError:
            assert time.monotonic() < deadline, f"the web server did not answer within {START_SECONDS} s"
            time.sleep(0.5)
