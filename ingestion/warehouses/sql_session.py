"""An open warehouse that speaks SQL: its schemas, tables and states.

Belongs here: which raw tables and columns are made or refused. Not here: an engine's connection and the names of its
types (duckdb.py, postgresql.py), a table's load (sql_load.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime

import pyarrow as pa

from ingestion.errors import WarehouseError
from ingestion.log import deliveries
from ingestion.log.deliveries import DELIVERY_COLUMNS, Delivery
from ingestion.log.state import REJECTED_COLUMNS, STATE_COLUMNS, TableState
from ingestion.rows.columns import CONTROL_COLUMNS, Column, ColumnType, RawTable
from ingestion.rows.conformance import Effect, Rejection
from ingestion.warehouses.base import Capabilities
from ingestion.warehouses.sql import (
    columns,
    literal,
    put_row,
    quoted,
    relation,
    remove_superseded,
    resolved_before,
    standing_keys,
)


class SqlSession(ABC):
    """An open warehouse. See `Session`.

    Attributes:
        types: what the engine calls each column type, as its own catalogue shows it.
        capabilities: see `Session.capabilities`.
        has_keys: whether a table can have a primary key.
        put_row: a statement that replaces a row by its key; see `sql.put_row`.
    """

    types: Mapping[ColumnType, str]
    capabilities: Capabilities
    has_keys: bool = True
    put_row = staticmethod(put_row)

    def __init__(self) -> None:
        self._known: dict[str, dict[str, dict[str, str]]] = {}

    @abstractmethod
    def _read(self, statement: str) -> pa.Table:
        """Rows of a query."""

    @abstractmethod
    def _execute(self, statement: str) -> int:
        """Run a statement; returns the rows that it changed."""

    @abstractmethod
    def _catalogue(self, schema: str) -> str:
        """A query for table, column and type of all columns of a schema."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[None]:
        """Commit at the block's end, where the engine does not by itself; an engine's error is a WarehouseError."""

    def _told_apart(self, name: str) -> str:
        """What tells a table's or column's name from others': on most engines their case does not."""
        return name.casefold()

    def _create_schema(self, schema: str) -> None:
        self._execute(f"create schema if not exists {quoted(schema)}")

    def _storage(self, table: RawTable) -> str:
        """How a new raw table is laid out, as the end of its definition."""
        return ""

    def _unfit(self, table: RawTable) -> list[str]:
        """Why the engine can't have such a table."""
        rules = self.capabilities.names
        faults = [f"the table's name {fault}"] if (fault := rules.table_fault(table.name)) else []
        if rules.most_columns is not None and (count := len(table.versions.columns)) > rules.most_columns:
            faults.append(f"it has {count:,} columns, and the warehouse's tables at most {rules.most_columns:,}")
        return faults + [
            f"the name of column {c.name} {fault}" for c in table.columns if (fault := rules.fault(c.name))
        ]

    def columns(self, source: str) -> Mapping[str, Collection[str]]:
        """See `Session.columns`."""
        self._known.pop(schema := f"raw_{source}", None)
        with self._transaction():
            return self._columns_of(schema)

    def held_types(self, table: RawTable) -> dict[str, ColumnType]:
        """See `Session.held_types`."""
        with self._transaction():
            existing = self._columns(table)
            if not self._differing(table, existing) or not self._has_rows(table):
                return {}
        # The first of those that the engine does not tell apart: text.
        by_name = {name: type_ for type_, name in reversed(list(self.types.items()))}
        held = {c: existing.get(self._told_apart(c.name)) for c in table.columns}
        return {
            c.name: c.type if name == self.types[c.type] else by_name[name]
            for c, name in held.items()
            if name in by_name
        }

    def prepare(self, tables: Iterable[RawTable]) -> dict[str, str]:
        """See `Session.prepare`."""
        told = list(tables)
        try:
            with self._transaction():
                faults = {table.label: self._prepare(table) for table in told}
        except WarehouseError:
            faults = self._prepare_each(told)
        return {label: "; ".join(told) for label, told in faults.items() if told}

    def _prepare_each(self, tables: Iterable[RawTable]) -> dict[str, list[str]]:
        """Prepare tables each by itself, after one of them failed.

        Raises:
            WarehouseError: all of them fail.
        """
        faults: dict[str, list[str]] = {}
        failures = []
        for table in tables:
            # What was noted as created may not be.
            self._known.clear()
            try:
                with self._transaction():
                    faults[table.label] = self._prepare(table)
            except WarehouseError as error:
                faults[table.label] = [str(error)]
                failures.append(error)
        self._known.clear()
        if failures and len(failures) == len(faults):
            raise failures[0]
        return faults

    def _prepare(self, table: RawTable) -> list[str]:
        self._prepare_own(table.schema, "_state", STATE_COLUMNS, "table_name")
        self._prepare_own(table.schema, "_rejected", REJECTED_COLUMNS)
        existing = self._columns(table)
        if existing and self._differing(table, existing) and not self._has_rows(table):
            self._execute(f"drop table {relation(table.schema, table.name)}")
            existing = {}
        if faults := self._unfit(table) or self._differing(table, existing):
            return faults
        if not existing:
            self._create(table.schema, table.name, table.columns, self._control(), self._storage(table))
        else:
            for column in self._absent(table, existing):
                self._add_column(table, column)
        return []

    def _prepare_own(self, schema: str, name: str, columns_: Sequence[Column], key: str | None = None) -> None:
        """Make a table of the log's own where it is missing."""
        if name not in self._columns_of(schema):
            self._create(schema, name, columns_, f"primary key ({key})" if key and self.has_keys else None)
        self._complete(schema, name, columns_)

    def _complete(self, schema: str, name: str, columns_: Sequence[Column]) -> None:
        """Add what a table of the log's own lacks in a warehouse of an earlier version."""
        existing = self._columns_of(schema)[name]
        for column in [c for c in columns_ if c.name not in existing]:
            self._execute(f"alter table {relation(schema, name)} add column {self._definition(column)}")
            self._known.clear()

    def _add_column(self, table: RawTable, column: Column) -> None:
        # In this order, so that an engine that commits each statement can't have the column without the full read.
        self._execute(
            f"update {relation(table.schema, '_state')} set last_full_at = null "
            f"where table_name = {literal(table.name)}"
        )
        self._execute(f"alter table {relation(table.schema, table.name)} add column {self._definition(column)}")
        self._known.clear()

    def _create(
        self, schema: str, name: str, columns_: Sequence[Column], more: str | None = None, storage: str = ""
    ) -> None:
        definitions = ", ".join([*map(self._definition, columns_), *([more] if more else [])])
        self._create_schema(schema)
        self._execute(f"create table if not exists {relation(schema, name)} ({definitions}) {storage}".rstrip())
        own = CONTROL_COLUMNS if more == self._control() else ()
        self._known.setdefault(schema, {})[name] = {c.name: self.types[c.type] for c in (*columns_, *own)}

    def _definition(self, column: Column) -> str:
        return f"{quoted(column.name)} {self.types[column.type]}"

    def _control(self) -> str:
        return ", ".join(f"{self._definition(column)} not null" for column in CONTROL_COLUMNS)

    def _columns(self, table: RawTable) -> dict[str, str]:
        """Types by what tells columns apart."""
        tables = {self._told_apart(name): columns for name, columns in self._columns_of(table.schema).items()}
        known = tables.get(self._told_apart(table.name), {})
        return {self._told_apart(name): type_ for name, type_ in known.items()}

    def _columns_of(self, schema: str) -> dict[str, dict[str, str]]:
        """Types by table and column as they are spelled; looked up once, until a table is created or changed."""
        if schema not in self._known:
            found: dict[str, dict[str, str]] = {}
            rows = self._read(self._catalogue(schema))
            for table, column, type_ in zip(*(c.to_pylist() for c in rows.columns), strict=True):
                found.setdefault(table, {})[column] = type_
            self._known[schema] = found
        return self._known[schema]

    def _has_rows(self, table: RawTable) -> bool:
        rows = self._read(f"select 1 as one from {relation(table.schema, table.name)} limit 1")
        return bool(rows.num_rows)

    def _differing(self, table: RawTable, existing: dict[str, str]) -> list[str]:
        return [
            f"column {c.name} is {c.type} {'as sources.yml maps it' if c.is_mapped else 'in the source'} and "
            f"{existing[self._told_apart(c.name)]} in {table.schema}.{table.name}. "
            + ("Change its mapping" if c.is_mapped else "Declare the warehouse's type in the catalogue")
            + ", or move the raw table away"
            for c in table.columns
            if existing.get(self._told_apart(c.name), self.types[c.type]) != self.types[c.type]
        ]

    def _absent(self, table: RawTable, existing: dict[str, str]) -> list[Column]:
        return [c for c in table.columns if self._told_apart(c.name) not in existing]

    def holds_rows(self, table: RawTable) -> bool:
        """See `Session.holds_rows`."""
        with self._transaction():
            return bool(self._columns(table)) and self._has_rows(table)

    def remove(self, source: str | None, relations: Collection[tuple[str, str]]) -> None:
        """See `Session.remove`."""
        with self._transaction():
            schemas = ", ".join(literal(schema) for schema in {schema for schema, _ in relations} or {""})
            rows = self._read(
                "select table_schema, table_name, table_type from information_schema.tables "
                f"where table_schema in ({schemas})"
            )
            for schema, name, kind in zip(*(c.to_pylist() for c in rows.columns), strict=True):
                if (schema, name) in relations:
                    what = "view" if kind == "VIEW" else "table"
                    self._execute(f"drop {what} if exists {relation(schema, name)} cascade")
            if source is not None:
                self._execute(f"drop schema if exists {quoted(f'raw_{source}')} cascade")
        self._known.clear()

    def compact(self, table: RawTable, batch_seq: int, before: datetime) -> int:
        """See `Session.compact`."""
        return self._removed(remove_superseded(table, batch_seq, before))

    def _removed(self, statement: str) -> int:
        """Delete rows, in a transaction of its own; returns how many there were."""
        with self._transaction():
            return self._execute(statement)

    def states(self, source: str) -> dict[str, TableState]:
        """See `Session.states`."""
        schema = f"raw_{source}"
        with self._transaction():
            if "_state" not in self._columns_of(schema):
                return {}
            names = [c.name for c in STATE_COLUMNS if c.name in self._columns_of(schema)["_state"]]
            rows = self._read(f"select {columns(names)} from {relation(schema, '_state')}").to_pylist()
        return {row["table_name"]: TableState(**row) for row in rows}

    def standing(self, source: str) -> dict[str, list[str]]:
        """See `Session.standing`."""
        schema = f"raw_{source}"
        with self._transaction():
            # Where no table of a source could be told, nothing was prepared.
            if "_rejected" not in self._columns_of(schema):
                return {}
            rows = self._read(standing_keys(schema)).to_pylist()
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["table_name"], []).append(row["row_key"])
        return found

    def remember(self, source: str, state: TableState) -> None:
        """See `Session.remember`."""
        with self._transaction():
            self._prepare_own(f"raw_{source}", "_state", STATE_COLUMNS, "table_name")
            self._execute(self.put_row(f"raw_{source}", "_state", asdict(state), rising="batch_seq"))

    def forget_rejected(self, table: RawTable, of: Callable[[str], bool] = lambda _: True) -> None:
        """See `Session.forget_rejected`."""
        with self._transaction():
            if "_rejected" not in self._columns_of(table.schema):
                return
            rejected, where = relation(table.schema, "_rejected"), f"where table_name = {literal(table.name)}"
            found = self._read(f"select distinct row_key from {rejected} {where}").column("row_key").to_pylist()
            if keys := [key for key in found if of(key)]:
                few = "" if len(keys) == len(found) else f" and row_key in ({', '.join(map(literal, keys))})"
                self._execute(f"update {rejected} set original_value = null, row_content = null {where}{few}")

    def rejected(self, table: RawTable) -> list[Rejection]:
        """See `Session.rejected`."""
        with self._transaction():
            if "_rejected" not in self._columns_of(table.schema):
                return []
            rows = self._read(
                "select row_key, column_name, reason, original_value, row_content, effect "
                f"from {relation(table.schema, '_rejected')} "
                f"where table_name = {literal(table.name)} and row_content is not null and row_content <> row_key"
            ).to_pylist()
        return [
            Rejection(key, column, reason, value, content, Effect(effect) if effect else Effect.ROW)
            for key, column, reason, value, content, effect in (row.values() for row in rows)
        ]

    def remove_rejected(self, source: str, before: datetime) -> int:
        """See `Session.remove_rejected`."""
        schema = f"raw_{source}"
        with self._transaction():
            if "_rejected" not in self._columns_of(schema):
                return 0
        return self._removed(f"delete from {relation(schema, '_rejected')} where {resolved_before(before)}")

    def deliveries(self) -> dict[str, Delivery]:
        """See `Session.deliveries`."""
        with self._transaction():
            if deliveries.TABLE not in self._columns_of(deliveries.SCHEMA):
                return {}
            names = columns(c.name for c in DELIVERY_COLUMNS)
            rows = self._read(f"select {names} from {relation(deliveries.SCHEMA, deliveries.TABLE)}").to_pylist()
        return {row["delivery_id"]: Delivery(**row) for row in rows}

    def note_deliveries(self, noted: Iterable[Delivery]) -> None:
        """See `Session.note_deliveries`."""
        with self._transaction():
            self._prepare_own(deliveries.SCHEMA, deliveries.TABLE, DELIVERY_COLUMNS, "delivery_id")
            for delivery in noted:
                self._execute(self.put_row(deliveries.SCHEMA, deliveries.TABLE, asdict(delivery)))
