"""The copy of a DuckDB warehouse for BI tools: a file with some of its tables, their descriptions and views.

Belongs here: what is in the file. Not here: when and where it is put (duckdb.py, orchestration/snapshot.py).
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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

Content = list[tuple[str, str, str | None]]
"""Of a table or view, under an empty name what is said of it; then of each column, in their order, its name, its type
and what is said of it."""

_BEFORE = "bi_before"
"""The older file, where it is open."""

_HELD = """
    select schema_name, table_name, '' as column_name, '' as data_type, comment, 0 as place
    from duckdb_tables() where database_name = {0}
    union all
    select schema_name, view_name, '', '', comment, 0
    from duckdb_views() where database_name = {0} and not internal
    union all
    select schema_name, table_name, column_name, data_type, comment, column_index
    from duckdb_columns() where database_name = {0} and not internal
    order by 1, 2, place
"""

_VIEWS = """
    select
        view_name,
        sql,
        -- Written out anew, as brackets are added whenever a statement is read and told.
        coalesce(try(json_deserialize_sql(json_serialize_sql(substr(sql, strpos(sql, ' AS ') + 4)))), sql)
    from duckdb_views()
    where schema_name = {1} and database_name = {0}
"""


@dataclass(frozen=True, slots=True)
class _View:
    """A view: what it asks for, and the statement that makes it, which is told otherwise of a copy."""

    query: str
    statement: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """What there is in a database: in its tables and views, and the views in `reporting`."""

    contents: Mapping[tuple[str, str], Content]
    views: Mapping[tuple[str, str], _View]

    def views_of(self, tables: Collection[tuple[str, str]]) -> dict[tuple[str, str], _View]:
        """The views over tables of these names."""
        names = {name for _, name in tables}
        return {place: view for place, view in self.views.items() if place[1] in names}


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
    old: Path,
    kept: Sequence[tuple[str, str]],
    described: Mapping[tuple[str, str], Described],
) -> None:
    """Write a file that holds tables of the warehouse, and some that only an older such file has.

    It is always a new file: in one that had its tables replaced, deleted rows would stay legible, in blocks that no
    table uses any more. Where the older one has the same tables and views, with the same said of them, its catalogue
    is taken over: to say all of it once more, in some thousand statements, would take longer than to copy the rows.
    """
    [(warehouse,)] = connection.execute("select current_database()").fetchall()
    try:
        connection.execute(
            f"attach {literal(str(new))} as bi_copy (read_write, storage_version {literal(COPY_VERSION)})"
        )
        here, before = _catalogue(connection, warehouse), _catalogue_before(connection, old, is_needed=bool(kept))
        own = [table for _, table in sources]
        kept = [table for table in kept if table in before.contents and table not in own]
        sources = [
            *(
                (_as_kept(source, here, before, kept) if table == _FRESHNESS else source, table)
                for source, table in sources
            ),
            *((f"{_BEFORE}.{relation(*table)}", table) for table in kept),
        ]
        # A view comes from where its table does.
        views = here.views_of(own) | before.views_of(kept)
        contents = {place: here.contents.get(place, []) for place in (*own, *here.views_of(own))}
        contents |= {place: before.contents[place] for place in (*kept, *before.views_of(kept))}
        due = {place: _described(content, described.get(place)) for place, content in contents.items()}
        if before == _Catalogue(due, views) and _is_plain(connection):
            connection.execute(f"copy from database {_BEFORE} to bi_copy (schema)")
            _fill(connection, sources)
        else:
            _make(connection, sources, described)
            _make_views(connection, views, described)
        connection.execute("checkpoint bi_copy")
    finally:
        # The warehouse may stay open.
        for statement in ("rollback", f"use {quoted(warehouse)}", "detach bi_copy", f"detach {_BEFORE}"):
            with suppress(duckdb.Error):
                connection.execute(statement)


def _as_kept(source: str, here: _Catalogue, before: _Catalogue, kept: Collection[tuple[str, str]]) -> str:
    """What tells when tables were built tells of kept ones as before: they are no younger for being built since."""
    told = {name for name, *_ in before.contents.get(_FRESHNESS, ())}
    columns = ", ".join(quoted(name) for name, *_ in here.contents.get(_FRESHNESS, ()) if name and name in told)
    if not (kept and columns):
        return source
    is_kept = f"relation_schema || '.' || relation_name in ({', '.join(literal('.'.join(one)) for one in kept)})"
    was = f"select {columns} from {_BEFORE}.{relation(*_FRESHNESS)} where {is_kept}"
    return f"(select * from {source} where not {is_kept} union all by name {was})"


def _catalogue(connection: duckdb.DuckDBPyConnection, database: str) -> _Catalogue:
    contents: dict[tuple[str, str], Content] = {}
    for schema, table, name, type_, told, _ in connection.execute(_HELD.format(literal(database))).fetchall():
        contents.setdefault((schema, table), []).append((name, type_, told))
    views = connection.execute(_VIEWS.format(literal(database), literal(REPORTING))).fetchall()
    return _Catalogue(contents, {(REPORTING, name): _View(query, sql) for name, sql, query in views})


def _catalogue_before(connection: duckdb.DuckDBPyConnection, old: Path, *, is_needed: bool) -> _Catalogue:
    """Of the older file, which is open then; nothing where there is none, or it is none that can be read."""
    try:
        if old.exists():
            connection.execute(f"attach {literal(str(old))} as {_BEFORE} (read_only)")
            return _catalogue(connection, _BEFORE)
    except duckdb.Error:
        if is_needed:
            raise
    return _Catalogue({}, {})


def _is_plain(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether nobody has added to the older file what no copy has: it would come along, and might refuse rows."""
    added = [
        f"select 1 from {listed}() where database_name = '{_BEFORE}' and {is_added}"
        for listed, is_added in {
            "duckdb_columns": "(column_default is not null or not is_nullable)",
            "duckdb_constraints": "true",
            "duckdb_functions": "not internal",
            "duckdb_indexes": "true",
            "duckdb_sequences": "true",
            "duckdb_types": "not internal",
        }.items()
    ]
    return not connection.execute(" union all ".join(added)).fetchall()


def _described(content: Content, described: Described | None) -> Content:
    texts = {"": described.text, **described.columns} if described else {}
    return [(name, type_, texts.get(name) or None) for name, type_, _ in content]


def _fill(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> None:
    connection.execute("begin transaction")
    for source, table in sources:
        connection.execute(f"insert into bi_copy.{relation(*table)} from {source}")
    connection.execute("commit")


def _make(
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


def _make_views(
    connection: duckdb.DuckDBPyConnection,
    views: Mapping[tuple[str, str], _View],
    described: Mapping[tuple[str, str], Described],
) -> None:
    # Where a view is made, it looks for its tables.
    connection.execute("use bi_copy")
    for place, view in views.items():
        connection.execute("begin transaction")
        try:
            connection.execute(view.statement)
            _describe(connection, "view", place, described)
            connection.execute("commit")
        # A table that it reads is not there, or is there without a column that it shows.
        except (duckdb.CatalogException, duckdb.BinderException):
            connection.execute("rollback")


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
