"""One table's load into DuckDB, as one transaction.

Belongs here: staging, comparison by content, keys, rejections and the state of a load. Not here: connections and
tables (duckdb.py), which rows are read (extraction.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace
from datetime import datetime

import duckdb
import pyarrow as pa

from ingestion.columns import RawTable
from ingestion.conformance import Rejection, json_object, key_json
from ingestion.row_hash import HASH_COLUMN
from ingestion.state import REJECTED_COLUMNS, STATE_COLUMNS, TableState
from ingestion.warehouses.base import KeyDifference
from ingestion.warehouses.sql import columns, latest_versions, live_keys, quoted, relation, same_key


def replace_state(connection: duckdb.DuckDBPyConnection, schema: str, state: TableState) -> None:
    """Put one entry into a schema's `_state`."""
    names, marks = columns(c.name for c in STATE_COLUMNS), ", ".join("?" for _ in STATE_COLUMNS)
    connection.execute(
        f"insert or replace into {relation(schema, '_state')} ({names}) values ({marks})", list(astuple(state))
    )


class DuckdbLoad:
    """One table's load. See `TableLoad`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: RawTable, loaded_at: datetime) -> None:
        self._connection = connection
        self._table = table
        self._loaded_at = loaded_at
        self._raw = relation(table.schema, table.name)
        self._names = [c.name for c in table.columns]
        self._appended = 0
        self._recorded = 0
        self._batch_seq: int = self._scalar(
            f"select coalesce(max(batch_seq), 0) + 1 from {relation(table.schema, '_state')}"
        )

    def _scalar(self, sql: str, parameters: Sequence[object] = ()) -> int:
        [(value,)] = self._connection.execute(sql, list(parameters)).fetchall()
        return int(value)

    def stage(self, batches: Iterator[pa.RecordBatch]) -> None:
        """See `TableLoad.stage`."""
        schema = self._table.arrow_schema.append(HASH_COLUMN)
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        self._connection.register("_incoming", reader)
        self._connection.execute("create or replace temp table _staged as from _incoming")
        self._connection.unregister("_incoming")

    def append_changed(self) -> int:
        """See `TableLoad.append_changed`."""
        table, key = self._table, columns(self._table.key)
        self._connection.execute(
            f"""
            create or replace temp table _twice as
            select * exclude (_place) from (
                select *,
                    row_number() over (partition by {key} order by _row_hash) as _place,
                    min(_row_hash) over (partition by {key}) as _kept_hash
                from _staged as staged
                where exists (
                    select 1 from (select {key} from _staged group by {key} having count(*) > 1) as repeated
                    where {same_key(table, "staged", "repeated")}
                )
            ) where _place > 1
            """
        )
        # Rare, and costly for large reads: only where a key did occur twice.
        staged = "_staged"
        if self._scalar("select count(*) from _twice"):
            staged = f"(from _staged qualify row_number() over (partition by {key} order by _row_hash) = 1)"
        appended = self._scalar(
            f"""
            insert into {self._raw} ({columns(self._names)}, _batch_seq, _loaded_at, _op, _row_hash)
            select {columns(self._names, "staged.")}, {self._batch_seq}, ?, 'upsert', staged._row_hash
            from {staged} as staged
            left join ({latest_versions(table, "_staged")}) as latest on {same_key(table, "staged", "latest")}
            where latest.latest_op is null
                or (
                    latest.latest_batch_seq < {self._batch_seq}
                    and (latest.latest_op = 'delete' or latest.latest_hash <> staged._row_hash)
                )
            """,
            [self._loaded_at],
        )
        self._connection.execute("drop table _staged")
        self._appended += appended
        return appended

    def duplicates(self) -> list[Rejection]:
        """See `TableLoad.duplicates`."""
        # Equal rows under one key are one row told twice: nothing is lost by keeping one of them.
        names = columns(self._names)
        rows = self._connection.execute(f"select {names} from _twice where _row_hash <> _kept_hash").fetchall()
        reason = "another row of the same read has the same key"
        found = [dict(zip(self._names, row, strict=True)) for row in rows]
        return [
            Rejection(
                key_json(self._table, [row[k] for k in self._table.key]),
                self._table.key[0],
                reason,
                None,
                json_object(row),
            )
            for row in found
        ]

    def keys_where(self, values: dict[str, list[str]]) -> list[tuple[object, ...]]:
        """See `TableLoad.keys_where`."""
        key = columns(self._table.key)
        holds = " or ".join(f"list_contains(?, arg_max_null({quoted(name)}, _batch_seq))" for name in values)
        return self._connection.execute(
            f"select {key} from {self._raw} group by {key} having {holds}", list(values.values())
        ).fetchall()

    def compare_keys(self, keys: Iterator[pa.RecordBatch], missing_limit: int) -> KeyDifference:
        """See `TableLoad.compare_keys`."""
        table, key = self._table, columns(self._table.key)
        schema = pa.schema([(c.name, c.type.arrow) for c in table.key_columns])
        self._connection.register("_incoming", pa.RecordBatchReader.from_batches(schema, keys))
        self._connection.execute("create or replace temp table _source_keys as from _incoming")
        self._connection.unregister("_incoming")
        self._connection.execute(f"create or replace temp table _live_keys as {live_keys(table)}")
        self._connection.execute(
            f"""
            create or replace temp table _deleted_keys as
            select {key} from _live_keys as live
            where not exists (select 1 from _source_keys as source where {same_key(table, "source", "live")})
                and not exists (
                    select 1 from {self._raw} as fresh
                    where fresh._batch_seq = {self._batch_seq} and {same_key(table, "fresh", "live")}
                )
            """
        )
        missing = self._connection.execute(
            f"""
            select distinct {key} from _source_keys as source
            where not exists (select 1 from _live_keys as live where {same_key(table, "source", "live")})
            limit {missing_limit + 1}
            """
        ).fetchall()
        live = self._scalar("select count(*) from _live_keys")
        return KeyDifference(live, self._scalar("select count(*) from _deleted_keys"), missing)

    def append_deletes(self) -> int:
        """See `TableLoad.append_deletes`."""
        key = columns(self._table.key)
        deleted = self._scalar(
            f"""
            insert into {self._raw} ({key}, _batch_seq, _loaded_at, _op, _row_hash)
            select {key}, {self._batch_seq}, ?, 'delete', 0 from _deleted_keys
            """,
            [self._loaded_at],
        )
        self._appended += deleted
        return deleted

    def reject(self, rejections: Sequence[Rejection]) -> int:
        """See `TableLoad.reject`."""
        if not rejections:
            return 0
        rejected = pa.Table.from_pylist(
            [
                {
                    "table_name": self._table.name,
                    "row_key": r.key,
                    "column_name": r.column,
                    "reason": r.reason,
                    "original_value": r.value,
                    "row_content": r.content,
                    "_batch_seq": self._batch_seq,
                    "_loaded_at": self._loaded_at,
                }
                for r in rejections
            ],
            schema=pa.schema([(c.name, c.type.arrow) for c in REJECTED_COLUMNS]),
        )
        target, names = (
            relation(self._table.schema, "_rejected"),
            columns(c.name for c in REJECTED_COLUMNS),
        )
        self._connection.register("_incoming", rejected)
        recorded = self._scalar(
            f"""
            insert into {target} ({names})
            select distinct {names} from _incoming as incoming
            where not exists (
                select 1 from {target} as known
                where known.table_name = incoming.table_name
                    and known.row_key = incoming.row_key
                    and known.column_name = incoming.column_name
                    and known.reason = incoming.reason
                    and known.row_content is not distinct from incoming.row_content
            )
            """
        )
        self._connection.unregister("_incoming")
        self._recorded += recorded
        return recorded

    def appended_rows(self) -> tuple[int, pa.RecordBatchReader] | None:
        """See `TableLoad.appended_rows`."""
        if not self._appended:
            return None
        rows = self._connection.sql(f"from {self._raw} where _batch_seq = {self._batch_seq}")
        return self._batch_seq, rows.to_arrow_reader()

    def commit(self, state: TableState) -> TableState:
        """See `TableLoad.commit`."""
        committed = replace(state, batch_seq=self._batch_seq) if self._appended or self._recorded else state
        replace_state(self._connection, self._table.schema, committed)
        self._connection.execute("commit")
        return committed
