"""Start the BigQuery emulator, with what it lacks mended. It runs in an environment of its own, `.venv-emulator`.

These are all the places where it is not let be as it is; nothing in the project itself makes way for it.

1. It will not start without DuckDB's extension for geography, which it downloads. Nothing here is about geography.
2. A script's RAISE is an internal error in it. BigQuery answers with the message, as to any wrong query.
3. Its internal errors are 500, which Google's client takes for an outage and repeats. They are told as wrong queries.
4. To it NUMERIC is DuckDB's DECIMAL, with three digits after the point. BigQuery's has nine.
5. Its catalogue does not see ALTER TABLE. What it sees of CREATE TABLE is taken for that too.
6. To its dry runs a UNION is no SELECT. To BigQuery's it is.
7. It makes no table of declared columns where the query is in brackets, as dbt has it.
8. ISOWEEK goes to DuckDB, which calls it WEEK.
9. It divides NUMERICs as doubles. BigQuery rounds exact quotients half away from zero.
10. To it a part of a JSON document is a text, which TO_JSON_STRING quotes. To BigQuery's it is JSON already.

These are for speed and change no result; each of a thousand statements took half a second.

11. It parses each statement up to twenty times: here once. Who changes the tree gets a copy, of which positions in
    the text are copied plainly. Whenever a tree is written, twenty templates for it are parsed: these are but read.
12. It writes out the queries of the views that a statement reads, for row access policies. There are none here.
13. It looks for columns to declare in every query, and for each of its 92 rules on every name and condition.
14. Half its time goes into looking for garbage. That is done rarely, and not among what was there at the start.
"""

import gc
import re
import sys
from copy import deepcopy
from functools import lru_cache
from typing import Any

import sqlglot
from bqemulator.catalog import ddl_sync
from bqemulator.cli import main
from bqemulator.domain.errors import InternalError
from bqemulator.jobs import executor
from bqemulator.scripting.exceptions import ScriptRaise
from bqemulator.sql import inner_query, translator
from bqemulator.sql.rewriter import create_table_schema_ctas
from bqemulator.sql.translator import SQLTranslator
from bqemulator.storage.engine import DuckDBEngine
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.expressions import core

DuckDBEngine._load_spatial = lambda _: None

InternalError.http_status, InternalError.bq_reason = 400, "invalid"

_run_script = executor._run_script


async def _run_and_tell(*arguments: Any, **options: Any) -> Any:
    try:
        return await _run_script(*arguments, **options)
    except ScriptRaise as raised:
        raise raised.error from raised


executor._run_script = _run_and_tell

_apply_rules = SQLTranslator._apply_rules


def _apply_to_duckdb(self: SQLTranslator, sql: str, **options: Any) -> Any:
    applied = _apply_rules(self, re.sub(r"\bDECIMAL\b(?!\s*\()", "DECIMAL(38, 9)", sql), **options)
    return re.sub(r"\bISOWEEK\b", "WEEK", applied)


SQLTranslator._apply_rules = _apply_to_duckdb

_detect_plain_create_table = ddl_sync._detect_plain_create_table


def _detect_changed_table(statement: str) -> Any:
    is_change = re.match(r"\s*alter\s+table\b", statement, re.IGNORECASE)
    return sqlglot.parse_one(statement, read="bigquery").this if is_change else _detect_plain_create_table(statement)


ddl_sync._detect_plain_create_table = _detect_changed_table

_classify_parsed_tree = executor._classify_parsed_tree


def _classify_unions_too(tree: Any) -> str:
    return "SELECT" if isinstance(tree, sqlglot.exp.SetOperation) else _classify_parsed_tree(tree)


executor._classify_parsed_tree = _classify_unions_too

_first_select = create_table_schema_ctas._first_select


def _first_select_in_brackets(query: Any) -> Any:
    return _first_select(query.unnest() if isinstance(query, sqlglot.exp.Subquery) else query)


create_table_schema_ctas._first_select = _first_select_in_brackets

_QUOTIENT = """CAST(SIGN({a}) * SIGN({b}) * CAST(
    (2000000000 * CAST(ABS({a}) * 1000000000 AS HUGEINT) + CAST(ABS({b}) * 1000000000 AS HUGEINT))
    // NULLIF(CAST(2 * ABS({b}) * 1000000000 AS HUGEINT), 0) AS DECIMAL(38, 0)
) * 0.000000001 AS DECIMAL(38, 9))"""


def _divided(self: DuckDB.Generator, division: sqlglot.exp.SafeDivide) -> str:
    return _QUOTIENT.format(a=self.sql(division, "this"), b=self.sql(division, "expression"))


DuckDB.Generator.TRANSFORMS[sqlglot.exp.SafeDivide] = _divided

_json_format = DuckDB.Generator.TRANSFORMS[sqlglot.exp.JSONFormat]


def _part_as_it_is(self: DuckDB.Generator, formatted: sqlglot.exp.JSONFormat) -> str:
    is_part = isinstance(formatted.this, sqlglot.exp.JSONExtract)
    return f"CAST({self.sql(formatted, 'this')} AS TEXT)" if is_part else str(_json_format(self, formatted))


DuckDB.Generator.TRANSFORMS[sqlglot.exp.JSONFormat] = _part_as_it_is

_READERS = {
    f"bqemulator.{name}"
    for name in (
        "catalog.ddl_sync",
        "jobs.ddl_result",
        "jobs.executor",
        "jobs.routine_ddl",
        "sql.catalog_schema",
        "sql.inner_query",
    )
}


_parse_one = sqlglot.parse_one
_parsed = lru_cache(maxsize=256)(_parse_one)


def _parse_once(*arguments: Any, **options: Any) -> Any:
    if options.get("read") == "duckdb":
        return _parse_one(*arguments, **options)  # each text of these is parsed once anyway
    tree, caller = _parsed(*arguments, **options), sys._getframe(1)
    is_read_only = caller.f_globals["__name__"] in _READERS or caller.f_code is Dialect.generator.__code__
    return tree if is_read_only else tree.copy()


sqlglot.parse_one = _parse_once


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return value.copy()
    return value.__deepcopy__({}) if isinstance(value, core.Expr) else deepcopy(value)


core.deepcopy = _copied
inner_query.rewrite_for_row_access = lambda sql, **_: sql

_rewrite_declared = create_table_schema_ctas.rewrite_create_table_schema_ctas


def _rewrite_if_declared(sql: str) -> str:
    is_declared = re.match(r"(\s|/\*.*?\*/)*create\b", sql, re.IGNORECASE | re.DOTALL)
    return _rewrite_declared(sql) if is_declared else sql


translator.rewrite_create_table_schema_ctas = _rewrite_if_declared

_apply_first_matching_rule = SQLTranslator._apply_first_matching_rule
_RULELESS = (
    sqlglot.exp.Identifier,
    sqlglot.exp.Column,
    sqlglot.exp.Literal,
    sqlglot.exp.Table,
    sqlglot.exp.TableAlias,
    sqlglot.exp.Alias,
    sqlglot.exp.Query,
    sqlglot.exp.Predicate,
    sqlglot.exp.Connector,
    sqlglot.exp.Paren,
)


def _apply_rule_if_any(self: SQLTranslator, node: Any, tree: Any) -> bool:
    return not isinstance(node, _RULELESS) and _apply_first_matching_rule(self, node, tree)


SQLTranslator._apply_first_matching_rule = _apply_rule_if_any

gc.freeze()
gc.set_threshold(500_000, 5, 5)

if __name__ == "__main__":
    main()
