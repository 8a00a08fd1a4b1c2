"""How old tables and marts are, as health tells it.

Belongs here: reading that without counting rows, and what follows for a source as a whole. Not here: one table's
judgement (ingestion/operations/judging.py).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.findings import Finding, Kind, sentence
from ingestion.catalogue.freshness import DEFAULT, NEVER, Freshness
from ingestion.catalogue.listed_names import shortened
from ingestion.catalogue.sources_file import RAW
from ingestion.loading.run import Ingestion
from ingestion.log.state import MODELS, TableState
from ingestion.operations.judging import AGES, Grade, Judgement, duration, judge, worst
from ingestion.operations.status import AUTOMATIC, TableStatus, remembered
from ingestion.warehouses.sql import relation

_KINDS = {"failed": Kind.TABLE_FAILED, "refused": Kind.DELETES_REFUSED}
_QUIET, _LATE = timedelta(hours=3), timedelta(hours=6)
"""How long a source may have had no row, and how much later it has to have been read, for no row to be missing."""


@dataclass(frozen=True, slots=True)
class SourceAge:
    """A source and its tables, judged.

    Attributes:
        name: the source's.
        tables: what is remembered of each table.
        judged: how each is, in the same order.
        kind: the system whose models its tables feed.
        models: what they remember of their builds; None where no run has begun one.
    """

    name: str
    tables: Sequence[TableStatus]
    judged: Sequence[Judgement]
    kind: str = RAW
    models: TableState | None = None

    @property
    def grade(self) -> Grade:
        """The worst of its tables."""
        return worst(judgement.grade for judgement in self.judged)

    @property
    def last_read_at(self) -> datetime | None:
        """When any of its tables was last read."""
        return max((t.state.last_run_at for t in self.tables if t.state.last_run_at), default=None)

    @property
    def newest_row_at(self) -> datetime | None:
        """When the newest row was made of the tables whose rows are to be new; of any table where none is told so."""
        lively = [t for t in self.tables if t.freshness.rows_within != NEVER] or self.tables
        return max((t.newest_row_at for t in lively if t.newest_row_at), default=None)

    @property
    def covered_until(self) -> datetime | None:
        """Up to when all of its rows can be there, late ones aside.

        That is its newest row. But nights are quiet: some hours more, where it was read long after them.
        """
        newest, read = self.newest_row_at, self.last_read_at
        return max(newest, min(newest + _QUIET, read - _LATE)) if newest and read else None

    def told(self, now: datetime) -> str:
        """In words, without its name."""
        if self.grade is not Grade.WELL:
            return self._together(self._wrong())
        read, newest = self.last_read_at, self.newest_row_at
        if read is None:
            return "it has none of its tables"
        return f"read {duration(now - read)} ago" + (f", newest row {duration(now - newest)} ago" if newest else "")

    def findings(self) -> Iterator[Finding]:
        """One for all tables that are too old, and one for each that failed."""
        wrong = self._wrong()
        if ages := [one for one in wrong if one[1].word in AGES]:
            since = min((judgement.since for _, judgement in ages if judgement.since), default=None)
            remedy = f"python -m ingestion status --source {self.name}"
            yield Finding(Kind.STALE, self.name, f"{self.name}: {self._together(ages)}", (self.name,), remedy, since)
        for table, judgement in wrong:
            if kind := _KINDS.get(judgement.word):
                label = f"{self.name}.{table}"
                remedy = f"python -m ingestion run --source {self.name} --table {table}"
                if kind is Kind.DELETES_REFUSED:
                    remedy = f"python -m ingestion reconcile --source {self.name} --table {table} --allow-deletes"
                yield Finding(
                    kind, label, sentence(f"{label}: {judgement.reason}"), (self.name,), remedy, judgement.since
                )

    def _together(self, wrong: Sequence[tuple[str, Judgement]]) -> str:
        """Tables and what is wrong with them, those together of which the same is."""
        reasons: dict[str, list[str]] = {}
        for table, judgement in wrong:
            reasons.setdefault(judgement.reason.rstrip("."), []).append(table)
        told = (
            f"{'all tables' if len(tables) == len(self.tables) else shortened(tables)}: {reason}"
            for reason, tables in reasons.items()
        )
        return f"{'; '.join(told)}."

    def _wrong(self) -> list[tuple[str, Judgement]]:
        pairs = zip(self.tables, self.judged, strict=True)
        return [(table.table, judgement) for table, judgement in pairs if judgement.grade is not Grade.WELL]


def read_sources(ingestion: Ingestion, now: datetime) -> list[SourceAge]:
    """Every configured source.

    Raises:
        WarehouseError: the warehouse can't be read, or holds no raw tables yet.
    """
    existing = ingestion.raw_tables()
    found = []
    for name in ingestion.configured:
        entries = ingestion.catalogue[name]
        states = remembered(ingestion, existing, name)
        is_awaited = not any(state.last_run_at for table, state in states.items() if table in entries)
        tables = [
            TableStatus(
                name, table, entry.mode or AUTOMATIC, states.get(table, TableState(table)), entry.freshness, is_awaited
            )
            for table, entry in entries.items()
        ]
        judged = [judge(table, now, ingestion.settings.now) for table in tables]
        found.append(SourceAge(name, tables, judged, ingestion.kind(name), states.get(MODELS)))
    return found


@dataclass(frozen=True, slots=True)
class MartsAge:
    """The marts of a system, or those of all systems together.

    Attributes:
        system: its name.
        built_at: when the one of them was built that was built longest ago.
        newest_row_at: when raw last got rows that they are made of.
        limit: how long they may lack rows.
    """

    system: str
    built_at: datetime | None
    newest_row_at: datetime | None
    limit: timedelta

    def finding(self, now: datetime) -> Finding | None:
        """What is wrong; None if nothing is: marts that lack no row are never too old."""
        if self.newest_row_at is None or self.built_at is None or self.built_at >= self.newest_row_at:
            return None
        if self.limit == NEVER or now - self.built_at <= self.limit:
            return None
        what = (
            f"Marts of {self.system} were last built {duration(now - self.built_at)} ago, and raw has rows since that "
            "they lack."
        )
        systems = () if self.system == "cross_source" else (self.system,)
        return Finding(
            Kind.STALE, f"marts of {self.system}", what, systems, "python -m orchestration run", self.built_at
        )


def read_marts(ingestion: Ingestion) -> list[MartsAge]:
    """The marts of each system; none where nothing was built yet.

    Raises:
        WarehouseError: the warehouse can't be read.
    """
    if ("marts", "freshness") not in ingestion.warehouse.tables({"marts"}):
        return []
    rows = ingestion.warehouse.query(
        "select source_system, min(last_built_at) as built_at, max(newest_row_at) as newest_row_at"
        " from marts.freshness where kind = 'mart' group by source_system order by source_system"
    ).to_pylist()
    return [
        MartsAge(row["source_system"], row["built_at"], row["newest_row_at"], _limit(ingestion, row["source_system"]))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A system that was read, and whose models were never built to the end: people have nothing of it.

    Attributes:
        system: its name.
        rows_since: when raw first got rows of it; None where it has none.
        limit: how long that may be so, as its first build may still be to come, or go on.
    """

    system: str
    rows_since: datetime | None
    limit: timedelta

    def told(self, now: datetime) -> str:
        """In words."""
        rows = ""
        if since := self.rows_since:
            rows = f", and raw has rows of it since {since:%Y-%m-%d %H:%M} UTC, {duration(now - since)} ago"
        return f"{self.system} was never built to the end{rows}. The next run builds it, or says why it can't."

    def finding(self, now: datetime) -> Finding | None:
        """What is wrong; None for as long as nothing need be."""
        since = self.rows_since
        if since is None or self.limit == NEVER or now - since <= self.limit:
            return None
        return Finding(
            *(Kind.STALE, f"marts of {self.system}", self.told(now), (self.system,), "python -m orchestration run"),
            since=since,
            title=f"{self.system} was never built",
        )


def read_unbuilt(ingestion: Ingestion, sources: Collection[SourceAge]) -> list[Unbuilt]:
    """The systems of sources that were read, and which no build has brought to its end.

    Their raw tables are looked through for it: these are few, and seldom.

    Raises:
        WarehouseError: the warehouse can't be read.
    """
    kinds = dict.fromkeys(one.kind for one in sources if one.kind != RAW and one.last_read_at)
    begun = {one.kind for one in sources if one.models}
    built = {one.kind for one in sources if one.models and one.models.last_run_at}
    if not begun.issuperset(kinds):
        built |= _built_by_hand(ingestion) - begun
    return [
        Unbuilt(kind, _rows_since(ingestion, [s for s in sources if s.kind == kind]), _limit(ingestion, kind))
        for kind in kinds
        if kind not in built
    ]


def _built_by_hand(ingestion: Ingestion) -> set[str]:
    """The systems that dbt has built to the end, whoever called it: it notes the last model of each."""
    if ("intermediate", "builds") not in ingestion.warehouse.tables({"intermediate"}):
        return set()
    rows = ingestion.warehouse.query("select relation_name from intermediate.builds").to_pylist()
    return {row["relation_name"].removeprefix("int_").removesuffix("__built") for row in rows}


def _rows_since(ingestion: Ingestion, sources: Collection[SourceAge]) -> datetime | None:
    existing = ingestion.raw_tables()
    asked = [
        f"select min(_loaded_at) as since from {relation(f'raw_{one.name}', table.table)}"
        for one in sources
        for table in one.tables
        if (one.name, table.table) in existing
    ]
    rows = ingestion.warehouse.query(" union all ".join(asked)).to_pylist() if asked else []
    return min((row["since"] for row in rows if row["since"]), default=None)


def tightest(ingestion: Ingestion) -> Freshness:
    """The policy of the table that is to be read most often."""
    policies = (entry.freshness for name in ingestion.configured for entry in ingestion.catalogue[name].values())
    return min(policies, key=lambda policy: policy.longest_unread, default=DEFAULT)


def _limit(ingestion: Ingestion, system: str) -> timedelta:
    """Marts may lack rows as long as the table of their system may that is read least often."""
    return max(
        (
            entry.freshness.longest_unread
            for name in ingestion.configured
            if system in (ingestion.kind(name), "cross_source")
            for entry in ingestion.catalogue[name].values()
        ),
        default=DEFAULT.read_within,
    )
