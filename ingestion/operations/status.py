"""How fresh raw is: what `_state` remembers, what raw holds, and what the source has now.

Belongs here: gathering it, without writing anything. Not here: its display (report.py).
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute as pc

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.freshness import DEFAULT, Freshness
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.matching import Admission, admitted, find_tables, refused_tables
from ingestion.catalogue.review import unreviewed
from ingestion.catalogue.source_tables import check_tables
from ingestion.errors import SourceError, TableError
from ingestion.loading.run import Ingestion
from ingestion.log.state import STATE_COLUMNS, TableState, state_record
from ingestion.rows.conformance import conform
from ingestion.sources.base import Selection, Snapshot
from ingestion.sources.named import named
from ingestion.warehouses.sql import count_versions, relation

AUTOMATIC = "auto"
"""The mode of a table whose entry leaves it to what the source's catalog shows."""


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table, in raw and in its source.

    Attributes:
        source: the source's name.
        table: the table's name.
        mode: the catalogue's, or `AUTOMATIC`.
        freshness: how old it may be.
        is_awaited: its source is configured, and was never read at all.
        state: what `_state` remembers; empty where the table was never read.
        versions: row versions in raw; None where raw has no such table, or the catalogue does not tell its key.
        live: rows in raw whose latest version is not a delete.
        rejected: rejections of rows and values that stand.
        source_rows: rows in the source; None where it was not asked, has no such table or can't be reached.
        unreviewed: raw's columns, as of the last run, of which nobody says what they hold.
        lag: how much newer the source's newest row is than the watermark, where that is an instant.
        is_absent: the source was asked and has no such table.
        fault: why the source can't be asked.
    """

    source: str
    table: str
    mode: str
    state: TableState
    freshness: Freshness = DEFAULT
    is_awaited: bool = False
    versions: int | None = None
    live: int | None = None
    rejected: int = 0
    unreviewed: tuple[str, ...] = ()
    source_rows: int | None = None
    lag: timedelta | None = None
    is_absent: bool = False
    fault: str | None = None

    @property
    def watermark_words(self) -> str:
        """From where the next read starts, for people."""
        position = _position(self.state.watermark)
        if isinstance(position, datetime):
            return f"{position:%Y-%m-%d %H:%M}"
        return position or "-"

    @property
    def newest_row_at(self) -> datetime | None:
        """When the newest row was made, as its cursor tells, or else when one last came; None where none has.

        A source that stands still shows its cursor, one whose rows are of days to come when they came.
        """
        position, came = _position(self.state.watermark), self.state.last_appended_at
        told = [at for at in (position, came) if isinstance(at, datetime) and at.tzinfo]
        return min(told, default=None)

    def record(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        state = {k: v for k, v in state_record(self.state).items() if k != "table_name"}
        return {
            "source": self.source,
            "table": self.table,
            "mode": self.mode,
            **state,
            "versions": self.versions,
            "rows_live": self.live,
            "rows_on_record_as_rejected": self.rejected,
            "unreviewed": list(self.unreviewed),
            "rows_in_source": self.source_rows,
            "lag_seconds": None if self.lag is None else self.lag.total_seconds(),
            "is_absent_in_source": self.is_absent,
            "fault": self.fault,
        }


def read_status(ingestion: Ingestion, source: str | None, *, contact_sources: bool) -> list[TableStatus]:
    """The status of every table of the sources that are configured or were ever loaded, or of one source's.

    Raises:
        ConfigurationError: the source is not known.
        WarehouseError: the warehouse can't be read, or there is none yet.
    """
    names, _ = ingestion.chosen(source, None, only_configured=False)
    # Sources are asked when the warehouse is closed: one that does not answer keeps no run waiting.
    with ingestion.warehouse.reader():
        existing = ingestion.raw_tables()
        in_raw = {
            name: _in_raw(ingestion, existing, name)
            for name in names
            if name in ingestion.sources
            or remembered(ingestion, existing, name).keys() & ingestion.catalogue[name].keys()
        }
    asked = ingestion.sources if contact_sources else {}
    return [
        status
        for name, tables in in_raw.items()
        for status in (_in_source(ingestion, name, tables) if name in asked else tables)
    ]


def remembered(ingestion: Ingestion, existing: set[tuple[str, str]], source: str) -> dict[str, TableState]:
    """What the warehouse remembers of a source's tables, given what of raw exists, by source and name."""
    if (source, "_state") not in existing:
        return {}
    names = {column.name for column in STATE_COLUMNS}
    rows = ingestion.warehouse.query(f"select * from {relation(f'raw_{source}', '_state')}").to_pylist()
    # A warehouse of an earlier version remembers less.
    return {row["table_name"]: TableState(**{k: v for k, v in row.items() if k in names}) for row in rows}


def _rejected(ingestion: Ingestion, existing: set[tuple[str, str]], source: str) -> dict[str, int]:
    if (source, "_rejected") not in existing:
        return {}
    held = ingestion.warehouse.query(f"select * from {relation(f'raw_{source}', '_rejected')} limit 0").column_names
    # A warehouse of an earlier version knows nothing of what stands, until it is next loaded.
    return ingestion.rejected_rows(source) if "resolved_at" in held else {}


def _in_raw(ingestion: Ingestion, existing: set[tuple[str, str]], source: str) -> list[TableStatus]:
    entries = ingestion.catalogue[source]
    states = remembered(ingestion, existing, source)
    rejected = _rejected(ingestion, existing, source)
    is_awaited = source in ingestion.configured and not any(
        state.last_run_at for name, state in states.items() if name in entries
    )
    misnamed = refused_tables(entries, {name for of, name in existing if of == source})
    queries = [
        count_versions(entry.raw_table(source, name))
        for name, entry in entries.items()
        # Versions can't be told from rows by a key that only the source tells.
        if (source, name) in existing and entry.tells_key and name not in misnamed
    ]
    rows = ingestion.warehouse.query(" union all ".join(queries)).to_pylist() if queries else []
    counts: Mapping[str, Mapping[str, int]] = {row["table_name"]: row for row in rows}
    return [
        TableStatus(
            source,
            name,
            entry.mode or AUTOMATIC,
            states.get(name, TableState(name)),
            entry.freshness,
            is_awaited,
            counts.get(name, {}).get("versions"),
            counts.get(name, {}).get("live"),
            rejected.get(name, 0),
            # What the catalogue says since then counts.
            tuple(unreviewed(entry, states[name].unreviewed_columns)) if name in states else (),
        )
        for name, entry in entries.items()
    ]


def _in_source(ingestion: Ingestion, name: str, tables: list[TableStatus]) -> list[TableStatus]:
    entries = ingestion.catalogue[name]
    try:
        with ingestion.sources[name].snapshot() as snapshot:
            found, unclear = find_tables(entries, snapshot)
            check_tables(name, entries, {*found, *unclear})
            return [
                replace(t, fault=unclear[t.table])
                if t.table in unclear
                else _asked(t, entries[t.table], snapshot, found.get(t.table))
                for t in tables
            ]
    except SourceError as error:
        return [replace(t, fault=str(error)) for t in tables]


def _asked(status: TableStatus, entry: TableEntry, snapshot: Snapshot, found: FoundTable | None) -> TableStatus:
    if found is None:
        return replace(status, is_absent=True)
    try:
        admission = admitted(status.source, status.table, entry, found)
        shown = named(snapshot, {status.table: admission.names})
        rows = shown.count(admission.table)
        return replace(status, source_rows=rows, lag=_lag(status, entry.cursor, admission, shown))
    except (SourceError, TableError) as error:
        return replace(status, fault=str(error))


def _lag(status: TableStatus, cursor: str | None, admission: Admission, snapshot: Snapshot) -> timedelta | None:
    since, table = _position(status.state.watermark), admission.table
    if cursor not in admission.found or not isinstance(since, datetime):
        return None
    # Read like the next run's rows, but of one column: no reader needs another way to ask.
    column = next(c for c in table.columns if c.name == cursor)
    cursors = replace(table, key=(), columns=(replace(column, required=False),))
    newest = since
    for wire in snapshot.read(cursors, Selection(since=(column.name, since))):
        highest = pc.max(conform(cursors, wire.batch, wire.odd).batch.column(0)).as_py()
        newest = max(newest, highest or newest)
    return newest - since


def _position(watermark: str | None) -> datetime | str | None:
    """What a watermark says of itself: an instant, or words."""
    # Either a reader's own JSON, or a cursor's name and its value.
    by, _, value = (watermark or "").rpartition(" ")
    with suppress(ValueError):
        told = json.loads(watermark or "null")
        by, value = (str(told.get("by")), str(told.get("since"))) if isinstance(told, dict) else (by, value)
    if not value:
        return None
    # Digits alone would be taken for a date.
    with suppress(ValueError):
        if not value.isdigit():
            return datetime.fromisoformat(value)
    return f"{by} {value}".strip()
