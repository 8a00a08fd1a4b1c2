"""What a sample source is: its tables, and the changes that a day makes to them.

Belongs here: shapes shared by the five sources and the SQL that applies changes. Not here: files and their
transactions (files.py), what happens on a day (one module per source).
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from ingestion.sample.flaws import Flaw, Row, Value, let_slip, spoil_some
from ingestion.sample.today import Today

Counts = Counter[tuple[str, str]]
"""Rows by (table, kind); kind is inserted, updated, late or deleted."""


to_json: Callable[[dict[str, Value]], str] = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class Table:
    """A table's columns with their declarations, constraints, and indexes (`(columns) where ...`)."""

    columns: dict[str, str]
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    def statements(self, name: str) -> list[str]:
        """Write the DDL."""
        parts = [f'"{column}" {kind}' for column, kind in self.columns.items()]
        statements = [f'create table "{name}" ({", ".join((*parts, *self.constraints))})']
        for number, index in enumerate(self.indexes, start=1):
            statements.append(f'create index "{name}_{number}" on "{name}" {index}')
        return statements


@dataclass
class Changes:
    """What a day does to a source; applied in the order of the fields, late rows first."""

    late: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    inserts: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[tuple[str, tuple[str, ...]], list[Row]] = field(default_factory=lambda: defaultdict(list))
    deletes: dict[tuple[str, str], list[tuple[Value]]] = field(default_factory=lambda: defaultdict(list))

    def insert(self, table: str, *rows: Row, late: bool = False) -> None:
        """Add rows, in the order of the table's columns."""
        (self.late if late else self.inserts)[table].extend(rows)

    def update(self, table: str, row_id: Value, **values: Value) -> None:
        """Set columns of the row with this id."""
        self.updates[table, tuple(values)].append((*values.values(), row_id))

    def delete(self, table: str, value: Value, by: str = "id") -> None:
        """Delete the rows whose column `by` has this value."""
        self.deletes[table, by].append((value,))


@dataclass(frozen=True)
class Source:
    """One source system.

    Attributes:
        name: Name of the source and of its file.
        tables: Its tables by name.
        flaws: The dirty values its rows may get.
        found: What is there before the first day; the day given is the one before it.
        happen: What happens on a day, given the state of the evening before.
        slips: Wrong values that only some kinds of rows can have, drawn apart from all else.
    """

    name: str
    tables: dict[str, Table]
    flaws: Sequence[Flaw]
    found: Callable[[Today], Changes]
    happen: Callable[[sqlite3.Connection, Today], Changes]
    slips: Sequence[Flaw] = ()


def live_through(db: sqlite3.Connection, source: Source, today: Today) -> Counts:
    """Let a day happen in a source; the caller holds the transaction.

    Returns:
        Rows by table and kind. Late rows are inserts too, counted apart.
    """
    changes = source.happen(db, today)
    columns = {name: tuple(table.columns) for name, table in source.tables.items()}
    spoil_some(source.flaws, today, columns, changes.inserts)
    let_slip(source.slips, today, columns, changes.inserts)
    return apply(db, source, changes)


def apply(db: sqlite3.Connection, source: Source, changes: Changes) -> Counts:
    """Write changes, and count the rows that they really touched."""
    counts: Counts = Counter()
    for kind, inserts in (("late", changes.late), ("inserted", changes.inserts)):
        for table, rows in inserts.items():
            places = ", ".join("?" * len(source.tables[table].columns))
            statement = f'insert into "{table}" values ({places})'
            counts[table, kind] += _executed(db, statement, rows)
    for (table, columns), rows in changes.updates.items():
        assignments = ", ".join(f'"{column}" = ?' for column in columns)
        statement = f'update "{table}" set {assignments} where id = ?'
        counts[table, "updated"] += _executed(db, statement, rows)
    for (table, column), values in changes.deletes.items():
        statement = f'delete from "{table}" where "{column}" = ?'
        counts[table, "deleted"] += _executed(db, statement, values)
    return counts


def largest_id(db: sqlite3.Connection, table: str) -> int:
    """Highest row number of a table, 0 if it is empty; an integer key is its own row number."""
    number: int | None = db.execute(f'select max(rowid) from "{table}"').fetchone()[0]
    return number or 0


def recent_rows(
    db: sqlite3.Connection,
    rng: Random,
    table: str,
    columns: str,
    count: int,
    *,
    window: float,
) -> list[Row]:
    """Draw up to `count` of about the last `window` rows, each at most once, without scanning.

    Never the very last row: were it deleted, SQLite would give its number to the next one.
    """
    last = largest_id(db, table)
    numbers = range(max(1, last - max(20, int(window))), last)
    statement = f'select {columns} from "{table}" where rowid = ?'
    # More numbers than wanted, as some were deleted.
    chosen = rng.sample(numbers, min(2 * count + 8, len(numbers)))
    found = (db.execute(statement, (number,)).fetchone() for number in chosen)
    return list(islice((row for row in found if row is not None), count))


def _executed(db: sqlite3.Connection, statement: str, rows: Iterable[Row]) -> int:
    return max(0, db.executemany(statement, rows).rowcount)
