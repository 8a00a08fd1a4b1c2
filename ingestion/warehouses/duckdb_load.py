"""One table's load into DuckDB, as one transaction.

Belongs here: what DuckDB does in its own way. Not here: the order of steps (sql_load.py), connections and tables
(duckdb.py).
"""

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pyarrow as pa

from ingestion.rows.columns import RawTable
from ingestion.warehouses.sql import columns, literal, quoted, same_key
from ingestion.warehouses.sql_load import SqlLoad

BATCH_ROWS = 122_880
"""Rows that are handed over at once: one of DuckDB's row groups."""

_WIDE_ROW_BYTES = 64 << 10


class DuckdbLoad(SqlLoad):
    """One table's load. See `TableLoad`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: RawTable, loaded_at: datetime) -> None:
        self._connection = connection
        super().__init__(table, loaded_at)

    def _order_batches(self) -> None:
        # The file has one writer, which holds the warehouse's lock.
        pass

    def _read(self, statement: str) -> pa.Table:
        return self._connection.sql(statement).to_arrow_table()

    def _execute(self, statement: str) -> int:
        rows = self._connection.execute(statement).fetchall()
        return int(rows[0][0]) if rows else 0

    def _put(self, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self._register(schema, batches)
        self._keep(name, "select * from _incoming")
        self._connection.unregister("_incoming")

    def _pour(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self._register(schema, batches)
        self._connection.execute(f"insert into {self._raw} by name select * from _incoming")
        self._connection.unregister("_incoming")

    def _register(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self._connection.register("_incoming", pa.RecordBatchReader.from_batches(schema, self._with_room(batches)))

    def _with_room(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.nbytes > batch.num_rows * _WIDE_ROW_BYTES:
                # It must hold 2,048 neighbouring values in memory to write them: it may take most of the machine's.
                self._connection.cursor().execute("reset memory_limit").fetchall()
            yield batch

    def _keep(self, name: str, query: str) -> None:
        self._connection.execute(f"create or replace temp table {name} as {query}")

    def _latest_versions(self) -> str:
        key = columns(self._table.key)
        return f"""
            select {key}, max(_batch_seq) as latest_batch_seq,
                arg_max(_row_hash, _batch_seq) as latest_hash, arg_max(_op, _batch_seq) as latest_op
            from {self._raw} as versions
            where exists (select 1 from _staged as keys where {same_key(self._table, "keys", "versions")})
            group by {key}
        """

    def _live_keys(self) -> str:
        key = columns(self._table.key)
        return f"select {key} from {self._raw} group by {key} having arg_max(_op, _batch_seq) <> 'delete'"

    def _live_keys_where(self, values: dict[str, list[str]]) -> str:
        key = columns(self._table.key)
        holds = " or ".join(
            f"arg_max_null({quoted(name)}, _batch_seq) in ({', '.join(map(literal, wanted))})"
            for name, wanted in values.items()
        )
        return f"select {key} from {self._raw} group by {key} having {holds}"

    def _stream(self, query: str) -> pa.RecordBatchReader:
        return self._connection.sql(query).to_arrow_reader(BATCH_ROWS)

    def _commit(self) -> None:
        self._connection.execute("commit")
