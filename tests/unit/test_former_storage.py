"""A home of Dagster that the first versions left goes on: names of jobs, assets and schedules stay, and so do files."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from ingestion.settings import PROJECT_ROOT
from orchestration.ended import ended_since
from orchestration.interrupted import close_interrupted_runs
from orchestration.retention import forget_runs

FORMER = """
telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 300
"""
"""The configuration of commit 1cc56e9, when everything was one job on Dagster's plain storage."""

RAW, MART, EXPORT = (
    dg.AssetKey(path) for path in (["whatsapp", "messages"], ["marts", "costs_daily"], ["exports", "costs_daily"])
)
SCHEDULE = RemoteInstigatorOrigin(
    RemoteRepositoryOrigin(
        InProcessCodeLocationOrigin(
            LoadableTargetOrigin(module_name="orchestration.definitions"), location_name="crm_warehouse"
        ),
        "__repository__",
    ),
    "warehouse_hourly",
)


def everything() -> dg.Definitions:
    """What was one job then: raw, a mart, and an export that had no periods yet."""

    @dg.multi_asset(
        name="raw_whatsapp", specs=[dg.AssetSpec(RAW)], check_specs=[dg.AssetCheckSpec("no_rejected_rows", asset=RAW)]
    )
    def raw():  # type: ignore[no-untyped-def]
        yield dg.MaterializeResult(RAW, metadata={"rows_read": 7, "seconds": 0.5})
        yield dg.AssetCheckResult(asset_key=RAW, check_name="no_rejected_rows", passed=True)

    @dg.asset(key=MART, deps=[RAW])
    def mart() -> None: ...

    @dg.asset(key=EXPORT, deps=[MART])
    def export() -> None: ...

    return dg.Definitions([raw, mart, export], jobs=[dg.define_asset_job("warehouse")])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one run, one that was killed, and the hourly schedule switched on."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(FORMER, encoding="utf-8")
    job = everything().resolve_job_def("warehouse")
    with dg.DagsterInstance.get() as instance:
        assert job.execute_in_process(instance=instance).success
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        data = ScheduleInstigatorData("5 * * * *", 0.0)
        instance.add_instigator_state(
            InstigatorState(SCHEDULE, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data)
        )
    return tmp_path


def test_former_storage_shows_its_history_and_goes_on(home: Path) -> None:
    ours = (PROJECT_ROOT / "orchestration" / "dagster.yaml").read_text(encoding="utf-8")
    (home / "dagster.yaml").write_text(ours, encoding="utf-8")
    with dg.DagsterInstance.get() as instance:
        instance.upgrade()
        [killed] = close_interrupted_runs(instance)
        former = instance.get_runs(dg.RunsFilter(job_name="warehouse", statuses=[dg.DagsterRunStatus.SUCCESS]))
        assert len(former) == 1
        assert {run.run_id for run in ended_since(instance, None, ["warehouse"])} == {killed, former[0].run_id}
        for key in (RAW, MART, EXPORT):
            [record] = instance.fetch_materializations(key, limit=10).records
            assert record.run_id == former[0].run_id
        [loaded] = instance.fetch_materializations(RAW, limit=10).records
        assert loaded.asset_materialization is not None
        assert loaded.asset_materialization.metadata["rows_read"].value == 7
        checks = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(RAW, "no_rejected_rows"), limit=10
        )
        assert [check.status.value for check in checks if check.run_id == former[0].run_id] == ["SUCCEEDED"]
        # Exports have periods since: of none of them is anything known.
        assert instance.get_materialized_partitions(EXPORT) == set()
        [schedule] = instance.all_instigator_state()
        assert (schedule.name, schedule.status) == ("warehouse_hourly", InstigatorStatus.RUNNING)
        assert everything().resolve_job_def("warehouse").execute_in_process(instance=instance).success
        assert len(instance.fetch_materializations(RAW, limit=10).records) == 2
        newest = max(record.create_timestamp for record in instance.get_run_records())
        assert forget_runs(instance, newest) == 2
