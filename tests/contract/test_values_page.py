"""The page on values tells the types that the code has."""

import re

from ingestion.rows.columns import ColumnType
from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses import bigquery, duckdb, postgresql


def test_page_tells_what_each_warehouse_calls_each_type() -> None:
    page = (PROJECT_ROOT / "docs" / "values.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", page, flags=re.MULTILINE)
    told = {ColumnType(raw): names for raw, *names in rows}
    sessions = (duckdb.DuckdbSession, postgresql.PostgresqlSession, bigquery.BigquerySession)
    assert told == {type_: [session.types[type_] for session in sessions] for type_ in ColumnType}
