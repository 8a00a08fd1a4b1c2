"""What runs have seen, as looks: of a source's tables, of deliveries, of a job's end.

Belongs here: what the results of ingestion and delivery mean. Not here: looking without a run (health.py), what dbt or
Dagster say (orchestration/told.py).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from alerts.findings import Finding, Kind, Look, sentence
from exports.delivery.results import DeliveryResult
from ingestion.catalogue.sources_file import RAW
from ingestion.loading.results import LoadResult

_NO_ROOM = re.compile(
    "no space left|disk is full|file too large|disk quota exceeded|could not extend file|disk i/o error",
    re.IGNORECASE,
)
"""How operating systems, SQLite, DuckDB and PostgreSQL say that there is no room, or that no file may grow; by the last
of these SQLite says that a disk is broken, too."""
_MAKE_ROOM = (
    "Make room: df --human-readable says where. Dagster's record of old runs is no loss: "
    "python -m orchestration forget --older-than-days 30"
)
_LOOK = "The next run tries again. How old the tables are: python -m ingestion status"


def has_no_room(why: str) -> bool:
    """Whether a fault says that a disk is full: whatever fails by that is one fault, however many tables there are."""
    return bool(_NO_ROOM.search(why))


def concerned(source: str, kind: str) -> tuple[str, ...]:
    """What a finding of a source concerns: the source, and the system that its tables feed."""
    return (source,) if kind in (RAW, source) else (source, kind)


def of_unreachable(faults: Mapping[str, str], systems: Mapping[str, Sequence[str]]) -> Look:
    """Sources that can't be read, before or while it is tried.

    Args:
        faults: source → why.
        systems: source → what a finding of it concerns: its name, and that of its kind.
    """
    return Look(tuple(_unreachable(source, why, systems[source]) for source, why in faults.items()), {})


def of_tables(
    source: str,
    results: Sequence[LoadResult],
    systems: Sequence[str],
    gone: Collection[str] = (),
    *,
    has_read: bool = True,
) -> Look:
    """What a load of a source has done with its tables.

    Args:
        source: its name.
        results: of its tables.
        systems: what a finding of it concerns.
        gone: sources and tables of open incidents that nobody reads any more.
        has_read: whether rows were read; where only keys were compared, nothing is known of whether they can be.
    """
    findings = []
    if lost := [one for one in results if one.is_transient]:
        others = f", and {len(lost) - 1:,} of its other tables" * (len(lost) > 1)
        findings.append(_unreachable(source, f"{lost[0].label}{others}: {lost[0].error}", systems))
    read = [one for one in results if not one.is_transient]
    for one in read:
        if one.has_refused_deletes:
            # What it says ends with the command that confirms them.
            findings.append(
                Finding(Kind.DELETES_REFUSED, one.label, sentence(f"{one.label}: {one.error}"), (*systems,))
            )
        elif one.error:
            remedy = f"What the source has: python -m ingestion inspect --source {source} --table {one.table}"
            what = sentence(f"{one.label}: {one.error}")
            findings.append(Finding(Kind.TABLE_FAILED, one.label, what, (*systems,), remedy))
        if rejected := one.state.rows_rejected:
            count = "1 row or value" if rejected == 1 else f"{rejected:,} rows or values"
            what = sentence(f"{count} of {one.label} kept out: {one.reasons or 'the reasons stand there'}")
            remedy = f"What they are: python -m orchestration dbt show --inline 'select * from raw_{source}._rejected'"
            findings.append(Finding(Kind.ROWS_REJECTED, one.label, what, (*systems,), remedy))
    loaded = {one.label for one in read if not one.error or one.has_refused_deletes}
    agreeing = {one.label for one in read if not one.error}
    return Look(
        tuple(findings),
        {
            Kind.SOURCE_UNREACHABLE: {source, *gone},
            Kind.DELETES_REFUSED: agreeing | {*gone},
            **(dict.fromkeys((Kind.TABLE_FAILED, Kind.ROWS_REJECTED), loaded | {*gone}) if has_read else {}),
        },
    )


def of_deliveries(settled: Collection[str], results: Iterable[DeliveryResult], systems: Sequence[str]) -> Look:
    """What became of deliveries.

    Args:
        settled: addresses of which everything that is declared was delivered or tried.
        results: of what was due.
        systems: what they concern.
    """
    wrong: dict[str, list[DeliveryResult]] = {}
    for one in results:
        if one.outcome != "sent":
            wrong.setdefault(one.target, []).append(one)
    findings = []
    for target, faults in wrong.items():
        first = faults[0]
        whose = " ".join(part for part in (first.what, first.recipient, first.period) if part)
        others = f" And {len(faults) - 1:,} more to {target}." * (len(faults) > 1)
        what = f"{sentence(f'{whose}: {first.outcome}: {first.reason}')}{others}"
        remedy = "What failed is tried again at the next delivery, or now: python -m exports deliver"
        findings.append(Finding(Kind.DELIVERY_FAILED, target, what, tuple(systems), remedy))
    return Look(tuple(findings), {Kind.DELIVERY_FAILED: {*settled}})


def of_run(job: str, why: str | None, systems: Sequence[str] = (), *, is_over: bool = True) -> Look:
    """How a run of a job ended, for what no other kind says.

    Args:
        job: its name.
        why: it failed; None: it did not, or other findings say why.
        systems: that it concerns; none: all.
        is_over: whether a run that did not fail so has ended.
    """
    seen = {Kind.RUN_FAILED: {job, _killed(job), _full(job)}} if is_over else {}
    if why is None:
        return Look((), seen)
    if has_no_room(why):
        subject, title, remedy = _full(job), f"a disk is full or broken, a run of {job} failed", _MAKE_ROOM
    else:
        subject, title, remedy = job, f"a run of {job} failed", _LOOK
    return Look((Finding(Kind.RUN_FAILED, subject, sentence(why), (*systems,), remedy, title=title),), seen)


def of_killed(job: str, since: datetime | None = None) -> Look:
    """A run that did not come to its end: its process was killed, or its machine went down."""
    what = (
        f"The process of a run of {job} was killed, or its machine went down. What it had not committed is undone; the "
        "next run makes up for it."
    )
    remedy = "To run it at once: python -m orchestration run"
    title = f"a run of {job} was killed"
    return Look((Finding(Kind.RUN_FAILED, _killed(job), what, (), remedy, since, title),), {})


def _killed(job: str) -> str:
    return f"{job}, killed"


def _full(job: str) -> str:
    return f"{job}, no room"


def _unreachable(source: str, why: str, systems: Sequence[str]) -> Finding:
    remedy = f"Get it back up; the next run reads it. Whether it answers: python -m ingestion inspect --source {source}"
    return Finding(Kind.SOURCE_UNREACHABLE, source, sentence(why), tuple(systems), remedy)
