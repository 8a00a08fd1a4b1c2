"""`make test-superset`: every chart of the dashboard shows what its mart says, from the copy and from PostgreSQL.

Not among the other tests: installing and starting Superset takes minutes.
"""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from end_to_end.conftest import FirstRun, first_run, sample_place_in
from parsed_project import ParsedProject
from postgresql import Server
from sqlalchemy import make_url
from superset.service import running_superset

from marts.bundle import FOLDER, write_archive

__all__ = ["first_run"]
_DIGITS = 9


@pytest.mark.parametrize("engine", ["duckdb", "postgresql"])
def test_charts_show_what_marts_say(
    engine: str, first_run: FirstRun, tmp_path: Path, postgresql_server: Server, parsed_project: ParsedProject
) -> None:
    place = first_run.place
    url = f"duckdb:///{place.folder / 'bi.duckdb'}"
    if engine == "postgresql":
        place = sample_place_in(parsed_project.place.folder)
        url = place.environment["WAREHOUSE_URL"] = postgresql_server.new_database()
        place.environment |= {"ARCHIVE_URL": str(tmp_path / "archive"), "EXPORTS_URL": str(tmp_path / "exports")}
        place.environment["DAGSTER_HOME"] = str(tmp_path / "dagster")
        (tmp_path / "dagster").mkdir()
        result = place.module("orchestration", "run")
        assert result.returncode == 0, result.stderr
    write_archive(make_url(url), tmp_path / "superset.zip")
    datasets = {
        entry["table_name"]: {metric["metric_name"]: metric["expression"] for metric in entry["metrics"]}
        for path in (FOLDER / "datasets").rglob("*.yaml")
        for entry in [yaml.safe_load(path.read_text(encoding="utf-8"))]
    }
    with running_superset(tmp_path) as superset:
        superset.import_dashboard(tmp_path / "superset.zip")
        [dashboard] = superset.ask("/dashboard/")["result"]
        charts = superset.ask(f"/dashboard/{dashboard['id']}/charts")["result"]
        assert len(charts) == len(list((FOLDER / "charts").iterdir()))
        for chart in charts:
            told = chart["form_data"]
            [metric], by = told["metrics"], told["groupby"]
            table = superset.ask(f"/dataset/{told['datasource'].partition('__')[0]}")["result"]["table_name"]
            expected = place.query(
                f"select {', '.join(by)}, cast({datasets[table][metric]} as double precision) as number "
                f"from reporting.{table} where is_complete "
                f"group by date_trunc('week', period_start_date), {', '.join(by)}"
            ).to_pylist()
            shown = superset.rows_of(chart)
            assert shown, chart["slice_name"]
            assert Counter((*(row[name] for name in by), _rounded(row[metric])) for row in shown) == Counter(
                (*(row[name] for name in by), _rounded(row["number"])) for row in expected
            ), chart["slice_name"]


def _rounded(number: object) -> float | None:
    return None if number is None else round(float(str(number)), _DIGITS)
