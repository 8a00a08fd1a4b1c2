"""Where a table's read begins, and where the next one will.

Belongs here: the choice between everything and what may have changed, and watermarks. Not here: how rows are read
(sources/), what becomes of them (table.py).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import ConfigurationError, TableError
from ingestion.log.state import TableState, parse_watermark, watermark_text
from ingestion.rows.columns import ColumnType, RawTable
from ingestion.sources.base import EVERYTHING, ChangeTracking, Position, Selection, Snapshot, Watermark


@dataclass(frozen=True, slots=True)
class Again:
    """An order to read rows that were read before, wherever the watermark stands.

    Attributes:
        since: of rows whose cursor is null, or at or after this instant, and of open ones; None: of every row.
    """

    since: datetime | None = None


def parse_since(text: str) -> datetime:
    """A day, at midnight UTC, or an instant; what tells no offset is UTC.

    Raises:
        ConfigurationError: it is neither.
    """
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"'{text}' is no date. Write 2026-10-31, or 2026-10-31T12:00:00+02:00.") from None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


class Reading:
    """One run's reading of one table.

    Attributes:
        selection: which rows.
        scope: that in words.
        is_part: whether it reads a part that was asked for, whatever has changed elsewhere: nothing that the next read
            begins from may move.

    Raises:
        TableError: a part is asked for of a table that can't give one.
    """

    def __init__(
        self,
        table: RawTable,
        entry: TableEntry,
        state: TableState,
        snapshot: Snapshot,
        started_at: datetime,
        again: Again | None = None,
    ) -> None:
        self._entry = entry
        self._state = state
        self._started_at = started_at
        self._told: Position | None = None
        self._highest: Any = None
        if isinstance(snapshot, ChangeTracking) and entry.mode:
            self._told = snapshot.position(table.name, entry.mode, entry.cursor, state.watermark)
        self.is_part = again is not None and again.since is not None
        if again is None:
            self.selection, self.scope = self._chosen(self._told or self._position_by_cursor())
        elif again.since is None:
            self.selection, self.scope = EVERYTHING, "full: asked for"
        else:
            self.selection, self.scope = self._part(table, again.since)

    @property
    def is_full(self) -> bool:
        """Whether every row is read."""
        return self.selection == EVERYTHING

    @property
    def gives(self) -> str:
        """What the source gives: see `Position`."""
        return self._told.gives if self._told is not None else "changes"

    def finds_gone(self, last_reconciled_at: datetime | None) -> bool:
        """Whether keys are compared: all of them were read, or it is time."""
        if self.is_part:
            return False
        if self.gives == "changes":
            return self.is_full or self.is_due(last_reconciled_at, self._entry.reconcile_hours)
        return self.gives == "state" and self.is_full

    def is_due(self, last: datetime | None, hours: float) -> bool:
        """Whether what was last done then, and is to be done every so many hours, has its turn."""
        return last is None or self._started_at - last >= timedelta(hours=hours)

    def _chosen(self, position: Position) -> tuple[Selection, str]:
        entry, state, scope = self._entry, self._state, position.scope
        if entry.mode == "full" and position.condition is None:
            return EVERYTHING, "full"
        if state.last_full_at is None:
            return EVERYTHING, "initial" if state.last_run_at is None else "full: not all was seen"
        if position.condition is not None:
            return Selection(condition=position.condition), scope
        if position.since is None:
            return EVERYTHING, scope
        if entry.sweep_hours and self.is_due(state.last_full_at, entry.sweep_hours):
            return EVERYTHING, "full: sweep"
        return self._since(position.since)

    def _part(self, table: RawTable, since: datetime) -> tuple[Selection, str]:
        cursor = self._entry.cursor
        if self._state.last_run_at is None:
            raise TableError("it was never loaded, so nothing of it can be read again. Run: python -m ingestion run")
        if self.gives != "changes":
            raise TableError("its files are read whole: read it again without a date")
        if cursor is None:
            raise TableError("it has no cursor, by which its rows would have a date: read it again without one")
        held = next((column.type for column in table.columns if column.name == cursor), None)
        if held != ColumnType.TIMESTAMP:
            raise TableError(f"its cursor {cursor} is {held}, not a timestamp: read it again without a date")
        scope = f"again since {since:%Y-%m-%d %H:%M}"
        return Selection(since=(cursor, since), open_rows=self._entry.open_rows), scope

    def _since(self, since: Watermark) -> tuple[Selection, str]:
        entry = self._entry
        assert entry.cursor is not None
        if isinstance(since, datetime):
            since -= timedelta(hours=entry.overlap_hours)
        scope = f"since {since:%Y-%m-%d %H:%M}" if isinstance(since, datetime) else f"since {since}"
        return Selection(since=(entry.cursor, since), open_rows=entry.open_rows), scope

    def _position_by_cursor(self) -> Position:
        """The highest cursor that a read saw, in sources that know no better."""
        cursor = self._entry.cursor
        if cursor is None:
            return Position(None, "full")
        scope = "initial" if self._state.watermark is None else "full: the watermark is another reader's or cursor's"
        return Position(None, scope, since=parse_watermark(self._state.watermark, cursor))

    def note(self, rows: pa.RecordBatch) -> None:
        """Rows that were read."""
        if self._entry.cursor is None or not rows.num_rows:
            return
        highest = pc.max(rows.column(self._entry.cursor)).as_py()
        if highest is not None and (self._highest is None or highest > self._highest):
            self._highest = highest

    def begin_again_if_behind(self) -> bool:
        """Read everything, if a read from the watermark saw nothing of where the last one ended.

        As a rule the row that the watermark was taken from is still there. Where it is not, and no later one, the
        source may have been restored to an older state, in which any row may differ.
        """
        if self.is_part or self._told is not None or self.selection.since is None or self._entry.cursor is None:
            return False
        before: Any = parse_watermark(self._state.watermark, self._entry.cursor)
        if self._highest is not None and self._highest >= before:
            return False
        self.selection, self.scope = EVERYTHING, "full: the source was behind the watermark"
        return True

    def watermark(self, *, is_refused: bool) -> str | None:
        """Where the next read is to begin: what the source told, or the highest cursor seen.

        Never later than now: a row from the future must not hide the present. Where deletes were refused that only a
        read of everything finds, the next one finds them again.
        """
        if self.is_part or (self.gives == "state" and is_refused):
            return self._state.watermark
        if self._told is not None:
            return self._told.watermark
        if self._entry.cursor is None or self._highest is None:
            return self._state.watermark
        highest = min(self._highest, self._started_at) if isinstance(self._highest, datetime) else self._highest
        before: Any = parse_watermark(self._state.watermark, self._entry.cursor)
        # Rows that were read for another reason than their cursor must not draw it back.
        if not self.is_full and type(before) is type(highest):
            highest = max(before, highest)
        return watermark_text(self._entry.cursor, highest)
