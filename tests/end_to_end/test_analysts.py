"""What analysts are told, and what they may ask, on the sample as dbt by itself built it."""

import csv
import json
import shutil
import sys
from collections.abc import Sequence

import pytest
from end_to_end import analysts_page
from end_to_end.place import Place
from end_to_end.silent_columns import REASONS, silent_columns
from parsed_project import ParsedProject
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT
from orchestration.profile import variables

pytestmark = pytest.mark.slow


METRICFLOW = """
import json, sys
from dbt_metricflow.cli.main import cli

for command in json.loads(sys.argv[1]):
    try:
        cli(command)
    except SystemExit as ended:
        if ended.code:
            raise
"""
"""Its commands, one after the other: to import it takes longer than most of them."""


@pytest.fixture(scope="module")
def place(sample_place: Place) -> Place:
    """The sample at the page's instant."""
    sample_place.environment["AS_OF"] = analysts_page.AS_OF
    return sample_place


def test_dbt_builds_everything_alone_and_unit_tests_pass(place: Place) -> None:
    # Nothing new was extracted: what this build does is put the clock back. Data tests pass in runs.
    result = place.dbt("build", "--exclude-resource-type", "test")
    assert result.returncode == 0, result.stdout[-3000:]
    assert "WARN=0 ERROR=0" in result.stdout


def test_queries_of_the_page_for_analysts_give_what_it_shows(place: Place) -> None:
    for example in analysts_page.examples():
        result = place.query(example.sql)
        assert result.num_rows > 0, example.sql
        assert analysts_page.shown(result) == example.result, example.sql


def test_sample_shows_something_in_every_column(place: Place) -> None:
    with place.reading() as rows:
        assert silent_columns(rows) == []
    assert len(REASONS) <= 10, "reasons not to are few"


def test_metrics_asked_of_the_semantic_layer_are_those_of_the_marts(
    place: Place, parsed_project: ParsedProject
) -> None:
    pytest.importorskip("dbt_metricflow")
    # MetricFlow reads and writes in the project's own target folder, where dbt has parsed the project.
    project = place.folder / "dbt_project"
    shutil.copytree(PROJECT_ROOT / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(parsed_project.target, project / "target")
    place.environment |= variables(make_url(place.environment["WAREHOUSE_URL"]))

    def query(metrics: Sequence[str], *dimensions: str) -> list[str]:
        by, answer = ",".join(("metric_time__month", *dimensions)), place.folder / f"{metrics[0]}.csv"
        return ["query", "--metrics", ",".join(metrics), "--group-by", by, "--csv", str(answer)]

    def answered(metrics: Sequence[str]) -> list[tuple[object, ...]]:
        with (place.folder / f"{metrics[0]}.csv").open(encoding="utf-8", newline="") as file:
            return sorted(
                (row[0][:10], row[1], *(round(float(v), 6) if v else None for v in row[2:]))
                for row in list(csv.reader(file))[1:]
            )

    def rows(sql: str) -> list[tuple[object, ...]]:
        return sorted(
            (str(month), key, *(round(float(str(v)), 6) if v is not None else None for v in values))
            for month, key, *values in place.rows(sql)
        )

    measures = ("conversations", "resolution_rate", "handoff_rate", "costs_total_cost", "average_response_time_seconds")
    of_whatsapp = [f"whatsapp_{name}" for name in measures]
    of_shop = ["shop_sales_orders_created", "shop_net_amount", "shop_sales_average_order_value"]
    asked = (["validate-configs"], query(of_whatsapp, "tenant"), query(of_shop, "sales_row__currency_code"))
    result = place.run(sys.executable, "-c", METRICFLOW, json.dumps(asked), cwd=project)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert answered(of_whatsapp) == rows(
        "select period_start_date, tenant_key, total_conversations, resolution_rate, handoff_rate, total_cost,"
        " average_response_time_seconds from marts.tenant_summary_monthly"
        # A tenant's silence shows for longer than that of its outlets, which the metrics add up.
        " semi join marts.conversations_monthly using (tenant_key, period_start_date)"
    )
    assert answered(of_shop) == rows(
        "select period_start_date, currency_code, sum(orders_created), sum(net_amount),"
        " sum(gross_amount) / nullif(sum(orders_paid), 0) from marts.sales_monthly group by all"
    )
