"""What a node of dbt leaves to the next one on PostgreSQL: a connection that is as good as a new one."""

from collections.abc import Iterator
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dbt.adapters.base.connections import BaseConnectionManager
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt_common.exceptions import DbtDatabaseError
from postgresql import Server
from sqlalchemy import make_url

from orchestration.dbt_internals import connections
from orchestration.profile import variables

PROCESS = "select pg_backend_pid()"
OPEN = "select count(*) from pg_stat_activity where application_name = 'kept'"


class Nodes:
    """dbt's connections to a database, by one node after the other."""

    def __init__(self, url: str) -> None:
        told = variables(make_url(url))
        credentials = PostgresCredentials(
            host=told["CRM_WAREHOUSE_HOST"],
            port=int(told["CRM_WAREHOUSE_PORT"]),
            user=told["CRM_WAREHOUSE_USER"],
            password="",
            database=told["CRM_WAREHOUSE_DATABASE"],
            schema="public",
            application_name="kept",
        )
        self.manager = PostgresConnectionManager(
            cast(Any, SimpleNamespace(credentials=credentials)), get_context("spawn")
        )
        self._count = 0

    def run(self, *statements: str, is_committed: bool = False) -> Any:
        """What a node does; the first value of its last statement."""
        self._count += 1
        self.manager.set_connection_name(f"model.of.{self._count}")
        try:
            for statement in statements:
                _, cursor = self.manager.add_query(statement)
            value = cursor.fetchone()[0] if cursor.description else None
            if is_committed:
                self.manager.commit()
            return value
        finally:
            self.manager.release()


@pytest.fixture
def nodes(postgresql_warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setattr(BaseConnectionManager, "release", connections.release)
    nodes = Nodes(postgresql_warehouse_url)
    yield nodes
    nodes.manager.cleanup_all()


def test_nodes_share_a_connection_which_is_closed_in_the_end(nodes: Nodes, postgresql_server: Server) -> None:
    assert nodes.run(PROCESS) == nodes.run(PROCESS)
    assert postgresql_server.sql(OPEN) == [(1,)]
    nodes.manager.cleanup_all()
    assert postgresql_server.sql("select pg_stat_clear_snapshot()", OPEN) == [(0,)]


def test_next_node_finds_nothing_of_the_one_before(nodes: Nodes, postgresql_server: Server) -> None:
    process = nodes.run(
        "create table made as select 1 as one",
        "create temporary table aside as select 1 as one",
        PROCESS,
        is_committed=True,
    )
    nodes.run("create table lost as select 1 as one", "create temporary table aside_too as select 1 as one")
    state = "select state, backend_xid from pg_stat_activity where application_name = 'kept'"
    assert postgresql_server.sql(state) == [("idle", None)]
    assert nodes.run(PROCESS) == process
    relations = "select string_agg(relname, ' ') from pg_class where relname in ('made', 'lost', 'aside', 'aside_too')"
    assert nodes.run(relations) == "made"


def test_failed_statement_leaves_a_connection_for_the_next_node(nodes: Nodes) -> None:
    process = nodes.run(PROCESS)
    with pytest.raises(DbtDatabaseError, match="does not exist"):
        nodes.run("create table lost as select 1 as one", "select * from nothing_of_this_name")
    assert nodes.run(PROCESS) == process
    assert nodes.run("select to_regclass('public.lost')") is None


def test_connection_that_breaks_costs_one_node(nodes: Nodes, postgresql_server: Server) -> None:
    process = nodes.run(PROCESS)
    with pytest.raises(DbtDatabaseError):
        nodes.run(f"select pg_terminate_backend({process})", PROCESS)
    assert nodes.run(PROCESS) != process


def test_what_others_open_is_released_as_dbt_does(monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[object] = []
    monkeypatch.setattr(connections, "_release", released.append)
    manager = cast(Any, SimpleNamespace(TYPE="bigquery"))
    connections.release(manager)
    assert released == [manager]
