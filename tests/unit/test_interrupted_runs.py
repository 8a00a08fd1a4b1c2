"""Runs that a killed process left behind."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterRunStatus

from orchestration.interrupted import close_interrupted_runs


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run_in(instance: dg.DagsterInstance, status: DagsterRunStatus) -> str:
    @dg.job
    def nothing() -> None: ...

    return instance.create_run_for_job(nothing, status=status).run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
def test_run_that_began_and_has_not_ended_is_marked_as_failed(
    instance: dg.DagsterInstance, status: DagsterRunStatus
) -> None:
    run_id = run_in(instance, status)
    assert close_interrupted_runs(instance) == [run_id]
    assert status_of(instance, run_id) == DagsterRunStatus.FAILURE


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.SUCCESS, DagsterRunStatus.CANCELED])
def test_run_that_waits_or_has_ended_is_left_as_it_is(instance: dg.DagsterInstance, status: DagsterRunStatus) -> None:
    run_id = run_in(instance, status)
    assert close_interrupted_runs(instance) == []
    assert status_of(instance, run_id) == status


def test_end_of_a_run_that_was_alive_after_all_is_noted(instance: dg.DagsterInstance) -> None:
    run_id = run_in(instance, DagsterRunStatus.STARTED)
    close_interrupted_runs(instance)
    event = DagsterEvent(event_type_value=DagsterEventType.RUN_SUCCESS.value, job_name="nothing")
    instance.report_dagster_event(event, run_id)
    assert status_of(instance, run_id) == DagsterRunStatus.SUCCESS
