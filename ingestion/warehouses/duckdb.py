"""The DuckDB warehouse: one file, one writer at a time.

Belongs here: DuckDB connections, its lock, its types, and one table's load as one transaction. Not here: which
rows are read, or when.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path

import duckdb
import filelock
import pyarrow as pa
from sqlalchemy import URL

from ingestion.columns import Column, ColumnType, RawTable
from ingestion.conformance import Rejection
from ingestion.errors import ConfigurationError, WarehouseError, one_line
from ingestion.row_hash import HASH_COLUMN
from ingestion.state import REJECTED_COLUMNS, STATE_COLUMNS, TableState
from ingestion.warehouses.base import KeyDifference
from ingestion.warehouses.sql import columns, latest_versions, live_keys, quoted, relation, same_key

_TYPES = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.JSON: "VARCHAR",
    ColumnType.TIMEZONE: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(38,9)",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    ColumnType.BYTES: "BLOB",
}
_CONTROL = (
    "_batch_seq BIGINT NOT NULL, _loaded_at TIMESTAMP WITH TIME ZONE NOT NULL, _op VARCHAR NOT NULL, "
    "_row_hash BIGINT NOT NULL"
)


class DuckdbWarehouse:
    """A DuckDB file. A lock file beside it orders the writers of all processes, dbt among them."""

    def __init__(self, url: URL, lock_timeout_seconds: float) -> None:
        if not url.database or url.database == ":memory:":
            raise ConfigurationError("WAREHOUSE_URL needs a file: duckdb:///data/warehouse.duckdb")
        self.path = Path(url.database)
        self._lock = filelock.FileLock(
            f"{self.path}.lock", timeout=lock_timeout_seconds, is_singleton=True, thread_local=False
        )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `Warehouse.exclusive`."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout:
            raise WarehouseError(
                f"The warehouse {self.path.name} was held by another run for {self._lock.timeout:.0f} s. "
                "Wait for it to end, or raise LOCK_TIMEOUT_SECONDS."
            ) from None
        except OSError as error:
            raise WarehouseError(
                f"The warehouse's folder {self.path.parent} can't be used: {error.strerror}."
            ) from None
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.exclusive():
            try:
                connection = duckdb.connect(self.path, read_only=read_only)
                connection.execute("set TimeZone = 'UTC'")
            except duckdb.Error as error:
                raise WarehouseError(
                    f"The warehouse {self.path.name} can't be opened: {one_line(error)} "
                    "If another program has it open, let that read the published copy instead."
                ) from None
            with connection:
                yield connection

    @contextmanager
    def session(self) -> Iterator["DuckdbSession"]:
        """See `Warehouse.session`."""
        with self._connection(read_only=False) as connection:
            yield DuckdbSession(connection)

    def query(self, sql: str) -> pa.Table:
        """See `Warehouse.query`."""
        if not self.path.exists():
            raise WarehouseError(f"There is no warehouse {self.path.name} yet. Make it: make run")
        with self._connection(read_only=True) as connection:
            try:
                return connection.sql(sql).to_arrow_table()
            except duckdb.Error as error:
                raise WarehouseError(f"The warehouse {self.path.name} says: {one_line(error)}") from None

    def publish_copy(self, tables: Sequence[tuple[str, str]], path: Path) -> int:
        """See `Warehouse.publish_copy`."""
        aside = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.unlink(missing_ok=True)
            if path.exists():
                shutil.copyfile(path, aside)
            with self._connection(read_only=True) as connection:
                place = str(aside).replace("'", "''")
                connection.execute(f"attach '{place}' as bi_copy (read_write)")
                for schema, name in tables:
                    connection.execute(f"create schema if not exists bi_copy.{quoted(schema)}")
                    target = f"bi_copy.{relation(schema, name)}"
                    connection.execute(f"create or replace table {target} as from {relation(schema, name)}")
                connection.execute("checkpoint bi_copy")
                connection.execute("detach bi_copy")
            aside.replace(path)
            return path.stat().st_size
        except (OSError, duckdb.Error) as error:
            raise WarehouseError(f"The copy for BI tools {path.name} can't be written: {one_line(error)}") from None


class DuckdbSession:
    """An open DuckDB warehouse. See `Session`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._known: dict[str, dict[str, dict[str, str]]] = {}

    def prepare(self, tables: Iterable[RawTable]) -> dict[str, str]:
        """See `Session.prepare`."""
        refused = {}
        for table in tables:
            if not self._columns_of(table.schema):
                self._create(table.schema, "_state", STATE_COLUMNS, "primary key (table_name)")
                self._create(table.schema, "_rejected", REJECTED_COLUMNS)
            existing = self._columns(table)
            if existing and self._differing(table, existing) and not self._has_rows(table):
                self._connection.execute(f"drop table {relation(table.schema, table.name)}")
                existing = {}
            if not existing:
                self._create(table.schema, table.name, table.columns, _CONTROL)
            elif differing := self._differing(table, existing):
                refused[table.label] = "; ".join(differing)
            else:
                for column in self._absent(table, existing):
                    self._connection.execute(
                        f"alter table {relation(table.schema, table.name)} add column {_definition(column)}"
                    )
                    self._known.clear()
        return refused

    def _create(self, schema: str, name: str, columns_: Sequence[Column], more: str | None = None) -> None:
        definitions = ", ".join([*map(_definition, columns_), *([more] if more else [])])
        self._connection.execute(f"create schema if not exists {quoted(schema)}")
        self._connection.execute(f"create table if not exists {relation(schema, name)} ({definitions})")

        self._known.clear()

    def _columns(self, table: RawTable) -> dict[str, str]:
        return self._columns_of(table.schema).get(table.name, {})

    def _columns_of(self, schema: str) -> dict[str, dict[str, str]]:
        """Types by table and column; looked up once, until a table is created or changed."""
        if schema not in self._known:
            found: dict[str, dict[str, str]] = {}
            rows = self._connection.execute(
                "select table_name, column_name, data_type from duckdb_columns() where schema_name = ?", [schema]
            ).fetchall()
            for table, column, type_ in rows:
                found.setdefault(table, {})[column] = type_
            self._known[schema] = found
        return self._known[schema]

    def _has_rows(self, table: RawTable) -> bool:
        return bool(self._connection.execute(f"from {relation(table.schema, table.name)} limit 1").fetchall())

    @staticmethod
    def _differing(table: RawTable, existing: dict[str, str]) -> list[str]:
        return [
            f"column {c.name} is {c.type} in the source and {existing[c.name]} in {table.schema}.{table.name}"
            for c in table.columns
            if c.name in existing and existing[c.name] != _TYPES[c.type]
        ]

    @staticmethod
    def _absent(table: RawTable, existing: dict[str, str]) -> list[Column]:
        return [c for c in table.columns if c.name not in existing]

    def new_columns(self, table: RawTable) -> list[str]:
        """See `Session.new_columns`."""
        existing = self._columns(table)
        if not existing or not self._has_rows(table):
            return []
        return [c.name for c in self._absent(table, existing)]

    def states(self, source: str) -> dict[str, TableState]:
        """See `Session.states`."""
        names = columns(c.name for c in STATE_COLUMNS)
        try:
            rows = self._connection.execute(f"select {names} from {relation(f'raw_{source}', '_state')}").fetchall()
        except duckdb.CatalogException:
            return {}
        return {row[0]: TableState(*row) for row in rows}

    def remember(self, source: str, state: TableState) -> None:
        """See `Session.remember`."""
        _replace_state(self._connection, f"raw_{source}", state)

    @contextmanager
    def load(self, table: RawTable, loaded_at: datetime) -> Iterator["DuckdbLoad"]:
        """See `Session.load`."""
        self._connection.execute("begin transaction")
        try:
            load = DuckdbLoad(self._connection, table, loaded_at)
            yield load
        except duckdb.Error as error:
            raise WarehouseError(f"the warehouse says: {one_line(error)}") from error
        finally:
            # After a commit there is no transaction left and nothing to undo.
            with suppress(duckdb.TransactionException):
                self._connection.execute("rollback")


def _replace_state(connection: duckdb.DuckDBPyConnection, schema: str, state: TableState) -> None:
    names, marks = columns(c.name for c in STATE_COLUMNS), ", ".join("?" for _ in STATE_COLUMNS)
    connection.execute(
        f"insert or replace into {relation(schema, '_state')} ({names}) values ({marks})", list(astuple(state))
    )


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {_TYPES[column.type]}"


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

    def stage(self, batches: Iterator[pa.RecordBatch]) -> int:
        """See `TableLoad.stage`."""
        schema = self._table.arrow_schema.append(HASH_COLUMN)
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        self._connection.register("_incoming", reader)
        self._connection.execute("create or replace temp table _staged as from _incoming")
        self._connection.unregister("_incoming")
        return self._scalar("select count(*) from _staged")

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
                or latest.latest_op = 'delete'
                or latest.latest_hash <> staged._row_hash
            """,
            [self._loaded_at],
        )
        self._connection.execute("drop table _staged")
        self._appended += appended
        return appended

    def duplicates(self) -> list[Rejection]:
        """See `TableLoad.duplicates`."""
        # Equal rows under one key are one row told twice: nothing is lost by keeping one of them.
        rows = self._connection.execute(
            f"""
            select to_json({_struct(self._table.key)}), to_json({_struct(self._names)})
            from _twice where _row_hash <> _kept_hash
            """
        ).fetchall()
        reason = "another row of the same read has the same key"
        return [Rejection(key, self._table.key[0], reason, None, content) for key, content in rows]

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
        _replace_state(self._connection, self._table.schema, committed)
        self._connection.execute("commit")
        return committed


def _struct(names: Sequence[str]) -> str:
    fields = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in names)
    return f"struct_pack({fields})"
