"""What BigQuery is sent, judged by Google's own analyzer: the emulator takes much that BigQuery refuses."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud.bigquery import SchemaField
from googlesql import GoogleSql, GoogleSqlError
from integration.test_warehouse_conformance import NOON, append, batch, write
from sqlalchemy import make_url

from ingestion.log.deliveries import Delivery
from ingestion.log.state import TableState
from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import Effect, Rejection
from ingestion.warehouses import open_warehouse
from ingestion.warehouses.base import Session
from ingestion.warehouses.bigquery_connection import BigqueryConnection
from ingestion.warehouses.bigquery_sql import translated
from ingestion.warehouses.sql import count_versions


@pytest.fixture(scope="module")
def engine() -> GoogleSql:
    engine = GoogleSql()
    engine.add_table(
        "shop.items", {"id": "integer", "price": "decimal(10, 2)", "tags": "array<string>", "x": "float64"}
    )
    return engine


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("select id, price * 2 as p, x / 2 as h from `some-project`.`shop`.`items`", "id INT64, p NUMERIC, h FLOAT64"),
        ("select max_by(id, price) as a, string_agg(tags[offset(0)]) as b from `p.shop.items`", "a INT64, b STRING"),
        ("select id from shop.items qualify row_number() over (partition by price order by id desc) = 1", "id INT64"),
        ("create view shop.v as select tags from shop.items; select * from shop.v", "tags ARRAY<STRING>"),
        ("create table shop.n (a numeric, b string) as select * from (select 1 as a, 'x' as b)", "a INT64, b STRING"),
        ("create table shop.n (a bigint); alter table shop.n add column b text_", None),
        ("begin transaction; delete from shop.items where true; commit transaction; select 1 as one", "one INT64"),
        ("if (select max(id) from shop.items) > 1 then raise using message = 'no'; end if; select 1 as a", "a INT64"),
        ("select date(timestamp '2024-01-01', 'Europe/Berlin') as d, date '2024-01-01' - 1 as e", "d DATE, e DATE"),
    ],
)
def test_what_bigquery_takes_has_columns(engine: GoogleSql, sql: str, columns: str | None) -> None:
    if columns is None:
        with pytest.raises(GoogleSqlError, match="Type not found: text_"):
            engine.analyze(sql)
    else:
        assert ", ".join(" ".join(column) for column in engine.analyze(sql).items()) == columns


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select cast(id as double) as x from shop.items", "Type not found: double"),
        ("select cast(id as varchar) as x from shop.items", "Type not found: varchar"),
        ("select id::string as x from shop.items", "Syntax error"),
        ("select count(*) filter (where id = 1) as x from shop.items", "Syntax error"),
        ("select tags[0] as x from shop.items", "OFFSET"),
        ("select nothing from shop.items", "Unrecognized name: nothing"),
        ("select 'a' || id as x from shop.items", "No matching signature for operator"),
        ("select id from shop.items where tags = tags", "Equality is not defined"),
        (
            "select row_number() over (partition by x) as n from shop.items",
            "Partitioning by expressions of type FLOAT64",
        ),
        ("select 1 as a; select 1 as a from shop.nothing", "Table not found: shop.nothing"),
        ("insert into shop.items (id) values ('1')", "has type STRING which cannot be inserted into column id"),
        ("delete from shop.items", "DELETE must have a WHERE clause"),
        ("select iferror(1 / 0, 1) as x", "Function not found: iferror"),
        ("select id, price as ID from shop.items", "duplicate column name id"),
        ("select a.id from shop.items as a left join shop.items as b on a.id < b.id", "LEFT JOIN without"),
        ("select a.id from shop.items as a full join shop.items as b on a.id = a.price", "FULL JOIN without"),
        (
            "select id from shop.items as a where exists (select 1 from shop.items as b where b.id < a.id)",
            "de-correlated",
        ),
        (
            "select (select b.id from shop.items as b where b.id = a.id limit 1) as x from shop.items as a",
            "with a limit",
        ),
        ("select array_agg(id order by id nulls last) as x from shop.items", "against the sort order in array_agg"),
        ("select percentile_cont(id, 0.5) as x from shop.items", "percentile_cont is an analytic function"),
        ("create table shop.n partition by id as select id from shop.items", "PARTITION BY is no date"),
        ("begin transaction; create table shop.n as select 1 as a; commit transaction", "in a transaction"),
        (f"select '{'x' * 2**20}' as x", "more than 1 MB"),
    ],
)
def test_what_bigquery_refuses_is_refused(engine: GoogleSql, sql: str, told: str) -> None:
    with pytest.raises(GoogleSqlError, match=told):
        engine.analyze(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select a.id from shop.items as a left join shop.items as b on a.id = b.id + 1 and a.price < b.price",
        "select id from shop.items as a where not exists (select 1 from shop.items where id = a.id and x < a.x)",
        "select id from shop.items as a where id in (select b.id from shop.items as b)",
        "select id from shop.items as a where exists (select 1 from unnest(a.tags) as tag where tag > 'a' limit 1)",
        "select (select max(b.x) from shop.items as b where b.id = a.id) as x from shop.items as a",
        "select array_agg(id order by id desc nulls last) as x from shop.items",
        "select percentile_cont(id, 0.5) over () as x from shop.items",
        "create table shop.n partition by date(t) cluster by id as select id, current_timestamp() as t from shop.items",
    ],
)
def test_what_only_resembles_that_is_taken(engine: GoogleSql, sql: str) -> None:
    engine.analyze(sql)


def test_expressions_are_evaluated_as_google_does() -> None:
    # Numerics are exact and round half away from zero; Sao Paulo had no midnight on that day.
    [row] = GoogleSql().evaluate(
        "select cast('0.0000000005' as numeric), cast(1 as numeric) / 3, safe_cast('x' as int64), "
        "date(timestamp '2018-11-04 03:00:00', 'America/Sao_Paulo'), json_value('{\"a\": 1.0}', '$.a')"
    )
    assert [str(value) for value in row] == ["1E-9", "0.333333333", "None", "2018-11-04", "1.0"]
    with pytest.raises(GoogleSqlError, match="division by zero"):
        GoogleSql().evaluate("select 1 / 0")


KEY = "line & number"
EVERY = RawTable(
    "shop",
    "every",
    ("id", KEY),
    (
        Column("id", ColumnType.TEXT, True),
        Column(KEY, ColumnType.INTEGER, True),
        *(Column(type_.value, type_) for type_ in ColumnType),
    ),
)
WIDER = RawTable("shop", "every", EVERY.key, (*EVERY.columns, Column("more", ColumnType.TEXT)))


def row(key: str, text: str | None) -> tuple[object, ...]:
    return (key, 1, text, *[None] * (len(ColumnType) - 1))


def let_go(session: Session) -> None:
    """What retention does."""
    with session.load(EVERY, NOON) as load:
        load.renew(iter([batch(EVERY.versions, [])]))
        load.blank_rejected({"{}"}, {"it's"})
        load.commit(TableState("every", batch_seq=7))
    session.rejected(EVERY)
    session.remove_rejected("shop", NOON)


def test_all_that_the_warehouse_is_sent_is_taken(bigquery_warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session does everything that sessions do; then its statements are analyzed in their order."""
    engine, sent = GoogleSql(), []
    run, upload = BigqueryConnection._job, BigqueryConnection.upload

    def recorded(self: BigqueryConnection, statement: str, *, is_dry: bool = False) -> object:
        job = run(self, statement, is_dry=is_dry)
        if not job.error_result:
            sent.append(translated(statement, self.prefix))
        return job

    def uploaded(
        self: BigqueryConnection, schema: str, name: str, fields: Sequence[SchemaField], file: Path | None
    ) -> None:
        engine.add_table(f"{self.prefix}_{schema}.{name}", {field.name: field.field_type for field in fields})
        upload(self, schema, name, fields, file)

    monkeypatch.setattr(BigqueryConnection, "_job", recorded)
    monkeypatch.setattr(BigqueryConnection, "upload", uploaded)
    warehouse = open_warehouse(make_url(bigquery_warehouse_url), 1)
    with warehouse.session() as session:
        session.prepare([EVERY])
        assert not session.holds_rows(EVERY)
        write(session, EVERY, [row("a", "it's"), row("b", "\\")])
        with session.load(EVERY, NOON) as load:
            append(load, EVERY, [row("a", "other"), row("a", "same"), row("c", None)])
            load.reject([*load.duplicates(), Rejection("{}", "id", "r", None, "{}")])
            load.compare_keys(iter([batch(RawTable("shop", "every", EVERY.key, EVERY.key_columns), [("a", 1)])]), 1)
            load.append_deletes()
            appended = load.appended_rows()
            assert appended
            appended[1].read_all()
            load.commit(TableState("every"))
        session.remember("shop", TableState("every", "it's", last_full_at=NOON))
        session.prepare([WIDER])
        session.states("shop")
        with session.load(EVERY, NOON) as load:
            load.keys_where({"text": ["it's"], "timezone": ["UTC", ""]})
            append(load, EVERY, [row("d", None)])
            load.compare_keys(None, 1)
            other = Rejection("{}", "id", "another", "v", "{}", Effect.VALUE)
            load.reject([other], session.standing("shop")["every"], is_complete=False)
            load.restore(iter([batch(EVERY.versions, [])]), 7)
            load.commit(TableState("every", batch_seq=7))
        let_go(session)
        session.compact(EVERY, 2, NOON + timedelta(seconds=1))
        session.note_deliveries(
            Delivery(id_, "report", "it's", "T", "all", None, 1, None, "failed", NOON, "\\\n") for id_ in "ab"
        )
        session.deliveries()
    warehouse.query(count_versions(EVERY))
    assert len(sent) > 20
    faults = {}
    for statement in sent:
        try:
            engine.analyze(statement)
        except GoogleSqlError as error:
            faults[str(error)] = statement
    assert faults == {}
