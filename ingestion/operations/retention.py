"""What goes with time, as far as anybody set it, and that nothing is left of it where it was.

Belongs here: the order of what goes. Not here: how it goes (ageing.py, compaction.py), Dagster's runs
(orchestration/retention.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingestion.errors import ConfigurationError
from ingestion.loading.run import Ingestion
from ingestion.operations.ageing import Anonymised, anonymise
from ingestion.operations.compaction import Compaction, compact
from ingestion.operations.erasure import resume_fault
from ingestion.warehouses.sql import resolved_before


@dataclass
class Retained:
    """What went, or would go.

    Attributes:
        anonymised: tables of which values may go.
        rejected: source → how many records of rejected rows.
        compacted: superseded versions; of a dry run nothing.
        is_off: whether nothing is set.
    """

    anonymised: list[Anonymised] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    compacted: list[Compaction] = field(default_factory=list)
    is_off: bool = False

    @property
    def errors(self) -> list[str]:
        """What could not go, and why."""
        return [f"{table.label}: {table.error}" for table in self.anonymised if table.error]


def retain(ingestion: Ingestion, tables: Mapping[str, list[str]], *, dry_run: bool) -> Retained:
    """Let go what is past its age.

    Args:
        ingestion: the configured ingestion.
        tables: source → tables.
        dry_run: whether it is only counted.

    Raises:
        ConfigurationError: an erasure is not done, or there is no key for a source's pseudonyms.
        StorageError: the archive can't be read or written.
        WarehouseError: the warehouse can't be opened or written.
    """
    if fault := resume_fault(ingestion):
        raise ConfigurationError(fault)
    retained = Retained(anonymise(ingestion, tables, dry_run=dry_run))
    settings, loaded = ingestion.settings, ingestion.warehouse.loaded_sources(tables)
    sources = [source for source in tables if source in loaded]
    if settings.retain_rejected_days is not None and sources:
        retained.rejected = _rejected(ingestion, sources, settings.retain_rejected_days, dry_run=dry_run)
    if settings.retain_versions_days is not None and sources and not dry_run:
        before = settings.now - timedelta(days=settings.retain_versions_days)
        chosen = {source: tables[source] for source in sources}
        retained.compacted = compact(ingestion.catalogue, ingestion.warehouse, chosen, before)
    declared = any(ingestion.catalogue[s][name].anonymised for s, names in tables.items() for name in names)
    told = settings.retain_rejected_days or settings.retain_versions_days
    retained.is_off = not (declared or retained.anonymised or told)
    if not dry_run:
        _vacuum(ingestion, retained)
    return retained


def _rejected(ingestion: Ingestion, sources: list[str], days: int, *, dry_run: bool) -> dict[str, int]:
    """Records that stand no more. Others are all that is known of rows that raw lacks, and models count them."""
    before = ingestion.settings.now - timedelta(days=days)
    if dry_run:
        return {source: _old_records(ingestion, source, before) for source in sources}
    with ingestion.warehouse.session() as session:
        return {source: session.remove_rejected(source, before) for source in sources}


def _old_records(ingestion: Ingestion, source: str, before: datetime) -> int:
    found = ingestion.warehouse.query(
        f"select count(*) as row_count from raw_{source}._rejected where {resolved_before(before)}"
    )
    return int(found.column(0)[0].as_py())


def _vacuum(ingestion: Ingestion, retained: Retained) -> None:
    """Have nothing left where rows were, after this call or one that was killed before it came to that."""
    awaited = ingestion.archive.renewals.read()
    for result in retained.compacted:
        if any(result.removed.values()):
            awaited.setdefault(result.source, {})
    for source, removed in retained.rejected.items():
        if removed:
            awaited.setdefault(source, {})
    if awaited:
        ingestion.archive.renewals.write(awaited)
        ingestion.warehouse.vacuum([f"raw_{source}" for source in awaited])
        # Of a source that was taken away nothing is awaited any more.
        left = {source: tables for source, tables in awaited.items() if tables and source in ingestion.catalogue}
        ingestion.archive.renewals.write(left)
