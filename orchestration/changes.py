"""Whether anything a system's models are made from has changed since they were last built.

Belongs here: the fingerprint of a build's inputs, and its memory in the warehouse. Not here: building.

A build is skipped only when raw rows, model code and the tenants' local dates (which decide what periods are
complete) are as they were when build, copy and exports last ended well. Each of the three remembers for itself,
in the `_state` of the system's raw schema, so that one that failed is done again by the next run.
"""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from ingestion.settings import SOURCES
from ingestion.state import TableState
from orchestration.configuration import CROSS_SOURCE, PUBLISHED_SCHEMAS, exports, ingestion, manifest

MODELS, COPY, EXPORTS = "_models", "_copy", "_exports"
"""Entries of `_state` that hold what the step last worked from."""


@cache
def _code() -> str:
    """Hash of the models, seeds and macros that the manifest was made from."""
    nodes = {key: node.get("checksum") for key, node in sorted(manifest["nodes"].items())}
    macros = {key: macro["macro_sql"] for key, macro in sorted(manifest["macros"].items())}
    return hashlib.sha256(json.dumps([nodes, macros]).encode()).hexdigest()[:16]


def _home(system: str) -> str:
    """The source whose `_state` holds a system's entries; cross-source models have no raw schema of their own."""
    return SOURCES[0] if system == CROSS_SOURCE else system


def _entry(step: str, system: str) -> str:
    return f"{step}_{CROSS_SOURCE}" if system == CROSS_SOURCE else step


def fingerprint(system: str, now: datetime | None = None) -> str:
    """What a system's models would be built from now."""
    now = now or datetime.now(UTC)
    raw = {}
    for source in SOURCES if system == CROSS_SOURCE else [system]:
        [(batch,)] = _rows(f"select coalesce(max(batch_seq), 0) from raw_{source}._state")
        raw[source] = (batch, sorted(_local_dates(source, now)))
    return hashlib.sha256(json.dumps([raw, _code()]).encode()).hexdigest()


def _local_dates(source: str, now: datetime) -> set[str]:
    zones = {"UTC"}
    for table, entry in ingestion.catalogue[source].items():
        for column, declared in entry.columns.items():
            if declared.type == "timezone":
                zones |= {
                    str(zone) for (zone,) in _rows(f'select distinct "{column}" from raw_{source}."{table}"') if zone
                }
    return {f"{zone} {now.astimezone(ZoneInfo(zone)).date()}" for zone in zones}


def _rows(sql: str) -> list[tuple[object, ...]]:
    table = ingestion.warehouse.query(sql)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def is_unchanged(system: str, current: str) -> bool:
    """Whether every step of a system last ended well on the same inputs."""
    steps = _steps(system)
    names = ", ".join(f"'{_entry(step, system)}'" for step in steps)
    rows = _rows(f"select watermark from raw_{_home(system)}._state where table_name in ({names})")
    return len(rows) == len(steps) and all(watermark == current for (watermark,) in rows)


def _steps(system: str) -> list[str]:
    """The steps that a system has: only some have something to copy or to export."""
    nodes = (node for node in manifest["nodes"].values() if system in node["tags"])
    is_copied = ingestion.warehouse.capabilities.needs_copy and any(n["schema"] in PUBLISHED_SCHEMAS for n in nodes)
    is_exported = any(export.source == system for export in exports.values())
    return [MODELS, *([COPY] if is_copied else []), *([EXPORTS] if is_exported else [])]


def remember(step: str, system: str, current: str) -> None:
    """Note that a step ended well."""
    with ingestion.warehouse.session() as session:
        session.remember(_home(system), TableState(_entry(step, system), watermark=current))
