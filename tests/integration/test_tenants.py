"""Tenants on PostgreSQL: what one tenant's role is answered, whatever it asks, and while builds go on.

Roles as deploy/roles.sql makes them, and a small dbt project with this one's macros and settings.
"""

import io
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2
import pytest
from integration.test_reporting_views import Project
from postgresql import Server
from psycopg2 import errors
from sqlalchemy import make_url
from tenants import Relation, Tenant, faults, relations

from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import Warehouse as Backend

PUBLIC = ["currencies", "seen"]
OWN, OTHER = "shop:harbour", "shop:secret"
MODELS = {
    "core/cross_source/dim_tenants": "select * from (values ('shop:harbour', 'Harbour'), ('shop:secret', 'Secret'))"
    " as t (tenant_key, tenant_name)",
    "core/cross_source/currencies": "select 'EUR' as currency_code",
    "intermediate/shop/int_shop__build": "select cast(1 as bigint) as from_batch_seq",
    "intermediate/shop/int_shop__changed_tenants": "select 'shop:none' as tenant_key",
    "intermediate/shop/int_shop__built": "select 1 as one",
    "marts/shop/sold": "select tenant_key, cast(row_number() over () as text) as amount"
    " from {{ ref('dim_tenants') }}, generate_series(1, 50)",
    "marts/shop/held": """
        {{ config(materialized='incremental', unique_key='tenant_key', meta={'changed': 'int_shop__changed_tenants'}) }}
        -- depends_on: {{ ref('int_shop__changed_tenants') }}, {{ ref('int_shop__build') }}
        select tenant_key from {{ ref('dim_tenants') }} {% if is_incremental() %} where false {% endif %}
    """,
    "marts/shop/rates": "select 'what others pay' as rate, '7' as amount",
    "custom/mine": "select null as tenant_key union all select tenant_key from {{ ref('sold') }}",
    "custom/seen": "{{ config(materialized='view') }} select tenant_key, amount from {{ ref('sold') }}",
    "custom/unseen": "{{ config(materialized='view') }} select tenant_key from {{ ref('sold') }}",
}
COLUMNS = {
    "core.dim_tenants": ["tenant_key", "tenant_name"],
    "core.currencies": ["currency_code"],
    "marts.sold": ["tenant_key", "amount"],
    "marts.held": ["tenant_key"],
    "marts.rates": ["rate", "amount"],
}
CLOSED = {"marts.rates", "marts.unseen", "reporting.rates", "reporting.unseen"}


@dataclass(frozen=True)
class Warehouse:
    """A warehouse that its builder's role built, and those who read it."""

    server: Server
    project: Project
    harbour: Tenant
    found: dict[str, Relation]

    @property
    def readable(self) -> list[Relation]:
        return [relation for name, relation in self.found.items() if name not in CLOSED]

    def as_role(self, role: str, sql: str) -> list[tuple[object, ...]]:
        return self.server.sql(sql, url=self.server.url("crm_warehouse", role))


@pytest.fixture(scope="module")
def warehouse(postgresql_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    server = postgresql_server
    server.psql("postgres", PROJECT_ROOT / "deploy" / "roles.sql")
    url = server.url("crm_warehouse", "crm_warehouse")
    # Of an earlier version, in which nobody was kept from anything.
    server.sql(
        "create table marts.old as select 'shop:secret' as tenant_key",
        "create view reporting.old as select tenant_key, 'unnamed' as tenant_name from marts.old",
        url=url,
    )
    project = Project(tmp_path_factory.mktemp("tenants"), url, MODELS, COLUMNS)
    project.build(public_tables=PUBLIC)
    harbour = Tenant(server, server.url("crm_warehouse"), "bi_harbour", OWN)
    yield Warehouse(server, project, harbour, {f"{r.schema}.{r.name}": r for r in relations(harbour.database)})
    server.sql(
        "drop database crm_warehouse with (force)",
        "drop database crm_dagster",
        "drop role crm_warehouse, crm_dagster, crm_bi, bi_harbour",
    )


def test_every_table_has_its_policies_from_the_moment_that_it_is_there(warehouse: Warehouse) -> None:
    names = {"core.tenant_access", "reporting.sold", "marts.mine", *COLUMNS, *CLOSED}
    assert names <= set(warehouse.found)
    assert faults([r for name, r in warehouse.found.items() if name != "marts.old"], PUBLIC) == []
    [old] = faults([warehouse.found["marts.old"]], PUBLIC)
    assert "['builder at once: false', 'readers at once: false']" in old.partition(", not ")[0]


def test_tenant_sees_its_rows_and_no_other_in_whatever_way_it_asks(warehouse: Warehouse) -> None:
    for relation in warehouse.readable:
        owned = warehouse.harbour.owned(relation)
        if relation.name != "tenant_access":
            assert set(warehouse.harbour.found(relation).values()) == {owned}, relation.place
    assert warehouse.harbour.owned(warehouse.found["reporting.sold"])[0] == 50
    assert warehouse.harbour.rows("select * from core.tenant_access") == [("bi_harbour", OWN)]


def test_no_error_plan_or_statistic_tells_of_others(warehouse: Warehouse) -> None:
    for relation in warehouse.readable:
        if relation.has_tenant and relation.name != "tenant_access":
            assert warehouse.harbour.leaks(relation, OTHER, [OTHER, "Secret"]) == {}, relation.place
    for view in ("pg_stats", "pg_stats_ext", "pg_stat_activity", "pg_policies", "pg_description"):
        assert "secret" not in str(warehouse.harbour.rows(f"select * from {view}")).casefold(), view
    statistics = "select count(*) from pg_stats where schemaname in ('core', 'marts') and tablename <> 'currencies'"
    assert warehouse.harbour.rows(statistics) == [(0,)]
    assert warehouse.server.sql(statistics, url=warehouse.harbour.database) > [(0,)], "there are some"


def test_table_without_a_tenant_that_is_not_on_the_list_is_closed(warehouse: Warehouse) -> None:
    for place in CLOSED:
        with pytest.raises(errors.InsufficientPrivilege):
            warehouse.harbour.rows(f"select * from {place}")
    assert warehouse.harbour.rows("select * from core.currencies") == [("EUR",)]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from intermediate.int_shop__build",
        "select intermediate.isolate('marts.rates', true)",
        "insert into core.tenant_access values ('bi_harbour', '*')",
        "update core.tenant_access set tenant_key = '*'",
        "delete from marts.sold",
        "truncate marts.sold",
        "select * from marts.sold for update",
        "grant select on marts.rates to bi_harbour",
        "alter table marts.sold disable row level security",
        "alter table marts.sold no force row level security",
        "drop policy readers on marts.sold",
        "create policy mine on marts.sold using (true)",
        "alter view reporting.sold set (security_invoker = false)",
        "create view reporting.mine as select * from marts.sold",
        "create function public.mine(text) returns boolean language sql as 'select true'",
        "create temporary table mine (id int)",
        "set role crm_bi",
        "set role crm_warehouse",
        "set session authorization crm_warehouse",
        "alter role bi_harbour bypassrls",
        "grant crm_bi to bi_harbour",
        "copy marts.sold to program 'cat'",
        "select pg_read_file('pg_hba.conf')",
        "select lo_import('/etc/hostname')",
    ],
)
def test_tenant_changes_nothing_and_becomes_nobody_else(warehouse: Warehouse, statement: str) -> None:
    with pytest.raises(psycopg2.Error, match=r"permission denied|must be owner"):
        warehouse.harbour.rows(statement)


def test_readers_of_all_tenants_see_all_and_roles_that_nobody_told_of_nothing(warehouse: Warehouse) -> None:
    count = "select count(*) from marts.sold"
    assert warehouse.as_role("crm_bi", count) == warehouse.as_role("crm_warehouse", count) == [(100,)]
    assert warehouse.as_role("crm_bi", "select amount from reporting.rates") == [("7",)]
    warehouse.server.sql("create role analyst login in role crm_bi")
    assert warehouse.as_role("analyst", count) == [(100,)], "members see what their role sees"
    warehouse.server.sql(
        "revoke crm_bi from analyst",
        "grant connect on database crm_warehouse to analyst",
        "grant usage on schema core, marts to analyst",
        url=warehouse.harbour.database,
    )
    assert warehouse.as_role("analyst", count) == [(0,)]
    warehouse.server.sql("drop owned by analyst", "drop role analyst", url=warehouse.harbour.database)


def test_one_call_more_adds_a_tenant_and_a_row_less_takes_one(warehouse: Warehouse) -> None:
    also = Tenant(warehouse.server, warehouse.harbour.database, "bi_harbour", OTHER)
    assert also.rows("select count(*) from marts.sold") == [(100,)]
    taken = f"delete from core.tenant_access where tenant_key = '{OTHER}'"
    warehouse.server.sql(taken, url=warehouse.harbour.database)
    assert also.rows("select count(*) from marts.sold") == [(50,)]


def test_nothing_of_others_is_to_be_seen_while_builds_replace_tables(warehouse: Warehouse) -> None:
    asked = [relation for relation in warehouse.readable if relation.has_tenant and relation.name != "tenant_access"]
    with warehouse.harbour.asking(asked) as watch:
        warehouse.project.build("--full-refresh", public_tables=PUBLIC)
    assert watch.faults == set()
    assert {relation.place for relation in asked} <= set(watch.answers)
    assert warehouse.harbour.rows("select * from core.tenant_access") == [("bi_harbour", OWN)]
    found = relations(warehouse.harbour.database)
    assert faults([relation for relation in found if relation.name != "old"], PUBLIC) == []


def _builder(warehouse: Warehouse) -> Backend:
    """Who waits for no reader."""
    url = make_url(warehouse.server.url("crm_warehouse", "crm_warehouse"))
    return open_warehouse(url, lock_timeout_seconds=60, readers_wait_seconds=0)


@contextmanager
def _holding(url: str, statement: str) -> Iterator[Callable[[], bool]]:
    """A session that sits in a transaction, without the timeouts of its role; whether it is still there."""
    with closing(psycopg2.connect(url, application_name="Forgotten sheet")) as connection:
        cursor = connection.cursor()
        cursor.execute("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; commit; begin")
        cursor.execute(statement)

        def is_there() -> bool:
            try:
                cursor.execute("select 1")
            except psycopg2.OperationalError:
                return False
            return True

        yield is_there


WANTED = ("create table marts.wanted as select 1 as one", "grant select on marts.wanted to public")


@pytest.mark.parametrize("held", ["select * from marts.wanted", "select pg_advisory_lock(1129467223, 0)"])
def test_reader_who_holds_up_a_build_is_ended_and_told(
    warehouse: Warehouse, held: str, capsys: pytest.CaptureFixture[str]
) -> None:
    builder = warehouse.server.url("crm_warehouse", "crm_warehouse")
    warehouse.server.sql(*WANTED, url=builder)
    with _holding(warehouse.harbour.url, held) as is_there:
        assert is_there()
        with _builder(warehouse).exclusive():
            warehouse.server.sql("drop table marts.wanted", url=builder)
        assert not is_there()
    [line] = capsys.readouterr().err.splitlines()
    place = "marts.wanted" if "wanted" in held else "a lock"
    expected = (
        rf"waited \d+ s for bi_harbour since [\d:]+ UTC, now for {place}: ended its session \d+ \(Forgotten sheet\)"
    )
    assert re.fullmatch(expected, line), line


@pytest.mark.parametrize("why", ["superuser", "no right"])
def test_reader_who_cannot_be_ended_is_told_and_waited_for(
    warehouse: Warehouse, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is told while it is looked at is lost to pytest's own fixtures.
    monkeypatch.setattr(sys, "stderr", told := io.StringIO())
    server, builder = warehouse.server, warehouse.server.url("crm_warehouse", "crm_warehouse")
    server.sql(*WANTED, url=builder)
    reader = server.url("crm_warehouse") if why == "superuser" else warehouse.harbour.url
    if why == "no right":
        server.sql("revoke pg_signal_backend from crm_warehouse")
    drop = threading.Thread(target=server.sql, args=("drop table marts.wanted",), kwargs={"url": builder})
    try:
        with _builder(warehouse).exclusive():
            with _holding(reader, "select * from marts.wanted") as is_there:
                drop.start()
                while "Forgotten sheet" not in told.getvalue():
                    drop.join(0.1)
                    assert drop.is_alive(), told.getvalue()
                assert is_there()
            drop.join()
    finally:
        server.sql("grant pg_signal_backend to crm_warehouse")
    assert {"superuser": "is not ended, as the role is a superuser", "no right": "pg_signal_backend"}[
        why
    ] in told.getvalue()
