"""The files of deploy/, in folders of a test's own, and what systemd would do with them."""

import getpass
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from dotenv import dotenv_values

from ingestion.settings import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
TIMEOUT_SECONDS = 180


class Deployment:
    """A server's folders below one folder; the project and its Python stay where they are."""

    def __init__(self, folder: Path, port: int = 3000, sockets: Path = Path("/var/run/postgresql")) -> None:
        self.folder = folder
        self.port = port
        self._places = {
            "/opt/crm-warehouse/.venv/bin": str(Path(sys.executable).parent),
            "/opt/crm-warehouse/deploy": str(folder / "deploy"),
            "/opt/crm-warehouse": str(PROJECT_ROOT),
            "/etc/crm-warehouse": str(folder / "etc"),
            "/run/crm-warehouse": str(folder / "run"),
            "/var/lib/crm-warehouse": str(folder / "var"),
            "--port 3000": f"--port {port}",
            "127.0.0.1:3000": f"127.0.0.1:{port}",
            "/var/run/postgresql": str(sockets),
            # All runs as the test's own user.
            "/usr/sbin/runuser -u crm-warehouse -- ": "",
            " crm-warehouse ": f" {getpass.getuser()} ",
        }
        for path in DEPLOY.rglob("*"):
            if path.is_file():
                copy = folder / path.relative_to(PROJECT_ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(self._moved(path.read_text(encoding="utf-8")), encoding="utf-8")
                copy.chmod(path.stat().st_mode)

    def _moved(self, text: str) -> str:
        return re.sub("|".join(map(re.escape, self._places)), lambda place: self._places[place[0]], text)

    @property
    def environment_file(self) -> Path:
        return self.folder / "etc" / "environment"

    @property
    def environment(self) -> dict[str, str]:
        """What systemd would give a service: the file's variables, and no more than it must of the test's own."""
        own = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        file = {name: value or "" for name, value in dotenv_values(self.environment_file).items()}
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder / "var"), **own, **file}

    def configure(self, values: dict[str, str]) -> None:
        """Make the environment file from the template, with some of its values."""
        text = self.read("environment.example")
        for name, value in values.items():
            text, found = re.subn(rf"(?m)^#?{name}=.*$", lambda _, line=f"{name}={value}": line, text)
            assert found == 1, f"the template does not name {name}"
        self.environment_file.parent.mkdir()
        self.environment_file.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        """A file of deploy/ as it is for this place."""
        return (self.folder / "deploy" / name).read_text(encoding="utf-8")

    def make_folders(self) -> None:
        """Do what systemd-tmpfiles would."""
        for line in self.read("tmpfiles.conf").splitlines():
            if not line.startswith("#"):
                kind, path, _, _, _, _, *target = line.split()
                if kind == "d":
                    Path(path).mkdir()
                else:
                    assert kind == "L+"
                    Path(path).symlink_to(*target)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command of deploy/ to its end."""
        return subprocess.run(
            [self.folder / "deploy" / "crm-warehouse", *arguments],
            cwd="/",
            env={k: v for k, v in self.environment.items() if k in ("PATH", "HOME", "PYTHONPATH")},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def unit(self, name: str) -> dict[str, list[str]]:
        """A service's directives, with those of all services."""
        found: dict[str, list[str]] = {}
        for file in ("crm-warehouse-.service.d/common.conf", f"crm-warehouse-{name}.service"):
            for line in self.read(f"systemd/{file}").splitlines():
                if line and line[0] not in "#[":
                    key, _, value = line.partition("=")
                    found.setdefault(key, []).append(value)
        return found


class Service:
    """A running service."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self._deployment = deployment
        self._unit = deployment.unit(name)
        self.log = deployment.folder / f"{name}.log"
        for folder in self._unit.get("RuntimeDirectory", []):
            assert folder == "crm-warehouse"
            (deployment.folder / "run").mkdir()
        for command in self._unit.get("ExecStartPre", []):
            self._run(command)
        with self.log.open("a") as log:
            [command] = self._unit["ExecStart"]
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                # In a shell's background. Services inherit that, which systemd does not do.
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self.process = subprocess.Popen(
                shlex.split(command),
                **self._place,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        for command in self._unit.get("ExecStartPost", []):
            self._run(command)

    @property
    def _place(self) -> dict[str, object]:
        [folder] = self._unit["WorkingDirectory"]
        assert self._unit["EnvironmentFile"] == [str(self._deployment.environment_file)]
        # So that one that does not end can be asked where it is.
        return {"cwd": folder, "env": self._deployment.environment | {"PYTHONFAULTHANDLER": "1"}}

    def _run(self, command: str) -> None:
        with self.log.open("a") as log:
            place = self._place
            subprocess.run(
                shlex.split(command), **place, stdout=log, stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS, check=True
            )

    def stop(self) -> int:
        """Stop it as systemd would, which tells the main process alone (KillMode=mixed); returns its exit code."""
        assert self._unit["KillMode"] == ["mixed"]
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=int(self._unit.get("TimeoutStopSec", ["90"])[0]))
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"It went on after SIGTERM:\n{self.log.read_text(errors='replace')}") from None

    def kill(self) -> None:
        """Kill it and all processes that it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()
