"""Names beside ids: what a tenant, an outlet, a campaign, a product or an account is called.

Belongs here: where names come from, and what stands where there is none. Not here: which export has names (rows.py).
"""

import hashlib

import pyarrow as pa

from ingestion.warehouses import Query
from marts.names import named_ids

TABLES = named_ids()
"""Column of ids → where its names come from."""

_UNKNOWN = "unknown"
_MARK_DIGITS = 4

_Key = tuple[str | None, ...]


class Names:
    """The names of a warehouse: each table of them is read once, when it is first asked for."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._read: dict[str, dict[_Key, str | None]] = {}

    def beside_ids(self, table: pa.Table) -> pa.Table:
        """A table with a column of names after each column of ids; where it has one of its own, that one.

        Raises:
            WarehouseError: names can't be read.
        """
        for ids, (names, relation, by) in TABLES.items():
            if not {ids, *by} <= set(table.column_names):
                continue
            keys = [*zip(*(table[name].to_pylist() for name in by), strict=True)]
            if names in table.column_names:
                known = dict(zip(keys, table[names].to_pylist(), strict=True))
                place = table.column_names.index(names)
                table = table.remove_column(place)
            else:
                # Without an id there need not even be a table of them: its system may not be here.
                known = self._names(relation, names, by) if table[ids].null_count < len(table) else {}
                place = table.column_names.index(ids) + 1
            told = {key: told_name(key[-1], known.get(key)) for key in set(keys)}
            column = pa.array([told[key] for key in keys], pa.string())
            table = table.add_column(place, pa.field(names, pa.string()), column)
        return table

    def of_source(self, ids: str, tenant_key: str, id_: str) -> str | None:
        """What the source calls one of a column of ids; None where it does not call it anything.

        Raises:
            WarehouseError: names can't be read.
        """
        names, relation, by = TABLES[ids]
        key = tuple(id_ if column == ids else tenant_key for column in by)
        return self._names(relation, names, by).get(key)

    def _names(self, relation: str, names: str, by: tuple[str, ...]) -> dict[_Key, str | None]:
        if relation not in self._read:
            found = self._query(f"select {', '.join((*by, names))} from core.{relation}")
            keys = zip(*(found[name].to_pylist() for name in by), strict=True)
            self._read[relation] = dict(zip(keys, found[names].to_pylist(), strict=True))
        return self._read[relation]


def is_name(column: str) -> bool:
    """Whether a column is one of names beside ids."""
    return any(column == names for names, _, _ in TABLES.values())


def told_name(id_: str | None, name: str | None) -> str | None:
    """A name for people. Where the source has none, a mark tells one that is unnamed from another."""
    if id_ is None:
        return name
    # Of a tenant's key, what stands before the colon is the system.
    ids = (id_, id_.partition(":")[2])
    if name and name.strip() and name not in (*ids, _UNKNOWN):
        return name
    if _UNKNOWN in ids:
        return _UNKNOWN
    return f"unnamed {hashlib.sha256(id_.encode()).hexdigest()[:_MARK_DIGITS]}"
