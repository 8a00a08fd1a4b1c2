"""One table's load as one SQL transaction: the order of statements, on any engine that has temporary tables.

Belongs here: staging, comparison by content, keys, rejections and the state of a load. Not here: an engine's
connection and its fastest way to a key's latest version (duckdb_load.py, postgresql_load.py), which rows are read
(loading/).
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from ingestion.log.state import REJECTED_COLUMNS, TableState
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import REPEATED_KEY, Rejection, rejection
from ingestion.rows.row_hash import HASH_COLUMN
from ingestion.warehouses import sql
from ingestion.warehouses.base import KeyDifference


class SqlLoad(ABC):
    """One table's load. See `TableLoad`."""

    def __init__(self, table: RawTable, loaded_at: datetime) -> None:
        self._table = table
        self._loaded_at = loaded_at
        self._raw = sql.relation(table.schema, table.name)
        self._appended = 0
        self._recorded = 0
        self._resolved = 0
        self._is_poured = False
        self._has_surplus = False
        self._order_batches()
        state = sql.relation(table.schema, "_state")
        self._batch_seq = self._scalar(f"select coalesce(max(batch_seq), 0) + 1 as batch_seq from {state}")

    @property
    def batch_seq(self) -> int:
        """See `TableLoad.batch_seq`."""
        return self._batch_seq

    @property
    def is_first(self) -> bool:
        """See `TableLoad.is_first`."""
        return not self._read(f"select 1 as one from {self._raw} limit 1").num_rows

    @abstractmethod
    def _order_batches(self) -> None:
        """See to it that no other load of the source takes a batch number before this one has ended."""

    @abstractmethod
    def _read(self, statement: str) -> pa.Table:
        """Rows of a query."""

    @abstractmethod
    def _execute(self, statement: str) -> int:
        """Run a statement; returns the rows that it changed."""

    @abstractmethod
    def _put(self, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """Make a temporary table of batches, in place of one of that name."""

    @abstractmethod
    def _pour(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """Append whole versions to the raw table, which is empty."""

    @abstractmethod
    def _keep(self, name: str, query: str) -> None:
        """Make a temporary table of a query's rows, in place of one of that name."""

    @abstractmethod
    def _latest_versions(self) -> str:
        """A query for key, `latest_batch_seq`, `latest_hash`, `latest_op` of each staged key that the log knows."""

    @abstractmethod
    def _live_keys(self) -> str:
        """A query for the keys whose latest version is not a delete."""

    @abstractmethod
    def _live_keys_where(self, values: dict[str, list[str]]) -> str:
        """A query for the keys whose latest version has one of the values in one of the columns."""

    @abstractmethod
    def _stream(self, query: str) -> pa.RecordBatchReader:
        """Rows of a query in plain Arrow types, without holding them all."""

    @abstractmethod
    def _commit(self) -> None:
        """End the transaction."""

    def _scalar(self, query: str) -> int:
        return int(self._read(query).column(0)[0].as_py())

    def _count(self, name: str) -> int:
        return self._scalar(f"select count(*) as row_count from {name}")

    def stage(self, batches: Iterator[pa.RecordBatch]) -> None:
        """See `TableLoad.stage`.

        Where the log is empty there is nothing to compare with: rows go straight to where they belong.
        """
        schema = self._table.arrow_schema.append(HASH_COLUMN)
        self._is_poured = self.is_first
        if self._is_poured:
            versions = (self._table.as_versions(batch, self._batch_seq, self._loaded_at) for batch in batches)
            self._pour(self._table.versions.arrow_schema, versions)
        else:
            self._put("_staged", schema, batches)

    def append_changed(self) -> int:
        """See `TableLoad.append_changed`."""
        if self._is_poured and self._has_repeated_keys():
            # Rare enough to begin again from what was poured.
            self._is_poured = False
            names = [*(c.name for c in self._table.columns), HASH_COLUMN.name]
            self._keep("_staged", f"select {sql.columns(names)} from {self._raw}")
            self._empty()
        appended = self._count(self._raw) if self._is_poured else self._append_staged()
        self._appended += appended
        return appended

    def _has_repeated_keys(self) -> bool:
        """Whether what was poured has a key more than once."""
        return bool(self._read(sql.repeated_keys(self._table, self._raw, limit=1)).num_rows)

    def _empty(self) -> None:
        self._execute(f"delete from {self._raw} where true")

    def _append_staged(self) -> int:
        self._keep("_surplus", sql.surplus_rows(self._table))
        self._has_surplus = self._count("_surplus") > 0
        return self._execute(
            sql.append_changed(
                self._table, self._latest_versions(), self._has_surplus, self._batch_seq, self._loaded_at
            )
        )

    def duplicates(self) -> list[Rejection]:
        """See `TableLoad.duplicates`."""
        if not self._has_surplus:
            return []
        # Equal rows under one key are one row told twice: nothing is lost by keeping one of them.
        names = sql.columns(c.name for c in self._table.columns)
        rows = self._read(f"select {names} from _surplus where _row_hash <> _kept_hash")
        fault = self._table.key[0], REPEATED_KEY, None
        return [rejection(self._table, row, fault) for row in rows.to_pylist()]

    def keys_where(self, values: dict[str, list[str]]) -> list[tuple[object, ...]]:
        """See `TableLoad.keys_where`."""
        return _tuples(self._read(self._live_keys_where(values)))

    def compare_keys(self, keys: Iterator[pa.RecordBatch] | None, missing_limit: int) -> KeyDifference:
        """See `TableLoad.compare_keys`."""
        table = self._table
        if keys is None and self._is_poured:
            return KeyDifference(self._appended, 0, [])
        if keys is None:
            self._keep("_source_keys", f"select {sql.columns(table.key)} from _staged")
        else:
            self._put("_source_keys", pa.schema([(c.name, c.type.arrow) for c in table.key_columns]), keys)
        self._keep("_live_keys", self._live_keys())
        self._keep("_deleted_keys", sql.deleted_keys(table, self._batch_seq))
        missing = _tuples(self._read(sql.missing_keys(table, missing_limit + 1)))
        return KeyDifference(self._count("_live_keys"), self._count("_deleted_keys"), missing)

    def append_deletes(self) -> int:
        """See `TableLoad.append_deletes`."""
        deleted = self._execute(sql.append_deletes(self._table, self._batch_seq, self._loaded_at))
        self._appended += deleted
        return deleted

    def reject(
        self, rejections: Sequence[Rejection], settled: Collection[str] = (), *, is_complete: bool = True
    ) -> int:
        """See `TableLoad.reject`."""
        schema, recorded = self._table.schema, 0
        rows = rejected_rows(self._table, rejections, self._batch_seq, self._loaded_at)
        if rows.num_rows:
            self._put("_rejections", rows.schema, iter(rows.to_batches()))
        if settled:
            keys = settled_keys(settled)
            self._put("_settled", keys.schema, iter(keys.to_batches()))
            incoming = "_rejections" if rows.num_rows else None
            condition = sql.is_resolved(self._table, "_settled", incoming, is_complete=is_complete)
            self._resolved += self._execute(sql.resolve_rejections(schema, condition, self._loaded_at))
        if rows.num_rows:
            names = rows.schema.names
            recorded = self._execute(
                f"insert into {sql.relation(schema, '_rejected')} ({sql.columns(names)}) "
                + sql.fresh_rejections(schema, names, "_rejections")
            )
        self._recorded += recorded
        return recorded

    def restore(self, versions: Iterator[pa.RecordBatch], batch_seq: int) -> int:
        """See `TableLoad.restore`."""
        self._empty()
        self._pour(self._table.versions.arrow_schema, versions)
        self._batch_seq = batch_seq
        return self._count(self._raw)

    def renew(self, versions: Iterator[pa.RecordBatch]) -> int:
        """See `TableLoad.renew`."""
        schema = self._table.versions.arrow_schema
        self._put("_renewed", schema, versions)
        return self._execute(sql.renew_versions(self._table, "_renewed", {name: name for name in schema.names}))

    def blank_rejected(self, keys: Collection[str], names: Collection[str]) -> None:
        """See `TableLoad.blank_rejected`."""
        told = settled_keys(keys)
        self._put("_blanked", told.schema, iter(told.to_batches()))
        self._execute(sql.blank_rejected(self._table, "_blanked", names))

    def appended_rows(self) -> tuple[int, pa.RecordBatchReader] | None:
        """See `TableLoad.appended_rows`."""
        if not self._has_batch:
            return None
        return self._batch_seq, self._stream(f"select * from {self._raw} where _batch_seq = {self._batch_seq}")

    @property
    def _has_batch(self) -> bool:
        return bool(self._appended or self._recorded or self._resolved)

    def commit(self, state: TableState) -> TableState:
        """See `TableLoad.commit`."""
        committed = replace(state, batch_seq=self._batch_seq) if self._has_batch else state
        self._execute(sql.replace_state(self._table.schema, committed))
        self._commit()
        return committed


def rejected_rows(table: RawTable, rejections: Sequence[Rejection], batch_seq: int, loaded_at: datetime) -> pa.Table:
    """Rejections as rows of `_rejected`."""
    rows = [
        {
            "table_name": table.name,
            "row_key": r.key,
            "column_name": r.column,
            "reason": r.reason,
            "original_value": r.value,
            "row_content": r.content,
            "_batch_seq": batch_seq,
            "_loaded_at": loaded_at,
            "effect": r.effect.value,
            "resolved_at": None,
        }
        for r in rejections
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([(c.name, c.type.arrow) for c in REJECTED_COLUMNS]))


def settled_keys(settled: Collection[str]) -> pa.Table:
    """Keys of rejections as a relation with `row_key`."""
    return pa.table({"row_key": pa.array(settled, pa.string())})


def _tuples(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
