"""An Apache Superset in an environment and a process of its own, and what tests ask of its API."""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".venv-superset" / "bin"
_START_SECONDS = 120
_ANSWER_SECONDS = 120
_CONFIGURATION = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
"""
_USER = ("admin", "trial")


class Superset:
    """A running one."""

    def __init__(self, port: int) -> None:
        self._port, self._token = port, ""
        user, password = _USER
        body = {"username": user, "password": password, "provider": "db", "refresh": False}
        self._token = self.ask("/security/login", body)["access_token"]

    def ask(self, path: str, body: object = None) -> Any:
        """What the API answers; a body is posted."""
        return self._answer(path, None if body is None else json.dumps(body).encode(), "application/json")

    def import_dashboard(self, archive: Path) -> None:
        """As the button does."""
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="formData"; filename="{archive.name}"\r\n'
        body = f"{head}Content-Type: application/zip\r\n\r\n".encode() + archive.read_bytes()
        body += f"\r\n--{boundary}--\r\n".encode()
        self._answer("/dashboard/import/", body, f"multipart/form-data; boundary={boundary}")

    def rows_of(self, chart: Any) -> list[dict[str, Any]]:
        """What a chart of a dashboard shows."""
        told = chart["form_data"]
        week = {
            "label": told["x_axis"],
            "sqlExpression": told["x_axis"],
            "expressionType": "SQL",
            "columnType": "BASE_AXIS",
            "timeGrain": told["time_grain_sqla"],
        }
        query = {
            "columns": [week, *told["groupby"]],
            "metrics": told["metrics"],
            "filters": [
                {"col": one["subject"], "op": one["operator"], "val": one["comparator"]}
                for one in told["adhoc_filters"]
            ],
            "row_limit": told["row_limit"],
        }
        dataset = {"id": int(told["datasource"].partition("__")[0]), "type": "table"}
        answer = self.ask("/chart/data", {"datasource": dataset, "queries": [query], "force": True})
        rows: list[dict[str, Any]] = answer["result"][0]["data"]
        return rows

    def _answer(self, path: str, body: bytes | None, type_: str) -> Any:
        headers = {"Content-Type": type_} | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)) as connection:
            connection.request("GET" if body is None else "POST", f"/api/v1{path}", body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        assert response.status == 200, f"{path}: {text}"
        return json.loads(text)


@contextmanager
def running_superset(folder: Path) -> Iterator[Superset]:
    """A new one, until the block ends; what it has to say is in `superset.log`."""
    if not BINARIES.exists():
        raise FileNotFoundError(f"{BINARIES} is missing. Make it: make .venv-superset/.installed")
    settings = folder / "superset_config.py"
    # Requests with a token of the API need none against forged ones.
    text = _CONFIGURATION.format(secret=secrets.token_hex(32), folder=folder)
    settings.write_text(text + "WTF_CSRF_ENABLED = False\n", encoding="utf-8")
    environment = os.environ | {"SUPERSET_CONFIG_PATH": str(settings), "FLASK_APP": "superset"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user, password = _USER
    names = ["--username", user, "--firstname", "A", "--lastname", "B", "--email", "a@example.org"]
    with (folder / "superset.log").open("wb") as log:

        def run(*command: str) -> None:
            program = [BINARIES / "superset", *command]
            subprocess.run(program, env=environment, stdout=log, stderr=log, check=True)

        run("db", "upgrade")
        run("fab", "create-admin", *names, "--password", password)
        run("init")
        with subprocess.Popen(
            [BINARIES / "superset", "run", "-p", str(port)], env=environment, stdout=log, stderr=log
        ) as process:
            try:
                deadline = time.monotonic() + _START_SECONDS
                while not _is_ready(port):
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"Superset did not start; see {folder / 'superset.log'}.")
                    time.sleep(0.5)
                yield Superset(port)
            finally:
                process.terminate()


def _is_ready(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
