"""The run of one source: all of its tables from one snapshot.

Belongs here: which tables take part, and what they are handed. Not here: one table's run (table.py).
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.matching import Admission, find_tables
from ingestion.catalogue.recommendation import filled_in
from ingestion.catalogue.source_tables import check_tables
from ingestion.errors import TableError
from ingestion.loading.admission import admitted_tables
from ingestion.loading.pace import UNLIMITED, Pace
from ingestion.loading.privacy import NOTHING_PERSONAL, Privacy
from ingestion.loading.progress import Listener
from ingestion.loading.reading import Again
from ingestion.loading.results import LoadResult
from ingestion.loading.subject import SourceRun, Subject
from ingestion.loading.table import TableRun
from ingestion.log.archive import Archive
from ingestion.log.state import TableState
from ingestion.sources.base import Source
from ingestion.sources.named import named
from ingestion.warehouses.base import Session


def load_source(
    source_name: str,
    entries: dict[str, TableEntry],
    source: Source,
    session: Session,
    archive: Archive,
    listener: Listener,
    only: Collection[str] = (),
    pace: Pace = UNLIMITED,
    privacy: Privacy = NOTHING_PERSONAL,
    *,
    keys_only: bool = False,
    allow_deletes: bool = False,
    again: Again | None = None,
) -> list[LoadResult]:
    """Load a source's tables from one snapshot, each in a transaction of its own.

    Args:
        source_name: name of the source.
        entries: its catalogue entries by table.
        source: where to read.
        session: the open warehouse.
        archive: where appended batches are kept as files.
        listener: is told how far the run is.
        only: tables to load; all where empty.
        pace: how fast rows are read.
        privacy: what its personal columns become.
        keys_only: compare keys at once and read no more than the rows found missing.
        allow_deletes: append deletes however many there are.
        again: rows to read once more, whatever has changed; None: those that may have changed.

    Returns:
        One result per table, in the catalogue's order; a table's failure is in its result.

    Raises:
        SourceError: the source can't be read as a whole: nothing was written.
    """
    with source.snapshot() as snapshot:
        found, faults = find_tables(entries, snapshot)
        check_tables(source_name, entries, {*found, *faults}, only, snapshot)
        entries, unresolved = filled_in(entries, found, snapshot)
        admissions, refused = admitted_tables(source_name, entries, found, faults | unresolved, snapshot, session)
        shown = named(snapshot, {name: privacy.names(a.names, entries[name]) for name, a in admissions.items()})
        states, standing = session.states(source_name), session.standing(source_name)
        held = _too_much_held(privacy, entries, states)
        refused |= held
        run = SourceRun(
            shown, session, archive, listener, pace, keys_only=keys_only, allow_deletes=allow_deletes, again=again
        )
        subjects = [
            Subject(
                admission.table,
                admission.found if name in found or name in faults else None,
                entries[name],
                # What is remembered of a table that raw has otherwise must go on saying so.
                state if name in held else _as_declared(state, entries[name], privacy),
                refused.get(name),
                standing.get(name, ()),
                has_folded_ids=bool(admission.names.folded),
                in_source=list(found[name].columns) if name in found else (),
                erased=privacy.erased_rows(admission.table, entries[name]),
                aged=privacy.aged_rows(entries[name]),
            )
            for name, admission in admissions.items()
            if not only or name in only
            for state in [_noted(states.get(name, TableState(name)), admission)]
        ]
        return [TableRun(run, subject).result() for subject in subjects]


def _noted(state: TableState, admission: Admission) -> TableState:
    """The state with what is to be told of the table's columns."""
    unreviewed = json.dumps(admission.unreviewed) if admission.unreviewed else None
    return replace(state, note=admission.note, unreviewed=unreviewed)


def _as_declared(state: TableState, entry: TableEntry, privacy: Privacy) -> TableState:
    """The state under the owner's mapping: where that is not the one that rows were read by, all are read again."""
    told = entry.mapping.record() if entry.mapping.is_given else {}
    # It decides which number is meant, and raw can't tell any more how it was written.
    if privacy.country_code and any(entry.personal[name].kind == "phone" for name in entry.hashed):
        told["country_code"] = privacy.country_code
    mapping = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16] if told else None
    state = privacy.state(state, entry)
    return state if mapping == state.mapping else replace(state, mapping=mapping, last_full_at=None)


def _too_much_held(privacy: Privacy, entries: dict[str, TableEntry], states: dict[str, TableState]) -> dict[str, str]:
    """Tables of which raw has values that it must not have, or pseudonyms that would not be those made now, and why."""
    refused = {}
    for name, state in states.items():
        try:
            if name in entries:
                privacy.check(state, entries[name])
        except TableError as error:
            refused[name] = str(error)
    # What is read now would have a third kind of pseudonyms, once the right key is there again.
    if other := next((name for name, state in states.items() if privacy.is_of_another_key(state)), None):
        why = f"raw's pseudonyms of {other} are of another PRIVACY_KEY, which its own are to share: nothing was read"
        refused = dict.fromkeys((name for name, entry in entries.items() if entry.hashed), why) | refused
    return refused
