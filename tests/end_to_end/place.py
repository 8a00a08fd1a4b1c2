"""A folder in which the whole product runs, in processes of its own."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import forked
import pyarrow as pa
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import Warehouse

TIMEOUT_SECONDS = 1_800

Rows = Callable[[str], list[tuple[object, ...]]]
"""Gives the rows of a query."""


class Place:
    """A folder that holds everything a run makes, and the environment that points there."""

    def __init__(self, folder: Path, sources: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.endswith("_DATABASE_URL")},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "WAREHOUSE_URL": f"duckdb:///{folder / 'warehouse.duckdb'}",
            "ARCHIVE_URL": str(folder / "archive"),
            "EXPORTS_URL": str(folder / "exports"),
            "BI_SNAPSHOT_PATH": str(folder / "bi.duckdb"),
            "DAGSTER_HOME": str(folder / "dagster"),
            **{f"{name.upper()}_DATABASE_URL": url for name, url in sources.items()},
        }

    def run(self, *command: str, cwd: Path = PROJECT_ROOT) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; the caller looks at its exit code."""
        if command[0] == sys.executable and command[1] in ("-c", "-m") and cwd == PROJECT_ROOT:
            return forked.run(command[1:], self.environment, cwd, TIMEOUT_SECONDS)
        return subprocess.run(
            command, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )

    def module(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the project's modules."""
        return self.run(sys.executable, "-m", *arguments)

    def dbt(self, *arguments: str, has_artifacts: bool = False) -> subprocess.CompletedProcess[str]:
        """Run dbt's command line by itself; what it writes is in `target`, with the manifest if that is asked for."""
        target = self.folder / "target"
        parsed = self.folder / "dagster" / "dbt" / "partial_parse.msgpack"
        if parsed.exists() and not target.exists():
            # What a run here has read of the project need not be read again.
            target.mkdir()
            shutil.copyfile(parsed, target / parsed.name)
        places = ["--target-path", str(target), "--log-path", str(self.folder / "logs")]
        # Nobody reads the debugging log, which is a tenth of the work; and few the artifacts, which are some seconds.
        unwritten = ["--log-level-file", "warn", *([] if has_artifacts else ["--no-write-json"])]
        return self.module("orchestration", "dbt", *arguments, *places, *unwritten)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse, as the environment names it."""
        return open_warehouse(make_url(self.environment["WAREHOUSE_URL"]), 60)

    def query(self, sql: str) -> pa.Table:
        """Read the warehouse."""
        return self.warehouse.query(sql)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of a query on the warehouse."""
        return _rows_of(self.query(sql))

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Many queries on one opening of the warehouse, which costs more than most of them."""
        with self.warehouse.reader() as read:
            yield lambda sql: _rows_of(read(sql))

    def receive_message(self) -> None:
        """Let a customer of the whatsapp sample write once more: what the quickest run has to do."""
        with closing(sqlite3.connect(self.folder / "sample" / "whatsapp.sqlite")) as source, source:
            columns = "conversation_id, sender_type, sender_id, content, timestamp, metadata"
            source.execute(
                # Of some messages the sample has no time but a word.
                f"insert into messages (id, {columns}) select 'new-' || count(*) over (), {columns} from messages"
                " where timestamp < 'a' order by timestamp desc limit 1"
            )

    def change_a_message(self) -> None:
        """Change what a message of the whatsapp sample says, and leave its time: no cursor shows it."""
        with closing(sqlite3.connect(self.folder / "sample" / "whatsapp.sqlite")) as source, source:
            source.execute(
                "update messages set content = content || '!'"
                " where id = (select id from messages where timestamp like '2026-09-2%' limit 1)"
            )


def _rows_of(table: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
