"""The main job from sources to exports, on the sample and on any SQLite file that is named."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml
from end_to_end.conftest import AS_OF, FirstRun
from end_to_end.place import Place
from oracle.check import disagreements
from oracle.sources import text
from parsed_project import TWO_SYSTEMS

from ingestion import sample
from ingestion.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

SAMPLE = "sample"
NAMED_FILES = [path for path in os.environ.get("WHATSAPP_TEST_SQLITE", "").split(os.pathsep) if path]
"""Absolute paths of SQLite files with the whatsapp source's tables: their totals are compared too."""


def source_totals(path: Path, rejected: dict[str, list[object]]) -> dict[str, object]:
    """Totals in plain SQL on the source, without rows that the warehouse says it rejected, or of implausible times."""
    with closing(sqlite3.connect(path)) as connection:

        def one(sql: str) -> object:
            return connection.execute(sql).fetchone()[0]

        connection.create_function("clean", 1, text, deterministic=True)
        for table, instant in (("conversations", "started_at"), ("messages", "timestamp")):
            connection.execute(f"create temp table rejected_{table} (id)")
            connection.executemany(f"insert into rejected_{table} values (?)", [(i,) for i in rejected.get(table, [])])
            connection.execute(
                f"create temp view good_{table} as"
                f" select * from main.{table} where id not in (select id from rejected_{table})"
                f" and {instant} >= '1990-01-02' and {instant} < '2099-12-31'"
            )
        sender = "lower(clean(sender_type))"
        tokens = """
            case when json_valid(metadata) and json_type(metadata, '$.tokens_used') = 'integer'
                and json_extract(metadata, '$.tokens_used') between 0 and 999999999999
                then json_extract(metadata, '$.tokens_used') end
        """
        return {
            "conversations": one("select count(*) from good_conversations"),
            "resolved": one("select count(*) from good_conversations where lower(clean(status)) = 'resolved'"),
            "messages": one("select count(*) from good_messages"),
            "customer": one(f"select count(*) from good_messages where {sender} = 'customer'"),
            "llm": one(f"select count(*) from good_messages where {sender} = 'llm'"),
            "agent": one(f"select count(*) from good_messages where {sender} = 'agent'"),
            "tokens": one(f"select coalesce(sum({tokens}), 0) from good_messages where {sender} = 'llm'"),
        }


def mart_totals(place: Place, grain: str) -> dict[str, object]:
    def sums(mart: str, *columns: str) -> tuple[object, ...]:
        selected = ", ".join(f"cast(coalesce(sum({c}), 0) as bigint)" for c in columns)
        [row] = place.rows(f"select {selected} from marts.{mart}_{grain}")
        return row

    conversations, resolved = sums("conversations", "total_conversations", "resolved_conversations")
    total, customer, llm, agent = sums(
        "messages", "total_messages", "customer_messages", "llm_messages", "agent_messages"
    )
    [tokens] = sums("costs", "total_tokens_used")
    return {
        "conversations": conversations,
        "resolved": resolved,
        "messages": total,
        "customer": customer,
        "llm": llm,
        "agent": agent,
        "tokens": tokens,
    }


def assert_totals_agree(place: Place, path: Path) -> None:
    rejected: dict[str, list[object]] = {}
    for table, key in place.rows(
        "select distinct table_name, row_key from raw_whatsapp._rejected where effect = 'row' and resolved_at is null"
    ):
        rejected.setdefault(str(table), []).append(json.loads(str(key))["id"])
    expected = source_totals(path, rejected)
    for grain in ("daily", "weekly", "monthly"):
        assert mart_totals(place, grain) == expected, grain
    [(conversations, messages, cost)] = place.rows(
        "select sum(total_conversations), sum(total_messages), sum(total_cost) from marts.tenant_summary"
    )
    assert (conversations, messages) == (expected["conversations"], expected["messages"])
    assert cost == Decimal(int(str(expected["tokens"]))) * Decimal("0.00000015") + Decimal(
        int(str(expected["messages"]))
    ) * Decimal("0.01")


@pytest.mark.parametrize("file", [SAMPLE, *NAMED_FILES])
def test_first_run_builds_everything_and_its_totals_agree_with_the_source(
    file: str, first_run: FirstRun, tmp_path: Path
) -> None:
    place, result = first_run.place, first_run.result
    if file != SAMPLE:
        place = Place(tmp_path, {"whatsapp": f"sqlite:///{file}"})
        result = place.module("orchestration", "run")
    assert result.returncode == 0, result.stderr
    assert "whatsapp.messages" in result.stdout
    assert "passed" in result.stdout
    assert "Exports" in result.stdout
    assert "make ui" in result.stdout
    assert_totals_agree(place, place.folder / "sample" / "whatsapp.sqlite" if file == SAMPLE else Path(file))


def test_first_run_tells_what_is_left_out_and_the_response_times_of_the_last_month(first_run: FirstRun) -> None:
    [(rows, values)] = first_run.place.rows(
        "select sum(row_count) filter (effect = 'row'), sum(row_count) filter (effect = 'value')"
        " from marts.data_quality"
    )
    assert 0 < rows < values  # type: ignore[operator]
    [(tenant, anyone, agents)] = first_run.place.rows(
        "select tenant_name, p50_response_seconds, p50_agent_response_seconds from marts.tenant_summary_monthly"
        " where period_start_date = date '2026-10-01' order by total_conversations desc, tenant_key limit 1"
    )
    told = " ".join(first_run.result.stdout.split())
    assert f"Left out {rows:,} rows and {values:,} values (which and why: marts.data_quality)" in told
    assert f"{tenant}, October 2026 conversations" in told
    assert f"median response time {anyone:,.1f} seconds median response time of agents {agents:,.1f} seconds" in told


def test_every_mart_is_what_the_oracle_makes_of_the_sources(sample_place: Place) -> None:
    assert disagreements(sample_place.warehouse, sample_place.folder / "sample", AS_OF) == []


def test_every_source_row_is_in_raw_or_in_rejected(sample_place: Place) -> None:
    for source in sample.SOURCES:
        file = sample_place.folder / "sample" / f"{source}.sqlite"
        with closing(sqlite3.connect(file)) as connection, sample_place.reading() as rows:
            names = [n for (n,) in connection.execute("select name from sqlite_master where type = 'table'")]
            for table in names:
                [(in_source,)] = connection.execute(f"select count(*) from {table}").fetchall()
                [(live,)] = rows(
                    f"select count(*) from (from raw_{source}.{table} qualify row_number()"
                    " over (partition by id order by _batch_seq desc) = 1) where _op = 'upsert'"
                )
                [(kept_out,)] = rows(
                    f"select count(distinct row_key) from raw_{source}._rejected where table_name = '{table}'"
                    " and effect = 'row' and resolved_at is null"
                )
                assert live + kept_out == in_source, f"{source}.{table}"  # type: ignore[operator]


def test_copy_for_bi_tools_holds_the_marts_and_no_personal_data(sample_place: Place) -> None:
    with duckdb.connect(sample_place.folder / "bi.duckdb", read_only=True) as copy:
        schemas = {
            schema
            for (schema,) in copy.execute("select distinct table_schema from information_schema.tables").fetchall()
        }
        assert schemas == {"core", "marts", "reporting"}
        published = "('core', 'marts', 'reporting')"
        copied = copy.execute("from marts.conversations_daily order by all").fetchall()
        # What a BI tool shows of each table and column.
        for kind in ("duckdb_tables()", "duckdb_columns()"):
            untold = f"select count(*) filter (coalesce(comment, '') = ''), count(*) > 100 from {kind}"
            assert copy.execute(f"{untold} where schema_name in {published}").fetchall() == [(0, True)]
        assert copy.execute(
            "select list(view_name order by view_name) = (select list(table_name order by table_name) from"
            " duckdb_tables() where schema_name = 'marts') from duckdb_views() where schema_name = 'reporting'"
        ).fetchall() == [(True,)]
    assert copied == [tuple(row) for row in sample_place.rows("from marts.conversations_daily order by all")]
    assert not (sample_place.folder / "bi.duckdb.wal").exists()
    # A reader that holds the copy open hinders no run: the next test replaces it.


def test_copy_of_a_tenant_holds_its_rows_and_what_is_for_everybody(sample_place: Place) -> None:
    file, own = sample_place.folder / "tenant.duckdb", "tenant_key = 'restaurant:1'"
    result = sample_place.module("orchestration", "copy", "--tenant", "restaurant:1", str(file))
    assert result.returncode == 0, result.stderr
    with duckdb.connect(file, read_only=True) as copy, sample_place.reading() as rows:
        tables = rows(
            "select table_schema || '.' || table_name from information_schema.columns where"
            " column_name = 'tenant_key' and table_schema in ('core', 'marts') order by all"
        )
        for (table,) in tables:
            assert copy.execute(f"from {table} order by all").fetchall() == rows(
                f"from {table} where {own} order by all"
            )
        others = copy.execute(
            "select table_name from duckdb_tables() where schema_name || '.' || table_name not in"
            f" {tuple(table for (table,) in tables)} order by all"
        ).fetchall()
        project = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
        assert {name for (name,) in others} == set(project["vars"]["public_tables"])
        named = "select distinct tenant_name from reporting.visits_daily"
        assert copy.execute(named).fetchall() == rows(f"{named} where {own}")
    result = sample_place.module("orchestration", "copy", "--tenant", "restaurant:none", str(file))
    assert (result.returncode, result.stderr) == (1, "error: core.dim_tenants has no tenant restaurant:none.\n")


def test_what_a_run_writes_is_its_owners_alone(first_run: FirstRun) -> None:
    """Dagster's and dbt's files too. What the test itself made is as it was made."""
    folder = first_run.place.folder
    own = {folder / "sample", folder / "exports.yml"}
    readable = [
        path
        for path in folder.rglob("*")
        if not own & {path, *path.parents} and path.stat().st_mode & 0o077 and "exports.yml" not in path.name
    ]
    assert readable == []
    assert {"warehouse.duckdb", "bi.duckdb", "archive", "exports", "dagster"} <= {p.name for p in folder.iterdir()}


def test_run_records_how_fresh_everything_is(sample_place: Place) -> None:
    told = {
        (str(schema), str(name)): (rows, newest, built)
        for schema, name, rows, newest, built in sample_place.rows(
            "select relation_schema, relation_name, row_count, newest_row_at, last_built_at from marts.freshness"
            " where kind <> 'system'"
        )
    }
    marts = sample_place.rows(
        "select table_name from information_schema.tables where table_schema = 'marts' and table_name <> 'freshness'"
    )
    assert {name for schema, name in told if schema == "marts"} == {name for (name,) in marts}
    with sample_place.reading() as read:
        for (schema, name), (rows, newest, built) in told.items():
            counted, of_raw = "count(*)", schema.startswith("raw_")
            if of_raw:
                system = schema.removeprefix("raw_")
                counted = f"(select count(*) from staging.stg_{system}__{name}), max(_loaded_at)"
            [found] = read(f"select {counted} from {schema}.{name}")
            assert found == ((rows, newest) if of_raw else (rows,)), f"{schema}.{name}"
            assert newest <= built  # type: ignore[operator]
    with duckdb.connect(sample_place.folder / "bi.duckdb", read_only=True) as copy:
        [(copied,)] = copy.execute("select count(*) from marts.freshness where kind <> 'system'").fetchall()
    assert copied == len(told)


def lines_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_health_judges_all_sources_marts_and_counts(sample_place: Place) -> None:
    result = sample_place.module("orchestration", "health", "--json")
    health = json.loads(result.stdout)
    checks = {check["name"]: check for check in health["checks"]}
    assert {*sample.SOURCES, "marts", "counts", "runs"} <= set(checks)
    # All is built for a day that is weeks after the last one of the sources: they send nothing, and nothing is judged
    # of days whose rows can't be there.
    assert (result.returncode, health["grade"]) == (2, "critical"), result.stderr
    frozen = [finding["subject"] for finding in health["findings"] if finding["kind"] == "stale"]
    assert sorted(frozen) == sorted(sample.SOURCES)
    assert checks["marts"]["grade"] == checks["runs"]["grade"] == "well"
    assert max(re.findall(r"2026-\d\d-\d\d", checks["counts"]["told"])) <= "2026-10-31"


def test_exports_hold_complete_periods_and_match_their_manifest(sample_place: Place) -> None:
    for export, recipients in {"costs_monthly": 1, "costs_monthly_by_tenant": 2}.items():
        manifests = list((sample_place.folder / "exports").rglob(f"{export}/manifest.json"))
        assert len(manifests) >= recipients
        total = Decimal(0)
        for path in manifests:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            assert manifest["files"]
            for name, entry in manifest["files"].items():
                content = (path.parent / name).read_bytes()
                assert hashlib.sha256(content).hexdigest() == entry["sha256"]
                lines = lines_of(content)
                assert len(lines) == entry["rows"]
                assert {line["is_complete"] for line in lines} == {"true"}
                assert {line["tenant_key"] for line in lines} == {manifest["tenant_key"]} or recipients == 1
                total += sum((Decimal(line["total_cost"]) for line in lines), Decimal(0))
        assert [(total,)] == sample_place.rows("select sum(total_cost) from marts.costs_monthly where is_complete")


def test_names_stand_beside_ids_in_what_is_exported_by_default(sample_place: Place) -> None:
    content = (sample_place.folder / "exports/all/conversations_monthly/conversations_monthly.csv").read_bytes()
    told = {
        (line["tenant_key"], line["outlet_id"]): (line["tenant_name"], line["outlet_name"])
        for line in lines_of(content)
    }
    named = sample_place.rows(
        "select tenant_key, outlet_id, tenant_name, outlet_name"
        " from core.dim_outlets inner join core.dim_tenants using (tenant_key)"
        " where regexp_matches(tenant_name, '^[A-Z][a-z]') and regexp_matches(outlet_name, '^[A-Z][a-z]+$')"
    )
    shared = [(names, told[tenant, outlet]) for tenant, outlet, *names in named if (tenant, outlet) in told]
    assert shared
    assert all(tuple(names) == found for names, found in shared)


def test_day_later_only_the_change_is_read_and_everything_agrees(first_run: FirstRun, sample_place: Place) -> None:
    """A day of two systems and of what is made of all: the others' are lived in test_servers.py, with flaws."""
    directory = sample_place.folder / "sample"
    reader = duckdb.connect(sample_place.folder / "bi.duckdb", read_only=True)
    try:
        sample.advance(directory)
        for source in {*sample.SOURCES} - {*TWO_SYSTEMS}:
            shutil.copy(first_run.place.folder / "sample" / f"{source}.sqlite", directory)
        result = sample_place.module("orchestration", "run")
    finally:
        reader.close()
    assert result.returncode == 0, result.stderr
    built = re.findall(r"to build of (.*)", result.stderr)
    assert [sorted(one.split(", ")) for one in built] == [sorted(TWO_SYSTEMS), ["cross_source"]]
    assert_totals_agree(sample_place, directory / "whatsapp.sqlite")
    [(read, appended, deleted)] = sample_place.rows(
        "select rows_read, rows_appended, rows_deleted from raw_whatsapp._state where table_name = 'messages'"
    )
    [(total,)] = sample_place.rows("select count(*) from core.fct_messages")
    assert 0 < appended <= read < total / 5  # type: ignore[operator]
    assert deleted > 0  # type: ignore[operator]
    assert disagreements(sample_place.warehouse, directory, AS_OF) == []
