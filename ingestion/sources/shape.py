"""What a database's own catalog says of a table.

Belongs here: the description, whatever reader made it. Not here: what follows from it (recommendation.py).
"""

from dataclasses import dataclass
from typing import Literal

from ingestion.rows.columns import ColumnType

COUNTED_ROWS = 50_000
"""So many rows are counted where the database keeps no estimate."""


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column: the raw type that holds it, and whether the source allows null in it."""

    type: ColumnType
    is_nullable: bool = True


@dataclass(frozen=True, slots=True)
class RowCount:
    """A number of rows, and how well it is known."""

    rows: int
    bound: Literal["exactly", "about", "more than"] = "exactly"


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table or view.

    Attributes:
        name: its name.
        kind: what it is, in a word.
        columns: its columns by name, in their order.
        primary_key: its columns; empty where there is none.
        unique: further constraints and indexes that hold for every row: unique over columns that are never null.
        indexes: columns of each index over all rows, in its order, the primary key's among them.
        rows: how many there are; None where that would have to be computed.
        tells_changes: whether the source knows by itself which rows changed (see `ChangeTracking`).
        is_readable: whether we may select from it.
    """

    name: str
    columns: dict[str, SourceColumn]
    kind: str = "table"
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    rows: RowCount | None = None
    tells_changes: bool = False
    is_readable: bool = True

    def is_led_by(self, column: str) -> bool:
        """Whether an index begins with a column, so that its latest rows are found without reading the others."""
        return any(index[:1] == (column,) for index in self.indexes)
