"""Whether values are anywhere below a folder: every file byte by byte, Parquet, DuckDB, gzip and workbooks decoded."""

import gzip
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq


def places_of(folder: Path, values: Collection[str], but: Collection[Path] = ()) -> dict[str, set[str]]:
    """Value → the files that hold it, whatever case it is written in; without those of some paths.

    A DuckDB file's tables have places of their own, `<file>:<schema>.<table>`: its bytes tell nothing of where.
    """
    found: dict[str, set[str]] = {}
    wanted = {value: value.lower().encode() for value in values}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(path == one or one in path.parents for one in but):
            for place, part in _parts(path):
                content = part.lower()
                for value, sought in wanted.items():
                    if sought in content:
                        found.setdefault(value, set()).add(f"{path.relative_to(folder)}{place}")
    return found


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file holds, and where in it."""
    yield "", path.read_bytes()
    if path.suffix == ".parquet":
        yield "", str(pq.read_table(path, partitioning=None).to_pylist()).encode()
        yield "", str(pq.read_metadata(path).metadata).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as db:
            tables = "select schema_name, table_name from duckdb_tables()"
            for schema, name in db.execute(tables).fetchall():
                yield f":{schema}.{name}", str(db.execute(f'from "{schema}"."{name}"').fetchall()).encode()
    elif path.suffix == ".gz":
        yield "", gzip.decompress(path.read_bytes())
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                yield "", parts.read(name)
