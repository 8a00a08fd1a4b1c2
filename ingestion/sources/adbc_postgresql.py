"""Read PostgreSQL through Arrow's own driver (ADBC), which uses COPY in binary form.

Belongs here: the snapshot, and batches out of it. Not here: connecting (postgresql_transaction.py), the SQL
(postgresql_sql.py), what changed since the last read (postgresql_changes.py), conversion to raw types
(conformance.py).

One connection and one read-only transaction serve a source: catalog, keys and rows are of one moment, and the
server is asked for nothing but SELECT. A table is locked, against DDL alone, no longer than it is read.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import adbc_driver_manager
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conformance import OddValue
from ingestion.rows.folding import Folding
from ingestion.sources.base import BATCH_ROWS, EMPTY, EVERYTHING, Among, Position, Selection, SourceName, WireBatch
from ingestion.sources.collations import postgresql_foldings
from ingestion.sources.postgresql_alterations import alterations_query
from ingestion.sources.postgresql_changes import Moment, position
from ingestion.sources.postgresql_shapes import shapes
from ingestion.sources.postgresql_sql import (
    FIELD,
    RECORD,
    Relation,
    columns_query,
    members_query,
    quoted,
    relations,
    select_rows,
    tables_query,
    where_only,
)
from ingestion.sources.postgresql_transaction import Transaction, altered, faults_told, transaction
from ingestion.sources.shape import TableShape


class PostgresqlSource:
    """A PostgreSQL database: the tables and views that its `search_path` shows, or a schema's."""

    def __init__(self, name: SourceName, url: sa.URL, schema: str | None = None) -> None:
        self._name = name
        self._url = url
        self._schema = schema

    @contextmanager
    def snapshot(self) -> Iterator["PostgresqlSnapshot"]:
        """One read-only transaction at REPEATABLE READ. See `Source.snapshot`."""
        # Only what happens here is told as the source's fault, not what the block does with the snapshot.
        with ExitStack() as stack:
            with faults_told(self._name):
                opened, moment = stack.enter_context(transaction(self._name, self._url, self._schema))
            yield PostgresqlSnapshot(self._name, opened, moment)


class PostgresqlSnapshot:
    """Reads inside one transaction. See `Snapshot` and `ChangeTracking`."""

    def __init__(self, name: SourceName, opened: Transaction, moment: Moment) -> None:
        self._name = name
        self._opened = opened
        self._moment = moment
        self._relations: dict[str, Relation] = {}

    def tables(self) -> list[str]:
        """See `Snapshot.tables`."""
        with faults_told(self._name):
            return [str(name) for (name,) in self._opened.rows(tables_query())]

    def columns(self, tables: Iterable[str]) -> dict[str, dict[str, ColumnType]]:
        """See `Snapshot.columns`."""
        names = list(tables)
        found = self._found(names)
        return {
            table: {column.name: column.raw_type for column in found[table].columns.values()}
            for table in names
            if table in found
        }

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """See `Snapshot.unreadable`."""
        denied = {table: self._relation(table).unreadable for table in columns}
        if not any(denied.values()):
            return {}
        with faults_told(self._name):
            [(role,)] = self._opened.rows("select quote_ident(current_user)")
        return {
            table: {n: f"grant select ({quoted(n)}) on {self._relation(table).reference} to {role}" for n in names}
            for table, names in denied.items()
            if names
        }

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`."""
        names = None if tables is None else list(tables)
        found = self._found(names)
        with faults_told(self._name):
            return shapes(self._opened.rows, found, self._count, names)

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`."""
        with faults_told(self._name):
            found = postgresql_foldings(self._opened.rows, columns, self._tried)
        wanted = {table: set(names) for table, names in columns.items()}
        return {table: {n: f for n, f in of.items() if n in wanted[table]} for table, of in found.items()}

    def _tried(self, sql: str) -> list[tuple[Any, ...]] | None:
        try:
            with self._opened.part():
                return self._opened.rows(sql)
        except adbc_driver_manager.ProgrammingError:
            return None

    def position(
        self, table: str, mode: Literal["changes", "cursor", "full"], cursor: str | None, watermark: str | None
    ) -> Position:
        """See `ChangeTracking.position`."""
        return position(self._moment, self._relation(table), mode, cursor, watermark)

    def count(self, table: RawTable, only: Among = EMPTY) -> int:
        """See `Snapshot.count`."""
        with faults_told(self._name, table.name, only):
            return self._count(table.name, only=only)

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        names = [c.name for c in table.columns]
        relation = self._relation(table.name)
        query = select_rows(table, relation, selection)
        with faults_told(self._name, table.name, selection.only), self._opened.part():
            with self._opened.connection.cursor() as cursor:
                cursor.execute(query)
                for large in cursor.fetch_record_batch():
                    for start in range(0, large.num_rows, BATCH_ROWS):
                        batch = large.slice(start, BATCH_ROWS)
                        wire = pa.RecordBatch.from_arrays(batch.columns[:-1], names=names)
                        yield WireBatch(wire, _parse_odd(batch.column(len(names))))
            # At the end of all rows, so that nobody takes them for the whole table before it is known.
            for of, how in self._opened.rows(alterations_query(table.name, relation.oid)):
                raise altered(self._name, table.name, f"{of}: {how}")

    def _found(self, tables: list[str] | None) -> dict[str, Relation]:
        with faults_told(self._name):
            columns = self._opened.rows(columns_query(tables))
            members = self._opened.rows(members_query(tables))
        found = relations(columns, members)
        self._relations |= found
        return found

    def _count(self, table: str, limit: int | None = None, only: Among = EMPTY) -> int:
        reference = self._relation(table).reference
        rows = f"(select 1 from {reference} limit {limit}) as counted" if limit else reference + where_only(only)
        # Of thousands of tables that stay locked the server would run out of locks.
        with self._opened.part():
            [(count,)] = self._opened.rows(f"select count(*) from {rows}")
        return int(count)

    def _relation(self, table: str) -> Relation:
        if table not in self._relations:
            self.columns([table])
        return self._relations[table]


def _parse_odd(column: pa.Array) -> list[OddValue]:
    odd = []
    for row in pc.indices_nonzero(pc.not_equal(column, "")).to_pylist():
        for record in column[row].as_py().split(RECORD)[:-1]:
            name, _, value = record.partition(FIELD)
            odd.append(OddValue(row, name, value))
    return odd
