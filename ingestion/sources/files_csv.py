"""CSV as programs write it, dirty files among it.

Belongs here: where a row ends, and which rows can't be told. Not here: bytes (files_copies.py), what a value means
(files_rows.py).

Python's own parser reads it: of those at hand it is the one that says on which line a row begins, goes on after a row
that it can't parse, and takes line ends and quotes as they come.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from ingestion.errors import TableError
from ingestion.sources.base import BATCH_BYTES
from ingestion.sources.files_entry import FilesEntry
from ingestion.sources.files_found import shown
from ingestion.sources.files_rows import Parsed, Unparsed, clean

csv.field_size_limit(BATCH_BYTES)
_HELD_BYTES = 16 * 2**20


class CsvRows:
    """The rows of a CSV file.

    Attributes:
        columns: their names, each once.

    Raises:
        TableError: its header can't be told.
        EOFError: it has none yet.
    """

    def __init__(self, name: str, file: TextIO, entry: FilesEntry, separator: str) -> None:
        self._name = shown(name)
        self._file = file
        self._options = {
            "delimiter": entry.separator or separator,
            "quotechar": entry.quote,
            "quoting": csv.QUOTE_NONE if entry.quote is None else csv.QUOTE_MINIMAL,
            "strict": True,
        }
        self._line = 0
        self._read: list[str] = []
        self._again: deque[str] = deque()
        self._reader = self._begun()
        self._first: Parsed | None = None
        self.columns = self._named(entry.header)

    def rows(self, columns: list[str], unparsed: Unparsed) -> Iterator[Parsed]:
        """The rows' values of some columns.

        Raises:
            EOFError: the file ends within a row; it says in which line.
            TableError: a row is larger than a batch may be.
        """
        places = [self.columns.index(column) for column in columns]
        width = len(self.columns)
        if self._first is not None:
            yield self._first[0], [self._first[1][place] for place in places]
        while True:
            try:
                found = self._next()
            except csv.Error as error:
                unparsed.add(self._line + 1, _reason(error), self._given_up())
                continue
            if found is None:
                return
            line, row = found
            if len(row) == width:
                yield line, [row[place] for place in places]
            elif row:
                if len(row) < width and not self._is_ended():
                    raise EOFError(f"line {self._line:,}")
                unparsed.add(line, f"{len(row):,} values instead of {width:,}", "".join(self._read))

    def _named(self, header: bool | tuple[str, ...]) -> list[str]:
        if isinstance(header, tuple):
            return list(header)
        try:
            found = self._next()
            while found is not None and not found[1]:
                found = self._next()
        except csv.Error as error:
            raise TableError(f"the header of {self._name} can't be parsed: {_reason(error)}") from None
        if found is None:
            if header:
                raise EOFError
            return []
        if not header:
            self._first = found
            return [f"column_{place}" for place in range(1, len(found[1]) + 1)]
        if not self._is_ended():
            raise EOFError("line 1")
        names: list[str] = []
        for place, told in enumerate(found[1], 1):
            name = clean(told.strip()) or f"column_{place}"
            # Of columns with one name the first keeps it.
            while name in names:
                name = f"{name}_{place}"
            names.append(name)
        return names

    def _next(self) -> tuple[int, list[str]] | None:
        """The next row and the line on which it begins."""
        line = self._line + 1
        self._read = []
        row = next(self._reader, None)
        self._line += len(self._read)
        return None if row is None else (line, row)

    def _given_up(self) -> str:
        """The first line of a row that could not be parsed; the parser goes on after it.

        What follows is a row of its own unless a quote was lost, and then that quote is in the first line.
        """
        first, *others = self._read
        if not others and not first.endswith(("\r", "\n")):
            raise EOFError(f"line {self._line + 1:,}")
        self._again.extendleft(reversed(others))
        self._reader = self._begun()
        self._line += 1
        return first

    def _begun(self) -> Iterator[list[str]]:
        return csv.reader(self._lines(), **self._options)  # type: ignore[arg-type]

    def _lines(self) -> Iterator[str]:
        held = 0
        while line := self._again.popleft() if self._again else self._file.readline(_HELD_BYTES):
            held = held + len(line) if self._read else len(line)
            self._read.append(line)
            if len(line) == _HELD_BYTES:
                raise TableError(
                    f"line {self._line + len(self._read):,} of {self._name} is longer than {_HELD_BYTES >> 20} MiB. "
                    "Are its encoding and its line ends what its options tell?"
                )
            if held > _HELD_BYTES:
                # A quote that is never closed: whoever asked goes on after its line.
                raise csv.Error("a quote that is not closed")
            yield line

    def _is_ended(self) -> bool:
        """Whether what was read last ends with its line."""
        return not self._read or self._read[-1].endswith(("\r", "\n"))


def _reason(error: csv.Error) -> str:
    told = str(error)
    return "a quote that is not closed" if told == "unexpected end of data" else told
