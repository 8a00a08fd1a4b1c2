"""A search for people that finds nobody proves something only if it would have found them."""

import gzip
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typst
from canary import places_of

PERSON = "zqperson-jane"
LONG = f"{'x' * 10_000}{PERSON}{'x' * 10_000}"
"""Is cut into pages of a database, within the name in one of some hundred."""


def in_duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as db:
        db.execute("create schema core")
        db.execute("create table core.people as select ? as name", [PERSON])


def in_sqlite(path: Path, value: object) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table event_logs (event text)")
        db.execute("insert into event_logs values (?)", (value,))


def in_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/sharedStrings.xml", f"<t>{PERSON}</t>")


FORMS: dict[str, Callable[[Path], object]] = {
    "run.log": lambda path: path.write_text(f"Said {PERSON.upper()}."),
    "rows.parquet": lambda path: pq.write_table(pa.table({"name": [PERSON] * 9}), path, compression="zstd"),
    "rows.csv.gz": lambda path: path.write_bytes(gzip.compress(PERSON.encode())),
    "runs.db": lambda path: in_sqlite(path, LONG),
    "snapshots.db": lambda path: in_sqlite(path, zlib.compress(LONG.encode())),
    "report.xlsx": in_workbook,
    "report.pdf": lambda path: path.write_bytes(typst.compile(f"#set page(width: 4cm)\nOf {PERSON}".encode())),
}


@pytest.mark.parametrize("form", FORMS)
def test_person_is_found_in_every_kind_of_file(form: str, tmp_path: Path) -> None:
    path = tmp_path / "deep" / form
    path.parent.mkdir()
    FORMS[form](path)
    assert places_of(tmp_path, [PERSON, "zqperson-joe"]) == {PERSON: {f"deep/{form}"}}
    assert places_of(tmp_path, [PERSON], but=[path.parent]) == {}


def test_person_in_a_duckdb_file_is_found_with_the_table(tmp_path: Path) -> None:
    in_duckdb(tmp_path / "bi.duckdb")
    assert places_of(tmp_path, [PERSON])[PERSON] == {"bi.duckdb", "bi.duckdb:core.people"}
