"""Dagster's event log with kept connections."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from ingestion.settings import PROJECT_ROOT
from orchestration.event_log import EventLog

KEY = dg.AssetKey("thing")


@dg.asset(key=KEY)
def thing() -> None:
    """Something to make."""


def made_in(home: Path, monkeypatch: pytest.MonkeyPatch, config: str) -> list[str]:
    """Make the thing in a home of Dagster's; the kind of its event log, and the runs that it tells of, oldest first."""
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    (home / "dagster.yaml").write_text(config, encoding="utf-8")
    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([thing], instance=instance).success
        found = instance.fetch_materializations(KEY, limit=100, ascending=True)
        return [type(instance.event_log_storage).__name__, *(record.run_id for record in found.records)]


def test_log_and_dagsters_own_go_on_with_each_others_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = (PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    plain = "telemetry: {enabled: false}"
    first = made_in(tmp_path, monkeypatch, plain)
    second = made_in(tmp_path, monkeypatch, ours)
    third = made_in(tmp_path, monkeypatch, plain)
    assert [told[0] for told in (first, second, third)] == [
        "SqliteEventLogStorage",
        "EventLog",
        "SqliteEventLogStorage",
    ]
    assert third[1:3] == second[1:]
    assert second[1:2] == first[1:]
    assert len(third) == 4


def test_connections_are_what_dagster_asks_for(tmp_path: Path) -> None:
    """The hook is private: another version of Dagster must show that it has it."""
    assert EventLog._connect.__wrapped__ is not SqliteEventLogStorage._connect.__wrapped__  # type: ignore[attr-defined]
    log = EventLog(str(tmp_path))
    try:
        with log.index_connection() as one:
            first = one.connection.dbapi_connection
        with log.index_connection() as other:
            assert other.connection.dbapi_connection is first
    finally:
        log.dispose()


def test_few_files_stay_open(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    try:
        for number in range(20):
            with log.run_connection(f"run-{number}"):
                pass
        assert len(log._engines) < 10
    finally:
        log.dispose()
