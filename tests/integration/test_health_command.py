"""What `python -m orchestration health` tells, whatever the warehouse is like."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from health_place import Place
from sandbox import Sandbox

from alerts.freshness import read_sources, read_unbuilt
from alerts.telling import open_incidents
from ingestion.loading.run import Ingestion
from ingestion.settings import PROJECT_ROOT
from orchestration.__main__ import main
from orchestration.outcome import read_outcome

pytestmark = pytest.mark.slow


@pytest.fixture
def place(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
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


def test_system_that_was_never_built_is_told_while_all_else_is_well(place: Place) -> None:
    """At once by a warning; people are told once its first build would have ended, if none has."""
    place.note_build(None)
    health = place.health()
    [marts] = [check for check in health["checks"] if check["name"] == "marts"]
    assert (health["grade"], marts["grade"], health["findings"]) == ("warning", "warning", [])
    assert re.fullmatch(
        r"whatsapp was never built to the end, and raw has rows of it since .{16} UTC, \d+s ago\. The next run builds "
        r"it, or says why it can't\.",
        marts["told"],
    )
    place.sandbox.change_warehouse("update raw_whatsapp.tenants set _loaded_at = _loaded_at - interval 27 hour")
    health = place.health()
    [finding] = health["findings"]
    assert (health["grade"], finding["kind"], finding["systems"]) == ("critical", "stale", ["whatsapp"])
    assert "27h ago" in finding["what"]
    assert datetime.fromisoformat(finding["since"]) < datetime.now(UTC) - timedelta(hours=27)
    code, told = place.told()
    assert code == 2
    assert "whatsapp was never built: .venv/bin/python -m orchestration run" in told


def test_system_that_no_run_has_begun_to_build_is_built_where_dbt_alone_has(place: Place) -> None:
    place.sandbox.change_warehouse("delete from raw_whatsapp._state where table_name = '_models'")
    assert place.grades()["marts"] == "warning"
    place.sandbox.change_warehouse("create schema intermediate")
    place.sandbox.change_warehouse("create table intermediate.builds as select 'int_whatsapp__built' as relation_name")
    assert "marts" not in place.grades()
    # What a run has begun is for a run to end: nothing of it is published before.
    place.note_build(None)
    assert place.grades()["marts"] == "warning"


@pytest.mark.parametrize("engine", ["postgresql", "bigquery"])
def test_servers_tell_of_what_was_never_built(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, request.getfixturevalue(f"{engine}_warehouse_url")).fill()
    assert sandbox.run().errors == []
    ingestion, now = Ingestion(sandbox.settings()), datetime.now(UTC)
    [unbuilt] = read_unbuilt(ingestion, read_sources(ingestion, now))
    assert unbuilt.system == "whatsapp"
    assert unbuilt.rows_since is not None
    assert timedelta() < now - unbuilt.rows_since < timedelta(minutes=10)


def test_archive_without_what_raw_has_last_is_warned_of(place: Place) -> None:
    """It came back from a backup, say. Runs need none of it, so none would see it before somebody has to rebuild."""
    for path in (place.sandbox.folder / "archive" / "whatsapp").glob("[cm]*/*.parquet"):
        path.unlink()
    health = place.health()
    [archive] = [check for check in health["checks"] if check["name"] == "archive"]
    assert (health["grade"], archive["grade"]) == ("warning", "warning")
    assert re.match(r"lacks whatsapp/conversations/\d+\.parquet and 1 more of what raw has", archive["told"])


def test_archive_that_can_not_be_read_is_told_and_keeps_nothing_from_being_looked_at(place: Place) -> None:
    archive = place.sandbox.folder / "archive"
    shutil.rmtree(archive / "whatsapp")
    (archive / "whatsapp").write_bytes(b"")
    checks = {check["name"]: check for check in place.health()["checks"]}
    assert checks["archive"]["grade"] == "critical"
    assert {"whatsapp", "runs", "disk"} <= checks.keys()
    assert "warehouse" not in checks


def test_source_that_was_never_read_waits_for_no_build(place: Place) -> None:
    place.sandbox.more["erp_database_url"] = "sqlite:////nowhere/erp.sqlite"
    health = place.health()
    [finding] = health["findings"]
    assert (health["grade"], finding["what"]) == ("warning", "erp: all tables: never read yet.")


def test_what_can_not_be_printed_is_told_all_the_same(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    place.sandbox.sql("alter table tenants rename column id to ident")
    place.sandbox.run()
    monkeypatch.setattr("orchestration.health.print_health", full)
    place.sandbox.export_settings(monkeypatch)
    with pytest.raises(OSError, match="No space left on device"):
        main(["health"])
    assert read_outcome(place.home, datetime.now(UTC))[0] == 503
    told = [incident.finding.subject for incident in open_incidents(place.sandbox.settings())]
    assert told == ["whatsapp.tenants"]


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


@pytest.mark.parametrize("arguments", [["--help"], ["health", "--help"], ["health", "--jsn"], ["copy", "file"], []])
def test_help_and_wrong_usage_wait_for_no_import_of_what_commands_need(arguments: list[str]) -> None:
    code = (
        f"import sys; from orchestration.__main__ import main\ntry:\n    main({arguments})\nfinally:\n"
        "    print(sorted({n.split('.')[0] for n in sys.modules} & {'dagster', 'dbt', 'pandas', 'pyarrow'}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == (0 if "--help" in arguments else 64), result.stderr
    assert result.stdout.splitlines()[-1] == "[]"


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
