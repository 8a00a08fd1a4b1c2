"""A sandbox with Dagster's home, as `python -m orchestration health` sees it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from sandbox import Sandbox, message

from ingestion.loading.run import Ingestion
from ingestion.log.state import MODELS, TableState
from orchestration.__main__ import main
from orchestration.commands import prepare_home


class Place:
    """A source that was read on the day that its rows are of, and built."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox, self._monkeypatch, self._capsys = sandbox, monkeypatch, capsys
        sandbox.more["as_of"] = datetime(2026, 3, 1, 14, tzinfo=UTC)
        sandbox.sql(message(1))
        assert sandbox.run().errors == []
        self.note_build(datetime.now(UTC))
        self.home = sandbox.folder / "dagster"
        monkeypatch.setenv("DAGSTER_HOME", str(self.home))
        prepare_home()

    def note_build(self, ended_at: datetime | None) -> None:
        """Have its models been built to the end, or begun alone."""
        with Ingestion(self.sandbox.settings()).warehouse.session() as session:
            session.remember("whatsapp", TableState(MODELS, last_run_at=ended_at))

    def told(self, *arguments: str) -> tuple[int, str]:
        """Exit code and what was printed."""
        self.sandbox.export_settings(self._monkeypatch)
        self._capsys.readouterr()
        code = main(["health", *arguments])
        output = self._capsys.readouterr()
        assert "Traceback" not in output.err
        return code, output.out

    def health(self) -> dict[str, Any]:
        code, output = self.told("--json")
        health: dict[str, Any] = json.loads(output)
        assert ["well", "warning", "critical"][code] == health["grade"]
        return health

    def grades(self) -> dict[str, str]:
        return {check["name"]: check["grade"] for check in self.health()["checks"]}

    @contextmanager
    def dagster(self) -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.get() as instance:
            yield instance

    def switch_on(self, daemon_seen: timedelta) -> None:
        """Have the schedule be on, and the daemon have been seen so long ago."""
        location = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="orchestration.definitions"))
        schedule = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "warehouse_hourly")
        data = ScheduleInstigatorData("5 * * * *", datetime.now(UTC).timestamp())
        seen = (datetime.now(UTC) - daemon_seen).timestamp()
        with self.dagster() as instance:
            if not instance.all_instigator_state():
                instance.add_instigator_state(
                    InstigatorState(schedule, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data)
                )
            for thread in ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"):
                instance.add_daemon_heartbeat(DaemonHeartbeat(seen, thread, "one", []))
