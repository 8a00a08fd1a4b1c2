"""Which tables and columns of a source an entry of the catalogue means, and what they become in raw.

Belongs here: the match, with regard to case and without; what of a source is renamed, left out or refused, and why. Not
here: names as such (rows/names.py), asking a source by them (sources/named.py).

What the catalogue declares keeps its declared name. Of what a source has beyond that nothing is lost for its name: it
gets another one, and the table's note in `_state` tells which.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from ingestion.catalogue.entries import ExtractedEntry, TableEntry
from ingestion.catalogue.listed_names import alike_names, in_quotes, listed, shortened
from ingestion.catalogue.mapped import FoundTable, as_declared, check_types, column_of, translated
from ingestion.errors import TableError, nearest
from ingestion.rows.columns import CONTROL_COLUMNS, IDENTIFIER, Column, ColumnType, RawTable
from ingestion.rows.folding import FAITHFUL, Folding
from ingestion.rows.names import ANY_NAME, NameRules, raw_names, table_fault, with_digest
from ingestion.sources.base import Snapshot
from ingestion.sources.named import SourceNames


@dataclass(frozen=True, slots=True)
class Admission:
    """What of a source's table comes into raw, and by what names.

    Attributes:
        table: the raw table.
        names: what it and its columns are in the source.
        note: what a person should know of that; None if nothing.
        unreviewed: raw's columns of which nobody says what they hold.
    """

    table: RawTable
    names: SourceNames
    note: str | None = None
    unreviewed: tuple[str, ...] = ()

    def noted(self, further: str | None) -> "Admission":
        """With a further note."""
        return replace(self, note="; ".join(told for told in (self.note, further) if told) or None)

    @property
    def found(self) -> frozenset[str]:
        """The raw table's columns that the source gives values for."""
        return self.names.given


def find_tables(entries: Mapping[str, TableEntry], snapshot: Snapshot) -> tuple[dict[str, FoundTable], dict[str, str]]:
    """The source's tables by the catalogue's names; and why others can't be told.

    A table of exactly the name is the entry's, or else the only one whose name differs in case alone: the name that its
    owner told, or the entry's own.

    Raises:
        SourceError: the source can't be read.
    """
    wanted = {name: entry.mapping.table or name for name, entry in entries.items()}
    columns = snapshot.columns(list(dict.fromkeys(wanted.values())))
    found = {name: FoundTable(table, columns[table]) for name, table in wanted.items() if table in columns}
    others, faults = {}, {}
    if absent := [name for name in entries if name not in found]:
        there = snapshot.tables()
        further = [name for name in there if name not in {table.name for table in found.values()}]
        for name in absent:
            alike = alike_names(wanted[name], further)
            if len(alike) == 1:
                others[name] = alike[0]
            elif alike:
                faults[name] = (
                    f"the database has {listed(alike)}, which differ from its name in case alone. Leave one of them, "
                    f"or read a view that is called {name}"
                )
            elif entries[name].mapping.table is not None or isinstance(entries[name], ExtractedEntry):
                faults[name] = f"the database has no table {wanted[name]}; it has {nearest(wanted[name], there)}"
    if others:
        columns = snapshot.columns(list(dict.fromkeys(others.values())))
        found |= {name: FoundTable(other, columns[other]) for name, other in others.items() if other in columns}
    ours = {}
    for name in entries:
        if name in found:
            try:
                ours[name] = _but_skipped(entries[name], as_declared(entries[name], found[name]))
            except TableError as error:
                faults[name] = str(error)
    return ours, faults


def _but_skipped(entry: TableEntry, found: FoundTable) -> FoundTable:
    """The table with declared columns alone, where its owner wants no others.

    Raises:
        TableError: see `matched_columns`.
    """
    if not entry.mapping.skips_undeclared:
        return found
    read = {*matched_columns(entry, found.columns).values()}
    skipped = [name for name in found.columns if name not in read]
    return replace(found, columns={n: t for n, t in found.columns.items() if n in read}, skipped=skipped)


def refused_tables(names: Iterable[str], existing: Collection[str], rules: NameRules = ANY_NAME) -> dict[str, str]:
    """Those tables that can't be in raw under their names, with why.

    Args:
        names: the catalogue's.
        existing: raw tables that there are, exactly as they are spelled.
        rules: the warehouse's.
    """
    refused: dict[str, str] = {}
    taken: dict[str, str] = {}
    # A raw table that is there is its own's; of two that a warehouse has, both.
    for name in sorted(names, key=lambda n: n not in existing):
        holder = taken.setdefault(name.casefold(), name)
        if fault := table_fault(name) or rules.table_fault(name):
            refused[name] = f"its name {fault}. Read a view that has another name"
        elif holder != name and not {holder, name} <= {*existing}:
            refused[name] = clash(holder)
    return refused


def clash(other: str) -> str:
    """Why a table can't be in raw beside another one."""
    return (
        f"its name differs from that of {other} in case alone, so that raw would take both for one table. Read a view "
        "that has another name"
    )


def matched_columns(entry: TableEntry, found: Collection[str]) -> dict[str, str]:
    """Declared column → the source's: of exactly that name, or else the only one that differs in case alone.

    The name is the one that its owner tells (`from`), or its own; a column that is read for another one does not also
    fill its namesake.

    Raises:
        TableError: there are several, or the catalogue declares several, or the one that its owner tells is not there.
    """
    if len({name.casefold() for name in entry.columns}) < len(entry.columns):
        twice = next(a for a in (alike_names(name, entry.columns) for name in entry.columns) if len(a) > 1)
        raise TableError(
            f"the catalogue declares columns that differ in case alone: {listed(twice)}. Leave one of them"
        )
    if not found:
        return {}
    matched = {}
    dropped = set(entry.dropped)
    told = {n: column.source for n, column in entry.mapping.columns.items() if column.source and n not in dropped}
    taken = {column_of(source, found, f"{name} is to be read from") for name, source in told.items()}
    for name in entry.columns:
        if name in dropped:
            continue
        if name in told:
            matched[name] = column_of(told[name], found, f"{name} is to be read from")
            continue
        alike = [name] if name in found else alike_names(name, found)
        if alike and {*alike} <= taken:
            continue
        if len(alike) > 1:
            raise TableError(
                f"the source has {listed(alike)}, which differ from the catalogue's column {name} in case alone. "
                "Declare one of them by its exact name"
            )
        if alike:
            matched[name] = alike[0]
    return matched


def _ids_of_text(entry: TableEntry, found: FoundTable) -> dict[str, str]:
    """The declared identifiers that are text in the source, and which of its columns each is."""
    return {
        name: column
        for name, column in matched_columns(entry, found.columns).items()
        if entry.columns[name].type == IDENTIFIER
        and found.columns[column] is ColumnType.TEXT
        and entry.mapping.keeps_values(name)
    }


def id_foldings(
    entries: Mapping[str, TableEntry], found: Mapping[str, FoundTable], snapshot: Snapshot
) -> dict[str, dict[str, Folding]]:
    """What the source does not tell apart in ids that are text: its table → its column.

    Raises:
        SourceError: the source can't be read.
    """
    asked: dict[str, list[str]] = {}
    for name, table in found.items():
        # What can't be matched is told where it is to be admitted.
        with suppress(TableError):
            if ids := _ids_of_text(entries[name], table):
                asked.setdefault(table.name, []).extend(ids.values())
    return snapshot.foldings(asked) if asked else {}


def admitted(
    source: str,
    name: str,
    entry: TableEntry,
    found: FoundTable | None,
    foldings: Mapping[str, Folding] | None = None,
    existing: Collection[str] = (),
    rules: NameRules = ANY_NAME,
) -> Admission:
    """What of a source's table comes into raw.

    Args:
        source: name of the source.
        name: the entry's name.
        entry: the entry, with its key.
        found: the table; None where the source has none.
        foldings: what the source does not tell apart in its columns; None where ids are to be left as they are.
        existing: the raw table's columns, exactly as they are spelled; none where there is no such table.
        rules: the warehouse's.

    Raises:
        TableError: it can't be told which column is which.
    """
    if found is None:
        return Admission(entry.raw_table(source, name), SourceNames(name, {}))
    declared = matched_columns(entry, found.columns)
    folded = {}
    if foldings is not None:
        for id_, column in _ids_of_text(entry, found).items():
            declared_folding = entry.columns[id_].folding
            folding = foldings.get(column, FAITHFUL) if declared_folding is None else declared_folding
            if folding.changes_values:
                folded[id_] = folding
    spellings = {_spelling(column, rules): column for column in folded if column not in entry.hashed}
    told: dict[str, str | None] = {c: declared.get(c) for c in entry.columns} | dict.fromkeys(spellings)
    raw = raw_names(found.columns, told, existing, rules)
    kept, left_out = _within(rules, list(found.columns), raw, told, existing)
    # Of a column that several are read from, `raw` has but one name.
    names = {raw[c]: c for c in kept} | declared
    translations, constants = translated(entry, found, names)
    types = {r: translations[r].raw_type if r in translations else found.columns[c] for r, c in names.items()}
    table = entry.raw_table(source, name, types | dict.fromkeys(constants, ColumnType.TEXT))
    columns = (*table.columns, *(Column(c, ColumnType.TEXT, is_declared=False) for c in spellings))
    check_types(table, names, translations)
    withholds = bool(entry.mapping.exclude or entry.hashed or entry.dropped or entry.mapping.skips_undeclared)
    return Admission(
        RawTable(source, name, table.key, columns),
        SourceNames(found.name, names, folded, spellings, translations, constants, found.only, withholds=withholds),
        _note(name, found, {c: raw[c] for c in kept if c not in declared.values() and raw[c] != c}, left_out),
    )


def _spelling(column: str, rules: NameRules) -> str:
    """The further column that keeps what was written where ids are folded."""
    name, digested = spellings_of(column)
    return digested if rules.fault(name) else name


def spellings_of(column: str) -> tuple[str, str]:
    """What that is called in raw, and where a warehouse has no such names."""
    name = f"{column}_as_written"
    return name, with_digest(name)


def _within(
    rules: NameRules, found: list[str], raw: Mapping[str, str], declared: Iterable[str], existing: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The source's columns that a raw table has room for, and those that it has not: no declared one is among them."""
    if rules.most_columns is None:
        return found, []
    told = {*declared, *existing, *(c.name for c in CONTROL_COLUMNS)}
    room = rules.most_columns - len(told)
    kept: list[str] = []
    left_out: list[str] = []
    for column in found:
        if raw[column] not in told:
            room -= 1
        (kept if raw[column] in told or room >= 0 else left_out).append(column)
    return kept, left_out


def _note(name: str, found: FoundTable, renamed: Mapping[str, str], left_out: list[str]) -> str | None:
    told = [f"the source's table is {in_quotes(found.name)}"] if found.name != name else []
    if renamed:
        pairs = shortened([f"{in_quotes(column)} as {other}" for column, other in renamed.items()])
        told.append(f"columns are in raw under another name: {pairs}")
    if left_out:
        told.append(f"the warehouse's tables have no room for {len(left_out):,} columns: {listed(left_out)}")
    if found.skipped:
        told.append(f"columns that nobody declares are not read: {listed(found.skipped)}")
    return "; ".join(told) or None
