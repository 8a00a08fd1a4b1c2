"""The copy for BI tools: one new file each time, that every DuckDB reads and no reader sees half of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from ingestion.errors import WarehouseError
from ingestion.warehouses import Described, Part, duckdb_copy, open_warehouse
from ingestion.warehouses.duckdb import DuckdbWarehouse

ROOT = Path(__file__).resolve().parents[2]
OLDEST = ROOT / ".venv-oldest-duckdb"
EMULATOR = ROOT / ".venv-emulator"
COSTS = ("marts", "costs")
MESSAGES = ("core", "messages")
TENANTS = ("core", "tenants")
VIEW = ("reporting", "costs")
READ = """
import json, sys, duckdb
connection = duckdb.connect()
connection.execute("attach '" + sys.argv[1] + "' as copy (read_only)")
connection.execute("use copy")
print(json.dumps([duckdb.__version__, connection.execute(sys.argv[2]).fetchall()]))
"""


class Place:
    """A warehouse and the copy of it."""

    def __init__(self, folder: Path) -> None:
        warehouse = open_warehouse(make_url(f"duckdb:///{folder / 'warehouse.duckdb'}"), 60)
        assert isinstance(warehouse, DuckdbWarehouse)
        self.warehouse = warehouse
        self.copy = folder / "bi.duckdb"

    def change(self, sql: str) -> None:
        with duckdb.connect(self.warehouse.path) as connection:
            connection.execute(sql)

    def read(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(self.copy, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def name_tenants(self) -> None:
        """A view of costs with the names of tenants, as builds make it."""
        self.change(
            """
            create table core.tenants as select 'whatsapp:t1' as tenant_key, 'Harbour' as tenant_name;
            create schema reporting;
            create view reporting.costs as
            select costs.tenant_key, tenants.tenant_name, costs.total_cost
            from marts.costs
            left join core.tenants on costs.tenant_key = tenants.tenant_key
            """
        )

    def views(self) -> list[tuple[object, ...]]:
        return self.read("select view_name, comment from duckdb_views() where schema_name = 'reporting'")

    def tables(self) -> list[tuple[object, ...]]:
        return self.read("select schema_name, table_name from duckdb_tables() order by all")

    def left(self) -> list[str]:
        return sorted(path.name for path in self.copy.parent.iterdir() if path.name.startswith("bi."))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.change(
        """
        create schema core;
        create schema marts;
        create table marts.costs as select 'whatsapp:t1' as tenant_key, 1.5::decimal(38, 9) as total_cost;
        create table core.messages as
        select
            range as message_id,
            'text ' || range as content,
            'sent' as status,
            range::decimal(38, 9) / 7 as amount,
            range / 7.0 as share,
            range % 2 = 0 as is_inbound,
            date '2026-01-01' + range::integer % 300 as sent_date,
            timestamptz '2026-01-01 00:00:00+00' + to_seconds(range) as sent_at
        from range(10_000)
        """
    )
    return place


@pytest.mark.parametrize(
    ("home", "python", "path", "generation"),
    [(OLDEST, sys.executable, str(OLDEST), "1."), (EMULATOR, EMULATOR / "bin" / "python", "", "1.5")],
    ids=["the oldest", "one between"],
)
def test_older_duckdb_reads_the_copy(place: Place, home: Path, python: Path, path: str, generation: str) -> None:
    if not home.exists():
        raise FileNotFoundError(f"{home} is missing. Make it: make {home.name}/.installed")
    place.name_tenants()
    described = {
        MESSAGES: Described("Messages.", {"share": "Ratio."}),
        VIEW: Described("Costs.", {"tenant_name": "It."}),
    }
    for _ in ("one made anew", "one that takes over its catalogue"):
        place.warehouse.publish_copy([COSTS, MESSAGES, TENANTS], place.copy, described=described)
    sql = "select columns(*)::varchar from core.messages cross join reporting.costs order by message_id"
    told = subprocess.run(
        [python, "-c", READ, place.copy, sql],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    version, rows = json.loads(told.stdout)
    assert version.startswith(generation)
    assert [tuple(row) for row in rows] == place.read(sql)


def test_tables_and_columns_are_described_also_those_that_are_kept(place: Place) -> None:
    described = {
        COSTS: Described("What it's cost.", {"total_cost": "In 'dollars'; adds up.", "no_such": "Not there."}),
        MESSAGES: Described("Messages.", {"share": "Ratio."}),
    }
    place.warehouse.publish_copy([COSTS, MESSAGES], place.copy, described=described)
    place.warehouse.publish_copy([COSTS], place.copy, [MESSAGES], described)
    told = "select table_name, comment from duckdb_tables() order by 1"
    assert place.read(told) == [("costs", "What it's cost."), ("messages", "Messages.")]
    assert place.read("select column_name, comment from duckdb_columns() where comment is not null order by 1") == [
        ("share", "Ratio."),
        ("total_cost", "In 'dollars'; adds up."),
    ]


def test_view_comes_with_its_table_and_reads_what_is_in_the_copy(place: Place) -> None:
    place.name_tenants()
    described = {VIEW: Described("What it cost, by name.", {"tenant_name": "Who."})}
    place.warehouse.publish_copy([COSTS, MESSAGES], place.copy, described=described)
    assert place.views() == [], "the names are not there"
    place.warehouse.publish_copy([COSTS, TENANTS], place.copy, described=described)
    place.change("update marts.costs set total_cost = 2")
    place.warehouse.publish_copy([TENANTS], place.copy, [COSTS], described)
    assert place.views() == [("costs", "What it cost, by name.")]
    assert place.read("select tenant_name, total_cost::varchar from reporting.costs") == [("Harbour", "1.500000000")]
    told = "select comment from duckdb_columns() where schema_name = 'reporting' and column_name = 'tenant_name'"
    assert place.read(told) == [("Who.",)]
    place.warehouse.publish_copy([TENANTS], place.copy)
    assert place.views() == []


def test_view_that_shows_a_column_that_is_gone_costs_nobody_the_copy(place: Place) -> None:
    place.name_tenants()
    place.warehouse.publish_copy([COSTS, TENANTS], place.copy)
    place.change("alter table core.tenants rename tenant_name to called")
    place.warehouse.publish_copy([TENANTS], place.copy, [COSTS])
    assert place.views() == [] and place.tables() == [TENANTS, COSTS]


def test_no_byte_of_a_deleted_row_is_in_the_copy(place: Place) -> None:
    secret = b"Zq7#pR9vLk2@"
    # So long that no compression takes it: which of them DuckDB chooses is a matter of chance.
    place.change(f"update core.messages set status = repeat('{secret.decode()}', 1000) where message_id % 1000 = 1")
    place.warehouse.publish_copy([COSTS, MESSAGES], place.copy)
    assert secret in place.copy.read_bytes(), "it would be found where it is"
    place.change("delete from core.messages where message_id % 1000 = 1")
    place.warehouse.publish_copy([MESSAGES], place.copy, kept=[COSTS])
    assert place.read("select count(*) from core.messages") == [(9_990,)]
    assert secret not in place.copy.read_bytes()


def test_copy_of_a_tenant_has_no_byte_of_others_nor_a_table_that_nobody_told_of(place: Place) -> None:
    place.name_tenants()
    secret = "Zq7#pR9vLk2@" * 1_000
    place.change(f"insert into core.tenants values ('whatsapp:t2', '{secret}'), (null, '{secret}')")
    place.change("insert into marts.costs values ('whatsapp:t2', 7), (null, 8)")
    place.change("create table core.dates as select date '2026-01-01' as date_day")
    dates = ("core", "dates")
    all_of_them = [COSTS, TENANTS, MESSAGES, dates]
    place.warehouse.publish_copy(all_of_them, place.copy)
    assert secret.encode() in place.copy.read_bytes(), "it would be found where it is"
    place.warehouse.publish_copy(all_of_them, place.copy, part=Part(["whatsapp:t1"], ["dates"]))
    assert place.tables() == [dates, TENANTS, COSTS]
    assert place.read("select tenant_name, total_cost::varchar from reporting.costs") == [("Harbour", "1.500000000")]
    assert place.read("select count(*) from marts.costs") == place.read("select count(*) from core.dates") == [(1,)]
    assert b"Zq7#pR9vLk2@" not in place.copy.read_bytes()
    place.warehouse.publish_copy(all_of_them, place.copy, part=Part(["whatsapp:t1", "whatsapp:t2"], []))
    assert place.read("select count(*) from marts.costs") == [(2,)] and place.tables() == [TENANTS, COSTS]


def test_reader_that_has_the_copy_open_keeps_what_it_has(place: Place) -> None:
    place.warehouse.publish_copy([COSTS], place.copy)
    with duckdb.connect(place.copy, read_only=True) as reader:
        place.change("update marts.costs set total_cost = 2")
        place.warehouse.publish_copy([COSTS], place.copy)
        old = reader.execute("select total_cost::varchar from marts.costs").fetchall()
    assert old == [("1.500000000",)]
    assert place.read("select total_cost::varchar from marts.costs") == [("2.000000000",)]


def test_table_that_is_kept_stays_as_it_was_and_one_that_is_not_named_goes(place: Place) -> None:
    place.warehouse.publish_copy([COSTS, MESSAGES], place.copy)
    place.change("update marts.costs set total_cost = 2; delete from core.messages")
    place.warehouse.publish_copy([MESSAGES], place.copy, kept=[COSTS, MESSAGES, ("marts", "never_published")])
    assert place.tables() == [MESSAGES, COSTS]
    assert place.read("select total_cost::varchar from marts.costs") == [("1.500000000",)]
    assert place.read("select count(*) from core.messages") == [(0,)]
    place.warehouse.publish_copy([COSTS], place.copy)
    assert place.tables() == [COSTS]


def test_table_that_is_kept_is_told_to_be_as_old_as_it_is(place: Place) -> None:
    """Where a build made it anew since, and it may not be published; what is not kept is told as it is."""
    told = (
        "create or replace view marts.freshness as select * from (values {}) as t(relation_schema, relation_name, day)"
    )
    place.change(told.format("('marts', 'costs', 1), ('core', 'messages', 1)"))
    freshness = ("marts", "freshness")
    place.warehouse.publish_copy([COSTS, MESSAGES, freshness], place.copy)
    place.change(told.format("('marts', 'costs', 2), ('core', 'messages', 2), ('marts', 'new', 2)"))
    place.warehouse.publish_copy([MESSAGES, freshness], place.copy, kept=[COSTS])
    read = "select relation_name, day from marts.freshness order by all"
    assert place.read(read) == [("costs", 1), ("messages", 2), ("new", 2)]
    # Columns may come and go meanwhile.
    place.change(
        "create or replace view marts.freshness as select 'core' as relation_schema, 'messages' as relation_name"
    )
    place.warehouse.publish_copy([MESSAGES, freshness], place.copy, kept=[COSTS])
    assert place.read("select * from marts.freshness order by all") == [("core", "messages"), ("marts", "costs")]
    place.warehouse.publish_copy([COSTS, MESSAGES], place.copy, kept=[freshness])
    assert place.read("select * from marts.freshness") != []


def test_copy_that_fails_leaves_the_old_one_and_nothing_beside_it(place: Place) -> None:
    place.warehouse.publish_copy([COSTS], place.copy)
    before = place.copy.read_bytes()
    with pytest.raises(WarehouseError, match=r"The copy for BI tools bi\.duckdb can't be written: .*absent") as error:
        place.warehouse.publish_copy([MESSAGES, ("marts", "absent")], place.copy)
    assert "\n" not in str(error.value)
    assert place.copy.read_bytes() == before
    assert place.left() == ["bi.duckdb"]


def test_what_a_killed_run_left_goes_and_nothing_else(place: Place) -> None:
    folder = place.copy.parent
    for name in ("bi.duckdb.0123456789abcdef.partial", "bi.duckdb.0123456789abcdef.partial.wal", "bi.mine.partial"):
        (folder / name).write_text("half")
    place.warehouse.publish_copy([COSTS], place.copy)
    assert place.left() == ["bi.duckdb", "bi.mine.partial"]


ALL = (COSTS, MESSAGES, TENANTS)
TOLD = {
    COSTS: Described("What was paid.", {"total_cost": "In US dollars."}),
    MESSAGES: Described("What was written.", {"no_such": "Not there."}),
    VIEW: Described("With names.", {"tenant_name": "Of the tenant."}),
}
OTHER_ROWS = "update marts.costs set total_cost = 7; insert into core.messages select * from core.messages"
OTHERS = {
    "a type": "drop view reporting.costs; alter table marts.costs alter total_cost type double",
    "a column": "alter table marts.costs add paid_on date",
    "no column": "drop view reporting.costs; alter table marts.costs drop total_cost",
    "the order of columns": """
        create table marts.others as select total_cost, tenant_key from marts.costs;
        drop table marts.costs;
        alter table marts.others rename to costs
    """,
    "what a view shows": """
        create or replace view reporting.costs as
        select costs.tenant_key, tenants.tenant_name || '!' as tenant_name, costs.total_cost
        from marts.costs left join core.tenants on costs.tenant_key = tenants.tenant_key
    """,
    "rows of a view": """
        create or replace view reporting.costs as
        select costs.tenant_key, tenants.tenant_name, costs.total_cost
        from marts.costs inner join core.tenants on costs.tenant_key = tenants.tenant_name
    """,
    "no view": "drop view reporting.costs",
    "one view more": "create view reporting.messages as select * from core.messages",
}
"""What may be another thing in the warehouse than in the copy before."""

ADDED = {
    "a table": "create table marts.mine as select 1 as one",
    "a view": "create view marts.mine as select 1 as one",
    "an index": "create unique index mine on marts.costs (tenant_key)",
    "a rule for values": "drop view reporting.costs; alter table marts.costs alter total_cost set not null",
    "a default": "drop view reporting.costs; alter table marts.costs alter total_cost set default 9",
    "a function": "create function mine(x) as x + 1",
    "a sequence": "create sequence mine",
    "a type": "create type mine as enum ('one')",
    "a comment": "comment on column marts.costs.tenant_key is 'mine'",
    "rows": "insert into marts.costs values ('mine', 9)",
}
"""What somebody may do to a copy who may write it."""


def assert_as_one_made_anew(place: Place, told: dict[tuple[str, str], Described]) -> None:
    """The copy holds, tells and shows what one does that is made where there was none."""
    anew = place.copy.with_name("anew.duckdb")
    place.warehouse.publish_copy(ALL, anew, described=told)
    assert content(place.copy) == content(anew)


def content(copy: Path) -> list[list[tuple[object, ...]]]:
    """All that is in a copy, rows by their count and hashes."""
    with duckdb.connect(copy, read_only=True) as connection:
        columns = """
            select schema_name, table_name, column_index, column_name, data_type, is_nullable, column_default, comment
            from duckdb_columns() where not internal order by all
        """
        catalogue = [
            "select schema_name, table_name, comment from duckdb_tables() order by all",
            "select schema_name, view_name, comment from duckdb_views() where not internal order by all",
            "select function_name from duckdb_functions() where not internal",
            "select sequence_name from duckdb_sequences() union all select index_name from duckdb_indexes()",
            "select type_name from duckdb_types() where not internal and database_name = current_database()",
        ]
        found = [connection.execute(sql).fetchall() for sql in (columns, *catalogue)]
        names = dict.fromkeys(f"{schema}.{name}" for schema, name, *_ in found[0])
        return found + [
            connection.execute(f"select count(*), sum(hash(shown)) from {name} as shown").fetchall() for name in names
        ]


@pytest.mark.parametrize("sql", OTHERS.values(), ids=OTHERS)
def test_copy_after_another_is_what_one_made_anew_is(place: Place, sql: str) -> None:
    place.name_tenants()
    place.warehouse.publish_copy(ALL, place.copy, described=TOLD)
    place.change(f"{OTHER_ROWS}; {sql}")
    place.warehouse.publish_copy(ALL, place.copy, described=TOLD)
    assert_as_one_made_anew(place, TOLD)


@pytest.mark.parametrize("sql", ADDED.values(), ids=ADDED)
def test_what_somebody_did_to_a_copy_is_gone_from_the_next(place: Place, sql: str) -> None:
    place.name_tenants()
    place.warehouse.publish_copy(ALL, place.copy, described=TOLD)
    with duckdb.connect(place.copy) as connection:
        connection.execute(sql)
    place.warehouse.publish_copy(ALL, place.copy, described=TOLD)
    assert_as_one_made_anew(place, TOLD)


def test_other_rows_cost_no_other_catalogue_and_other_words_do(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.name_tenants()
    place.warehouse.publish_copy(ALL, place.copy, described=TOLD)
    others = TOLD | {COSTS: Described("What was paid, and when.", {"tenant_key": "Whose."})}
    place.warehouse.publish_copy(ALL, place.copy, described=others)
    assert_as_one_made_anew(place, others)
    place.change(OTHER_ROWS)
    with monkeypatch.context() as patched:
        patched.delattr(duckdb_copy, "_make")
        place.warehouse.publish_copy([COSTS, TENANTS], place.copy, [MESSAGES], others)
        assert place.read("select count(*) from core.messages") == [(10_000,)]
        place.warehouse.publish_copy(ALL, place.copy, described=others)
    assert_as_one_made_anew(place, others)


def test_file_that_is_no_copy_is_replaced(place: Place) -> None:
    place.copy.write_text("half of something")
    with pytest.raises(WarehouseError, match=r"bi\.duckdb can't be written: .* If it is damaged, remove it"):
        place.warehouse.publish_copy([MESSAGES], place.copy, kept=[COSTS])
    place.warehouse.publish_copy([MESSAGES, COSTS], place.copy)
    assert place.tables() == [MESSAGES, COSTS]
