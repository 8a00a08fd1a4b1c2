"""JSON lines: an object on each.

Belongs here: a line's keys and values as text. Not here: bytes (files_copies.py), what a value means (files_rows.py).

Numbers and nested values keep the text that they are written in: their digits, the order of their keys.
"""

import json
from collections.abc import Callable, Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, TextIO, TypeVar

from ingestion.errors import TableError
from ingestion.sources.base import BATCH_BYTES
from ingestion.sources.files_found import shown
from ingestion.sources.files_rows import Parsed, Unparsed

Parts = TypeVar("Parts")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# As pairs, so that a key that stands twice is seen.
_decode = json.JSONDecoder(
    object_pairs_hook=list, parse_float=str, parse_int=str, parse_constant=_no_number, strict=False
).decode
_part = json.JSONDecoder(strict=False).raw_decode


class JsonRows:
    """The rows of a file of JSON lines."""

    def __init__(self, name: str, file: TextIO) -> None:
        self._name = shown(name)
        self._file = file

    @property
    def columns(self) -> list[str]:
        """All keys of all lines, in the order in which they come; the file is read for them.

        Raises: see `rows`.
        """
        found: dict[str, None] = {}
        for _, pairs in self._lines(_pairs, Unparsed(self._name)):
            found |= dict.fromkeys(key for key, _ in pairs)
        return list(found)

    def rows(self, columns: list[str], unparsed: Unparsed) -> Iterator[Parsed]:
        """The lines' values of some keys.

        Raises:
            EOFError: the file ends within a line; it says in which.
            TableError: it is one JSON value, or a line is larger than a batch may be.
        """
        for line, row in self._lines(_object, unparsed):
            yield line, [row.get(column) for column in columns]

    def _lines(self, parse: Callable[[str], Parts], unparsed: Unparsed) -> Iterator[tuple[int, Parts]]:
        number = 0
        while line := self._file.readline(BATCH_BYTES):
            number += 1
            if len(line) == BATCH_BYTES:
                raise TableError(f"line {number:,} of {self._name} is longer than {BATCH_BYTES >> 20} MiB")
            if number == 1 and line.lstrip()[:1] == "[":
                raise TableError(f"{self._name} is one JSON array. Export JSON lines: an object on each line")
            if not line.strip():
                continue
            try:
                yield number, parse(line.strip())
            except (ValueError, RecursionError) as error:
                if not line.endswith("\n"):
                    raise EOFError(f"line {number:,}") from None
                told = "nested too deeply" if isinstance(error, RecursionError) else str(error)
                unparsed.add(number, f"no JSON object: {told}", line)


def _pairs(line: str) -> list[tuple[str, Any]]:
    if not line.startswith("{"):
        raise ValueError("an object begins with {")
    pairs: list[tuple[str, Any]] = _decode(line)
    if not line.isascii() or "\\u" in line:
        for key, _ in pairs:
            # Half a character names no column.
            key.encode()
    return pairs


def _object(line: str) -> dict[str, str | None]:
    pairs = _pairs(line)
    if any(isinstance(value, list) for _, value in pairs):
        pairs = list(_written(line))
    row = {key: _text(value) for key, value in pairs}
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)} stands twice")
    return row


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value  # type: ignore[no-any-return]


def _written(line: str) -> Iterator[tuple[str, Any]]:
    """Keys and values of an object, which is known to be one: all but text, true, false and null as written."""
    place = _after_blanks(line, 1)
    while line[place] != "}":
        key, place = scanstring(line, place + 1, False)
        place = _after_blanks(line, _after_blanks(line, place) + 1)
        value, end = _part(line, place)
        yield key, value if value is None or isinstance(value, str | bool) else line[place:end]
        place = _after_blanks(line, end)
        if line[place] == ",":
            place = _after_blanks(line, place + 1)


def _after_blanks(line: str, place: int) -> int:
    while line[place] in " \t\n\r":
        place += 1
    return place
