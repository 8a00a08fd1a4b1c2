"""Raw from the archive alone: every version of every row, with its batch number, time and hash.

Belongs here: which files make up a table, whether they are as they were written, and the order of steps. Not here: the
files' format (archive.py), an engine's statements (warehouses/).

What was delivered is no part of raw: what a warehouse does not know of it, it gets from the archive's copy, so that
nothing is sent a second time, or left out.

`_rejected` is not in the archive. What the source still has and raw can't hold is missing from raw, hence read again,
and recorded again, by the next run's comparison of keys.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa

from ingestion.catalogue.catalogue_file import Catalogue
from ingestion.catalogue.entries import TableEntry
from ingestion.errors import ConfigurationError, IngestionError, TableError
from ingestion.loading.progress import Listener
from ingestion.loading.results import LoadResult
from ingestion.loading.rows import pulled
from ingestion.loading.run import Ingestion
from ingestion.log.archive import Archive
from ingestion.log.state import TableState
from ingestion.operations.archived_table import (
    ArchivedTable,
    People,
    archived_numbers,
    archived_table,
    archived_versions,
    missing,
    whole_history,
)
from ingestion.operations.last_builds import forget_models
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import Rejection
from ingestion.rows.pseudonyms import SourceKey
from ingestion.settings import SOURCES
from ingestion.warehouses.base import Session, TableLoad, Warehouse


def rebuild_chosen(
    ingestion: Ingestion,
    listener: Listener,
    source: str | None,
    table: str | None,
    *,
    replace_rows: bool = False,
    accept_undigested: bool = False,
) -> list[LoadResult]:
    """Rebuild what the archive has of every source, of one, or of one table of it. See `rebuild`."""
    tables, erasures = ingestion.chosen_tables(source, table), ingestion.archive.erasures
    return rebuild(
        ingestion.archive,
        ingestion.catalogue,
        ingestion.warehouse,
        listener,
        tables,
        replace_rows=replace_rows,
        accept_undigested=accept_undigested,
        row_keys={name: ingestion.row_key(name) for name in tables if erasures.of_source(name).tables},
    )


def rebuild(
    archive: Archive,
    catalogue: Catalogue,
    warehouse: Warehouse,
    listener: Listener,
    tables: Mapping[str, list[str]],
    *,
    replace_rows: bool = False,
    accept_undigested: bool = False,
    row_keys: Mapping[str, SourceKey] | None = None,
) -> list[LoadResult]:
    """Rebuild raw tables from the archive, each in a transaction of its own.

    Args:
        archive: where the batches are.
        catalogue: the declared tables.
        warehouse: where raw is rebuilt; of any engine, whichever wrote the archive.
        listener: is told how far the rebuild is.
        tables: source → tables to rebuild.
        replace_rows: whether tables that hold rows are rebuilt too.
        accept_undigested: whether files that no digest was noted of are taken as they are, and noted.
        row_keys: source → what names its rows in the register of people that were erased, where it has any: an archive
            out of a backup may be from before that, and does not bring them back.

    Returns:
        One result per table that the archive knows; a table's failure is in its result, and its rows are as before.
        Every file of every table is compared with its digest before anything is written.

    Raises:
        ConfigurationError: the archive has none of the tables, or raw holds rows already: nothing was changed.
        WarehouseError: the archive or the warehouse can't be opened.
        StorageError: the archive's copy of deliveries is damaged: nothing was changed.
    """
    found = {
        (source, name): numbers
        for source, names in tables.items()
        for name in names
        if (numbers := archived_numbers(archive, RawTable(source, name, (), ())))
    }
    if not found:
        raise ConfigurationError("The archive holds no batch of what is to be rebuilt. Check ARCHIVE_URL.")
    with warehouse.session() as session:
        return rebuild_tables(
            archive,
            catalogue,
            session,
            listener,
            found,
            replace_rows=replace_rows,
            accept_undigested=accept_undigested,
            row_keys=row_keys,
        )


def rebuild_tables(
    archive: Archive,
    catalogue: Catalogue,
    session: Session,
    listener: Listener,
    found: Mapping[tuple[str, str], list[int]],
    *,
    replace_rows: bool = False,
    accept_undigested: bool = False,
    keeps_models: bool = False,
    row_keys: Mapping[str, SourceKey] | None = None,
) -> list[LoadResult]:
    """Likewise in an open warehouse, given the numbers of each table's archived batches by source and table.

    With `keeps_models` models see by batch numbers what is another row than it was.
    """
    filled = [f"{s}.{t}" for s, t in found if session.holds_rows(RawTable(s, t, (), ()))]
    if filled and not replace_rows:
        more = f" and {len(filled) - 1} more tables" if len(filled) > 1 else ""
        raise ConfigurationError(
            f"Raw holds rows of {filled[0]}{more} already. Put the archive's in their place: --replace"
        )
    checked = {
        (s, t): _checked(archive, RawTable(s, t, (), ()), numbers, accept_undigested)
        for (s, t), numbers in found.items()
    }
    if delivered := archive.deliveries.unknown_to(session.deliveries()):
        session.note_deliveries(delivered)
    if not keeps_models and not all(isinstance(check, str) for check in checked.values()):
        forget_models(session, catalogue, SOURCES)
    return [
        _rebuilt(
            archive,
            session,
            listener,
            RawTable(s, t, (), ()),
            catalogue[s][t],
            numbers,
            checked[s, t],
            (row_keys or {}).get(s),
        )
        for (s, t), numbers in found.items()
    ]


def _checked(archive: Archive, named: RawTable, numbers: list[int], accept_undigested: bool) -> dict[int, str] | str:
    """Compare a table's files with their digests: the digests that are to be noted, or what is wrong."""
    try:
        return _undigested(archive, named, numbers, accept_undigested)
    except IngestionError as fault:
        return str(fault)


def _undigested(archive: Archive, named: RawTable, numbers: list[int], accept_undigested: bool) -> dict[int, str]:
    noted = archive.digests(named)
    found: dict[int, str] = {}
    for number in numbers:
        digest = archive.digest(named, number)
        if digest is None:
            raise missing(archive, named, number)
        if (known := noted.get(f"{number}.parquet")) is None:
            found[number] = digest
        elif known != digest:
            raise TableError(
                f"the archive's file {archive.name(named, number)} is not what was written: its digest differs from "
                "the list's. Put a whole copy of it in its place"
            )
    if found and not accept_undigested:
        first = archive.name(named, next(iter(found)))
        which = first if len(found) == 1 else f"{first} and {len(found) - 1} more of its files"
        raise TableError(
            f"the archive's list of digests does not have {which}, so nothing shows whether they are whole. If you "
            "trust them (archives of earlier versions had no list), take them as they are and note their digests: "
            "--accept-undigested"
        )
    return found


def _rebuilt(
    archive: Archive,
    session: Session,
    listener: Listener,
    named: RawTable,
    entry: TableEntry,
    numbers: list[int],
    checked: dict[int, str] | str,
    row_key: SourceKey | None,
) -> LoadResult:
    started_at = datetime.now(UTC)
    state, scope, error = TableState(named.name), "", None
    try:
        if isinstance(checked, str):
            raise TableError(checked)
        known = session.states(named.source).get(named.name, TableState(named.name))
        archived = archived_table(session, named, entry, whole_history(archive, named, numbers, known.batch_seq))
        if refused := session.prepare([archived.table]):
            raise TableError(refused[named.label])
        people = People(archive, archived.table, entry, row_key) if row_key else None
        state, scope = _restore(archive, session, listener, archived, people, started_at), "from the archive"
        if people and people.found:
            error = (
                f"its files are from before {len(people.found):,} of its rows were erased, as a backup's are. Raw is "
                "without what was erased: put the files that were written then in their place, or erase once more"
            )
        for number, digest in checked.items():
            archive.note_digest(named, number, digest)
    except IngestionError as failure:
        error = str(failure)
    seconds = (datetime.now(UTC) - started_at).total_seconds()
    result = LoadResult(named.source, named.name, scope, state, seconds, error)
    listener.finished(result.label, result.outcome)
    return result


def renew_batches(
    archive: Archive,
    session: Session,
    named: RawTable,
    entry: TableEntry,
    numbers: list[int],
    renewed: Collection[int],
    left: Callable[[TableLoad], None],
) -> None:
    """Have raw's versions of some batches as the archive's files have them now, in one transaction with what is left.

    What raw does not have any more, such as what was compacted, does not come back, and its state stays.

    Args:
        archive: where the batches are.
        session: the open warehouse.
        named: the raw table by its name.
        entry: its catalogue entry.
        numbers: its archived batches.
        renewed: those of them that are meant.
        left: is given the load, before it is committed.

    Raises:
        TableError: a file is missing or damaged, or has a column of another type than raw.
        StorageError: the archive can't be read.
        WarehouseError: the warehouse can't be written.
    """
    state = session.states(named.source)[named.name]
    archived = archived_table(session, named, entry, whole_history(archive, named, numbers, state.batch_seq))
    if refused := session.prepare([archived.table]):
        raise TableError(refused[named.label])
    of_these = replace(archived, batches=[batch for batch in archived.batches if batch.batch_seq in renewed])
    limits = session.capabilities.limits
    with session.load(archived.table, datetime.now(UTC)) as load:
        if of_these.batches:
            with pulled(hashed for _, hashed in archived_versions(archive, of_these, limits)) as given:
                load.renew(given)
        left(load)
        load.commit(state)


def _restore(
    archive: Archive,
    session: Session,
    listener: Listener,
    archived: ArchivedTable,
    people: People | None,
    started_at: datetime,
) -> TableState:
    """Load all of a table's batches in one transaction; returns its state with this rebuild's counts."""
    table = archived.table
    rejections: list[Rejection] = []
    read = 0

    def versions() -> Iterator[pa.RecordBatch]:
        nonlocal read
        for conformed, hashed in archived_versions(archive, archived, session.capabilities.limits, people):
            rejections.extend(conformed.rejections)
            read += hashed.num_rows
            listener.advanced(table.label, hashed.num_rows)
            yield hashed

    listener.started(table.label, None)
    with session.load(table, started_at) as load:
        with pulled(versions()) as given:
            restored = load.restore(given, archived.state.batch_seq)
        recorded = load.reject(rejections)
        state = load.commit(archived.state)
    return replace(state, rows_read=read, rows_appended=restored, rows_deleted=0, rows_rejected=recorded)
