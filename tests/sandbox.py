"""A source and a warehouse of its own for one test."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import duckdb
import pyarrow as pa
import pytest
from postgresql import Server
from pydantic import SecretStr
from sqlalchemy import make_url

from ingestion.loading.progress import LogListener
from ingestion.loading.retries import Retries
from ingestion.loading.run import Ingestion, RunResult
from ingestion.rows.pseudonyms import PseudonymKey
from ingestion.settings import PROJECT_ROOT, Settings
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.postgresql_connection import connected


def environment(settings: Settings) -> dict[str, str]:
    """The variables that say what some settings are."""
    told = settings.model_dump(exclude_none=True).items()
    return {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value) for name, value in told
    }


def pseudonym(value: str, source: str = "whatsapp") -> str:
    """What raw has in the place of a clean value under the key of tests."""
    return PseudonymKey((os.environ["PRIVACY_KEY"],)).of_source(source).pseudonym(value.encode())


class Sandbox:
    """A folder with a whatsapp source and a warehouse of its own."""

    def __init__(self, folder: Path, warehouse_url: str | None = None) -> None:
        self.folder = folder
        self.warehouse_url = warehouse_url or f"duckdb:///{folder / 'warehouse.duckdb'}"
        self.source = folder / "whatsapp.sqlite"
        self.url = f"sqlite:///{self.source}"
        self.more: dict[str, object] = {}

    def settings(self) -> Settings:
        values: dict[str, object] = {
            "warehouse_url": self.warehouse_url,
            "archive_url": str(self.folder / "archive"),
            "exports_url": str(self.folder / "exports"),
            "bi_snapshot_path": self.folder / "bi.duckdb",
            "whatsapp_database_url": self.url,
            "sources_file": self.folder / "sources.yml",
        }
        if self.warehouse_url.startswith("bigquery"):
            values["ingestion_catalogue"] = self._catalogue_of_whatsapp()
        return Settings.model_validate(values | self.more)

    def _catalogue_of_whatsapp(self) -> Path:
        """The catalogue without the other systems: making their empty tables is half of a run on the emulator."""
        path = self.folder / "whatsapp.yml"
        if not path.exists():
            whole = (PROJECT_ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8")
            [part] = re.findall(r"^whatsapp:\n(?:(?: .*)?\n)+", whole, re.MULTILINE)
            path.write_text(part, encoding="utf-8")
        return path

    def export_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let commands of this process see the sandbox's settings."""
        for name, value in environment(self.settings()).items():
            monkeypatch.setenv(name, value)

    def catalogue(self, old: str, new: str) -> None:
        """Give the sandbox a catalogue of its own, with a change."""
        text = self.settings().ingestion_catalogue.read_text(encoding="utf-8")
        assert old in text
        path = self.folder / "catalogue.yml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        self.more["ingestion_catalogue"] = path

    def fill(self) -> "Sandbox":
        """Make the source's tables, a tenant and a conversation."""
        self.sql(
            *WHATSAPP_TABLES,
            "insert into tenants values ('t1', 'Tenant', 'Europe/Berlin')",
            "insert into conversations values ('c1', 't1', null, '+15550001', 'active', '2026-03-01 10:00:00+00:00',"
            " null, '2026-03-01 10:05:00+00:00')",
        )
        return self

    def sql(self, *statements: str) -> None:
        """Change the source."""
        with closing(sqlite3.connect(self.source)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Read the source."""
        with closing(sqlite3.connect(self.source)) as connection:
            return connection.execute(sql).fetchall()

    def run(self, **options: str) -> RunResult:
        """Run the ingestion as the command line does."""
        return Ingestion(self.settings(), Retries(())).run(LogListener(), **options)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Read the warehouse."""
        return rows_of(open_warehouse(make_url(self.warehouse_url), self.settings().lock_timeout_seconds).query(sql))

    def change_warehouse(self, sql: str) -> None:
        """Change the warehouse behind the back of the ingestion."""
        url = make_url(self.warehouse_url)
        if url.get_backend_name() == "postgresql":
            with connected(url) as server:
                server.execute(sql)
                server.commit()
        else:
            with duckdb.connect(url.database) as connection:
                connection.execute(sql)

    def age_state(self, field: str, hours: float) -> None:
        """Let what every table remembers as the time of something have been so many hours earlier."""
        with Ingestion(self.settings()).warehouse.session() as session:
            for state in session.states("whatsapp").values():
                if at := getattr(state, field):
                    session.remember("whatsapp", replace(state, **{field: at - timedelta(hours=hours)}))

    def latest(self, table: str, columns: str = "*", source: str = "whatsapp") -> list[tuple[object, ...]]:
        """The live rows of a raw table, in the order of their ids."""
        return self.query(
            f"""
            select {columns} from (
                select *, row_number() over (partition by id order by _batch_seq desc) as _place
                from raw_{source}.{table}
            ) as versions where _place = 1 and _op = 'upsert' order by id
            """
        )


class Lived:
    """What a module's tests begin with, each with a copy of its own; it is made once for each engine."""

    def __init__(
        self, request: pytest.FixtureRequest, folders: pytest.TempPathFactory, live: Callable[[Sandbox], object]
    ) -> None:
        """Make nothing yet.

        Args:
            request: of a fixture of the module.
            folders: where it is made.
            live: what happens to a filled sandbox.
        """
        self._request, self._folders, self._live = request, folders, live
        self._made: dict[str, Sandbox] = {}

    @contextmanager
    def copied(self, engine: str, folder: Path) -> Iterator[Sandbox]:
        """A copy in a folder, with a warehouse of its own, until the block ends."""
        server: Server | None = self._request.getfixturevalue("postgresql_server") if engine == "postgresql" else None
        if engine not in self._made:
            url = server.new_database() if server else None
            self._made[engine] = made = Sandbox(self._folders.mktemp(engine), url).fill()
            self._live(made)
        made = self._made[engine]
        shutil.copytree(made.folder, folder, dirs_exist_ok=True)
        if not server:
            yield Sandbox(folder)
            return
        with server.database(like=str(make_url(made.warehouse_url).database)) as url:
            yield Sandbox(folder, url)


class OwnSources(Sandbox):
    """Sources of a file of their owner's, in the place of the whatsapp source."""

    def __init__(self, folder: Path, warehouse_url: str | None = None) -> None:
        super().__init__(folder, warehouse_url)
        self.url = ""
        self.file = folder / "sources.yml"
        self.more = {"sources_file": self.file}

    def configured(self, text: str) -> Self:
        """Write the file."""
        self.file.write_text(text, encoding="utf-8")
        return self

    def again(self) -> RunResult:
        """A further run, which finds no fault."""
        result = self.run()
        assert result.errors == []
        return result


WHATSAPP_TABLES = (
    "create table tenants (id text primary key, name text, timezone text)",
    "create table conversations (id text primary key, tenant_id text, outlet_id text, customer_phone text, status text,"
    " started_at timestamp, ended_at timestamp, last_message_at timestamp)",
    "create table messages (id integer primary key, conversation_id text, sender_type text, sender_id text,"
    " content text, timestamp timestamp, metadata json)",
)


def rows_of(table: pa.Table) -> list[tuple[object, ...]]:
    """The rows of a query's result."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def message(id_: int, at: str = "2026-03-01 10:00:00+00:00", content: str = "hello") -> str:
    """An INSERT of one message."""
    return f"insert into messages values ({id_}, 'c1', 'customer', null, '{content}', '{at}', null)"


def of_many_messages(folder: Path, server: Server, rows: int) -> Sandbox:
    """A sandbox whose source is on PostgreSQL, with so many messages of 2,000 characters."""
    sandbox = Sandbox(folder)
    sandbox.url = server.new_database()
    server.sql(
        "create table conversations (id text primary key, tenant_id text, started_at timestamptz)",
        "create table messages (id bigint primary key, conversation_id text, timestamp timestamptz, content text)",
        f"insert into messages select i, 'c1', now(), repeat('x', 2000) from generate_series(1, {rows}) as i",
        url=sandbox.url,
    )
    return sandbox
