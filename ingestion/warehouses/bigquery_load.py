"""One table's load into BigQuery: staged, judged, and committed by one script.

Belongs here: what BigQuery does in its own way. Not here: connections (bigquery_connection.py), datasets and tables
(bigquery.py), scratch tables as such (bigquery_scratch.py), which rows are read (loading/).

A load job is a commit of its own, and a transaction can't outlive the script that begins it. So rows are loaded into
scratch tables beside the raw tables; what is to be done with them is worked out in scratch tables too; and the commit
is one script with one transaction, which copies what was chosen and replaces the state. Before that nothing shows, and
scratch tables that a killed process leaves are gone after a day. Their columns are called by their number, as Parquet
files can't bring every name that a raw table may have.

The service charges by the column and takes its time for every job: the log is compared by key, operation and hash, what
was read stays in a local file from which the archive is made, and a read without rows costs no job at all.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.log.state import REJECTED_COLUMNS, TableState
from ingestion.rows.columns import RawTable
from ingestion.rows.conformance import REPEATED_KEY, Rejection, rejection
from ingestion.rows.row_hash import HASH_COLUMN
from ingestion.warehouses.base import KeyDifference
from ingestion.warehouses.bigquery_connection import BigqueryConnection
from ingestion.warehouses.bigquery_scratch import Scratch
from ingestion.warehouses.bigquery_sql import replace_state
from ingestion.warehouses.sql import (
    blank_rejected,
    columns,
    fresh_rejections,
    is_resolved,
    literal,
    quoted,
    relation,
    renew_versions,
    resolve_rejections,
)
from ingestion.warehouses.sql_load import rejected_rows, settled_keys

_KEPT_A_DAY = "options (expiration_timestamp = timestamp_add(current_timestamp(), interval 1 day))"
_ROW = pa.field("_row", pa.int64())


@dataclass(frozen=True, slots=True)
class _Staged:
    """Rows of one read: in a file, in a scratch table, and what another one says is to be done with each.

    Attributes:
        file: the rows with their numbers and hashes.
        rows: how many.
        table: the scratch table with the same.
        choice: the scratch table with number, key and verdict (`append` or `duplicate`); rows without are left out.
    """

    file: Path
    rows: int
    table: str
    choice: str
    appended: int = 0
    duplicates: int = 0


class BigqueryLoad:
    """One table's load. See `TableLoad`.

    Attributes:
        committed_batch: the source's highest batch after the commit; None before.
    """

    def __init__(
        self,
        connection: BigqueryConnection,
        table: RawTable,
        loaded_at: datetime,
        highest_batch: int,
        folder: Path,
        check_lock: Callable[[], None],
    ) -> None:
        self.committed_batch: int | None = None
        self._connection = connection
        self._table = table
        self._loaded_at = loaded_at
        self._highest_batch = highest_batch
        self._batch_seq = highest_batch + 1
        self._scratch = Scratch(connection, table.schema, folder)
        self._check_lock = check_lock
        self._raw = relation(table.schema, table.name)
        self._numbered = {c.name: f"c{number}" for number, c in enumerate(table.columns)}
        self._keys = [self._numbered[name] for name in table.key]
        self._staged: _Staged | None = None
        self._appended: list[_Staged] = []
        self._gone: tuple[str, int] | None = None
        self._deleted: str | None = None
        self._rejected: list[str] = []
        self._resolved: list[str] = []
        self._restored: str | None = None
        self._renewed: str | None = None
        self._blanked: list[str] = []

    @property
    def batch_seq(self) -> int:
        """See `TableLoad.batch_seq`."""
        return self._batch_seq

    @property
    def is_first(self) -> bool:
        """See `TableLoad.is_first`. It would cost a job to know, and what was read stays in a file anyway."""
        return False

    def close(self) -> None:
        """Drop the scratch tables."""
        self._scratch.drop()

    def _log(self) -> str:
        """A query for the versions of the log, those that this load is to append among them."""
        key = ", ".join(f"{quoted(name)} as {self._numbered[name]}" for name in self._table.key)
        listed = ", ".join(self._keys)
        return " union all ".join(
            [
                f"select {key}, _batch_seq, _op, _row_hash from {self._raw}",
                *(
                    f"select {listed}, {self._batch_seq}, 'upsert', 0 from {self._scratch.relation(staged.choice)} "
                    "where _verdict = 'append'"
                    for staged in self._appended
                ),
            ]
        )

    def _same_key(self, left: str, right: str) -> str:
        return " and ".join(f"{left}.{key} = {right}.{key}" for key in self._keys)

    def stage(self, batches: Iterator[pa.RecordBatch]) -> None:
        """See `TableLoad.stage`."""
        self._staged = None
        first = next((batch for batch in batches if batch.num_rows), None)
        if first is None:
            return

        def numbered() -> Iterator[pa.RecordBatch]:
            start, batch = 0, first
            while batch is not None:
                yield batch.append_column(_ROW, pa.array(range(start, start + batch.num_rows), pa.int64()))
                start += batch.num_rows
                batch = next(batches, None)

        types = [c.type.arrow for c in self._table.columns]
        fields = [pa.field(name, type_) for name, type_ in zip(self._numbered.values(), types, strict=True)]
        self._staged = _Staged(
            *self._scratch.upload(pa.schema([*fields, HASH_COLUMN, _ROW]), numbered()), self._scratch.new()
        )

    def append_changed(self) -> int:
        """See `TableLoad.append_changed`."""
        staged = self._staged
        if staged is None:
            return 0
        keys, choice = ", ".join(self._keys), self._scratch.relation(staged.choice)
        [counts] = self._connection.read(
            f"""
            create table {choice} {_KEPT_A_DAY} as
            select {columns(self._keys, "staged.")}, staged._row, if(_place = 1, 'append', 'duplicate') as _verdict
            from (
                select {keys}, _row, _row_hash,
                    row_number() over (partition by {keys} order by _row_hash, _row) as _place,
                    min(_row_hash) over (partition by {keys}) as _kept_hash
                from {self._scratch.relation(staged.table)}
            ) as staged
            left join (
                select {keys}, max(_batch_seq) as batch_seq, max_by(_op, _batch_seq) as op,
                    max_by(_row_hash, _batch_seq) as row_hash
                from ({self._log()}) as versions group by {keys}
            ) as latest on {self._same_key("staged", "latest")}
            where (_place > 1 and staged._row_hash <> _kept_hash)
                or (_place = 1 and (latest.op is null or (
                    latest.batch_seq < {self._batch_seq}
                    and (latest.op = 'delete' or latest.row_hash <> staged._row_hash)
                )));
            select countif(_verdict = 'append') as appended, countif(_verdict = 'duplicate') as duplicates
            from {choice}
            """
        ).to_pylist()
        self._staged = staged = replace(staged, **counts)
        if staged.appended:
            self._appended.append(staged)
        return staged.appended

    def duplicates(self) -> list[Rejection]:
        """See `TableLoad.duplicates`."""
        staged = self._staged
        if staged is None or not staged.duplicates:
            return []
        fault = self._table.key[0], REPEATED_KEY, None
        rows = (
            dict(zip(self._numbered, row.values(), strict=False))
            for batch in self._rows(staged, "duplicate")
            for row in batch.to_pylist()
        )
        return [rejection(self._table, row, fault) for row in rows]

    def _rows(self, staged: _Staged, verdict: str) -> Iterator[pa.RecordBatch]:
        """Rows of a staged file, as they lie there, that have a verdict."""
        chosen = None
        if verdict != "append" or staged.appended < staged.rows:
            numbers = self._connection.read(
                f"select _row from {self._scratch.relation(staged.choice)} where _verdict = '{verdict}'"
            )
            chosen = numbers.column(0).combine_chunks()
        with pq.ParquetFile(staged.file) as file:
            for batch in file.iter_batches():
                yield batch if chosen is None else batch.filter(pc.is_in(batch.column("_row"), value_set=chosen))

    def keys_where(self, values: dict[str, list[str]]) -> list[tuple[object, ...]]:
        """See `TableLoad.keys_where`."""
        key = columns(self._table.key)
        holds = " or ".join(f"{quoted(name)} in ({', '.join(map(literal, held))})" for name, held in values.items())
        # A delete version has its key alone.
        rows = self._connection.read(
            f"""
            select {key} from (
                select {columns(dict.fromkeys([*self._table.key, *values]))},
                    row_number() over (partition by {key} order by _batch_seq desc) as _place
                from {self._raw}
            ) as versions where _place = 1 and ({holds})
            """
        )
        return [tuple(row.values()) for row in rows.to_pylist()]

    def compare_keys(self, keys: Iterator[pa.RecordBatch] | None, missing_limit: int) -> KeyDifference:
        """See `TableLoad.compare_keys`."""
        if keys is None and self._staged:
            source = self._scratch.relation(self._staged.table)
        else:
            schema = pa.schema([(self._numbered[c.name], c.type.arrow) for c in self._table.key_columns])
            source = self._scratch.relation(self._scratch.upload(schema, keys or iter(()))[2])
        listed, name = ", ".join(self._keys), self._scratch.new()
        gone, live = self._scratch.relation(name), self._scratch.relation(self._scratch.new())
        # What this batch read a row of is not gone, whatever a later look at the keys says.
        [difference] = self._connection.read(
            f"""
            create table {live} {_KEPT_A_DAY} as
            select {listed}, max(_batch_seq) as batch_seq from ({self._log()}) as versions
            group by {listed} having max_by(_op, _batch_seq) <> 'delete';
            create table {gone} {_KEPT_A_DAY} as
            select {listed} from {live} as live
            where batch_seq < {self._batch_seq}
                and not exists (select 1 from {source} as source where {self._same_key("source", "live")});
            select (select count(*) from {live}) as live, (select count(*) from {gone}) as deleted, array(
                select as struct {listed} from (
                    select distinct {listed} from {source} as source
                    where not exists (select 1 from {live} as live where {self._same_key("source", "live")})
                ) as missing limit {missing_limit + 1}
            ) as missing
            """
        ).to_pylist()
        self._gone = name, difference["deleted"]
        missing = [tuple(key.values()) for key in difference["missing"] or []]
        return KeyDifference(difference["live"], difference["deleted"], missing)

    def append_deletes(self) -> int:
        """See `TableLoad.append_deletes`."""
        assert self._gone is not None, "compare_keys comes first"
        name, deleted = self._gone
        if deleted:
            self._deleted = name
        return deleted

    def reject(
        self, rejections: Sequence[Rejection], settled: Collection[str] = (), *, is_complete: bool = True
    ) -> int:
        """See `TableLoad.reject`."""
        if not rejections and not settled:
            return 0
        schema, incoming, script, counts = self._table.schema, None, "", []
        fresh = self._scratch.new()
        if rejections:
            rows = rejected_rows(self._table, rejections, self._batch_seq, self._loaded_at)
            incoming = self._scratch.relation(self._scratch.upload(rows.schema, iter(rows.to_batches()))[2])
            found = fresh_rejections(schema, rows.schema.names, incoming)
            script = f"create table {self._scratch.relation(fresh)} {_KEPT_A_DAY} as {found};"
            counts.append(f"(select count(*) from {self._scratch.relation(fresh)}) as recorded")
        condition = None
        if settled:
            keys = settled_keys(settled)
            given = self._scratch.relation(self._scratch.upload(keys.schema, iter(keys.to_batches()))[2])
            condition = is_resolved(self._table, given, incoming, is_complete=is_complete)
            target = relation(schema, "_rejected")
            counts.append(f"(select count(*) from {target} as known where {condition}) as resolved")
        [told] = self._connection.read(f"{script} select {', '.join(counts)}").to_pylist()
        if told.get("recorded"):
            self._rejected.append(fresh)
        if condition and told["resolved"]:
            self._resolved.append(condition)
        return int(told.get("recorded", 0))

    def restore(self, versions: Iterator[pa.RecordBatch], batch_seq: int) -> int:
        """See `TableLoad.restore`."""
        rows, self._restored = self._uploaded(versions)
        self._batch_seq = batch_seq
        return rows

    def renew(self, versions: Iterator[pa.RecordBatch]) -> int:
        """See `TableLoad.renew`."""
        _, self._renewed = self._uploaded(versions)
        names = self._version_names
        key = " and ".join(f"held.{quoted(n)} = renewed.{names[n]}" for n in (*self._table.key, "_batch_seq"))
        renewed = self._scratch.relation(self._renewed)
        query = f"select count(*) as row_count from {self._raw} as held inner join {renewed} as renewed on {key}"
        return int(self._connection.read(query).column(0)[0].as_py())

    def blank_rejected(self, keys: Collection[str], names: Collection[str]) -> None:
        """See `TableLoad.blank_rejected`."""
        told = settled_keys(keys)
        given = self._scratch.relation(self._scratch.upload(told.schema, iter(told.to_batches()))[2])
        self._blanked.append(blank_rejected(self._table, given, names))

    @property
    def _version_names(self) -> dict[str, str]:
        return {c.name: f"c{number}" for number, c in enumerate(self._table.versions.columns)}

    def _uploaded(self, versions: Iterator[pa.RecordBatch]) -> tuple[int, str]:
        """Versions in a scratch table: their number, and its name."""
        types = [c.type.arrow for c in self._table.versions.columns]
        schema = pa.schema(list(zip(self._version_names.values(), types, strict=True)))
        _, rows, name = self._scratch.upload(schema, versions)
        return rows, name

    def appended_rows(self) -> tuple[int, pa.RecordBatchReader] | None:
        """See `TableLoad.appended_rows`."""
        if not self._has_batch:
            return None
        schema = self._table.versions.arrow_schema
        return self._batch_seq, pa.RecordBatchReader.from_batches(schema, self._versions(schema))

    def _versions(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        def versions(values: Sequence[pa.Array], op: str, hashes: pa.Array) -> pa.RecordBatch:
            control = (self._batch_seq, self._loaded_at, op)
            types = schema.types[len(values) : len(values) + len(control)]
            told = [pa.repeat(pa.scalar(value, t), len(hashes)) for value, t in zip(control, types, strict=True)]
            return pa.RecordBatch.from_arrays([*values, *told, hashes], schema=schema)

        for staged in self._appended:
            for batch in self._rows(staged, "append"):
                yield versions(batch.columns[: len(self._numbered)], "upsert", batch.column("_row_hash"))
        if self._deleted is not None:
            gone = self._connection.read(f"select {', '.join(self._keys)} from {self._scratch.relation(self._deleted)}")
            for batch in gone.to_batches():
                held = dict(zip(self._table.key, batch.columns, strict=True))
                absent = (held.get(c.name, pa.nulls(batch.num_rows, c.type.arrow)) for c in self._table.columns)
                yield versions(list(absent), "delete", pa.repeat(pa.scalar(0, pa.int64()), batch.num_rows))

    @property
    def _has_batch(self) -> bool:
        return bool(self._appended or self._deleted or self._rejected or self._resolved)

    def commit(self, state: TableState) -> TableState:
        """See `TableLoad.commit`."""
        self._check_lock()
        committed = replace(state, batch_seq=self._batch_seq) if self._has_batch else state
        schema = self._table.schema
        self._connection.execute(
            f"""
            begin transaction;
            if (select coalesce(max(batch_seq), 0) from {relation(schema, "_state")}) <> {self._highest_batch} then
                raise using message = 'another run committed rows of this source meanwhile';
            end if;
            {"".join(f"{statement};" for statement in self._inserts())}
            {replace_state(schema, committed)};
            commit transaction;
            """
        )
        self.committed_batch = max(self._highest_batch, committed.batch_seq)
        return committed

    def _inserts(self) -> Iterator[str]:
        if self._restored:
            whole, numbered = columns(self._version_names), ", ".join(self._version_names.values())
            yield f"delete from {self._raw} where true"
            yield f"insert into {self._raw} ({whole}) select {numbered} from {self._scratch.relation(self._restored)}"
        if self._renewed:
            yield renew_versions(self._table, self._scratch.relation(self._renewed), self._version_names)
        yield from self._blanked
        control = "_batch_seq, _loaded_at, _op, _row_hash"
        batch = f"{self._batch_seq}, {literal(self._loaded_at)}"
        for staged in self._appended:
            yield f"""
                insert into {self._raw} ({columns(self._numbered)}, {control})
                select {columns(self._numbered.values(), "staged.")}, {batch}, 'upsert', staged._row_hash
                from {self._scratch.relation(staged.table)} as staged
                inner join {self._scratch.relation(staged.choice)} as choice on choice._row = staged._row
                where choice._verdict = 'append'
            """
        if self._deleted is not None:
            yield f"""
                insert into {self._raw} ({columns(self._table.key)}, {control})
                select {", ".join(self._keys)}, {batch}, 'delete', 0 from {self._scratch.relation(self._deleted)}
            """
        for condition in self._resolved:
            yield resolve_rejections(self._table.schema, condition, self._loaded_at)
        listed = columns(c.name for c in REJECTED_COLUMNS)
        for fresh in self._rejected:
            target = relation(self._table.schema, "_rejected")
            yield f"insert into {target} ({listed}) select {listed} from {self._scratch.relation(fresh)}"
