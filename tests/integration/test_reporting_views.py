"""Views of marts with names beside ids, and descriptions where BI tools look, on three engines.

A small dbt project with this one's macros and settings: what is made after each model, and at a build's end.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import psycopg2
import pyarrow as pa
import pytest
from engine_macros import compiled
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from googlesql import GoogleSql
from sqlalchemy import make_url

from exports.names import Names
from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses import Warehouse, open_warehouse
from orchestration import dbt_internals
from orchestration.profile import variables

pytestmark = pytest.mark.slow

Row = tuple[str | None, ...]

TENANTS: list[Row] = [("shop:1", "Harbour"), ("shop:2", None), ("shop:3", "3"), ("shop:4", ""), ("shop:unknown", None)]
PRODUCTS: list[Row] = [
    ("shop:1", "7", "Bread"),
    ("shop:2", "7", "It's good"),
    ("shop:1", "8", "8"),
    ("shop:1", "é", ""),
]
SOLD: list[Row] = [
    *((tenant, product) for tenant in ("shop:1", "shop:2", "shop:9") for product in ("7", "8", "é", "unknown", None)),
    *((tenant, "7") for tenant in ("shop:3", "shop:4", "shop:unknown", "shop:o'clock")),
]


def _rows(columns: Sequence[str], rows: Sequence[Row], more: str = "") -> str:
    def literal(value: str | None) -> str:
        text = f"'{{{{ dbt.escape_single_quotes({json.dumps(value)}) }}}}'"
        return "cast(null as {{ dbt.type_string() }})" if value is None else text

    return "\nunion all\n".join(
        f"select {', '.join(f'{literal(v)} as {c}' for c, v in zip(columns, row, strict=True))}{more}" for row in rows
    )


MODELS = {
    "core/cross_source/dim_tenants": _rows(["tenant_key", "tenant_name"], TENANTS).replace(
        '"Harbour"', 'env_var("CALLED", "Harbour")'
    ),
    "core/shop/dim_products": _rows(["tenant_key", "product_id", "product_name"], PRODUCTS),
    "intermediate/shop/int_shop__build": "select cast(1 as bigint) as from_batch_seq",
    "intermediate/shop/int_shop__changed_tenants": "select 'shop:none' as tenant_key",
    "intermediate/shop/int_shop__sold_measures": "{#- Written by `python -m marts write`, from sold.mart.yml. -#}\n"
    "{{ config(materialized='incremental', unique_key='one') }} select 1 as one",
    "intermediate/shop/int_shop__kept_measures": "select 1 as one",
    "marts/shop/sold": _rows(["tenant_key", "product_id"], SOLD, ", cast(2 as bigint) as {{ adapter.quote('left') }}"),
    "marts/shop/sold_by_name": "select tenant_key, product_id, product_name from {{ ref('dim_products') }}",
    "marts/shop/held": """
        {{ config(materialized='incremental', unique_key='tenant_key', meta={'changed': 'int_shop__changed_tenants'}) }}
        -- depends_on: {{ ref('int_shop__changed_tenants') }}, {{ ref('int_shop__build') }}
        select 'shop:1' as tenant_key from (select 1 as one) as one {% if is_incremental() %} where one > 1 {% endif %}
    """,
    "custom/mine": """
        select 'shop:2' as tenant_key, 1 as {{ adapter.quote('a' if target.type == 'bigquery' else 'a, net') }}
        {% if env_var('MORE', '') %}, 2 as b {% endif %}
    """,
    "custom/own_view": "{{ config(schema='reporting', materialized='view') }} select 4 as four",
    "custom/mart_that_goes": """
        {{ config(pre_hook='drop table ' ~ placed('marts', 'held') ~ ' cascade' * (target.type == 'postgres')) }}
        select 5 as five -- as {{ ref('own_view') }} stays
    """,
    "custom/own_table": "{{ config(schema='reporting') }} select 1 as one",
    "custom/in_its_place": "{{ config(schema='reporting', alias='displaced') }} select 2 as two",
    "custom/displaced": "select 3 as three -- while {{ ref('in_its_place') }} has the place of its view",
    "custom/meanwhile": "select * from {{ placed('reporting', 'held') }} -- as {{ ref('dim_tenants') }} was replaced",
}
COLUMNS = {
    "core.dim_tenants": ["tenant_key", "tenant_name"],
    "core.dim_products": ["tenant_key", "product_id", "product_name"],
    "marts.sold": ["tenant_key", "product_id", "left"],
    "marts.sold_by_name": ["tenant_key", "product_id", "product_name"],
    "marts.held": ["tenant_key"],
}
OF_POSTGRESQL = """
    select concat_ws('.', nspname, relname, attname) as place, description as told
    from pg_description
    join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass
    join pg_namespace on pg_namespace.oid = relnamespace
    left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
    where nspname in ('core', 'marts', 'reporting')
"""


class Project:
    """The small project, and a warehouse to build it in."""

    def __init__(
        self,
        folder: Path,
        url: str,
        models: Mapping[str, str] = MODELS,
        columns: Mapping[str, Sequence[str]] = COLUMNS,
    ) -> None:
        self.url = make_url(url)
        self.warehouse: Warehouse = open_warehouse(self.url, 60)
        self._folder = folder / "project"
        for name, sql in models.items():
            self.add(name, sql)
        for name in ("dbt_project.yml", "profiles.yml", "macros", "models/groups.yml"):
            (self._folder / name).symlink_to(PROJECT_ROOT / "dbt_project" / name)
        self._columns = dict(columns)
        self._describe()

    def build(self, *chosen: str, environment: Mapping[str, str] = MappingProxyType({}), **told: object) -> None:
        """Build models that dbt's options choose. For other variables dbt reads all anew; not for an environment."""
        from dbt.cli.main import dbtRunner

        place = ["--project-dir", str(self._folder), "--profiles-dir", str(self._folder)]
        options = ["--quiet", "--log-level-file", "none", "--no-write-json"]
        options += ["--vars", json.dumps(told)] if told else []
        dbt_internals.hurry()
        with patch.dict(os.environ, variables(self.url) | dict(environment)):
            outcome = dbtRunner().invoke(["run", *place, *options, *chosen])
        dbt_internals.release()
        assert outcome.success, outcome.exception

    def add(self, name: str, sql: str) -> None:
        """A model more."""
        path = self._folder / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")

    def remove(self, *names: str) -> None:
        """Take models away."""
        for name in names:
            (self._folder / "models" / f"{name}.sql").unlink()
            self._columns.pop(name.replace("/shop/", "."), None)
        self._describe()

    def _describe(self) -> None:
        told = {"models": [_properties(place, names) for place, names in self._columns.items()]}
        (self._folder / "models" / "all.yml").write_text(json.dumps(told), encoding="utf-8")

    def rows(self, schema: str, name: str) -> pa.Table:
        """A table or view, in some order."""
        return self.warehouse.query(f'select * from {schema}."{name}"')

    def views(self) -> set[str]:
        """What there is in schema reporting."""
        return {name for _, name in self.warehouse.tables(["reporting"])}

    def recorded(self) -> set[str]:
        """The views of it that builds have noted as theirs."""
        sql = "select relation_name from intermediate.builds where relation_schema = 'reporting'"
        return set(self.warehouse.query(sql)["relation_name"].to_pylist())

    def descriptions(self) -> dict[str, str]:
        """What a server shows of tables, views and columns, by their names."""
        if self.url.get_backend_name() == "bigquery":
            return dict(_of_datasets(str(self.url.host), str(self.url.database)))
        return {row["place"]: row["told"] for row in self.warehouse.query(OF_POSTGRESQL).to_pylist()}


def _properties(place: str, columns: Sequence[str]) -> dict[str, object]:
    return {
        "name": place.partition(".")[2],
        "description": f"What's\n  {place}.",
        "columns": [
            {
                "name": column,
                "description": f"The {column} of '{place}'  \\ here.",
                "data_type": "bigint" if column == "left" else "text",
                "quote": column == "left",
            }
            for column in columns
        ],
    }


def _client(project: str) -> bigquery.Client:
    """The service is asked with the application's credentials; the emulator takes none."""
    return bigquery.Client(project, None if "BIGQUERY_TEST_PROJECT" in os.environ else AnonymousCredentials())


def _of_datasets(project: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Without views, of which the emulator forgets what is said."""
    with closing(_client(project)) as client:
        for layer in ("core", "marts"):
            for listed in client.list_tables(f"{prefix}_{layer}"):
                table = client.get_table(listed.reference)
                for name, text in [("", table.description), *((f".{f.name}", f.description) for f in table.schema)]:
                    if text:
                        yield f"{layer}.{table.table_id}{name}", text


@pytest.fixture(params=["duckdb", "postgresql", "bigquery"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    if request.param == "duckdb":
        return Project(tmp_path, f"duckdb:///{tmp_path / 'warehouse.duckdb'}")
    return Project(tmp_path, request.getfixturevalue(f"{request.param}_warehouse_url"))


def test_every_mart_has_a_view_with_the_names_that_exports_have_and_a_server_describes_it(project: Project) -> None:
    project.build("--exclude", "meanwhile", "mart_that_goes")
    for mart in ("sold", "sold_by_name", "held", "mine"):
        expected = Names(project.warehouse.query).beside_ids(project.rows("marts", mart))
        view = project.rows("reporting", mart)
        assert view.column_names == expected.column_names
        assert sorted(view.to_pylist(), key=repr) == sorted(expected.to_pylist(), key=repr)
    # What somebody made there stays, and keeps no build from its end.
    for _ in range(2):
        assert project.rows("reporting", "own_view").to_pylist() == [{"four": 4}]
        assert project.rows("reporting", "own_table").to_pylist() == [{"one": 1}]
        assert project.rows("reporting", "displaced").to_pylist() == [{"two": 2}]
        project.build("--select", "displaced")
    if project.url.get_backend_name() != "duckdb":
        _assert_described(project.descriptions())
    # Tables that views read are replaced: on PostgreSQL the views go with them, and are there again after the model.
    project.build("--select", "dim_tenants", "meanwhile", "held", "mine", environment={"CALLED": "Port", "MORE": "yes"})
    called = {row["tenant_key"]: row["tenant_name"] for row in project.rows("reporting", "sold").to_pylist()}
    assert called["shop:1"] == "Port"
    assert project.rows("marts", "meanwhile").to_pylist() == [{"tenant_key": "shop:1", "tenant_name": "Port"}]
    [mine] = project.rows("reporting", "mine").to_pylist()
    assert [*mine.values()] == ["shop:2", called["shop:2"], 1, 2] and [*mine][2] in ("a", "a, net")
    if project.url.get_backend_name() != "duckdb":
        _assert_described(project.descriptions())
    # The view of a mart goes with it, and no other.
    views = project.views()
    assert {"held", "own_view", "sold"} <= views
    project.build("--select", "mart_that_goes")
    assert project.views() == (views | {"mart_that_goes"}) - {"held"}
    assert project.recorded() == {"sold", "sold_by_name", "mine", "meanwhile", "mart_that_goes"}


def test_table_that_no_model_makes_any_more_goes_with_its_view(project: Project) -> None:
    project.build("--exclude", "meanwhile", "mart_that_goes", "config.schema:reporting+")
    # What somebody makes stays.
    by_hand = "{{ config(pre_hook='create table ' ~ placed('marts', 'by_hand') ~ ' as select 1 as one') }}"
    project.add("custom/by_the_way", by_hand + " select 1 as one")
    project.build("--select", "by_the_way")
    tables = project.warehouse.tables(["core", "intermediate", "marts"])
    # So does what is of a system that dbt is not told of.
    project.build("--select", "mine", systems=["erp"])
    assert project.warehouse.tables(["core", "intermediate", "marts"]) == tables
    project.build("--select", "sold", "held", "+sold_by_name", "int_shop__sold_measures")
    project.remove("marts/shop/sold", "custom/mine", "intermediate/shop/int_shop__sold_measures")
    # What was written by hand, and so is not recorded, stays too.
    project.remove("intermediate/shop/int_shop__kept_measures")
    project.build("--select", "dim_tenants")
    gone = {("marts", "sold"), ("marts", "mine"), ("intermediate", "int_shop__sold_measures")}
    assert project.warehouse.tables(["core", "intermediate", "marts"]) == tables - gone
    assert gone <= tables
    assert ("marts", "by_hand") in tables
    assert {"sold", "mine"} & (project.views() | project.recorded()) == set()
    assert {"sold_by_name", "held"} <= project.views()


def test_model_of_your_own_is_incremental_as_dbt_has_it(project: Project) -> None:
    """By its key, with no model that tells what changed; a full refresh makes it anew."""
    project.add(
        "custom/kept",
        "{{ config(materialized='incremental', unique_key='id') }} select 1 as id, {{ env_var('SEEN', '3') }} as seen"
        " {% if is_incremental() %} union all select 2 as id, 7 as seen {% endif %}",
    )

    def kept(*options: str, seen: str) -> list[tuple[int, ...]]:
        project.build("--select", "kept", "int_shop__build", *options, environment={"SEEN": seen})
        return sorted(tuple(row.values()) for row in project.rows("marts", "kept").to_pylist())

    assert kept(seen="4") == [(1, 4)]
    assert kept(seen="5") == [(1, 5), (2, 7)]
    assert kept("--full-refresh", seen="6") == [(1, 6)]


def test_who_asks_while_a_table_is_replaced_and_the_build_never_wait_for_each_other(
    tmp_path: Path, postgresql_warehouse_url: str
) -> None:
    project = Project(tmp_path, postgresql_warehouse_url)
    project.build("--exclude", "meanwhile", "mine", "config.schema:reporting+")
    with closing(psycopg2.connect(postgresql_warehouse_url)) as watch, watch.cursor() as cursor:
        watch.autocommit = True
        for replaced, held, asked in [
            ("sold", "reporting.sold", "reporting.sold"),
            ("sold", "public.own", "public.own"),
            ("dim_tenants", "reporting.sold", "reporting.sold_by_name"),
            ("dim_tenants", "reporting.sold_by_name", "reporting.sold"),
        ]:
            cursor.execute("create or replace view public.own as select * from reporting.sold")
            _ask_while_built(project, replaced, held, asked, cursor)
            assert len(project.rows("reporting", "sold")) == len(SOLD)


def _ask_while_built(project: Project, replaced: str, held: str, asked: str, watch: Any) -> None:
    """Build a table while a transaction that holds one view asks another, or the same."""
    url = project.url.render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as reader, reader.cursor() as ask, ThreadPoolExecutor(1) as pool:
        # A moment that no statement of a reader can be kept in: the view is locked, and not yet what it reads.
        ask.execute(f"set deadlock_timeout = '10ms'; comment on view {held} is 'held'")
        building = pool.submit(project.build, "--select", replaced)
        try:
            while not _someone_waits(watch):
                assert not building.done(), building.result()
            # One of those that went already may be asked for.
            with suppress(psycopg2.errors.UndefinedTable):
                ask.execute(f"select count(*) from {asked}")
                assert ask.fetchall() > [(0,)]
        finally:
            reader.rollback()
        building.result()


def _someone_waits(cursor: Any) -> bool:
    cursor.execute("select exists (select from pg_locks where not granted)")
    return bool(cursor.fetchone()[0])


def test_view_on_bigquery_shows_the_rows_of_who_asks(tmp_path: Path, bigquery_warehouse_url: str) -> None:
    project = Project(tmp_path, bigquery_warehouse_url)
    select = ("--exclude", "meanwhile", "held", "config.schema:reporting+")
    project.build(*select)
    whole = project.rows("reporting", "sold")
    assert len(whole) == len(SOLD)

    def let(role: str, key: str) -> None:
        place = f"`{project.url.host}.{project.url.database}_core.tenant_access`"
        with closing(_client(str(project.url.host))) as client:
            client.query_and_wait(f"update {place} set role = {role}, tenant_key = '{key}' where true")

    let("session_user()", "shop:1")
    own = [row for row in whole.to_pylist() if row["tenant_key"] == "shop:1"]
    assert sorted(project.rows("reporting", "sold").to_pylist(), key=repr) == sorted(own, key=repr) != []
    let("'somebody'", "*")
    assert len(project.rows("reporting", "sold")) == 0
    # The next build leaves it alone.
    project.build("--full-refresh", *select, environment={"MORE": "yes"})
    assert len(project.rows("reporting", "sold")) == len(project.rows("reporting", "mine")) == 0
    let("session_user()", "*")
    assert len(project.rows("reporting", "sold")) == len(SOLD)
    # Views of an earlier version ask nobody: they are made anew, and what somebody made stays.
    with closing(_client(str(project.url.host))) as client:
        place = f"{project.url.host}.{project.url.database}"
        client.query_and_wait(f"drop table `{place}_core.tenant_access`")
        client.query_and_wait(f"create view `{place}_reporting.by_hand` as select 1 as one")
        client.query_and_wait(f"create or replace view `{place}_reporting.sold` as select 1 as one")
    project.build(*select)
    assert project.rows("reporting", "by_hand").to_pylist() == [{"one": 1}]
    let("'somebody'", "*")
    assert len(project.rows("reporting", "sold")) == 0


def _assert_described(told: dict[str, str]) -> None:
    assert told.pop("core.tenant_access").startswith("Which role reads which tenant in ")
    expected = {place: f"What's {place}." for place in COLUMNS}
    expected |= {
        f"{place}.{c}": f"The {c} of '{place}' \\ here." for place, columns in COLUMNS.items() for c in columns
    }
    of_views = {place: text for place, text in told.items() if place.startswith("reporting.")}
    assert {place: " ".join(text.split()) for place, text in told.items() if place not in of_views} == expected
    if of_views:
        assert of_views["reporting.sold"] == "What's marts.sold."
        assert of_views["reporting.sold.left"] == "The left of 'marts.sold' \\ here."
        assert of_views["reporting.sold.product_name"] == "The product_name of 'core.dim_products' \\ here."


def test_table_of_names_that_has_none_yet_gives_a_view_none(tmp_path: Path) -> None:
    # Of an earlier version's: one mart alone was built since.
    there = {"core.dim_tenants": ["tenant_key"], "core.dim_products": ["product_id", "product_name"]}
    columns = (
        "{{ shown_columns(['tenant_key', 'product_id'], " + str(there) + ") | map(attribute='name') | join(' ') }}"
    )
    assert compiled(f"duckdb:///{tmp_path / 'warehouse.duckdb'}", tmp_path, [columns]) == ["tenant_key product_id"]


def test_bigquery_takes_the_statements_that_make_a_view_and_note_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is sent there: for an emulator dbt asks for no credentials.
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    there = {f"core.{name}": COLUMNS[f"core.{name}"] for name in ("dim_tenants", "dim_products")}
    sold = COLUMNS["marts.sold"]
    view = f"{{{{ reporting_view('sold', shown_columns({sold}, {there})) }}}}"
    noted = "{{ record_views({'marts.sold': [], 'made.it\\'s gone': []}) }}"
    access, script, note = compiled(
        "bigquery://project/prefix", tmp_path, ["{{ bigquery_tenant_access() }}", view, noted]
    )
    engine = GoogleSql()
    for place, columns in COLUMNS.items():
        engine.add_table(f"prefix_{place}", {c: "INT64" if c == "left" else "STRING" for c in columns})
    texts = dict.fromkeys(("source_system", "relation_schema", "relation_name"), "STRING")
    engine.add_table("prefix_intermediate.builds", texts | {"row_count": "INT64", "built_at": "TIMESTAMP"})
    assert (note.count("delete from"), note.count("insert into")) == (1, 1)
    engine.analyze(note)
    engine.analyze(access)
    assert script.count("session_user()") == 2
    engine.analyze(script)
    assert list(engine.tables["prefix_reporting.sold"]) == [
        "tenant_key", "tenant_name", "product_id", "product_name", "left",
    ]  # fmt: skip
