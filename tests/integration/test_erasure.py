"""A person erased: from raw, archive and records, in every version, now and at later reads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from canary import places_of
from sandbox import OwnSources, Sandbox, message

from ingestion.__main__ import main
from ingestion.loading.run import RunResult
from ingestion.log.archive import Archive, BatchFile
from ingestion.log.erasures import Erasures
from ingestion.operations import erasure
from ingestion.output.storage import Storage
from ingestion.warehouses.duckdb import DuckdbSession, DuckdbWarehouse
from ingestion.warehouses.duckdb_load import DuckdbLoad

PHONE = "+49301234567"
TEXTS = ("zq-secret", "zq-second", "zq-extra", "zq-rejected")
"""What the person wrote, and what is known of the person in columns that nobody declared."""
OTHERS = "zq-other"


@pytest.fixture(params=["duckdb"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """Conversations of one person, c2 and c3, and of others; each read more than once."""
    url = request.getfixturevalue("postgresql_warehouse_url") if request.param == "postgresql" else None
    return lived(Sandbox(tmp_path, url).fill())


def lived(sandbox: Sandbox) -> Sandbox:
    """Let people write, change their numbers and be deleted."""
    sandbox.sql(
        "alter table conversations add column nick text",
        "insert into tenants values ('t2', 'Other', 'Europe/Berlin')",
        conversation("c2", "whatsapp:+49 30 1234567", "zq-extra"),
        conversation("c3", "0049301234567", None),
        conversation("c4", "+4915550000", OTHERS),
        conversation("c5", None, None),
        conversation("c6", PHONE, "zq-extra"),
        said(1, "c2", "zq-secret"),
        said(2, "c2", "zq-second"),
        said(3, "c3", "zq-secret"),
        said(4, "c4", OTHERS),
        said(5, "c1", OTHERS),
        said(6, "c6", "zq-secret"),
        said(7, "c6", "zq-secret").replace("'2026-03-01 10:00:00+00:00'", "x'ff'").replace("zq-secret", "zq-rejected"),
    )
    run(sandbox)
    sandbox.sql(
        "update messages set content = 'edited, no zq-second' where id = 2",
        "delete from messages where id = 6",
        "delete from conversations where id = 'c6'",
        # A number that changes from another one's to the person's.
        conversation("c7", "+4915557777", None),
        said(8, "c7", "zq-secret"),
    )
    run(sandbox)
    sandbox.sql(f"update conversations set customer_phone = '{PHONE}', status = 'resolved' where id = 'c7'")
    run(sandbox)
    return sandbox


def conversation(id_: str, phone: str | None, nick: str | None, tenant: str = "t1") -> str:
    told = ", ".join("null" if value is None else f"'{value}'" for value in (phone, "active"))
    return (
        f"insert into conversations values ('{id_}', '{tenant}', null, {told}, '2026-03-01 10:00:00+00:00', null,"
        f" '2026-03-01 10:05:00+00:00', {'null' if nick is None else repr(nick)})"
    )


def said(id_: int, conversation_id: str, content: str) -> str:
    return message(id_, content=content).replace("'c1'", f"'{conversation_id}'")


def run(sandbox: Sandbox, **options: str) -> RunResult:
    result = sandbox.run(**options)
    assert result.errors == []
    return result


def command(sandbox: Sandbox, *arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        sandbox.export_settings(patch)
        return main([*arguments])


def appended(result: RunResult) -> dict[str, tuple[int, int]]:
    """Table → versions and delete versions that a run appended, where there are any."""
    states = {table.table: table.state for table in result.tables}
    return {n: (s.rows_appended, s.rows_deleted) for n, s in states.items() if s.rows_appended or s.rows_deleted}


def swept(sandbox: Sandbox) -> RunResult:
    """A read of all rows."""
    sandbox.age_state("last_full_at", 1_000)
    sandbox.age_state("last_reconciled_at", 1_000)
    return run(sandbox)


def left(sandbox: Sandbox) -> dict[str, set[str]]:
    """What of the person is anywhere, and where."""
    if sandbox.warehouse_url.startswith("postgresql"):
        dump = sandbox.folder / "dump"
        tables = sandbox.query(
            "select table_schema, table_name from information_schema.tables where table_schema like 'raw%'"
        )
        dump.write_text(str([sandbox.query(f"select * from {schema}.{name}") for schema, name in tables]))
    sought = [PHONE, "1234567", *TEXTS, *hashes(sandbox)]
    return places_of(sandbox.folder, sought, but=[sandbox.source])


def hashes(sandbox: Sandbox) -> list[str]:
    """The person's pseudonym."""
    from sandbox import pseudonym  # noqa: PLC0415

    return [pseudonym(PHONE)]


def versions(sandbox: Sandbox, table: str, where: str, columns: str = "*") -> list[tuple[object, ...]]:
    return sandbox.query(f"select {columns} from raw_whatsapp.{table} where {where} order by id, _batch_seq")


MINE, THEIRS = "id in ('c2', 'c3', 'c6', 'c7')", "id in ('c1', 'c4', 'c5')"
MY_MESSAGES, THEIR_MESSAGES = "id in (1, 2, 3, 6, 8)", "id in (4, 5)"


def others(sandbox: Sandbox) -> list[object]:
    """Everything of other people, value for value."""
    return [
        versions(sandbox, "conversations", THEIRS),
        versions(sandbox, "messages", THEIR_MESSAGES),
        versions(sandbox, "tenants", "true"),
    ]


@pytest.mark.parametrize("sandbox", ["duckdb", "postgresql"], indirect=True)
@pytest.mark.parametrize("written", [" tel:+49 (30) 123 4567"])
def test_nothing_of_the_person_is_left_anywhere(sandbox: Sandbox, written: str) -> None:
    assert left(sandbox).keys() == {PHONE, "1234567", *TEXTS, *hashes(sandbox)} - {PHONE, "1234567"}
    before = others(sandbox)
    mine = versions(sandbox, "conversations", MINE, "id, _batch_seq, _op, status, tenant_id, customer_phone is null")
    assert command(sandbox, "erase", "--contact", written) == 0
    assert left(sandbox) == {}
    assert others(sandbox) == before
    after = versions(sandbox, "conversations", MINE, "id, _batch_seq, _op, status, tenant_id, customer_phone is null")
    # All versions that there were, and one more of each row that there is.
    assert after[:3] == mine[:1] + [(*mine[0][:1], after[1][1], *mine[0][2:])] + mine[1:2]
    assert {*mine} <= {*after}
    assert len(after) == len(mine) + 3
    told = versions(sandbox, "conversations", MINE, "id, customer_phone")
    assert len({phone for _, phone in told if phone}) == 2
    assert len({phone for id_, phone in told if phone and id_ != "c7"}) == 1
    assert all(len(str(phone)) == 64 for _, phone in told if phone)
    texts = versions(sandbox, "messages", MY_MESSAGES, "distinct content, id, _batch_seq")
    assert {content for content, *_ in texts} == {None}
