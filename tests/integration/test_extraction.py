"""One SQLite source into each warehouse: what is read, appended, deleted, rejected and refused."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from renamed import THEIRS, RenamedSandbox
from sandbox import Sandbox, message, pseudonym

from ingestion.errors import SourceError, WarehouseError
from ingestion.loading.pace import Pace
from ingestion.loading.progress import LogListener
from ingestion.loading.results import LoadResult
from ingestion.loading.run import Ingestion, RunResult
from ingestion.log.archive import BatchFile
from ingestion.sources import adbc_sqlite


@pytest.fixture(params=["duckdb", "postgresql", pytest.param("duckdb by other names", marks=pytest.mark.slow)])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A filled whatsapp source, and each of the warehouses in turn; once, the source calls everything otherwise."""
    if request.param == "duckdb by other names":
        return RenamedSandbox(tmp_path).fill()
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    return Sandbox(tmp_path, url).fill()


def of(result: RunResult, table: str) -> LoadResult:
    return next(t for t in result.tables if t.table == table)


def counts(result: RunResult, table: str) -> tuple[int, int, int, int]:
    s = of(result, table).state
    return s.rows_read, s.rows_appended, s.rows_deleted, s.rows_rejected


def test_first_run_appends_every_row_and_second_run_nothing(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2))
    first = sandbox.run()
    assert first.errors == []
    assert counts(first, "messages") == (2, 2, 0, 0)
    assert of(first, "outlets").scope == "absent"
    second = sandbox.run()
    assert [t.state.rows_appended for t in second.tables] == [0, 0, 0, 0]
    assert len(sandbox.query("select * from raw_whatsapp.messages")) == 2


def test_rows_of_all_tables_are_read_at_the_rate_that_is_set(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2))
    pauses: list[float] = []
    # A clock that stands still: what is slept would have to pass.
    result = Ingestion(sandbox.settings(), pace=Pace(0.5, lambda: 0.0, pauses.append)).run(LogListener())
    assert max(pauses) >= 2 * sum(t.state.rows_read for t in result.tables) == 8
    assert len(sandbox.latest("messages")) == 2


def test_later_run_reads_from_the_watermark_only(sandbox: Sandbox) -> None:
    sandbox.sql(*(message(i, f"2026-01-{i:02} 10:00:00+00:00") for i in range(1, 29)))
    sandbox.run()
    sandbox.sql(message(100, "2026-02-01 10:00:00+00:00"))
    read, appended, _, _ = counts(sandbox.run(), "messages")
    assert appended == 1
    assert read < 6


def test_rows_that_tie_with_the_watermark_are_not_lost(sandbox: Sandbox) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    sandbox.sql(message(2), message(3))
    assert counts(sandbox.run(), "messages")[1] == 2


def test_rows_with_a_null_cursor_are_read_in_every_run(sandbox: Sandbox) -> None:
    sandbox.run()
    sandbox.sql("insert into conversations values ('c2', 't1', null, null, 'resolved', '2026-03-01', null, null)")
    sandbox.run()
    sandbox.sql("update conversations set customer_phone = '+15550002' where id = 'c2'")
    sandbox.run()
    told = [(pseudonym("+15550001"),), (pseudonym("+15550002"),)]
    assert sandbox.latest("conversations", "customer_phone") == told


def test_row_that_arrives_late_is_found_by_its_key(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "2026-03-01 10:00:00+00:00"))
    sandbox.run()
    sandbox.sql(message(2, "2020-01-01 00:00:00+00:00"))
    assert counts(sandbox.run(), "messages")[1] == 1


def test_watermark_never_lies_in_the_future(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "2999-01-01 00:00:00+00:00"))
    sandbox.run()
    [(watermark,)] = sandbox.query("select watermark from raw_whatsapp._state where table_name = 'messages'")
    assert datetime.fromisoformat(str(watermark).removeprefix("timestamp ")) <= datetime.now(UTC)


def test_open_rows_are_read_again_though_their_cursor_stands_still(sandbox: Sandbox) -> None:
    sandbox.sql(
        "insert into conversations values"
        " ('c2', 't1', null, null, 'active', '2020-01-01', null, '2020-01-01 00:00:00+00:00')"
    )
    sandbox.run()
    sandbox.sql("update conversations set status = 'resolved' where id = 'c2'")
    sandbox.run()
    assert ("resolved",) in sandbox.latest("conversations", "status")


def test_silent_edit_is_found_by_the_sweep(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "2020-01-01 00:00:00+00:00"), message(2, "2026-03-01 10:00:00+00:00"))
    sandbox.run()
    sandbox.sql("update messages set content = 'edited' where id = 1")
    assert counts(sandbox.run(), "messages")[1] == 0
    sandbox.age_state("last_full_at", 24)
    assert counts(sandbox.run(), "messages")[1] == 1
    assert sandbox.latest("messages", "content") == [("edited",), ("hello",)]


def test_deleted_row_gets_a_delete_version_and_may_come_back(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2))
    sandbox.run()
    sandbox.sql("delete from messages where id = 1")
    assert counts(sandbox.run(), "messages")[2] == 1
    assert sandbox.latest("messages", "id") == [(2,)]
    assert counts(sandbox.run(), "messages")[2] == 0
    sandbox.sql(message(1))
    sandbox.run()
    assert sandbox.latest("messages", "id") == [(1,), (2,)]
    assert sandbox.query("select _op from raw_whatsapp.messages where id = 1 order by _batch_seq") == [
        ("upsert",), ("delete",), ("upsert",),
    ]  # fmt: skip


def test_emptied_table_is_refused_and_new_rows_are_kept(sandbox: Sandbox) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    sandbox.sql("delete from messages")
    result = sandbox.run()
    assert of(result, "messages").error is not None
    assert "1 of 1 rows are gone from the source; deletes were refused" in result.errors[0]
    assert sandbox.latest("messages", "id") == [(1,)]


def test_more_deletes_than_the_share_are_refused_until_it_is_raised(sandbox: Sandbox) -> None:
    sandbox.sql(*(message(i) for i in range(300)))
    sandbox.run()
    sandbox.sql("delete from messages where id >= 150")
    assert "150 of 300 rows are gone" in sandbox.run().errors[0]
    assert len(sandbox.latest("messages")) == 300
    sandbox.catalogue("  messages:\n", "  messages:\n    max_delete_share: 1\n")
    assert sandbox.run().errors == []
    assert len(sandbox.latest("messages")) == 150


def test_every_table_of_a_run_is_read_from_one_moment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that another program commits while a run reads belongs to the next run, in every table."""
    sandbox.sql("pragma journal_mode = wal", message(1))
    read = adbc_sqlite.SqliteSnapshot.read

    def read_and_disturb(self: adbc_sqlite.SqliteSnapshot, table: object, *rest: object) -> object:
        yield from read(self, table, *rest)  # type: ignore[arg-type]
        if table.name in ("conversations", THEIRS["conversations"]):  # type: ignore[attr-defined]
            sandbox.sql("insert or ignore into messages values (2, 'c1', 'agent', null, 'x', '2026-03-02', null)")

    monkeypatch.setattr(adbc_sqlite.SqliteSnapshot, "read", read_and_disturb)
    assert counts(sandbox.run(), "messages")[:2] == (1, 1)
    assert counts(sandbox.run(), "messages")[1] == 1


def test_wrong_values_are_rejected_once_and_nothing_else_is_lost(sandbox: Sandbox) -> None:
    sandbox.sql(
        message(1, "yesterday"), message(2), "insert into messages values (3, null, 'x', null, 'y', '2026', 'z')"
    )
    first = sandbox.run()
    assert counts(first, "messages") == (3, 1, 0, 2)
    told = ", 2 rejected (timestamp: expected a timestamp; conversation_id: a value is required)"
    assert told in of(first, "messages").outcome
    assert counts(sandbox.run(), "messages")[3] == 0
    assert sandbox.query(
        "select row_key, column_name, reason, original_value from raw_whatsapp._rejected order by row_key"
    ) == [
        ('{"id": 1}', "timestamp", "expected a timestamp", "yesterday"),
        ('{"id": 3}', "conversation_id", "a value is required", None),
    ]
    sandbox.sql("update messages set timestamp = '2026-03-01' where id = 1")
    assert counts(sandbox.run(), "messages")[1] == 1
    assert sandbox.latest("messages", "id") == [(1,), (2,)]


def test_sqlite_values_of_another_type_than_their_column_are_set_aside(sandbox: Sandbox) -> None:
    sandbox.sql(
        "alter table messages add column score integer",
        *(message(i).replace(", null)", f", null, {i})") for i in range(70_000)),
        "insert into messages values (70000, 'c1', 'x', null, 'late', '2026-03-01', null, 'n/a')",
        "insert into messages values (70001, 'c1', 'x', null, x'fffe', '2026-03-01', null, 5)",
    )
    result = sandbox.run()
    assert result.errors == []
    assert counts(result, "messages") == (70_002, 70_002, 0, 2)
    columns = "column_name, original_value, effect"
    assert sandbox.query(f"select {columns} from raw_whatsapp._rejected order by row_key") == [
        ("score", "n/a", "value"),
        ("content", "X'FFFE'", "value"),
    ]


def test_rows_that_share_a_key_are_told_and_one_is_kept(sandbox: Sandbox) -> None:
    sandbox.sql(
        "drop table tenants",
        "create table tenants (id text, name text, timezone text)",
        "insert into tenants values ('t1', 'One', null), ('t1', 'Two', null)",
        "insert into tenants values ('t2', 'Same', null), ('t2', 'Same', null)",
    )
    assert counts(sandbox.run(), "tenants") == (4, 2, 0, 1)
    assert counts(sandbox.run(), "tenants") == (4, 0, 0, 0)
    assert [row_key for (row_key,) in sandbox.query("select row_key from raw_whatsapp._rejected")] == ['{"id": "t1"}']


def test_text_that_is_no_utf8_is_set_aside_alone(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2), "update messages set content = cast(x'ff41' as text) where id = 2")
    assert counts(sandbox.run(), "messages") == (2, 2, 0, 1)
    assert sandbox.query("select original_value from raw_whatsapp._rejected") == [("ff41",)]


def test_separators_in_an_odd_value_do_no_harm(sandbox: Sandbox) -> None:
    sandbox.sql(
        "alter table messages add column score integer", message(1).replace(", null)", ", null, char(30, 31, 39))")
    )
    assert sandbox.run().errors == []
    assert sandbox.query("select column_name, original_value from raw_whatsapp._rejected") == [("score", "\x1e\x1f'")]


def test_table_of_which_most_is_rejected_fails(sandbox: Sandbox) -> None:
    sandbox.sql(*(message(i, "soon") for i in range(10_001)))
    [error] = sandbox.run().errors
    assert "10,001 of the first 10,001 rows would be rejected" in error
    assert sandbox.query("select * from raw_whatsapp._rejected") == []


def test_open_row_is_read_once(sandbox: Sandbox) -> None:
    sandbox.run()
    assert counts(sandbox.run(), "conversations") == (1, 0, 0, 0)


def test_open_rows_do_not_draw_the_watermark_back(sandbox: Sandbox) -> None:
    sandbox.sql(
        "update conversations set last_message_at = '2026-03-01 10:05:00'",
        "insert into conversations select 'c2', tenant_id, outlet_id, customer_phone, status, started_at, ended_at,"
        " last_message_at from conversations",
    )
    sandbox.run()
    sandbox.sql("update conversations set last_message_at = '2020-01-01' where id = 'c2'")
    sandbox.run()
    [(watermark,)] = sandbox.query("select watermark from raw_whatsapp._state where table_name = 'conversations'")
    assert watermark == "last_message_at 2026-03-01T10:05:00+00:00"


def test_source_that_was_restored_to_an_older_state_is_read_in_full(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2), message(3, "2026-03-05 10:00:00+00:00"))
    sandbox.run()
    # Row 2 is as it was before an edit that we saw, row 3 was not there yet.
    sandbox.sql("update messages set content = 'first draft' where id = 2", "delete from messages where id = 3")
    result = of(sandbox.run(), "messages")
    assert result.scope == "full: the source was behind the watermark"
    assert sandbox.latest("messages", "id, content") == [(1, "hello"), (2, "first draft")]
    assert of(sandbox.run(), "messages").scope.startswith("since 2026-02-28")


def test_keys_are_compared_again_when_their_hours_are_over(sandbox: Sandbox) -> None:
    sandbox.catalogue("  messages:\n", "  messages:\n    reconcile_hours: 2\n")
    sandbox.sql(message(1), message(2))
    sandbox.run()
    sandbox.sql("delete from messages where id = 1")
    for hours in (1.5, 1.5):
        assert len(sandbox.latest("messages")) == 2
        sandbox.age_state("last_reconciled_at", hours)
        sandbox.run()
    assert sandbox.latest("messages", "id") == [(2,)]


def test_other_cursor_reads_everything_once(sandbox: Sandbox) -> None:
    sandbox.run()
    sandbox.sql("update conversations set customer_phone = '+15550009', status = 'resolved'")
    sandbox.run()
    sandbox.catalogue("    cursor: last_message_at\n", "    cursor: started_at\n")
    assert of(sandbox.run(), "conversations").scope == "full: the watermark is another reader's or cursor's"


def test_required_column_that_the_source_lacks_fails_the_table(sandbox: Sandbox) -> None:
    sandbox.sql("alter table messages drop column conversation_id")
    told = (
        "conversation_id is to be read from chat, and the source's table has no such column"
        if isinstance(sandbox, RenamedSandbox)
        else "no column conversation_id, which by the catalogue is not null"
    )
    assert told in sandbox.run().errors[0]


def test_names_that_differ_in_case_only_are_the_same_column(sandbox: Sandbox) -> None:
    sandbox.sql("alter table tenants rename column name to Name", "alter table messages add column Extra text")
    assert sandbox.run().errors == []
    sandbox.sql("alter table messages rename column Extra to extra", message(1).replace(", null)", ", null, 'x')"))
    assert sandbox.run().errors == []
    assert sandbox.latest("tenants", "name") == [("Tenant",)]
    # A column that raw has keeps its name.
    assert sandbox.latest("messages", '"Extra"') == [("x",)]


def test_backfill_of_a_new_column_survives_a_run_that_did_not_reach_its_table(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "2020-01-01 00:00:00+00:00"), message(2))
    sandbox.run()
    sandbox.sql("alter table messages add column channel text", "update messages set channel = 'sms'")
    sandbox.run(source="whatsapp", table="tenants")
    sandbox.run()
    assert sandbox.latest("messages", "channel") == [("sms",), ("sms",)]


def test_archive_file_of_a_batch_that_never_committed_is_removed(sandbox: Sandbox) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    orphan = sandbox.folder / "archive" / "whatsapp" / "messages" / "99.parquet"
    orphan.write_bytes(b"")
    sandbox.run()
    assert sorted(file.name for file in orphan.parent.iterdir()) == ["3.parquet", "digests.txt"]


def test_new_column_is_added_and_old_rows_are_backfilled(sandbox: Sandbox) -> None:
    sandbox.sql(message(1, "2020-01-01 00:00:00+00:00"), message(2))
    sandbox.run()
    sandbox.sql("alter table messages add column channel text", "update messages set channel = 'sms' where id = 1")
    result = sandbox.run()
    assert of(result, "messages").scope == "full: not all was seen"
    assert counts(result, "messages")[1] == 1
    assert sandbox.latest("messages", "channel") == [("sms",), (None,)]


def test_dropped_column_is_kept_in_raw(sandbox: Sandbox) -> None:
    sandbox.sql("alter table messages add column channel text", message(1).replace(", null)", ", null, 'sms')"))
    sandbox.run()
    sandbox.sql("alter table messages drop column channel", message(2))
    assert sandbox.run().errors == []
    assert sandbox.query("select distinct channel from raw_whatsapp.messages where id = 1 and channel is not null")


def test_incompatible_type_fails_its_table_only(sandbox: Sandbox) -> None:
    sandbox.sql(message(1))
    sandbox.run()
    sandbox.sql(
        "drop table messages",
        "create table messages (id text primary key, conversation_id text, content text, timestamp timestamp,"
        " metadata json)",
        "insert into messages values ('a', 'c1', null, '2026-03-01', null)",
        "insert into tenants values ('t2', 'New', null)",
    )
    result = sandbox.run()
    [error] = result.errors
    assert error.casefold() == (
        "whatsapp.messages: column id is text in the source and bigint in raw_whatsapp.messages. "
        "declare the warehouse's type in the catalogue, or move the raw table away"
    )
    assert counts(result, "tenants")[1] == 1


def test_table_that_vanished_from_the_source_fails_and_deletes_nothing(sandbox: Sandbox) -> None:
    sandbox.run()
    sandbox.sql("drop table tenants")
    result = sandbox.run()
    told = (
        "the database has no table accounts; it has Notes of chats, chats"
        if isinstance(sandbox, RenamedSandbox)
        else "it was in the source before and is not there any more; nothing was deleted"
    )
    assert result.errors == [f"whatsapp.tenants: {told}"]
    assert len(sandbox.latest("tenants")) == 1


def test_table_that_appears_later_is_loaded(sandbox: Sandbox) -> None:
    sandbox.run()
    sandbox.sql("create table outlets (id integer primary key, tenant_id text, name text)",
                "insert into outlets values (7, 't1', 'North')")  # fmt: skip
    assert counts(sandbox.run(), "outlets")[1] == 1
    assert sandbox.latest("outlets", "id") == [(7,)]


def test_read_that_fails_half_way_changes_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle of a stream must not look like its end, nor make deletes of what was not read."""
    sandbox.sql(message(1), message(2))
    sandbox.run()
    before = (
        sandbox.query("select * from raw_whatsapp._state order by table_name"),
        sandbox.query("select * from raw_whatsapp.messages"),
    )
    sandbox.sql(message(3))
    read = adbc_sqlite.SqliteSnapshot.read

    def read_then_fail(self: adbc_sqlite.SqliteSnapshot, table: object, *rest: object) -> object:
        if table.name in ("messages", THEIRS["messages"]):  # type: ignore[attr-defined]
            yield from read(self, table, *rest)  # type: ignore[arg-type]
            raise SourceError("whatsapp: SQLite says: disk I/O error.")
        yield from read(self, table, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(adbc_sqlite.SqliteSnapshot, "read", read_then_fail)
        assert sandbox.run().errors == ["whatsapp.messages: whatsapp: SQLite says: disk I/O error."]
    after = (
        sandbox.query("select * from raw_whatsapp._state order by table_name"),
        sandbox.query("select * from raw_whatsapp.messages"),
    )
    assert after[1] == before[1]
    # The state stays but for the reason; after it come the note, the mapping, and what is told of columns.
    [then], [now] = ([row for row in rows if row[0] == "messages"] for rows in (before[0], after[0]))
    assert now == (*then[:-5], "whatsapp: SQLite says: disk I/O error.", *then[-4:])
    assert counts(sandbox.run(), "messages")[1] == 1


def test_batch_that_cannot_be_archived_is_not_committed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.sql(message(1))

    def refuse(*_: object) -> None:
        raise WarehouseError("the archive can't be written: disk full. Check ARCHIVE_URL.")

    with monkeypatch.context() as patch:
        patch.setattr(BatchFile, "write", refuse)
        assert len(sandbox.run().errors) == 3
    assert sandbox.query("select * from raw_whatsapp.messages") == []
    assert counts(sandbox.run(), "messages")[1] == 1


def test_archive_holds_what_raw_holds(sandbox: Sandbox) -> None:
    sandbox.sql(message(1), message(2))
    sandbox.run()
    sandbox.sql("update messages set content = 'edited' where id = 1", "delete from messages where id = 2", message(3))
    sandbox.run()
    files = sorted((sandbox.folder / "archive" / "whatsapp" / "messages").glob("*.parquet"))
    assert len(files) == 2
    archived = [tuple(row.values()) for file in files for row in pq.read_table(file).to_pylist()]
    raw = sandbox.query("select * from raw_whatsapp.messages")
    assert sorted(archived, key=repr) == sorted(raw, key=repr)
    assert [row[0] for row in sandbox.latest("messages", "id")] == [1, 3]


def test_batch_numbers_grow_with_every_commit_and_only_then(sandbox: Sandbox) -> None:
    sandbox.run()
    first = sandbox.query("select table_name, batch_seq from raw_whatsapp._state where batch_seq > 0 order by 2")
    assert first == [("tenants", 1), ("conversations", 2)]
    sandbox.run()
    sandbox.sql(message(1))
    sandbox.run()
    assert sandbox.query("select max(_batch_seq) from raw_whatsapp.messages") == [(3,)]


def test_general_reader_loads_the_same_rows_as_the_arrow_reader(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sandbox.sql(
        *(message(i) for i in range(20)),
        message(20, "yesterday"),
        "insert into messages values (21, 'c1', 'x', null, x'00ff', '2026-03-01T10:00:00.5Z', '{}')",
    )
    general = type(sandbox)(tmp_path_factory.mktemp("general"))
    general.source, general.url = sandbox.source, f"sqlite+pysqlite:///{sandbox.source}"
    results = sandbox.run(), general.run()
    assert [counts(results[0], t) for t in ("tenants", "conversations", "messages")] == [
        counts(results[1], t) for t in ("tenants", "conversations", "messages")
    ]
    for table, names in (
        ("tenants", "id, name, timezone, _row_hash"),
        ("conversations", "id, status, started_at, last_message_at, _row_hash"),
        ("messages", "id, conversation_id, sender_type, content, timestamp, metadata, _batch_seq, _row_hash"),
    ):
        assert sandbox.latest(table, names) == general.latest(table, names)
