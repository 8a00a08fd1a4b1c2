"""What models of a kind saw when they were last built, and how they are made to forget it.

Belongs here: where they note it. Not here: what they go on from (dbt_project/macros/incremental), and when a run builds
them (orchestration/changes.py).

Models know raw by the numbers of its batches. Whatever changes rows and leaves the numbers has them forget: then all is
made anew, by a run or by dbt alone.
"""

from collections.abc import Iterable
from dataclasses import replace

from ingestion.log.state import MODELS
from ingestion.warehouses.base import Session


def last_build(kind: str) -> tuple[str, str]:
    """Schema and name of the table in which models of a kind note what they saw."""
    return "intermediate", f"int_{kind}__built"


def forget_last_builds(session: Session, kinds: Iterable[str]) -> None:
    """Have models of some kinds made anew.

    Raises:
        WarehouseError: the warehouse can't be written.
    """
    session.remove(None, sorted(last_build(kind) for kind in kinds))


def forget_models(session: Session, sources: Iterable[str], kinds: Iterable[str]) -> None:
    """Models were built from other rows than those that are about to come, whatever the batch numbers say.

    Args:
        session: of their warehouse.
        sources: what a run has noted of their models is forgotten.
        kinds: what models of them saw is.

    Raises:
        WarehouseError: the warehouse can't be written.
    """
    for source in sources:
        for name, state in session.states(source).items():
            if name.startswith(MODELS):
                session.remember(source, replace(state, watermark=None))
    forget_last_builds(session, kinds)
