"""What has changed since something was last made, and so is due.

Belongs here: fingerprints of what models, copy, exports and reports are made from, their memory in the warehouse, and
the comparison of the two. Not here: making anything.

Models are made from raw rows, from the project's files, from what the catalogue lets them show, and from the tenants'
local days (which decide what periods are complete). The copy, the exports and the reports are made from built models,
and from where and what they are to publish. What each was last made from lies in the `_state` of its system's raw
schema: kept anywhere else, it could speak of another warehouse. A build forgets first, so that one that dies is due
again. Of what is published the place tells it as well (marks.py): it may be another than it was.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exports.catalogue import Export
from exports.reports.declaration import Declaration
from ingestion.loading.privacy import REMEDY
from ingestion.log import state
from ingestion.warehouses import Query, open_warehouse
from orchestration import dbt, marks, nodes
from orchestration.configuration import CROSS_SOURCE, KINDS, SOURCES, SOURCES_OF_KINDS, SYSTEMS, ingestion, settings
from orchestration.nodes import own_models, with_readers
from orchestration.profile import shown_names
from orchestration.publications import Step, is_step, own_models_in

MODELS = state.MODELS
"""The entry of `_state` that tells what models were made from; the others are of publications.py."""

_UNFINISHED = " unfinished"
_ITS_LAST = -1
"""In the place of a batch's number: the last one of the source that the entry lodges with."""

_OF_CROSS_SOURCE = f"_{CROSS_SOURCE}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `_state`; see `TableState`."""

    watermark: str | None = None
    batch_seq: int = 0
    last_run_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the warehouse remembers, read at once.

    Attributes:
        entries: source → name → entry, of the sources whose raw tables have been made.
        local_days: system → time zone → the local day that its models were last built for.
        told: what places tell of what lies there, read when it is first asked for.
    """

    entries: Mapping[str, Mapping[str, Entry]]
    local_days: Mapping[str, Mapping[str, date]]
    told: marks.Marks = field(default_factory=marks.Marks, compare=False)

    @property
    def sources(self) -> list[str]:
        """The sources that models read and whose raw tables have been made."""
        return [source for kind in KINDS for source in self.sources_of(kind)]

    def sources_of(self, kind: str) -> list[str]:
        """Those of a kind."""
        return [source for source in SOURCES_OF_KINDS[kind] if source in self.entries]

    @property
    def systems(self) -> list[str]:
        """The systems that have such a source."""
        return [kind for kind in KINDS if self.sources_of(kind)]

    def entry(self, step: str, system: str) -> Entry:
        """What is remembered of a step; an empty entry where nothing is."""
        home = next(iter(self.homes(step, system)), "")
        return self.entries.get(home, {}).get(_name(step, system), Entry())

    def homes(self, step: str, system: str) -> list[str]:
        """The sources with whose tables what is remembered of a step lies; the first of them is asked.

        Of a system: all of its own, for compaction asks each what its models have seen. What several systems feed has
        none: it lodges with the first, and with those that were the first before, which may be so again.
        """
        if system != CROSS_SOURCE:
            return self.sources_of(system)
        first, name = self.sources[:1], _name(step, system)
        return [source for source in self.sources if source in first or name in self.entries[source]]

    def last_batch(self, source: str) -> int:
        """The number of the last batch of a source in raw; 0 where there is none."""
        return max((entry.batch_seq for entry in self.entries.get(source, {}).values()), default=0)

    def last_read(self, source: str) -> datetime | None:
        """When a source was last read, by the table that was read longest ago; None if never."""
        read = [
            entry.last_run_at
            for name, entry in self.entries.get(source, {}).items()
            if not _is_own(name) and entry.last_run_at
        ]
        return min(read, default=None)

    def built(self, system: str) -> str | None:
        """What a system's models were last built from, and when; None while or after a build that did not end well."""
        entry = self.entry(MODELS, system)
        is_whole = entry.watermark and not entry.watermark.endswith(_UNFINISHED)
        return f"{entry.watermark} {entry.last_run_at}" if is_whole else None

    def own_built(self) -> dict[str, str | None]:
        """Model of your own → when it was last built well; None: it waits for tables that are not there.

        Those are missing of which the last build did not end well, or is still to come.
        """
        told: dict[str, str | None] = json.loads(self.entry(state.OWN_MODELS, CROSS_SOURCE).watermark or "{}")
        return {name: told[name] for name in own_models() if name in told}

    def due_own_models(self) -> list[str]:
        """The models of your own to be built by themselves: those that are missing there, where the others stand."""
        built = self.own_built()
        return [name for name in own_models() if name not in built] if self.built(CROSS_SOURCE) else []

    def lacking(self, one: Export | Declaration | None = None) -> list[str]:
        """The models of your own, of all or of an export or report, that can't be published: they lack a good build."""
        built = self.own_built()
        return sorted(name for name in (own_models_in(one) if one else own_models()) if not built.get(name))

    def inputs(self, system: str) -> str:
        """Fingerprint of what a system's models would be built from now; it begins with that of the project's files."""
        if system == CROSS_SOURCE:
            return f"{_files(system)} {digest([(one, self.entry(MODELS, one)) for one in self.systems])}"
        sources = SOURCES_OF_KINDS[system]
        from_what: object = [(source, self.last_batch(source)) for source in sources]
        return f"{_files(system)} {digest(from_what, shown_names(ingestion.catalogue, sources))}"

    def is_new_project(self, system: str) -> bool:
        """Whether the project's files are others than when a system was last built, so that no built row holds."""
        return (self.entry(MODELS, system).watermark or "").split(" ")[0] != _files(system)

    def awaits_rotation(self, system: str) -> str | None:
        """Why no number of a system holds, if so: raw of a source has more of people, or others, than is declared."""
        entries = (entry for source in self.sources_of(system) for entry in self.entries[source].values())
        return next((entry.last_error for entry in entries if REMEDY in (entry.last_error or "")), None)

    def due_models(self, now: datetime) -> list[str]:
        """The systems whose models would come out otherwise than they stand, in the order in which they are built.

        Cross-source models are due with any system. A system waits whose raw holds more of people than is declared:
        they go on with what was last built of it.
        """
        ready = [s for s in self.systems if not self.awaits_rotation(s)]
        due = [s for s in ready if self._differs(s) or self._is_another_day(s, now)]
        if due or (ready and self._differs(CROSS_SOURCE)):
            due.append(CROSS_SOURCE)
        return due

    def due(self, step: Step) -> list[str]:
        """The systems of which a step was last made from other tables than there are, where these are whole."""
        if step.kind == "copy" and not ingestion.warehouse.capabilities.needs_copy:
            return []
        there = self.told.of(step)
        return [
            s
            for s in SYSTEMS
            if s in step.systems
            and (now := self.published(step, s))
            and not (self._last(step.name, s) == now and (there is None or there.get(s) == now))
        ]

    def published(self, step: Step, system: str) -> str | None:
        """Fingerprint of what a system's exports, reports or copy are made from; None: its models are not whole."""
        declared = [one.model_dump(exclude={"deliver"}) for one in step.of(system).values()]
        # What lacks a good build is left out, and due with the next one.
        own = {name: at for name, at in self.own_built().items() if name in step.own_models_of(system)}
        return (built := self.built(system)) and digest(built, step.place, declared, *([own] if own else []))

    def _differs(self, system: str) -> bool:
        return self.entry(MODELS, system).watermark != self.inputs(system)

    def _is_another_day(self, system: str, now: datetime) -> bool:
        return any(_local_day(zone, now) not in (day, None) for zone, day in self.local_days.get(system, {}).items())

    def _last(self, step: str, system: str) -> str | None:
        return self.entry(step, system).watermark


def read(patience_seconds: float | None = None) -> Memory:
    """Read what the warehouse remembers.

    Args:
        patience_seconds: how long to wait for one that is in use; as long as a run if None.

    Raises:
        WarehouseError: it can't be read.
    """
    warehouse = ingestion.warehouse
    if patience_seconds is not None:
        warehouse = open_warehouse(settings.warehouse, settings.with_patience(patience_seconds).lock_timeout_seconds)
    # To open a DuckDB file is what all of this costs; what opens it meanwhile has it for nothing.
    with warehouse.reader() as query:
        existing = warehouse.tables([*(f"raw_{source}" for source in SOURCES), "intermediate"])
        sources = [name for kind in KINDS for name in SOURCES_OF_KINDS[kind] if (f"raw_{name}", "_state") in existing]
        entries: dict[str, dict[str, Entry]] = {source: {} for source in sources}
        for source, name, *values in _rows(
            query,
            [
                f"select '{source}' as source, table_name, watermark, batch_seq, last_run_at, last_error"
                f" from raw_{source}._state"
                for source in sources
            ],
        ):
            entries[str(source)][str(name)] = Entry(*values)  # type: ignore[arg-type]
        days: dict[str, dict[str, date]] = {}
        memory = Memory(entries, days)
        # Others are due anyway, and tenants that an earlier version built may have no local day.
        built = [
            kind
            for kind in memory.systems
            if memory.built(kind)
            and not memory.is_new_project(kind)
            and ("intermediate", f"int_{kind}__tenants") in existing
        ]
        for kind, zone, day in _rows(
            query,
            [
                f"select distinct '{kind}' as kind, timezone, local_date from intermediate.int_{kind}__tenants"
                for kind in built
            ],
        ):
            days.setdefault(str(kind), {})[str(zone)] = day  # type: ignore[assignment]
    return memory


def begin(systems: Collection[str], own: Collection[str] = (), *, is_full: bool) -> None:
    """Forget what systems' models were last built from, but for the project: the rows that are there come from it.

    While a full build lasts they come from two, or from raw as it was at two moments. Should it not end well, the next
    one is full too, whichever project it is of. Models of your own are forgotten with those of all systems together, or
    some with what reads them.
    """
    with ingestion.warehouse.at_hand():
        memory = read()
        entries = {}
        for system in systems:
            last = memory.entry(MODELS, system)
            project = None if is_full else last.watermark and last.watermark.split(" ")[0] + _UNFINISHED
            entries[system] = Entry(project, 0, last.last_run_at)
        _note(memory, MODELS, entries)
        gone = own_models() if CROSS_SOURCE in systems else with_readers(own)
        if gone:
            _note_own(memory, {name: at for name, at in memory.own_built().items() if name not in gone})


def end(systems: Iterable[str], own: Iterable[str] = (), waiting: Iterable[str] = ()) -> None:
    """Note that systems' models were built to the end, from what is there now.

    The last batch that they saw is noted too: no version that they still need may be compacted (see
    ingestion/operations/compaction.py).

    Args:
        systems: those of which all models were.
        own: models of your own that were built well.
        waiting: those that could not be, as they read tables that are not there.
    """
    with ingestion.warehouse.at_hand():
        memory, now = read(), datetime.now(UTC)
        _note(memory, MODELS, {s: Entry(memory.inputs(s), _ITS_LAST, now) for s in systems})
        if told := dict.fromkeys(waiting) | dict.fromkeys(own, str(now)):
            _note_own(memory, memory.own_built() | told)


def publish(step: Step, systems: Iterable[str], memory: Memory) -> None:
    """Note that systems' exports, reports or copy were made from their models as they stood when they were read.

    Raises:
        StorageError: the place where they are can't be written.
    """
    made_of = {system: memory.published(step, system) for system in systems}
    marks.write(step, made_of)
    _note(memory, step.name, {system: Entry(told) for system, told in made_of.items()})


def forget(step: Step, systems: Iterable[str]) -> None:
    """Note that systems' exports, reports or copy are due."""
    with ingestion.warehouse.at_hand():
        _note(read(), step.name, dict.fromkeys(systems, Entry()))


def digest(*parts: object) -> str:
    """A fingerprint of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _note_own(memory: Memory, built: Mapping[str, str | None]) -> None:
    _note(memory, state.OWN_MODELS, {CROSS_SOURCE: Entry(json.dumps(built, sort_keys=True), 0, datetime.now(UTC))})


def _name(step: str, system: str) -> str:
    """What a step is called in `_state`."""
    return step + _OF_CROSS_SOURCE if system == CROSS_SOURCE else step


def _is_own(name: str) -> bool:
    step = name.removesuffix(_OF_CROSS_SOURCE)
    return step in (MODELS, state.OWN_MODELS) or is_step(step)


def _files(system: str) -> str:
    """Fingerprint of the files that a system's models are made from. Your own models make no row of a system."""
    return dbt.fingerprint(() if system == CROSS_SOURCE else nodes.files_of_own_models())


def _local_day(zone: str, now: datetime) -> date | None:
    """The day in a time zone; None where only the warehouse knows the zone."""
    try:
        return now.astimezone(ZoneInfo(zone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _rows(query: Query, selects: Iterable[str]) -> list[tuple[object, ...]]:
    sql = " union all ".join(selects)
    return list(zip(*(column.to_pylist() for column in query(sql).columns), strict=True)) if sql else []


def _note(memory: Memory, step: str, entries: Mapping[str, Entry]) -> None:
    if not entries:
        return
    with ingestion.warehouse.session() as session:
        for system, entry in entries.items():
            for source in memory.homes(step, system):
                is_its_own = system != CROSS_SOURCE and entry.batch_seq == _ITS_LAST
                seen = memory.last_batch(source) if is_its_own else max(entry.batch_seq, 0)
                told = state.TableState(_name(step, system), entry.watermark, seen, entry.last_run_at)
                session.remember(source, told)
