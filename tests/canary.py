"""Whether values are anywhere below a folder, or in a PostgreSQL database.

Belongs here: where is looked: every file byte by byte; Parquet, DuckDB, SQLite, gzip, workbooks and PDF decoded. Not
here: what is looked for.
"""

import gzip
import sqlite3
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from postgresql import Session
from pypdf import PdfReader

_SQLITE = b"SQLite format 3\0"


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


def tables_of(url: str, values: Collection[str]) -> dict[str, set[str]]:
    """Value → the tables and views of a PostgreSQL database that hold it, whatever case it is written in."""
    found: dict[str, set[str]] = {}
    listing = (
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('information_schema', 'pg_catalog') order by 1, 2"
    )
    with Session(url) as session:
        for schema, name in session.sql(listing):
            # Of most tables no row need come over.
            any_of = " or ".join(f"strpos(lower(held::text), '{value.lower()}') > 0" for value in values)
            holding = f'select lower(held::text) from "{schema}"."{name}" as held where {any_of}'
            rows = [row for (row,) in session.sql(holding)]
            for value in values:
                if any(value.lower() in row for row in rows):
                    found.setdefault(value, set()).add(f"{schema}.{name}")
    return found


def _parts(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file holds, and where in it."""
    content = path.read_bytes()
    yield "", content
    if path.suffix == ".parquet":
        yield "", str(pq.read_table(path, partitioning=None).to_pylist()).encode()
        yield "", str(pq.read_metadata(path).metadata).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as db:
            tables = "select schema_name, table_name from duckdb_tables()"
            for schema, name in db.execute(tables).fetchall():
                yield f":{schema}.{name}", str(db.execute(f'from "{schema}"."{name}"').fetchall()).encode()
    elif content.startswith(_SQLITE):
        # A long value is cut into pages, and Dagster compresses some.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            for (name,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in db.execute(f'select * from "{name}"'):
                    yield "", b"\n".join(map(_decoded, row))
    elif path.suffix == ".gz":
        yield "", gzip.decompress(content)
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                yield "", parts.read(name)
    elif path.suffix == ".pdf":
        for page in PdfReader(path).pages:
            # Words that a line is too short for are cut.
            yield "", page.extract_text().replace("\n", "").encode()


def _decoded(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value
