"""What every warehouse must do alike: one suite over all of them."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from postgresql import Server
from sqlalchemy import make_url

from ingestion.errors import IngestionError, SourceError, WarehouseError
from ingestion.log.deliveries import Delivery
from ingestion.log.state import TableState
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import REPEATED_KEY, Effect, Rejection
from ingestion.rows.row_hash import RowHasher
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import Session, TableLoad, Warehouse

LOCK_TIMEOUT_SECONDS = 3
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

ITEMS = RawTable(
    "shop",
    "items",
    ("id", "line"),
    (
        Column("id", ColumnType.INTEGER, True),
        Column("line", ColumnType.TEXT, True),
        Column("note", ColumnType.TEXT),
    ),
)
Row = tuple[object, ...]


def batch(table: RawTable, rows: Sequence[Row]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [()] * len(table.columns)
    arrays = [pa.array(list(v), c.type.arrow) for v, c in zip(columns, table.columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=table.arrow_schema)


def hashed(table: RawTable, wire: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    hasher = RowHasher(table.columns)
    yield hasher(wire)
    hasher.close()


def append(load: TableLoad, table: RawTable, rows: Sequence[Row]) -> int:
    load.stage(hashed(table, batch(table, rows)))
    return load.append_changed()


def write(session: Session, table: RawTable, rows: Sequence[Row]) -> int:
    """One committed load; returns the rows appended."""
    with session.load(table, NOON) as load:
        appended = append(load, table, rows)
        load.commit(TableState(table.name, rows_appended=appended))
    return appended


def keys(*rows: Row) -> Iterator[pa.RecordBatch]:
    table = RawTable(ITEMS.source, ITEMS.name, ITEMS.key, ITEMS.key_columns)
    yield batch(table, rows)


@pytest.fixture(params=["duckdb", "postgresql", "bigquery"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        return f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    return str(request.getfixturevalue(f"{request.param}_warehouse_url"))


@pytest.fixture
def warehouse(url: str) -> Warehouse:
    return open_warehouse(make_url(url), LOCK_TIMEOUT_SECONDS)


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Session]:
    with warehouse.session() as session:
        assert session.prepare([ITEMS]) == {}
        yield session


def rows_of(warehouse: Warehouse, sql: str) -> list[Row]:
    table = warehouse.query(sql)
    return list(zip(*(c.to_pylist() for c in table.columns), strict=True))


def log(warehouse: Warehouse) -> list[Row]:
    return rows_of(
        warehouse, "select id, line, note, _op, _batch_seq from raw_shop.items order by _batch_seq, id, line"
    )


def test_only_rows_that_differ_from_their_latest_version_are_appended(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        assert write(session, ITEMS, [(1, "a", "x"), (1, "b", None)]) == 2
        assert write(session, ITEMS, [(1, "a", "x"), (1, "b", None)]) == 0
        assert write(session, ITEMS, [(1, "a", "y"), (1, "b", "")]) == 2
        assert write(session, ITEMS, [(1, "a", "x")]) == 1
        assert write(session, ITEMS, []) == 0
    assert log(warehouse) == [
        (1, "a", "x", "upsert", 1),
        (1, "b", None, "upsert", 1),
        (1, "a", "y", "upsert", 2),
        (1, "b", "", "upsert", 2),
        (1, "a", "x", "upsert", 3),
    ]


def test_deleted_keys_get_a_version_and_may_come_back(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x"), (2, "a", "x")])
        with session.load(ITEMS, NOON) as load:
            difference = load.compare_keys(keys((2, "a"), (3, "c")), 10)
            assert (difference.live, difference.deleted, difference.missing) == (2, 1, [(3, "c")])
            assert load.append_deletes() == 1
            load.commit(TableState("items"))
        with session.load(ITEMS, NOON) as load:
            difference = load.compare_keys(keys((2, "a")), 10)
            assert (difference.live, difference.deleted, difference.missing) == (1, 0, [])
        assert write(session, ITEMS, [(1, "a", "x")]) == 1
    assert log(warehouse)[2:] == [(1, "a", None, "delete", 2), (1, "a", "x", "upsert", 3)]


def test_rows_of_a_full_read_stand_for_the_keys_of_the_source(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        for rows, expected in (
            ([(1, "a", "x"), (2, "a", "x")], (2, 0)),
            ([(2, "a", "x"), (3, "c", "z")], (3, 1)),
            ([], (2, 2)),
        ):
            with session.load(ITEMS, NOON) as load:
                append(load, ITEMS, rows)
                difference = load.compare_keys(None, 0)
                assert (difference.live, difference.deleted, difference.missing) == (*expected, [])
                if difference.deleted:
                    assert load.append_deletes() == difference.deleted
                load.commit(TableState("items"))
    assert [row[0::3] for row in log(warehouse)] == [
        (1, "upsert"), (2, "upsert"), (1, "delete"), (3, "upsert"), (2, "delete"), (3, "delete"),
    ]  # fmt: skip


@pytest.mark.parametrize("limit", [0, 2, 3])
def test_missing_keys_are_told_up_to_the_limit_and_one_more(session: Session, limit: int) -> None:
    with session.load(ITEMS, NOON) as load:
        difference = load.compare_keys(keys((1, "a"), (2, "b"), (3, "c"), (3, "c")), limit)
    assert len(difference.missing) == min(limit + 1, 3)
    assert set(difference.missing) <= {(1, "a"), (2, "b"), (3, "c")}


def test_of_rows_that_share_a_key_one_is_kept_whatever_their_order(warehouse: Warehouse) -> None:
    rows: list[Row] = [(1, "a", "x"), (1, "a", "y"), (1, "a", "z"), (2, "b", "same"), (2, "b", "same")]
    with warehouse.session() as session:
        session.prepare([ITEMS])
        told = []
        for order in (rows, rows[::-1]):
            with session.load(ITEMS, NOON) as load:
                assert append(load, ITEMS, order) == 2
                told.append(sorted(load.duplicates(), key=lambda r: r.content))
                appended_rows = load.appended_rows()
                assert appended_rows
                with appended_rows[1] as reader:
                    kept = {row["note"] for row in reader.read_all().to_pylist()}
        assert told[0] == told[1]
        contents = [f'{{"id": 1, "line": "a", "note": "{note}"}}' for note in sorted({"x", "y", "z"} - kept)]
        reason = "another row of the same read has the same key"
        assert told[0] == [Rejection('{"id": 1, "line": "a"}', "id", reason, None, content) for content in contents]


def test_keys_are_found_by_the_values_of_their_latest_version(session: Session) -> None:
    write(session, ITEMS, [(1, "a", "open"), (2, "a", "open"), (3, "a", "it's"), (4, "a", None), (5, "a", "open")])
    write(session, ITEMS, [(1, "a", "closed"), (4, "a", "open")])
    with session.load(ITEMS, NOON) as load:
        load.compare_keys(keys((1, "a"), (2, "a"), (3, "a"), (4, "a")), 0)
        load.append_deletes()
        load.commit(TableState("items"))
    with session.load(ITEMS, NOON) as load:
        assert sorted(load.keys_where({"note": ["open"]})) == [(2, "a"), (4, "a")]  # type: ignore[type-var]
        assert sorted(load.keys_where({"note": ["it's"], "line": ["b"]})) == [(3, "a")]  # type: ignore[type-var]


def test_restored_versions_are_as_they_were_and_numbers_go_on_after_them(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        assert not session.holds_rows(ITEMS)
        write(session, ITEMS, [(1, "a", "x"), (2, "b", None)])
        write(session, ITEMS, [(1, "a", "y")])
        assert session.holds_rows(ITEMS)
    whole = "select id, line, note, _batch_seq, _loaded_at, _op, _row_hash from raw_shop.items order by _batch_seq, id"
    before = rows_of(warehouse, whole)
    versions = batch(ITEMS.versions, before)
    with warehouse.session() as session:
        with pytest.raises(RuntimeError), session.load(ITEMS, NOON) as load:
            load.restore(iter([versions.slice(0, 1)]), 7)
            raise RuntimeError
        with session.load(ITEMS, NOON) as load:
            assert load.restore(iter([versions.slice(0, 1), versions.slice(1)]), 7) == 3
            assert load.commit(TableState("items", batch_seq=7)).batch_seq == 7
        assert write(session, ITEMS, [(1, "a", "y"), (2, "b", "new")]) == 1
    assert rows_of(warehouse, whole)[:3] == before
    assert log(warehouse)[3:] == [(2, "b", "new", "upsert", 8)]


def test_values_of_versions_are_put_anew_and_no_version_comes_back(warehouse: Warehouse) -> None:
    whole = "select id, line, note, _batch_seq, _loaded_at, _op, _row_hash from raw_shop.items order by _batch_seq, id"
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x"), (2, "b", "y")])
        write(session, ITEMS, [(1, "a", "z")])
    before = rows_of(warehouse, whole)
    told = [
        (1, "a", None, 1, NOON, "upsert", 7),
        (2, "b", "n", 1, NOON, "upsert", 8),
        (9, "b", "n", 1, NOON, "upsert", 9),
    ]
    with warehouse.session() as session:
        state = session.states("shop")["items"]
        with session.load(ITEMS, NOON + timedelta(hours=1)) as load:
            assert load.renew(iter([batch(ITEMS.versions, told[:1]), batch(ITEMS.versions, told[1:])])) == 2
            assert load.commit(state) == state
        assert session.states("shop")["items"] == state
    assert rows_of(warehouse, whole) == [*told[:2], before[2]]


def test_records_are_left_their_key_or_removed_when_they_stand_no_more(warehouse: Warehouse) -> None:
    held = "select row_key, original_value, row_content, resolved_at from raw_shop._rejected order by row_key"
    found = [
        Rejection(f'{{"id": {n}}}', "note", "expected text", "it's", f'{{"id": {n}, "note": "it\'s"}}', effect)
        for n, effect in ((1, Effect.VALUE), (2, Effect.ROW), (3, Effect.ROW))
    ]
    with warehouse.session() as session:
        session.prepare([ITEMS])
        reject(session, found, [])
        assert sorted(session.rejected(ITEMS), key=lambda rejection: rejection.key) == found
        with session.load(ITEMS, NOON) as load:
            load.blank_rejected({found[0].key}, {"note"})
            load.blank_rejected({found[1].key}, ())
            load.commit(TableState("items", batch_seq=1))
        assert session.rejected(ITEMS) == found[2:]
        with session.load(ITEMS, NOON) as load:
            load.reject([], [found[2].key])
            load.commit(TableState("items", batch_seq=1))
        assert session.remove_rejected("shop", NOON) == 0
    values = [(row[0], row[1], row[2], row[3] is None) for row in rows_of(warehouse, held)]
    assert values == [
        (found[0].key, None, found[0].key, True),
        (found[1].key, "it's", found[1].key, True),
        (found[2].key, "it's", found[2].content, False),
    ]
    with warehouse.session() as session:
        assert session.remove_rejected("shop", NOON + timedelta(seconds=1)) == 1
    assert [row[0] for row in rows_of(warehouse, held)] == [found[0].key, found[1].key]


def test_versions_go_only_before_one_that_is_old_enough_in_time_and_number(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        for note in "xyz":
            write(session, ITEMS, [(1, "a", note), (2, note, "other")])
        assert session.compact(ITEMS, 3, NOON) == 0
        assert session.compact(ITEMS, 1, NOON + timedelta(seconds=1)) == 0
        assert session.compact(ITEMS, 2, NOON + timedelta(seconds=1)) == 1
        assert session.compact(ITEMS, 2, NOON + timedelta(seconds=1)) == 0
    assert [row[4] for row in log(warehouse) if row[0] == 1] == [2, 3]
    assert [row[4] for row in log(warehouse) if row[0] == 2] == [1, 2, 3]


def test_rejections_are_recorded_once(warehouse: Warehouse) -> None:
    first = Rejection('{"id": 1}', "note", "expected text", "v", '{"id": 1, "note": null}')
    second = Rejection('{"id": 1}', "note", "a value is required", None, '{"id": 1, "note": null}')
    with warehouse.session() as session:
        session.prepare([ITEMS])
        for expected in (2, 0):
            with session.load(ITEMS, NOON) as load:
                assert load.reject([first, second, first]) == expected
                state = load.commit(TableState("items"))
                assert state.batch_seq == (1 if expected else 0)
    assert rows_of(warehouse, "select table_name, reason, original_value from raw_shop._rejected order by reason") == [
        ("items", "a value is required", None),
        ("items", "expected text", "v"),
    ]


def reject(session: Session, found: Sequence[Rejection], settled: Sequence[str], *, is_complete: bool = True) -> int:
    """One committed load that rejects; returns its batch number, 0 where it had none."""
    with session.load(ITEMS, NOON) as load:
        load.reject(found, settled, is_complete=is_complete)
        return load.commit(TableState("items")).batch_seq


def standing(session: Session) -> list[str]:
    return sorted(session.standing("shop").get("items", []))


def test_rejections_stand_until_their_key_is_settled_without_them(warehouse: Warehouse) -> None:
    row = Rejection('{"id": 1}', "note", "expected text", "v", '{"id": 1}')
    value = Rejection('{"id": 2}', "note", "expected text", None, '{"id": 2, "x": 1}', Effect.VALUE)
    repeated = Rejection('{"id": 3}', "id", REPEATED_KEY, None, '{"id": 3}')
    with warehouse.session() as session:
        session.prepare([ITEMS])
        assert standing(session) == []
        assert reject(session, [row, value, repeated], []) == 1
        assert standing(session) == ['{"id": 1}', '{"id": 2}', '{"id": 3}']
        # Read again and found again, though the row of one is another otherwise; a key that was not read stands.
        again = replace(value, content='{"id": 2, "x": 2}')
        assert reject(session, [row, again], ['{"id": 1}', '{"id": 2}']) == 0
        # Of what was read in part nobody knows whether a key is there twice.
        assert reject(session, [], ['{"id": 1}', '{"id": 3}'], is_complete=False) == 2
        assert standing(session) == ['{"id": 2}', '{"id": 3}']
        assert reject(session, [], ['{"id": 3}', '{"id": 9}']) == 3
        # One that comes back is another; so is one for another reason, in place of the former.
        assert reject(session, [row, replace(value, value="w")], ['{"id": 1}', '{"id": 2}']) == 4
        assert standing(session) == ['{"id": 1}', '{"id": 2}']
    columns = "row_key, original_value, effect, _batch_seq, resolved_at is null as stands"
    assert rows_of(warehouse, f"select {columns} from raw_shop._rejected order by row_key, _batch_seq") == [
        ('{"id": 1}', "v", "row", 1, False),
        ('{"id": 1}', "v", "row", 4, True),
        ('{"id": 2}', None, "value", 1, False),
        ('{"id": 2}', "w", "value", 4, True),
        ('{"id": 3}', None, "row", 1, False),
    ]


def test_warehouse_of_an_earlier_version_gets_the_columns_of_rejections(warehouse: Warehouse) -> None:
    columns = ("effect", "resolved_at")
    with warehouse.session() as session:
        session.prepare([ITEMS])
        with session.load(ITEMS, NOON) as load:
            load.reject([Rejection('{"id": 1}', "note", "expected text", "v", "{}")])
            load.commit(TableState("items"))
        for column in columns:
            session._execute(f'alter table "raw_shop"."_rejected" drop column "{column}"')  # type: ignore[attr-defined]
        with session._transaction():  # type: ignore[attr-defined]
            pass
    with warehouse.session() as session:
        session.prepare([ITEMS])
        with session.load(ITEMS, NOON) as load:
            load.reject([Rejection('{"id": 2}', "note", "expected text", "v", "{}", Effect.VALUE)])
            load.commit(TableState("items"))
    assert rows_of(warehouse, "select row_key, effect, resolved_at from raw_shop._rejected order by row_key") == [
        ('{"id": 1}', None, None),
        ('{"id": 2}', "value", None),
    ]


def test_new_columns_are_added_and_dropped_ones_stay(warehouse: Warehouse) -> None:
    wider = RawTable("shop", "items", ITEMS.key, (*ITEMS.columns, Column("price", ColumnType.DECIMAL)))
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
        session.remember("shop", TableState("items", "5", last_full_at=NOON))
        assert session.prepare([wider]) == {}
        # Old rows must be read again to show it.
        assert session.states("shop") == {"items": TableState("items", "5", batch_seq=1)}
        # A column that is null changes no hash: the row is not appended again.
        assert write(session, wider, [(1, "a", "x", None)]) == 0
        assert write(session, wider, [(1, "a", "x", Decimal("1.500000001"))]) == 1
        assert session.prepare([ITEMS]) == {}
        assert write(session, ITEMS, [(2, "a", "x")]) == 1
    assert rows_of(warehouse, "select id, price from raw_shop.items order by _batch_seq") == [
        (1, None), (1, Decimal("1.500000001")), (2, None),
    ]  # fmt: skip


def test_incompatible_type_is_refused_and_an_empty_table_takes_it(warehouse: Warehouse) -> None:
    other = RawTable("shop", "items", ("id",), (Column("id", ColumnType.TEXT, True),))
    with warehouse.session() as session:
        session.prepare([ITEMS])
        assert session.prepare([other]) == {}
        assert write(session, other, [("a",)]) == 1
        [(label, told)] = session.prepare([ITEMS]).items()
        assert label == "shop.items"
        assert told.startswith("column id is integer in the source and ")
        assert "\n" not in told


def test_state_is_replaced_and_remembered_whole(warehouse: Warehouse) -> None:
    state = TableState("items", "it's 5", 3, NOON, None, NOON, None, 1, 2, 3, 4)
    with warehouse.session() as session:
        assert session.states("shop") == {}
        session.prepare([ITEMS])
        session.remember("shop", TableState("items"))
        session.remember("shop", state)
        assert session.states("shop") == {"items": state}


def test_load_that_ends_in_an_error_leaves_nothing(warehouse: Warehouse) -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield from hashed(ITEMS, batch(ITEMS, [(9, "z", "new")]))
        raise SourceError("the source broke")

    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
        with pytest.raises(RuntimeError, match="archive"), session.load(ITEMS, NOON) as load:
            append(load, ITEMS, [(2, "b", "y")])
            load.reject([Rejection("{}", "id", "r", None, "{}")])
            raise RuntimeError("archive")
        # Where a driver pulls the rows, their reader's error comes wrapped in the driver's.
        with pytest.raises(IngestionError), session.load(ITEMS, NOON) as load:
            load.stage(failing())
        # The session goes on as if nothing had been.
        assert write(session, ITEMS, [(3, "c", "z")]) == 1
    assert log(warehouse) == [(1, "a", "x", "upsert", 1), (3, "c", "z", "upsert", 2)]
    assert rows_of(warehouse, "select count(*) as n from raw_shop._rejected") == [(0,)]


def test_archive_that_stops_half_way_leaves_the_session_usable(session: Session) -> None:
    with session.load(ITEMS, NOON) as load:
        append(load, ITEMS, [(i, "a", "x" * 100) for i in range(200_000)])
        appended = load.appended_rows()
        assert appended
        with appended[1] as rows:
            rows.read_next_batch()
    assert write(session, ITEMS, [(1, "a", "x")]) == 1


KILLED = """
import sys
from sqlalchemy import make_url
sys.path[:0] = [sys.argv[2], sys.argv[3]]
from integration.test_warehouse_conformance import ITEMS, NOON, append
from ingestion.warehouses import open_warehouse
with open_warehouse(make_url(sys.argv[1]), 60).session() as session, session.load(ITEMS, NOON) as load:
    append(load, ITEMS, [(2, "b", "y")])
    print("appended", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_killed_process_leaves_nothing_and_no_lock(warehouse: Warehouse, url: str, pytestconfig: pytest.Config) -> None:
    later = warehouse
    if url.startswith("bigquery:"):
        # There nobody sees that a process died but by its lease, which is longer by default.
        url, later = f"{url}?lease_seconds=8", open_warehouse(make_url(url), 60)
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
    root = pytestconfig.rootpath
    arguments = [sys.executable, "-c", KILLED, url, str(root), str(root / "tests")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "appended\n"
        told = r"was held by another run for 3 s\. Wait for it to end, or raise LOCK_TIMEOUT_SECONDS\."
        with pytest.raises(WarehouseError, match=told), warehouse.exclusive():
            pass
        process.kill()
    with later.session() as session:
        assert write(session, ITEMS, [(3, "c", "z")]) == 1
    assert log(warehouse) == [(1, "a", "x", "upsert", 1), (3, "c", "z", "upsert", 2)]


def test_lock_is_held_until_its_last_holder_of_a_process_ends(warehouse: Warehouse) -> None:
    with warehouse.exclusive():
        with warehouse.exclusive(), warehouse.session() as session:
            session.prepare([ITEMS])
        with warehouse.session() as session:
            write(session, ITEMS, [(1, "a", "x")])
            session.remember("shop", TableState("items", "5"))
        assert len(log(warehouse)) == 1


def test_what_is_at_hand_is_written_and_read_by_whoever_opens_it(warehouse: Warehouse, url: str) -> None:
    other = open_warehouse(make_url(url), LOCK_TIMEOUT_SECONDS)
    # Where there is none yet, it is made in the block.
    with warehouse.at_hand(), warehouse.session() as session:
        session.prepare([ITEMS])
    for at in (1, 2):
        with warehouse.at_hand(), warehouse.at_hand():
            with other.session() as session:
                write(session, ITEMS, [(at, "a", "x")])
                session.remember("shop", TableState("items", f"{at}"))
            with other.reader() as read:
                # What is a script, BigQuery says and its emulator does not.
                scripts = [] if url.startswith("bigquery") else ["commit; delete from raw_shop.items"]
                for sql in ("delete from raw_shop.items", "select * from nothing", *scripts):
                    with pytest.raises(WarehouseError):
                        read(sql)
                assert read("select count(*) as n from raw_shop.items").to_pylist() == [{"n": at}]
            with pytest.raises(ZeroDivisionError), warehouse.session():
                1 / 0  # noqa: B018
            assert other.loaded_sources(["shop", "other"]) == {"shop"}
        assert len(log(other)) == at


def test_query_can_only_read_and_tells_its_faults_in_one_line(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
    for sql in ("select * from raw_shop.nothing", "delete from raw_shop.items", "selec 1"):
        with pytest.raises(WarehouseError, match=r"^The warehouse \S+ says: [^\n]+$"):
            warehouse.query(sql)
    assert len(log(warehouse)) == 1


def test_reader_answers_after_a_query_that_failed_and_changes_nothing(warehouse: Warehouse) -> None:
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
    with warehouse.reader() as read:
        for sql in ("select * from raw_shop.nothing", "delete from raw_shop.items"):
            with pytest.raises(WarehouseError, match=r"^The warehouse \S+ says: [^\n]+$"):
                read(sql)
            assert read("select count(*) as n from raw_shop.items").to_pylist() == [{"n": 1}]


def test_numbers_of_a_query_are_decimals(warehouse: Warehouse) -> None:
    with warehouse.session():
        pass
    table = warehouse.query("select cast(1.5 as numeric(38, 9)) as price, cast(null as numeric(38, 9)) as nothing")
    assert table.schema.types == [pa.decimal128(38, 9)] * 2


def test_deliveries_are_kept_by_their_ids(warehouse: Warehouse) -> None:
    first = Delivery("a1", "report", "it's \\ one", "MANAGEMENT", "all", "2026-10", 1, "0f", "sending", NOON)
    set_up = Delivery("b2", "export", "costs", "OWNERS", "", None, 0, None, "set up", NOON)
    later = replace(first, state="failed", changed_at=NOON + timedelta(microseconds=1), reason='it said "no"\nand left')
    with warehouse.session() as session:
        assert session.deliveries() == {}
        session.note_deliveries([first, set_up])
        assert session.deliveries() == {"a1": first, "b2": set_up}
    with warehouse.session() as session:
        session.note_deliveries([later])
        assert session.deliveries() == {"a1": later, "b2": set_up}
    assert warehouse.tables(["operations"]) == {("operations", "deliveries")}
    assert rows_of(warehouse, "select count(*) as n from operations.deliveries") == [(2,)]


MADE = (
    "create schema made",
    "create table made.people (id integer primary key check (id > 0), name varchar not null, more varchar default 'x')",
    "insert into made.people values (1, 'zq-' || 'gone', null), (2, 'zq-' || 'here', null), (3, 'b', 'c')",
    "create index people_name on made.people (name)",
    "create view made.first_people as select * from made.people where id < 3",
    "create view made.names as select name from made.first_people",
    "comment on column made.people.name is 'what a person is called'",
)


def test_vacuum_leaves_everything_but_what_is_gone_on_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    warehouse = open_warehouse(make_url(f"duckdb:///{path}"), LOCK_TIMEOUT_SECONDS)
    of_duckdb = (
        "create macro made.doubled(n) as n * 2",
        "create macro made.person(n) as table select name from made.people where id = n",
        # As dbt writes it.
        "create view made.qualified as select * from warehouse.made.people",
    )
    with duckdb.connect(path) as connection:
        connection.execute("; ".join((*MADE, *of_duckdb)))
    with duckdb.connect(path) as connection:
        connection.execute("delete from made.people where id = 1")
    with warehouse.session() as session:
        session.prepare([ITEMS])
        write(session, ITEMS, [(1, "a", "x")])
    path.chmod(0o600)
    assert b"zq-gone" in path.read_bytes()
    left = tmp_path / "warehouse.duckdb.0123456789abcdef.partial"
    left.write_bytes(b"zq-gone")
    warehouse.vacuum(["made"])
    assert {one.name for one in tmp_path.iterdir()} <= {path.name, f"{path.name}.lock", f"{path.name}.sources"}
    assert b"zq-gone" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with duckdb.connect(path) as connection:
        assert connection.sql("from made.names union all from made.person(3) order by all").fetchall() == [
            ("b",),
            ("zq-here",),
        ]
        assert connection.sql("select count(*), made.doubled(2) from made.qualified").fetchall() == [(2, 4)]
        assert connection.sql("select index_name from duckdb_indexes()").fetchall() == [("people_name",)]
        assert connection.sql("select comment from duckdb_columns() where comment is not null").fetchall() == [
            ("what a person is called",)
        ]
        connection.execute("insert into made.people (id, name) values (4, 'd')")
        assert connection.sql("select more from made.people where id = 4").fetchall() == [("x",)]
        for wrong in ("4, 'd'", "-1, 'd'", "5, null"):
            with pytest.raises(duckdb.ConstraintException):
                connection.execute(f"insert into made.people (id, name) values ({wrong})")
    with warehouse.session() as session:
        assert write(session, ITEMS, [(1, "a", "x"), (1, "b", "x")]) == 1


def test_vacuum_leaves_everything_but_what_is_gone_on_postgresql(
    postgresql_server: Server, postgresql_warehouse_url: str
) -> None:
    url = postgresql_warehouse_url
    # What nobody vacuums by chance.
    postgresql_server.sql(*MADE, "alter table made.people set (autovacuum_enabled = false)", url=url)
    postgresql_server.sql("delete from made.people where id = 1", "checkpoint", url=url)

    def stored() -> bytes:
        """What lies on the disk of the table and its index."""
        files = "select pg_relation_filepath('made.people'), pg_relation_filepath('made.people_name')"
        [paths] = postgresql_server.sql("checkpoint", files, url=url)
        return b"".join((postgresql_server.folder / path).read_bytes() for path in paths)

    assert b"zq-gone" in stored()
    warehouse = open_warehouse(make_url(url), LOCK_TIMEOUT_SECONDS)
    warehouse.vacuum(["made", "there_is_none"])
    assert b"zq-gone" not in stored()
    assert b"zq-here" in stored()
    assert warehouse.query("select name from made.names").to_pylist() == [{"name": "zq-here"}]
    assert postgresql_server.sql("select col_description('made.people'::regclass, 2)", url=url) == [
        ("what a person is called",)
    ]
    with pytest.raises(Exception, match="people_pkey"):
        postgresql_server.sql("insert into made.people values (2, 'd')", url=url)
