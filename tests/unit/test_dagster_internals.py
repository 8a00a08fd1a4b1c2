"""What the orchestration replaces inside Dagster does what the original does."""

from collections.abc import Iterator, Set

import dagster as dg
import pytest
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
