"""One export: complete periods, unchanged files untouched, restatements recorded."""

import csv
import hashlib
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.catalogue import Export, load_exports
from exports.errors import ExportError
from exports.formats.cells import cell_text
from exports.formats.delimited import csv_files
from exports.publish import ExportResult, Publisher
from ingestion.output.storage import Storage

SCHEMA = pa.schema(
    [
        ("tenant_key", pa.string()),
        ("outlet_id", pa.string()),
        ("period_start_date", pa.date32()),
        ("period_end_date", pa.date32()),
        ("is_complete", pa.bool_()),
        ("total_cost", pa.decimal128(38, 9)),
    ]
)
EXPORT = Export(name="costs_daily", source="whatsapp", mart="costs_daily", cadence="daily")


def row(day: int, cost: str | None, tenant: str = "whatsapp:t1", outlet: str = "o1") -> dict[str, Any]:
    start = date(2026, 3, day)
    return {
        "tenant_key": tenant,
        "outlet_id": outlet,
        "period_start_date": start,
        "period_end_date": start,
        "is_complete": True,
        "total_cost": None if cost is None else Decimal(cost),
    }


class Mart:
    """What the warehouse would answer."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)

    def query(self, sql: str) -> pa.Table:
        assert "is_complete" in sql
        return pa.Table.from_pylist(self.rows, schema=SCHEMA)


def publish(
    mart: Mart | Callable[[str], pa.Table], folder: Path | str, hour: int = 0, export: Export = EXPORT
) -> ExportResult:
    query = mart.query if isinstance(mart, Mart) else mart
    return Publisher(query, str(folder)).publish(export, datetime(2026, 4, 1, hour, tzinfo=UTC))


def published(mart: Mart, folder: Path, hour: int = 0, export: Export = EXPORT) -> tuple[int, int, int, int]:
    result = publish(mart, folder, hour, export)
    assert result.faults == ()
    return result.published, result.unchanged, result.restated, result.withdrawn


def restatements(folder: Path, recipient: str = "whatsapp/t1", export: str = "costs_daily") -> list[dict[str, Any]]:
    path = folder / recipient / export / "restatements.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def csv_tree(folder: Path) -> dict[str, bytes]:
    return {path: content for path, content in tree(folder).items() if path.endswith(".csv")}


def test_file_per_tenant_and_period_with_a_manifest(tmp_path: Path) -> None:
    mart = Mart(row(1, "0.5"), row(1, "1", outlet="o2"), row(2, None), row(1, "2", tenant="whatsapp:a/b:c"))
    assert published(mart, tmp_path) == (3, 0, 0, 0)
    files = tree(tmp_path)
    assert set(files) == {
        "whatsapp/t1/costs_daily/manifest.json",
        "whatsapp/t1/costs_daily/2026-03-01.csv",
        "whatsapp/t1/costs_daily/2026-03-02.csv",
        "whatsapp/a%2Fb%3Ac/costs_daily/manifest.json",
        "whatsapp/a%2Fb%3Ac/costs_daily/2026-03-01.csv",
    }
    assert files["whatsapp/t1/costs_daily/2026-03-01.csv"] == (
        b"tenant_key,outlet_id,period_start_date,period_end_date,is_complete,total_cost\r\n"
        b"whatsapp:t1,o1,2026-03-01,2026-03-01,true,0.500000000\r\n"
        b"whatsapp:t1,o2,2026-03-01,2026-03-01,true,1.000000000\r\n"
    )
    manifest = json.loads(files["whatsapp/t1/costs_daily/manifest.json"])
    assert manifest["tenant_key"] == "whatsapp:t1"
    entry = manifest["files"]["2026-03-02.csv"]
    assert (entry["rows"], entry["as_of"]) == (1, "2026-04-01T00:00:00+00:00")
    assert entry["sha256"] == hashlib.sha256(files["whatsapp/t1/costs_daily/2026-03-02.csv"]).hexdigest()
    assert entry["size"] == len(files["whatsapp/t1/costs_daily/2026-03-02.csv"])


def test_folder_of_a_tenant_tells_nothing_of_another(tmp_path: Path) -> None:
    published(Mart(row(1, "1"), row(1, "2", "whatsapp:t2")), tmp_path)
    published(Mart(row(1, "3"), row(1, "4", "whatsapp:t2")), tmp_path, hour=1)
    for path, content in tree(tmp_path).items():
        other = b"t2" if path.startswith("whatsapp/t1/") else b"t1"
        assert other not in content, path
    assert [[c["new"] for c in r["changes"]] for r in restatements(tmp_path)] == [["3.000000000"]]


def test_publishing_again_changes_no_byte(tmp_path: Path) -> None:
    mart = Mart(row(1, "0.5"), row(2, "1"))
    published(mart, tmp_path)
    before = tree(tmp_path)
    mart.rows.reverse()
    assert published(mart, tmp_path, hour=5) == (0, 2, 0, 0)
    assert tree(tmp_path) == before


def test_publishing_again_reads_the_manifest_alone_and_touches_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mart = Mart(row(1, "0.5"), row(2, "1"))
    published(mart, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}
    opened, read = Storage.opened, list[str]()

    def note(self: Storage, name: str) -> BinaryIO | None:
        read.append(name)
        return opened(self, name)

    monkeypatch.setattr(Storage, "opened", note)
    assert published(mart, tmp_path, hour=5) == (0, 2, 0, 0)
    assert read == ["whatsapp/t1/costs_daily/manifest.json"]
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files} == before


def test_every_row_of_many_lies_in_the_file_of_its_tenant_and_period(tmp_path: Path) -> None:
    rows = [row(day, "1", f"whatsapp:t{n}", f"o{o}") for o in range(3) for n in range(40) for day in range(1, 32)]
    random.Random(7).shuffle(rows)
    assert published(Mart(*rows), tmp_path) == (40 * 31, 0, 0, 0)
    for path, content in tree(tmp_path / "whatsapp").items():
        if path.endswith("manifest.json"):
            continue
        tenant, _, day = path.removesuffix(".csv").split("/")
        expected = [["whatsapp:" + tenant, f"o{o}", day, day, "true", "1.000000000"] for o in range(3)]
        assert list(csv.reader(content.decode().splitlines()))[1:] == expected, path


def test_changed_period_is_restated_with_old_and_new_values(tmp_path: Path) -> None:
    published(Mart(row(1, "0.5"), row(2, "1")), tmp_path)
    assert published(Mart(row(1, "0.75"), row(2, "1")), tmp_path, hour=1) == (0, 1, 1, 0)
    [record] = restatements(tmp_path)
    assert record["changes"] == [
        {
            "row": "whatsapp:t1|o1|2026-03-01|2026-03-01",
            "column": "total_cost",
            "old": "0.500000000",
            "new": "0.750000000",
        }
    ]
    assert (record["old_as_of"], record["at"]) == ("2026-04-01T00:00:00+00:00", "2026-04-01T01:00:00+00:00")


def test_period_that_is_gone_is_withdrawn_and_recorded(tmp_path: Path) -> None:
    published(Mart(row(1, "0.5"), row(2, "1")), tmp_path)
    assert published(Mart(row(1, "0.5")), tmp_path, hour=1) == (0, 1, 0, 1)
    assert "whatsapp/t1/costs_daily/2026-03-02.csv" not in tree(tmp_path)
    [record] = restatements(tmp_path)
    assert record["new_sha256"] is None
    assert record["changes"]


def test_run_that_died_before_its_manifest_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(Mart(row(1, "0.5")), tmp_path)
    write = Storage.write

    def die_at_manifest(self: Storage, name: str, content: bytes) -> None:
        if name.endswith("manifest.json"):
            raise KeyboardInterrupt
        write(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write", die_at_manifest)
        with pytest.raises(KeyboardInterrupt):
            published(Mart(row(1, "0.75")), tmp_path, hour=1)
    assert published(Mart(row(1, "0.75")), tmp_path, hour=2) == (0, 0, 1, 0)
    assert len(restatements(tmp_path)) == 1


def test_published_file_that_was_removed_is_written_again(tmp_path: Path) -> None:
    mart = Mart(row(1, "0.5"))
    published(mart, tmp_path)
    before = tree(tmp_path)
    (tmp_path / "whatsapp/t1/costs_daily/2026-03-01.csv").unlink()
    published(mart, tmp_path)
    assert tree(tmp_path)["whatsapp/t1/costs_daily/2026-03-01.csv"] == before["whatsapp/t1/costs_daily/2026-03-01.csv"]


def test_published_file_that_lost_its_end_is_written_again(tmp_path: Path) -> None:
    mart = Mart(row(1, "0.5"), row(2, "1"))
    published(mart, tmp_path)
    before = csv_tree(tmp_path)
    (tmp_path / "whatsapp/t1/costs_daily/2026-03-01.csv").write_bytes(b"tenant_key,outl")
    assert published(mart, tmp_path, hour=1) == (1, 1, 0, 0)
    assert csv_tree(tmp_path) == before
    assert restatements(tmp_path) == []


def test_withdrawal_that_died_half_way_is_completed_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: Storage, name: str) -> None:
        raise KeyboardInterrupt

    published(Mart(row(1, "0.5"), row(2, "1")), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "remove", die)
        with pytest.raises(KeyboardInterrupt):
            published(Mart(row(1, "0.5")), tmp_path)
    assert published(Mart(row(1, "0.5")), tmp_path) == (0, 1, 0, 1)
    assert "whatsapp/t1/costs_daily/2026-03-02.csv" not in tree(tmp_path)


def test_file_that_somebody_edited_is_still_restated(tmp_path: Path) -> None:
    published(Mart(row(1, "0.5")), tmp_path)
    (tmp_path / "whatsapp/t1/costs_daily/2026-03-01.csv").write_bytes(b"tenant_key\r\n\xe9,x,y\r\n")
    assert published(Mart(row(1, "0.75")), tmp_path, hour=1) == (0, 0, 1, 0)


def test_cells_that_a_spreadsheet_would_run_are_neutralised_and_numbers_are_not() -> None:
    numbers = pa.array([Decimal("-1"), Decimal("-2"), None, Decimal(0)], pa.decimal128(38, 9))
    content = csv_files(pa.table({"a": ["=1+1", "@x", 'a,b\n"c"', "\u00e9"], "b": numbers}))(0, 4)
    text = b"".join(content).decode()
    assert text == ('a,b\r\n\'=1+1,-1.000000000\r\n\'@x,-2.000000000\r\n"a,b\n""c""",\r\n\u00e9,0.000000000\r\n')
    assert list(csv.reader(text.splitlines(keepends=True)))[3] == ['a,b\n"c"', ""]


TYPES: list[tuple[pa.DataType, st.SearchStrategy[object]]] = [
    (pa.string(), st.text(st.sampled_from('a\u00e9",;\r\n\t =+-')) | st.text(max_size=5)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.decimal128(38, 9), st.decimals(-(10**9), 10**9, places=9)),
    (pa.float64(), st.floats()),
    (pa.bool_(), st.booleans()),
    (pa.date32(), st.dates()),
    (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    (pa.null(), st.none()),
]


@given(st.data())
def test_lines_are_those_that_the_csv_module_writes(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 5))
    columns = data.draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
    values = [data.draw(st.lists(st.none() | value, min_size=rows, max_size=rows)) for _, value in columns]
    names = [f"n,{number}" for number in range(len(columns))]
    arrays = [pa.array(found, kind) for found, (kind, _) in zip(values, columns, strict=True)]
    first, after = sorted(data.draw(st.tuples(*[st.integers(0, rows)] * 2)))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([map(cell_text, row) for row in zip(*values, strict=True)][first:after])
    assert b"".join(csv_files(pa.table(arrays, names))(first, after)) == text.getvalue().encode()


def test_column_that_the_mart_lacks_is_told(tmp_path: Path) -> None:
    export = EXPORT.model_copy(update={"columns": ["total_costs"]})
    with pytest.raises(ExportError, match=r"marts\.costs_daily has no column total_costs"):
        publish(Mart(row(1, "1")), tmp_path, export=export)
    assert tree(tmp_path) == {}


def test_whole_split_puts_all_tenants_in_one_file(tmp_path: Path) -> None:
    export = EXPORT.model_copy(update={"split": "whole", "columns": ["tenant_key", "total_cost"]})
    publish(Mart(row(1, "1"), row(1, "2", tenant="whatsapp:t2")), tmp_path, export=export)
    assert tree(tmp_path)["all/costs_daily/2026-03-01.csv"] == (
        b"tenant_key,total_cost\r\nwhatsapp:t1,1.000000000\r\nwhatsapp:t2,2.000000000\r\n"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "is not valid YAML"),
        ("- a", "must map names"),
        ("x: {mart: m}\nx: {mart: n}", "is not valid YAML: x: twice"),
        ("x: {mart: m, mart: n}", "is not valid YAML: mart: twice"),
        ("x: {source: whatsapp}", "x: either mart or query is needed, and not both"),
        ("x: {mart: m, query: select 1}", "x: either mart or query is needed, and not both"),
        ("x: {mart: m, files: history}", "x: files: history needs a cadence; what has no periods is published as it"),
        ("x: {query: select 1, schema: core}", "x: a query names its tables with their schemas itself"),
        ("x: {mart: m, schema: staging}", "x.schema: Input should be 'marts' or 'core'"),
        ("x: {mart: m, formats: [xls]}", "x.formats.0: Input should be 'csv', 'xlsx', 'parquet' or 'jsonl'"),
        ("x: {mart: m, columns: {a: Cost, b: Cost}}", "x: two columns are headed Cost"),
        ("x: {mart: m, rounding: {a: -1}}", "x.rounding.a: "),
        ("x: {source: whatsapp, mart: 'm; drop', cadence: daily}", "x.mart: "),
        ("x: [1]", "x: not a mapping"),
    ],
)
def test_malformed_export_catalogue_names_the_entry(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text(content)
    with pytest.raises(ExportError) as error:
        load_exports(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
