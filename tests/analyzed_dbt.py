"""Runs of dbt on BigQuery, judged by Google's own engine: what BigQuery would refuse, or compute otherwise.

Belongs here: the artifacts of a run, in their order. Not here: the analyzer (googlesql.py).
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from googlesql import GoogleSql, GoogleSqlError

from ingestion.catalogue.catalogue_file import load_catalogue
from ingestion.log.state import REJECTED_COLUMNS, STATE_COLUMNS
from ingestion.rows.columns import IDENTIFIER, ColumnType
from ingestion.settings import PROJECT_ROOT
from ingestion.warehouses.bigquery import BigquerySession

Node = Mapping[str, Any]


def engine_of_raw(prefix: str, identifiers: ColumnType) -> GoogleSql:
    """An analyzer that knows the raw tables that the catalogue declares, and the record of builds.

    Args:
        prefix: of the warehouse's datasets.
        identifiers: what identifiers are where that is the source's to say: text or integer.
    """
    engine = GoogleSql()
    for source, entries in load_catalogue(PROJECT_ROOT / "ingestion" / "catalogue.yml").items():
        tables = {"_state": STATE_COLUMNS, "_rejected": REJECTED_COLUMNS}
        for name, entry in entries.items():
            found = {column: identifiers for column, told in entry.columns.items() if told.type == IDENTIFIER}
            tables[name] = entry.raw_table(source, name, found).versions.columns
        for name, columns in tables.items():
            engine.add_table(f"{prefix}_raw_{source}.{name}", {c.name: BigquerySession.types[c.type] for c in columns})
    # Hooks of dbt make it (macros/freshness).
    texts = dict.fromkeys(("source_system", "relation_schema", "relation_name"), "STRING")
    engine.add_table(f"{prefix}_intermediate.builds", texts | {"row_count": "INT64", "built_at": "TIMESTAMP"})
    return engine


def faults_of_run(engine: GoogleSql, target: Path, is_next: bool = False) -> list[str]:
    """What BigQuery would refuse of a run's statements, by model or test; and output types that are not the contract's.

    Args:
        engine: knows the raw tables, and what earlier runs have made; it will know what this one makes.
        target: dbt's target folder after the run.
        is_next: it was not the first one, which has shown the most: only incremental models are of interest.
    """
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    nodes: dict[str, Node] = manifest["nodes"]

    def faults(among: Iterable[Node]) -> list[str]:
        told = []
        for node in among:
            read = [nodes[name] for name in node["depends_on"].get("nodes", []) if name in nodes]
            # Of what reads a model that was refused nothing can be told.
            if all(_relation(one) in engine.tables for one in read):
                told += [f"{node['name']}: {fault}" for fault in _faults(engine, target, node)]
        return told

    made: list[list[Node]] = []
    asked: dict[str, Node] = {}
    for layer in _layers(nodes):
        # Runs leave no results but the last one's: what they have written is what ran.
        ran = [node for node in layer if _place(target / "run", node).exists()]
        asked |= {_question(nodes, node): node for node in ran if node["resource_type"] == "test"}
        of_interest = [node for node in ran if not is_next or node["config"]["materialized"] == "incremental"]
        made.append([node for node in of_interest if node["resource_type"] in ("seed", "model")])
    # What the first run made is known, and stays as it is.
    blocks = [[node for layer in made for node in layer]] if is_next else [*made, [*asked.values()]]
    told: list[str] = []
    for block in filter(None, blocks):
        with engine.settled(block[0]["database"]):
            told += faults(block)
    return told


def _question(nodes: Mapping[str, Node], test: Node) -> str:
    """What a data test asks of which types: of those that ask the same of other columns one is enough."""
    generic, model = test.get("test_metadata"), nodes.get(test.get("attached_node") or "")
    if not (generic and model):
        return str(test["unique_id"])
    types = {name: column["data_type"] for name, column in model["columns"].items()}

    def typed(told: Any) -> Any:
        return [typed(one) for one in told] if isinstance(told, list) else types.get(told) or told

    asked = {name: typed(told) for name, told in generic["kwargs"].items() if name != "model"}
    return json.dumps([generic["name"], asked, test["config"].get("where")], sort_keys=True)


def _layers(nodes: Mapping[str, Node]) -> Iterator[list[Node]]:
    """The nodes in the order in which they can be built; those of a layer read none of it."""
    order = TopologicalSorter({name: node["depends_on"].get("nodes", []) for name, node in nodes.items()})
    order.prepare()
    while order.is_active():
        ready = order.get_ready()
        yield [nodes[name] for name in ready if name in nodes]
        order.done(*ready)


def faults_of_unit_tests(target: Path) -> list[str]:
    """Which unit tests fail by Google's reference implementation; what they read is given, so they need no tables.

    Args:
        target: dbt's target folder after the unit tests were run.
    """
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    engine, faults = GoogleSql(), []
    for node in manifest["unit_tests"].values():
        [file] = (target / "run" / node["package_name"] / node["original_file_path"]).rglob(f"{node['name']}.sql")
        try:
            rows = engine.evaluate(file.read_text(encoding="utf-8"))
        except GoogleSqlError as error:
            faults.append(f"{node['name']}: {error}")
            continue
        actual, expected = (Counter(row[:-1] for row in rows if row[-1] == name) for name in ("actual", "expected"))
        if actual != expected:
            faults.append(f"{node['name']}: gives {[*(actual - expected)]} instead of {[*(expected - actual)]}")
    return faults


def _faults(engine: GoogleSql, target: Path, node: Node) -> Iterator[str]:
    try:
        if node["resource_type"] == "seed":
            engine.add_table(_relation(node), _seed(node))
        elif node["resource_type"] == "model":
            yield from _faults_of_model(engine, target, node)
        else:
            engine.analyze(_sql(target / "run", node))
    except GoogleSqlError as error:
        yield str(error)


def _faults_of_model(engine: GoogleSql, target: Path, node: Node) -> Iterator[str]:
    sql = _sql(target / "run", node)
    if temporary := re.search(rf"{node['name']}__dbt_tmp\d*", sql):
        # dbt makes this table of the model's query before it runs what it has written down.
        columns = engine.analyze(_sql(target / "compiled", node))
        engine.add_table(f"{node['schema']}.{temporary[0]}", columns)
        engine.analyze(sql)
    else:
        columns = engine.analyze(sql)
    for name, type_ in engine.tables[_relation(node)].items():
        if columns.get(name) != type_:
            yield f"column {name} is {type_} in its table and {columns.get(name)} in its query"


def _relation(node: Node) -> str:
    return f"{node['schema']}.{node.get('alias') or node['name']}".casefold()


def _seed(node: Node) -> dict[str, str]:
    """The columns of a seed; those whose type is not declared are text, as dbt finds out."""
    with (Path(node["root_path"]) / node["original_file_path"]).open(encoding="utf-8") as file:
        return {name: node["config"]["column_types"].get(name, "string") for name in next(csv.reader(file))}


def _sql(folder: Path, node: Node) -> str:
    return _place(folder, node).read_text(encoding="utf-8")


def _place(folder: Path, node: Node) -> Path:
    """Where dbt has written a node: below the YAML file's name what is declared in YAML."""
    place = folder / str(node["package_name"]) / str(node["original_file_path"])
    return place / str(node["path"]) if place.suffix == ".yml" else place
