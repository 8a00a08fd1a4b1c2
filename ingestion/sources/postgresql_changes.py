"""What a PostgreSQL table's next read must begin with, so that no commit is missed.

Belongs here: watermarks of PostgreSQL and the conditions made of them. Not here: connections (adbc_postgresql.py).

A row that a snapshot does not show may be committed later with a cursor of long ago: the highest cursor seen is
no safe beginning. There are two that are:

- By transaction. Every row version names the transaction that wrote it (`xmin`), and a snapshot names the oldest
  transaction that was still running (`pg_snapshot_xmin`). What a later snapshot shows and an earlier one did not
  was written by that transaction or a later one. `xmin` has 32 bits, hence the arithmetic modulo 2^32; a row whose
  transaction lies a whole turn back is read once too often, never too seldom.
- By cursor, gated: before the snapshot is taken, the beginning of the oldest running transaction is noted. What
  is committed later and was stamped by the server's clock has a cursor at or after it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ingestion.sources.base import Position
from ingestion.sources.postgresql_sql import Relation

SPAN_LIMIT = 2_000_000_000
"""Transactions between two reads; near 2^31 an `xmin` would be ambiguous."""

_GATE_SLACK = timedelta(minutes=1)
"""A transaction's beginning is published a moment after it is fixed."""

_ZONELESS_SLACK = timedelta(days=1)
"""A column without a zone may hold any session's local time."""

_GATED_TYPES = {"timestamptz": timedelta(0), "timestamp": _ZONELESS_SLACK, "date": _ZONELESS_SLACK}


@dataclass(frozen=True, slots=True)
class Gate:
    """The instant at or after which every transaction began that the snapshot does not show.

    Attributes:
        at: the instant.
        is_held: whether a prepared transaction, of which no beginning is known, keeps the gate from moving.
    """

    at: datetime
    is_held: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """Where and when a snapshot was taken.

    Attributes:
        server: identity of server, history and database: what transaction numbers are comparable within.
        oldest: `pg_snapshot_xmin`: every transaction before it had ended.
        end: `pg_snapshot_xmax`: no transaction from it on had begun.
        gate: None where the server does not tell what other sessions do.
    """

    server: str
    oldest: int
    end: int
    gate: Gate | None


def position(
    moment: Moment,
    relation: Relation,
    mode: Literal["changes", "cursor", "full"],
    cursor: str | None,
    watermark: str | None,
) -> Position:
    """Where to read from. See `ChangeTracking.position`."""
    if mode == "full":
        return Position(watermark, "full")
    previous = _parsed(watermark)
    if mode == "cursor" and cursor in relation.columns and relation.is_local and moment.gate is not None:
        source_type = relation.columns[cursor].type
        if source_type in _GATED_TYPES:
            return _by_cursor(moment, moment.gate, relation, cursor, _GATED_TYPES[source_type], previous)
    if relation.has_xmin:
        return _by_transaction(moment, relation, previous)
    return Position(None, "full")


def _parsed(watermark: str | None) -> Mapping[str, Any] | None:
    """A watermark of this module; empty for any other's; None for none."""
    if watermark is None:
        return None
    try:
        value = json.loads(watermark)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _by_transaction(moment: Moment, relation: Relation, previous: Mapping[str, Any] | None) -> Position:
    identity = {"by": "transaction", "server": moment.server, "shape": relation.shape}
    watermark = json.dumps(identity | {"since": moment.oldest, "members": sorted(relation.members)})
    if fault := _mismatch(identity, previous):
        return Position(watermark, fault)
    assert previous is not None
    since = int(previous["since"])
    span = moment.end - since
    if span < 0:
        return Position(watermark, "full: the server is older than the watermark")
    if span >= SPAN_LIMIT:
        return Position(watermark, "full: too many transactions")
    # Rows come unwritten when a partition is attached or a table takes another one's name: all of those are read.
    joined = sorted(relation.members - set(previous["members"]))
    conditions = [f"(({moment.end} - xmin::text::bigint) & 4294967295) <= {span}"] if span else []
    conditions += [f"tableoid::bigint in ({', '.join(map(str, joined))})"] if joined else []
    return Position(watermark, f"since transaction {since}", condition=" or ".join(conditions) or "false")


def _by_cursor(
    moment: Moment, gate: Gate, relation: Relation, cursor: str, slack: timedelta, previous: Mapping[str, Any] | None
) -> Position:
    identity = {"by": "cursor", "server": moment.server, "shape": relation.shape, "cursor": cursor}
    identity["members"] = sorted(relation.members)  # type: ignore[assignment]
    next_since = gate.at - _GATE_SLACK - slack
    fault = _mismatch(identity, previous)
    since = None if fault or previous is None else datetime.fromisoformat(previous["since"])
    if gate.is_held:
        if since is None:
            return Position(None, fault or "full")
        next_since = since
    watermark = json.dumps(identity | {"since": next_since.astimezone(UTC).isoformat()})
    return Position(watermark, fault, since=since)


def _mismatch(identity: Mapping[str, object], previous: Mapping[str, Any] | None) -> str:
    """Why a watermark can't be used here; empty if it can."""
    if previous is None:
        return "initial"
    told = {"server": "another server", "shape": "changed columns", "members": "another table"}
    for name, value in identity.items():
        if previous.get(name) != value:
            return f"full: {told.get(name, 'another kind of watermark')}"
    return ""
