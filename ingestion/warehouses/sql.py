"""SQL text that is the same on the engines with transactions.

Belongs here: quoting, and statements over the raw log. Not here: connections, or types by engine.
Identifiers come from the catalogue or from the source's own schema and are always quoted. Values of rows never become
SQL text; what does is our own: states, times and the catalogue's values, as literals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from ingestion.log.state import TableState
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import REPEATED_KEY


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def relation(schema: str, table: str) -> str:
    """A qualified table name, quoted."""
    return f"{quoted(schema)}.{quoted(table)}"


def columns(names: Iterable[str], prefix: str = "") -> str:
    """A list of quoted columns."""
    return ", ".join(prefix + quoted(name) for name in names)


def literal(value: str | int | datetime | None) -> str:
    """A value as SQL text."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return f"timestamp with time zone '{value.astimezone(UTC).isoformat()}'"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def same_key(table: RawTable, left: str, right: str) -> str:
    """The condition that two relations' rows have the same key; keys are never null."""
    return " and ".join(f"{left}.{quoted(k)} = {right}.{quoted(k)}" for k in table.key)


def put_row(schema: str, table: str, row: Mapping[str, str | int | datetime | None], rising: str | None = None) -> str:
    """Put a row in the place of the one that has its key, which is the first column; a rising one never goes back."""
    key, *others = row
    replaced = ", ".join(
        f"{quoted(name)} = "
        + (f"greatest(known.{quoted(name)}, excluded.{quoted(name)})" if name == rising else f"excluded.{quoted(name)}")
        for name in others
    )
    return f"""
        insert into {relation(schema, table)} as known ({columns(row)})
        values ({", ".join(literal(value) for value in row.values())})
        on conflict ({quoted(key)}) do update set {replaced}
    """


def replace_state(schema: str, state: TableState) -> str:
    """Put one entry into a schema's `_state`; its batch number never goes back."""
    return put_row(schema, "_state", asdict(state), rising="batch_seq")


def repeated_keys(table: RawTable, relation_: str, limit: int | None = None) -> str:
    """Keys that a relation has more than once."""
    key = columns(table.key)
    return f"select {key} from {relation_} group by {key} having count(*) > 1" + (f" limit {limit}" if limit else "")


def surplus_rows(table: RawTable) -> str:
    """Staged rows beyond the first of their key, with the hash of the first."""
    key = columns(table.key)
    return f"""
        select * from (
            select staged.*,
                row_number() over (partition by {key} order by _row_hash) as _place,
                min(_row_hash) over (partition by {key}) as _kept_hash
            from _staged as staged
            where exists (
                select 1 from ({repeated_keys(table, "_staged")}) as repeated
                where {same_key(table, "staged", "repeated")}
            )
        ) as ranked where _place > 1
    """


def append_changed(
    table: RawTable, latest_versions: str, has_surplus: bool, batch_seq: int, loaded_at: datetime
) -> str:
    """Append staged rows that differ from the latest version of their key.

    Args:
        table: the raw table.
        latest_versions: a query for key, `latest_batch_seq`, `latest_hash` and `latest_op` of the staged keys.
        has_surplus: whether a key is staged more than once; the row with the lowest hash is taken.
        batch_seq: the batch they become.
        loaded_at: its time.
    """
    names, key = [c.name for c in table.columns], columns(table.key)
    # Costly for large reads, hence only where it is needed.
    staged = f"(select distinct on ({key}) * from _staged order by {key}, _row_hash)" if has_surplus else "_staged"
    return f"""
        insert into {relation(table.schema, table.name)} ({columns(names)}, _batch_seq, _loaded_at, _op, _row_hash)
        select {columns(names, "staged.")}, {batch_seq}, {literal(loaded_at)}, 'upsert', staged._row_hash
        from {staged} as staged
        left join ({latest_versions}) as latest on {same_key(table, "staged", "latest")}
        where latest.latest_op is null
            or (
                latest.latest_batch_seq < {batch_seq}
                and (latest.latest_op = 'delete' or latest.latest_hash <> staged._row_hash)
            )
    """


def deleted_keys(table: RawTable, batch_seq: int) -> str:
    """Live keys that the source does not have; one of which this batch read a row is not among them."""
    return f"""
        select {columns(table.key)} from _live_keys as live
        where not exists (select 1 from _source_keys as source where {same_key(table, "source", "live")})
            and not exists (
                select 1 from {relation(table.schema, table.name)} as fresh
                where fresh._batch_seq = {batch_seq} and {same_key(table, "fresh", "live")}
            )
    """


def missing_keys(table: RawTable, limit: int) -> str:
    """Keys of the source that are not live."""
    return f"""
        select distinct {columns(table.key)} from _source_keys as source
        where not exists (select 1 from _live_keys as live where {same_key(table, "source", "live")})
        limit {limit}
    """


def append_deletes(table: RawTable, batch_seq: int, loaded_at: datetime) -> str:
    """Append a delete version for each deleted key. Its hash is 0 rather than null, which arg_max would pass over."""
    key = columns(table.key)
    return f"""
        insert into {relation(table.schema, table.name)} ({key}, _batch_seq, _loaded_at, _op, _row_hash)
        select {key}, {batch_seq}, {literal(loaded_at)}, 'delete', 0 from _deleted_keys
    """


def standing_keys(schema: str) -> str:
    """A query for `table_name` and `row_key` of the rejections that stand."""
    return f"""
        select distinct table_name, row_key from {relation(schema, "_rejected")} where resolved_at is null
    """


_SAME_REJECTION = """
    known.table_name = incoming.table_name
        and known.row_key = incoming.row_key
        and known.column_name = incoming.column_name
        and known.reason = incoming.reason
        and known.effect = incoming.effect
        and known.original_value is not distinct from incoming.original_value
        and (known.effect = 'value' or known.row_content is not distinct from incoming.row_content)
"""
"""Of a row that is in raw its other values don't matter, which may have changed meanwhile."""


def fresh_rejections(schema: str, names: Iterable[str], incoming: str) -> str:
    """A query for those of the incoming rejections that do not stand already."""
    return f"""
        select distinct {columns(names)} from {incoming} as incoming
        where not exists (
            select 1 from {relation(schema, "_rejected")} as known
            where known.resolved_at is null and {_SAME_REJECTION}
        )
    """


def is_resolved(table: RawTable, settled: str, incoming: str | None, *, is_complete: bool) -> str:
    """The condition that a row `known` of `_rejected` stood and does no more.

    Args:
        table: the raw table.
        settled: a relation with the keys (`row_key`) of which it is known what is wrong with their rows.
        incoming: a relation with what is wrong with them; None if nothing.
        is_complete: whether all rows were read. Else a key that occurs twice may do so still.
    """
    again = f"and not exists (select 1 from {incoming} as incoming where {_SAME_REJECTION})" if incoming else ""
    return f"""
        known.table_name = {literal(table.name)} and known.resolved_at is null
            and known.row_key in (select row_key from {settled})
            {"" if is_complete else f"and known.reason <> {literal(REPEATED_KEY)}"} {again}
    """


def resolve_rejections(schema: str, condition: str, resolved_at: datetime) -> str:
    """Note of rejections that they stand no more."""
    return f"""
        update {relation(schema, "_rejected")} as known set resolved_at = {literal(resolved_at)} where {condition}
    """


def renew_versions(table: RawTable, renewed: str, names: Mapping[str, str]) -> str:
    """Have values and hashes of versions as another relation has them.

    Args:
        table: the raw table.
        renewed: the relation.
        names: column of the versions → what it is called there.
    """
    told = [*table.key, "_batch_seq"]
    values = ", ".join(
        f"{quoted(name)} = renewed.{quoted(own)}"
        for name, own in names.items()
        if name not in (*told, "_loaded_at", "_op")
    )
    same = " and ".join(f"held.{quoted(name)} = renewed.{quoted(names[name])}" for name in told)
    return f"""
        update {relation(table.schema, table.name)} as held set {values} from {renewed} as renewed where {same}
    """


def resolved_before(before: datetime) -> str:
    """The condition that a row of `_rejected` was made before an instant and stands no more."""
    return f"resolved_at is not null and _loaded_at < {literal(before)}"


def blank_rejected(table: RawTable, keys: str, names: Iterable[str]) -> str:
    """Leave a key alone of records, given a relation with the keys (`row_key`) and whose values go of some columns."""
    listed = ", ".join(literal(name) for name in sorted(names))
    value = f"case when column_name in ({listed}) then null else original_value end" if listed else "original_value"
    return f"""
        update {relation(table.schema, "_rejected")} set original_value = {value}, row_content = row_key
        where table_name = {literal(table.name)} and row_key in (select row_key from {keys})
    """


def remove_superseded(table: RawTable, batch_seq: int, before: datetime) -> str:
    """Remove what comes before the newest settled version of each key: of a batch up to a number, before an instant.

    Whatever goes, everything older of its key goes with it: a delete version never leaves an older row behind.
    """
    raw, key = relation(table.schema, table.name), columns(table.key)
    return f"""
        delete from {raw} as old
        where exists (
            select 1 from (
                select {key}, max(_batch_seq) as settled_batch_seq from {raw}
                where _batch_seq <= {batch_seq} and _loaded_at < {literal(before)}
                group by {key}
                having count(*) > 1
            ) as settled
            where {same_key(table, "settled", "old")} and old._batch_seq < settled.settled_batch_seq
        )
    """


def tables_of(schemas: Iterable[str]) -> str:
    """A query for `schema` and `name` of the tables of some schemas."""
    return f"""
        select table_schema as "schema", table_name as name from information_schema.tables
        where table_schema in ({", ".join(map(literal, schemas))})
    """


def loaded_tables(sources: Iterable[str]) -> str:
    """A query for `source` and `loaded`, how many of its tables were ever read, of sources that have a `_state`."""
    return " union all ".join(
        f"""
        select {literal(source)} as source, count(*) as loaded from {relation(f"raw_{source}", "_state")}
        where substr(table_name, 1, 1) <> '_' and (batch_seq > 0 or last_run_at is not null)
        """
        for source in sources
    )


def count_versions(table: RawTable) -> str:
    """A query for a raw table's name, `versions` and `live`: the keys whose latest version is not a delete."""
    return f"""
        select {literal(table.name)} as table_name, cast(coalesce(sum(versions), 0) as bigint) as versions,
            cast(coalesce(sum(is_live), 0) as bigint) as live
        from (
            select count(*) as versions,
                case when max(_batch_seq) = max(case when _op = 'delete' then _batch_seq end) then 0 else 1 end
                    as is_live
            from {relation(table.schema, table.name)} group by {columns(table.key)}
        ) as counted
    """
