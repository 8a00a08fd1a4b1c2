"""The last of rows with one key, where later rows supersede earlier ones within a read.

Belongs here: which rows those are, in bounded memory. Not here: what they differ in from the log (warehouses/).
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from ingestion.loading.rows import Rows
from ingestion.rows.columns import RawTable

_MEMORY = "256MB"
"""Of keys, what is more than that lies on disk."""


def last_of_keys(rows: Rows, table: RawTable) -> Rows:
    """Of rows with one key the last, in the order in which they come.

    Only the last row tells which rows those are: all of them wait on disk until then.

    Raises:
        Exception: what `rows` raises.
    """
    with closing(rows), TemporaryDirectory(prefix="warehouse-rows-") as folder:
        first = next(rows, None)
        if first is None:
            return
        waiting = Path(folder) / "rows.arrow"
        with duckdb.connect(Path(folder) / "keys.duckdb") as keys:
            keys.execute(f"set memory_limit = '{_MEMORY}'")
            keys.execute(f"set temp_directory = '{folder}'".replace("\\", "/"))
            named = [f"key_{place}" for place in range(len(table.key))]
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with pa.OSFile(str(waiting), "wb") as sink, pa.ipc.new_stream(sink, first.schema, options=options) as spool:
                place = 0
                for batch in chain([first], rows):
                    spool.write_batch(batch)
                    places = pa.array(range(place, place + batch.num_rows), pa.int64())
                    found = pa.table([*(batch.column(k) for k in table.key), places], names=[*named, "place"])
                    _put(keys, found, is_first=place == 0 and batch is first)
                    place += batch.num_rows
            keys.execute(
                "create table superseded as select place from keys "
                f"qualify row_number() over (partition by {', '.join(named)} order by place desc) > 1 order by place"
            )
            yield from _kept(waiting, keys)


def _put(keys: duckdb.DuckDBPyConnection, found: pa.Table, *, is_first: bool) -> None:
    keys.register("found", found)
    keys.execute("create table keys as from found" if is_first else "insert into keys from found")
    keys.unregister("found")


def _kept(waiting: Path, keys: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(waiting), "rb") as source, pa.ipc.open_stream(source) as batches:
        place = 0
        for batch in batches:
            query = "select place - ? from superseded where place >= ? and place < ?"
            gone = {p for (p,) in keys.execute(query, [place, place, place + batch.num_rows]).fetchall()}
            place += batch.num_rows
            mask = pa.array([row not in gone for row in range(batch.num_rows)], pa.bool_())
            yield batch.filter(mask) if gone else batch
