"""Faults that pass by themselves, on a real PostgreSQL server behind a proxy: what is tried again, and what is not."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgresql import Server
from proxy import Proxy
from sandbox import Sandbox

from ingestion.loading.progress import LogListener
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion, RunResult

TABLES = (
    "create table conversations (id text primary key, tenant_id text not null, started_at timestamptz not null)",
    "create table messages (id bigint primary key, conversation_id text, content text, timestamp timestamptz not null)",
    "insert into conversations values ('c1', 't', now())",
    "insert into messages select i, 'c1', repeat('x', 100000), now() from generate_series(1, 400) as i",
)


class ProxiedSandbox(Sandbox):
    """A whatsapp source whose server is reached through a proxy."""

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server = server
        self.direct = server.new_database()
        self.proxy = Proxy(f"{server.folder}/.s.PGSQL.5432")
        database = self.direct.split("@/")[1].split("?")[0]
        self.url = f"postgresql://postgres@127.0.0.1:{self.proxy.port}/{database}"
        self.log = io.StringIO()
        self.pauses: list[float] = []

    def sql(self, *statements: str) -> None:
        self.server.sql(*statements, url=self.direct)

    def load(self, meanwhile: Callable[[], Any], listener: LogListener | None = None) -> RunResult:
        """Run; `meanwhile` is called where a pause would be made."""

        def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            meanwhile()

        return Ingestion(self.settings(), Retries((1, 3), pause)).run(listener or LogListener(self.log))


@pytest.fixture
def proxied(tmp_path: Path, postgresql_server: Server) -> Iterator[ProxiedSandbox]:
    sandbox = ProxiedSandbox(tmp_path, postgresql_server)
    sandbox.sql(*TABLES)
    yield sandbox
    sandbox.proxy.cut()


def test_connection_that_is_refused_is_tried_again(proxied: ProxiedSandbox) -> None:
    result = proxied.load(proxied.proxy.start)
    assert result.errors == []
    assert proxied.pauses == [1]
    assert (
        "  whatsapp: trying again in 1 s (1 of 2), since whatsapp: PostgreSQL can't be read: " in proxied.log.getvalue()
    )
    assert len(proxied.latest("messages", "id")) == 400


def test_source_that_stays_away_fails_after_the_last_try(proxied: ProxiedSandbox) -> None:
    [error] = proxied.load(lambda: None).errors
    assert proxied.pauses == [1, 3]
    assert "Connection refused" in error
    assert "\n" not in error
    assert "://" not in error
    assert not (proxied.folder / "warehouse.duckdb").exists()


def test_fault_that_does_not_pass_is_not_tried_again(proxied: ProxiedSandbox) -> None:
    proxied.proxy.start()
    proxied.url = proxied.url.rsplit("/", 1)[0] + "/none"
    assert 'database "none" does not exist' in proxied.load(lambda: None).errors[0]
    assert proxied.pauses == []


class Cutting(LogListener):
    """Cuts the connection when the first messages have come, so many times."""

    def __init__(self, sandbox: ProxiedSandbox, times: int) -> None:
        super().__init__(sandbox.log)
        self._proxy = sandbox.proxy
        self._times = times

    def advanced(self, table: str, rows: int) -> None:
        if table == "whatsapp.messages" and self._times:
            self._times -= 1
            self._proxy.cut()


def test_connection_lost_half_way_reads_all_tables_again_from_one_moment(proxied: ProxiedSandbox) -> None:
    proxied.proxy.start()

    def meanwhile() -> None:
        proxied.sql(
            "insert into conversations values ('c2', 't', now())", "insert into messages values (401, 'c2', '', now())"
        )
        proxied.proxy.start()

    result = proxied.load(meanwhile, Cutting(proxied, 1))
    assert result.errors == []
    assert proxied.pauses == [1]
    assert "whatsapp.messages: FAILED: whatsapp: PostgreSQL can't be read" in proxied.log.getvalue()
    counts = {t.table: t.state.rows_appended for t in result.tables}
    assert (counts["conversations"], counts["messages"]) == (2, 401)
    assert {t.table: t.scope for t in result.tables}["conversations"] == "initial"
    assert proxied.query("select count(*), count(distinct id) from raw_whatsapp.messages") == [(401, 401)]
    assert proxied.query("select count(*), count(distinct id) from raw_whatsapp.conversations") == [(2, 2)]


def test_what_was_committed_before_the_last_fault_is_told(proxied: ProxiedSandbox) -> None:
    proxied.proxy.start()
    result = proxied.load(lambda: None, Cutting(proxied, 1))
    assert proxied.pauses == [1, 3]
    tables = {t.table: t for t in result.tables}
    assert (tables["conversations"].error, tables["conversations"].state.rows_appended) == (None, 1)
    assert tables["messages"].error is not None
    assert len(result.errors) == 1
    assert proxied.query("select count(*) from raw_whatsapp.messages") == [(0,)]
    proxied.proxy.start()
    assert proxied.load(lambda: None).errors == []
    assert len(proxied.latest("messages", "id")) == 400


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_read_that_loses_to_another_transaction_is_made_again(proxied: ProxiedSandbox, state: str) -> None:
    proxied.proxy.start()
    proxied.sql(
        "alter table messages rename to kept",
        f"create function broken() returns setof kept language plpgsql as $$ begin raise sqlstate '{state}'; end $$",
        "create view messages as select * from broken()",
    )
    result = proxied.load(
        lambda: proxied.sql("create or replace view messages as select * from kept where octet_length(content) > 0")
    )
    assert result.errors == []
    assert proxied.pauses == [1]
    assert len(proxied.latest("messages", "id")) == 400
