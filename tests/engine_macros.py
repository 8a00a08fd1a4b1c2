"""The dbt project's macros on values: compiled by dbt, run on the engine itself.

For BigQuery that is the reference implementation of its language.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import duckdb
import psycopg2
from googlesql import GoogleSql
from sqlalchemy import make_url

from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses.bigquery_sql import literal
from orchestration import dbt_internals
from orchestration.profile import variables

Row = tuple[object, ...]
_NEXT = "-- the next one --"
_VARIABLES = {"sources": {"erp": ["erp", "b"]}, "default_country_codes": {"erp": "49", "b": "44"}}
"""Of the erp there are two sources, of the other systems one each."""
_TO_GOOGLE = {"text": "string", "timestamptz": "timestamp"}


class Engine:
    """A database, and the SQL that macros become on it."""

    def __init__(self, url: str, target: Path, templates: Mapping[str, str]) -> None:
        """Compile.

        Args:
            url: the database, as WAREHOUSE_URL names it; it must be empty.
            target: a folder for dbt's artifacts.
            templates: name → an expression of Jinja and SQL over columns.
        """
        self._url = url
        functions, *expressions = compiled(url, target, ["{{ engine_functions() }}", *templates.values()])
        self.expressions = dict(zip(templates, expressions, strict=True))
        if functions:
            self._run(functions)

    def rows(self, names: Sequence[str], columns: Mapping[str, str], cases: Sequence[Row]) -> list[Row]:
        """What expressions give for each case, as text.

        Args:
            names: of templates.
            columns: name → type of what a case gives; the expressions' inputs.
            cases: rows of values, as text.
        """
        return self._run(f"select {self._texts(names)} from ({_given(columns, cases)}) as cases order by place")

    def totals(self, names: Sequence[str], columns: Mapping[str, str], cases: Sequence[Row]) -> list[Row]:
        """What aggregates give for all cases together; see `rows`."""
        return self._run(f"select {self._texts(names)} from ({_given(columns, cases)}) as cases")

    def _texts(self, names: Sequence[str]) -> str:
        return ", ".join(f"cast({self.expressions[name]} as varchar) as {name}" for name in names)

    def _run(self, sql: str) -> list[Row]:
        if self._url.startswith("postgresql"):
            # Not by Arrow's driver, which takes one statement at a time.
            with closing(psycopg2.connect(self._url)) as server, server, server.cursor() as cursor:
                cursor.execute(f"set timezone to 'UTC'; {sql}")
                return cursor.fetchall() if cursor.description else []
        with duckdb.connect(make_url(self._url).database) as connection:
            connection.execute("set timezone to 'UTC'")
            return connection.execute(sql).fetchall()


class GoogleEngine(Engine):
    """What BigQuery would give: a warehouse that is never connected to. See `Engine`."""

    def __init__(self, url: str, target: Path, templates: Mapping[str, str]) -> None:
        super().__init__(url, target, templates)
        self._engine = GoogleSql()

    def rows(self, names: Sequence[str], columns: Mapping[str, str], cases: Sequence[Row]) -> list[Row]:
        """See `Engine`."""
        return self._evaluated(names, columns, cases, "order by place")

    def totals(self, names: Sequence[str], columns: Mapping[str, str], cases: Sequence[Row]) -> list[Row]:
        """See `Engine`."""
        return self._evaluated(names, columns, cases, "")

    def _evaluated(self, names: Sequence[str], columns: Mapping[str, str], cases: Sequence[Row], end: str) -> list[Row]:
        typed = ", ".join(f"cast({c} as {_TO_GOOGLE.get(type_, type_)}) as {c}" for c, type_ in columns.items())
        fields = ", ".join(f"{column} string" for column in columns)

        def query(expressions: Iterable[str], rows: str) -> str:
            given = f"unnest(array<struct<place int64, {fields}>>[{rows}])"
            return f"select {', '.join(expressions)} from (select place, {typed} from {given}) {end}"

        types = self._engine.analyze(query((f"{self.expressions[name]} as {name}" for name in names), ""))
        # Numerics stay numbers: as text they have no zeros at their end.
        shown = [
            self.expressions[name] if types[name] == "NUMERIC" else f"cast({self.expressions[name]} as string)"
            for name in names
        ]
        given = ", ".join(
            f"({place}, {', '.join('null' if value is None else literal(str(value)) for value in case)})"
            for place, case in enumerate(cases)
        )
        answer = self._engine.evaluate(query(shown, given))
        return [tuple(f"{v:.9f}" if isinstance(v, Decimal) else v for v in row) for row in answer]


def _given(columns: Mapping[str, str], cases: Sequence[Row]) -> str:
    typed = ", ".join(f"cast({name} as {type_}) as {name}" for name, type_ in columns.items())
    values = ", ".join(f"({place}, {', '.join(map(_literal, case))})" for place, case in enumerate(cases))
    return f"select place, {typed} from (values {values}) as given (place, {', '.join(columns)})"


def _literal(value: object) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def _macros_alone(folder: Path) -> Path:
    """The dbt project without its models, of which dbt would read every one first; its folder."""
    Path(folder, "models").mkdir(parents=True)
    for name in ("dbt_project.yml", "profiles.yml", "macros", "models/groups.yml"):
        (folder / name).symlink_to(PROJECT_ROOT / "dbt_project" / name)
    return folder


def compiled(url: str, target: Path, templates: Sequence[str]) -> list[str]:
    """One compilation of all templates, in a project without models."""
    from dbt.cli.main import dbtRunner

    project = str(_macros_alone(target.with_name(f"{target.name}_project")))
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(target)]
    dbt_internals.hurry()
    with patch.dict(os.environ, variables(make_url(url))):
        inline = f"\n{_NEXT}\n".join(templates)
        outcome = dbtRunner().invoke(
            [
                "compile",
                "--quiet",
                "--no-print",
                "--no-populate-cache",
                "--no-write-json",
                "--vars",
                json.dumps(_VARIABLES),
                "--log-level-file",
                "none",
                "--inline",
                inline,
                *places,
            ]
        )
    assert outcome.success, outcome.exception or outcome.result
    return [sql.strip() for sql in outcome.result.results[0].node.compiled_code.split(_NEXT)]
