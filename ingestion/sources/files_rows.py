"""Rows of text out of files as batches.

Belongs here: Arrow out of text, with what a file's options say of null, numbers and dates. Not here: where one row ends
and the next begins (files_csv.py, files_json.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.columns import Column, ColumnType, RawTable
from ingestion.rows.conformance import OddValue, UnparsedRow
from ingestion.sources.base import BATCH_BYTES, BATCH_ROWS, WireBatch
from ingestion.sources.batches import cut
from ingestion.sources.files_entry import FilesEntry
from ingestion.sources.files_found import shown

Parsed = tuple[int, Sequence[str | None]]
"""The line on which a row begins, and its values."""

_NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE)
_DATED = (ColumnType.DATE, ColumnType.TIMESTAMP)


def clean(text: str) -> str:
    """Text with what no encoding has a character for as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


class Unparsed:
    """What of a file could not be parsed since it was last asked."""

    def __init__(self, file: str) -> None:
        self._file = shown(file)
        self._rows: list[UnparsedRow] = []

    def add(self, line: int, reason: str, content: str) -> None:
        """Note a row."""
        self._rows.append(UnparsedRow(self._file, line, reason, clean(content)))

    def taken(self) -> list[UnparsedRow]:
        """Those that were noted; they are forgotten."""
        rows, self._rows = self._rows, []
        return rows


def wire_batches(
    file: str,
    entry: FilesEntry,
    table: RawTable,
    parsed: Iterable[Parsed],
    unparsed: Unparsed,
    *,
    is_delimited: bool,
) -> Iterator[WireBatch]:
    """Batches of a file's rows, and of what could not be parsed among them; the last may have no rows.

    Args:
        file: the file's name.
        entry: its options.
        table: the columns, in the order in which a row has its values.
        parsed: the rows.
        unparsed: is told, while rows come, which could not be parsed.
        is_delimited: whether the options for null and numbers are meant: some formats tell these themselves.
    """
    names = [c.name for c in table.columns]
    for rows in cut(([*values, line] for line, values in parsed), BATCH_BYTES):
        *columns, lines = zip(*rows, strict=True)
        odd: list[OddValue] = []
        arrays = []
        for column, values in zip(table.columns, columns, strict=True):
            faults = _Faults(column.name, shown(file), lines, odd)
            array = _decoded(values, entry.encoding, faults)
            if is_delimited:
                array = _number(_nulled(array, entry.null), column, entry.decimal, faults)
            arrays.append(_dated(array, column, entry.dates, faults))
        yield WireBatch(pa.RecordBatch.from_arrays(arrays, names=names), odd, unparsed.taken(), (shown(file),))
    nothing = pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in names], names=names)
    yield WireBatch(nothing, [], unparsed.taken(), (shown(file),))


def joined(wires: Iterable[WireBatch]) -> Iterator[WireBatch]:
    """The same rows in fewer batches: all that follows costs by the batch, and there may be many small files."""
    waiting: list[WireBatch] = []
    rows = size = 0
    for wire in wires:
        batch = wire.batch
        fits = rows + batch.num_rows <= BATCH_ROWS and size + batch.nbytes <= BATCH_BYTES
        if waiting and not (fits and batch.schema == waiting[0].batch.schema):
            yield _together(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(wire)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    if waiting:
        yield _together(waiting)


def only(wire: WireBatch, kept: Sequence[int]) -> WireBatch:
    """Some rows of a batch; what could not be parsed is told by who reads all of it."""
    places = {row: place for place, row in enumerate(kept)}
    odd = [OddValue(places[o.row], o.column, o.value, o.reason) for o in wire.odd if o.row in places]
    return WireBatch(wire.batch.take(pa.array(kept, pa.int64())), odd, [], wire.files)


def _together(wires: list[WireBatch]) -> WireBatch:
    if len(wires) == 1:
        return wires[0]
    odd: list[OddValue] = []
    rows = 0
    for wire in wires:
        odd += [OddValue(rows + o.row, o.column, o.value, o.reason) for o in wire.odd]
        rows += wire.batch.num_rows
    unparsed = [row for wire in wires for row in wire.unparsed]
    files = tuple(dict.fromkeys(file for wire in wires for file in wire.files))
    return WireBatch(pa.concat_batches([wire.batch for wire in wires]), odd, unparsed, files)


class _Faults:
    """The odd values of one column."""

    def __init__(self, column: str, file: str, lines: Sequence[int], odd: list[OddValue]) -> None:
        self._column = column
        self._file = file
        self._lines = lines
        self._odd = odd

    def add(self, row: int, value: str, reason: str) -> None:
        told = f"{reason} ({self._file}, line {self._lines[row]:,})"
        self._odd.append(OddValue(row, self._column, clean(value), told))


def _decoded(values: Sequence[str | None], encoding: str, faults: _Faults) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        whole: list[str | None] = []
        for row, value in enumerate(values):
            is_whole = value is None or clean(value) == value
            if value is not None and not is_whole:
                faults.add(row, value, f"text that is not {encoding}")
            whole.append(value if is_whole else None)
        return pa.array(whole, pa.string())


def _nulled(array: pa.Array, null: tuple[str, ...]) -> pa.Array:
    if not null:
        return array
    return pc.if_else(pc.is_in(array, value_set=pa.array(null, pa.string())), pa.scalar(None, pa.string()), array)


def _number(array: pa.Array, column: Column, decimal: str, faults: _Faults) -> pa.Array:
    if decimal == "." or column.type not in _NUMBERS:
        return array
    # 1.234 may be one and a bit, or a thousand and more.
    has_point = pc.fill_null(pc.match_substring(array, "."), False)
    for row in pc.indices_nonzero(has_point).to_pylist():
        faults.add(row, array[row].as_py(), f"a number with a point, where the decimal sign is {decimal}")
    array = pc.if_else(has_point, pa.scalar(None, pa.string()), array)
    return pc.replace_substring(array, decimal, ".")


def _dated(array: pa.Array, column: Column, format_: str | None, faults: _Faults) -> pa.Array:
    if format_ is None or column.type not in _DATED:
        return array
    written = array.dictionary_encode()
    read = [_iso(value, format_, column.type) for value in written.dictionary.to_pylist()]
    unread = pa.array([iso is None for iso in read], pa.bool_()).take(written.indices)
    for row in pc.indices_nonzero(pc.fill_null(unread, False)).to_pylist():
        faults.add(row, array[row].as_py(), f"expected a {column.type} written as {format_}")
    return pa.array(read, pa.string()).take(written.indices)


def _iso(value: str, format_: str, type_: ColumnType) -> str | None:
    try:
        read = datetime.strptime(value.strip(), format_)  # noqa: DTZ007
    except ValueError:
        return None
    if read.tzinfo and type_ is ColumnType.TIMESTAMP:
        return str(read.astimezone(UTC))
    read = read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read
    # A date with a time is for conversion to refuse.
    return read.date().isoformat() if not (read.hour or read.minute or read.second or read.microsecond) else str(read)
