"""Which column of a model is made of which others: read out of its SQL, where somebody asks for it.

It takes a second for each model, and few ask: so it is a job of its own, and no part of a build. Belongs here: what is
asked for, and how it shows. Not here: reading SQL, which dagster-dbt does.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt.core.dbt_cli_event import EventHistoryMetadata, _build_column_lineage_metadata
from pydantic import Field
from sqlglot.errors import SqlglotError

from orchestration import dbt
from orchestration.configuration import LINEAGE_JOB, SYSTEMS, ingestion, manifest
from orchestration.console import failure, say, telling_faults
from orchestration.models import TRANSLATOR, keys_of_models

_Columns = dict[str, dict[str, str]]
"""Column → what is known of it."""


class Lineage(dg.Config):
    """Of which models columns are followed."""

    system: str | None = Field(default=None, description=f"A system: {', '.join(SYSTEMS)}. Null: all of them.")
    model: str | None = Field(default=None, description="One model of it, fct_messages say. Null: all of them.")


@dg.op
def follow_columns(context: dg.OpExecutionContext, config: Lineage) -> None:
    """Note with each model, as an observation, of which columns each of its columns is made."""
    if config.system is not None and config.system not in SYSTEMS:
        raise failure(f"There is no system '{config.system}'. Use one of: {', '.join(SYSTEMS)}.")
    chosen = _chosen(config)
    if not chosen:
        raise failure(f"There is no model '{config.model}'.")
    built = {key: node for key, node in chosen.items() if _compiled(node).exists()}
    say(f"columns: {len(built)} models to read; {len(chosen) - len(built)} were never built from here")
    with telling_faults():
        columns = _columns({name for node in built.values() for name in (node["relation_name"], *_parents(node))})
    unread = []
    for number, (key, node) in enumerate(built.items(), 1):
        try:
            context.log_event(dg.AssetObservation(key, metadata=_lineage(node, columns)))
        # What a parser of SQL that is not the engine's can't read is no fault of the model's.
        except SqlglotError as error:
            unread.append(f"{node['name']}: {type(error).__name__}")
        if number % 25 == 0:
            say(f"columns: {number}/{len(built)} {node['name']}")
    if unread:
        say(f"columns: {len(unread)} models can't be read: {'; '.join(unread)}")


def _chosen(config: Lineage) -> dict[dg.AssetKey, Mapping[str, Any]]:
    keys = {key for system in SYSTEMS if config.system in (None, system) for key in keys_of_models(system)}
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    return {
        key: node
        for node in nodes
        if config.model in (None, node["name"]) and (key := TRANSLATOR.get_asset_key(node)) in keys
    }


def _compiled(node: Mapping[str, Any]) -> Path:
    """The model's SQL as its last build had it."""
    return Path(dbt.TARGET, "compiled", node["package_name"], node["original_file_path"])


def _parents(node: Mapping[str, Any]) -> list[str]:
    """What it reads, as dbt calls the tables."""
    sources, nodes = manifest["sources"], manifest["nodes"]
    told = ((sources.get(parent) or nodes[parent])["relation_name"] for parent in node["depends_on"]["nodes"])
    return [name for name in told if name]


def _columns(relations: Collection[str]) -> dict[str, _Columns]:
    """The columns of tables. They are asked for at once: who reads a DuckDB file keeps runs from writing it."""
    with ingestion.warehouse.reader() as query:
        schemas = {relation: query(f"select * from {relation} limit 0").schema for relation in relations}
    # Nothing here depends on types.
    return {relation: {name: {"data_type": "text"} for name in schema.names} for relation, schema in schemas.items()}


def _lineage(node: Mapping[str, Any], columns: Mapping[str, _Columns]) -> Mapping[str, Any]:
    read = EventHistoryMetadata(columns[node["relation_name"]], {name: columns[name] for name in _parents(node)})
    return _build_column_lineage_metadata(read, dict(node), manifest, TRANSLATOR, dbt.TARGET, None)


@dg.job(
    name=LINEAGE_JOB,
    config={"ops": {follow_columns.name: {"config": {"system": None, "model": None}}}},
    executor_def=dg.in_process_executor,
)
def lineage_job() -> None:
    """Follow columns through the models' SQL, and note with each model what its columns are made of. Takes minutes.

    It reads the SQL of the last build from this home of Dagster's; nothing is built.
    """
    follow_columns()
