"""SQL text that is the same on the engines with transactions.

Belongs here: quoting, and statements over the raw log. Not here: connections, or types by engine.
Identifiers come from the catalogue or from the source's own schema and are always quoted; values are parameters.
"""

from collections.abc import Iterable

from ingestion.columns import RawTable


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def relation(schema: str, table: str) -> str:
    """A qualified table name, quoted."""
    return f"{quoted(schema)}.{quoted(table)}"


def columns(names: Iterable[str], prefix: str = "") -> str:
    """A list of quoted columns."""
    return ", ".join(prefix + quoted(name) for name in names)


def same_key(table: RawTable, left: str, right: str) -> str:
    """The condition that two relations' rows have the same key; keys are never null."""
    return " and ".join(f"{left}.{quoted(k)} = {right}.{quoted(k)}" for k in table.key)


def latest_versions(table: RawTable, keys_of: str) -> str:
    """Per key that occurs in the relation `keys_of`: the latest version's batch, hash and operation.

    `_row_hash` is 0 in delete versions rather than null, which arg_max would pass over.
    """
    key = columns(table.key)
    return f"""
        select {key}, max(_batch_seq) as latest_batch_seq,
            arg_max(_row_hash, _batch_seq) as latest_hash, arg_max(_op, _batch_seq) as latest_op
        from {relation(table.schema, table.name)} as versions
        where exists (select 1 from {keys_of} as keys where {same_key(table, "keys", "versions")})
        group by {key}
    """


def live_keys(table: RawTable) -> str:
    """Keys whose latest version is not a delete."""
    key = columns(table.key)
    return f"""
        select {key} from {relation(table.schema, table.name)}
        group by {key} having arg_max(_op, _batch_seq) <> 'delete'
    """
