"""Parts of Dagster that cost a step of many assets more than their record.

Belongs here: what is replaced in Dagster, or asked of its inside; each is private to it, whose version is pinned, and
is compared with the original by a test. Not here: the event log (event_log.py), nor anything that changes what Dagster
does.
"""

from collections.abc import Collection, Set
from typing import Any

import dagster as dg
from dagster._core.definitions.scoped_resources_builder import ScopedResourcesBuilder
from dagster._core.execution.context.system import StepExecutionContext


class _Original:
    """What is replaced, to be called from what stands in its place."""

    get_output_asset_keys = StepExecutionContext.get_output_asset_keys
    build = ScopedResourcesBuilder.build


def get_output_asset_keys(self: StepExecutionContext) -> Set[dg.AssetKey]:
    """The assets of a step, which stay as they are; with each output the original looks up all of them."""
    kept = vars(self)
    if "output_asset_keys" not in kept:
        kept["output_asset_keys"] = frozenset(_Original.get_output_asset_keys(self))
    keys: frozenset[dg.AssetKey] = kept["output_asset_keys"]
    return keys


def build(self: ScopedResourcesBuilder, required_resource_keys: Set[str] | None) -> Any:
    """The resources of these names, which stay as they are; the original makes a class of them twice per output."""
    kept: dict[frozenset[str], Any] = vars(self).setdefault("built", {})
    names = frozenset(required_resource_keys or ())
    if names not in kept:
        kept[names] = _Original.build(self, names)
    return kept[names]


def look_up(context: dg.AssetExecutionContext, keys: Collection[dg.AssetKey]) -> None:
    """Ask for the last materializations of assets together: what reads them asks for each, and each check's result."""
    context.get_step_execution_context()._data_version_cache._fetch_input_asset_version_info([*keys])


def hurry() -> None:
    """Replace what is replaced, in this process."""
    StepExecutionContext.get_output_asset_keys = get_output_asset_keys  # type: ignore[method-assign]
    ScopedResourcesBuilder.build = build  # type: ignore[method-assign]
