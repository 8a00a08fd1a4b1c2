"""What is remembered of a table between runs: `raw_<source>._state`.

Belongs here: the state's shape. Not here: where it is stored; a warehouse commits it in one transaction with the
rows it speaks of.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ingestion.rows.columns import Column, ColumnType
from ingestion.sources.base import Watermark


@dataclass(frozen=True, slots=True)
class TableState:
    """One row of `_state`.

    Attributes:
        table_name: the table.
        watermark: where the next read starts, as text; None where that reads everything. A cursor's value, or JSON
            of a source that tells itself what changed (see `ChangeTracking`).
        batch_seq: the last batch that appended to the table; 0 before the first.
        last_run_at: when the table was last read to the end.
        last_full_at: when every row was last read and compared.
        last_reconciled_at: when the keys were last compared.
        last_appended_at: when the newest versions in raw were loaded, as their `_loaded_at`; None where that was before
            this was noted.
        rows_read: by the last run; so the following.
        rows_appended: versions appended.
        rows_deleted: delete versions appended.
        rows_rejected: rows kept out.
        last_error: why the last run failed or refused deletes; None where it did neither.
        note: what raw shows otherwise than the source: names, and columns that were left out; None if nothing.
        mapping: a digest of what the owner declares of the table's names and values; None if nothing.
        personal: of which columns raw has pseudonyms, and under which key, and which it lacks, as JSON: column →
            fingerprint or `drop`; None if it has all as they are.
        unreviewed: raw's columns of which nobody says what they hold, as a JSON list; None if there is none.
    """

    table_name: str
    watermark: str | None = None
    batch_seq: int = 0
    last_run_at: datetime | None = None
    last_full_at: datetime | None = None
    last_reconciled_at: datetime | None = None
    last_appended_at: datetime | None = None
    rows_read: int = 0
    rows_appended: int = 0
    rows_deleted: int = 0
    rows_rejected: int = 0
    last_error: str | None = None
    note: str | None = None
    mapping: str | None = None
    personal: str | None = None
    unreviewed: str | None = None

    @property
    def unreviewed_columns(self) -> list[str]:
        """`unreviewed` as a list."""
        return json.loads(self.unreviewed) if self.unreviewed else []


STATE_COLUMNS = (
    Column("table_name", ColumnType.TEXT),
    Column("watermark", ColumnType.TEXT),
    Column("batch_seq", ColumnType.INTEGER),
    Column("last_run_at", ColumnType.TIMESTAMP),
    Column("last_full_at", ColumnType.TIMESTAMP),
    Column("last_reconciled_at", ColumnType.TIMESTAMP),
    Column("last_appended_at", ColumnType.TIMESTAMP),
    Column("rows_read", ColumnType.INTEGER),
    Column("rows_appended", ColumnType.INTEGER),
    Column("rows_deleted", ColumnType.INTEGER),
    Column("rows_rejected", ColumnType.INTEGER),
    Column("last_error", ColumnType.TEXT),
    Column("note", ColumnType.TEXT),
    Column("mapping", ColumnType.TEXT),
    Column("personal", ColumnType.TEXT),
    Column("unreviewed", ColumnType.TEXT),
)
"""The columns of `_state`, in the order of `TableState`'s fields."""

MODELS = "_models"
"""The entry of `_state` in which the models of a source's system remember what they were last built from: their
`watermark` is null until and unless that build ended well, their `batch_seq` is the last batch that it saw."""

OWN_MODELS = f"{MODELS}_custom"
"""The entry that tells of each model of your own by itself, beside the one of all systems together: none holds back
another, nor what is this project's."""

REJECTED_COLUMNS = (
    Column("table_name", ColumnType.TEXT),
    Column("row_key", ColumnType.TEXT),
    Column("column_name", ColumnType.TEXT),
    Column("reason", ColumnType.TEXT),
    Column("original_value", ColumnType.TEXT),
    Column("row_content", ColumnType.JSON),
    Column("_batch_seq", ColumnType.INTEGER),
    Column("_loaded_at", ColumnType.TIMESTAMP),
    Column("effect", ColumnType.TEXT),
    Column("resolved_at", ColumnType.TIMESTAMP),
)
"""The columns of `_rejected`. `effect` is a `conformance.Effect`, a row's where it is null; `resolved_at` is null while
the rejection stands."""


def state_record(state: TableState) -> dict[str, str | int | None]:
    """A state as JSON can hold it."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(state).items()}


def parse_state(record: Mapping[str, Any]) -> TableState:
    """What `state_record` made."""
    instants = {c.name for c in STATE_COLUMNS if c.type is ColumnType.TIMESTAMP}
    values: dict[str, Any] = {
        name: datetime.fromisoformat(value) if name in instants and value else value for name, value in record.items()
    }
    return TableState(**values)


def watermark_text(cursor: str, value: Watermark) -> str:
    """A watermark as `_state` holds it: the cursor's name, then its value."""
    return f"{cursor} {value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value}"


def parse_watermark(text: str | None, cursor: str) -> Watermark | None:
    """The value of a watermark; None where it is missing, or another cursor's or another kind of reader's."""
    name, _, value = (text or "").rpartition(" ")
    if name != cursor:
        return None
    return int(value) if value.lstrip("-").isdigit() else datetime.fromisoformat(value)
