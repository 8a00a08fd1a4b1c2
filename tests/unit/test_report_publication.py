"""Which reports are published for whom, over a warehouse of a few rows."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import page_reader
import pytest

from exports.periods import CADENCES, Period
from exports.reports import publish
from exports.reports.content import Report
from exports.reports.declaration import Declaration

DECLARED = {
    "guests": Declaration.model_validate(
        {"title": "Guests", "source": "restaurant", "sections": [{"trend": "visits.total_visits"}]}
    ),
    "management": Declaration.model_validate(
        {
            "title": "All",
            "source": "all",
            "recipients": "all",
            "sections": [
                {
                    "query": {"sql": "select 1 as n", "columns": {"n": {"label": "N", "form": "count"}}},
                    "title": "Numbers",
                }
            ],
        }
    ),
}


def told(report: Report) -> bytes:
    return repr(report).encode()


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """Two restaurants with visits in September and October, and forms that cost nothing."""
    monkeypatch.setattr(publish, "FORMS", {"html": ("Page", told)})
    with duckdb.connect() as connection:
        connection.execute("""
            create schema core;
            create schema marts;
            create table core.currencies (currency_code varchar, minor_units integer);
            create table core.dim_tenants as select * from (values
                ('restaurant:1', 'restaurant', 'Lamp', 'UTC'), ('restaurant:2', 'restaurant', 'Rug', 'America/New_York')
            ) as t (tenant_key, source_kind, tenant_name, timezone);
            create table marts.visits_monthly as
            select tenant_key, cast(day as date) as period_start_date, true as is_complete, 5 as total_visits
            from core.dim_tenants, unnest([date '2026-09-01', date '2026-10-01']) as t (day);
            create table marts.visits_weekly as
            select tenant_key, date '2026-10-19' as period_start_date, true as is_complete, 2 as total_visits
            from core.dim_tenants;
            create table marts.visits_trailing as
            select tenant_key, 7 as window_days, is_prior, date '2026-10-29' - if(is_prior, 7, 0) as period_start_date,
            if(is_prior, 4, 6) as total_visits
            from core.dim_tenants, unnest([false, true]) as t (is_prior);
            create table marts.visits_daily as
            select tenant_key, cast(day as date) as period_start_date, true as is_complete, 1 as total_visits
            from core.dim_tenants, unnest([date '2026-10-28', date '2026-11-02']) as t (day);
            create table marts.freshness (
                source_system varchar, relation_name varchar, kind varchar, newest_row_at timestamp
            );
            create table marts.kpis as
            select tenant_key, 'month' as grain, period_start_date, is_complete, 'visits' as metric, false as is_anomaly
            from marts.visits_monthly
            union all
            select tenant_key, 'week', period_start_date, is_complete, 'visits', false from marts.visits_weekly;
        """)
        yield connection


def run(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    names: tuple[str, ...] = ("guests",),
    now: str = "2026-11-05T12:00:00+00:00",
    wanted: str | None = None,
    declared: Mapping[str, Declaration] = DECLARED,
) -> list[publish.ReportResult]:
    settings = SimpleNamespace(exports=str(root), now=datetime.fromisoformat(now), readers_group="")
    return publish.publish(
        declared,
        dict.fromkeys(names, CADENCES),
        lambda sql: connection.sql(sql).to_arrow_table(),
        settings,  # type: ignore[arg-type]
        [Period.named(wanted)] if wanted else [],
    )


def pages(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.glob("**/*-*.html")}


def test_damaged_record_stops_its_recipient_only(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(warehouse, tmp_path)
    (tmp_path / "restaurant" / "1" / "reports" / "reports.json").write_text("{", encoding="utf-8")
    warehouse.execute("update marts.visits_monthly set total_visits = 6")
    [guests, management] = run(warehouse, tmp_path, ("guests", "management"))
    [fault] = guests.faults
    assert fault.startswith("restaurant/1/reports/reports.json is not what reports wrote")
    assert (guests.revised, management.made, management.faults) == (1, 1, [])
    assert "restaurant/2/reports/guests-2026-10-r2.html" in pages(tmp_path)
    assert "restaurant/1/reports/guests-2026-10-r2.html" not in pages(tmp_path)
    assert "guests-2026-10-r2.html" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_folder_that_can_not_be_used_stops_its_recipient_only(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "restaurant").mkdir()
    (tmp_path / "restaurant" / "1").write_text("no folder", encoding="utf-8")
    [guests, management] = run(warehouse, tmp_path, ("guests", "management"))
    assert (guests.made, management.made, management.faults) == (1, 1, [])
    assert len(guests.faults) == 1
    assert pages(tmp_path) == {"restaurant/2/reports/guests-2026-10.html", "all/reports/management-2026-10.html"}
    (tmp_path / "restaurant" / "1").unlink()
    [guests] = run(warehouse, tmp_path)
    assert (guests.made, guests.unchanged, guests.faults) == (1, 1, [])


def test_all_together_wait_for_whose_month_has_not_ended_where_they_are(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    october = "tenant_key = 'restaurant:2' and period_start_date = date '2026-10-01'"
    warehouse.execute(f"update marts.kpis set is_complete = false where grain = 'month' and {october}")
    # In New York it is still the evening of 31 October.
    run(warehouse, tmp_path, ("management",), now="2026-11-01T01:30:00+00:00")
    assert pages(tmp_path) == {"all/reports/management-2026-09.html"}
    # A day later it has been quiet for a month.
    run(warehouse, tmp_path, ("management",), now="2026-11-02T01:30:00+00:00")
    assert pages(tmp_path) == {"all/reports/management-2026-09.html", "all/reports/management-2026-10.html"}


def test_period_that_was_made_on_demand_is_looked_at_again_in_every_publication(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run(warehouse, tmp_path, wanted="2026-W43")
    assert pages(tmp_path) == {f"restaurant/{number}/reports/guests-2026-W43.html" for number in (1, 2)}
    warehouse.execute("update marts.visits_weekly set total_visits = 3 where tenant_key = 'restaurant:2'")
    [result] = run(warehouse, tmp_path)
    assert (result.made, result.unchanged, result.revised) == (2, 1, 1)
    assert "restaurant/2/reports/guests-2026-W43-r2.html" in pages(tmp_path)


@pytest.mark.parametrize("period", ["0001-01", "2026-08", "2026-11", "9999-12"])
def test_period_before_the_first_or_after_the_last_is_refused(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, period: str
) -> None:
    for result in run(warehouse, tmp_path, ("guests", "management"), wanted=period):
        assert result.faults == [f"{period} is no complete period of any recipient."]
    assert pages(tmp_path) == set()


def test_period_is_made_for_whom_it_is_there(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    september = "period_start_date = date '2026-09-01' and tenant_key = 'restaurant:1'"
    warehouse.execute(f"delete from marts.visits_monthly where {september}; delete from marts.kpis where {september}")
    [result] = run(warehouse, tmp_path, wanted="2026-09")
    assert (result.made, result.faults) == (1, [])
    # Of a system that is not there nothing is made, and nothing is wrong.
    warehouse.execute("delete from core.dim_tenants")
    [result] = run(warehouse, tmp_path, wanted="2026-09")
    assert (result.made, result.faults) == (0, [])


def test_recipients_of_one_name_are_listed_apart(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    warehouse.execute("update core.dim_tenants set tenant_name = 'Lamp'")
    run(warehouse, tmp_path)
    root = page_reader.read((tmp_path / "index.html").read_bytes())
    assert [heading.text for heading in root.all("h2")] == ["Lamp", "Lamp (2)"]
    links = [link.attributes["href"] for article in root.all("article") for link in article.all("a")]
    assert links == [f"restaurant/{number}/reports/guests-2026-10.html" for number in (1, 2)]
    assert root.all("details") == []


def test_braces_of_a_query_are_its_own(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sql = "select {'n': 7}['n'] as n, '{0}' as t where {last_day} = date '2026-10-31' and {first_day} < {last_day}"
    columns = {"n": {"label": "N", "form": "count"}, "t": {"label": "T"}}
    section = {"query": {"sql": sql, "columns": columns}, "title": "Numbers"}
    declared = {"title": "All", "source": "all", "recipients": "all", "sections": [section]}
    [result] = run(warehouse, tmp_path, ("braces",), declared={"braces": Declaration.model_validate(declared)})
    assert (result.made, result.faults) == (1, [])
    assert "value='{0}'" in (tmp_path / "all" / "reports" / "braces-2026-10.html").read_text(encoding="utf-8")


def test_what_can_not_be_told_as_declared_is_a_fault_of_its_report_only(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    section = {
        "query": {"sql": "select [1] as n", "columns": {"n": {"label": "N", "form": "count"}}},
        "title": "Numbers",
    }
    declared = {"title": "All", "source": "all", "recipients": "all", "sections": [section]}
    reports = {"lists": Declaration.model_validate(declared), **DECLARED}
    [lists, guests] = run(warehouse, tmp_path, ("lists", "guests"), declared=reports)
    assert lists.faults == ["n is no count but list: cast it in the query."]
    assert guests.made == 2


LATEST = Declaration.model_validate(
    {
        "title": "Guests, last 7 days",
        "source": "restaurant",
        "keeps": False,
        "trailing_days": 7,
        "sections": [{"headlines": ["visits.total_visits"]}, {"trend": "visits.total_visits"}],
    }
)


def test_window_is_one_edition_that_is_replaced(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    declared = {"latest": LATEST}
    [result] = run(warehouse, tmp_path, ("latest",), declared=declared)
    assert (result.made, result.unchanged, result.faults) == (2, 0, [])
    page = (tmp_path / "restaurant" / "1" / "reports" / "latest.html").read_text(encoding="utf-8")
    assert "7 days up to 4 November 2026" in page
    for shown in ("value=Cell(value=Decimal('6')", "prior=Cell(value=Decimal('4')", "Decimal('0.5')", "'2 Nov'"):
        assert shown in page
    assert "'28 Oct'" not in page
    # The clock goes on and nothing is built: not a byte is another.
    before = {path: path.read_bytes() for path in tmp_path.glob("**/*.*")}
    [result] = run(warehouse, tmp_path, ("latest",), now="2026-11-06T12:00:00+00:00", declared=declared)
    assert (result.made, result.unchanged) == (0, 2)
    assert {path: path.read_bytes() for path in tmp_path.glob("**/*.*")} == before
    # One has another day behind it, and the other has been quiet for two weeks.
    warehouse.execute("update marts.visits_trailing set period_start_date = period_start_date + 1")
    warehouse.execute("delete from marts.visits_trailing where tenant_key = 'restaurant:2'")
    [result] = run(warehouse, tmp_path, ("latest",), declared=declared)
    assert (result.made, result.unchanged, result.revised) == (1, 0, 0)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.glob("**/latest*")} == {
        "restaurant/1/reports/latest.html"
    }
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "7 days up to 5 November 2026" in index
    assert "restaurant/2" not in index


@pytest.mark.parametrize("recipients", ["each", "all"])
def test_of_a_system_without_tables_nothing_is_made_and_nothing_is_at_fault(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, recipients: str
) -> None:
    """It is not there, or was never built."""
    query = {"sql": "select count(*) as n from marts.costs_daily", "columns": {"n": {"label": "N", "form": "count"}}}
    headlines = {"headlines": ["conversations.total_conversations"]}
    sections = [headlines if recipients == "each" else {"query": query, "title": "Costs"}]
    told = {"title": "Talks", "source": "whatsapp", "recipients": recipients, "sections": sections}
    declared = {
        "talks": Declaration.model_validate(told),
        # What headlines are as of today, nobody can declare.
        "talks_now": Declaration.model_validate(
            told | {"keeps": False} | ({"trailing_days": 7} if recipients == "each" else {})
        ),
    }
    for result in run(warehouse, tmp_path, tuple(declared), declared=declared):
        assert (result.made, result.faults) == (0, [])


def test_who_is_quiet_in_the_last_days_is_told_beside_the_days_before(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    warehouse.execute("delete from marts.visits_trailing where not is_prior")
    run(warehouse, tmp_path, ("latest",), declared={"latest": LATEST})
    page = (tmp_path / "restaurant" / "1" / "reports" / "latest.html").read_text(encoding="utf-8")
    assert "7 days up to 4 November 2026" in page
    assert "prior=Cell(value=Decimal('4')" in page


def test_state_at_a_days_end_is_not_added_up_in_windows(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sections = [{"headlines": ["pipeline.open_deals"]}]
    told = {"title": "Open", "source": "consulting", "keeps": False, "trailing_days": 7, "sections": sections}
    warehouse.execute("insert into core.dim_tenants values ('consulting:default', 'consulting', 'All', 'UTC')")
    warehouse.execute(
        "create table marts.pipeline_trailing as select '' as tenant_key, 7 as window_days, false as is_prior,"
        " date '2026-10-29' as period_start_date"
    )
    [result] = run(warehouse, tmp_path, ("open",), declared={"open": Declaration.model_validate(told)})
    [fault] = result.faults
    assert fault.startswith("pipeline.open_deals tells how things stand at a day's end")
