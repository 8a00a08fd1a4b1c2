"""Scratch tables of one load into BigQuery.

Belongs here: their names, how rows come into them, how they go. Not here: what is worked out in them
(bigquery_load.py).
"""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField

from ingestion.rows.columns import ColumnType
from ingestion.warehouses.bigquery_connection import BigqueryConnection, DriverError
from ingestion.warehouses.sql import relation

_FIELD_TYPES = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.float64(): "FLOAT64",
    pa.bool_(): "BOOL",
    pa.date32(): "DATE",
    pa.binary(): "BYTES",
    ColumnType.DECIMAL.arrow: "NUMERIC",
    ColumnType.TIMESTAMP.arrow: "TIMESTAMP",
}


class Scratch:
    """Scratch tables in a schema, beside the raw tables.

    Args:
        connection: the open service.
        schema: where they are.
        folder: for the files that are loaded into them.
    """

    def __init__(self, connection: BigqueryConnection, schema: str, folder: Path) -> None:
        self._connection = connection
        self._schema = schema
        self._folder = folder
        self._load = uuid.uuid4().hex[:12]
        self._names: list[str] = []

    def new(self) -> str:
        """The name of one more table, which its user makes."""
        name = f"_load_{self._load}_{len(self._names)}"
        self._names.append(name)
        return name

    def relation(self, name: str) -> str:
        """A table as statements name it."""
        return relation(self._schema, name)

    def upload(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> tuple[Path, int, str]:
        """Rows into a file and, unless there are none, a table; the file, their number, and the table's name."""
        table = self.new()
        file, rows = self._folder / f"{table}.parquet", 0
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
                rows += batch.num_rows
        fields = [SchemaField(field.name, _FIELD_TYPES[field.type]) for field in schema]
        self._connection.upload(self._schema, table, fields, file if rows else None)
        return file, rows, table

    def drop(self) -> None:
        """Drop them, as far as the service lets itself be asked."""
        for name in self._names:
            with suppress(*DriverError):
                self._connection.drop(self._schema, name)
