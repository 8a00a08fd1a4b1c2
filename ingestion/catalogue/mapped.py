"""What an owner's mapping means in the table that was found for it.

Belongs here: what is excluded, which rows there are for us, how values are translated, and what is refused of that. Not
here: the mapping as it is declared (mapping.py), the match of names (matching.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion.catalogue.entries import ExtractedEntry, TableEntry
from ingestion.catalogue.listed_names import alike_names, listed
from ingestion.catalogue.mapping import Scalar, text_of
from ingestion.errors import TableError, nearest
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.sources.base import Among
from ingestion.sources.translation import EPOCHS, Translation, compared, spelling


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table of the source that an entry means.

    Attributes:
        name: its name there.
        columns: its columns there, with the raw type that holds each; without those that are excluded.
        only: column → values: of other rows there are none for us.
        skipped: those that are not read as nobody declares them; they are not among `columns`.
    """

    name: str
    columns: Mapping[str, ColumnType]
    only: Among = field(default_factory=dict)
    skipped: Sequence[str] = ()


def as_declared(entry: TableEntry, found: FoundTable) -> FoundTable:
    """The table without excluded columns, and with the condition on its rows.

    Raises:
        TableError: a column that its owner names is not there.
    """
    mapping = entry.mapping
    if not found.columns:
        # Files that can't be read have none: what is wrong with them is told where they are.
        return found
    excluded = {column_of(name, found.columns, "exclude names") for name in mapping.exclude}
    excluded |= _personal_unread(entry, found)
    only = {}
    for name, values in mapping.where.items():
        column = column_of(name, found.columns, "where names")
        only[column] = [_compared(value, found.columns[column], column) for value in values]
    return FoundTable(found.name, {n: t for n, t in found.columns.items() if n not in excluded}, only)


def _personal_unread(entry: TableEntry, found: FoundTable) -> set[str]:
    """Columns of which raw keeps nothing: dropped ones, and namesakes of those of which it keeps less than all.

    Raises:
        TableError: its owner alone names a personal column, and there is none.
    """
    read = {n: told.source for n, told in entry.mapping.columns.items() if told.source and n not in entry.dropped}
    unread: set[str] = set()
    for name in entry.personal:
        told = entry.mapping.columns.get(name)
        source = (told and told.source) or name
        if isinstance(entry, ExtractedEntry):
            column_of(source, found.columns, "personal names")
        if name in entry.dropped:
            unread |= {*alike_names(source, found.columns), *alike_names(name, found.columns)}
        elif name in entry.hashed and (name in read or name in found.columns):
            # Its values are of the same kind, whatever column is read for it.
            unread |= {c for c in alike_names(name, found.columns) if c != source}
    return unread - {column_of(source, found.columns, f"{name} is to be read from") for name, source in read.items()}


def column_of(name: str, found: Collection[str], said: str) -> str:
    """The source's column of exactly a name, or else the only one that differs in case alone.

    Raises:
        TableError: there is none, or several; it begins with `said`.
    """
    alike = [name] if name in found else alike_names(name, found)
    if len(alike) != 1:
        what = f"several: {listed(alike)}" if alike else f"no such column; it has {nearest(name, [*found])}"
        raise TableError(f"{said} {name}, and the source's table has {what}")
    return alike[0]


def _compared(value: Scalar | None, type_: ColumnType, column: str) -> str | int | bool | None:
    """A value of `where` as the column is compared with it.

    Raises:
        TableError: the column can't hold it, or holds bytes, which no text stands for.
    """
    text = text_of(value)
    if text is None:
        return None
    if type_ is ColumnType.BYTES:
        raise TableError(f"where has a value of column {column}, which is bytes: nothing but null can be told of it")
    try:
        return compared(text, type_)
    except ValueError:
        raise TableError(f"where has {value!r} of column {column}, which is {type_}") from None


def translated(
    entry: TableEntry, found: FoundTable, names: Mapping[str, str]
) -> tuple[dict[str, Translation], dict[str, str]]:
    """Raw column → how its values are made of the source's; and those that have one value in every row.

    Raises:
        TableError: a path leads into what can't be a document.
    """
    zones = {name: zone for name, column in names.items() if (zone := _zone(entry, name, found.columns[column]))}
    translations = {name: Translation(ColumnType.TIMESTAMP, zone=zone) for name, zone in zones.items()}
    constants = {}
    for name, told in entry.mapping.columns.items():
        default = text_of(told.default)
        if name not in names:
            if default is not None:
                constants[name] = default
        elif not told.is_renamed_only:
            type_ = found.columns[names[name]]
            if told.path and type_ not in (ColumnType.JSON, ColumnType.TEXT):
                raise TableError(f"{name} is to be read by a path in {names[name]}, which is {type_} and no document")
            values = {spelling(text_of(value), type_): result for value, result in told.values.items()} or None
            path = tuple(told.path.removeprefix("$.").split(".")) if told.path else ()
            times = EPOCHS[told.epoch] if told.epoch else told.times
            held = ColumnType.TIMESTAMP if told.epoch else entry.columns[name].in_source(ColumnType.TEXT)
            if type_ is ColumnType.TEXT and not path and values is None:
                # Of files everything is text, whose signs and formats count for what is asked for as something else.
                type_ = held if times is None else ColumnType.DECIMAL
            if name in zones and not path:
                type_ = ColumnType.TIMESTAMP
            translations[name] = Translation(type_, path, values, times, held, default, zones.get(name))
    return translations, constants


def _zone(entry: TableEntry, name: str, found: ColumnType) -> str | None:
    """The zone of a raw column's instants, given the type of what it is read from. See `TableMapping.zone_of`."""
    declared = entry.columns.get(name)
    return entry.mapping.zone_of(name, declared.type if declared else found)


def check_types(table: RawTable, names: Mapping[str, str], translations: Mapping[str, Translation]) -> None:
    """See to it that what several columns are read from is one type for all of them.

    Raises:
        TableError: it is not.
    """
    asked: dict[str, tuple[str, ColumnType]] = {}
    for column in table.columns:
        if column.name in names:
            type_ = translations[column.name].type if column.name in translations else column.type
            other, before = asked.setdefault(names[column.name], (column.name, type_))
            if before != type_:
                raise TableError(
                    f"{column.name} ({type_}) and {other} ({before}) are both read from {names[column.name]}, which "
                    "can't be read as two types"
                )
