"""What dbt is told: WAREHOUSE_URL taken apart into the plain variables of dbt_project/profiles.yml, and the systems.

Belongs here: these variables, and dbt's own command line with them. Not here: the builds of a run (dbt.py).
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NoReturn

import yaml
from sqlalchemy import URL

from ingestion.catalogue.catalogue_file import Catalogue
from ingestion.catalogue.sources_file import RAW
from ingestion.loading.run import Ingestion
from ingestion.log.state import MODELS, OWN_MODELS
from ingestion.settings import SOURCES, Settings
from orchestration.dbt import ADAPTERS, DIRECTORY, assert_written, fingerprint, own_files

_BUILDING = {"build", "clone", "retry", "run", "run-operation", "seed", "snapshot"}
"""Commands of dbt that may leave tables otherwise than they were."""

_FEWER_ROWS = {"--empty", "--sample"}
"""Options with which they leave tables without all of their rows."""

MAXIMUM_BYTES_BILLED = 100 * 2**30
"""The dearest query on BigQuery that is let run, unless the URL says otherwise; as the ingestion's."""


def variables(warehouse: URL) -> dict[str, str]:
    """All variables that the profile knows, empty where the engine has no use for them.

    The password's name begins as dbt wants it of secrets: it is kept out of logs and artifacts, and allowed nowhere but
    in the profile.
    """
    # Of an option that is given twice, the first counts.
    options = {name: value if isinstance(value, str) else value[0] for name, value in warehouse.query.items()}
    return {
        "CRM_WAREHOUSE_TARGET": ADAPTERS[warehouse.get_backend_name()],
        # DuckDB's file, PostgreSQL's database, BigQuery's prefix.
        "CRM_WAREHOUSE_DATABASE": warehouse.database or "",
        # PostgreSQL's server, which may be a socket's folder, BigQuery's project.
        "CRM_WAREHOUSE_HOST": options.get("host", warehouse.host or ""),
        "CRM_WAREHOUSE_PORT": options.get("port", str(warehouse.port or 5432)),
        "CRM_WAREHOUSE_USER": warehouse.username or "",
        "DBT_ENV_SECRET_CRM_WAREHOUSE_PASSWORD": warehouse.password or os.environ.get("PGPASSWORD", ""),
        "CRM_WAREHOUSE_SSLMODE": options.get("sslmode", ""),
        "CRM_WAREHOUSE_SSLROOTCERT": options.get("sslrootcert", ""),
        "CRM_WAREHOUSE_LOCATION": options.get("location", ""),
        "CRM_WAREHOUSE_MAXIMUM_BYTES_BILLED": options.get("maximum_bytes_billed", str(MAXIMUM_BYTES_BILLED)),
    }


def vars_of(sources_of_kinds: Mapping[str, Sequence[str]], catalogue: Catalogue) -> dict[str, object]:
    """The variables that tell dbt which source systems there are, what their sources are called, and what they show.

    Systems where they are not all five, as the project has it then; sources always, of the kinds that have others than
    the one of their own name: none of them says that there are no others.
    """
    kinds = {kind: list(names) for kind, names in sources_of_kinds.items() if kind != RAW}
    renamed = {kind: names for kind, names in kinds.items() if names != [kind]}
    # Where there is none, nothing is built, and dbt need not know.
    systems = {} if set(kinds) in (set(), set(SOURCES)) else {"systems": sorted(kinds)}
    return systems | {"sources": renamed, "shown": shown_names(catalogue, chain.from_iterable(kinds.values()))}


def shown_names(catalogue: Catalogue, sources: Iterable[str]) -> list[str]:
    """The personal columns of sources that core and marts show: `<source>.<table>.<column>`."""
    return [
        f"{source}.{table}.{column}"
        for source in sources
        for table, entry in catalogue[source].items()
        for column in entry.shown
    ]


def environment(settings: Settings) -> dict[str, str]:
    """Everything that dbt takes from its environment: the profile's variables, and what models are made with."""
    as_of = settings.as_of.isoformat() if settings.as_of else ""
    return variables(settings.warehouse) | {"AS_OF": as_of}


def run_dbt(arguments: Sequence[str]) -> NoReturn:
    """Be dbt's command line, inside dbt_project/, on the warehouse of the settings, with the systems there are.

    Raises:
        ConfigurationError: the settings name no warehouse, or marts are not what is declared.
        WarehouseError: it can't be asked which systems it holds.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--vars", type=yaml.safe_load, default={})
    parser.add_argument("--target-path", default=os.environ.get("DBT_TARGET_PATH", "target"))
    given, others = parser.parse_known_args(arguments)
    # `dbt --version` is none.
    is_command = any(not argument.startswith("-") for argument in others)
    if is_command:
        assert_written()
    # Importing it takes two seconds: the other commands read these variables alone.
    from dbt.cli.main import cli  # noqa: PLC0415

    from orchestration import dbt_internals  # noqa: PLC0415

    settings = Settings.read()
    ingestion = Ingestion(settings)
    told = vars_of(ingestion.sources_of_kinds(), ingestion.catalogue) | (given.vars or {})
    if _BUILDING.intersection(others):
        _expect_other_tables(ingestion, is_as_runs=not given.vars and not _FEWER_ROWS.intersection(others))
    os.chdir(DIRECTORY)
    os.environ.update(environment(settings) | {"DBT_TARGET_PATH": given.target_path})
    sys.argv = ["dbt", *others, *(["--vars", json.dumps(told)] if told and is_command else [])]
    target = Path(given.target_path)
    dbt_internals.hurry(target)
    try:
        sys.exit(cli())
    finally:
        if target.is_dir():
            dbt_internals.templates.remember(target)


def _expect_other_tables(ingestion: Ingestion, *, is_as_runs: bool) -> None:
    """Have the next run make everything anew where dbt by hand builds what no run would.

    Somebody tries files that are taken back afterwards, say. Of dbt's tables nothing tells of which files they are.
    """
    sources = {source for names in ingestion.sources_of_kinds().values() for source in names}
    sql = " union all ".join(
        f"select '{source}' as source, table_name, watermark from raw_{source}._state"
        for source in sorted(ingestion.warehouse.loaded_sources(sources))
    )
    files = (fingerprint(), fingerprint(own_files()))
    others = [
        (row["source"], row["table_name"])
        for row in (ingestion.warehouse.query(sql).to_pylist() if sql else ())
        # Those of your own are made anew with what is made of all systems.
        if row["table_name"].startswith(MODELS)
        and not row["table_name"].startswith(OWN_MODELS)
        and row["watermark"]
        and not (is_as_runs and row["watermark"].startswith(files))
    ]
    if others:
        with ingestion.warehouse.session() as session:
            for source, name in others:
                session.remember(source, replace(session.states(source)[name], watermark=None))
