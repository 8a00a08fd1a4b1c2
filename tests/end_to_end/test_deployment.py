"""What docs/deployment.md sets up: services, roles and commands, on a PostgreSQL server."""

import base64
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg2
import pytest
from deployment import TIMEOUT_SECONDS, Deployment, Service
from end_to_end.dagster_api import BY_HAND, Ui
from end_to_end.web import free_port, wait_until_it_answers
from postgresql import Server, running_server

from ingestion import sample

pytestmark = pytest.mark.slow

MART = "marts/organization_summary"
"""One small mart."""


@dataclass
class Deployed:
    """What happened."""

    deployment: Deployment
    server: Server
    schedule_status: str
    policies: dict[str, int]
    chain: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    exit_codes: dict[str, int]
    services: dict[str, Service]


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    """A server set up as the page says: the main job, what follows, and a run by hand, in which it is stopped."""
    # Not pytest's folders: paths of sockets are short.
    folder = Path(tempfile.mkdtemp(prefix="deploy-"))
    services: dict[str, Service] = {}
    with running_server(fsync="off") as server:
        try:
            yield deploy(folder, server, services)
        finally:
            for service in services.values():
                service.kill()
            shutil.rmtree(folder, ignore_errors=True)


def deploy(folder: Path, server: Server, services: dict[str, Service]) -> Deployed:
    port = free_port()
    deployment = Deployment(folder, port, server.folder)
    server.psql("postgres", folder / "deploy" / "roles.sql")
    for name in ("pg_hba.conf", "pg_ident.conf"):
        file = server.folder / name
        file.write_text(deployment.read(name) + file.read_text())
    server.sql("select pg_reload_conf()")

    sample.create(folder / "sample", scale=0.1, first_day=date(2026, 10, 1), last_day=date(2026, 10, 31))
    deployment.configure(
        {
            "ERP_DATABASE_URL": f"sqlite:///{folder}/sample/erp.sqlite",
            "PRIVACY_KEY": "a key of the deployment, of some length",
            "UI_HOSTS": "warehouse.example.com",
            "SCHEDULES": "hourly",
        }
    )
    deployment.make_folders()
    for name in ("code", "webserver"):
        services[name] = Service(deployment, name)
    ui = Ui(f"http://127.0.0.1:{port}")
    wait_until_it_answers(f"{ui.address}/server_info", services["webserver"].process)

    schedule = ui.schedule()
    # Off again: when it is due is no part of this test.
    ui.ask("mutation ($id: String!) { stopRunningSchedule(id: $id) { __typename } }", id=schedule["id"])
    assert ui.schedule()["status"] == "STOPPED"

    of_assets = (
        "{ assetNodes { assetKey { path } internalFreshnessPolicy {"
        " ...on TimeWindowFreshnessPolicy { failWindowSeconds } } } }"
    )
    policies = {
        ".".join(node["assetKey"]["path"]): policy["failWindowSeconds"]
        for node in ui.ask(of_assets)["assetNodes"]
        if (policy := node["internalFreshnessPolicy"])
    }

    services["daemon"] = Service(deployment, "daemon")
    ui.wait(ui.launch("warehouse"), "SUCCESS")
    jobs = ("warehouse_models", "warehouse_publication")
    chain = [ui.wait(ui.wait_for_run(job), "SUCCESS") for job in jobs]
    # Somebody launches one more while the last is in the queue or at work.
    runs = [ui.wait_for_run("warehouse_publication_monthly"), ui.launch(BY_HAND, MART)]
    chain.append(ui.wait(runs[0], "SUCCESS"))
    ui.wait(runs[1], "STARTED", "SUCCESS")
    codes = {name: services[name].stop() for name in ("daemon", "code")}
    found = [ui.run(run) for run in runs]
    codes["webserver"] = services["webserver"].stop()
    return Deployed(deployment, server, schedule["status"], policies, chain, found, codes, services)


def test_schedule_is_switched_on_by_the_setting(deployed: Deployed) -> None:
    assert deployed.schedule_status == "RUNNING"


def test_raw_tables_and_marts_have_freshness_policies_in_the_ui(deployed: Deployed) -> None:
    hour = 3600
    of_raw = {name: seconds for name, seconds in deployed.policies.items() if name.startswith("erp.")}
    assert of_raw == dict.fromkeys(
        ("erp.customers", "erp.customer_interactions", "erp.customer_segments", "erp.organizations"), 26 * hour
    )
    others = {name: seconds for name, seconds in deployed.policies.items() if name not in of_raw}
    assert {name.split(".")[0] for name in others} == {"marts"}
    assert {"marts.organization_summary", "marts.kpis"} <= set(others)
    assert set(others.values()) == {50 * hour}


def test_what_the_main_job_made_due_was_launched_one_after_the_other(deployed: Deployed) -> None:
    assert all(later["startTime"] >= former["endTime"] for former, later in pairwise(deployed.chain))


def test_runs_wait_for_each_other_in_the_queue(deployed: Deployed) -> None:
    first, second = deployed.runs
    assert second["startTime"] >= first["endTime"]


def test_stopped_services_end_by_themselves_and_only_after_the_run(deployed: Deployed) -> None:
    assert [run["status"] for run in deployed.runs] == ["SUCCESS", "SUCCESS"]
    assert deployed.exit_codes == dict.fromkeys(deployed.exit_codes, 0)


def test_what_runs_print_lies_where_it_is_removed_later(deployed: Deployed) -> None:
    storage = deployed.deployment.folder / "var" / "dagster" / "storage"
    assert list(storage.glob("*/compute_logs/*.err"))
    assert {path.name for path in storage.glob("*/*")} == {"compute_logs"}


def test_command_of_the_server_runs_a_module_with_the_services_environment(deployed: Deployed) -> None:
    result = deployed.deployment.command("ingestion", "status", "--json")
    # Critical: nothing has happened in the source since October.
    assert (result.returncode, result.stderr) == (2, "")
    tables = {f"{row['source']}.{row['table']}": row for row in json.loads(result.stdout)}
    assert [table for table, row in tables.items() if row["grade"] != "well"] == ["erp.customer_interactions"]
    assert tables["erp.customers"]["rows_live"] == tables["erp.customers"]["rows_in_source"] > 0


def test_bi_role_reads_core_and_marts_which_were_replaced(deployed: Deployed) -> None:
    url = deployed.server.url("crm_warehouse", "crm_bi")
    for relation in ("marts.organization_summary", "organization_summary", "core.fct_interactions"):
        [(count,)] = deployed.server.sql(f"select count(*) from {relation}", url=url)
        assert count > 0


def test_one_call_makes_a_role_that_reads_one_tenant(deployed: Deployed) -> None:
    roles = deployed.deployment.folder / "deploy" / "roles.sql"
    deployed.server.psql("postgres", roles, role="bi_tenant", tenant="erp:1")
    url = deployed.server.url("crm_warehouse", "bi_tenant")
    for relation in ("fct_interactions", "organization_summary", "reporting.organization_summary"):
        assert deployed.server.sql(f"select distinct tenant_key from {relation}", url=url) == [("erp:1",)]


@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) from raw_erp.customers",
        "select count(*) from staging.stg_erp__customers",
        "select count(*) from intermediate.int_erp__customers",
        "delete from marts.organization_summary",
        "truncate marts.organization_summary",
        "create table marts.mine (id int)",
        "create table public.mine (id int)",
        "create temporary table mine (id int)",
        "create schema mine",
    ],
)
def test_bi_role_reads_nothing_else_and_writes_nothing(deployed: Deployed, statement: str) -> None:
    with pytest.raises(psycopg2.Error, match="permission denied"):
        deployed.server.sql(statement, url=deployed.server.url("crm_warehouse", "crm_bi"))


@pytest.mark.parametrize(
    ("database", "role"),
    [("crm_dagster", "crm_bi"), ("crm_dagster", "crm_warehouse"), ("crm_warehouse", "crm_dagster")],
)
def test_roles_are_kept_out_of_other_databases(deployed: Deployed, database: str, role: str) -> None:
    with pytest.raises(psycopg2.Error, match="permission denied for database"):
        deployed.server.sql("select 1", url=deployed.server.url(database, role))


def test_reader_of_a_source_sees_tables_to_come_and_changes_nothing(deployed: Deployed) -> None:
    server = deployed.server
    server.sql("create role app login", "create database crm owner app")
    app, reader = server.url("crm", "app"), server.url("crm", "crm_reader")
    server.sql("create schema sales", "create table sales.old as select 1 as id", url=app)
    server.psql("crm", deployed.deployment.folder / "deploy" / "source_reader.sql", owner="app", schema="sales")
    server.sql("create table sales.new as select 2 as id", url=app)
    assert server.sql("select id from old union all select id from new order by id", url=reader) == [(1,), (2,)]
    with pytest.raises(psycopg2.Error, match="permission denied"):
        server.sql("set default_transaction_read_only = off", "delete from sales.old", url=reader)


def test_old_runs_are_forgotten(deployed: Deployed) -> None:
    result = deployed.deployment.command("orchestration", "forget", "--older-than-days", "0")
    assert result.returncode == 0, result.stderr
    # The last of the chain is among both.
    runs = 1 + len(deployed.chain) + len(deployed.runs) - 1
    assert f"{runs} runs of more than 0 days ago deleted" in result.stdout


DELETION = 'mutation { deletePipelineRun(runId: "x") { __typename } }'
FOREIGN = "https://evil.example"
OWN = "https://warehouse.example.com"


def status(port: int, path: str, host: str, body: str | None = None, **headers: str) -> int:
    """The status of a request to a port of this machine, whatever host it says that it is for."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    told = {"Host": host, "Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    connection.request("GET" if body is None else "POST", path, body, told)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.fixture
def proxy(deployed: Deployed) -> Iterator[int]:
    """The port of Caddy with deploy/Caddyfile, without encryption and without its port of administration."""
    caddy, port = Path(sys.executable).parent / "caddy", free_port()
    hashed = subprocess.run(
        [caddy, "hash-password", "--plaintext", "secret"], capture_output=True, text=True, check=True
    )
    folder = deployed.deployment.folder
    (folder / "etc" / "ui-users").write_text(f"ann {hashed.stdout.strip()}\n")
    text = deployed.deployment.read("Caddyfile")
    site = "\nwarehouse.example.com {"
    assert site in text
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n}\n" + text.replace(site, f"\nhttp://warehouse.example.com:{port} {{"))
    environment = {"HOME": str(folder / "var"), "PATH": "/usr/bin:/bin"}
    command = [caddy, "run", "--adapter", "caddyfile", "--config", file]
    with (folder / "caddy.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/", process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_ui_is_for_those_who_log_in_and_for_no_foreign_page(deployed: Deployed, proxy: int) -> None:
    webserver = Service(deployed.deployment, "webserver")
    own = deployed.deployment.port
    deletion = json.dumps({"query": DELETION})
    by_link = f"/graphql?{urlencode({'query': DELETION})}"
    try:
        wait_until_it_answers(f"http://127.0.0.1:{own}/server_info", webserver.process)
        log_in = {"Authorization": "Basic " + base64.b64encode(b"ann:secret").decode()}
        name = f"warehouse.example.com:{proxy}"
        assert status(proxy, "/server_info", name) == 401
        # A monitor has no log-in: nobody has looked yet, then the watch has, as its timer would start it.
        assert status(proxy, "/health", name) == 503
        watch = Service(deployed.deployment, "health")
        code = watch.process.wait(timeout=TIMEOUT_SECONDS)
        assert code in (0, 1, 2), watch.log.read_text()
        assert status(proxy, "/health", name) == (503 if code == 2 else 200), watch.log.read_text()
        for path in ("/health/", "/server_info/health", "/health/../server_info", "/graphql?/health"):
            assert status(proxy, path, name) == 401, path
        assert status(proxy, "/health", name, deletion) == 401
        assert status(proxy, "/graphql", name, deletion, Origin=OWN) == 401
        wrong = {"Authorization": "Basic " + base64.b64encode(b"ann:guess").decode()}
        assert status(proxy, "/server_info", name, **wrong) == 401
        assert status(proxy, "/server_info", name, **log_in) == 200
        assert status(proxy, "/graphql", name, deletion, Origin=OWN, **log_in) == 200
        # Of a page elsewhere the browser logs in by itself.
        assert status(proxy, "/graphql", name, deletion, Origin=FOREIGN, **log_in) == 403
        assert status(proxy, "/graphql", name, deletion, Origin="null", **log_in) == 403
        assert status(proxy, by_link, name, **log_in) == 403
        assert status(proxy, "/graphql", name, deletion, Sec_Fetch_Site="cross-site", **log_in) == 403
        # Whoever is on the machine needs no log-in, but the browser of somebody there obeys no foreign page.
        for host in (f"127.0.0.1:{own}", f"localhost:{own}"):
            assert status(own, "/graphql", host, deletion) == 200
            assert status(own, "/graphql", host, deletion, Origin=f"http://{host}") == 200
            assert status(own, "/graphql", host, deletion, Origin=FOREIGN) == 403
            assert status(own, by_link, host) == 403
            assert status(own, "/graphql", host, deletion, Sec_Fetch_Site="cross-site") == 403
        assert status(own, "/graphql", f"evil.example:{own}", deletion) == 403
        assert status(own, "/server_info", "evil.example") == 403
    finally:
        webserver.kill()
