"""A SQLite file as a source: wide tables, wide rows, keys of bytes, writers at work."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import make_url

from ingestion.errors import TransientSourceError
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import conform
from ingestion.sources import adbc_sqlite, open_source
from ingestion.sources.base import Selection, WireBatch

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "source.sqlite"


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def read(file: Path, columns: dict[str, ColumnType], selection: Selection | None = None) -> list[WireBatch]:
    table = RawTable("shop", "t", ("id",), tuple(Column(name, type_) for name, type_ in columns.items()))
    with open_source("shop", make_url(f"sqlite:///{file}")).snapshot() as snapshot:
        snapshot.columns(["t"])
        return list(snapshot.read(table, selection or Selection()))


@pytest.mark.parametrize("count", [2, 1_001, 2_000])
@pytest.mark.parametrize("type_", ["text", "integer", "double", "bytes"])
def test_every_column_of_a_wide_table_is_read(file: Path, count: int, type_: str) -> None:
    names = ["id", *(f"c{i}" for i in range(1, count))]
    values = {"text": "'it''s'", "integer": "-7", "double": "0.5", "bytes": "x'00ff'"}
    shown = {"text": "it's", "integer": -7, "double": 0.5, "bytes": b"\x00\xff"}
    others = {"text": "x'00ff'", "integer": "'seven'", "double": "'half'", "bytes": "'none'"}
    told = {"text": "X'00FF'", "integer": "seven", "double": "half", "bytes": "none"}
    change(
        file,
        f"create table t (id integer, {', '.join(f'{name} {type_}' for name in names[1:])})",
        f"insert into t values (1, {', '.join([values[type_]] * (count - 1))})",
        "insert into t (id) values (2)",
        f"insert into t (id, {names[1]}, {names[-1]}) values (3, {others[type_]}, {others[type_]})"
        if count > 2
        else f"insert into t values (3, {others[type_]})",
    )
    [wire] = read(file, {"id": ColumnType.INTEGER} | dict.fromkeys(names[1:], ColumnType(type_)))
    assert wire.batch.schema.names == names
    assert wire.batch.column("id").to_pylist() == [1, 2, 3]
    assert {tuple(wire.batch.column(name).to_pylist()) for name in names[1:]} == {(shown[type_], None, None)}
    assert {(o.row, o.column, o.value) for o in wire.odd} == {(2, n, told[type_]) for n in (names[1], names[-1])}


@pytest.mark.parametrize("wide_from", [0, 1_000, 2_500])
def test_batch_is_bounded_by_bytes_wherever_the_wide_rows_are(
    file: Path, wide_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 1_000_000
    monkeypatch.setattr(adbc_sqlite, "BATCH_BYTES", limit)
    numbers = "with recursive n (i) as (values (0) union all select i + 1 from n where i < 2999)"
    content = f"case when i >= {wide_from} then hex(zeroblob(10000)) else '' end"
    change(
        file,
        "create table t (id integer primary key, content text)",
        f"insert into t {numbers} select i, {content} from n",
    )
    batches = read(file, {"id": ColumnType.INTEGER, "content": ColumnType.TEXT})
    assert max(wire.batch.nbytes for wire in batches) < 2 * limit
    assert len(batches) < 3 + 2 * (3_000 - wide_from) * 20_000 / limit
    assert pa.concat_batches([wire.batch for wire in batches]).column("id").to_pylist() == list(range(3_000))


@pytest.mark.parametrize("declared", ["blob", "binary(16)", "bytea"])
def test_blob_that_is_declared_text_is_read_in_hexadecimal(file: Path, declared: str) -> None:
    change(
        file,
        f"create table t (id {declared} primary key, content text)",
        "insert into t values (x'00ffAB', 'a'), (x'', 'b'), ('plain', 'c'), (x'636166e9', x'01')",
    )
    columns = {"id": ColumnType.TEXT, "content": ColumnType.TEXT}
    [wire] = read(file, columns)
    assert wire.batch.column("id").to_pylist() == ["00ffab", "", "plain", "636166e9"]
    assert [(o.row, o.column, o.value) for o in wire.odd] == [(3, "content", "X'01'")]
    for key in ("00ffab", "plain"):
        [one] = read(file, columns, Selection(keys=[(key,)]))
        assert one.batch.column("id").to_pylist() == [key]
    with open_source("shop", make_url(f"sqlite:///{file}")).snapshot() as snapshot:
        assert snapshot.columns(["t"])["t"]["id"] is ColumnType.BYTES
        assert snapshot.shapes(["t"])["t"].columns["id"].type is ColumnType.BYTES


@pytest.mark.parametrize("declared", ["text", "varchar(9)", "real", "numeric", "boolean", "date", ""])
def test_integer_is_read_out_of_a_column_of_any_type(file: Path, declared: str) -> None:
    change(
        file,
        f"create table t (id integer primary key, n {declared})",
        "insert into t values (1, 7), (2, ' -8'), (3, 9.0), (4, null), (5, 9007199254740992), (6, 'n/a'), (7, 1.5),"
        " (8, 1e300), (9, x'39')",
    )
    columns = {"id": ColumnType.INTEGER, "n": ColumnType.INTEGER}
    [wire] = read(file, columns)
    table = RawTable("shop", "t", ("id",), tuple(Column(name, type_) for name, type_ in columns.items()))
    conformed = conform(table, wire.batch, wire.odd)
    # Text takes the point that 9.0 is written with; what is no number stays text whatever the column is.
    nine = None if declared in ("text", "varchar(9)") else 9
    assert conformed.batch.column("n").to_pylist() == [7, -8, nine, None, 2**53, None, None, None, None]
    assert {r.key for r in conformed.rejections} == {
        f'{{"id": {i}}}' for i in ([3] if nine is None else []) + [6, 7, 8, 9]
    }


def test_file_that_somebody_writes_is_waited_for_and_tried_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(file, "create table t (id integer primary key)", "insert into t values (1)")
    # Locks of one process do not keep that process out.
    hold = (
        f"import sqlite3; c = sqlite3.connect({str(file)!r}, isolation_level=None); c.execute('begin exclusive');"
        " print(flush=True); input(); c.execute('commit')"
    )
    writer = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdin and writer.stdout
    writer.stdout.readline()
    with monkeypatch.context() as impatient, pytest.raises(TransientSourceError, match="database is locked"):
        impatient.setattr(adbc_sqlite, "BUSY_TIMEOUT_SECONDS", 0)
        read(file, {"id": ColumnType.INTEGER})
    writer.stdin.close()
    [wire] = read(file, {"id": ColumnType.INTEGER})
    assert wire.batch.column("id").to_pylist() == [1]
    writer.wait()
    writer.stdout.close()
