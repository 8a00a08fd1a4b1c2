"""The same history of the sources on three engines: the same tables and files, cell by cell, after every run.

In what BigQuery's emulator differs is mended where it starts (emulator/start.py), so nothing is let pass here.
"""

import json
import os
import re
import shutil
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from analyzed_dbt import engine_of_raw, faults_of_run, faults_of_unit_tests
from bigquery import Bigquery
from canary import tables_of
from comparison import differences
from end_to_end.conftest import AS_OF, FirstRun, sample_place_in
from end_to_end.flawed import add_flawed_rows, correct_some
from end_to_end.people import REJECTED, places_allowed
from end_to_end.place import Place
from googlesql import GoogleSql
from oracle.check import disagreements_of_system
from oracle.data_quality import unaccounted
from parsed_project import ParsedProject
from postgresql import Server
from query_plans import spendthrifts
from tenants import Tenant, faults, relations

from ingestion import sample
from ingestion.rows.columns import ColumnType
from ingestion.settings import PROJECT_ROOT, SOURCES

pytestmark = pytest.mark.slow

PROJECT = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
PUBLIC = PROJECT["vars"]["public_tables"]
CLOSED = {"freshness", "llm_rates", "message_rates"}
"""Without a tenant, and not for all."""


@dataclass(frozen=True)
class Places:
    """One set of sources, a DuckDB file and two servers that are filled from it."""

    duckdb: Place
    servers: dict[str, Place]
    bigquery: Bigquery


@pytest.fixture(scope="module")
def places(
    first_run: FirstRun,
    parsed_project: ParsedProject,
    postgresql_server: Server,
    bigquery_service: Bigquery,
    tmp_path_factory: pytest.TempPathFactory,
) -> Places:
    """The sample on DuckDB as the first run left it; on servers nothing yet."""
    folder = tmp_path_factory.mktemp("duckdb") / "live"
    shutil.copytree(first_run.place.folder, folder)
    duckdb = sample_place_in(folder)
    parsed_project.moved_to(duckdb)
    servers = {}
    for engine, environment in {
        "postgresql": {"WAREHOUSE_URL": postgresql_server.new_database()},
        "bigquery": {"WAREHOUSE_URL": bigquery_service.new_database()} | bigquery_service.environment,
    }.items():
        place = sample_place_in(tmp_path_factory.mktemp(engine))
        urls = {k: v for k, v in duckdb.environment.items() if k.endswith("_DATABASE_URL")}
        place.environment |= urls | environment
        servers[engine] = place
    return Places(duckdb, servers, bigquery_service)


@pytest.fixture(scope="module")
def google(places: Places) -> GoogleSql:
    """Google's analyzer, with the raw tables of the warehouse on BigQuery."""
    prefix = places.servers["bigquery"].environment["WAREHOUSE_URL"].rpartition("/")[2]
    return engine_of_raw(prefix, ColumnType.INTEGER)


def run(place: Place) -> str:
    result = place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    return result.stdout


def run_untested(place: Place, *, is_judged: bool) -> None:
    """What a run does, package by package, but for the data tests: tables that are equal to tested ones pass them."""
    for step in (
        lambda: place.module("ingestion", "run"),
        lambda: place.dbt("run", has_artifacts=is_judged),
        lambda: place.module("exports", "run"),
    ):
        result = step()
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr


def assert_equal(
    places: Places, engine: str, monkeypatch: pytest.MonkeyPatch, schemas: tuple[str, ...] = ("marts",)
) -> None:
    """Tables and files are the same.

    After a first run marts are, for all others are in them, and stay to be looked at on the next day, when rows that
    did not change are still the first run's.
    """
    server = places.servers[engine]
    if engine == "bigquery":
        places.bigquery.reach_by(monkeypatch)
    one, other = places.duckdb.warehouse, server.warehouse
    assert len(one.tables(schemas)) > 20
    assert differences(one, other, schemas) == []
    assert exported(server)
    assert exported(server) == exported(places.duckdb)


def assert_reports_equal(places: Places, engine: str) -> None:
    """What the first run reported on DuckDB, reports of the other engine say too."""
    assert figures(places.duckdb)
    assert figures(places.servers[engine]) == figures(places.duckdb)


def exported(place: Place) -> dict[str, bytes]:
    """All files of exports but the one that tells when a warehouse met with what it left out."""
    folder = place.folder / "exports"
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*.csv")}
    assert files.pop("all/data_quality/data_quality.csv")
    return {name: path.read_bytes() for name, path in files.items()}


def others_of(places: Places, tenant: Tenant) -> list[tuple[object, ...]]:
    """Keys and names of other tenants."""
    sql = f"select tenant_key, tenant_name from core.dim_tenants where not ({tenant.own}) order by tenant_key"
    return [row for row in places.duckdb.rows(sql) if row[1] != "unknown"]


def figures(place: Place) -> dict[str, object]:
    """What reports show, by recipient and report."""
    folder = place.folder / "exports"
    return {
        f"{path.parent.relative_to(folder)}/{key}": (edition["revision"], edition["figures"])
        for path in folder.rglob("reports.json")
        for key, edition in json.loads(path.read_text(encoding="utf-8"))["editions"].items()
        if edition["figures"]
    }


def test_warehouse_moved_to_postgresql_reads_no_row_again(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    place = places.servers["postgresql"]
    # An archive belongs to one warehouse, and the DuckDB file goes on here: the server gets a copy.
    shutil.copytree(places.duckdb.folder / "archive", place.folder / "archive")
    result = place.module("ingestion", "rebuild", "--from-archive")
    assert result.returncode == 0, result.stderr
    run(place)
    appended = "select sum(rows_appended) as appended from raw_{}._state where table_name <> '_models'"
    assert [place.rows(appended.format(system)) for system in SOURCES] == [[(0,)]] * len(SOURCES)
    assert_equal(places, "postgresql", monkeypatch)
    assert_reports_equal(places, "postgresql")


def test_cost_of_models_on_postgresql_grows_as_their_rows_do(places: Places) -> None:
    environment = places.servers["postgresql"].environment
    target = Path(environment["DAGSTER_HOME"]) / "dbt"
    assert spendthrifts(environment["WAREHOUSE_URL"], target / "compiled" / "crm_warehouse" / "models") == {}


@pytest.fixture(scope="module")
def tenant(places: Places, postgresql_server: Server) -> Tenant:
    """A role that reads one tenant of each system, where the first run on PostgreSQL has ended."""
    url = places.servers["postgresql"].environment["WAREHOUSE_URL"]
    keys = places.duckdb.rows("select min(tenant_key) from core.dim_tenants group by source_kind")
    return Tenant(postgresql_server, url, "bi_tenant", *(str(key) for (key,) in keys))


def test_every_table_on_postgresql_has_its_policies_from_the_moment_that_it_is_there(places: Places) -> None:
    found = relations(places.servers["postgresql"].environment["WAREHOUSE_URL"])
    assert len(found) > 200
    assert faults(found, PUBLIC) == []


def test_tenant_on_postgresql_finds_out_nothing_of_others(tenant: Tenant, places: Places) -> None:
    others = others_of(places, tenant)
    # Not keys: one that ends with a number may be that of a customer, too.
    (other, _), names = others[0], {str(name) for _, name in others}
    for relation in relations(tenant.database):
        if relation.name in ("tenant_access", *CLOSED):
            continue
        assert set(tenant.found(relation).values()) == {tenant.owned(relation)}, relation.place
        if relation.has_tenant:
            assert tenant.leaks(relation, str(other), names) == {}, relation.place


def test_first_run_on_bigquery_gives_what_it_gives_on_duckdb(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    run(places.servers["bigquery"])
    assert_equal(places, "bigquery", monkeypatch)
    assert_reports_equal(places, "bigquery")


def test_first_run_is_taken_by_googles_analyzer(places: Places, google: GoogleSql) -> None:
    target = Path(places.servers["bigquery"].environment["DAGSTER_HOME"]) / "dbt"
    assert faults_of_run(google, target) == []


def test_run_without_changes_builds_nothing_and_says_so(places: Places) -> None:
    told = run(places.servers["bigquery"])
    assert "nothing changed since they were last built; none was built" in told
    assert "the warehouse itself, schemas core, marts and reporting" in told


def test_next_day_and_every_kind_of_flaw_reach_duckdb(places: Places) -> None:
    """No value that a source may hold stops a model, and every row of it is in the numbers or counted."""
    sample.advance(places.duckdb.folder / "sample")
    add_flawed_rows(places.duckdb.folder / "sample")
    assert "none was built" not in run(places.duckdb)
    rules = places.duckdb.rows("select distinct rule from marts.data_quality order by rule")
    assert [rule for (rule,) in rules] == [
        "implausible_amount",
        "implausible_instant",
        "interaction_of_another_organization",
        "malformed_json",
        "orphan",
        "rejected",
        "stored_total_differs",
        "unknown_currency",
        "unprocessed",
        "unusable_segment",
        "value_set_aside",
    ]


@pytest.mark.parametrize("engine", ["postgresql", "bigquery"])
def test_next_day_gives_what_it_gives_on_duckdb(
    engine: str, places: Places, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [r for r in relations(tenant.database) if r.has_tenant and r.name not in ("tenant_access", *CLOSED)]
    with tenant.asking(asked) if engine == "postgresql" else nullcontext() as watch:
        run_untested(places.servers[engine], is_judged=engine == "bigquery")
    assert_equal(places, engine, monkeypatch, ("staging", "core", "marts"))
    if watch:
        assert watch.faults == set()
        assert {relation.place for relation in asked} <= set(watch.answers)


def test_cost_of_an_incremental_build_on_postgresql_grows_as_its_rows_do(places: Places) -> None:
    place = places.servers["postgresql"]
    compiled = place.folder / "target" / "compiled" / "crm_warehouse" / "models"
    assert "_batch_seq > " in (compiled / "staging" / "whatsapp" / "stg_whatsapp__messages.sql").read_text("utf-8")
    assert spendthrifts(place.environment["WAREHOUSE_URL"], compiled) == {}


def test_people_are_nowhere_on_postgresql_but_where_the_catalogue_says(
    places: Places, postgresql_server: Server
) -> None:
    """After both days: in no table or view, and in nothing that the server, set up as in deploy/, has logged."""
    allowed = places_allowed()
    found = tables_of(places.servers["postgresql"].environment["WAREHOUSE_URL"], allowed)
    assert {person: wrong for person, tables in found.items() if (wrong := tables - allowed[person])} == {}
    # Rejected rows are not rebuilt of an archive: of each column there are others.
    assert {person[:-1] for person, tables in allowed.items() if tables and person != REJECTED} <= {
        person[:-1] for person in found
    }
    log = (postgresql_server.folder / "log").read_text(encoding="utf-8", errors="replace")
    assert "ready to accept connections" in log
    assert [person for person in allowed if person in log] == []


@pytest.mark.parametrize("system", SOURCES)
def test_oracle_agrees_on_flawed_rows(system: str, places: Places) -> None:
    assert disagreements_of_system(places.duckdb.warehouse, system, AS_OF) == []


def test_every_flaw_is_accounted_for(places: Places) -> None:
    with places.duckdb.warehouse.reader() as query:
        assert unaccounted(query) == []


def test_what_is_corrected_or_goes_wrong_later_is_told_anew(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests of data quality run in every build: it goes on adding up. What is published of it is not looked at."""
    (nothing := tmp_path / "nothing.yml").write_text("{}\n")
    for catalogue in ("EXPORTS_CATALOGUE", "REPORTS_CATALOGUE"):
        monkeypatch.setitem(places.duckdb.environment, catalogue, str(nothing))
    counted = (
        "select table_name, sum(row_count) from marts.data_quality"
        " where rule in ('rejected', 'value_set_aside') and source_system = 'consulting' group by 1"
    )
    before = dict(places.duckdb.rows(counted))
    correct_some(places.duckdb.folder / "sample")
    run(places.duckdb)
    after = dict(places.duckdb.rows(counted))
    assert after["leads"] < before["leads"]
    assert after["deals"] < before["deals"]
    assert after["accounts"] == before["accounts"] + 2
    assert after["event_outbox"] == before["event_outbox"]


def test_statements_of_an_incremental_build_on_bigquery_say_what_may_be_left_out(places: Places) -> None:
    """Partitions and blocks are left out by constants: what is billed follows the change (docs/warehouses.md)."""
    target = places.servers["bigquery"].folder / "target"
    sent = {path.stem: path.read_text() for path in (target / "run" / "crm_warehouse" / "models").rglob("*.sql")}
    queries = {path.stem: path.read_text() for path in (target / "compiled" / "crm_warehouse").rglob("*.sql")}
    replaced = {name for name, statement in sent.items() if "delete from" in statement}
    assert {"stg_whatsapp__messages", "fct_messages", "int_whatsapp__messages_measures", "fct_orders"} <= replaced
    for name in replaced:
        assert re.search(r"\band held\.\w+ in \((date )?['n\d]", sent[name]), name
    for name in replaced & {name for name in sent if name.startswith("stg_")}:
        assert len(re.findall(r"_batch_seq > [1-9]", queries[name])) == 2, name
    assert re.search(r"and conversation_id in \('", queries["fct_messages"])
    assert re.search(r"and message_date in \(date '", queries["int_whatsapp__messages_measures"])
    created = sent["conversations_daily"]
    assert "partition by date_trunc(period_start_date, month)" in created
    assert "cluster by tenant_key" in created


def test_next_day_is_taken_by_googles_analyzer(places: Places, google: GoogleSql) -> None:
    assert faults_of_run(google, places.servers["bigquery"].folder / "target", is_next=True) == []


# Short tests have them on DuckDB (test_analysts.py): what macros give is seen on each engine by themselves, and what
# models do in every cell that is compared here.
if "MODEL_HISTORIES" in os.environ:

    @pytest.mark.parametrize("engine", ["postgresql", "bigquery"])
    def test_unit_tests_of_models_pass(engine: str, places: Places) -> None:
        place = places.servers[engine]
        result = place.dbt("test", "--select", "test_type:unit", has_artifacts=engine == "bigquery")
        assert result.returncode == 0, result.stdout[-3000:]
        assert "WARN=0 ERROR=0" in result.stdout
        if engine == "bigquery":
            assert faults_of_unit_tests(place.folder / "target") == []
