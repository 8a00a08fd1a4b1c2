"""What is launched after what: extraction first, then the models that are due, then what publishes them, by cadence.

Each is a run of its own that holds only what it makes: what is not in a run keeps its last result in Dagster.
Belongs here: what the next run holds. Not here: what is due (changes.py), or who launches (jobs.py, __main__.py).

The assets are imported where something is due: where nothing is, a run ends without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import dagster as dg

from orchestration import changes
from orchestration.configuration import (
    CONFIRM_JOB,
    CROSS_SOURCE,
    EXTRACT_JOBS,
    JOB,
    MODELS_JOB,
    NIGHTLY_JOB,
    PUBLICATION_JOB,
    REBUILD_JOB,
    RECONCILE_JOB,
    REFRESH_JOBS,
    REREAD_JOB,
    TESTS_JOB,
    settings,
)
from orchestration.publications import cadences, copy_step, steps

IN_ONE_PROCESS = {"warehouse/chain": "in one process"}
"""Tag of runs whose process launches what follows by itself."""

NIGHT = {"warehouse/night": "yes"}
"""Tag of runs that follow the night's: after the last of them come the tests."""

WRITE_RAW = (JOB, NIGHTLY_JOB, *EXTRACT_JOBS.values(), REREAD_JOB, RECONCILE_JOB, CONFIRM_JOB, REBUILD_JOB)
"""The jobs that need no model."""

FOLLOWING = (MODELS_JOB, PUBLICATION_JOB, *cadences)
"""The jobs that are launched with what raw, or a model that was made anew, makes due; in this order."""

# A system that was made anew makes due what reads several.
_STAGES = ((*WRITE_RAW, *REFRESH_JOBS.values()), *((job,) for job in FOLLOWING))

STAGES = {job: place for place, jobs in enumerate((*_STAGES, (TESTS_JOB,))) for job in jobs}
"""Job → its place in the order in which they follow each other."""


UNATTENDED = (JOB, NIGHTLY_JOB, *FOLLOWING, TESTS_JOB)
"""The jobs that run while nobody looks, so that people are told how they failed. Who launches another one sees it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A run to launch: a job, and the assets that it is to make; None: all that the job has.

    Attributes:
        is_of_the_night: whether the tests are to come after all that follows it.
    """

    job: str
    assets: Sequence[dg.AssetKey] | None = None
    is_of_the_night: bool = False

    @property
    def tags(self) -> dict[str, str]:
        """What Dagster is to remember of the run."""
        return NIGHT if self.is_of_the_night else {}


def next_launch(ended: str, patience_seconds: float | None = None, *, is_of_the_night: bool = False) -> Launch | None:
    """The run to launch after one of a job; None where nothing is due.

    A run that failed is gone on from too: what it did not reach stands as it was.

    Args:
        ended: name of the job that ended.
        patience_seconds: how long to wait for a warehouse that is in use; as long as a run if None.
        is_of_the_night: whether that followed the night's work, or was it.

    Raises:
        WarehouseError: the warehouse can't be read.
    """
    due = _due_after(ended, patience_seconds)
    if due is None and is_of_the_night and ended != TESTS_JOB:
        due = Launch(TESTS_JOB)
    return due and replace(due, is_of_the_night=is_of_the_night)


def is_of_the_night(run: dg.DagsterRun) -> bool:
    """Whether a run is the night's work, or followed it."""
    return run.job_name == NIGHTLY_JOB or NIGHT.items() <= run.tags.items()


def _due_after(ended: str, patience_seconds: float | None) -> Launch | None:
    memory = changes.read(patience_seconds)
    following = [job for job in FOLLOWING if STAGES[job] > STAGES[ended]]
    due_models = memory.due_models(settings.now) if MODELS_JOB in following else []
    # What was refreshed and is due still has failed, and would again.
    systems = [system for system in due_models if REFRESH_JOBS[system] != ended]
    own = memory.due_own_models() if MODELS_JOB in following and ended != REFRESH_JOBS[CROSS_SOURCE] else []
    if systems or own:
        from orchestration.models import keys_of_models, keys_of_own_models  # noqa: PLC0415

        of_systems = [key for system in systems for key in keys_of_models(system)]
        return Launch(MODELS_JOB, of_systems or keys_of_own_models(own))
    due = {step.name: systems for step in steps if (systems := memory.due(step))}
    copied = memory.due(copy_step)
    if not (due or copied):
        return None
    from orchestration.snapshot import key_of_copy  # noqa: PLC0415

    keys = {job: [key_of_copy(system) for system in copied if job == PUBLICATION_JOB] for job in following}
    for step in steps:
        keys.get(step.job, []).extend(
            dg.AssetKey(step.assets[name])
            for system in due.get(step.name, ())
            for name, one in step.of(system).items()
            if not memory.lacking(one)
        )
    return next((Launch(job, assets) for job, assets in keys.items() if assets), None)
