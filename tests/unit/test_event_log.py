"""Dagster's event log with kept connections."""

import re
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy.exc import OperationalError

from ingestion.settings import PROJECT_ROOT
from orchestration import event_log
from orchestration.event_log import EventLog
from orchestration.retention import forget_runs

pytestmark = pytest.mark.slow

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
        assert len(log._connections) < 10
    finally:
        log.dispose()


@dg.multi_asset(
    specs=[dg.AssetSpec("one"), dg.AssetSpec("two", deps=["one"])],
    check_specs=[dg.AssetCheckSpec("is_there", asset="one"), dg.AssetCheckSpec("is_whole", asset="two")],
)
def things() -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    yield dg.MaterializeResult(asset_key="one", metadata={"rows": 3}, tags={"made": "by_hand"})
    yield dg.AssetCheckResult(asset_key="one", check_name="is_there", passed=True)
    yield dg.MaterializeResult(asset_key="two", data_version=dg.DataVersion("v"))
    yield dg.AssetCheckResult(asset_key="two", check_name="is_whole", passed=False, metadata={"missing": 1})


@dg.asset(deps=["two"], partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def parts(context: dg.AssetExecutionContext) -> None:
    context.log_event(dg.AssetObservation("two", metadata={"seen": True}))


@dg.asset
def fails() -> None:
    raise ValueError


@pytest.fixture(scope="module")
def entries() -> list[EventLogEntry]:
    """What Dagster tells of two runs of every kind of asset, one of which fails, and of what a person reports."""
    with dg.DagsterInstance.ephemeral() as instance:
        runs = [
            dg.materialize([things, parts], instance=instance, partition_key="a"),
            dg.materialize([things, fails], instance=instance, raise_on_error=False),
        ]
        told = [entry for run in runs for entry in instance.all_logs(run.run_id)]
        instance.report_runless_asset_event(dg.AssetMaterialization("one"))
        return told + list(instance.all_logs(""))


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the files hold, but when a row was made."""
    found = {}
    for file in sorted(folder.glob("*.db")):
        with closing(sqlite3.connect(file)) as db:
            for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                columns = [name for _, name, *_ in db.execute(f"pragma table_info({table})")]
                kept = ", ".join(
                    f'"{name}"' for name in columns if name not in ("create_timestamp", "migration_completed")
                )
                found[f"{file.stem}.{table}"] = db.execute(f"select {kept} from {table} order by 1").fetchall()
    return found


@pytest.mark.parametrize("together", [False, True])
def test_rows_are_those_of_dagsters_own(tmp_path: Path, entries: list[EventLogEntry], together: bool) -> None:
    theirs, ours = SqliteEventLogStorage(str(tmp_path / "theirs")), EventLog(str(tmp_path / "ours"))
    for entry in entries:
        theirs.store_event(entry)
    if together:
        ours.store_event_batch(entries)
    else:
        for entry in entries:
            ours.store_event(entry)
    # Files are read as a killed process would leave them.
    written = rows(tmp_path / "ours")
    assert written == rows(tmp_path / "theirs")
    assert len(written["index.event_logs"]) > 20
    assert len(written["index.asset_check_executions"]) == 4
    for log in (theirs, ours):
        log.dispose()


@pytest.mark.parametrize(("seconds", "seen"), [(60.0, [0, 0]), (0.0, [1, 2])])
def test_others_see_what_is_written_together_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: list[EventLogEntry], seconds: float, seen: list[int]
) -> None:
    monkeypatch.setattr(event_log, "_TOGETHER_SECONDS", seconds)
    log, run = EventLog(str(tmp_path)), entries[0].run_id
    with log.run_connection(run):
        pass

    def count() -> int:
        return len(rows(tmp_path)[f"{run}.event_logs"])

    with log.together():
        found = []
        for number, entry in enumerate(entries[:2], start=1):
            log.store_event(entry)
            found.append(count())
            assert len(log.get_logs_for_run(run)) == number
        assert found == seen
    assert count() == 2
    log.dispose()


def test_error_leaves_the_files_free(tmp_path: Path, entries: list[EventLogEntry]) -> None:
    log, run = EventLog(str(tmp_path)), entries[0].run_id
    with log.together(), pytest.raises(ZeroDivisionError), log.run_connection(run):
        1 / 0  # noqa: B018
    log.store_event(entries[0])
    assert len(rows(tmp_path)[f"{run}.event_logs"]) == 1
    log.dispose()


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("who", ["itself", "dagsters_own"])
def test_what_comes_after_a_wipe_lies_in_files_that_are_there(
    tmp_path: Path, entries: list[EventLogEntry], who: str, together: bool
) -> None:
    log, run = EventLog(str(tmp_path)), entries[0].run_id
    log.store_event(entries[0])
    wiping = log if who == "itself" else SqliteEventLogStorage(str(tmp_path))
    with log.together() if together else nullcontext():
        wiping.wipe()
        assert len(log.get_logs_for_run(run)) == 0
        for entry in entries[:2]:
            log.store_event(entry)
        assert len(log.get_logs_for_run(run)) == 2
    assert len(rows(tmp_path)[f"{run}.event_logs"]) == 2
    # A file that somebody wrote anew under the same name, too.
    for file in tmp_path.glob(f"{run}.db*"):
        file.unlink()
    other = SqliteEventLogStorage(str(tmp_path))
    other.store_event(entries[0])
    log.store_event(entries[1])
    assert len(rows(tmp_path)[f"{run}.event_logs"]) == len(other.get_logs_for_run(run)) == 2
    for one in (log, wiping, other):
        one.dispose()


def test_run_that_is_forgotten_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = (PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    made_in(tmp_path, monkeypatch, ours)
    made_in(tmp_path, monkeypatch, ours)
    folder = tmp_path / "history" / "runs"
    other = EventLog(str(folder))
    with dg.DagsterInstance.get() as instance:
        runs = [run.run_id for run in instance.get_runs()]
        assert len(runs) == 2
        assert all(other.get_logs_for_run(run) for run in runs)
        assert forget_runs(instance, datetime.now(UTC) + timedelta(days=1)) == 2
        assert sorted(path.name for path in folder.glob("*.db")) == ["index.db"]
        # One that another process had open, and asks for once more.
        assert not any(other.get_logs_for_run(run) for run in runs)
        assert instance.fetch_materializations(KEY, limit=100).records == []
    other.dispose()


def test_dagster_hands_over_together_what_a_run_is_to_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    store = EventLog.store_event_batch
    monkeypatch.setattr(
        EventLog, "store_event_batch", lambda log, batch: batches.append(len(batch)) or store(log, batch)
    )
    ours = (PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(ours, encoding="utf-8")
    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([things], instance=instance).success
    assert batches == [4]


@pytest.mark.parametrize("room", [0, 100_000, 400_000])
@pytest.mark.parametrize("together", [False, True])
def test_full_disk_is_told_and_what_comes_once_there_is_room_is_stored(
    tmp_path: Path, entries: list[EventLogEntry], room: int, together: bool
) -> None:
    """Before there is a file, while tables are made in it, and later."""
    # What a check came to can't be stored twice.
    entries = [entry for entry in entries if not re.search("asset_check", str(entry.dagster_event_type), re.IGNORECASE)]
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = EventLog(str(tmp_path))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, unlimited[1]))
        try:
            with pytest.raises(OperationalError), log.together() if together else nullcontext():
                for _ in range(1000):
                    for entry in entries:
                        log.store_event(entry)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        there = _events_of_runs(tmp_path)
        log.store_event_batch(entries)
        log.store_event(entries[-1])
        assert _events_of_runs(tmp_path) == there + len(entries) + 1
    finally:
        log.dispose()


def _events_of_runs(folder: Path) -> int:
    kept = rows(folder).items()
    return sum(len(found) for name, found in kept if re.fullmatch(r"(?!index).*\.event_logs", name))
