"""How a table is best read, from what its database's catalog says of it.

Belongs here: the rules, and entries of the catalogue that leave it to them. Not here: reading the catalog
(sources/), showing or writing a recommendation (operations/).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pydantic import ValidationError

from ingestion.catalogue.entries import ColumnEntry, Mode, TableEntry
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.matching import matched_columns
from ingestion.errors import TableError
from ingestion.rows.columns import IDENTIFIER, ColumnType
from ingestion.rows.names import is_plain
from ingestion.sources.base import Snapshot
from ingestion.sources.shape import COUNTED_ROWS, TableShape

SAFETY_SWEEP_HOURS = 168.0
"""For tables whose cursor shows changes: an application may forget to move it."""

SWEEP_HOURS = 24.0
"""For tables whose cursor shows new rows only."""

OVERLAP_HOURS = 24.0
"""How much later than its timestamp a row may be committed."""

_UPDATED = re.compile(
    r"(^|_)(last_?)?(updated|modified|changed|edited)(_|$)|^last_?(update|modification|change)(_|$)"
    r"|^(update|modify|modification|change|write)_?(at|on|time|ts|date|timestamp)$"
)
_CREATED = re.compile(r"(^|_)(created|inserted|added|logged|occurred|received|recorded)(_|$)|^(timestamp|ts|time)$")
_CURSOR_TYPES = (ColumnType.TIMESTAMP, ColumnType.INTEGER)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """How to read a table.

    Attributes:
        mode: see the catalogue; so key, cursor and hours.
        reasons: why, a sentence each.
        problem: why it can't be loaded, and what to do; None if it can.
    """

    mode: Mode
    key: tuple[str, ...]
    reasons: tuple[str, ...]
    cursor: str | None = None
    overlap_hours: float = 0
    sweep_hours: float = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A column that later rows have higher values in.

    Attributes:
        name: the column.
        shows_changes: whether a change moves it; else only new rows stand out.
        is_indexed: whether an index begins with it.
        is_nullable: whether rows may have none; those are read in every run.
        is_timestamp: whether it is an instant, not a number.
    """

    name: str
    shows_changes: bool
    is_indexed: bool
    is_nullable: bool
    is_timestamp: bool


def recommend(shape: TableShape, key: Sequence[str] = (), cursor: str | None = None) -> Recommendation:
    """How to read a table.

    Args:
        shape: the table.
        key: its key, where a person named one.
        cursor: its cursor, where a person named one.
    """
    found, why_key = (tuple(key), "The key is the catalogue's.") if key else found_key(shape)
    reading = _reading(shape, cursor)
    return replace(reading, key=found, reasons=(why_key, *reading.reasons), problem=_problem(shape, found))


def found_key(shape: TableShape) -> tuple[tuple[str, ...], str]:
    """The columns that tell a table's rows apart, by its constraints, and why; no columns where none do."""
    if shape.primary_key:
        return shape.primary_key, "The key is the primary key."
    if shape.unique:
        return min(shape.unique, key=len), "The key is a unique constraint over columns that are never null."
    return (), "There is no primary key, and no unique constraint over columns that are never null."


def cursors(shape: TableShape) -> list[Cursor]:
    """The columns that may serve as a cursor, the best first."""
    key, _ = found_key(shape)
    candidates = []
    for name, column in shape.columns.items():
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        is_timestamp = column.type is ColumnType.TIMESTAMP
        shows_changes = column.type in _CURSOR_TYPES and bool(_UPDATED.search(words))
        shows_rows = (key == (name,) and column.type is ColumnType.INTEGER) or (
            is_timestamp and not column.is_nullable and bool(_CREATED.search(words))
        )
        if shows_changes or shows_rows:
            candidates.append(Cursor(name, shows_changes, shape.is_led_by(name), column.is_nullable, is_timestamp))
    # A key grows as rows are added; an instant of creation may be written late.
    return sorted(candidates, key=lambda c: (not c.shows_changes, not c.is_indexed, c.is_nullable, c.name not in key))


def filled_in(
    entries: Mapping[str, TableEntry], found: Mapping[str, FoundTable], snapshot: Snapshot
) -> tuple[dict[str, TableEntry], dict[str, str]]:
    """A source's entries with what they do not tell; and the tables for which that can't be found, with why.

    Raises:
        SourceError: the source can't be read.
    """
    silent = {name: found[name].name for name, entry in entries.items() if entry.mode is None and name in found}
    shapes = snapshot.shapes(silent.values()) if silent else {}
    filled, faults = dict(entries), {}
    for name, table in silent.items():
        try:
            if table in shapes:
                filled[name] = resolved(entries[name], _without(shapes[table], found[name].columns))
        except TableError as error:
            faults[name] = str(error)
    return filled, faults


def _without(shape: TableShape, columns: Collection[str]) -> TableShape:
    """The shape of those columns alone: of what is not read nothing is asked.

    Raises:
        TableError: the primary key is not read.
    """
    if gone := [name for name in shape.primary_key if name not in columns]:
        raise TableError(
            f"{', '.join(gone)}, of its primary key, is excluded or not declared: rows could not be told apart"
        )
    unique = tuple(one for one in shape.unique if {*one} <= {*columns})
    return replace(shape, columns={n: c for n, c in shape.columns.items() if n in columns}, unique=unique)


def resolved(entry: TableEntry, shape: TableShape) -> TableEntry:
    """An entry that tells no mode, with mode, key and cursor: what it does not tell as recommended.

    Raises:
        TableError: the table has no key, or one that can't be declared.
    """
    matched = matched_columns(entry, shape.columns)
    declared = {found: name for name, found in matched.items()}
    cursor_told = entry.cursor and matched.get(entry.cursor, entry.cursor)
    recommended = recommend(shape, [matched.get(name, name) for name in entry.key or ()], cursor_told)
    if recommended.problem:
        raise TableError(recommended.problem)
    key = [declared.get(name, name) for name in recommended.key]
    cursor = recommended.cursor and declared.get(recommended.cursor, recommended.cursor)
    columns = dict(entry.columns)
    for found_as, name in [*zip(recommended.key, key, strict=True), (recommended.cursor, cursor)]:
        if name and found_as and name not in columns:
            columns[name] = ColumnEntry(type=declared_type(shape, found_as, recommended.cursor))
    if cursor and columns[cursor].type == IDENTIFIER:
        columns[cursor] = ColumnEntry(type=ColumnType.INTEGER, required=columns[cursor].required)
    hours = {"overlap_hours": recommended.overlap_hours, "sweep_hours": recommended.sweep_hours}
    told = {name: getattr(entry, name) for name in hours if name in entry.model_fields_set}
    found = {
        "columns": columns,
        "mapping": entry.mapping,
        "key": key,
        "mode": recommended.mode,
        "cursor": cursor,
        **hours,
        **told,
    }
    try:
        return type(entry).model_validate({**entry.model_dump(exclude={"columns", "mapping"}), **found})
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise TableError(f"its entry in the catalogue does not fit what was found: {message}") from None


def declarations(shape: TableShape, recommended: Recommendation) -> dict[str, str]:
    """The columns as the catalogue would declare them: name → type, and whether null is allowed.

    Columns whose names the raw log or some warehouse can't have are not declared, nor are those but one that differ
    in case alone: they land in raw by themselves, under another name if need be.
    """
    declared = {}
    alike = groupby(sorted(shape.columns, key=str.casefold), key=str.casefold)
    # The key's has to be declared; else the one that keeps its name in raw.
    chosen = {min(names, key=lambda n: (n not in recommended.key, n.casefold() != n, n)) for _, names in alike}
    for name, column in shape.columns.items():
        if name in chosen and is_plain(name):
            is_required = not column.is_nullable and name not in recommended.key
            declared[name] = f"{declared_type(shape, name, recommended.cursor)}{' not null' if is_required else ''}"
    return declared


def declared_type(shape: TableShape, name: str, cursor: str | None = None) -> str:
    """The type of a column as the catalogue would declare it, given the table's cursor."""
    type_ = shape.columns[name].type
    key, _ = found_key(shape)
    if type_ not in (ColumnType.INTEGER, ColumnType.TEXT):
        # As text any value can be a key.
        return ColumnType.TEXT.value if name in key else type_.value
    is_id = name in key or re.search(r"(^|_)id$|[a-z0-9]I[Dd]$", name) is not None
    return IDENTIFIER if is_id and name != cursor else type_.value


def _problem(shape: TableShape, key: Sequence[str]) -> str | None:
    if not shape.is_readable:
        return "the source does not let us read it. Grant select on it"
    if not key:
        return (
            "it can't be loaded without a key: versions of a row could not be told apart. Give the table a primary "
            "key, or name columns that are unique and never null as `key` in its entry in the catalogue"
        )
    own = [name for name in key if name.startswith("_")]
    if own:
        return (
            f"its key's column {own[0]} has a name like the raw log's own, which begin with _. Read a view that "
            "renames it"
        )
    unfit = [name for name in key if not is_plain(name)]
    if unfit or len({name.casefold() for name in key}) < len(key):
        return (
            f"its key's columns ({', '.join(map(repr, unfit or key))}) have names that a warehouse can't have, or that "
            "differ in case alone. Read a view that renames them"
        )
    return None


def _reading(shape: TableShape, cursor: str | None) -> Recommendation:
    """Mode and cursor."""
    if shape.tells_changes:
        why = "PostgreSQL tells itself which rows changed: no cursor is needed, and no edit is missed."
        return Recommendation("changes", (), (why,), cursor)
    if cursor:
        return Recommendation("changes", (), ("The cursor is the catalogue's.",), cursor)
    if shape.kind != "table":
        return Recommendation("full", (), (f"A {shape.kind} has no indexes and tells no changes: it is read in full.",))
    if shape.rows is not None and shape.rows.bound != "more than" and shape.rows.rows <= COUNTED_ROWS:
        return Recommendation("full", (), (f"It is small (up to {COUNTED_ROWS:,} rows): reading all of it is cheap.",))
    candidates = cursors(shape)
    if not candidates:
        why = "It is large, but no column tells new or changed rows: it is read in full. Add an indexed updated_at."
        return Recommendation("full", (), (why,))
    best = candidates[0]
    return Recommendation(
        "cursor",
        (),
        _reasons(best),
        best.name,
        OVERLAP_HOURS if best.is_timestamp else 0,
        SAFETY_SWEEP_HOURS if best.shows_changes else SWEEP_HOURS,
    )


def _reasons(best: Cursor) -> tuple[str, ...]:
    if best.shows_changes:
        first = f"By its name, {best.name} moves when a row changes; the sweep finds changes that did not move it."
    else:
        first = f"{best.name} shows new rows only; edits of older rows are found by the sweep."
    second = (
        "An index begins with it."
        if best.is_indexed
        else f"No index begins with it, so each read scans the table: add an index on {best.name}."
    )
    third = ("It may be null; such rows are read in every run.",) if best.is_nullable else ()
    return (first, second, *third, "Deletes are found by comparing keys in every run; reconcile_hours relaxes that.")
