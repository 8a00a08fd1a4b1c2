"""Several sources of one kind feed the same models, and each row is what it would be if its source were alone.

The second source of each kind has another sample's rows, under the same ids.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner
from end_to_end.model_history import faults

from ingestion import sample
from ingestion.loading.progress import LogListener
from ingestion.loading.run import Ingestion
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings
from orchestration import dbt_internals
from orchestration.profile import variables

NAMES = {kind: [kind, f"{kind}_b"] for kind in SOURCES}
WITHOUT_TENANTS = {"dim_dates", "freshness", "currencies", "lead_stages", "outreach_error_patterns"}
WITHOUT_TENANTS |= {"acquisition_channels", "llm_rates", "message_rates", "tenant_settings"}
NOTES = ("__build", "__built", "__changed_", "__clock")
"""Of builds, not of sources."""

UNLIKE = ("builds", "freshness")
"""Tells when it was built."""

Content = dict[str, Counter[tuple[object, ...]]]


@dataclass(frozen=True)
class Built:
    """A DuckDB warehouse in which dbt builds inside this process."""

    file: Path

    def build(self, monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]], *arguments: str) -> None:
        """Build all models, without tests."""
        settings = Settings.model_validate({"warehouse_url": f"duckdb:///{self.file}"})
        for name, value in variables(settings.warehouse).items():
            monkeypatch.setenv(name, value)
        folder, project = str(self.file.parent / "target"), str(PROJECT_ROOT / "dbt_project")
        options = ["--project-dir", project, "--profiles-dir", project, "--target-path", folder, "--log-path", folder]
        options += ["--quiet", "--log-level-file", "none", "--no-write-json", "--no-partial-parse"]
        options += ["--vars", str({"as_of": "2026-09-15T06:00:00+00:00", "sources": names})]
        untested = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        dbt_internals.hurry()
        try:
            assert faults(dbtRunner().invoke(["build", *untested, *options, *arguments])) == []
        finally:
            dbt_internals.release()

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of a statement."""
        with duckdb.connect(str(self.file)) as db:
            return db.execute(sql).fetchall()

    def take_second_sources(self, other: "Built") -> None:
        """Have the other warehouse's raw as that of sources whose names end in _b."""
        with duckdb.connect(str(self.file)) as db:
            db.execute(f"attach '{other.file}' as other (read_only)")
            tables = "select schema_name, table_name from duckdb_tables() where database_name = 'other'"
            for schema, table in db.execute(f"{tables} and schema_name like 'raw_%'").fetchall():
                db.execute(f"create schema if not exists {schema}_b")
                db.execute(f'create table {schema}_b."{table}" as from other.{schema}."{table}"')

    def content(self, schemas: tuple[str, ...] = ("core", "marts")) -> dict[str, tuple[list[str], Counter[object]]]:
        """Table → columns and rows, but for notes of builds and what tells when they were."""
        found = {}
        with duckdb.connect(str(self.file), read_only=True) as db:
            for schema in schemas:
                tables = f"select table_name from information_schema.tables where table_schema = '{schema}'"
                for (table,) in db.execute(tables).fetchall():
                    if table not in UNLIKE and not any(note in table for note in NOTES):
                        rows = db.execute(f'from {schema}."{table}"')
                        columns = [column[0] for column in rows.description or ()]
                        found[table] = columns, Counter(tuple(map(_comparable, row)) for row in rows.fetchall())
        return found


def _comparable(value: object) -> object:
    """A value; a double without the last digits, since sums of doubles are added up in any order."""
    return f"{value:.9g}" if isinstance(value, float) else value


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Built, Built]]:
    """Two warehouses of two samples, each with the one source of each kind."""
    found = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        for seed, last_day in ((7, date(2026, 9, 20)), (11, date(2026, 9, 12))):
            folder = tmp_path_factory.mktemp("alone")
            sample.create(folder, scale=0.05, seed=seed, first_day=date(2026, 8, 25), last_day=last_day)
            urls = {f"{kind}_database_url": f"sqlite:///{folder / kind}.sqlite" for kind in SOURCES}
            warehouse = Built(folder / "warehouse.duckdb")
            places = {"warehouse_url": f"duckdb:///{warehouse.file}", "archive_url": str(folder / "archive")}
            assert Ingestion(Settings.model_validate(places | urls)).run(LogListener()).errors == []
            warehouse.build(monkeypatch, {})
            found.append(warehouse)
        yield found[0], found[1]


def of_source(content: dict[str, tuple[list[str], Counter[object]]], second: bool) -> Content:
    """Rows of the first or of the second sources alone, as if there were no others."""
    found: Content = {}
    for table, (columns, rows) in content.items():
        if "tenant_key" not in columns:
            assert table in WITHOUT_TENANTS, table
            continue
        place = columns.index("tenant_key")
        found[table] = Counter()
        for row, count in rows.items():
            assert isinstance(row, tuple)
            name = str(row[place]).partition(":")[0]
            if name.endswith("_b") == second:
                kind = name.removesuffix("_b")
                cells = [_alone(column, cell, kind) for column, cell in zip(columns, row, strict=True)]
                found[table][tuple(cells)] += count
    return found


def _alone(column: str, cell: object, kind: str) -> object:
    if not isinstance(cell, str):
        return cell
    if column == "source_system":
        return kind
    return cell.replace(f"{kind}_b:", f"{kind}:" if column in ("tenant_key", "customer_key") else "")


def assert_same(ours: Content, theirs: Content) -> None:
    assert ours.keys() == theirs.keys()
    for table, rows in ours.items():
        missing, surplus = theirs[table] - rows, rows - theirs[table]
        assert not missing and not surplus, (table, [*missing][:2], [*surplus][:2])


@pytest.mark.slow
def test_a_second_source_of_each_kind_comes_and_goes(
    alone: tuple[Built, Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = alone
    both = Built(tmp_path / "warehouse.duckdb")
    shutil.copyfile(first.file, both.file)
    both.take_second_sources(second)
    both.build(monkeypatch, NAMES)
    for kind in SOURCES:
        bounds = dict(both.execute(f"select source_name, from_batch_seq from intermediate.int_{kind}__build"))
        assert bounds[f"{kind}_b"] == 0
        assert bounds[kind] != 0
    content = both.content()
    assert_same(of_source(content, second=True), of_source(second.content(), second=False))
    assert_same(of_source(content, second=False), of_source(first.content(), second=False))
    tables = ("staging", "intermediate", "core", "marts")
    incremental = both.content(tables)
    both.build(monkeypatch, NAMES, "--full-refresh")
    assert both.content(tables) == incremental
    both.build(monkeypatch, {})
    assert both.content(tables) == first.content(tables)
