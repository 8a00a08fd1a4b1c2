"""Dagster's web server, asked as its pages ask it."""

import json
import time
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 600
BY_HAND = "__ASSET_JOB"
"""The job of assets that were picked in the asset graph."""

REPOSITORY = {"repositoryLocationName": "crm_warehouse", "repositoryName": "__repository__"}
SCHEDULE = REPOSITORY | {"scheduleName": "warehouse_hourly"}


@dataclass
class Ui:
    """The web server's API."""

    address: str

    def ask(self, query: str, **variables: object) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.address}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            content = json.load(answer)
        assert "errors" not in content, content
        return content["data"]

    def launch(self, job: str, *assets: str) -> str:
        """Launch a job, or a part of it; the run's id."""
        selector = REPOSITORY | {"jobName": job}
        if assets:
            selector |= {"assetSelection": [{"path": asset.split("/")} for asset in assets]}
        query = """
            mutation ($selector: JobOrPipelineSelector!) {
                launchRun(executionParams: {selector: $selector}) {
                    ... on LaunchRunSuccess { run { runId status } } ... on Error { message }
                }
            }
        """
        launched = self.ask(query, selector=selector)["launchRun"]
        assert "run" in launched, launched
        return str(launched["run"]["runId"])

    def run(self, run_id: str) -> dict[str, Any]:
        query = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }"
        found: dict[str, Any] = self.ask(query, id=run_id)["runOrError"]
        return found

    def runs(self, job: str) -> list[str]:
        """The ids of a job's runs, the newest first."""
        query = "query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results { runId } } } }"
        found = self.ask(query, filter={"pipelineName": job})["runsOrError"]["results"]
        return [run["runId"] for run in found]

    def wait_for_run(self, job: str, known: Collection[str] = ()) -> str:
        """Wait until somebody launches a job once more; the run's id."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not (found := [run for run in self.runs(job) if run not in known]):
            assert time.monotonic() < deadline, f"nobody launched {job}"
            time.sleep(0.5)
        return found[0]

    def wait(self, run_id: str, *statuses: str) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (run := self.run(run_id))["status"] not in statuses:
            assert run["status"] not in ("FAILURE", "CANCELED"), run
            assert time.monotonic() < deadline, run
            time.sleep(0.5)
        return run

    def schedule(self) -> dict[str, str]:
        query = """
            query ($selector: ScheduleSelector!) {
                scheduleOrError(scheduleSelector: $selector) { ... on Schedule { scheduleState { id status } } }
            }
        """
        state: dict[str, str] = self.ask(query, selector=SCHEDULE)["scheduleOrError"]["scheduleState"]
        return state


@dataclass(frozen=True)
class Shown:
    """What the pages show of an asset.

    Attributes:
        materialized_by: the run of its last materialization; None if there is none.
        is_failed: it is red: a later run was to make it, failed, and did not.
        rows: its row count, where it has one.
        checks: name → (the run of its last execution, how that ended).
    """

    materialized_by: str | None
    is_failed: bool
    rows: int | None
    checks: dict[str, tuple[str, str]]

    @property
    def is_red(self) -> bool:
        """It failed, or one of its checks did."""
        return self.is_failed or any(status in ("FAILED", "EXECUTION_FAILED") for _, status in self.checks.values())


_LATEST = """
    query ($keys: [AssetKeyInput!]!) {
        assetsLatestInfo(assetKeys: $keys) {
            assetKey { path }
            latestMaterialization { runId metadataEntries { label ... on IntMetadataEntry { intValue } } }
            latestRun { id status }
        }
        assetNodes(assetKeys: $keys) {
            assetKey { path }
            assetChecksOrError {
                ... on AssetChecks {
                    checks { name executionForLatestMaterialization { runId status evaluation { severity } } }
                }
            }
        }
    }
"""


def _status(execution: dict[str, Any]) -> str:
    has_warned = execution["status"] == "FAILED" and execution["evaluation"]["severity"] == "WARN"
    return "WARNED" if has_warned else str(execution["status"])


def shown(ui: Ui) -> dict[str, Shown]:
    """What the asset graph shows now, by asset."""
    nodes = ui.ask("{ assetNodes { assetKey { path } isExecutable } }")["assetNodes"]
    keys = [node["assetKey"] for node in nodes if node["isExecutable"]]
    answer = ui.ask(_LATEST, keys=[{"path": key["path"]} for key in keys])
    checks = {
        "/".join(node["assetKey"]["path"]): {
            check["name"]: (execution["runId"], _status(execution))
            for check in node["assetChecksOrError"].get("checks", [])
            if (execution := check["executionForLatestMaterialization"])
        }
        for node in answer["assetNodes"]
    }
    found = {}
    for latest in answer["assetsLatestInfo"]:
        name = "/".join(latest["assetKey"]["path"])
        materialization, run = latest["latestMaterialization"], latest["latestRun"]
        made_by = materialization and materialization["runId"]
        counts = [
            e["intValue"]
            for e in (materialization or {}).get("metadataEntries", [])
            if e["label"] == "dagster/row_count"
        ]
        is_failed = bool(run) and run["status"] == "FAILURE" and run["id"] != made_by
        found[name] = Shown(made_by, is_failed, counts[0] if counts else None, checks.get(name, {}))
    return found
