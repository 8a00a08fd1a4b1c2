"""dbt assets: one step that builds what is selected, where one system's failure leaves the others' marts fresh.

Belongs here: how models and tests show in Dagster. Not here: SQL (dbt_project), or what is due (changes.py).
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from itertools import count
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from pydantic import Field

from exports.rows import personal_columns
from ingestion.catalogue.entries import TEAM
from ingestion.catalogue.sources_file import RAW
from ingestion.warehouses.sql import relation
from orchestration import changes, dagster_internals, dbt, freshness, told
from orchestration.configuration import (
    CROSS_SOURCE,
    KINDS,
    PUBLISHED_SCHEMAS,
    REFERENCE,
    SOURCES_OF_KINDS,
    SYSTEMS,
    ingestion,
    manifest,
    settings,
)
from orchestration.console import failure, say, telling_faults
from orchestration.event_log import EventLog
from orchestration.labels import Layer, links, tags
from orchestration.nodes import at_fault, own_models, own_models_of, system_of_node
from orchestration.standing import is_any_system_built, missing_tables, waiting_for

_BUILT = ("LogModelResult", "LogSeedResult")


class _Translator(DagsterDbtTranslator):
    """Models are grouped by the source system whose tag they carry; those of your own with those of all systems."""

    def __init__(self) -> None:
        super().__init__()
        self._specs: dict[str, dg.AssetSpec] = {}

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """The spec of one node: dagster-dbt's, in its system's group. Asked for with every result of a test."""
        if unique_id not in self._specs:
            spec = super().get_asset_spec(manifest, unique_id, project)
            self._specs[unique_id] = _completed(spec, self.get_resource_props(manifest, unique_id))
        return self._specs[unique_id]


def _completed(spec: dg.AssetSpec, node: Mapping[str, Any]) -> dg.AssetSpec:
    """With what dbt does not know."""
    told = spec if node["resource_type"] == "source" else _told(spec, node)
    # dbt knows the tables of a kind, which each of its sources has.
    read = [key for dep in spec.deps for key in _in_each_source(dep.asset_key)]
    told = told if read == [dep.asset_key for dep in spec.deps] else told.replace_attributes(deps=read)
    is_mart = node["resource_type"] == "model" and node["config"]["schema"] == "marts"
    return told.replace_attributes(freshness_policy=_freshness(told.group_name)) if is_mart else told


@cache
def _freshness(system: str | None) -> dg.FreshnessPolicy | None:
    """The policy of the marts of a system, or of those of all systems together."""
    kinds = KINDS if system == CROSS_SOURCE else (system,)
    sources = [source for kind in kinds for source in SOURCES_OF_KINDS.get(str(kind), ())]
    return freshness.of_marts(entry for source in sources for entry in ingestion.catalogue[source].values())


def _told(spec: dg.AssetSpec, node: Mapping[str, Any]) -> dg.AssetSpec:
    """With what every asset says of itself."""
    of_all = CROSS_SOURCE if REFERENCE in node["tags"] else None
    system = of_all or next((tag for tag in node["tags"] if tag in SYSTEMS), CROSS_SOURCE)
    layer: Layer = node["schema"].rpartition("_")[2]
    page = "docs/bi.md" if layer in PUBLISHED_SCHEMAS else "ARCHITECTURE.md"
    file = dbt.DIRECTORY / node["original_file_path"]
    return spec.replace_attributes(
        group_name=system,
        owners=spec.owners or [TEAM],
        tags={**spec.tags, **tags(system, layer, is_personal=bool(personal_columns(node["columns"])))},
        metadata={**spec.metadata, **links(page, file)},
    )


def _in_each_source(key: dg.AssetKey) -> list[dg.AssetKey]:
    """A raw table of a kind in each of the kind's sources; what else there is, as it is."""
    kind, *name = key.path
    is_raw = len(name) == 1 and kind in SOURCES_OF_KINDS and kind != RAW
    return [dg.AssetKey([source, *name]) for source in SOURCES_OF_KINDS[kind]] if is_raw else [key]


TRANSLATOR = _Translator()


class Build(dg.Config):
    """What may be told of a build."""

    full_refresh: bool = Field(
        default=False,
        description="Make every table anew from all of raw, where as a rule only what changed is built. No number "
        "should come out otherwise.",
    )


@dbt_assets(
    manifest=manifest,
    select="fqn:*",
    exclude=f"tag:{REFERENCE}",
    name="models",
    dagster_dbt_translator=TRANSLATOR,
)
def model_assets(context: dg.AssetExecutionContext, config: Build) -> Iterator[Any]:
    """Build the systems together, then what reads several of them, from their tables as they then stand."""
    dagster_internals.hurry()
    if not context.selected_asset_keys:
        yield from _tested(context)
        return
    asked = {system: keys for system in SYSTEMS if (keys := context.selected_asset_keys & set(keys_of_models(system)))}
    faults: list[str] = []
    is_told = True
    with telling_faults(), ingestion.warehouse.exclusive():
        memory = changes.read()
        for system in sorted(asked.keys() - {CROSS_SOURCE}):
            # Nothing launches them by itself.
            if waits_for := memory.awaits_rotation(system):
                del asked[system]
                faults.append(f"models of {system} wait: {waits_for}")
        for systems in (asked.keys() - {CROSS_SOURCE}, asked.keys() & {CROSS_SOURCE}):
            # Only there are tables read as they stand; else a fault keeps dbt from what reads what it left.
            missing = missing_tables() if CROSS_SOURCE in systems else frozenset()
            if CROSS_SOURCE in systems and not is_any_system_built(missing):
                # Each of these models would fail, and be told as a cause.
                is_told &= bool(faults)
                faults = faults or ["no system was built yet that models of all systems could be made of"]
                continue
            for group, is_full in _groups({s: asked[s] for s in sorted(systems)}, memory, config):
                built = yield from _built(context, group, is_full, waiting_for(missing))
                faults += built.faults.values()
                is_told &= told.models(built)
    if faults:
        raise failure(f"{len(faults)} failed: {'; '.join(faults)}", is_told=is_told)


reference_seeds = [
    TRANSLATOR.get_asset_spec(manifest, unique_id, None)
    for unique_id, node in manifest["nodes"].items()
    if node["resource_type"] == "seed" and REFERENCE in node["tags"]
]
"""What each system's build loads, and so none makes alone."""


def columns_of(schema: str, name: str) -> list[str]:
    """The columns of a table that people read; none if there is no such model."""
    nodes = manifest["nodes"].values()
    return next((list(n["columns"]) for n in nodes if (n["schema"], n["name"]) == (schema, name)), [])


@cache
def keys_of_models(system: str) -> list[dg.AssetKey]:
    """The assets of a system's models."""
    return [key for key, group in model_assets.group_names_by_key.items() if group == system]


def keys_of_own_models(names: Collection[str]) -> list[dg.AssetKey]:
    """The assets of models of your own."""
    return [key for key in keys_of_models(CROSS_SOURCE) if key.path[-1] in names]


def _groups(
    asked: Mapping[str, Collection[dg.AssetKey]], memory: changes.Memory, config: Build
) -> Iterator[tuple[dict[str, Collection[dg.AssetKey]], bool]]:
    """What of some systems is built at once, and whether anew from all of raw."""
    anew = {s: keys for s, keys in asked.items() if config.full_refresh or memory.is_new_project(s)}
    others = {s: keys for s, keys in asked.items() if s not in anew}
    # One of your own that lacks a good build may have tables that its SQL, as it is now, never made.
    own = {*others.get(CROSS_SOURCE, ())} & {*keys_of_own_models(memory.lacking())}
    others |= {s: {*keys} - own for s, keys in others.items() if s == CROSS_SOURCE}
    for group, is_full in ((anew, True), (others, False), ({CROSS_SOURCE: own}, True)):
        if some := {s: keys for s, keys in group.items() if keys}:
            yield some, is_full


def _built(
    context: dg.AssetExecutionContext,
    asked: Mapping[str, Collection[dg.AssetKey]],
    is_full: bool,
    exclude: Sequence[str],
) -> Generator[Any, None, dbt.Build]:
    """Run dbt to its end, then yield its events with row counts: the warehouse has one user at a time."""
    keys = {key for keys in asked.values() for key in keys}
    # What fails of your own is its own fault alone: these are asked for, and remembered, one by one.
    own = {key.path[-1] for key in keys} & {*own_models()}
    of_project = {s: rest for s, its in asked.items() if (rest := {*its} - {*keys_of_own_models(own)})}
    whole = [s for s, its in of_project.items() if its >= {*keys_of_models(s)} - {*keys_of_own_models(own_models())}]
    progress = count(1)

    def heard(event: dbt.Event) -> None:
        if event["info"]["name"] in _BUILT and not _is_of_reference(event):
            say(f"models: {next(progress)}/{len(keys)} {event['data']['node_info']['node_name']}")

    say(f"models: {len(keys)} to build of {', '.join(of_project) or 'your own'}")
    changes.begin(of_project, own, is_full=is_full)
    select = [*(f"tag:{system}" for system in whole), *sorted(own)]
    if parts := [key.path[-1] for system in of_project.keys() - whole for key in of_project[system]]:
        # Seeds of reference data are no assets: whatever is asked for finds them there.
        select += [*parts, f"tag:{REFERENCE}"]
    result = dbt.build(select, heard, is_full, exclude=exclude)
    failed, faulty = at_fault(result.faults)
    reached = {manifest["nodes"][node]["name"] for node in result.reached & manifest["nodes"].keys()}
    made = set() if None in failed else own & reached - faulty
    with ingestion.warehouse.at_hand():
        changes.end((system for system in whole if not failed & {system, None}), made, own & {*exclude})
        for key, metadata in _metadata(keys).items():
            context.add_asset_metadata(metadata, asset_key=key)
    yield from _events(context, result)
    return result


def _tested(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Run data tests alone, on tables as they stand.

    Some compare them with raw: those of a system of which raw holds what its models have not seen wait for the build
    that is due, which runs them all. So do those of one that was not built to the end, or of a model of your own that
    was not: they may read what is not there.
    """
    names = {key.name for key in context.selected_asset_check_keys}
    with telling_faults(), ingestion.warehouse.exclusive():
        memory = changes.read()
        due = memory.due_models(settings.now)
        waiting = [system for system in SYSTEMS if system in due or memory.built(system) is None]
        lacking = memory.lacking()
        without_tables = waiting_for(missing_tables())

        def is_ready(node: str) -> bool:
            return manifest["nodes"][node]["name"] not in without_tables and not own_models_of(node) & {*lacking}

        tests = [
            name
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] == "test"
            and (name := node["name"]) in names
            and (system := system_of_node(unique_id)) not in waiting
            and not (system == CROSS_SOURCE and not is_ready(unique_id))
        ]
        waiting += lacking
        if waiting:
            say(f"tests: those of {', '.join(waiting)} come with the next build of them")
        if not tests:
            raise failure(
                f"Of {', '.join(waiting)} raw holds what models have not seen, or nothing yet: build them first."
            )
        say(f"tests: {len(tests)} to run")
        result = dbt.build(tests, lambda _: None, only="test")
    yield from _events(context, result)
    is_told = told.models(result)
    if result.faults:
        raise failure(f"{len(result.faults)} failed: {'; '.join(result.faults.values())}", is_told=is_told)


def _events(context: dg.AssetExecutionContext, result: dbt.Build) -> Iterator[Any]:
    """What was built, then what its tests found."""
    messages = [
        DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
        for event in result.events
        if not _is_of_reference(event)
    ]
    told = [one for message in messages for one in message.to_default_asset_events(manifest, TRANSLATOR, context)]
    found = [one for one in told if isinstance(one, dg.AssetCheckResult)]
    log = context.instance.event_log_storage
    with log.together() if isinstance(log, EventLog) else nullcontext():
        behind = set[dg.AssetKey]()
        for one in (one for one in told if not isinstance(one, dg.AssetCheckResult)):
            made = {context.asset_key_for_output(one.output_name)} if isinstance(one, dg.Output) else set[dg.AssetKey]()
            # Each is told with the versions of what it reads, for which Dagster would ask one by one.
            if any(not behind.isdisjoint(model_assets.asset_deps[key]) for key in made):
                dagster_internals.look_up(context, behind)
                behind.clear()
            yield one
            behind |= made
        dagster_internals.look_up(context, behind | {one.asset_key for one in found if one.asset_key})
        yield from found


def _metadata(built: Collection[dg.AssetKey]) -> dict[dg.AssetKey, dict[str, Any]]:
    """What is told of each model beside what dbt tells: its rows, and of what moment those of each system are."""
    told: dict[dg.AssetKey, dict[str, Any]] = {
        key: {"dagster/row_count": rows} for key, rows in _row_counts(built).items()
    }
    of_cross_source = [key for key in built if key in set(keys_of_models(CROSS_SOURCE))]
    if of_cross_source:
        memory = changes.read()
        moments = {f"{source} is as of": _moment(memory, source) for source in memory.sources}
        for key in of_cross_source:
            told[key] = told.get(key, {}) | moments
    return told


def _moment(memory: changes.Memory, source: str) -> str:
    """When a source was read and its models were built, and whether the last build of them failed."""
    read_at, built_at = memory.last_read(source), memory.entry(changes.MODELS, ingestion.kind(source)).last_run_at
    told = f"read {read_at:%Y-%m-%d %H:%M:%S}" if read_at else "never read"
    if built_at is None:
        return f"{told}, never built to the end"
    is_whole = memory.built(ingestion.kind(source)) is not None
    return f"{told}, built {built_at:%Y-%m-%d %H:%M:%S}{'' if is_whole else '; a later build failed'} (UTC)"


def _is_of_reference(event: dbt.Event) -> bool:
    """Whether it tells of a seed that all systems read, or of a test of one."""
    node = manifest["nodes"].get(event["data"].get("node_info", {}).get("unique_id"), {})
    attached = manifest["nodes"].get(node.get("attached_node"), node)
    return REFERENCE in attached.get("tags", [])


def _row_counts(built: Collection[dg.AssetKey]) -> dict[dg.AssetKey, int]:
    """The rows of what people read, as dbt records them at a build's end (dbt_project/macros/freshness)."""
    rows = ingestion.warehouse.query(f"select * from {relation('intermediate', 'builds')}").to_pylist()
    counts = {
        (row["relation_schema"], row["relation_name"]): row["row_count"] for row in rows if row["row_count"] is not None
    }
    return {key: counts[place] for key in built if (place := (key.path[0], key.path[-1])) in counts}
