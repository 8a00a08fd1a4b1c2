"""What the orchestration replaces inside Dagster does what the original does."""

from collections.abc import Iterator, Set

import dagster as dg
import pytest
from dagster._core.definitions.scoped_resources_builder import ScopedResourcesBuilder
from dagster._core.execution.context.data_version_cache import DataVersionCache
from dagster._core.execution.context.system import StepExecutionContext

from orchestration import dagster_internals
from orchestration.dagster_internals import _Original


def test_assets_of_a_step_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[Set[dg.AssetKey]] = []

    def original(self: StepExecutionContext) -> Set[dg.AssetKey]:
        looked_up.append(get(self))
        return looked_up[-1]

    get = _Original.get_output_asset_keys
    monkeypatch.setattr(_Original, "get_output_asset_keys", original)
    monkeypatch.setattr(StepExecutionContext, "get_output_asset_keys", dagster_internals.get_output_asset_keys)

    @dg.multi_asset(
        specs=[dg.AssetSpec("one"), dg.AssetSpec("two", deps=["one"]), dg.AssetSpec("three")],
        check_specs=[dg.AssetCheckSpec("is_there", asset="one")],
        can_subset=True,
    )
    def things(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        step = context.op_execution_context._step_execution_context
        for _ in range(2):
            assert step.get_output_asset_keys() == get(step) == context.selected_asset_keys
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key)

    for selection in (["one", "two"], ["three"]):
        assert dg.materialize([things], selection=selection).success
    assert [len(keys) for keys in looked_up] == [2, 1]


def test_faults_are_found_as_dagster_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two", deps=["one"])])
    def backwards() -> Iterator[dg.MaterializeResult[None]]:
        yield dg.MaterializeResult(asset_key="two")
        yield dg.MaterializeResult(asset_key="one")

    for keys in (_Original.get_output_asset_keys, dagster_internals.get_output_asset_keys):
        monkeypatch.setattr(StepExecutionContext, "get_output_asset_keys", keys)
        with pytest.raises(dg.DagsterInvariantViolationError, match="topological order"):
            dg.materialize([backwards])


def test_resources_of_the_same_names_are_made_once() -> None:
    builder = ScopedResourcesBuilder({"one": 1, "two": 2})
    for names in ({"one"}, {"two", "one"}, set(), None, {"one", "absent"}):
        made, original = dagster_internals.build(builder, names), _Original.build(builder, names)
        assert made._asdict() == original._asdict() and made.original_resource_dict == original.original_resource_dict
        assert made is dagster_internals.build(builder, names)
    assert dagster_internals.build(ScopedResourcesBuilder({"one": 3}), {"one"}) == (3,)


def test_checks_are_of_the_materializations_that_dagster_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    fetch = DataVersionCache._fetch_asset_records
    monkeypatch.setattr(
        DataVersionCache, "_fetch_asset_records", lambda self, keys: asked.append(len(keys)) or fetch(self, keys)
    )
    names = ["one", "two", "three"]

    def targets(is_looked_up: bool) -> dict[str, tuple[str, int] | None]:
        @dg.multi_asset(
            specs=[dg.AssetSpec(name) for name in names],
            check_specs=[dg.AssetCheckSpec("holds", asset=name) for name in names],
            can_subset=True,
        )
        def things(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
            for key in sorted(context.selected_asset_keys):
                yield dg.MaterializeResult(asset_key=key)
            asked.clear()
            if is_looked_up:
                dagster_internals.look_up(context, [check.asset_key for check in context.selected_asset_check_keys])
            for name in names:
                yield dg.AssetCheckResult(asset_key=name, check_name="holds", passed=True)

        with dg.DagsterInstance.ephemeral() as instance:
            checks = dg.AssetSelection.all_asset_checks() | dg.AssetSelection.assets("one")
            for selection in (dg.AssetSelection.assets("one", "two"), checks):
                run = dg.materialize([things], instance=instance, selection=selection)
                asked_for = list(asked)
            assert asked_for == ([3] if is_looked_up else [1, 1, 1])
            runs = [record.dagster_run.run_id for record in instance.get_run_records(ascending=True)]
            return {
                found.asset_key.to_user_string(): target and (runs.index(target.run_id), target.storage_id)
                for found in run.get_asset_check_evaluations()
                for target in [found.target_materialization_data]
            }

    assert targets(True) == targets(False)
    assert targets(True).keys() == {*names} and targets(True)["three"] is None
