"""CSV files.

Belongs here: lines and their quoting. Not here: what a cell says (cells.py).
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from exports.formats.cells import cell_text, values_of

Files = Callable[[int, int], Iterator[bytes]]
"""The bytes of a file that holds a table's rows from one position to before another, in parts."""

BLOCK = 1 << 17
"""Rows that are in words at a time."""

_TO_QUOTE = re.compile('[",\r\n]')


def csv_files(table: pa.Table) -> Files:
    """RFC 4180: UTF-8, CRLF, a header, quotes where needed; null is an empty cell.

    Text that a spreadsheet would run as a formula is led in by an apostrophe; numbers stay as they are. Lines are made
    a block at once, a column at a time, and a file is a part of blocks: a small one costs next to nothing, and of a
    large one there is never more than a block.
    """
    header = ",".join(map(_quoted, table.column_names)).encode() + b"\r\n"

    @lru_cache(1)
    def block(number: int) -> tuple[memoryview, memoryview]:
        _, offsets, text = _lines(table.slice(number * BLOCK, BLOCK)).buffers()
        return memoryview(offsets).cast("q"), memoryview(text)

    def parts(first: int, end: int) -> Iterator[bytes]:
        yield header
        for number in range(first // BLOCK, -(-end // BLOCK) if end > first else 0):
            starts, content = block(number)
            before = number * BLOCK
            yield bytes(content[starts[max(first - before, 0)] : starts[min(end - before, BLOCK)]])

    return parts


def _lines(table: pa.Table) -> pa.Array:
    cells = [_cells(column) for column in table.columns]
    if len(cells) == 1:
        # An empty line would be none.
        cells = [pc.if_else(pc.equal(cells[0], ""), '""', cells[0])]
    comma, end, nothing = (pa.scalar(text, pa.large_string()) for text in (",", "\r\n", ""))
    return pc.binary_join_element_wise(pc.binary_join_element_wise(*cells, comma), end, nothing)


def _cells(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
    if not pa.types.is_integer(values.type) and not pa.types.is_decimal(values.type):
        return _distinct_cells(values)
    texts = values.cast(pa.large_string())
    # Decimals near zero, and zero itself.
    has_exponent = pc.match_substring(texts, "E")
    return pc.replace_with_mask(texts, has_exponent, _distinct_cells(values.filter(has_exponent))).fill_null("")


def _distinct_cells(values: pa.Array) -> pa.Array:
    """Cells that are put into words once for each value."""
    encoded = values.dictionary_encode()
    texts = [_quoted(cell_text(value)) for value in values_of(encoded.dictionary)]
    return pa.array(texts, pa.large_string()).take(encoded.indices).fill_null("")


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""')) if _TO_QUOTE.search(text) else text
