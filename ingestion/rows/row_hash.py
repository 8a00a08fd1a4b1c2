"""The content hash of a row version: `_row_hash`.

Belongs here: what the hash covers. Not here: who compares it (warehouses/).

The hash is the lower half of an MD5 over the row's values that are not null, each as name, length and text. It
is the same in every warehouse and when raw is rebuilt from the archive, and a new column that is still null does
not change it. Two versions of one key that differ share it with a probability of 2^-64.
"""

from collections.abc import Iterable
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import Column, ColumnType

HASH_COLUMN = pa.field("_row_hash", pa.int64())


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for the process: to open a DuckDB takes twenty milliseconds, and each table of each run has a hasher."""
    return duckdb.connect(":memory:", config={"threads": "1", "disabled_optimizers": "statistics_propagation"})


class RowHasher:
    """Appends `_row_hash` to batches. DuckDB computes it over the Arrow batch in place; only the hash comes back."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self._connection = _engine().cursor()
        # By their places: names that differ in case alone would be one to it.
        placed = [(column, f"c{place}") for place, column in enumerate(columns)]
        self._columns = [column.name for column, _ in placed]
        self._names = [name for _, name in placed]
        parts = ", ".join(_part(column, name) for column, name in sorted(placed, key=lambda p: p[0].name))
        # The half is taken by a shift: md5_number_lower takes twice as long.
        self._query = f"select cast(md5_number(concat({parts})) >> 64 as ubigint) as hash from batch"

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with one more column, `_row_hash` (int64)."""
        self._connection.register("batch", batch.rename_columns(self._names))
        result: pa.Table = self._connection.sql(self._query).to_arrow_table()
        hashes = result.column("hash").combine_chunks()
        self._connection.unregister("batch")
        return batch.append_column(HASH_COLUMN, hashes.view(pa.int64()))

    def rehashed(self, versions: pa.RecordBatch) -> pa.RecordBatch:
        """Versions with the hashes that their rows have when they are read again; a delete version keeps its own."""
        hashes = self(versions.select(self._columns)).column(HASH_COLUMN.name)
        place = versions.schema.get_field_index(HASH_COLUMN.name)
        is_row = pc.equal(versions.column("_op"), "upsert")
        anew = pc.if_else(is_row, hashes, versions.column(place))
        return versions.set_column(place, versions.schema.field(place), anew)

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()


def _part(column: Column, name: str) -> str:
    """Arguments of concat, which passes over null, for `name:length:text`; no text is put together twice."""
    text = {
        ColumnType.TIMESTAMP: f"cast(epoch_us({name}) as varchar)",
        ColumnType.BYTES: f"hex({name})",
    }.get(column.type, f"cast({name} as varchar)")
    label = column.name.replace("'", "''")
    return f"if({name} is null, '', '{label}:'), strlen({text}), if({name} is null, '', ':'), {text}"
