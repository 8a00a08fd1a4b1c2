"""What the folder tree promises: who imports whom, and that declarations in different places agree."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from alerts.findings import Kind
from alerts.message import ENDED
from exports.catalogue import load_exports
from exports.rows import personal_columns
from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.settings import PROJECT_ROOT, Settings

PACKAGES = ("ingestion", "exports", "alerts", "orchestration", "marts", "benchmarks")
MAY_IMPORT = {
    "ingestion": {"ingestion"},
    "exports": {"exports", "ingestion", "marts"},
    "alerts": {"alerts", "exports", "ingestion"},
    "orchestration": {"orchestration", "alerts", "exports", "ingestion", "marts"},
    "marts": {"marts", "ingestion"},
    "benchmarks": {"benchmarks"},
}
INGESTION_MAY_IMPORT = {
    "errors": set(),
    "tls": set(),
    "yaml_files": set(),
    "settings": {"tls", "errors"},
    "output": {"errors"},
    "rows": {"errors"},
    "sources": {"rows", "output", "errors"},
    "log": {"sources", "rows", "output", "errors"},
    "catalogue": {"sources", "rows", "settings", "errors", "yaml_files"},
    "warehouses": {"log", "rows", "output", "errors"},
    "sample": {"settings", "errors"},
    "loading": {"catalogue", "sources", "warehouses", "log", "rows", "output", "sample", "settings", "errors"},
    "operations": {"loading", "catalogue", "sources", "warehouses", "log", "rows", "output", "settings", "errors"},
    "command_line": {"output"},
    "__main__": {"command_line", "operations", "loading", "output", "settings", "errors"},
}
"""The way of a row, from its end: what each part of ingestion/ may import beside itself."""
EXPORTS_MAY_IMPORT = {
    "ingestion.settings",
    "ingestion.errors",
    "ingestion.yaml_files",
    "ingestion.log.deliveries",
    "ingestion.warehouses",
    "ingestion.output.private",
    "ingestion.output.terminal",
    "ingestion.output.storage",
    "ingestion.output.file_names",
}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


def files(package: str) -> list[Path]:
    return sorted((PROJECT_ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    for path in files(package):
        ours = {name for name in imports(path) if name.split(".")[0] in PACKAGES}
        assert {name.split(".")[0] for name in ours} <= MAY_IMPORT[package], path
        if package == "exports":
            assert {n for n in ours if n.startswith("ingestion")} <= EXPORTS_MAY_IMPORT, path


def test_parts_of_ingestion_import_one_way() -> None:
    root = PROJECT_ROOT / "ingestion"
    parts = {
        path.stem if path.is_file() else path.name for path in root.iterdir() if path.suffix == ".py" or path.is_dir()
    }
    assert parts - {"__init__", "__pycache__"} == set(INGESTION_MAY_IMPORT)
    for part, others in INGESTION_MAY_IMPORT.items():
        # No cycle: each part stands after all that it imports.
        assert others <= set(list(INGESTION_MAY_IMPORT)[: list(INGESTION_MAY_IMPORT).index(part)]), part
        for path in [root / f"{part}.py"] if (root / f"{part}.py").exists() else files(f"ingestion/{part}"):
            ours = {name.split(".")[1] for name in imports(path) if name.startswith("ingestion.")}
            assert ours <= {part, *others}, path


def test_sources_and_warehouses_never_import_each_other() -> None:
    for path in files("ingestion/sources"):
        assert not any(name.startswith("ingestion.warehouses") for name in imports(path)), path
    for path in files("ingestion/warehouses"):
        assert not any(name == "ingestion.sources" for name in imports(path)), path


@pytest.mark.parametrize("package", ["ingestion", "exports", "alerts"])
def test_only_orchestration_knows_dagster(package: str) -> None:
    for path in files(package):
        assert not any(name.split(".")[0].startswith("dagster") for name in imports(path)), path


def test_every_module_says_what_belongs_in_it() -> None:
    for package in PACKAGES:
        for path in files(package):
            doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            assert doc, path


def test_dbt_sources_name_exactly_the_tables_of_the_catalogue() -> None:
    catalogue = load_catalogue(Settings().ingestion_catalogue)
    declared = {}
    # Beside the tables, `_state` tells incremental builds what was loaded, `_rejected` what could not be.
    for path in (PROJECT_ROOT / "dbt_project" / "models" / "staging").rglob("*sources.yml"):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            # Before it, BigQuery's prefix.
            assert source["schema"].rpartition("}")[2] == f"raw_{source['name']}"
            declared[source["name"]] = {table["name"] for table in source["tables"]} - {"_state", "_rejected"}
    assert declared == {source: set(tables) for source, tables in catalogue.items()}


def test_every_export_names_a_mart_of_its_source_and_cadence() -> None:
    marts = {path.stem: path.parts for path in (PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")}
    for export in load_exports(Settings().exports_catalogue).values():
        assert export.mart
        suffix = re.search("_(daily|weekly|monthly)$", export.mart)
        assert (suffix[1] if suffix else None) == export.cadence or export.mart == "kpis"
        assert ("cross_source" if export.source == "all" else export.source) in marts[export.mart]


def test_tables_of_core_that_are_exported_tell_nobody_apart() -> None:
    columns: dict[str, set[str]] = {}
    for path in (PROJECT_ROOT / "dbt_project" / "models" / "core").rglob("_*models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            columns[model["name"]] = {column["name"] for column in model["columns"]}
    # Whoever adds a table or a column to core decides here whether other programs may have it as files.
    assert {table for table, names in columns.items() if not personal_columns(names)} == {
        "dim_accounts",
        "dim_campaigns",
        "dim_dates",
        "dim_outlets",
        "dim_products",
        "dim_segments",
        "dim_tenants",
        "fct_crm_events",
        "fct_handoffs",
        "fct_messages",
        "fct_responses",
    }


@pytest.mark.parametrize("kind", ENDED)
def test_each_message_of_a_run_has_its_section_among_operations(kind: Kind) -> None:
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"\n## {kind.replace('_', ' ').capitalize()}\n" in page


def test_every_setting_is_in_the_example_file() -> None:
    example = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8")
    internal = {"ingestion_catalogue", "exports_catalogue", "reports_catalogue"}
    assert {name.upper() for name in set(Settings.model_fields) - internal} <= set(re.findall(r"[A-Z_]{5,}", example))
