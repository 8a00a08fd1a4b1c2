"""Which of a source's tables a run can load, and under what names.

Belongs here: a source's tables, matched with the warehouse that they go to. Not here: the rules for one table
(catalogue/matching.py), how it is loaded (table.py).
"""

from collections.abc import Mapping

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.matching import Admission, FoundTable, admitted, id_foldings, refused_tables
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
    admissions = {}
    for name, entry in entries.items():
        table = None if name in faults or name in misnamed else found.get(name)
        told = foldings.get(table.name, {}) if table else None
        try:
            admissions[name] = admitted(source, name, entry, table, told, existing.get(name, ()), rules)
        except TableError as error:
            refused[name] = str(error)
            admissions[name] = admitted(source, name, entry, None)
    # What can't be loaded now is in raw nonetheless, for models to find it, unless another table has the name.
    prepared = [admission.table for name, admission in admissions.items() if name not in misnamed]
    unfit = session.prepare(prepared)
    refused = {t.name: unfit[t.label] for t in prepared if t.label in unfit} | refused
    return admissions, refused | misnamed
