"""Shapes of tables, as SQLAlchemy's inspector tells them for every dialect.

Belongs here: questions to the inspector. Not here: what follows from the answers (recommendation.py).
"""

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from ingestion.sources.shape import COUNTED_ROWS, RowCount, SourceColumn, TableShape
from ingestion.sources.statements import column_type


def reflected_shapes(connection: sa.Connection, tables: Iterable[str] | None) -> dict[str, TableShape]:
    """See `Snapshot.shapes`."""
    with warnings.catch_warnings():
        # It warns of types and of indexes over expressions that it does not know; neither matters here.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        inspector = sa.inspect(connection)
        kinds = dict.fromkeys(inspector.get_view_names(), "view") | dict.fromkeys(inspector.get_table_names(), "table")
        names = sorted(kinds) if tables is None else [name for name in tables if name in kinds]
        return {name: _shape(connection, inspector, name, kinds[name]) for name in names}


def reflected_tables(connection: sa.Connection) -> list[str]:
    """See `Snapshot.tables`."""
    inspector = sa.inspect(connection)
    return [*inspector.get_table_names(), *inspector.get_view_names()]


def _shape(connection: sa.Connection, inspector: sa.Inspector, table: str, kind: str) -> TableShape:
    found = inspector.get_columns(table)
    if kind == "view":
        return TableShape(table, {c["name"]: SourceColumn(column_type(c["type"]), c["nullable"]) for c in found}, kind)
    primary_key = tuple(inspector.get_pk_constraint(table)["constrained_columns"])
    # SQLite allows null in most primary keys. A row without a key is rejected anyway.
    columns = {
        c["name"]: SourceColumn(column_type(c["type"]), c["nullable"] and c["name"] not in primary_key) for c in found
    }
    whole = [index for index in _told(inspector.get_indexes, table) if not _is_partial(index)]
    indexes = [tuple(index["column_names"]) for index in whole]
    unique = [tuple(index["column_names"]) for index in whole if index["unique"]]
    unique += [tuple(constraint["column_names"]) for constraint in _told(inspector.get_unique_constraints, table)]
    # The expressions of an index have no name.
    holding = [u for u in unique if all(name in columns and not columns[name].is_nullable for name in u)]
    return TableShape(
        table,
        columns,
        kind,
        primary_key,
        tuple(u for u in dict.fromkeys(holding) if u != primary_key),
        tuple(dict.fromkeys([*([primary_key] if primary_key else []), *unique, *indexes])),
        counted(lambda limit: _count(connection, table, limit)),
    )


def counted(count: Callable[[int], int]) -> RowCount:
    """Count, but not beyond `COUNTED_ROWS`; `count` takes at how many to stop."""
    rows = count(COUNTED_ROWS + 1)
    return RowCount(rows) if rows <= COUNTED_ROWS else RowCount(COUNTED_ROWS, "more than")


def _count(connection: sa.Connection, table: str, limit: int) -> int:
    some = sa.select(sa.literal(1).label("one")).select_from(sa.table(table)).limit(limit).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def _told(ask: Callable[[str], Any], table: str) -> list[Any]:
    try:
        return list(ask(table))
    except NotImplementedError:
        return []


def _is_partial(index: Any) -> bool:
    return any(
        option.endswith("_where") and value is not None for option, value in index.get("dialect_options", {}).items()
    )
