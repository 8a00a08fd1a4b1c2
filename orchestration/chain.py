"""What is launched after what: extraction first, then the models that are due, then what publishes them.

Each is a run of its own that holds only what it makes: what is not in a run keeps its last result in Dagster.
Belongs here: what the next run holds. Not here: what is due (changes.py), or who launches (jobs.py, __main__.py).

The assets are imported where something is due: where nothing is, a run ends without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from orchestration import changes
from orchestration.configuration import JOB, MODELS_JOB, PUBLICATION_JOB, settings

IN_ONE_PROCESS = {"warehouse/chain": "in one process"}
"""Tag of runs whose process launches what follows by itself."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A run to launch: a job, and the assets that it is to make."""

    job: str
    assets: Sequence[dg.AssetKey]


def next_launch(ended: str, patience_seconds: float | None = None) -> Launch | None:
    """The run to launch after one of a job; None where nothing is due.

    A run that failed is gone on from too: what it did not reach stands as it was.

    Args:
        ended: name of the job that ended.
        patience_seconds: how long to wait for a warehouse that is in use; as long as a run if None.

    Raises:
        WarehouseError: the warehouse can't be read.
    """
    memory = changes.read(patience_seconds)
    if ended == JOB and (systems := memory.due_models(settings.now)):
        from orchestration.models import keys_of_models  # noqa: PLC0415

        return Launch(MODELS_JOB, [key for system in systems for key in keys_of_models(system)])
    if ended not in (JOB, MODELS_JOB):
        return None
    exported, copied, reported = memory.due(changes.EXPORTS), memory.due_copies(), memory.due(changes.REPORTS)
    if not (exported or copied or reported):
        return None
    from orchestration.exported import keys_of_exports  # noqa: PLC0415
    from orchestration.reported import keys_of_reports  # noqa: PLC0415
    from orchestration.snapshot import key_of_copy  # noqa: PLC0415

    exports = [key for system in exported for key in keys_of_exports(system)]
    reports = [key for system in reported for key in keys_of_reports(system)]
    return Launch(PUBLICATION_JOB, [*map(key_of_copy, copied), *exports, *reports])
