"""What every model promises in its YAML, read from dbt's manifest."""

import csv
import re
from collections.abc import Iterator
from typing import Any

from exports.names import TABLES
from ingestion.settings import PROJECT_ROOT, SOURCES
from marts.additivity import told_with_additivity
from marts.tables import made_tables

ADDITIVITY = {"sum", "max", "last", "distinct", "quantile", "ratio"}
SCHEMAS = {"staging", "intermediate", "core", "marts"}
Node = dict[str, Any]
PROJECT = PROJECT_ROOT / "dbt_project"
ENGINES = ("duckdb", "postgres", "bigquery")


def models(manifest: Node, *schemas: str) -> Iterator[Node]:
    # No rule of this project binds your own models.
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["fqn"][1] != "custom"]
    assert nodes
    return (n for n in nodes if not schemas or n["schema"] in schemas)


def grain_tests(manifest: Node) -> list[Node]:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    return [test for test in tests if (test.get("test_metadata") or {}).get("name") == "unique_combination"]


def test_models_lie_in_exactly_the_four_schemas(manifest: Node) -> None:
    assert {model["schema"] for model in models(manifest)} == SCHEMAS


def test_files_tell_which_tables_people_read(manifest: Node) -> None:
    """Exports and reports find out by them which table was meant, as dbt takes seconds to tell."""
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    own = {name for n in nodes if n["fqn"][1] == "custom" for name in (n["name"], n["alias"])}
    made = {(n["schema"], n["alias"]) for n in nodes if n["schema"] in ("core", "marts")}
    assert {one for one in made_tables() if one[1] not in own} == {one for one in made if one[1] not in own}


def test_no_seed_holds_a_word_that_dbt_takes_for_nothing() -> None:
    """Where it loads the file by itself; DuckDB reads files on its own, and would hold the word."""
    for seed in (PROJECT / "seeds").rglob("*.csv"):
        with seed.open(encoding="utf-8", newline="") as file:
            assert not {cell for row in csv.reader(file) for cell in row if cell.strip().casefold() == "null"}, seed


def test_every_model_belongs_to_exactly_one_system(manifest: Node) -> None:
    for model in models(manifest):
        assert len({*SOURCES, "cross_source"} & set(model["tags"])) == 1, model["name"]


def test_models_of_a_system_read_that_system_only(manifest: Node) -> None:
    for model in models(manifest):
        [system] = {*SOURCES, "cross_source"} & set(model["tags"])
        if system == "cross_source":
            continue
        for parent in model["depends_on"]["nodes"]:
            node = manifest["nodes"].get(parent) or manifest["sources"][parent]
            is_own = node.get("source_name") == system if parent.startswith("source.") else system in node["tags"]
            assert is_own, f"{model['name']} reads {parent}"


def test_every_column_is_described(manifest: Node) -> None:
    for model in models(manifest):
        assert model["description"], model["name"]
        assert model["columns"], model["name"]
        for column in model["columns"].values():
            assert column["description"], f"{model['name']}.{column['name']}"


def test_core_and_marts_enforce_a_contract(manifest: Node) -> None:
    for model in models(manifest, "core", "marts"):
        assert model["config"]["contract"]["enforced"], model["name"]


def test_every_test_of_several_models_names_one_that_it_reads_as_whose_check_it_is(manifest: Node) -> None:
    """Without that, or of another, Dagster shows no check: a test that fails would redden nothing."""
    for test in (node for node in manifest["nodes"].values() if node["resource_type"] == "test"):
        read = {parent.split(".")[-1] for parent in test["depends_on"]["nodes"]}
        if test.get("attached_node") is None and len(read) > 1:
            assert test["config"]["meta"]["dagster"]["ref"]["name"] in read, test["name"]


def test_access_is_public_for_marts_and_private_before_core(manifest: Node) -> None:
    for model in models(manifest, "marts"):
        assert model["access"] == "public", model["name"]
    for model in models(manifest, "staging", "intermediate"):
        assert model["access"] == "private", model["name"]


def test_every_measure_of_a_mart_declares_how_it_adds_up(manifest: Node) -> None:
    grains = {node["attached_node"]: node["test_metadata"]["kwargs"]["columns"] for node in grain_tests(manifest)}
    for model in models(manifest, "marts"):
        for column in model["columns"].values():
            is_number = column["data_type"] == "bigint" or column["data_type"].startswith("numeric")
            if not is_number or column["name"] in grains[model["unique_id"]]:
                continue
            meta = column["config"]["meta"]
            assert meta.get("additivity") in ADDITIVITY, f"{model['name']}.{column['name']}"
            if meta["additivity"] == "ratio":
                assert {meta["numerator"], meta["denominator"]} <= set(model["columns"]), column["name"]


def test_descriptions_say_how_a_number_adds_up(manifest: Node) -> None:
    """Whoever shows them: the copy for BI tools, comments on servers, documentation."""
    for model in models(manifest, "marts"):
        for column in model["columns"].values():
            if meta := column["config"]["meta"]:
                quotient = (meta["numerator"], meta["denominator"]) if meta["additivity"] == "ratio" else None
                told = told_with_additivity("", meta.get("unit"), meta["additivity"], quotient)
                assert column["description"].endswith(f" {told}"), f"{model['name']}.{column['name']}"


def test_names_beside_ids_are_found_by_what_is_unique(manifest: Node) -> None:
    unique = {test["attached_node"]: test["test_metadata"]["kwargs"]["columns"] for test in grain_tests(manifest)}
    for ids, named in TABLES.items():
        dimension = manifest["nodes"][f"model.crm_warehouse.{named.of}"]
        assert {*named.by} == {*unique[dimension["unique_id"]]}, ids
        assert dimension["columns"][named.name]["description"], ids


def test_build_is_complete_only_after_every_incremental_model(manifest: Node) -> None:
    """What `int_<system>__built` does not wait for may fail, and is not made up for by the next build."""
    parents = {name: set(above) for name, above in manifest["parent_map"].items()}

    def ancestors(name: str) -> set[str]:
        found: set[str] = set()
        left = [name]
        while left:
            above = parents.get(left.pop(), set()) - found
            found |= above
            left += above
        return found

    for model in models(manifest):
        if model["config"]["materialized"] == "incremental":
            built = f"model.crm_warehouse.int_{model['tags'][0]}__built"
            assert model["unique_id"] in ancestors(built), model["name"]


def test_every_mart_tests_its_grain(manifest: Node) -> None:
    tested = {node["attached_node"] for node in grain_tests(manifest)}
    for model in models(manifest, "core", "marts"):
        assert model["unique_id"] in tested, model["name"]


def test_every_periodic_mart_exists_at_three_grains_with_the_same_columns(manifest: Node) -> None:
    columns = {model["name"]: list(model["columns"]) for model in models(manifest, "marts")}
    periodic = {name.removesuffix("_daily") for name in columns if name.endswith("_daily")}
    assert periodic
    for name in periodic:
        assert columns[f"{name}_daily"] == columns[f"{name}_weekly"] == columns[f"{name}_monthly"]
        assert "tenant_key" in columns[f"{name}_daily"]
        assert {"period_start_date", "period_end_date", "is_complete"} <= set(columns[f"{name}_daily"])


def test_personal_data_stays_in_raw(manifest: Node) -> None:
    """What the catalogue declares personal is no column of any model by that name, unless it is shown."""
    from ingestion.catalogue.catalogue_file import load_catalogue
    from ingestion.settings import Settings

    catalogue = load_catalogue(Settings().ingestion_catalogue)
    for model in models(manifest):
        for source, tables in catalogue.items():
            if source in model["tags"]:
                personal = {c for entry in tables.values() for c, told in entry.personal.items() if not told.show}
                # A name is personal for a person's table only; tenants and outlets have names too.
                assert not (personal - {"name"}) & set(model["columns"]), model["name"]


def test_every_engine_macro_has_an_implementation_for_every_engine() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((PROJECT / "macros").rglob("*.sql"))}
    macros = {name for text in sources.values() for name in re.findall(r"{%-? macro (\w+)\(", text)}
    dispatched = {name for text in sources.values() for name in re.findall(r"adapter\.dispatch\('(\w+)'\)", text)}
    assert dispatched
    missing = [
        f"{engine}__{name}"
        for name in sorted(dispatched)
        for engine in ENGINES
        if not {f"{engine}__{name}", f"default__{name}"} & macros
    ]
    assert missing == []


def test_functions_that_differ_by_engine_are_called_by_engine_macros_only() -> None:
    """Their names: see macros/engine/text_values.sql. Text is trimmed and put in lower case differently by engines.

    And of every schema BigQuery's emulator says that it is there: has_schema asks otherwise.
    """
    places = [
        *(PROJECT / "models").rglob("*.sql"),
        *(PROJECT / "tests").rglob("*.sql"),
        *(PROJECT / "macros").rglob("*"),
    ]
    for path in places:
        if path.suffix == ".sql" and path.parent.name != "engine":
            found = re.findall(
                r"\b(?:lower|upper|trim|btrim|date_diff|list_\w+|try_cast|quantile_\w+|check_schema_exists)\(",
                path.read_text(),
            )
            assert not found, f"{path.relative_to(PROJECT)}: {found}"


def test_names_of_unit_tests_are_no_longer_than_postgresql_allows(manifest: Node) -> None:
    """dbt makes a relation by the name of each."""
    assert [test["name"] for test in manifest["unit_tests"].values() if len(test["name"]) > 63] == []
