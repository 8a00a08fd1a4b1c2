"""One table's load into PostgreSQL, as one transaction.

Belongs here: what PostgreSQL does in its own way. Not here: the order of steps (sql_load.py), connections
(postgresql_connection.py).

Batches are copied in by the driver (COPY) into temporary tables of the load's own transaction: nothing is left behind
by whatever ends it. PostgreSQL does not analyse temporary tables by itself, and plans badly for what it does not know.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.rows.columns import ColumnType, RawTable
from ingestion.warehouses.postgresql_connection import PostgresqlConnection
from ingestion.warehouses.sql import columns, literal, quoted, relation, same_key
from ingestion.warehouses.sql_load import SqlLoad

_BATCHES = 0x43524D58
"""The advisory locks that order a source's loads; the second number is the schema's."""

_LARGE_APPEND = 10_000
"""So many appended rows are worth telling the planner of at once; fewer wait for the server's own housekeeping."""

_STAGED_TYPES = {
    pa.string(): "text",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.binary(): "bytea",
    ColumnType.DECIMAL.arrow: "numeric(38,9)",
    ColumnType.TIMESTAMP.arrow: "timestamp with time zone",
}


class PostgresqlLoad(SqlLoad):
    """One table's load. See `TableLoad`."""

    def __init__(self, connection: PostgresqlConnection, table: RawTable, loaded_at: datetime) -> None:
        self._connection = connection
        self._cursor: Any = None
        self._is_unique = True
        super().__init__(table, loaded_at)

    def close(self) -> None:
        """Give the connection back, also where what was appended was not read to its end."""
        if self._cursor:
            self._cursor.close()
            self._cursor = None

    def _order_batches(self) -> None:
        # Held until the transaction ends, so that the next load of this source sees what this one did.
        self._read(
            f"select pg_advisory_xact_lock({_BATCHES}, hashtext({literal(self._table.schema)})) is null as is_held"
        )

    def _read(self, statement: str) -> pa.Table:
        return self._connection.read(statement)

    def _execute(self, statement: str) -> int:
        return self._connection.execute(statement)

    def _put(self, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        definitions = ", ".join(f"{quoted(field.name)} {_STAGED_TYPES[field.type]}" for field in schema)
        self._execute(f"drop table if exists pg_temp.{name}")
        self._execute(f"create temporary table {name} ({definitions}) on commit drop")
        self._connection.ingest(name, pa.RecordBatchReader.from_batches(schema, batches))
        self._execute(f"analyze {name}")

    def _pour(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        # Filling indexes row by row would take twice as long.
        names = ", ".join(relation(self._table.schema, name) for name in self._indexes)
        self._execute(f"drop index if exists {names}")
        rows = pa.RecordBatchReader.from_batches(schema, batches)
        self._connection.ingest(self._table.name, rows, self._table.schema)
        self._is_unique = self._index()
        self._execute(f"analyze {self._raw}")

    @property
    def _indexes(self) -> tuple[str, str]:
        """Names that no table's name is too long for."""
        digest = hashlib.sha256(self._table.name.encode()).hexdigest()[:16]
        return f"_latest_{digest}", f"_batches_{digest}"

    def _index(self) -> bool:
        """Make the raw table's indexes; returns False where a batch has a key twice, which that on keys forbids."""
        latest, batches = map(quoted, self._indexes)
        # Holds all that is asked of a key's latest version.
        key = f"{columns(self._table.key)}, _batch_seq desc"
        make = f"create unique index {latest} on {self._raw} ({key}) include (_op, _row_hash)"
        # The driver goes on after no error that it sees.
        self._execute(f"do {literal(f'begin {make}; exception when unique_violation then null; end')}")
        made = f"select 1 as one from pg_indexes where indexname = {literal(self._indexes[0])}"
        if not self._read(f"{made} and schemaname = {literal(self._table.schema)}").num_rows:
            return False
        # A batch lies together: a few pages tell where.
        self._execute(f"create index {batches} on {self._raw} using brin (_batch_seq) with (autosummarize = on)")
        return True

    def _has_repeated_keys(self) -> bool:
        return not self._is_unique

    def _empty(self) -> None:
        super()._empty()
        if not self._is_unique:
            self._is_unique = self._index()

    def _keep(self, name: str, query: str) -> None:
        self._execute(f"drop table if exists pg_temp.{name}")
        self._execute(f"create temporary table {name} on commit drop as {query}")
        self._execute(f"analyze {name}")

    def _latest_versions(self) -> str:
        key = columns(self._table.key)
        return f"""
            select distinct on ({key}) {key}, _batch_seq as latest_batch_seq, _row_hash as latest_hash, _op as latest_op
            from {self._raw} as versions
            where exists (select 1 from _staged as keys where {same_key(self._table, "keys", "versions")})
            order by {key}, _batch_seq desc
        """

    def _live_keys(self) -> str:
        key = columns(self._table.key)
        return f"""
            select {key} from (
                select distinct on ({key}) {key}, _op from {self._raw} order by {key}, _batch_seq desc
            ) as latest where _op <> 'delete'
        """

    def _live_keys_where(self, values: dict[str, list[str]]) -> str:
        # Few versions hold the values: each is asked whether a later one follows.
        holds = " or ".join(
            f"held.{quoted(name)} in ({', '.join(map(literal, wanted))})" for name, wanted in values.items()
        )
        return f"""
            select {columns(self._table.key, "held.")} from {self._raw} as held
            where ({holds}) and not exists (
                select 1 from {self._raw} as later
                where {same_key(self._table, "later", "held")} and later._batch_seq > held._batch_seq
            )
        """

    def append_changed(self) -> int:
        """See `TableLoad.append_changed`."""
        return self._analyzed(super().append_changed())

    def restore(self, versions: Iterator[pa.RecordBatch], batch_seq: int) -> int:
        """See `TableLoad.restore`."""
        return self._analyzed(super().restore(versions, batch_seq))

    def _analyzed(self, appended: int) -> int:
        if appended >= _LARGE_APPEND:
            self._execute(f"analyze {self._raw}")
        return appended

    def _stream(self, query: str) -> pa.RecordBatchReader:
        self._cursor, reader = self._connection.stream(query)
        return reader

    def _commit(self) -> None:
        self.close()
        self._connection.commit()
