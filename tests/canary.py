"""Whether values are anywhere below a folder: every file byte by byte, Parquet, DuckDB and gzip decoded."""

import gzip
from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow.parquet as pq


def places_of(folder: Path, values: Collection[str], but: Collection[Path] = ()) -> dict[str, set[str]]:
    """Value → the files that hold it, whatever case it is written in; without those of some paths."""
    found: dict[str, set[str]] = {}
    wanted = {value: value.lower().encode() for value in values}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(path == one or one in path.parents for one in but):
            content = _content(path).lower()
            for value, sought in wanted.items():
                if sought in content:
                    found.setdefault(value, set()).add(str(path.relative_to(folder)))
    return found


def _content(path: Path) -> bytes:
    parts = [path.read_bytes()]
    if path.suffix == ".parquet":
        parts.append(str(pq.read_table(path, partitioning=None).to_pylist()).encode())
        parts.append(str(pq.read_metadata(path).metadata).encode())
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as db:
            tables = "select schema_name, table_name from duckdb_tables()"
            for schema, name in db.execute(tables).fetchall():
                parts.append(str(db.execute(f'from "{schema}"."{name}"').fetchall()).encode())
    elif path.suffix == ".gz":
        parts.append(gzip.decompress(parts[0]))
    return b"\n".join(parts)
