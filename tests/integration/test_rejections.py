"""What `_rejected` tells of a source's rows over time, in each warehouse."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from integration.test_extraction import counts, of
from sandbox import Sandbox, message

from ingestion.loading.progress import LogListener
from ingestion.loading.run import Ingestion
from ingestion.operations.rebuild import rebuild


@pytest.fixture(params=["duckdb", "postgresql"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A filled whatsapp source, and each of the warehouses in turn."""
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    return Sandbox(tmp_path, url).fill()


def records(sandbox: Sandbox) -> list[tuple[object, ...]]:
    columns = "row_key, column_name, original_value, effect, resolved_at is null as stands"
    return sandbox.query(f"select {columns} from raw_whatsapp._rejected order by _batch_seq, row_key, column_name")


def test_rejected_row_stands_until_it_is_corrected_and_may_come_back(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "yesterday"), message(2))
    assert counts(sandbox.run(), "messages")[3] == 1
    assert counts(sandbox.run(), "messages")[3] == 0
    assert records(sandbox) == [('{"id": 1}', "timestamp", "yesterday", "row", True)]
    sandbox.sql("update messages set timestamp = '2026-03-01' where id = 1")
    assert counts(sandbox.run(), "messages")[1:] == (1, 0, 0)
    assert records(sandbox) == [('{"id": 1}', "timestamp", "yesterday", "row", False)]
    sandbox.sql("update messages set timestamp = 'yesterday' where id = 1")
    sandbox.age_state("last_full_at", 25)
    assert counts(sandbox.run(), "messages")[3] == 1
    assert [stands for *_, stands in records(sandbox)] == [False, True]


def test_rejected_row_that_is_gone_is_resolved_and_models_get_to_know(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "yesterday"), message(2, "soon"), message(3))
    first = of(sandbox.run(), "messages").state.batch_seq
    sandbox.sql("delete from messages where id = 1")
    state = of(sandbox.run(), "messages").state
    assert (state.rows_appended, state.rows_deleted, state.batch_seq > first) == (0, 0, True)
    assert [(key, stands) for key, *_, stands in records(sandbox)] == [('{"id": 1}', False), ('{"id": 2}', True)]
    # Where nothing is new there is no batch.
    assert of(sandbox.run(), "messages").state.batch_seq == state.batch_seq


def test_key_that_raw_cannot_hold_is_not_taken_for_gone(sandbox: Sandbox) -> None:
    sandbox.sql("insert into tenants values (x'ff', 'Odd', null)")
    for hours in (0, 25):
        sandbox.age_state("last_full_at", hours)
        sandbox.run()
        assert [(column, stands) for _, column, *_, stands in records(sandbox)] == [("id", True)]
    sandbox.sql("insert into conversations select x'ff', 't1', null, null, null, '2026-03-01', null, null")
    for _ in range(2):
        sandbox.run()
        assert [stands for *_, stands in records(sandbox)] == [True, True]


def test_value_is_set_aside_without_its_row_and_stands_until_it_is_corrected(sandbox: Sandbox) -> None:
    sandbox.sql("update conversations set ended_at = 'soon', outlet_id = x'00'")
    result = sandbox.run()
    # A reference: its row is of no use without it.
    assert counts(result, "conversations") == (1, 0, 0, 1)
    sandbox.sql("update conversations set outlet_id = null")
    assert counts(sandbox.run(), "conversations") == (1, 1, 0, 1)
    assert sandbox.latest("conversations", "id, ended_at") == [("c1", None)]
    value = ('{"id": "c1"}', "ended_at", "soon", "value", True)
    assert records(sandbox)[1:] == [value]
    # Read again, alone and with another change: the value stands, and is no version of its row by itself.
    sandbox.age_state("last_full_at", 25)
    assert counts(sandbox.run(), "conversations") == (1, 0, 0, 0)
    sandbox.sql("update conversations set status = 'resolved', last_message_at = '2026-03-01 11:00:00+00:00'")
    assert counts(sandbox.run(), "conversations")[1:] == (1, 0, 0)
    assert records(sandbox)[1:] == [value]
    sandbox.sql("update conversations set ended_at = 'later'")
    assert counts(sandbox.run(), "conversations")[1:] == (0, 0, 1)
    assert records(sandbox)[1:] == [(*value[:4], False), ('{"id": "c1"}', "ended_at", "later", "value", True)]
    sandbox.sql("update conversations set ended_at = '2026-03-01T24:00:00.000000000'")
    assert counts(sandbox.run(), "conversations")[1:] == (1, 0, 0)
    assert [stands for *_, stands in records(sandbox)] == [False, False, False]
    assert str(sandbox.latest("conversations", "ended_at")[0][0]).startswith("2026-03-02 00:00:00")


def test_repeated_key_stands_until_all_rows_show_that_it_is_there_once(sandbox: Sandbox) -> None:
    sandbox.sql(
        "drop table messages",
        "create table messages (id integer, conversation_id text, sender_type text, sender_id text, content text,"
        " timestamp timestamp, metadata json)",
        message(1, content="one"),
        message(1, "2026-03-05 10:00:00+00:00", content="two"),
    )
    assert counts(sandbox.run(), "messages") == (2, 1, 0, 1)
    assert counts(sandbox.run(), "messages")[0] == 1
    assert [stands for *_, stands in records(sandbox)] == [True]
    sandbox.sql("delete from messages where content = 'one'")
    sandbox.age_state("last_full_at", 25)
    sandbox.run()
    assert [stands for *_, stands in records(sandbox)] == [False]


def test_column_of_which_most_is_set_aside_fails_its_table_if_it_is_declared(sandbox: Sandbox) -> None:
    sandbox.sql(
        "alter table messages add column score integer",
        *(message(i).replace(", null)", ", null, 'n/a')") for i in range(10_001)),
        *(message(i).replace(", null)", ", null, null)") for i in range(20_000, 40_000)),
    )
    # What nobody declared keeps nothing out, however much of it is wrong.
    assert counts(sandbox.run(), "messages") == (30_001, 30_001, 0, 10_001)
    assert {stands for *_, stands in records(sandbox)} == {True}
    sandbox.sql("update messages set metadata = x'ff' where id < 20000")
    sandbox.age_state("last_full_at", 25)
    [error] = sandbox.run().errors
    assert "10,001 of the first 10,001 values of column metadata would be set aside" in error


def test_what_the_warehouse_refuses_of_one_table_keeps_no_other_out(sandbox: Sandbox) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    sandbox.change_warehouse("alter table raw_whatsapp.tenants alter column name set not null")
    sandbox.sql("insert into tenants values ('t2', null, null)", message(2))
    result = sandbox.run()
    [error] = result.errors
    assert error.startswith("whatsapp.tenants: the warehouse says: ")
    assert counts(result, "messages")[1] == 1


def test_what_the_warehouse_refuses_of_one_source_keeps_no_other_out(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path).fill()
    with closing(sqlite3.connect(tmp_path / "erp.sqlite")) as other:
        other.execute("create table organizations (id integer primary key, name text, timezone text)")
    sandbox.more["erp_database_url"] = f"sqlite:///{tmp_path / 'erp.sqlite'}"
    assert sandbox.run().errors == []
    sandbox.change_warehouse("drop table raw_erp._rejected")
    sandbox.change_warehouse("create view raw_erp._rejected as select 1 as one")
    sandbox.sql(message(1))
    result = sandbox.run()
    [error] = result.errors
    assert error.startswith("erp: the warehouse says: ")
    assert counts(result, "messages")[1] == 1


def test_records_outlive_a_rebuild_from_the_archive(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "yesterday"), message(2, "soon"), "update conversations set ended_at = 'soon'")
    sandbox.run()
    sandbox.sql("delete from messages where id = 1")
    assert sandbox.run().errors == []
    before = records(sandbox)
    assert [(column, stands) for _, column, *_, stands in before] == [
        ("ended_at", True), ("timestamp", False), ("timestamp", True),
    ]  # fmt: skip
    ingestion = Ingestion(sandbox.settings())
    tables = {"whatsapp": ["conversations", "messages"]}
    rebuilt = rebuild(
        ingestion.archive, ingestion.catalogue, ingestion.warehouse, LogListener(), tables, replace_rows=True
    )
    assert [r.error for r in rebuilt] == [None, None]
    assert sandbox.run().errors == []
    assert sorted(map(str, records(sandbox))) == sorted(map(str, before))
