"""What `python -m orchestration health` tells, whatever the warehouse is like."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
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

from ingestion.settings import PROJECT_ROOT
from orchestration.__main__ import main, prepare_home
from orchestration.outcome import read_outcome


class Place:
    """A sandbox with Dagster's home, as the command sees it."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.sandbox, self._monkeypatch, self._capsys = sandbox, monkeypatch, capsys
        self.home = sandbox.folder / "dagster"
        monkeypatch.setenv("DAGSTER_HOME", str(self.home))
        prepare_home()

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


@pytest.fixture
def place(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Place:
    """A source that was read on the day that its rows are of."""
    sandbox.more["as_of"] = datetime(2026, 3, 1, 14, tzinfo=UTC)
    sandbox.sql(message(1))
    assert sandbox.run().errors == []
    return Place(sandbox, monkeypatch, capsys)


def test_ordinary_day_is_well(place: Place) -> None:
    code, told = place.told()
    assert code == 0, told
    assert max(map(len, told.splitlines())) <= 110
    assert place.grades() == {"whatsapp": "well", "runs": "well", "disk": "well"}
    assert read_outcome(place.home, datetime.now(UTC))[0] == 200


def test_frozen_source_is_told_once_for_all_its_tables(place: Place) -> None:
    place.sandbox.more["as_of"] = datetime(2026, 3, 5, tzinfo=UTC)
    health = place.health()
    [finding] = health["findings"]
    assert (health["grade"], finding["kind"], finding["subject"]) == ("critical", "stale", "whatsapp")
    assert finding["what"].startswith("whatsapp: messages: it is read, but its newest row is of 2026-03-01 10:00 UTC:")
    assert finding["since"].startswith("2026-03-01T10:00")
    assert read_outcome(place.home, datetime.now(UTC))[0] == 503


def test_table_that_failed_and_refused_deletes_are_told_apart(place: Place) -> None:
    place.sandbox.sql("delete from messages", "alter table tenants rename column id to ident")
    place.sandbox.run()
    found = {(finding["kind"], finding["subject"]) for finding in place.health()["findings"]}
    assert found == {("deletes_refused", "whatsapp.messages"), ("table_failed", "whatsapp.tenants")}


def test_nothing_that_runs_is_told_with_what_is_off(place: Place) -> None:
    place.sandbox.age_state("last_run_at", 27)
    found = {finding["kind"]: finding for finding in place.health()["findings"]}
    assert found.keys() == {"nothing_runs", "stale"}
    assert "27h ago: no schedule is on." in found["nothing_runs"]["what"]
    place.switch_on(timedelta(minutes=1))
    found = {finding["kind"]: finding for finding in place.health()["findings"]}
    assert "the daemon is alive and a schedule on" in found["nothing_runs"]["what"]


def test_dead_daemon_is_told_while_tables_are_fresh(place: Place) -> None:
    place.switch_on(timedelta(minutes=1))
    assert place.grades()["runs"] == "well"
    place.switch_on(timedelta(hours=2))
    [finding] = place.health()["findings"]
    assert (finding["kind"], finding["subject"]) == ("nothing_runs", "runs")
    assert "The daemon that starts runs has given no sign of life since" in finding["what"]


def test_warehouse_that_a_run_has_is_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.health.PATIENCE_SECONDS", 0.1)
    holder = (
        "import sys; from ingestion.settings import Settings; from ingestion.loading.run import Ingestion\n"
        "with Ingestion(Settings.read()).warehouse.session():\n    print('held', flush=True); sys.stdin.read()"
    )
    place.sandbox.export_settings(monkeypatch)
    with subprocess.Popen(
        [sys.executable, "-c", holder], cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        health = place.health()
        process.communicate("")
    [warehouse] = [check for check in health["checks"] if check["name"] == "warehouse"]
    assert (warehouse["grade"], warehouse["told"]) == ("well", "in use by a run: not looked at")
    assert health["findings"] == []


def test_file_that_another_program_has_open_is_in_use(place: Place) -> None:
    path = place.sandbox.folder / "warehouse.duckdb"
    opener = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", opener, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert place.grades()["warehouse"] == "well"
        process.communicate("")


def test_warehouse_that_is_absent_or_broken_is_critical(place: Place) -> None:
    path = place.sandbox.folder / "warehouse.duckdb"
    path.unlink()
    health = place.health()
    assert {check["name"]: check["grade"] for check in health["checks"]}["warehouse"] == "critical"
    assert [finding["what"] for finding in health["findings"]] == ["Nothing has ever run."]
    path.write_text("Dear reader, " * 500)
    health = place.health()
    assert (health["grade"], health["findings"]) == ("critical", [])


def test_storage_of_dagster_that_cannot_be_read_is_told(place: Place) -> None:
    (place.home / "dagster.yaml").write_text("storage: {sqlite: {base_dir: /dev/null/nowhere}}")
    assert place.grades()["runs"] == "warning"


def test_outcome_that_cannot_be_left_keeps_nothing_from_being_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("orchestration.health.write_outcome", full)
    place.sandbox.export_settings(monkeypatch)
    assert main(["health"]) == 0
    assert "The outcome can't be left for /health: No space left on device." in capsys.readouterr().err


def test_wrong_usage_and_wrong_settings_have_a_code_of_their_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["health", "--jsn"])
    assert ended.value.code == 64
    monkeypatch.setenv("WAREHOUSE_URL", "nonsense")
    assert main(["health"]) == 64


def test_look_starts_nothing_of_the_models(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.sandbox.export_settings(monkeypatch)
    code = (
        "import sys; from orchestration.__main__ import main; main(['health']); "
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'dbt', 'dagster_dbt', 'dagster_webserver'}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_folder_of_dagster_that_cannot_be_made_is_critical(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.sandbox.folder / "file").write_text("")
    monkeypatch.setenv("DAGSTER_HOME", str(place.sandbox.folder / "file" / "dagster"))
    assert main(["health"]) == 2
    assert "error: Dagster's folder can't be made, so nothing can run: Not a directory." in capsys.readouterr().err
