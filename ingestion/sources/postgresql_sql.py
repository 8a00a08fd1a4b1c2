"""The SQL with which PostgreSQL is read.

Belongs here: names, literals, which relations and columns there are, how a value is projected so that Arrow's
driver can't change it. Not here: connections (adbc_postgresql.py), what changed (postgresql_changes.py).

The driver reads COPY's binary form. It wraps infinite timestamps silently and hands over types that it does not
know as the bytes they are on the wire. Therefore only types whose every value Arrow holds are read as they are;
all others are cast to text by the server, and dates beyond the years 1 to 9999 come back in one extra column.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.sources.base import Among, Selection

FIELD, RECORD = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True)
class PgColumn:
    """A column as the server's catalog has it.

    Attributes:
        name: its name.
        type: name of its type, of the base type where that is a domain; empty for types that are not built in.
        modifier: the type's modifier (of numeric: precision and scale); -1 for none.
    """

    name: str
    type: str
    modifier: int

    @property
    def raw_type(self) -> ColumnType:
        """The raw type that holds every value of the column, or all but such as are rejected."""
        if self.type == "numeric":
            return ColumnType.DECIMAL if self._fits_decimal else ColumnType.TEXT
        return _RAW_TYPES.get(self.type, ColumnType.TEXT)

    @property
    def _fits_decimal(self) -> bool:
        if self.modifier < 0:
            return False
        precision, scale = (self.modifier - 4) >> 16 & 0xFFFF, (self.modifier - 4) & 0x7FF
        return scale <= 9 and precision - scale <= 29


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view.

    Attributes:
        columns: its columns by name, in their order: those that the role may read, or all where it may read none.
        members: the oids of the tables that hold its rows: its own, its partitions', its heirs'.
        has_xmin: whether every row tells us which transaction wrote it: not so in views and foreign tables, nor
            where the role may read some columns only.
        is_local: whether its rows are written by transactions of this server, as far as its kind tells.
        shape: a digest of its columns' names, numbers and types.
        oid: its own oid.
        reference: what it is called in a statement, with its schema if it was asked for by that.
        unreadable: its other columns.
    """

    columns: dict[str, PgColumn]
    members: frozenset[int]
    has_xmin: bool
    is_local: bool
    shape: str
    oid: int
    reference: str
    unreadable: tuple[str, ...] = ()


_RAW_TYPES = {
    "bool": ColumnType.BOOLEAN,
    "int2": ColumnType.INTEGER,
    "int4": ColumnType.INTEGER,
    "int8": ColumnType.INTEGER,
    "float4": ColumnType.DOUBLE,
    "float8": ColumnType.DOUBLE,
    "date": ColumnType.DATE,
    "timestamp": ColumnType.TIMESTAMP,
    "timestamptz": ColumnType.TIMESTAMP,
    "bytea": ColumnType.BYTES,
    "json": ColumnType.JSON,
    "jsonb": ColumnType.JSON,
}
_NUMBERS = {ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE}
_INSTANTS = {ColumnType.TIMESTAMP, ColumnType.DATE}
_ANY = set(ColumnType)
# Type → raw types for which the driver's own value is taken; conformance.py converts between them without loss.
_NATIVE = {
    "text": _ANY,
    "varchar": _ANY,
    "bpchar": _ANY,
    "bytea": _ANY - {ColumnType.TEXT},
    "bool": {ColumnType.BOOLEAN},
    "int2": _NUMBERS,
    "int4": _NUMBERS,
    "int8": _NUMBERS,
    "float8": {ColumnType.DOUBLE, ColumnType.DECIMAL},
}
_DATED = {"date", "timestamp", "timestamptz"}

_VISIBLE = """
    select c.oid, c.relname::text as relname
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where {which} and c.relkind in ('r', 'p', 'v', 'm', 'f') and pg_table_is_visible(c.oid)
        and n.nspname not in ('pg_catalog', 'information_schema')
"""
# By schema and name, where no visible table is called so as a whole.
_QUALIFIED = """
    union all
    select c.oid, n.nspname || '.' || c.relname
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname || '.' || c.relname in ({names}) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and not exists (
            select 1 from pg_class as v
            where v.relname = n.nspname || '.' || c.relname and pg_table_is_visible(v.oid)
        )
"""
# Neither partitions, which their table shows, nor what extensions brought.
_ALL = """
    not c.relispartition and not exists (
        select 1 from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
"""
_COLUMNS = """
with recursive tables as ({visible}),
resolved as (
    select t.oid, t.relname, a.attname, a.attnum, a.atttypid as declared, a.atttypid as typid,
        a.atttypmod as modifier
    from tables as t
    inner join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    union all
    select r.oid, r.relname, r.attname, r.attnum, r.declared, t.typbasetype, t.typtypmod
    from resolved as r
    inner join pg_type as t on t.oid = r.typid and t.typtype = 'd'
)
select r.relname::text, r.attname::text, r.attnum::bigint, r.declared::bigint,
    case when n.nspname = 'pg_catalog' then t.typname::text else '' end, r.modifier::bigint,
    has_column_privilege(r.oid, r.attnum, 'select'), has_table_privilege(r.oid, 'select'),
    case when own.relname <> r.relname then format('%I.%I', own_schema.nspname, own.relname) end
from resolved as r
inner join pg_class as own on own.oid = r.oid
inner join pg_namespace as own_schema on own_schema.oid = own.relnamespace
inner join pg_type as t on t.oid = r.typid and t.typtype <> 'd'
inner join pg_namespace as n on n.oid = t.typnamespace
order by r.relname, r.attnum
"""
_MEMBERS = """
with recursive tables as ({visible}),
tree as (
    select relname, oid as root, oid from tables
    union
    select tree.relname, tree.root, i.inhrelid from tree inner join pg_inherits as i on i.inhparent = tree.oid
)
select tree.relname::text, tree.root::bigint, c.oid::bigint, c.relkind::text, coalesce(a.amname = 'heap', false)
from tree
inner join pg_class as c on c.oid = tree.oid
left join pg_am as a on a.oid = c.relam
"""


def columns_query(tables: Iterable[str] | None) -> str:
    """Table, column, its number, declared type, base type and modifier; whether it may be read, and all of them."""
    return _COLUMNS.format(visible=visible(tables))


def members_query(tables: Iterable[str] | None) -> str:
    """Table and its oid; then oid, kind and whether it is an ordinary heap, of each relation that holds its rows."""
    return _MEMBERS.format(visible=visible(tables))


def tables_query() -> str:
    """The names of all tables and views that the search path shows."""
    return f"select t.relname::text from ({visible(None)}) as t"


def visible(tables: Iterable[str] | None) -> str:
    """The oid and name of those tables that exist, or of all, as the search path shows them.

    A name with a point in it may be one of a schema and of a table there.
    """
    if tables is None:
        return _VISIBLE.format(which=_ALL)
    names = list(tables)
    listed = ", ".join(map(literal, names)) or "null"
    told = _VISIBLE.format(which=f"c.relname in ({listed})")
    return told + _QUALIFIED.format(names=listed) if any("." in name for name in names) else told


def relations(columns: Sequence[Sequence[object]], members: Sequence[Sequence[object]]) -> dict[str, Relation]:
    """The answers to both queries as relations by name."""
    found: dict[str, Relation] = {}
    by_table, held_by = defaultdict(list), defaultdict(list)
    for row in columns:
        by_table[str(row[0])].append(row)
    roots = {str(name): int(str(root)) for name, root, *_ in members}
    for name, _, oid, kind, is_heap in members:
        held_by[str(name)].append((int(str(oid)), str(kind), bool(is_heap)))
    for table, own in by_table.items():
        kinds = held_by[table]
        shape = hashlib.sha256(repr([tuple(row[1:4]) for row in own]).encode()).hexdigest()[:16]
        readable = [row for row in own if row[6]] or own
        found[table] = Relation(
            columns={str(row[1]): PgColumn(str(row[1]), str(row[4]), int(str(row[5]))) for row in readable},
            members=frozenset(oid for oid, _, _ in kinds),
            has_xmin=bool(own[0][7])
            and all(kind == "p" or (kind in ("r", "m") and is_heap) for _, kind, is_heap in kinds),
            is_local=all(kind != "f" for _, kind, _ in kinds),
            shape=shape,
            oid=roots[table],
            # Of its name alone what the search path shows counts: another table that takes it is noticed.
            reference=quoted(table) if own[0][8] is None else str(own[0][8]),
            unreadable=tuple(str(row[1]) for row in own if row not in readable),
        )
    return found


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A literal without a type, which the server takes for the type of what it is compared with."""
    if isinstance(value, bytes):
        text = "\\x" + value.hex()
    elif isinstance(value, datetime):
        # In its own zone, which is the column's: one without a zone ignores the literal's.
        text = value.isoformat()
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return "'" + text.replace("'", "''") + "'"


def select_rows(table: RawTable, relation: Relation, selection: Selection) -> str:
    """The statement for a read: the table's columns, and after them `odd_values` as text."""
    expressions = [f"{_projected(c, relation.columns[c.name])} as {quoted(c.name)}" for c in table.columns]
    odd = [_odd(c) for c in table.columns if _is_dated(c, relation.columns[c.name])]
    conditions = [selection.condition] if selection.condition is not None else []
    if selection.since is not None:
        cursor = quoted(selection.since[0])
        conditions.append(f"{cursor} >= {literal(selection.since[1])} or {cursor} is null")
    for name, values in selection.open_rows.items():
        conditions.append(_among(f"{quoted(name)}::text", values))
    if selection.keys is not None:
        key = ", ".join(map(quoted, table.key))
        sources = [relation.columns[name] for name in table.key]
        tuples = ", ".join(f"({', '.join(map(_compared, values, sources))})" for values in selection.keys)
        conditions.append(f"({key}) in ({tuples})")
    where = where_only(selection.only, [" or ".join(f"({c})" for c in conditions)] if conditions else [])
    odd_values = " || ".join(odd) if odd else "''::text"
    return f"select {', '.join(expressions)}, {odd_values} from {relation.reference}{where}"


def where_only(only: Among, further: Sequence[str] = ()) -> str:
    """The end of a statement for rows with one of the values of each column alone; literals take the column's type."""
    conditions = [*further, *(_among(quoted(name), values) for name, values in only.items())]
    return f" where {' and '.join(f'({c})' for c in conditions)}" if conditions else ""


def _among(expression: str, values: Sequence[object]) -> str:
    told = [literal(value) for value in values if value is not None]
    among = [f"{expression} in ({', '.join(told)})"] if told else []
    return " or ".join([*among, *([f"{expression} is null"] if None in values else [])])


def _compared(value: object, source: PgColumn) -> str:
    """A key's value as the source compares it."""
    return literal(f"\\x{value}" if source.type == "bytea" and isinstance(value, str) else value)


def _is_dated(column: Column, source: PgColumn) -> bool:
    return source.type in _DATED and column.type in _INSTANTS


def _in_range(name: str) -> str:
    return f"({name} >= '0001-01-01' and {name} < '10000-01-01')"


def _projected(column: Column, source: PgColumn) -> str:
    name = quoted(column.name)
    if _is_dated(column, source):
        return f"case when {_in_range(name)} then {name} end"
    if source.type == "float4" and column.type in _NATIVE["float8"]:
        # Its shortest text is what the source shows: 0.1, not 0.10000000149.
        return f"{name}::text::float8"
    if source.type == "bytea" and column.type is ColumnType.TEXT:
        return f"encode({name}, 'hex')"
    return name if column.type in _NATIVE.get(source.type, ()) else f"{name}::text"


def _odd(column: Column) -> str:
    name = quoted(column.name)
    record = f"{literal(column.name + FIELD)} || {name}::text || {literal(RECORD)}"
    return f"(case when {name} is null or {_in_range(name)} then '' else {record} end)"
