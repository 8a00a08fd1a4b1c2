"""What has changed since a step last ended well.

Belongs here: fingerprints of what models, copy and exports are made from, and their memory in the warehouse. Not
here: building.

Models are made from raw rows, from the project's files and from the tenants' local dates (which decide what periods
are complete). The copy and the exports are made from built models, and from where and what they are to publish. Each
step remembers what it last worked from, in the `_state` of its system's raw schema: kept anywhere else, it could
speak of another warehouse. A step that begins a build forgets first, so that one that dies is done again.
"""

import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import dagster as dg

from ingestion.log import state
from ingestion.settings import SOURCES
from orchestration import dbt
from orchestration.configuration import CROSS_SOURCE, JOB, ingestion, settings

MODELS, COPY, EXPORTS = state.MODELS, "_copy", "_exports"
"""Entries of `_state`."""

_UNFINISHED = " unfinished"


def is_asked_for(context: dg.AssetExecutionContext) -> bool:
    """Whether somebody picked assets by hand, and so wants them made though nothing changed."""
    return bool(context.job_name != JOB)


def inputs(system: str, now: datetime | None = None) -> str:
    """Fingerprint of what a system's models would be built from now; it begins with that of the project's files."""
    now = now or datetime.now(UTC)
    raw = {}
    for source in SOURCES if system == CROSS_SOURCE else [system]:
        raw[source] = (last_batch(source), sorted(_local_dates(source, now)))
    return f"{_project()} {digest(raw, settings.contact_hash_salt)}"


def is_new_project(system: str) -> bool:
    """Whether the project's files are others than when a system was last built, so that no built row holds."""
    return (_watermark(MODELS, system) or "").split(" ")[0] != _project()


def begin(system: str) -> None:
    """Forget what a system's models were last built from, but for the project: the rows that are there come from it."""
    last = _watermark(MODELS, system)
    remember(MODELS, system, last and last.split(" ")[0] + _UNFINISHED)


def last_batch(source: str) -> int:
    """The number of the last batch of a source in raw; 0 where there is none."""
    [(batch,)] = _rows(f"select coalesce(max(batch_seq), 0) as batch_seq from raw_{source}._state")
    return int(str(batch))


def digest(*parts: object) -> str:
    """A fingerprint of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


@cache
def _project() -> str:
    """Hash of every file that the models are made from."""
    files = sorted(path for path in dbt.inputs() if path.is_file())
    return digest(
        [(str(path.relative_to(dbt.DIRECTORY)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    )


def _local_dates(source: str, now: datetime) -> set[str]:
    zones = {"UTC"}
    for table, entry in ingestion.catalogue[source].items():
        for column, declared in entry.columns.items():
            if declared.type == "timezone":
                found = _rows(f'select distinct "{column}" from raw_{source}."{table}"')
                zones |= {str(zone) for (zone,) in found if zone}
    return {f"{zone} {now.astimezone(ZoneInfo(zone)).date()}" for zone in zones}


def _rows(sql: str) -> list[tuple[object, ...]]:
    table = ingestion.warehouse.query(sql)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def remembered(step: str, system: str) -> str | None:
    """What a step last worked from; None before it first ended well, and while or after it failed."""
    watermark = _watermark(step, system)
    return None if watermark is None or watermark.endswith(_UNFINISHED) else watermark


def _watermark(step: str, system: str) -> str | None:
    schema, entry = _place(step, system)
    rows = _rows(f"select watermark from {schema}._state where table_name = '{entry}'")
    return str(rows[0][0]) if rows and rows[0][0] else None


def remember(step: str, system: str, fingerprint: str | None, batch_seq: int = 0) -> None:
    """Note what a step ended well on; None forgets.

    Models note the last batch that they saw too: no version that they still need may be compacted (see
    ingestion/operations/compaction.py).
    """
    schema, entry = _place(step, system)
    with ingestion.warehouse.session() as session:
        session.remember(schema.removeprefix("raw_"), state.TableState(entry, fingerprint, batch_seq))


def _place(step: str, system: str) -> tuple[str, str]:
    """Schema and entry. Cross-source models have no raw schema of their own and lodge with the first source."""
    return (f"raw_{SOURCES[0]}", f"{step}_{CROSS_SOURCE}") if system == CROSS_SOURCE else (f"raw_{system}", step)
