"""JSON Lines: an object per row.

Belongs here: one row's JSON. Not here: text for spreadsheets (cells.py), which other programs take as it is.
"""

import csv
import io
import json
import math
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa

from exports.formats.cells import cell_text, values_of
from exports.formats.delimited import Files

_ROWS_AT_ONCE = 1 << 14


def jsonl_files(table: pa.Table) -> Files:
    """UTF-8, a line per row; decimals are numbers with all their digits, days and instants ISO 8601 text."""
    names = [json.dumps(name, ensure_ascii=False) for name in table.column_names]

    def parts(first: int, end: int) -> Iterator[bytes]:
        for start in range(first, end, _ROWS_AT_ONCE):
            rows = table.slice(start, min(_ROWS_AT_ONCE, end - start))
            columns = [map(_json, values_of(column.combine_chunks())) for column in rows.columns]
            lines = (
                f"{{{', '.join(f'{name}: {value}' for name, value in zip(names, row, strict=True))}}}\n"
                for row in zip(*columns, strict=True)
            )
            yield "".join(lines).encode()

    return parts


def as_csv(content: bytes) -> bytes:
    """A file's rows as a CSV file has them.

    Raises:
        ValueError: somebody made another file of it.
    """
    rows = [json.loads(line, parse_float=_Number, parse_int=_Number) for line in content.splitlines()]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0] if rows else ())
    for row in rows:
        writer.writerow(str(value) if isinstance(value, _Number) else cell_text(value) for value in row.values())
    return text.getvalue().encode()


class _Number(str):
    """A number's digits as they stand in a file."""

    __slots__ = ()


def _json(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, float):
        # JSON knows no infinity.
        return "null" if value is None or not math.isfinite(value) else repr(value)
    return json.dumps(value if isinstance(value, (bool, int, str)) else cell_text(value), ensure_ascii=False)
