"""Read a folder or bucket of CSV, Parquet or JSON lines, as exports of hosted systems come.

Belongs here: the source, its snapshot, and what it holds to be new. Not here: which files are whose (files_found.py),
their bytes (files_copies.py), their formats (files_csv.py, files_json.py, files_parquet.py).

A file is known by its size and the digest of its bytes, never by its date.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import pyarrow as pa

from ingestion.errors import TableError, TransientSourceError
from ingestion.output.storage import Storage
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.rows.conversion import convert
from ingestion.rows.folding import Folding
from ingestion.sources import files_parquet
from ingestion.sources.base import EMPTY, EVERYTHING, Absence, Among, Position, Selection, WireBatch
from ingestion.sources.files_copies import Copies, Form, form_of, text, unpacked
from ingestion.sources.files_csv import CsvRows
from ingestion.sources.files_entry import FilesEntry
from ingestion.sources.files_found import Content, Folder, chosen, shown
from ingestion.sources.files_json import JsonRows
from ingestion.sources.files_rows import Unparsed, joined, only, wire_batches
from ingestion.sources.shape import SourceColumn, TableShape

Columns = dict[str, ColumnType]
Known = dict[tuple[str, Form, Content], Columns]
"""By table, and what the file is."""


class FilesSource:
    """A folder of files.

    Args:
        name: the source's name.
        root: the folder, or any URL that fsspec takes (`files://` is this machine's disk).
        entries: the files of each table.
    """

    def __init__(self, name: str, root: str, entries: Mapping[str, FilesEntry]) -> None:
        self._name = name
        self._root = f"file://{root.removeprefix('files://')}" if root.startswith("files://") else root
        self._entries = entries
        self._known: Known = {}

    @contextmanager
    def snapshot(self) -> Iterator["FilesSnapshot"]:
        """The files as they are now. See `Source.snapshot`."""
        storage = Storage(self._root, f"the url of {self._name}")
        copies = Copies(self._name, storage)
        folder = Folder(storage)
        with copies.faults_told():
            # Once, before anything is asked: what comes later is the next run's.
            _ = folder.names, folder.links
        yield FilesSnapshot(folder, copies, self._entries, self._known)


class FilesSnapshot:
    """Reads of files that are what they were when they were first looked at. See `Snapshot` and `ChangeTracking`."""

    def __init__(
        self,
        folder: Folder,
        copies: Copies,
        entries: Mapping[str, FilesEntry],
        known: Known,
    ) -> None:
        """`known` are the columns of files that were looked at before, which take reading them."""
        self._folder = folder
        self._copies = copies
        self._entries = entries
        self._known = known
        self._contents: dict[str, Content] = {}
        self._refused: dict[str, TableError | TransientSourceError] = {}

    def tables(self) -> list[str]:
        """See `Snapshot.tables`: those with a file."""
        return [table for table in self._entries if self._files(table)]

    def columns(self, tables: Iterable[str]) -> dict[str, Columns]:
        """See `Snapshot.columns`: those of all files, as text where files differ in their type."""
        found = {}
        for table in tables:
            if self._files(table):
                try:
                    found[table] = self._columns_of(table)
                # It is that table's alone, and told where it is read.
                except (TableError, TransientSourceError) as error:
                    self._refused[table] = error
                    found[table] = {}
        return found

    def unreadable(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """See `Snapshot.unreadable`: there are none."""
        return {}

    def shapes(self, tables: Iterable[str] | None = None) -> dict[str, TableShape]:
        """See `Snapshot.shapes`: files tell nothing but columns."""
        found = self.columns(self.tables() if tables is None else tables)
        return {
            table: TableShape(table, {name: SourceColumn(type_) for name, type_ in columns.items()}, "set of files")
            for table, columns in found.items()
        }

    def foldings(self, columns: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Folding]]:
        """See `Snapshot.foldings`: files tell all text apart."""
        return {}

    def count(self, table: RawTable, only: Among = EMPTY) -> int | None:
        """See `Snapshot.count`: it is not known."""
        return None

    def absence(self, table: str) -> Absence | None:
        """See `Explaining.absence`."""
        entry = self._entries.get(table)
        return Absence(self._folder.near(entry), is_expected=entry.each == "increment") if entry else None

    def position(
        self, table: str, mode: Literal["changes", "cursor", "full"], cursor: str | None, watermark: str | None
    ) -> Position:
        """See `ChangeTracking.position`: whatever the mode, by the files' contents."""
        entry = self._entries[table]
        self.check(table)
        names = self._files(table)
        found = {name: self._content(name) for name in names}
        # Options may change what a file says. A name of another file adds nothing to it.
        options = hashlib.sha256(entry.model_dump_json(exclude={"files"}).encode()).hexdigest()
        told = {"by": "files", "since": names[-1] if names else "", "options": options}
        own = json.dumps(told | {"files": {name: [c.size, c.sha256] for name, c in found.items()}})
        before = _before(watermark, options)
        if entry.each == "increment":
            new = list(names) if before is None else chosen(found, before, names)
            scope = f"files: {len(new):,} of {len(names):,}"
            condition = None if before is None else json.dumps(new)
            return Position(own, scope, condition, gives="additions")
        if before is not None and _contents(before) == _contents(found):
            return Position(own, "files unchanged", json.dumps([]), gives="state")
        scope = "initial" if watermark is None else "full: files changed"
        return Position(own, scope, gives="state")

    def read(self, table: RawTable, selection: Selection = EVERYTHING) -> Iterator[WireBatch]:
        """See `Snapshot.read`."""
        self.check(table.name)
        names = self._files(table.name) if selection.condition is None else json.loads(selection.condition)
        wires = (wire for name in names for wire in self._read_file(name, table))
        if selection.keys is not None:
            keys = set(selection.keys)
            wires = (only(wire, _with_keys(wire, table, keys)) for wire in wires)
        yield from joined(wires)

    def check(self, table: str) -> None:
        """See `Explaining.check`."""
        if table in self._refused:
            raise self._refused[table]

    def _files(self, table: str) -> list[str]:
        """A table's files; those that a fault was found of are there, so that it is told."""
        entry = self._entries.get(table)
        if entry is None:
            return []
        try:
            return self._folder.matching(entry)
        except TableError as error:
            self._refused[table] = error
            return self._folder.links

    def _content(self, name: str) -> Content:
        if name not in self._contents:
            self._contents[name] = self._copies.look(name)
        return self._contents[name]

    def _columns_of(self, table: str) -> Columns:
        self.check(table)
        found: Columns = {}
        for name in self._files(table):
            for column, type_ in self._file_columns(table, name).items():
                # In none, or in all the same.
                found[column] = type_ if found.get(column, type_) is type_ else ColumnType.TEXT
        return found

    def _file_columns(self, table: str, name: str) -> Columns:
        key = (table, form_of(name), self._content(name))
        if key not in self._known:
            self._known[key] = self._found_columns(name, key[1], self._entries[table])
        return self._known[key]

    def _found_columns(self, name: str, form: Form, entry: FilesEntry) -> Columns:
        with self._copies.copied(name, self._content(name)) as copy, self._copies.decoding(name):
            if form.format == "parquet":
                with unpacked(copy, form) as path:
                    return files_parquet.columns(path)
            with text(copy, form, entry.encoding, _LINE_ENDS[form.format]) as file:
                rows = CsvRows(name, file, entry, form.separator) if form.format == "csv" else JsonRows(name, file)
                return dict.fromkeys(rows.columns, ColumnType.TEXT)

    def _read_file(self, name: str, table: RawTable) -> Iterator[WireBatch]:
        """The rows of a file, with all of the table's columns: null where it lacks one."""
        entry, form = self._entries[table.name], form_of(name)
        has = self._file_columns(table.name, name)
        if lacking := [key for key in table.key if has and key not in has]:
            raise TableError(f"{shown(name)} has no column {', '.join(lacking)}, which is the table's key")
        own = replace(table, columns=tuple(c for c in table.columns if c.name in has))
        with self._copies.copied(name, self._content(name)) as copy, self._copies.decoding(name):
            if form.format == "parquet":
                with unpacked(copy, form) as path:
                    yield from (_filled(wire, table) for wire in files_parquet.wire_batches(name, path, own))
                return
            with text(copy, form, entry.encoding, _LINE_ENDS[form.format]) as file:
                rows = CsvRows(name, file, entry, form.separator) if form.format == "csv" else JsonRows(name, file)
                unparsed = Unparsed(name)
                parsed = rows.rows([c.name for c in own.columns], unparsed)
                is_delimited = form.format == "csv"
                for wire in wire_batches(name, entry, own, parsed, unparsed, is_delimited=is_delimited):
                    yield _filled(wire, table)


_LINE_ENDS = {"csv": "", "json": "\n"}


def _before(watermark: str | None, options: str) -> dict[str, Content] | None:
    """The files that the last read knew; None where that was another kind of read."""
    try:
        told = json.loads(watermark or "null")
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("by") != "files" or told.get("options") != options:
        return None
    return {name: Content(size, sha256) for name, (size, sha256) in told["files"].items()}


def _contents(files: Mapping[str, Content]) -> list[tuple[int, str]]:
    """What files hold, whatever their names."""
    return sorted((content.size, content.sha256) for content in files.values())


def _filled(wire: WireBatch, table: RawTable) -> WireBatch:
    batch = wire.batch
    arrays = [
        batch.column(c.name) if c.name in batch.schema.names else pa.nulls(batch.num_rows, pa.string())
        for c in table.columns
    ]
    return replace(wire, batch=pa.RecordBatch.from_arrays(arrays, names=[c.name for c in table.columns]))


def _with_keys(wire: WireBatch, table: RawTable, keys: Collection[tuple[object, ...]]) -> list[int]:
    """The rows that have one of some keys."""
    columns = [convert(wire.batch.column(c.name), c.type)[0].to_pylist() for c in table.key_columns]
    return [row for row, key in enumerate(zip(*columns, strict=True)) if key in keys]
