"""Which of a source's tables a run can load, and under what names.

Belongs here: a source's tables, matched with the warehouse that they go to. Not here: the rules for one table
(catalogue/matching.py), how it is loaded (table.py).
"""

from collections.abc import Mapping
from dataclasses import replace

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.listed_names import shortened
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.matching import Admission, admitted, id_foldings, refused_tables
from ingestion.catalogue.review import unreviewed
from ingestion.catalogue.rights import check_readable, left_out_note
from ingestion.errors import TableError
from ingestion.sources.base import Snapshot
from ingestion.warehouses.base import Session


def admitted_tables(
    source: str,
    entries: Mapping[str, TableEntry],
    found: Mapping[str, FoundTable],
    faults: Mapping[str, str],
    snapshot: Snapshot,
    session: Session,
) -> tuple[dict[str, Admission], dict[str, str]]:
    """Match a source's tables with raw's, and prepare those in the warehouse that it can have.

    Args:
        source: name of the source.
        entries: its catalogue entries, with keys.
        found: its tables that there are.
        faults: tables that can't be loaded whatever the warehouse, with why.
        snapshot: the source.
        session: the warehouse.

    Returns:
        What comes into raw, by table; and the tables that can't be loaded, with why.

    Raises:
        SourceError: the source can't be read.
        WarehouseError: none of the tables can be prepared.
    """
    existing, rules = session.columns(source), session.capabilities.names
    misnamed = refused_tables(entries, existing, rules)
    refused = dict(faults)
    foldings = id_foldings(entries, found, snapshot)
    denied = snapshot.unreadable({table.name: entries[name].columns for name, table in found.items()})
    admissions = {}
    for name, entry in entries.items():
        table = None if name in faults or name in misnamed else found.get(name)
        told = foldings.get(table.name, {}) if table else None
        try:
            unreadable = denied.get(table.name, {}) if table else {}
            check_readable(entry, unreadable)
            admission = admitted(source, name, entry, table, told, existing.get(name, ()), rules)
            admissions[name] = _as_held(admission, session).noted(left_out_note(unreadable))
        except TableError as error:
            refused[name] = str(error)
            admissions[name] = admitted(source, name, entry, None)
        held = [*existing.get(name, ()), *(column.name for column in admissions[name].table.columns)]
        admissions[name] = replace(admissions[name], unreviewed=tuple(unreviewed(entry, held)))
    # What can't be loaded now is in raw nonetheless, for models to find it, unless another table has the name.
    # Of a table that no model knows nothing can be told before it is there.
    # Nor can it of files that can't be read, and raw stays as it is.
    left = {*misnamed, *(name for name, table in found.items() if not table.columns and name in existing)}
    prepared = [a.table for name, a in admissions.items() if name not in left and a.table.columns]
    unfit = session.prepare(prepared)
    refused = {t.name: unfit[t.label] for t in prepared if t.label in unfit} | refused
    return admissions, refused | misnamed


def _as_held(admission: Admission, session: Session) -> Admission:
    """With columns that nobody declared as raw has them: what does not fit is set aside without its row."""
    held = session.held_types(admission.table)
    changed = {
        c.name: (c.type, held[c.name])
        for c in admission.table.columns
        if not c.is_declared and held.get(c.name, c.type) != c.type
    }
    if not changed:
        return admission
    columns = tuple(replace(c, type=held[c.name]) if c.name in changed else c for c in admission.table.columns)
    told = shortened([f"{name} ({now} in the source, {before} in raw)" for name, (now, before) in changed.items()])
    note = f"columns changed their type, and what of their values does not fit raw's is left out: {told}"
    return replace(admission, table=replace(admission.table, columns=columns)).noted(note)
