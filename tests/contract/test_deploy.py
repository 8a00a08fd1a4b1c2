"""What the files of deploy/ promise, without starting anything."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment import DEPLOY, Deployment

from ingestion.settings import PROJECT_ROOT, Settings

INTERNAL = {"INGESTION_CATALOGUE", "EXPORTS_CATALOGUE", "REPORTS_CATALOGUE"}
"""Settings for tests only."""

DAGSTERS_OWN = {"DAGSTER_HOME", "DAGSTER_POSTGRES_URL"}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def test_environment_names_every_setting_and_no_other_variable() -> None:
    lines = (DEPLOY / "environment.example").read_text(encoding="utf-8")
    named = re.findall(r"(?m)^#?([A-Z_]+)=", lines)
    assert len(named) == len(set(named))
    assert set(named) == {name.upper() for name in Settings.model_fields} - INTERNAL | DAGSTERS_OWN


def test_environment_explains_every_variable() -> None:
    blocks = (DEPLOY / "environment.example").read_text(encoding="utf-8").strip().split("\n\n")
    for block in blocks[1:]:
        assert re.match(r"# [A-Z]", block), block


def test_what_is_said_of_dagster_for_one_machine_holds_on_the_server() -> None:
    def within(part: dict[str, Any], whole: dict[str, Any]) -> bool:
        return all(
            within(value, whole[key]) if isinstance(value, dict) else whole[key] == value for key, value in part.items()
        )

    here = read(PROJECT_ROOT / "orchestration" / "dagster.yaml")
    # Where events lie, of which the server's are in PostgreSQL.
    del here["event_log_storage"]
    assert within(here, read(DEPLOY / "dagster.yaml"))


def test_code_has_the_same_name_on_the_server(tmp_path: Path) -> None:
    [local] = read(PROJECT_ROOT / "workspace.yaml")["load_from"]
    deployment = Deployment(tmp_path)
    [server] = yaml.safe_load(deployment.read("workspace.yaml"))["load_from"]
    name = local["python_module"]["location_name"]
    assert server["grpc_server"]["location_name"] == name
    [command] = deployment.unit("code")["ExecStart"]
    assert f"--location-name {name}" in command
    assert f"--module-name {local['python_module']['module_name']}" in command
    assert f"--socket {server['grpc_server']['socket']}" in command


def test_page_names_every_file() -> None:
    page = (PROJECT_ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for path in DEPLOY.iterdir():
        assert f"deploy/{path.name}" in page, path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    Deployment(tmp_path)
    folder = tmp_path / "deploy" / "systemd"
    units = [path for path in folder.iterdir() if path.suffix in (".service", ".target", ".timer")]
    assert len(units) == 10
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    # It may find fault with the machine's own units too.
    faults = [line for line in result.stderr.splitlines() if "crm-warehouse" in line]
    assert (result.returncode, faults) == (0, [])
