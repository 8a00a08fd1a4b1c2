"""A history of all source systems in which anything may happen to any row, extracted and built at any moments."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from dbt.cli.main import dbtRunner

from ingestion import sample
from ingestion.progress import LogListener
from ingestion.run import Ingestion
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings
from ingestion.warehouses.base import Warehouse

AS_OF = "2026-10-01T00:00:00+00:00"
"""Of every build: what is complete must not change between a build and the full refresh that it is compared with."""

PROJECT = PROJECT_ROOT / "dbt_project"


class ModelHistory:
    """Small sources of all five systems, a warehouse, and dbt inside this process.

    Every table is read in full in every run: what raw misses until a sweep is not what is tested here.
    """

    def __init__(self, folder: Path, warehouse_url: str | None = None) -> None:
        self._folder = folder
        self._sources = folder / "sources"
        sample.create(self._sources, scale=0.01, first_day=date(2026, 8, 20), last_day=date(2026, 9, 20))
        self._deleted: list[tuple[str, str, tuple[Any, ...]]] = []
        self.settings = Settings.model_validate(
            {
                "warehouse_url": warehouse_url or f"duckdb:///{folder / 'warehouse.duckdb'}",
                "archive_url": str(folder / "archive"),
                "ingestion_catalogue": self._catalogue(),
                **{f"{name}_database_url": f"sqlite:///{self._file(name)}" for name in SOURCES},
            }
        )
        self.tables = [(source, table) for source in SOURCES for table in self._names(source)]
        self._manifest = self._dbt("parse").result

    def _catalogue(self) -> Path:
        catalogue = yaml.safe_load((PROJECT_ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8"))
        for tables in catalogue.values():
            for entry in tables.values():
                for setting in ("cursor", "open_rows", "overlap_hours", "sweep_hours", "reconcile_hours"):
                    entry.pop(setting, None)
                entry |= {"mode": "full", "max_delete_share": 1.0}
        path = self._folder / "catalogue.yml"
        path.write_text(yaml.safe_dump(catalogue), encoding="utf-8")
        return path

    def _file(self, source: str) -> Path:
        return self._sources / f"{source}.sqlite"

    def _names(self, source: str) -> list[str]:
        with sqlite3.connect(self._file(source)) as db:
            wanted = yaml.safe_load((PROJECT_ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8"))[source]
            return [name for (name,) in db.execute("select name from sqlite_master where type = 'table'") if name in wanted]

    def _rows(self, source: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
        # What a constraint of the source forbids does not happen there.
        with suppress(sqlite3.IntegrityError), sqlite3.connect(self._file(source)) as db:
            return db.execute(sql, values).fetchall()
        return []

    def _row(self, source: str, table: str, number: int) -> tuple[Any, ...]:
        rows = self._rows(source, f'select rowid, * from "{table}" order by rowid')
        return rows[number % len(rows)] if rows else ()

    def columns(self, source: str, table: str) -> list[str]:
        return [row[1] for row in self._rows(source, f'pragma table_info("{table}")')]

    def edit(self, place: int, row: int, donor: int, column: int) -> None:
        """Give a row the value that another row has in some column: it moves, changes or loses something."""
        source, table = self.tables[place % len(self.tables)]
        columns = self.columns(source, table)
        index = column % len(columns)
        changed, given = self._row(source, table, row), self._row(source, table, donor)
        # A key stays, since a changed one is a delete and an insert, which are steps of their own.
        if changed and columns[index] != "id":
            self._rows(source, f'update "{table}" set "{columns[index]}" = ? where rowid = ?', given[index + 1], changed[0])

    def delete(self, place: int, row: int) -> None:
        """Delete a row, and remember it."""
        source, table = self.tables[place % len(self.tables)]
        if gone := self._row(source, table, row):
            self._rows(source, f'delete from "{table}" where rowid = ?', gone[0])
            self._deleted.append((source, table, gone[1:]))

    def put_back(self) -> None:
        """Insert again what was deleted last."""
        if self._deleted:
            source, table, values = self._deleted.pop()
            self._rows(source, f'insert into "{table}" values ({", ".join("?" * len(values))})', *values)

    def copy(self, place: int, row: int, key: int) -> None:
        """Insert a row once more under another key."""
        source, table = self.tables[place % len(self.tables)]
        if copied := self._row(source, table, row):
            columns = self.columns(source, table)
            values = [
                (f"copy-{key}" if isinstance(value, str) else 10_000_000 + key) if name == "id" else value
                for name, value in zip(columns, copied[1:], strict=True)
            ]
            self._rows(source, f'insert into "{table}" values ({", ".join("?" * len(values))})', *values)

    def live_a_day(self) -> None:
        """Let the next day happen in all sources, late rows included."""
        sample.advance(self._sources)

    def extract(self) -> None:
        """Bring raw up to the sources."""
        result = Ingestion(self.settings).run(LogListener())
        assert result.errors == []

    def build(self, *arguments: str) -> None:
        """Build all models."""
        outcome = self._dbt(
            "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", *arguments
        )
        assert outcome.success, [r.message for r in getattr(outcome.result, "results", []) if str(r.status) == "error"]

    def models(self) -> list[str]:
        """The names of all models."""
        nodes = self._manifest.nodes.values()
        return sorted(node.name for node in nodes if node.resource_type == "model")

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return Ingestion(self.settings).warehouse

    def _dbt(self, command: str, *arguments: str) -> Any:
        place: Sequence[str] = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        artifacts = ["--target-path", str(self._folder / "target"), "--log-path", str(self._folder / "target")]
        options = ["--quiet", "--log-level-file", "none", "--vars", f"as_of: {AS_OF}"]
        before = os.environ.get("WAREHOUSE_URL")
        os.environ["WAREHOUSE_URL"] = self.settings.warehouse_url
        try:
            runner = dbtRunner(manifest=getattr(self, "_manifest", None))
            return runner.invoke([command, *arguments, *place, *artifacts, *options])
        finally:
            os.environ.pop("WAREHOUSE_URL")
            if before is not None:
                os.environ["WAREHOUSE_URL"] = before
