"""The entries of docs/recipes, word by word, on tables as these systems have them."""

from collections.abc import Mapping
from pathlib import Path

import mysql
import postgresql
import pytest
import yaml
from recipes import HIDDEN, Recipe
from recipes.all import RECIPES, names
from recipes.place import Place

from ingestion.loading.run import RunResult
from ingestion.settings import PROJECT_ROOT

Servers = Mapping[str, postgresql.Server | mysql.Server]


def appended(result: RunResult) -> set[str]:
    """Tables that got rows or deletes."""
    return {table.table for table in result.tables if table.state.rows_appended or table.state.rows_deleted}


def test_every_recipe_is_tested_and_listed() -> None:
    pages = {page.stem for page in (PROJECT_ROOT / "docs" / "recipes").glob("*.md")}
    assert pages == {recipe.name for recipe in RECIPES}
    listed = (PROJECT_ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    assert all(f"(recipes/{page}.md)" in listed for page in pages)


@pytest.mark.parametrize("recipe", RECIPES, ids=names)
def test_system_is_read_as_the_recipe_says_through_all_that_happens_in_it(
    recipe: Recipe, tmp_path: Path, recipe_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, [recipe], recipe_servers, monkeypatch)
    system = place.systems[recipe.name]
    place.read()
    # Nothing is lost without a word: what is set aside is what the page says.
    told = place.query(
        f"select column_name, count(*) from raw_{recipe.name}._rejected where resolved_at is null group by column_name"
    )
    assert {str(column): int(str(count)) for column, count in told} == {
        column: int(str(system.sql(expected)[0][0])) for column, expected in recipe.unknown.items()
    }
    assert all(count for _, count in told)
    assert appended(place.read()) == set()
    system.sql(*recipe.changes)
    assert appended(place.read()) == recipe.raw.keys()
    assert appended(place.read()) == set()
    # Nothing that the recipe excludes is there.
    for (table,) in place.query(f"select table_name from duckdb_tables() where schema_name = 'raw_{recipe.name}'"):
        assert HIDDEN not in str(place.query(f'select * from raw_{recipe.name}."{table}"')), table


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe.variant], ids=names)
def test_what_the_page_proposes_beside_its_entry_is_read_too(
    recipe: Recipe, tmp_path: Path, recipe_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = recipe.variant
    assert variant
    place = Place(tmp_path, [recipe], recipe_servers, monkeypatch)
    system = place.systems[recipe.name]
    entry = yaml.safe_load(recipe.entry)
    assert all(f"`{words}`" in recipe.page for words in (*variant.told, *variant.columns))
    told = entry[recipe.name]["tables"][variant.table]
    told |= yaml.safe_load("\n".join(variant.told))
    told["columns"] |= yaml.safe_load("\n".join(variant.columns)) or {}
    written = yaml.safe_dump(entry, allow_unicode=True)
    place.configured(written)
    before = recipe.preparation(recipe.entry)
    system.prepare(statement for statement in recipe.preparation(written) if statement not in before)
    for statements in ((), variant.changes):
        system.sql("select 1", *statements)
        place.again()
        place.compare_raw(recipe.name, variant.table, variant.raw)
