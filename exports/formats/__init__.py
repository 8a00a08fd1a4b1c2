"""File formats of exports.

Belongs here: the bytes of a file, the same for the same rows. Not here: which rows, and where the file goes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from exports.formats import delimited, lines, parquet, workbook
from exports.formats.delimited import Files


@dataclass(frozen=True, slots=True)
class Format:
    """How rows are written, and how a file that was published before is told beside one of today.

    Attributes:
        files: of a table: what gives a file's bytes.
        as_csv: a file's bytes as those of a CSV file; None where what it says is not read again.
    """

    files: Callable[[pa.Table], Files]
    as_csv: Callable[[bytes], bytes] | None


FORMATS = {
    "csv": Format(delimited.csv_files, bytes),
    "jsonl": Format(lines.jsonl_files, lines.as_csv),
    "parquet": Format(parquet.parquet_files, parquet.as_csv),
    "xlsx": Format(workbook.xlsx_files, None),
}
"""By the ending of the file's name."""
