"""How databases compare text.

Belongs here: the questions by which that is found out, and what follows from a collation's name. Not here: what is
done about it (rows/folding.py).

Databases are asked to compare, wherever they can be: names of collations say much, but not all of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ingestion.rows.folding import Folding
from ingestion.sources.postgresql_sql import literal, quoted, visible

Rows = Sequence[Sequence[Any]]

_LIKE_A = ("A", "a ", "á")
"""What `a` is compared with: another case, a trailing space, an accent."""

# Types whose equality is by characters. What a domain is made of decides, not its name.
_POSTGRESQL = """
with recursive tables as ({visible}),
resolved as (
    select t.relname, a.attname, a.attcollation, a.atttypid as typid
    from tables as t
    inner join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    union all
    select r.relname, r.attname, r.attcollation, t.typbasetype
    from resolved as r
    inner join pg_type as t on t.oid = r.typid and t.typtype = 'd'
)
select r.relname::text, r.attname::text, format_type(r.typid, null),
    case when to_jsonb(c) ->> 'collisdeterministic' = 'false'
        then ' collate ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname) else '' end
from resolved as r
inner join pg_type as t on t.oid = r.typid and t.typtype = 'b' and t.typcategory = 'S'
left join pg_collation as c on c.oid = r.attcollation
left join pg_namespace as n on n.oid = c.collnamespace
where to_jsonb(c) ->> 'collisdeterministic' = 'false' or t.typname not in ('text', 'varchar', 'name', 'char')
"""


def postgresql_foldings(
    ask: Callable[[str], Rows], tables: Iterable[str], try_: Callable[[str], Rows | None]
) -> dict[str, dict[str, Folding]]:
    """See `Snapshot.foldings`.

    Args:
        ask: runs a query.
        tables: those to ask for.
        try_: runs a query that may fail; None where it did.
    """
    unusual = ask(_POSTGRESQL.format(visible=visible(tables)))
    foldings = {}
    for type_, collation in dict.fromkeys((type_, collation) for _, _, type_, collation in unusual):
        left = f"'a'::{type_}{collation}"
        answers = try_(f"select {', '.join(f'{left} = {literal(right)}::{type_}' for right in _LIKE_A)}")
        foldings[type_, collation] = _folding("all", answers[0] if answers else ())
    return _by_table((table, column, foldings[type_, collation]) for table, column, type_, collation in unusual)


def sqlite_foldings(connection: sa.Connection, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
    """See `Snapshot.foldings`. SQLite's catalog does not tell, but a column of a compound query keeps its collation."""
    found = []
    for table, names in ((table, list(names)) for table, names in columns.items()):
        compared = ", ".join(f"s.{quoted(name)} = {literal(right)}" for name in names for right in _LIKE_A)
        none = f"select {', '.join(map(quoted, names))} from {quoted(table)} where 0"
        one = ", ".join([literal("a")] * len(names))
        sql = f"select {compared} from ({none} union all select {one}) as s"
        try:
            answers = connection.exec_driver_sql(sql).one() if names else ()
        except sa.exc.DatabaseError:
            # A view that can't be read is told where it is read.
            continue
        width = len(_LIKE_A)
        found += [(table, n, _folding("ascii", answers[i * width : (i + 1) * width])) for i, n in enumerate(names)]
    return _by_table(found)


def mysql_foldings(
    ask: Callable[[str], Rows], collations: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, Folding]]:
    """See `Snapshot.foldings`.

    Args:
        ask: runs a query.
        collations: table → column → its collation.
    """
    foldings = {}
    for collation in sorted({c for of_table in collations.values() for c in of_table.values() if c.isidentifier()}):
        charset = collation.partition("_")[0]
        left, *others = (f"convert('{text}' using {charset}) collate {collation}" for text in ("a", *_LIKE_A))
        [answers] = ask(f"select {', '.join(f'{left} = {other}' for other in others)}")
        foldings[collation] = _folding("all", [answer == "1" for answer in answers])
    return _by_table(
        (table, column, foldings[collation])
        for table, of_table in collations.items()
        for column, collation in of_table.items()
        if collation in foldings
    )


def reflected_foldings(
    connection: sa.Connection, columns: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, Folding]]:
    """See `Snapshot.foldings`, by names of collations (`SQL_Latin1_General_CP1_CI_AS`) and kinds of types."""
    if connection.dialect.name == "sqlite":
        return sqlite_foldings(connection, columns)
    found, inspector = [], sa.inspect(connection)
    for table, names in columns.items():
        wanted = set(names)
        for column in inspector.get_columns(table):
            words = (getattr(column["type"], "collation", None) or "").lower().split("_")
            folding = Folding(
                "all" if "ci" in words else None,
                isinstance(column["type"], sa.CHAR) or connection.dialect.name == "mssql",
                "ai" in words,
            )
            if column["name"] in wanted:
                found.append((table, column["name"], folding))
    return _by_table(found)


def _folding(case: Any, answers: Sequence[Any]) -> Folding:
    same_case, same_spaces, same_accents = answers or (False, False, False)
    return Folding(case if same_case else None, bool(same_spaces), bool(same_accents))


def _by_table(found: Iterable[tuple[str, str, Folding]]) -> dict[str, dict[str, Folding]]:
    tables: dict[str, dict[str, Folding]] = {}
    for table, column, folding in found:
        if folding != Folding():
            tables.setdefault(table, {})[column] = folding
    return tables
