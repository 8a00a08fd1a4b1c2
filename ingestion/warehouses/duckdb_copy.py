"""The copy of a DuckDB warehouse for BI tools: a file with some of its tables, their descriptions and views.

Belongs here: what is in the file. Not here: when and where it is put (duckdb.py, orchestration/snapshot.py).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from ingestion.warehouses.base import REPORTING, Described, Part
from ingestion.warehouses.sql import literal, quoted, relation

COPY_VERSION = "v1.0.0"
"""The oldest DuckDB that reads the copy: BI tools bring their own."""

_FRESHNESS = ("marts", "freshness")
"""What tells of each mart when it was built: a column relation_schema and a column relation_name say of which."""

Source = tuple[str, tuple[str, str]]
"""What follows `from`, and the schema and name of the table that it makes."""


def of_part(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source], part: Part) -> list[Source]:
    """The same of the reader's rows, without tables of which it has none."""
    columns = "select schema_name, table_name from duckdb_columns() where column_name = 'tenant_key'"
    of_tenants = {*connection.execute(f"{columns} and database_name = current_database()").fetchall()}
    keys = ", ".join(literal(key) for key in sorted(part.tenants))
    return [
        (f"{source} where tenant_key in ({keys})" if table in of_tenants else source, table)
        for source, table in sources
        if table in of_tenants or table[1] in part.public
    ]


def make_copy(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    new: Path,
    old: Path | None,
    kept: Sequence[tuple[str, str]],
    described: Mapping[tuple[str, str], Described],
) -> None:
    """Write a file that holds tables of the warehouse, and some that only an older such file has.

    It is always a new file: in one that had its tables replaced, deleted rows would stay legible, in blocks that no
    table uses any more.
    """
    [(warehouse,)] = connection.execute("select current_database()").fetchall()
    try:
        connection.execute(
            f"attach {literal(str(new))} as bi_copy (read_write, storage_version {literal(COPY_VERSION)})"
        )
        sources = [*sources]
        if old:
            connection.execute(f"attach {literal(str(old))} as bi_before (read_only)")
            connection.execute("select schema_name, table_name from duckdb_tables() where database_name = 'bi_before'")
            there = set(connection.fetchall()) - {table for _, table in sources}
            before = [table for table in kept if table in there]
            sources = [(_as_kept(connection, source, table, before), table) for source, table in sources]
            sources += [(f"bi_before.{relation(*table)}", table) for table in before]
        _fill(connection, sources, described)
        connection.execute("checkpoint bi_copy")
    finally:
        # The warehouse may stay open.
        for statement in ("rollback", f"use {quoted(warehouse)}", "detach bi_copy", "detach bi_before"):
            with suppress(duckdb.Error):
                connection.execute(statement)


def _as_kept(
    connection: duckdb.DuckDBPyConnection, source: str, table: tuple[str, str], kept: Sequence[tuple[str, str]]
) -> str:
    """What tells when tables were built tells of kept ones as before: they are no younger for being built since."""
    columns = connection.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?"
        " and database_name in (current_database(), 'bi_before') group by all having count(*) = 2",
        table,
    ).fetchall()
    if table != _FRESHNESS or not (kept and columns):
        return source
    is_kept = f"relation_schema || '.' || relation_name in ({', '.join(literal('.'.join(one)) for one in kept)})"
    before = (
        f"select {', '.join(quoted(name) for (name,) in columns)} from bi_before.{relation(*table)} where {is_kept}"
    )
    return f"(select * from {source} where not {is_kept} union all by name {before})"


def _fill(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    described: Mapping[tuple[str, str], Described],
) -> None:
    connection.execute("begin transaction")
    for schema in dict.fromkeys([*(schema for _, (schema, _) in sources), REPORTING]):
        connection.execute(f"create schema bi_copy.{quoted(schema)}")
    for source, table in sources:
        connection.execute(f"create table bi_copy.{relation(*table)} as from {source}")
        _describe(connection, "table", table, described)
    connection.execute("commit")
    views = _views(connection, sources)
    # Where a view is made, it looks for its tables.
    connection.execute("use bi_copy")
    for view, sql in views.items():
        connection.execute("begin transaction")
        try:
            connection.execute(sql)
            _describe(connection, "view", view, described)
            connection.execute("commit")
        # A table that it reads is not there, or is there without a column that it shows.
        except (duckdb.CatalogException, duckdb.BinderException):
            connection.execute("rollback")


def _views(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> dict[tuple[str, str], str]:
    """The views over copied tables, each from where its table is from, and the statement that makes it in the copy."""
    before = {name for source, (_, name) in sources if source.startswith("bi_before.")}
    there = connection.execute(
        "select view_name, database_name, sql from duckdb_views() "
        f"where schema_name = {literal(REPORTING)} and database_name in (current_database(), 'bi_before')"
    ).fetchall()
    copied = {name for _, (_, name) in sources}
    return {
        (REPORTING, name): sql
        for name, database, sql in there
        if name in copied and (name in before) == (database == "bi_before")
    }


def _describe(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    place: tuple[str, str],
    described: Mapping[tuple[str, str], Described],
) -> None:
    if place not in described:
        return
    told, where = described[place], f"bi_copy.{relation(*place)}"
    columns = {name for name, *_ in connection.execute(f"describe {where}").fetchall()}
    comments = [f"comment on {kind} {where} is {literal(told.text)}"]
    comments += [
        f"comment on column {where}.{quoted(name)} is {literal(text)}"
        for name, text in told.columns.items()
        if name in columns
    ]
    connection.execute("; ".join(comments))
