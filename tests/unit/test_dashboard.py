"""The dashboard for Superset: what is added up, and where the archive's database is."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT
from marts.bundle import FOLDER, stale_dashboard, write_archive
from marts.dashboard import files_of_dashboard
from marts.files import read_marts

MARTS = read_marts(PROJECT_ROOT / "dbt_project" / "models")
FILES = files_of_dashboard(MARTS, {"tenant_key": "tenant_name", "campaign_id": "campaign_name"})


def test_a_ratio_is_divided_after_its_parts_are_added_and_what_never_adds_up_is_no_metric() -> None:
    for name, (_, mart) in MARTS.items():
        dataset = FILES.get(f"datasets/warehouse/{name}_daily.yaml", {"metrics": []})
        for metric in dataset["metrics"]:
            column = metric["metric_name"]
            if quotient := mart.columns[column].quotient:
                assert metric["expression"] == "sum({}) / nullif(sum({}), 0)".format(*quotient)
                assert {mart.additivity(part) for part in quotient} == {"sum"}
            else:
                assert metric["expression"] == f"{mart.additivity(column)}({column})"
                assert mart.additivity(column) in ("sum", "max")
            assert metric["verbose_name"]
            assert column in metric["description"] or mart.columns[column].description in metric["description"]


def test_everything_that_is_shown_is_in_the_archive() -> None:
    of_kind = {
        kind: {entry["uuid"]: entry for path, entry in FILES.items() if path.startswith(f"{kind}/")}
        for kind in ("charts", "datasets", "databases")
    }
    [dashboard] = (entry for path, entry in FILES.items() if path.startswith("dashboards/"))
    places = {name: place for name, place in dashboard["position"].items() if isinstance(place, dict)}
    shown = [place["meta"] for place in places.values() if place["type"] == "CHART"]
    assert {meta["uuid"] for meta in shown} == set(of_kind["charts"])
    assert len({meta["chartId"] for meta in shown}) == len(shown)
    assert {child for place in places.values() for child in place.get("children", [])} == places.keys() - {
        "ROOT_ID", "GRID_ID", "HEADER_ID",
    }  # fmt: skip
    for chart in of_kind["charts"].values():
        dataset = of_kind["datasets"][chart["dataset_uuid"]]
        params = chart["params"]
        assert set(params["metrics"]) <= {metric["metric_name"] for metric in dataset["metrics"]}
        assert {*params["groupby"], params["x_axis"]} <= {column["column_name"] for column in dataset["columns"]}
        assert dataset["database_uuid"] in of_kind["databases"]


@pytest.mark.parametrize(
    ("url", "uri", "schema"),
    [
        ("duckdb:////data/bi.duckdb", "duckdb:////data/bi.duckdb?access_mode=read_only", "reporting"),
        ("postgresql://crm_bi:XXXXXXXXXX@host/crm", "postgresql://crm_bi:XXXXXXXXXX@host/crm", "reporting"),
        ("bigquery://project/crm?location=EU", "bigquery://project?location=EU", "crm_reporting"),
    ],
)
def test_archive_is_of_one_warehouse(tmp_path: Path, url: str, uri: str, schema: str) -> None:
    write_archive(make_url(url), tmp_path / "superset.zip")
    with zipfile.ZipFile(tmp_path / "superset.zip") as archive:
        entries: dict[str, Any] = {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}
    assert set(entries) == {f"crm_warehouse/{path.relative_to(FOLDER)}" for path in FOLDER.rglob("*.yaml")}
    assert entries["crm_warehouse/databases/warehouse.yaml"]["sqlalchemy_uri"] == uri
    assert {entry["schema"] for entry in entries.values() if "schema" in entry} == {schema}


def test_file_that_nothing_declares_is_stale(tmp_path: Path) -> None:
    for path, text in stale_dashboard(MARTS, tmp_path).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or "", encoding="utf-8")
    assert stale_dashboard(MARTS, tmp_path) == {}
    left = tmp_path / "charts" / "of_before.yaml"
    left.write_text("slice_name: Of before\n", encoding="utf-8")
    changed = tmp_path / "metadata.yaml"
    changed.write_text("", encoding="utf-8")
    stale = stale_dashboard(MARTS, tmp_path)
    assert stale.keys() == {left, changed}
    assert stale[left] is None
