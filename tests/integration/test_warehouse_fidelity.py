"""Every value of every type is held as it is, and alike, by every warehouse; or its row is rejected with a reason."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from integration.test_warehouse_conformance import NOON
from sqlalchemy import make_url

from ingestion.log.archive import Archive, Origin
from ingestion.log.state import TableState
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import conform
from ingestion.rows.row_hash import RowHasher
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import TableLoad

DAY = 86_400_000_000
VALUES: dict[ColumnType, list[object]] = {
    ColumnType.TEXT: [
        "", " ", "plain", "😀 é \u202e \ufeff", "x" * 1_000_000, "\\N", "\\.", 'a,"b"\r\n\t;', "null", "a\0b", "\0",
    ],
    ColumnType.JSON: ['{"a": 1.000000000000000000000001, "a": 2}', '"\\u0000"', "not json", "", '{"a": "\0"}'],
    ColumnType.TIMEZONE: ["Europe/Berlin", "UTC"],
    ColumnType.INTEGER: [-(2**63), 2**63 - 1, 0, -1],
    ColumnType.DECIMAL: [
        Decimal("99999999999999999999999999999.999999999"), Decimal("-99999999999999999999999999999.999999999"),
        Decimal("0.000000001"), Decimal("-0.000000001"), Decimal("-0"), Decimal("1.500000000"), Decimal("10000"),
    ],
    ColumnType.DOUBLE: [
        0.0, -0.0, 0.1, float("inf"), float("-inf"), float("nan"), 5e-324, 2.2250738585072014e-308,
        1.7976931348623157e308, -1.7976931348623157e308,
    ],
    ColumnType.BOOLEAN: [True, False],
    # Days and microseconds since 1970: Python's own types end at the year 9999.
    ColumnType.DATE: [0, -719_162, 2_932_896, -2_440_588, 2_145_042_905, -2_440_589, 2_145_042_906],
    ColumnType.TIMESTAMP: [
        0, 1, -1, -62_135_596_800_000_000, 253_402_300_799_999_999, -2_440_588 * DAY, 2**63 - 2,
        -2_440_588 * DAY - 1, -(2**63),
    ],
    ColumnType.BYTES: [b"", b"\0", b"\xff\xfe\\x00", bytes(range(256)) * 4_000],
}  # fmt: skip

NO_NUL = "text with the character U+0000, which the warehouse can't hold"
NO_DATE = "a date outside the warehouse's range"
NO_TIMESTAMP = "a timestamp outside the warehouse's range"
BEYOND: dict[str, dict[ColumnType, tuple[int, str]]] = {
    "postgresql": {
        ColumnType.TEXT: (2, NO_NUL),
        ColumnType.JSON: (1, NO_NUL),
        ColumnType.DATE: (2, NO_DATE),
        ColumnType.TIMESTAMP: (2, NO_TIMESTAMP),
    },
    "bigquery": {ColumnType.DATE: (4, NO_DATE), ColumnType.TIMESTAMP: (4, NO_TIMESTAMP)},
}
"""How many values, the last ones of their list, a server can't hold."""


def table_of(type_: ColumnType) -> RawTable:
    return RawTable("shop", "matrix", ("id",), (Column("id", ColumnType.INTEGER, True), Column("v", type_)))


def wire(type_: ColumnType) -> pa.RecordBatch:
    values = [None, *VALUES[type_]]
    number = {ColumnType.DATE: pa.int32(), ColumnType.TIMESTAMP: pa.int64()}.get(type_)
    column = pa.array(values, number).view(type_.arrow) if number else pa.array(values, type_.arrow)
    return pa.RecordBatch.from_arrays([pa.array(range(len(values))), column], names=["id", "v"])


def bits(array: pa.ChunkedArray) -> pa.Array:
    """What tells 0.0 from -0.0, and takes NaN for itself."""
    whole = array.combine_chunks()
    return whole.view(pa.int64()) if pa.types.is_floating(whole.type) else whole


def load(url: str, folder: Path, type_: ColumnType) -> tuple[pa.Table, pa.Table, list[str]]:
    """Load the type's values; returns raw, the archive and the reasons of rejected rows."""
    table, warehouse = table_of(type_), open_warehouse(make_url(url), 60)
    archive, hasher = Archive(str(folder)), RowHasher(table.columns)
    with warehouse.session() as session:
        assert session.prepare([table]) == {}
        conformed = conform(table, wire(type_), limits=session.capabilities.limits)
        with session.load(table, NOON) as work:
            work.stage(iter([hasher(conformed.batch)]))
            assert work.append_changed() == conformed.batch.num_rows
            work.reject(conformed.rejections)
            archive_appended(archive, table, work)
            work.commit(TableState(table.name))
        # What came back compares equal to what went in: the same rows again append nothing.
        with session.load(table, NOON) as work:
            work.stage(iter([hasher(conformed.batch)]))
            assert work.append_changed() == 0
    hasher.close()
    raw = warehouse.query("select * from raw_shop.matrix order by id")
    archived = pq.read_table(folder / archive.name(table, 1), partitioning=None).sort_by("id")
    reasons = warehouse.query("select reason from raw_shop._rejected").column(0).to_pylist()
    return raw, archived, reasons


def archive_appended(archive: Archive, table: RawTable, work: TableLoad) -> None:
    appended = work.appended_rows()
    assert appended is not None
    batch_seq, reader = appended
    with archive.begin(table, batch_seq) as file, reader as rows:
        for batch in rows:
            file.write(batch)
        file.finish(rows.schema, Origin(0, table.key, TableState(table.name)))


@pytest.mark.parametrize("server", BEYOND)
@pytest.mark.parametrize("type_", list(ColumnType))
def test_values_come_back_identical_from_every_warehouse(
    type_: ColumnType, server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    raw, archived, reasons = load(f"duckdb:///{tmp_path / 'w.duckdb'}", tmp_path / "d", type_)
    expected = wire(type_).column("v")
    assert bits(raw.column("v")) == bits(pa.chunked_array([expected]))
    assert reasons == []

    beyond, reason = BEYOND[server].get(type_, (0, ""))
    held = raw.num_rows - beyond
    other_raw, other_archived, other_reasons = load(
        request.getfixturevalue(f"{server}_warehouse_url"), tmp_path / "s", type_
    )
    assert other_reasons == [reason] * beyond
    for one, other in ((raw, other_raw), (archived, other_archived), (raw, other_archived)):
        assert one.schema.equals(other.schema)
        for name in one.column_names:
            assert bits(one.column(name).slice(0, held)) == bits(other.column(name).slice(0, held)), name
        # What can't be held is set aside: its row is there without it.
        assert other.num_rows == raw.num_rows
        assert other.column("v").slice(held).null_count == beyond


def test_rejection_of_text_shows_the_character_and_keeps_the_row(postgresql_warehouse_url: str, tmp_path: Path) -> None:
    load(postgresql_warehouse_url, tmp_path, ColumnType.TEXT)
    rows = open_warehouse(make_url(postgresql_warehouse_url), 1).query(
        "select row_key, column_name, original_value, row_content from raw_shop._rejected order by row_key"
    )
    assert rows.to_pylist()[0] == {
        "row_key": '{"id": 10}',
        "column_name": "v",
        "original_value": "a\\u0000b",
        "row_content": '{"id": 10, "v": "a\\u0000b"}',
    }
    assert pc.count(rows.column(0)).as_py() == 2
