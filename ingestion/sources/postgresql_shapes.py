"""Shapes of PostgreSQL's tables, from its catalog.

Belongs here: the questions and how the answers make shapes. Not here: connections (adbc_postgresql.py), columns and
relations as reads need them (postgresql_sql.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ingestion.sources.postgresql_sql import Relation, visible
from ingestion.sources.reflection import counted
from ingestion.sources.shape import RowCount, SourceColumn, TableShape

Rows = list[tuple[Any, ...]]

# A table that was never analyzed has no estimate; whether -1 or 0 tells that depends on the version.
_KINDS = """
with recursive tables as ({visible}),
tree as (
    select oid as root, oid from tables
    union
    select tree.root, i.inhrelid from tree inner join pg_inherits as i on i.inhparent = tree.oid
),
estimates as (
    select tree.root, sum(c.reltuples)::bigint as rows, min(c.reltuples) as least
    from tree
    inner join pg_class as c on c.oid = tree.oid and c.relkind in ('r', 'm', 'f')
    group by tree.root
)
select t.relname::text, c.relkind::text, has_any_column_privilege(c.oid, 'select'),
    case when e.least >= 0 then e.rows else 0 end
from tables as t
inner join pg_class as c on c.oid = t.oid
left join estimates as e on e.root = t.oid
order by 1
"""
_REQUIRED = """
with tables as ({visible})
select t.relname::text, a.attname::text
from tables as t
inner join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and a.attnotnull
"""
# An expression has column number 0, and no name; so it ends what an index tells.
_INDEXES = """
with tables as ({visible})
select t.relname::text, i.indexrelid::bigint, i.indisprimary, i.indisunique, a.attname::text
from tables as t
inner join pg_index as i on i.indrelid = t.oid and i.indisvalid and i.indpred is null
cross join lateral unnest(i.indkey::int2[]) with ordinality as k(number, place)
left join pg_attribute as a on a.attrelid = t.oid and a.attnum = k.number
where k.place <= i.indnkeyatts
order by i.indisprimary desc, i.indexrelid, k.place
"""
_KIND_NAMES = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}


def shapes(
    ask: Callable[[str], Rows],
    relations: Mapping[str, Relation],
    count: Callable[[str, int], int],
    tables: Iterable[str] | None,
) -> dict[str, TableShape]:
    """The shapes of relations.

    Args:
        ask: runs a query.
        relations: those that there are.
        count: counts a table's rows, up to a number of them.
        tables: names to ask for; None for all.
    """
    names = None if tables is None else list(tables)
    queries = [query.format(visible=visible(names)) for query in (_KINDS, _REQUIRED, _INDEXES)]
    kinds, required, indexed = map(ask, queries)
    never_null = {(table, column) for table, column in required}
    indexed_by: dict[str, Rows] = defaultdict(list)
    for table, *index in indexed:
        indexed_by[table].append(tuple(index))
    found = {}
    for table, kind, is_readable, estimate in kinds:
        relation = relations[table]
        primary, unique, indexes = _indexes(indexed_by[table])
        columns = {
            c.name: SourceColumn(c.raw_type, (table, c.name) not in never_null) for c in relation.columns.values()
        }
        found[table] = TableShape(
            table,
            columns,
            _KIND_NAMES[kind],
            primary,
            tuple(u for u in unique if not any(columns[c].is_nullable for c in u)),
            indexes,
            _rows(table, kind, is_readable, estimate or 0, count),
            relation.has_xmin,
            is_readable,
        )
    return found


def _indexes(rows: Rows) -> tuple[tuple[str, ...], list[tuple[str, ...]], tuple[tuple[str, ...], ...]]:
    """The primary key, other unique indexes without expressions, and each index up to its first expression."""
    columns: dict[int, list[str]] = {}
    primary, unique, cut = set(), set(), set()
    for index, is_primary, is_unique, column in rows:
        known = columns.setdefault(index, [])
        if column is None:
            cut.add(index)
        elif index not in cut:
            known.append(column)
        if is_primary:
            primary.add(index)
        elif is_unique:
            unique.add(index)
    plain = {index: tuple(known) for index, known in columns.items()}
    return (
        next((plain[i] for i in primary), ()),
        [plain[i] for i in plain if i in unique - cut],
        tuple(dict.fromkeys(p for p in plain.values() if p)),
    )


def _rows(table: str, kind: str, is_readable: bool, estimate: int, count: Callable[[str, int], int]) -> RowCount | None:
    if estimate:
        return RowCount(estimate, "about")
    if kind in ("v", "f") or not is_readable:
        return None
    return counted(lambda limit: count(table, limit))
