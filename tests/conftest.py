"""Fixtures that several tiers share."""

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import mysql
import pytest
from bigquery import Bigquery, running_bigquery
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from parsed_project import TWO_SYSTEMS, ParsedProject, parsed
from postgresql import Server, running_server
from sandbox import Sandbox
from xdist.scheduler import LoadScopeScheduling

from ingestion.settings import SOURCES, Settings

VARIABLES = (
    "WAREHOUSE_URL",
    "ARCHIVE_URL",
    "EXPORTS_URL",
    "BI_SNAPSHOT_PATH",
    "DAGSTER_HOME",
    "BIGQUERY_EMULATOR_HOST",
)

pytest.register_assert_rewrite("end_to_end.model_history", "recipes.place")
"""What a history's build says is wrong is to be seen."""

hypothesis_settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("tests")
"""How quick a machine is, that others may use as well, is nothing that a test asserts."""

# What is imported stays, and is much: looking through it for garbage took a fourteenth of the tests in this process.
gc.set_threshold(100_000, 10, 100)

os.environ["PRIVACY_KEY"] = "the key of tests, of people that there are not"
"""Of this process and those that it starts: sources that are no sample need one."""

SERVERS = ("postgresql", "bigquery", "mysql", "recipe_servers")

GROUPS = {
    **dict.fromkeys(
        ("test_alerts", "test_analysts", "test_dbt_build", "test_operations", "test_periods", "test_pipeline"), "sample"
    ),
    **dict.fromkeys(
        ("test_changes", "test_erased_people", "test_truth", "test_ui", "test_under_load"), "sample of two systems"
    ),
    **dict.fromkeys(
        ("test_business_hours", "test_incremental_models", "test_odd_shop", "test_sources_of_a_kind"), "histories"
    ),
    **dict.fromkeys(("test_recipes", "test_recipe_marts"), "recipes"),
    **dict.fromkeys(
        (
            *("test_clock_changes", "test_collations", "test_mysql_source", "test_mysql_source_alterations"),
            *("test_mysql_source_values", "test_source_bytes", "test_source_columns"),
        ),
        "mysql",
    ),
    **dict.fromkeys(("test_dbt_project", "test_lineage", "test_present_systems", "test_wrong_settings"), "project"),
}
"""Files whose tests share what one process makes once: the sample's first run, a parsed project, servers."""

FIRST = ("test_servers", "sample of two systems", "histories", "sample", "test_deployment", "test_never_built")
"""What takes longest, in the order in which it is begun where tests run in several processes.

The first makes the sample's first run; the next two need none, so that no process waits for it.
"""


class InGroups(LoadScopeScheduling):
    """Keeps the tests of a group in one process, and so those of every other file."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The group of a test, by its file."""
    file = Path(nodeid.partition("::")[0]).stem
    return GROUPS.get(file, file)


def pytest_make_parametrize_id(val: object, argname: str) -> None:
    """Refuse a test's name that is made of bytes which are not text.

    What compresses or encrypts writes an instant or chance into them, and processes that share a run would have
    collected different tests: seldom, as they mostly begin within one second.

    Raises:
        ValueError: With what to write instead.
    """
    if isinstance(val, bytes):
        try:
            val.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{argname} is {val[:20]!r}...: name the test by pytest.param(..., id=...)") from error


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InGroups:
    """xdist's own groups are lost on this pytest: it renames tests in a way that pytest does not look at any more."""
    return InGroups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, and mark what a server, or what stands for one, is started for.

    Servers are told by fixtures, or by what chooses among them.
    """
    order = {group: place for place, group in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(group_of(item.nodeid), len(FIRST)))
    for item in items:
        chosen = getattr(item, "callspec", None)
        names = [*getattr(item, "fixturenames", ()), *(chosen.params.values() if chosen else ())]
        if any(isinstance(name, str) and name.startswith(SERVERS) for name in names):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own environment and .env must not reach a test."""
    for name in (*VARIABLES, *(f"{s}_DATABASE_URL" for s in ("CONSULTING", "WHATSAPP", "RESTAURANT", "SHOP", "ERP"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all processes of the test session: pytest-xdist's have a folder each in one that they share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def parsed_project(shared_folder: Path) -> ParsedProject:
    """The dbt project, read for the place of the sample's first run."""
    return parsed(shared_folder, SOURCES)


@pytest.fixture(scope="session")
def parsed_project_of_two(shared_folder: Path) -> ParsedProject:
    """The dbt project with two of its systems."""
    return parsed(shared_folder, TWO_SYSTEMS)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A whatsapp source with its tables, a tenant and a conversation."""
    return Sandbox(tmp_path).fill()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL server for the whole test session."""
    # Nothing of it outlives the session: waiting for the disk would only make tests slow.
    with running_server(max_prepared_transactions="20", fsync="off") as server:
        yield server


@pytest.fixture
def postgresql_warehouse_url(postgresql_server: Server) -> Iterator[str]:
    """A new, empty database as WAREHOUSE_URL names it."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def bigquery_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bigquery]:
    """A BigQuery for the whole test session."""
    with running_bigquery(tmp_path_factory.mktemp("bigquery") / "emulator.log") as service:
        yield service


@pytest.fixture
def bigquery_warehouse_url(bigquery_service: Bigquery, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new, empty prefix as WAREHOUSE_URL names it."""
    bigquery_service.reach_by(monkeypatch)
    return bigquery_service.new_database()


@pytest.fixture(scope="session", params=mysql.AVAILABLE)
def mysql_server(request: pytest.FixtureRequest) -> Iterator[mysql.Server]:
    """A server that speaks MySQL, of each kind that is installed, for the whole test session."""
    with mysql.running_server(request.param) as server:
        yield server


@pytest.fixture(scope="session")
def recipe_servers(postgresql_server: Server) -> Iterator[dict[str, Server | mysql.Server]]:
    """What the systems of docs/recipes run on, for the whole test session. MySQL 5.6 has no JSON."""
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(mysql.running_server(kind)) for kind in {mysql.AVAILABLE[0], "seekdb"}}
        yield {
            "postgresql": postgresql_server,
            "mysql": servers[mysql.AVAILABLE[0]],
            "mysql with JSON": servers["seekdb"],
        }
