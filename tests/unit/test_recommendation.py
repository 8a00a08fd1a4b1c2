from dataclasses import replace

import pytest

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.recommendation import cursors, declared_type, recommend, resolved
from ingestion.errors import TableError
from ingestion.rows.columns import ColumnType
from ingestion.sources.shape import COUNTED_ROWS, RowCount, SourceColumn, TableShape

LARGE = RowCount(COUNTED_ROWS, "more than")
INTEGER, TEXT, TIMESTAMP = (SourceColumn(t, False) for t in (ColumnType.INTEGER, ColumnType.TEXT, ColumnType.TIMESTAMP))
NULLABLE = SourceColumn(ColumnType.TIMESTAMP)


def table(rows: RowCount | None = LARGE, **columns: SourceColumn) -> TableShape:
    """A table with the key `id`."""
    return TableShape("orders", {"id": INTEGER, **columns}, primary_key=("id",), indexes=(("id",),), rows=rows)


def test_table_that_tells_changes_is_read_by_them_whatever_its_size() -> None:
    for rows in (RowCount(3), LARGE):
        told = recommend(replace(table(rows, updated_at=TIMESTAMP), tells_changes=True))
        assert (told.mode, told.key, told.cursor, told.problem) == ("changes", ("id",), None, None)


@pytest.mark.parametrize(
    ("columns", "cursor", "sweep_hours", "overlap_hours"),
    [
        ({"updated_at": TIMESTAMP}, "updated_at", 168, 24),
        ({"updatedAt": TIMESTAMP}, "updatedAt", 168, 24),
        ({"last_modified": NULLABLE}, "last_modified", 168, 24),
        ({"write_date": TIMESTAMP}, "write_date", 168, 24),
        ({"updated_at": INTEGER}, "updated_at", 168, 0),
        ({"created_at": TIMESTAMP}, "id", 24, 0),
        ({"last_visit": TIMESTAMP}, "id", 24, 0),
        ({"updated_by": TEXT}, "id", 24, 0),
    ],
)
def test_large_table_is_read_by_an_update_column_else_by_its_growing_id(
    columns: dict[str, SourceColumn], cursor: str, sweep_hours: float, overlap_hours: float
) -> None:
    told = recommend(table(**columns))
    assert (told.mode, told.cursor) == ("cursor", cursor)
    assert (told.sweep_hours, told.overlap_hours) == (sweep_hours, overlap_hours)


def test_indexed_update_column_is_preferred_and_a_missing_index_is_told() -> None:
    shape = table(modified_at=TIMESTAMP, updated_at=TIMESTAMP)
    assert any("add an index on modified_at" in reason for reason in recommend(shape).reasons)
    indexed = replace(shape, indexes=(("id",), ("updated_at", "id")))
    assert [c.name for c in cursors(indexed)] == ["updated_at", "modified_at", "id"]
    assert "An index begins with it." in recommend(indexed).reasons


def test_time_of_creation_is_the_cursor_where_the_key_does_not_grow() -> None:
    shape = TableShape("orders", {"id": TEXT, "created_at": TIMESTAMP}, primary_key=("id",), rows=LARGE)
    assert (recommend(shape).cursor, recommend(shape).sweep_hours) == ("created_at", 24)
    assert recommend(replace(shape, columns={"id": TEXT, "created_at": NULLABLE})).mode == "full"


@pytest.mark.parametrize("rows", [RowCount(0), RowCount(COUNTED_ROWS), RowCount(900, "about")])
def test_small_table_is_read_in_full(rows: RowCount) -> None:
    assert recommend(table(rows, updated_at=TIMESTAMP)).mode == "full"


def test_size_by_estimate_counts_as_large() -> None:
    assert recommend(table(RowCount(1_000_000, "about"), updated_at=TIMESTAMP)).mode == "cursor"


def test_view_is_read_in_full_once_a_person_named_its_key() -> None:
    view = TableShape("open_orders", {"id": INTEGER, "updated_at": TIMESTAMP}, "view")
    assert "`key`" in str(recommend(view).problem)
    told = recommend(view, ["id"])
    assert (told.mode, told.key, told.problem) == ("full", ("id",), None)


def test_shortest_unique_constraint_stands_in_for_a_primary_key() -> None:
    shape = replace(table(code=TEXT), primary_key=(), unique=(("id", "code"), ("code",)))
    assert recommend(shape).key == ("code",)


def test_table_without_any_key_can_not_be_loaded_and_is_told_what_to_do() -> None:
    told = recommend(replace(table(), primary_key=(), indexes=()))
    assert told.key == ()
    assert "can't be loaded without a key" in str(told.problem)
    assert "Give the table a primary key" in str(told.problem)


def test_what_may_not_be_selected_from_is_told() -> None:
    assert "Grant select" in str(recommend(replace(table(), is_readable=False)).problem)


def test_key_named_like_the_raw_logs_own_columns_is_told() -> None:
    shape = TableShape("orders", {"_id": TEXT}, primary_key=("_id",))
    assert "Read a view" in str(recommend(shape).problem)


def test_types_are_told_as_the_catalogue_declares_them() -> None:
    shape = replace(
        table(user_id=TEXT, day=SourceColumn(ColumnType.DATE, False), note=TEXT, at=TIMESTAMP, productId=INTEGER),
        primary_key=("id", "day"),
    )
    assert {name: declared_type(shape, name) for name in shape.columns} == {
        "id": "identifier", "user_id": "identifier", "day": "text", "note": "text", "at": "timestamp",
        "productId": "identifier",
    }  # fmt: skip
    assert declared_type(shape, "id", cursor="id") == "integer"


def entry(**values: object) -> TableEntry:
    return TableEntry.model_validate({"columns": {"total": "integer"}, **values})


def test_silent_entry_takes_key_mode_and_cursor_from_the_source() -> None:
    found = resolved(entry(), table(updated_at=TIMESTAMP))
    assert (found.mode, found.key, found.cursor, found.sweep_hours) == ("cursor", ["id"], "updated_at", 168)
    assert {name: c.type for name, c in found.columns.items()} == {
        "total": "integer", "id": "identifier", "updated_at": "timestamp",
    }  # fmt: skip


def test_growing_id_is_a_cursor_though_it_was_declared_an_identifier() -> None:
    found = resolved(entry(columns={"id": "identifier"}), table())
    assert (found.mode, found.cursor, found.columns["id"].type) == ("cursor", "id", "integer")


def test_what_a_silent_entry_tells_is_kept() -> None:
    told = entry(columns={"ID": "identifier", "at": "timestamp"}, key=["ID"], cursor="at", sweep_hours=0)
    found = resolved(told, table(at=TIMESTAMP, updated_at=TIMESTAMP))
    assert (found.mode, found.key, found.cursor, found.sweep_hours) == ("changes", ["ID"], "at", 0)


def test_key_of_the_source_takes_the_case_of_the_declared_column() -> None:
    assert resolved(entry(columns={"ID": "identifier"}), table()).key == ["ID"]


def test_silent_entry_of_a_table_without_a_key_is_an_error() -> None:
    with pytest.raises(TableError, match="can't be loaded without a key"):
        resolved(entry(), replace(table(), primary_key=()))


def test_silent_entry_whose_declared_type_can_not_be_a_key_is_an_error() -> None:
    with pytest.raises(TableError, match="id is double"):
        resolved(entry(columns={"id": "double"}), table())


def test_raw_table_of_a_silent_entry_has_a_key_without_a_source() -> None:
    assert entry().raw_table("shop", "orders").key == ("total",)
    assert entry(columns={"a": "text", "id": "identifier"}).raw_table("shop", "orders").key == ("id",)
