"""What a person asks for of raw, beside its runs: jobs whose launchpad says what there is to choose; and the night's.

Belongs here: how operations are asked for in Dagster, and show there. Not here: doing them (ingestion, exports), which
the command line does by the same functions.
"""

from collections.abc import Iterable

import dagster as dg
from pydantic import Field

from exports.retention import retain as retain_revisions
from ingestion.loading.reading import Again, parse_since
from ingestion.loading.results import LoadResult
from ingestion.operations.rebuild import rebuild_chosen
from ingestion.operations.retention import retain
from orchestration import told
from orchestration.configuration import (
    CONFIRM_JOB,
    NIGHTLY_JOB,
    REBUILD_JOB,
    RECONCILE_JOB,
    REREAD_JOB,
    SOURCES,
    ingestion,
    settings,
)
from orchestration.console import ConsoleListener, failure, say, telling_faults
from orchestration.raw import metadata_of

_SOURCE = f"A source: {', '.join(SOURCES)}."
_TABLE = "A table of it, by its name in raw: messages, say."


class Table(dg.Config):
    """One table."""

    source: str = Field(description=_SOURCE)
    table: str = Field(description=_TABLE)


class Reread(Table):
    """What is read once more."""

    since: str | None = Field(
        default=None,
        description="Rows whose cursor is at or after a day or instant: 2026-10-31, or 2026-10-31T12:00:00+02:00; "
        "UTC unless told. Null: the whole table, which finds what is gone, too.",
    )


class Reconcile(dg.Config):
    """Where keys are compared."""

    source: str | None = Field(default=None, description=f"{_SOURCE} Null: each of them.")
    table: str | None = Field(default=None, description=f"{_TABLE} Null: each of them.")


class Rebuild(dg.Config):
    """What is made of the archive."""

    source: str = Field(description=_SOURCE)
    table: str | None = Field(default=None, description=f"{_TABLE} Null: each of them.")
    replace: bool = Field(
        default=False,
        description="Also tables that hold rows: the archive's take their place. Without it such a table is refused.",
    )
    accept_undigested: bool = Field(
        default=False,
        description="Also files of which the archive noted no digest (of early versions), as they are.",
    )


def _told(
    context: dg.OpExecutionContext, results: Iterable[LoadResult], errors: list[str], *, is_told: bool = False
) -> None:
    """Show what was done to each table: no materialization, for it need not have been read to the end."""
    for result in results:
        if not result.error:
            context.log_event(dg.AssetObservation([result.source, result.table], metadata=metadata_of(result)))
    if errors:
        raise failure("; ".join(errors), is_told=is_told)


def _told_to_people(results: Iterable[LoadResult], *, has_read: bool) -> bool:
    """Tell what was found of sources; whether that says all that there is to say."""
    by_source: dict[str, list[LoadResult]] = {}
    for result in results:
        by_source.setdefault(result.source, []).append(result)
    whole = [told.tables(source, tables, has_read=has_read) for source, tables in by_source.items()]
    return all(whole)


@dg.op
def reread(context: dg.OpExecutionContext, config: Reread) -> None:
    """Read one table once more; what differs from raw is appended, and nothing twice."""
    with telling_faults():
        again = Again(parse_since(config.since) if config.since else None)
        result = ingestion.run(ConsoleListener(), config.source, config.table, again=again)
    _told(context, result.tables, result.errors, is_told=_told_to_people(result.tables, has_read=True))


@dg.op
def compare_keys(context: dg.OpExecutionContext, config: Reconcile) -> None:
    """Compare the sources' keys with raw's: what was missed is fetched, what is gone is deleted, if it may be."""
    with telling_faults():
        result = ingestion.run(ConsoleListener(), config.source, config.table, keys_only=True)
    _told(context, result.tables, result.errors, is_told=_told_to_people(result.tables, has_read=False))


@dg.op
def confirm(context: dg.OpExecutionContext, config: Table) -> None:
    """Compare one table's keys, and delete however many rows are gone from the source."""
    with telling_faults():
        result = ingestion.run(ConsoleListener(), config.source, config.table, keys_only=True, allow_deletes=True)
    _told(context, result.tables, result.errors, is_told=_told_to_people(result.tables, has_read=False))


@dg.op
def rebuild(context: dg.OpExecutionContext, config: Rebuild) -> None:
    """Make raw of the archive, without the source; each table whole or not at all."""
    with telling_faults():
        results = rebuild_chosen(
            ingestion,
            ConsoleListener(),
            config.source,
            config.table,
            replace_rows=config.replace,
            accept_undigested=config.accept_undigested,
        )
    _told(context, results, [f"{r.label}: {r.error}" for r in results if r.error])


@dg.op
def let_go() -> None:
    """Let go what is past its age, and superseded versions, as far as that is set (docs/privacy.md)."""
    with telling_faults():
        errors = retain(ingestion, ingestion.chosen_tables(None, None), dry_run=False).errors
        if days := settings.retain_revisions_days:
            gone = retain_revisions(settings, days)
            say(f"{len(gone.revisions):,} files of earlier revisions, {gone.restatements:,} former values let go")
    if errors:
        raise failure("; ".join(errors))


def _of(op: dg.OpDefinition, **told: object) -> dict[str, object]:
    """What the launchpad of an operation begins with: everything that can be told, and nothing yet that does harm."""
    return {"ops": {op.name: {"config": told}}}


@dg.job(name=REREAD_JOB, config=_of(reread, source="", table="", since=None), executor_def=dg.in_process_executor)
def reread_job() -> None:
    """Read one table once more, in full or since a date. For rows that changed behind the cursor's back.

    What differs from raw is appended, and nothing twice. As a command: python -m ingestion reread
    """
    reread()


@dg.job(name=RECONCILE_JOB, config=_of(compare_keys, source=None, table=None), executor_def=dg.in_process_executor)
def reconcile_job() -> None:
    """Compare the sources' keys with raw now, whenever it is due: fetches what was missed, deletes what is gone.

    Too many deletes are refused, and told. As a command: python -m ingestion reconcile
    """
    compare_keys()


@dg.job(name=CONFIRM_JOB, config=_of(confirm, source="", table=""), executor_def=dg.in_process_executor)
def confirm_job() -> None:
    """Confirm the deletes that were refused of one table: what is gone from the source now gets a delete version.

    As a command: python -m ingestion reconcile --allow-deletes
    """
    confirm()


@dg.job(
    name=REBUILD_JOB,
    config=_of(rebuild, source="", table=None, replace=False, accept_undigested=False),
    executor_def=dg.in_process_executor,
)
def rebuild_job() -> None:
    """Make raw of a source, or of one table, of the archive alone; every file is compared with its digest first.

    As a command: python -m ingestion rebuild --from-archive
    """
    rebuild()


@dg.job(name=NIGHTLY_JOB, executor_def=dg.in_process_executor)
def nightly_job() -> None:
    """The night's work: keys of all tables compared, and what is past its age let go. All data tests follow.

    What of it fails does not keep the rest from being done. As a command: python -m orchestration nightly
    """
    compare_keys()
    let_go()


operation_jobs = [reread_job, reconcile_job, confirm_job, rebuild_job, nightly_job]
