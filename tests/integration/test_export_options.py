"""What an entry of the exports' catalogue can ask for: histories, lists as they stand, names, headings, formats."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exports import Mart, publish, published, restatements, row, tree

from exports.catalogue import Export, load_exports
from exports.errors import ExportError
from exports.formats import FORMATS, workbook
from exports.publish import Publisher
from ingestion.output.storage import Storage

HEAD = b"tenant_key,outlet_id,period_start_date,period_end_date,is_complete,total_cost\r\n"
FILE = "all/costs_daily/costs_daily.csv"


def export(**options: Any) -> Export:
    return Export.model_validate({"name": "costs_daily", "mart": "costs_daily", "split": "whole", **options})


HISTORY = export(cadence="daily", files="history")
LATEST = export(cadence="daily", files="latest")


class Warehouse:
    """DuckDB with tables of its own, and the statements that it was asked."""

    def __init__(self, *statements: str) -> None:
        self.asked: list[str] = []
        self._connection = duckdb.connect()
        for statement in ("create schema marts", "create schema core", *statements):
            self._connection.execute(statement)

    def query(self, sql: str) -> pa.Table:
        self.asked.append(sql)
        return self._connection.sql(sql).to_arrow_table()

    def run(self, sql: str) -> None:
        self._connection.execute(sql)


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse(
        "create table core.dim_tenants (tenant_key text, tenant_name text)",
        "insert into core.dim_tenants values ('shop:1', 'Acme'), ('shop:2', '2'), ('shop:3', null)",
        "create table core.dim_campaigns (campaign_id text, campaign_name text)",
        "insert into core.dim_campaigns values ('7', 'Summer')",
        "create table core.dim_customers as select 'c' as customer_key, 'h' as email_hash",
        "create table marts.list (tenant_key text, campaign_id text, spend numeric(38, 9), recency_days bigint)",
        "insert into marts.list values ('shop:1', '7', 1.005, 3), ('shop:2', '8', 2, 4), ('shop:3', null, 3, 5)",
    )


def of_list(**options: Any) -> Export:
    return Export.model_validate({"name": "list", "mart": "list", "split": "whole", **options})


def lines(folder: Path, path: str = "all/list/list.csv") -> list[str]:
    return (folder / path).read_text(encoding="utf-8").splitlines()


def test_history_is_one_file_with_all_complete_periods_of_all_tenants(tmp_path: Path) -> None:
    mart = Mart(row(2, "2"), row(1, "1"), row(1, "3", "whatsapp:t2"))
    assert published(mart, tmp_path, export=HISTORY) == (1, 0, 0, 0)
    assert set(tree(tmp_path)) == {FILE, "all/costs_daily/manifest.json"}
    assert (tmp_path / FILE).read_bytes() == (
        HEAD + b"whatsapp:t1,o1,2026-03-01,2026-03-01,true,1.000000000\r\n"
        b"whatsapp:t1,o1,2026-03-02,2026-03-02,true,2.000000000\r\n"
        b"whatsapp:t2,o1,2026-03-01,2026-03-01,true,3.000000000\r\n"
    )
    [entry] = json.loads((tmp_path / "all/costs_daily/manifest.json").read_text())["files"].values()
    assert (entry["rows"], entry["period_start_date"], entry["period_end_date"]) == (3, "2026-03-01", "2026-03-02")


def test_history_of_each_tenant_lies_in_its_folder(tmp_path: Path) -> None:
    mart = Mart(row(1, "1"), row(2, "1"), row(1, "3", "whatsapp:t2"))
    of_tenants = export(cadence="daily", files="history", split="tenant")
    assert published(mart, tmp_path, export=of_tenants) == (2, 0, 0, 0)
    assert (tmp_path / "whatsapp/t2/costs_daily/costs_daily.csv").read_bytes() == (
        HEAD + b"whatsapp:t2,o1,2026-03-01,2026-03-01,true,3.000000000\r\n"
    )


@pytest.mark.parametrize("split", ["whole", "tenant"])
def test_history_that_grows_by_new_periods_is_no_restatement(tmp_path: Path, split: str) -> None:
    history = export(cadence="daily", files="history", split=split)
    before = [row(1, "1"), row(2, "2")]
    published(Mart(*before), tmp_path, export=history)
    grown = Mart(*before, row(3, "3"), row(1, "9", "whatsapp:t0"))
    assert published(grown, tmp_path, 1, history) == ((1 if split == "whole" else 2), 0, 0, 0)
    assert not list(tmp_path.rglob("restatements.jsonl"))
    assert published(grown, tmp_path, 2, history)[1] == (1 if split == "whole" else 2)


def test_history_whose_old_period_changed_is_restated_and_only_that_period_is_told(tmp_path: Path) -> None:
    published(Mart(row(1, "1"), row(2, "2")), tmp_path, export=HISTORY)
    changed = Mart(row(1, "1.5"), row(2, "2"), row(3, "3"))
    assert published(changed, tmp_path, 1, HISTORY) == (0, 0, 1, 0)
    [record] = restatements(tmp_path, "all")
    assert record["path"] == "costs_daily.csv"
    assert [(c["row"], c["old"], c["new"]) for c in record["changes"]] == [
        ("whatsapp:t1|o1|2026-03-01|2026-03-01", "1.000000000", "1.500000000")
    ]


@pytest.mark.parametrize("rows", [[row(2, "2")], [row(1, "1")], [row(1, "1"), row(2, "2"), row(1, "1", outlet="o2")]])
def test_history_that_lost_or_gained_something_old_is_restated(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    published(Mart(row(1, "1"), row(2, "2")), tmp_path, export=HISTORY)
    assert published(Mart(*rows, row(5, "5")), tmp_path, 1, HISTORY) == (0, 0, 1, 0)
    assert restatements(tmp_path, "all")[0]["changes"]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), unique=True, min_size=1), st.data())
@settings(max_examples=40)
def test_history_is_restated_exactly_where_something_told_before_is_otherwise(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("history")
    last: dict[int, int] = {}
    for tenant, day in places:
        last[tenant] = max(day, last.get(tenant, 0))
    before = [row(day, "1", f"whatsapp:t{tenant}") for tenant, day in places]
    added = data.draw(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 6)), unique=True))
    added = [place for place in added if place not in places]
    published(Mart(*before), folder, export=HISTORY)
    after = [*before, *(row(day, "1", f"whatsapp:t{tenant}") for tenant, day in added)]
    result = published(Mart(*after), folder, 1, HISTORY)
    changes_the_past = any(day < last.get(tenant, 0) for tenant, day in added)
    assert result == ((0, 1, 0, 0) if not added else (0, 0, 1, 0) if changes_the_past else (1, 0, 0, 0))


def test_latest_is_the_last_complete_period_and_another_one_no_restatement(tmp_path: Path) -> None:
    published(Mart(row(1, "1"), row(2, "2")), tmp_path, export=LATEST)
    assert (tmp_path / FILE).read_bytes() == HEAD + b"whatsapp:t1,o1,2026-03-02,2026-03-02,true,2.000000000\r\n"
    assert published(Mart(row(1, "9"), row(2, "2")), tmp_path, 1, LATEST) == (0, 1, 0, 0)
    assert published(Mart(row(2, "2"), row(3, "3")), tmp_path, 2, LATEST) == (1, 0, 0, 0)
    assert restatements(tmp_path, "all") == []
    assert published(Mart(row(2, "2"), row(3, "4")), tmp_path, 3, LATEST) == (0, 0, 1, 0)
    assert [c["new"] for c in restatements(tmp_path, "all")[0]["changes"]] == ["4.000000000"]


def test_latest_of_all_tenants_is_one_period_with_each_tenants_rows(tmp_path: Path) -> None:
    mart = Mart(row(1, "1"), row(2, "2"), row(1, "3", "whatsapp:t2"), row(2, "4", "whatsapp:t2"), row(1, "5", "a:b"))
    assert published(mart, tmp_path, export=LATEST) == (1, 0, 0, 0)
    assert (tmp_path / FILE).read_bytes() == (
        HEAD + b"whatsapp:t1,o1,2026-03-02,2026-03-02,true,2.000000000\r\n"
        b"whatsapp:t2,o1,2026-03-02,2026-03-02,true,4.000000000\r\n"
    )


def test_list_as_it_stands_is_published_when_it_changed_and_no_row_of_it_is_logged(
    tmp_path: Path, warehouse: Warehouse
) -> None:
    assert publish(warehouse.query, tmp_path, 0, of_list()).published == 1
    warehouse.run("update marts.list set spend = 5 where tenant_key = 'shop:1'")
    assert publish(warehouse.query, tmp_path, 1, of_list()).published == 1
    of_tenants = of_list(split="tenant")
    publish(warehouse.query, tmp_path, 2, of_tenants)
    warehouse.run("delete from marts.list where tenant_key = 'shop:1'")
    assert publish(warehouse.query, tmp_path, 3, of_tenants).withdrawn == 1
    assert [record["changes"] for record in restatements(tmp_path, "shop/1", "list")] == [None]
    warehouse.run("delete from marts.list")
    publish(warehouse.query, tmp_path, 4, of_list())
    assert lines(tmp_path) == ["tenant_key,campaign_id,spend,recency_days"]


def test_columns_that_count_from_the_build_change_a_file_only_when_something_else_does(
    tmp_path: Path, warehouse: Warehouse
) -> None:
    publish(warehouse.query, tmp_path, 0, of_list())
    before = tree(tmp_path)
    warehouse.run("update marts.list set recency_days = recency_days + 1")
    assert publish(warehouse.query, tmp_path, 1, of_list()).unchanged == 1
    assert tree(tmp_path) == before
    (tmp_path / "all/list/list.csv").unlink()
    assert publish(warehouse.query, tmp_path, 2, of_list()).published == 1
    assert "shop:1,7,1.005000000,4" in lines(tmp_path)
    assert publish(warehouse.query, tmp_path, 3, of_list()).unchanged == 1
    warehouse.run("update marts.list set spend = 8 where tenant_key = 'shop:2'")
    assert publish(warehouse.query, tmp_path, 4, of_list()).published == 1
    # Where there is nothing else, they are what is published.
    alone = of_list(columns=["recency_days"])
    publish(warehouse.query, tmp_path, 5, alone)
    warehouse.run("update marts.list set recency_days = recency_days + 1")
    assert publish(warehouse.query, tmp_path, 6, alone).published == 1


def test_names_stand_beside_ids_and_what_has_none_is_unnamed_with_a_mark(tmp_path: Path, warehouse: Warehouse) -> None:
    publish(warehouse.query, tmp_path, 0, of_list(names=True, columns=["tenant_name", "campaign_name", "campaign_id"]))
    mark = {id_: hashlib.sha256(id_.encode()).hexdigest()[:4] for id_ in ("shop:2", "shop:3", "8")}
    assert sorted(lines(tmp_path)[1:]) == [
        "Acme,Summer,7",
        f"unnamed {mark['shop:2']},unnamed {mark['8']},8",
        f"unnamed {mark['shop:3']},,",
    ]
    publish(warehouse.query, tmp_path, 1, of_list(names=True))
    assert lines(tmp_path)[0] == "tenant_key,tenant_name,campaign_id,campaign_name,spend,recency_days"


def test_names_are_read_once_for_all_exports_and_each_export_asks_once(tmp_path: Path, warehouse: Warehouse) -> None:
    publisher = Publisher(warehouse.query, str(tmp_path))
    publisher.publish(of_list(names=True))
    publisher.publish(of_list(name="again", names=True))
    assert sorted(warehouse.asked) == [
        'select * from marts."list"',
        'select * from marts."list"',
        "select campaign_id, campaign_name from core.dim_campaigns",
        "select tenant_key, tenant_name from core.dim_tenants",
    ]


def test_list_without_rows_asks_for_no_names_whose_table_may_not_be_there(tmp_path: Path, warehouse: Warehouse) -> None:
    warehouse.run("drop table core.dim_campaigns")
    warehouse.run("update marts.list set campaign_id = null")
    assert publish(warehouse.query, tmp_path, 0, of_list(names=True)).faults == ()
    assert lines(tmp_path)[1] == "shop:1,Acme,,,1.005000000,3"


def test_columns_are_chosen_ordered_headed_and_rounded(tmp_path: Path, warehouse: Warehouse) -> None:
    chosen = of_list(columns={"spend": "Spend, in dollars", "tenant_key": "Tenant"}, rounding={"spend": 2})
    publish(warehouse.query, tmp_path, 0, chosen)
    assert lines(tmp_path) == ['"Spend, in dollars",Tenant', "1.00,shop:1", "2.00,shop:2", "3.00,shop:3"]


def test_what_is_rounded_must_be_a_number_with_decimals(tmp_path: Path, warehouse: Warehouse) -> None:
    with pytest.raises(ExportError, match="list: tenant_key can't be rounded: it is string"):
        publish(warehouse.query, tmp_path, 0, of_list(rounding={"tenant_key": 2}))
    with pytest.raises(ExportError, match=r"list: marts\.list has no column spent"):
        publish(warehouse.query, tmp_path, 0, of_list(rounding={"spent": 2}))


def test_rows_are_chosen_by_sql_or_come_from_a_query_that_may_end_in_a_comment(
    tmp_path: Path, warehouse: Warehouse
) -> None:
    publish(warehouse.query, tmp_path, 0, of_list(where="spend > 1 or spend < 0 -- not all", columns=["tenant_key"]))
    assert lines(tmp_path) == ["tenant_key", "shop:1", "shop:2", "shop:3"]
    publish(warehouse.query, tmp_path, 1, of_list(where="spend >= 2", columns=["tenant_key"]))
    assert lines(tmp_path) == ["tenant_key", "shop:2", "shop:3"]
    asked = of_list(mart=None, query="select count(*) as rows_in_it from marts.list -- all", where="rows_in_it > 1")
    publish(warehouse.query, tmp_path, 2, asked)
    assert lines(tmp_path) == ["rows_in_it", "3"]
    assert json.loads((tmp_path / "all/list/manifest.json").read_text())["mart"] is None


def test_condition_holds_beside_completeness(tmp_path: Path) -> None:
    asked: list[str] = []

    def query(sql: str) -> pa.Table:
        asked.append(sql)
        return Mart(row(1, "1")).query(sql)

    publish(query, tmp_path, export=export(cadence="daily", files="history", where="a or b"))
    assert asked == ['select * from marts."costs_daily" where is_complete and (a or b\n)']


def test_table_of_core_is_published_unless_it_tells_persons_apart(tmp_path: Path, warehouse: Warehouse) -> None:
    publish(warehouse.query, tmp_path, 0, of_list(name="tenants", schema="core", mart="dim_tenants"))
    assert lines(tmp_path, "all/tenants/tenants.csv")[:2] == ["tenant_key,tenant_name", "shop:1,Acme"]
    with pytest.raises(ExportError) as error:
        publish(warehouse.query, tmp_path, 0, of_list(schema="core", mart="dim_customers", columns=["customer_key"]))
    assert str(error.value) == (
        "list: core.dim_customers tells persons apart (customer_key, email_hash) and is not published. Take a mart, or "
        "a query without these columns."
    )
    assert not (tmp_path / "all/list").exists()


MIXED = pa.table(
    {
        "text": ["=1+1", 'a"b\u5e97', None],
        "number": pa.array([Decimal("0.5"), None, Decimal(-1)], pa.decimal128(38, 9)),
        "whole": [1, 2**60, 3],
        "flag": [True, False, None],
        "day": [date(2026, 3, 1), None, date(1, 1, 1)],
        "at": pa.array([datetime(2026, 3, 1, 12, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
        "part": [0.25, float("nan"), float("inf")],
    }
)


def content(format_name: str, table: pa.Table) -> bytes:
    return b"".join(FORMATS[format_name].files(table)(0, len(table)))


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_same_rows_are_the_same_bytes_in_every_format(format_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(format_name, MIXED)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert content(format_name, MIXED) == before


@pytest.mark.parametrize("format_name", ["jsonl", "parquet"])
def test_file_of_any_format_that_tells_is_restated_cell_by_cell(tmp_path: Path, format_name: str) -> None:
    of_format = export(cadence="daily", files="history", formats=[format_name])
    published(Mart(row(1, "1"), row(2, "2")), tmp_path, export=of_format)
    assert published(Mart(row(1, "1.5"), row(2, "2")), tmp_path, 1, of_format) == (0, 0, 1, 0)
    [record] = restatements(tmp_path, "all")
    assert [(c["column"], c["old"], c["new"]) for c in record["changes"]] == [
        ("total_cost", "1.000000000", "1.500000000")
    ]
    (tmp_path / f"all/costs_daily/costs_daily.{format_name}").write_bytes(b"{edited")
    assert published(Mart(row(1, "1.7"), row(2, "2")), tmp_path, 2, of_format) == (0, 0, 1, 0)


def test_formats_of_one_export_lie_side_by_side(tmp_path: Path) -> None:
    of_all = export(cadence="daily", formats=["csv", "xlsx", "parquet", "jsonl"])
    assert published(Mart(row(1, "1")), tmp_path, export=of_all) == (4, 0, 0, 0)
    assert published(Mart(row(1, "1")), tmp_path, 1, of_all) == (0, 4, 0, 0)
    assert published(Mart(row(1, "2")), tmp_path, 2, of_all) == (0, 0, 4, 0)
    told = {record["path"]: record["changes"] is None for record in restatements(tmp_path, "all")}
    assert told == {
        "2026-03-01.csv": False,
        "2026-03-01.xlsx": True,
        "2026-03-01.parquet": False,
        "2026-03-01.jsonl": False,
    }


def test_unchanged_workbook_is_not_even_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_excel = export(cadence="daily", formats=["xlsx"])
    published(Mart(row(1, "1")), tmp_path, export=of_excel)

    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(workbook, "_write", fail)
    assert published(Mart(row(1, "1")), tmp_path, 1, of_excel) == (0, 1, 0, 0)


def test_json_lines_have_numbers_with_all_their_digits_and_text_as_it_is() -> None:
    first, second, third = content("jsonl", MIXED).decode().splitlines()
    assert first == (
        '{"text": "=1+1", "number": 0.500000000, "whole": 1, "flag": true, "day": "2026-03-01", '
        '"at": "2026-03-01T12:00:00+00:00", "part": 0.25}'
    )
    assert json.loads(second)["text"] == 'a"b\u5e97'
    assert json.loads(second)["part"] is None
    assert json.loads(third)["day"] == "0001-01-01"


def test_parquet_has_the_types_of_the_warehouse() -> None:
    assert pq.read_table(io.BytesIO(content("parquet", MIXED))).schema.types == MIXED.schema.types


def cells(data: bytes) -> list[list[tuple[str, str]]]:
    """Kind and value of each cell of a workbook's sheet."""
    import zipfile
    from xml.etree import ElementTree

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - of our own making
    assert not list(sheet.iter(f"{space}f"))
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in line.iter(f"{space}c")]
        for line in sheet.iter(f"{space}row")
    ]


def test_workbook_has_numbers_days_and_text_that_is_never_a_formula() -> None:
    first, second, third = cells(content("xlsx", MIXED))[1:]
    assert first == [
        ("inlineStr", "=1+1"),
        ("n", "0.5"),
        ("n", "1"),
        ("b", "1"),
        ("n", "46082"),
        ("n", "46082.5"),
        ("n", "0.25"),
    ]
    # A whole number of more digits than Excel keeps, and what it knows no number for.
    assert second == [("inlineStr", 'a"b\u5e97'), ("inlineStr", str(2**60)), ("b", "0")]
    assert third == [("n", "-1"), ("n", "3"), ("inlineStr", "0001-01-01"), ("inlineStr", "inf")]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            lambda: pa.table({"a": pa.nulls(1_048_576, pa.int64())}),
            "1,048,576 rows are more than the 1,048,575 that an Excel sheet holds below its headings. Publish them in "
            "parts (files: period, split: tenant, or where), or as csv or parquet (formats).",
        ),
        (lambda: pa.table({"a": ["x" * 32_768]}), "A text of 32,768 characters does not fit into a cell of Excel"),
    ],
)
def test_what_excel_cannot_hold_is_an_error_and_never_cut(
    tmp_path: Path, table: Callable[[], pa.Table], told: str
) -> None:
    result = publish(lambda _: table(), tmp_path, export=of_list(formats=["csv", "xlsx"]))
    assert told in result.faults[0]
    assert tree(tmp_path) == {}


def test_large_table_is_put_into_words_and_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"number": range(300_000)})
    sizes = []
    write = Storage.write

    def note(self: Storage, name: str, content: Any) -> None:
        parts = [content] if isinstance(content, bytes) else list(content)
        sizes.extend(len(part) for part in parts)
        write(self, name, parts)

    monkeypatch.setattr(Storage, "write", note)
    publish(lambda _: table, tmp_path, export=of_list())
    assert (tmp_path / "all/list/list.csv").read_text().split() == ["number", *map(str, range(300_000))]
    assert len(sizes) > 2
    assert max(sizes) <= 1 << 20


def test_daily_files_per_tenant_are_the_one_line_that_the_catalogue_shows(tmp_path: Path) -> None:
    from ingestion.settings import Settings

    committed = Settings().exports_catalogue.read_text(encoding="utf-8")
    [line] = [line[4:] for line in committed.splitlines() if line.startswith("#   conversations_daily: {")]
    path = tmp_path / "catalogue.yml"
    path.write_text(line)
    [daily] = load_exports(path).values()
    published(Mart(row(1, "1"), row(2, "1"), row(1, "1", "whatsapp:t2")), tmp_path, export=daily)
    assert {name for name in tree(tmp_path) if name.endswith(".csv")} == {
        "whatsapp/t1/conversations_daily/2026-03-01.csv",
        "whatsapp/t1/conversations_daily/2026-03-02.csv",
        "whatsapp/t2/conversations_daily/2026-03-01.csv",
    }
