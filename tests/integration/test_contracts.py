"""On DuckDB a model's contract is kept: what its SQL gives is what its YAML says, or it is not built."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

TYPES = ["bigint", "boolean", "date", "numeric(38,9)", "text", "timestamptz"]
"""Those of the project's contracts."""

DECLARED = {f"c{i}": kind for i, kind in enumerate([*TYPES, "double", "NUMERIC(10, 2)", "text[]"])}
"""Columns, and types beside them that somebody's own models may have."""

AS_DECLARED = [f"cast(null as {kind}) as {name}" for name, kind in DECLARED.items()]

SQL = {
    "as_declared": AS_DECLARED,
    "in_another_order": AS_DECLARED[::-1],
    "with_another_type": ["cast(1 as double) as c0", *AS_DECLARED[1:]],
    "with_another_scale": [*AS_DECLARED[:3], "cast(1 as numeric(38, 8)) as c3", *AS_DECLARED[4:]],
    "with_another_of_other_types": [*AS_DECLARED[:6], "cast(1 as float) as c6", *AS_DECLARED[7:]],
    "without_a_column": AS_DECLARED[1:],
    "with_another_column": [*AS_DECLARED, "1 as another"],
    "with_another_name": ["cast(null as bigint) as c_0", *AS_DECLARED[1:]],
}
KEPT = {"as_declared", "in_another_order"}

MODEL = """
{{{{ config(materialized='{made}', contract={{'enforced': true}}, on_schema_change='append_new_columns') }}}}
{{% if var('first') %}}
select {first}
{{% else %}}
select {second}
{{% endif %}}
"""
# How rows are replaced is no part of it.
REPLACED = """
{% macro get_incremental_replace_groups_sql(arguments) -%}
    insert into {{ arguments['target_relation'] }} by name select * from {{ arguments['temp_relation'] }}
{%- endmacro %}
{% macro get_incremental_append_sql(arguments) -%}
    {{ get_incremental_replace_groups_sql(arguments) }}
{%- endmacro %}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project of tables and incremental models, with the materializations of this one."""
    for name in ("macros", "models"):
        (tmp_path / name).mkdir()
    shutil.copy(PROJECT_ROOT / "dbt_project" / "macros" / "engine" / "duckdb_tables.sql", tmp_path / "macros")
    (tmp_path / "macros" / "replaced.sql").write_text(REPLACED, encoding="utf-8")
    models = []
    for name, columns in SQL.items():
        for made in ("table", "incremental"):
            first = columns if made == "table" else AS_DECLARED
            sql = MODEL.format(made=made, first=", ".join(first), second=", ".join(columns))
            (tmp_path / "models" / f"{made}_{name}.sql").write_text(sql, encoding="utf-8")
            declared = [{"name": column, "data_type": kind} for column, kind in DECLARED.items()]
            models.append({"name": f"{made}_{name}", "columns": declared})
    (tmp_path / "models" / "models.yml").write_text(json.dumps({"models": models}), encoding="utf-8")
    project = {
        "name": "contracts",
        "version": "1.0",
        "profile": "contracts",
        "flags": {"send_anonymous_usage_stats": False},
    }
    (tmp_path / "dbt_project.yml").write_text(json.dumps(project), encoding="utf-8")
    output = {"type": "duckdb", "path": str(tmp_path / "w.duckdb")}
    profile = {"contracts": {"target": "d", "outputs": {"d": output}}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profile), encoding="utf-8")
    return tmp_path


def test_what_a_contract_does_not_say_is_refused_when_it_is_made_and_when_it_is_changed(project: Path) -> None:
    kept = {f"table_{name}" for name in KEPT}
    assert _built(project, is_first=True) == kept | {f"incremental_{name}" for name in SQL}
    assert _built(project, is_first=False) == kept | {f"incremental_{name}" for name in KEPT}


def _built(project: Path, *, is_first: bool) -> set[str]:
    """The models that could be built; of the others the contract is why."""
    command = [str(Path(sys.executable).parent / "dbt"), "run", "--vars", json.dumps({"first": is_first})]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    file = project / "target" / "run_results.json"
    assert file.exists(), done.stdout
    results = json.loads(file.read_bytes())["results"]
    assert len(results) == 2 * len(SQL), done.stdout
    for result in results:
        is_kept = "enforced contract that failed" in result["message"]
        assert result["status"] == "success" or is_kept, result["message"]
    return {result["unique_id"].split(".")[-1] for result in results if result["status"] == "success"}
