"""Moves that need a program of their own, each run as a process: `python -m benchmarks.movers NAME ...`.

Belongs here: what a user of a peer would write, with the settings that its pages advise for speed, and the limits.
Not here: which of them are compared (contenders.py).
"""

import sys
from collections.abc import Callable

from benchmarks import TABLE

DLT_BACKENDS: dict[str, dict[str, str]] = {
    "pyarrow": {},
    # The way that dlt's pages advise for large tables: batch by batch rather than all of it in memory.
    "connectorx": {"return_type": "arrow_stream"},
}


def arrow_to_duckdb(source: str, file: str) -> None:
    """COPY out through Arrow's driver, into a new table of DuckDB: what a load does at least."""
    import duckdb
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(source) as connection, connection.cursor() as cursor, duckdb.connect(file) as warehouse:
        cursor.execute(f"select * from {TABLE}")
        rows = cursor.fetch_record_batch()
        warehouse.execute(f"create table {TABLE} as select * from rows")
        rows.close()


def dlt_load(backend: str, source: str, folder: str, how: str) -> None:
    """A load with dlt.

    Args:
        backend: of its `sql_database`.
        source: URL of the database.
        folder: where DuckDB's file and dlt's own files lie.
        how: `replace`, or `merge`: by cursor and primary key.
    """
    import dlt
    from dlt.sources.sql_database import sql_table

    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=f"{folder}/pipelines",
        destination=dlt.destinations.duckdb(f"{folder}/warehouse.duckdb"),
        dataset_name="dlt",
    )
    merge = how == "merge"
    table = sql_table(
        credentials=source,
        table=TABLE,
        backend=backend,
        chunk_size=100_000,
        backend_kwargs=DLT_BACKENDS[backend],
        incremental=dlt.sources.incremental("timestamp") if merge else None,
        primary_key="id" if merge else None,
        write_disposition="merge" if merge else "replace",
    )
    pipeline.run(table, loader_file_format="parquet")


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    moves: dict[str, Callable[..., None]] = {"arrow-to-duckdb": arrow_to_duckdb, "dlt": dlt_load}
    moves[name](*arguments)
