"""Forgetting old runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.retention import forget_runs


@dg.asset
def rows() -> None: ...


@dg.asset_check(asset=rows)
def there_are_rows() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def checks_on_record(instance: dg.DagsterInstance) -> int:
    history = instance.event_log_storage.get_asset_check_execution_history(there_are_rows.check_key, limit=10)
    return len(history)


def test_runs_that_ended_before_the_instant_are_forgotten_with_their_checks(instance: dg.DagsterInstance) -> None:
    began = datetime.now(UTC)
    for _ in range(2):
        dg.materialize([rows, there_are_rows], instance=instance)
    assert checks_on_record(instance) == 2
    assert forget_runs(instance, began - timedelta(days=1)) == 0
    assert (len(instance.get_runs()), checks_on_record(instance)) == (2, 2)
    assert forget_runs(instance, began + timedelta(days=1)) == 2
    assert (len(instance.get_runs()), checks_on_record(instance)) == (0, 0)


def test_run_that_goes_on_is_not_forgotten(instance: dg.DagsterInstance) -> None:
    @dg.job
    def nothing() -> None: ...

    run_id = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED).run_id
    assert forget_runs(instance, datetime.now(UTC) + timedelta(days=1)) == 0
    assert instance.get_run_by_id(run_id) is not None
