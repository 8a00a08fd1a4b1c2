"""Telling people what runs see, from the steps themselves and at a run's end.

Belongs here: from what dbt and Dagster say to looks. Not here: what follows from a look, and its words (alerts).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from alerts.findings import Finding, Kind, Look
from alerts.looks import concerned, has_no_room, of_deliveries, of_killed, of_run, of_tables, of_unreachable
from alerts.telling import open_incidents, tell
from exports.catalogue import Export
from exports.delivery.results import DeliveryResult
from exports.reports.declaration import Declaration
from ingestion.loading.results import LoadResult
from orchestration import dbt
from orchestration.configuration import SOURCES, exports, ingestion, manifest, reports, settings, system_of
from orchestration.console import TOLD
from orchestration.nodes import system_of_node

if TYPE_CHECKING:
    from dagster._core.execution.plan.objects import StepFailureData

Failed = tuple[str, "StepFailureData"]
"""A step that failed: its name and data."""


def unreachable(faults: Mapping[str, str]) -> None:
    """Tell of sources that can't be read: source → why."""
    if faults:
        tell(settings, of_unreachable(faults, {source: _systems(source) for source in faults}))


def tables(source: str, results: Sequence[LoadResult], *, has_read: bool = True) -> bool:
    """Tell what became of a source's tables; whether that says all that there is to say.

    Of a full disk the run's end tells, once for all tables.
    """
    if any(has_no_room(one.error or "") for one in results):
        return False
    # The catalogue has the five kinds whether there are sources of them or not.
    there = {*SOURCES, *(f"{name}.{table}" for name in SOURCES for table in ingestion.catalogue[name])}
    gone = _gone((Kind.SOURCE_UNREACHABLE, Kind.TABLE_FAILED, Kind.DELETES_REFUSED, Kind.ROWS_REJECTED), there)
    tell(settings, of_tables(source, results, _systems(source), gone, has_read=has_read))
    return True


def models(build: dbt.Build) -> bool:
    """Tell what became of models, seeds and tests; whether that says all that there is to say."""
    if "" in build.faults or any(map(has_no_room, build.faults.values())):
        return False
    names = {one: node["name"] for one, node in manifest["nodes"].items()}
    findings = tuple(_of_node(one, why) for one, why in build.faults.items())
    reached = {names[one] for one in build.reached if one in names}
    tell(settings, Look(findings, {Kind.TEST_FAILED: reached | _gone((Kind.TEST_FAILED,), names.values())}))
    return True


def deliveries(names: Collection[str], results: Sequence[DeliveryResult]) -> None:
    """Tell what became of deliveries of some reports and exports."""
    declared: list[tuple[str, Export | Declaration]] = [*reports.items(), *exports.items()]
    partly = {to.to for name, one in declared if name not in names for to in one.deliver}
    wholly = {to.to for _, one in declared for to in one.deliver} - partly
    wrong = {one.what.rpartition(" ")[2] for one in results if one.outcome != "sent"}
    systems = sorted({system_of(one) for name, one in declared if name in wrong})
    gone = _gone((Kind.DELIVERY_FAILED,), {to.to for _, one in declared for to in one.deliver})
    tell(settings, of_deliveries(wholly | gone, results, systems))


def ended(job: str, failures: Sequence[Failed], *, is_over: bool = True) -> str | None:
    """Tell of a run's end what its steps have not told themselves.

    Args:
        job: its name.
        failures: name and data of each step that failed.
        is_over: whether no run follows in which it may fail yet.

    Returns:
        Why it failed for what no step has told; None if it did not.
    """
    untold = [f"{step}: {cause(data)}" for step, data in failures if not _is_told(data)]
    why = "; ".join(untold) or None
    tell(settings, of_run(job, why, is_over=is_over and why is None))
    return why


def killed(job: str) -> None:
    """Tell that a run of a job was killed."""
    tell(settings, of_killed(job))


def cause(failure: "StepFailureData") -> str:
    """Why a step failed, in one line: what it said itself, or the first cause of what it ran into."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return " ".join(error.message.split()) if error else "unknown; see the run in the UI"


def _is_told(failure: "StepFailureData") -> bool:
    return bool(failure.user_failure_data and TOLD in failure.user_failure_data.metadata)


def _systems(source: str) -> tuple[str, ...]:
    return concerned(source, ingestion.kind(source))


def _of_node(unique_id: str, why: str) -> Finding:
    node = manifest["nodes"][unique_id]
    system = system_of_node(unique_id)
    is_test = node["resource_type"] == "test"
    what = f"The test {node['name']} fails" if is_test else f"{node['name']} can't be built"
    reason = why.removeprefix(f"{node['name']}: ").rstrip(".")
    remedy = f"To see it again: python -m orchestration dbt build --select {node['name']}"
    return Finding(Kind.TEST_FAILED, node["name"], f"{what}: {reason}.", (system,) if system else (), remedy)


def _gone(kinds: Collection[Kind], there: Collection[str]) -> set[str]:
    """What is open and is not there any more, so that no look will see it again."""
    return {one.finding.subject for one in open_incidents(settings) if one.finding.kind in kinds} - {*there}
