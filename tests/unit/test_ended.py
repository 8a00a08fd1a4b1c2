"""Runs that have ended since somebody last looked."""

from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration.ended import ended_since


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def ended(instance: dg.DagsterInstance, job: str, is_well: bool = True) -> str:
    @dg.op
    def step() -> None:
        assert is_well

    @dg.job(name=job)
    def of_one_step() -> None:
        step()

    return of_one_step.execute_in_process(instance=instance, raise_on_error=False).run_id


def test_two_runs_that_end_between_two_looks_are_both_seen(instance: dg.DagsterInstance) -> None:
    seen = ended(instance, "main")
    main, models = ended(instance, "main", is_well=False), ended(instance, "models")
    ended(instance, "publication")
    found = ended_since(instance, seen, ("main", "models"))
    assert [run.run_id for run in found] == [models, main]


def test_nothing_is_new_after_the_last_run(instance: dg.DagsterInstance) -> None:
    ended(instance, "main")
    last = ended(instance, "main")
    assert ended_since(instance, last, ("main", "models")) == []


def test_whoever_looks_for_the_first_time_sees_all(instance: dg.DagsterInstance) -> None:
    runs = [ended(instance, "main"), ended(instance, "main")]
    assert [run.run_id for run in ended_since(instance, None, ("main",))] == runs[::-1]
