"""Several sources of every kind feed the same models: also those of all systems together give what each gives alone.

That sources come, go and fail, and that builds follow them, is for histories to say (test_incremental_models.py).
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from end_to_end.dbt_inside import Dbt
from oracle.check import disagreements_of_sources
from parsed_project import ParsedProject

from ingestion import sample
from ingestion.loading.progress import LogListener
from ingestion.loading.run import Ingestion
from ingestion.settings import SOURCES, Settings
from orchestration.profile import vars_of

AS_OF = datetime(2026, 9, 15, 6, tzinfo=UTC)


@pytest.mark.slow
def test_two_sources_of_each_kind_with_the_same_ids_give_what_each_gives_alone(
    tmp_path: Path, parsed_project: ParsedProject
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    sample.create(first, scale=0.05, seed=7, first_day=date(2026, 8, 25), last_day=date(2026, 9, 20))
    sample.create(second, scale=0.05, seed=11, first_day=date(2026, 8, 25), last_day=date(2026, 9, 12))
    others = {f"{kind}_b": {"kind": kind, "url": f"sqlite:///{second / kind}.sqlite"} for kind in SOURCES}
    (tmp_path / "sources.yml").write_text(yaml.safe_dump(others), encoding="utf-8")
    places = {
        "warehouse_url": f"duckdb:///{tmp_path / 'warehouse.duckdb'}",
        "archive_url": str(tmp_path / "archive"),
        "sources_file": tmp_path / "sources.yml",
    }
    urls = {f"{kind}_database_url": f"sqlite:///{first / kind}.sqlite" for kind in SOURCES}
    ingestion = Ingestion(Settings.model_validate(places | urls))
    assert ingestion.run(LogListener()).errors == []
    dbt = Dbt(tmp_path, ingestion.settings.warehouse, parsed_project)
    told = {"as_of": AS_OF.isoformat()}

    [refused] = dbt.faults("build", "--select", "tag:reference", told=told)
    assert "Raw has the source consulting_b" in refused
    assert "Run `python -m orchestration dbt build`" in refused

    told |= vars_of(ingestion.sources_of_kinds(), ingestion.catalogue)
    dbt.build(told=told)
    assert dbt.faults("test", "--select", "test_type:singular", told=told) == []
    for names in ({kind: kind for kind in SOURCES}, {kind: f"{kind}_b" for kind in SOURCES}):
        assert disagreements_of_sources(ingestion.warehouse, names, AS_OF) == []
