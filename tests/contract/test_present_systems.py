"""The dbt project with some of the source systems: what is left belongs to them, and reads nothing else."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from parsed_project import TWO_SYSTEMS, parsed

from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.settings import PROJECT_ROOT, SOURCES
from orchestration.profile import vars_of

pytestmark = pytest.mark.slow

Node = dict[str, Any]
CATALOGUE = load_catalogue(PROJECT_ROOT / "ingestion" / "catalogue.yml")
SUBSETS = [("consulting",), TWO_SYSTEMS]
"""Read for other tests too. The first has models of all systems together that none of its own feed; that no system
reads another is seen in the whole project."""


def enabled(manifest: Node, kind: str) -> dict[str, Node]:
    """Nodes of a kind by unique name. dbt keeps tests of what is disabled, disabled."""
    places = {"exposure": "exposures", "metric": "metrics", "semantic_model": "semantic_models"}
    places |= {"unit_test": "unit_tests", "source": "sources"}
    nodes: dict[str, Node] = manifest[places.get(kind, "nodes")]
    return {u: n for u, n in nodes.items() if n["resource_type"] == kind and n["config"]["enabled"]}


@pytest.mark.parametrize("systems", SUBSETS, ids="-".join)
def test_some_systems_have_their_models_and_those_of_all_together(
    systems: tuple[str, ...], manifest: Node, shared_folder: Path
) -> None:
    some = parsed(shared_folder, systems).manifest
    tags = {*systems, "cross_source"}
    everything = {u for kind in ("model", "seed") for u, n in enabled(manifest, kind).items() if tags & set(n["tags"])}
    assert {u for kind in ("model", "seed") for u in enabled(some, kind)} == everything
    assert {n["source_name"] for n in enabled(some, "source").values()} == set(systems)
    for kind in ("exposure", "metric", "semantic_model"):
        of_folder = {u for u, n in enabled(manifest, kind).items() if Path(n["original_file_path"]).parts[2] in tags}
        assert set(enabled(some, kind)) == of_folder, kind
    there = everything | set(enabled(some, "source"))
    for kind in ("test", "unit_test"):
        found = enabled(some, kind)
        assert all(set(test["depends_on"]["nodes"]) <= there for test in found.values())
        # None is lost that reads nothing else, but for unit tests that give rows of several systems.
        for unique_id, test in enabled(manifest, kind).items():
            if kind == "test" or "cross_source" not in test["original_file_path"]:
                is_there = set(test["depends_on"]["nodes"]) <= there
                assert (unique_id in found) == is_there or _is_adapted(test), unique_id


def test_nothing_of_a_system_reads_another(manifest: Node) -> None:
    """So each of them can be there alone."""
    systems_of = {
        unique_id: set(node.get("tags", ())) & set(SOURCES) or {node.get("source_name")} & set(SOURCES)
        for kind in ("model", "seed", "source")
        for unique_id, node in enabled(manifest, kind).items()
    }
    seen = set()
    for kind in ("exposure", "metric", "semantic_model", "test", "unit_test"):
        for unique_id, node in enabled(manifest, kind).items():
            folder = {*Path(node["original_file_path"]).parts[1:3]} & set(SOURCES)
            for read in node["depends_on"]["nodes"]:
                if folder and (systems := systems_of.get(read)):
                    assert folder <= systems, f"{unique_id} reads {read}"
                    seen.add((kind, *folder))
    # Metrics read semantic models.
    assert seen == {
        (kind, system) for kind in ("exposure", "semantic_model", "test", "unit_test") for system in SOURCES
    }


def _is_adapted(test: Node) -> bool:
    """Whether it reads what there is of several systems."""
    return bool("feeding_sources(" in test["raw_code"])


def test_systems_that_there_are_not_are_named(tmp_path: Path) -> None:
    from dbt.cli.main import dbtRunner

    project = str(PROJECT_ROOT / "dbt_project")
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(tmp_path)]
    outcome = dbtRunner().invoke(
        ["parse", "--quiet", "--log-level-file", "none", *places, "--vars", "systems: [shop, shopp]"]
    )
    assert "It is a list of one or more of consulting, erp, restaurant, shop, whatsapp" in str(outcome.exception)


def test_without_the_variable_all_systems_are_there(manifest: Node) -> None:
    tags = {tag for node in enabled(manifest, "model").values() for tag in node["tags"]}
    assert tags == {*SOURCES, "cross_source"}
    told = vars_of({source: (source,) for source in SOURCES}, CATALOGUE)
    of_project = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert told == {"sources": {}, "shown": of_project["shown"]}


def test_where_no_source_feeds_a_model_dbt_is_told_of_no_system() -> None:
    """An empty list is none that it takes; raw is read all the same."""
    assert vars_of({"raw": ("desk",)}, CATALOGUE) == {"sources": {}, "shown": []}
