"""Column types of the raw layer: what the catalogue may declare and what each is in Arrow.

Belongs here: the list of types. Not here: how values are converted (conformance.py), or what a type is called
in a warehouse (warehouses/).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import pyarrow as pa


class ColumnType(StrEnum):
    """A type that every warehouse holds faithfully."""

    TEXT = "text"
    JSON = "json"
    TIMEZONE = "timezone"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BYTES = "bytes"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that values of this type are handed over in."""
        return _ARROW[self]


IDENTIFIER = "identifier"
"""Declared in the catalogue only: `integer` or `text`, as the source has it, `text` where there is no source."""

_ARROW: dict[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    # JSON stays text: typed JSON loses digits of large numbers, duplicate keys and the order of keys.
    ColumnType.JSON: pa.string(),
    ColumnType.TIMEZONE: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.DECIMAL: pa.decimal128(38, 9),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    ColumnType.BYTES: pa.binary(),
}


RESERVED_COLUMNS = ("_batch_seq", "_loaded_at", "_op", "_row_hash", "_place", "_kept_hash", "_odd")
"""Names of the raw log's own columns, and of those that reading and loading use for themselves."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a raw table.

    Attributes:
        name: its name.
        type: its type.
        required: a row without a value is rejected.
        is_declared: the catalogue names it.
        is_needed: a row is of no use without it, though it may be null: it is the cursor, or a reference. A wrong value
            takes its row along, as in keys and required columns; in all others it is set aside alone.
        is_mapped: its owner says in sources.yml what it is made of.
    """

    name: str
    type: ColumnType
    required: bool = False
    is_declared: bool = True
    is_needed: bool = False
    is_mapped: bool = False

    @property
    def told_in(self) -> str:
        """Where a person has to look for what is wrong with its type."""
        return "its mapping in sources.yml" if self.is_mapped else "its type in the catalogue"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw table as this run sees it: `raw_<source>.<name>` with its key and columns."""

    source: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> str:
        """The warehouse schema that holds the table."""
        return f"raw_{self.source}"

    @property
    def label(self) -> str:
        """How messages name the table."""
        return f"{self.source}.{self.name}"

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The key's columns in the order of the key."""
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in self.key)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The columns as conforming batches carry them, without control columns."""
        return pa.schema([(column.name, column.type.arrow) for column in self.columns])

    @property
    def versions(self) -> "RawTable":
        """The table as the log and the archive hold it: with the control columns."""
        return replace(self, columns=(*self.columns, *CONTROL_COLUMNS))

    def as_versions(self, rows: pa.RecordBatch, batch_seq: int, loaded_at: datetime) -> pa.RecordBatch:
        """Rows with their hash as the versions that a batch makes of them, in the Arrow schema of `versions`."""
        told = {"_batch_seq": batch_seq, "_loaded_at": loaded_at, "_op": "upsert"}
        constants = [pa.repeat(pa.scalar(told[c.name], c.type.arrow), rows.num_rows) for c in CONTROL_COLUMNS[:-1]]
        values = [*rows.columns[:-1], *constants, rows.columns[-1]]
        return pa.RecordBatch.from_arrays(values, schema=self.versions.arrow_schema)


CONTROL_COLUMNS = (
    Column("_batch_seq", ColumnType.INTEGER, required=True),
    Column("_loaded_at", ColumnType.TIMESTAMP, required=True),
    Column("_op", ColumnType.TEXT, required=True),
    Column("_row_hash", ColumnType.INTEGER, required=True),
)
"""The columns that the log adds to the source's."""
