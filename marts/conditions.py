"""Conditions that declarations write in SQL: the columns that they name.

Belongs here: reading them, in the SQL of any engine. Not here: which columns there are (consistency.py).
"""

import re
from collections.abc import Collection

from marts.words import WORDS

_DIALECTS = ("duckdb", "postgres", "bigquery")

_UNIT = re.compile(
    r"(iso)?(year|quarter|month|week|day|hour|minute|(milli|micro|nano)?second|decade|century|millennium)",
    re.IGNORECASE,
)

_FACTS = "facts"
"""What models of measures call the fact that they read (macro rows_to_measure)."""


def unknown_columns(condition: str, known: Collection[str]) -> list[str]:
    """The columns that a condition names and that are not known, in the order of their names.

    What only one engine takes for SQL, or for text, is read as that one does; of what none can read nothing is told.
    Nor is of what a subquery or a list's comprehension names, which have columns of their own.
    """
    found = [names for dialect in _DIALECTS if (names := _columns(condition, dialect)) is not None]
    there = {name.casefold() for name in (*known, *WORDS)}
    unknown = [[name for name in names if name.casefold() not in there] for names in found]
    # An engine that takes a unit for a column (`date_trunc(day, month)`) finds one that nobody misspelt.
    return min(unknown, key=lambda names: (len(names), -sum(_is_near(name, known) for name in names)), default=[])


def _is_near(name: str, known: Collection[str]) -> bool:
    # Only where something may be wrong.
    import difflib  # noqa: PLC0415

    return bool(difflib.get_close_matches(name, known, n=1))


def _columns(condition: str, dialect: str) -> list[str] | None:
    """The columns that a condition names, as an engine reads it; None: it can't."""
    # It takes a third of a second, and most runs look at no declaration.
    import sqlglot  # noqa: PLC0415
    from sqlglot import exp  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    try:
        read = sqlglot.parse_one(condition, dialect=dialect)
    except SqlglotError:
        return None
    columns = [
        [part.name for part in column.parts]
        for column in read.find_all(exp.Column)
        if not column.find_ancestor(exp.Query, exp.Lambda, exp.Comprehension)
        # The name of an argument.
        and not (isinstance(column.parent, exp.PropertyEQ) and column.arg_key == "this")
    ]
    # BigQuery has a unit where others have the date.
    units = [part.args.get("unit") for part in read.find_all(exp.DateTrunc, exp.TimestampTrunc)]
    dates = [unit.name.lower() for unit in units if unit and not _UNIT.match(unit.name)]
    # Of a field of a column the column.
    named = (parts[1] if len(parts) > 1 and parts[0] == _FACTS else parts[0] for parts in columns)
    return sorted({*named, *dates})
