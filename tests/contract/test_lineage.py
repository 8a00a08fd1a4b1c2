"""Where lineage ends: exposures and metrics agree with what is published, asked and declared."""

import re

from contract.test_dbt_project import Node, models

from exports.catalogue import load_exports
from ingestion.settings import PROJECT_ROOT, SOURCES, Settings

SYSTEMS = (*SOURCES, "cross_source")


def used(manifest: Node, exposure: Node) -> set[str]:
    return {manifest["nodes"][node]["name"] for node in exposure["depends_on"]["nodes"]}


def exposures(manifest: Node) -> dict[str, Node]:
    return {exposure["name"]: exposure for exposure in manifest["exposures"].values()}


def at_any_grain(mart: str) -> str:
    return re.sub("_(daily|weekly|monthly)$", "", mart)


def test_every_mart_is_exported_or_answers_a_question_at_one_of_its_grains(manifest: Node) -> None:
    ends = (e for name, e in exposures(manifest).items() if not name.startswith("bi_copy_"))
    reached = {at_any_grain(mart) for exposure in ends for mart in used(manifest, exposure)}
    assert {at_any_grain(model["name"]) for model in models(manifest, "marts")} - reached == set()


def test_every_monthly_mart_is_exported(manifest: Node) -> None:
    exported = {export.mart for export in load_exports(Settings().exports_catalogue).values()}
    monthly = {model["name"] for model in models(manifest, "marts") if model["name"].endswith("_monthly")}
    assert monthly
    assert monthly - exported == set()


def test_every_question_is_answered_on_the_page_for_analysts_by_one_query_on_its_mart(manifest: Node) -> None:
    page = (PROJECT_ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
    sections = [section.split("\n", maxsplit=1) for section in page.split("\n### ")[1:]]
    answers = {title: re.findall(r"^from marts\.(\w+)$", text, flags=re.MULTILINE) for title, text in sections}
    questions = [e for e in manifest["exposures"].values() if e["type"] == "analysis"]
    assert answers == {question["label"]: [*used(manifest, question)] for question in questions}


def test_copy_for_bi_tools_is_told_to_hold_core_and_marts(manifest: Node) -> None:
    for system in SYSTEMS:
        expected = {m["name"] for m in models(manifest, "core", "marts") if system in m["tags"]}
        assert used(manifest, exposures(manifest)[f"bi_copy_{system}"]) == expected, system


def test_exports_are_told_as_their_catalogue_has_them(manifest: Node) -> None:
    catalogue = load_exports(Settings().exports_catalogue).values()
    for source in {export.source for export in catalogue}:
        expected = {export.mart for export in catalogue if export.source == source}
        system = "cross_source" if source == "all" else source
        assert used(manifest, exposures(manifest)[f"exports_{system}"]) == expected, system


def test_every_measure_aggregates_days_as_its_column_may_be(manifest: Node) -> None:
    for semantic_model in manifest["semantic_models"].values():
        [mart] = (manifest["nodes"][node] for node in semantic_model["depends_on"]["nodes"])
        for measure in semantic_model["measures"]:
            column = mart["columns"][measure["expr"] or measure["name"]]
            assert mart["name"].endswith("_daily"), semantic_model["name"]
            assert measure["agg"] == column["config"]["meta"]["additivity"] in ("sum", "max"), measure["name"]


def test_every_system_has_a_metric_and_every_metric_a_description(manifest: Node) -> None:
    for metric in manifest["metrics"].values():
        assert metric["description"], metric["name"]
        assert metric["label"], metric["name"]
    assert {metric["name"].split("_")[0] for metric in manifest["metrics"].values()} == set(SOURCES)
