"""Parts of Dagster that cost a step of many assets more than their record.

Belongs here: what is replaced in Dagster; each is private to it, whose version is pinned, and is compared with the
original by a test. Not here: the event log (event_log.py), nor anything that changes what Dagster does.
"""

from collections.abc import Set

import dagster as dg
from dagster._core.execution.context.system import StepExecutionContext


class _Original:
    """What is replaced, to be called from what stands in its place."""

    get_output_asset_keys = StepExecutionContext.get_output_asset_keys


def get_output_asset_keys(self: StepExecutionContext) -> Set[dg.AssetKey]:
    """The assets of a step, which stay as they are; with each output the original looks up all of them."""
    kept = vars(self)
    if "output_asset_keys" not in kept:
        kept["output_asset_keys"] = frozenset(_Original.get_output_asset_keys(self))
    keys: frozenset[dg.AssetKey] = kept["output_asset_keys"]
    return keys


def hurry() -> None:
    """Replace what is replaced, in this process."""
    StepExecutionContext.get_output_asset_keys = get_output_asset_keys  # type: ignore[method-assign]
