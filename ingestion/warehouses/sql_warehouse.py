"""A warehouse that is asked in SQL.

Belongs here: what all engines are asked for in the same words, once they are open for reading. Not here: an engine's
connection (duckdb.py, ...), an open warehouse (sql_session.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from sqlalchemy import URL

from ingestion.errors import WarehouseError
from ingestion.output.private import Readers
from ingestion.warehouses.base import Described, Part, Query
from ingestion.warehouses.sql import loaded_tables, tables_of


class SqlWarehouse(ABC):
    """A warehouse, on a server as long as an engine says nothing else. See `Warehouse`."""

    def __init__(self, url: URL, lock_timeout_seconds: float, readers_wait_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = lock_timeout_seconds
        self._readers_wait_seconds = readers_wait_seconds

    @abstractmethod
    def exclusive(self) -> AbstractContextManager[None]:
        """See `Warehouse.exclusive`."""

    def at_hand(self) -> AbstractContextManager[None]:
        """See `Warehouse.at_hand`. To connect to a server costs little."""
        return self.exclusive()

    @abstractmethod
    def reader(self) -> AbstractContextManager[Query]:
        """See `Warehouse.reader`."""

    def query(self, sql: str) -> pa.Table:
        """See `Warehouse.query`."""
        with self.reader() as read:
            return read(sql)

    def tables(self, schemas: Iterable[str]) -> set[tuple[str, str]]:
        """See `Warehouse.tables`."""
        return {(row["schema"], row["name"]) for row in self.query(tables_of(schemas)).to_pylist()}

    def loaded_sources(self, sources: Iterable[str]) -> set[str]:
        """See `Warehouse.loaded_sources`."""
        schemas = {f"raw_{source}": source for source in sources}
        known = sorted(schemas[schema] for schema, name in self.tables(schemas) if name == "_state")
        rows = self.query(loaded_tables(known)).to_pylist() if known else []
        return {row["source"] for row in rows if row["loaded"]}

    history = timedelta(0)
    """See `Warehouse.history`."""

    @abstractmethod
    def vacuum(self, schemas: Collection[str]) -> None:
        """See `Warehouse.vacuum`."""

    def publish_copy(
        self,
        tables: Sequence[tuple[str, str]],
        path: Path,
        kept: Sequence[tuple[str, str]] = (),
        described: Mapping[tuple[str, str], Described] | None = None,
        readers: Readers | None = None,
        part: Part | None = None,
    ) -> int:
        """See `Warehouse.publish_copy`."""
        raise WarehouseError(
            f"{path.name} is not made of {len([*tables, *kept])} tables: "
            f"BI tools read the warehouse {self._url.database} itself."
        )
