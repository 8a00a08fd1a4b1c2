"""The dbt project with some of the source systems: what is left belongs to them, and reads nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.settings import PROJECT_ROOT, SOURCES
from orchestration.profile import vars_of

Node = dict[str, Any]
# To read the project takes many seconds. The first has models of all systems together that none of its own feed.
OTHERS = ("restaurant", "erp"), ("erp",), ("restaurant",), ("shop",), ("whatsapp",)
SUBSETS = [("consulting",), *(pytest.param(systems, marks=pytest.mark.slow) for systems in OTHERS)]


def parsed(folder: Path, *options: str) -> Node:
    """The manifest, without a warning."""
    from dbt.cli.main import dbtRunner

    project = str(PROJECT_ROOT / "dbt_project")
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(folder)]
    outcome = dbtRunner().invoke(["--warn-error", "parse", "--quiet", "--log-level-file", "none", *places, *options])
    if not outcome.success:
        raise ValueError(str(outcome.exception))
    content: Node = json.loads((folder / "manifest.json").read_bytes())
    return content


def enabled(manifest: Node, kind: str) -> dict[str, Node]:
    """Nodes of a kind by unique name. dbt keeps tests of what is disabled, disabled."""
    places = {"exposure": "exposures", "metric": "metrics", "semantic_model": "semantic_models"}
    places |= {"unit_test": "unit_tests", "source": "sources"}
    nodes: dict[str, Node] = manifest[places.get(kind, "nodes")]
    return {u: n for u, n in nodes.items() if n["resource_type"] == kind and n["config"]["enabled"]}


@pytest.mark.parametrize("systems", SUBSETS, ids="-".join)
def test_some_systems_have_their_models_and_those_of_all_together(
    systems: tuple[str, ...], manifest: Node, tmp_path: Path
) -> None:
    some = parsed(tmp_path, "--vars", json.dumps(vars_of(systems)))
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


def _is_adapted(test: Node) -> bool:
    """Whether it reads what there is of several systems."""
    return bool("var('systems')" in test["raw_code"])


def test_systems_that_there_are_not_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="It is a list of one or more of consulting, erp, restaurant, shop, whatsapp"):
        parsed(tmp_path, "--vars", "systems: [shop, shopp]")


def test_without_the_variable_all_systems_are_there(manifest: Node) -> None:
    tags = {tag for node in enabled(manifest, "model").values() for tag in node["tags"]}
    assert tags == {*SOURCES, "cross_source"}
    assert vars_of(SOURCES) == {}
