"""What the UI shows and lets be done, asked in one process that holds the definitions: no web server, no daemon."""

import json
import sys
from typing import Any

import pytest
from end_to_end.place import Place

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys, warnings
import dagster as dg, filelock
from dagster._cli.definitions import definitions_validate_command_impl
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_graphql.test.utils import execute_dagster_graphql

from orchestration.configuration import ingestion
from orchestration.definitions import defs
from orchestration.jobs import chain

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
MESSAGES = {"source": "whatsapp", "table": "messages"}
FAULTS = '''query ($id: ID!) { runOrError(runId: $id) { ... on Run { eventConnection { events {
    ... on ExecutionStepFailureEvent { stepKey error { message stack causes { message } } } } } } } }'''
CHECKS = '''query ($key: AssetKeyInput!) { assetNodes(assetKeys: [$key]) { assetChecksOrError { ... on AssetChecks {
    checks { executionForLatestMaterialization { runId status } } } } } }'''
ASSETS = '''{ assetNodes { assetKey { path } groupName description isExecutable tags { key value }
    owners { ... on TeamAssetOwner { team } ... on UserAssetOwner { email } }
    metadataEntries { label ... on TextMetadataEntry { text } ... on UrlMetadataEntry { url }
        ... on CodeReferencesMetadataEntry { codeReferences { ... on UrlCodeReference { url } } }
        ... on TableSchemaMetadataEntry { schema { columns { name type description } } } } } }'''
JOBS = '''query ($on: RepositorySelector!) { repositoryOrError(repositorySelector: $on) { ... on Repository {
    pipelines { name description } schedules { name scheduleState { status } } } } }'''


def execute(job, instance, assets=None, op=None, **told):
    config = QUIET | ({"ops": {op: {"config": told}}} if op else {})
    keys = assets and [dg.AssetKey(path.split("/")) for path in assets]
    result = (job if isinstance(job, dg.JobDefinition) else defs.resolve_job_def(job)).execute_in_process(
        instance=instance, raise_on_error=False, asset_selection=keys, run_config=config
    )
    return result.run_id


def launched(instance):
    with dg.build_sensor_context(instance, repository_def=defs.get_repository_def()) as context:
        [request] = chain.evaluate_tick(context).run_requests
    return [request.job_name, len(request.asset_selection or ()), request.tags.get("warehouse/night")]


told = {}
with dg.DagsterInstance.get() as instance, in_process_test_workspace(
    instance, LoadableTargetOrigin(module_name="orchestration.definitions", working_directory="."),
) as workspace:
    def ask(query, **variables):
        answer = execute_dagster_graphql(workspace, query, variables)
        assert not answer.errors, answer.errors
        return answer.data

    [location] = workspace.code_locations
    [repository] = location.get_repositories().values()
    on = {"repositoryName": repository.name, "repositoryLocationName": location.name}
    told["assets"] = ask(ASSETS)["assetNodes"]
    told["jobs"] = ask(JOBS, on=on)["repositoryOrError"]

    # Nothing is due yet: after the night's work all that remains are the tests.
    execute("warehouse_nightly", instance)
    told["night"] = launched(instance)
    checks = [key for key in defs.resolve_asset_graph().asset_check_keys if key.asset_key.path[-1] == "dim_outlets"]
    by_hand = defs.get_repository_def().get_job("__ASSET_JOB")
    job = by_hand.get_subset(asset_selection=set(), asset_check_selection={checks[0]})
    run_id = execute(job, instance)
    found = ask(CHECKS, key={"path": list(checks[0].asset_key.path)})["assetNodes"][0]["assetChecksOrError"]["checks"]
    told["tested"] = [one["executionForLatestMaterialization"]["status"] for one in found
                      if one["executionForLatestMaterialization"]["runId"] == run_id]
    told["built"] = len(list(instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)))

    # A change that the cursor does not show: read once more, it makes models due.
    run_id = execute("reread_table", instance, op="reread", **MESSAGES, since="2026-09-01")
    [event] = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION)
    observed = event.asset_observation.metadata
    told["reread"] = [observed["scope"].value, observed["rows_appended"].value, observed["seconds"].value]
    told["after reread"] = launched(instance)
    run_id = execute(job, instance)
    told["untested"] = ask(FAULTS, id=run_id)["runOrError"]["eventConnection"]["events"]

    run_id = execute("column_lineage", instance, op="follow_columns", model="fct_messages")
    [event] = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION)
    lineage = event.asset_observation.metadata["dagster/column_lineage"].value.deps_by_column
    told["lineage"] = {
        name: sorted([one.asset_key.to_user_string(), one.column_name] for one in of) for name, of in lineage.items()
    }

    wrong = [
        execute("reread_table", instance, op="reread", source="whatsap", table="messages"),
        execute("reread_table", instance, op="reread", **MESSAGES, since="yesterday"),
        execute("reread_table", instance),
        execute("confirm_deletes", instance),
        execute("rebuild_raw", instance, op="rebuild", source="whatsapp"),
        execute("column_lineage", instance, op="follow_columns", system="shopp"),
    ]
    with filelock.FileLock(f"{ingestion.warehouse.path}.lock", is_singleton=False):
        locked = [
            execute("extract_erp", instance),
            execute("warehouse_models", instance, ["core/dim_outlets"]),
            execute("warehouse_tests", instance),
            execute("warehouse_publication", instance, ["bi_copy/erp"]),
            execute("warehouse_publication_monthly", instance, ["exports/conversations_monthly"]),
            execute("warehouse_publication_monthly", instance, ["reports/conversations_monthly"]),
            execute("reconcile", instance),
            execute("warehouse_nightly", instance),
        ]
    for name, runs in (("wrong", wrong), ("locked", locked)):
        told[name] = [e for id in runs for e in ask(FAULTS, id=id)["runOrError"]["eventConnection"]["events"] if e]

definitions_validate_command_impl("error", "colored", True, True, workspace=("workspace.yaml",))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(sample_place: Place) -> Any:
    """What the script found."""
    sample_place.environment |= {"LOCK_TIMEOUT_SECONDS": "0.2", "RETAIN_REJECTED_DAYS": "3650"}
    sample_place.environment |= {
        "SCHEDULES": "hourly, monthly",
        "REPOSITORY_URL": "https://git.example.com/warehouse/blob/main/",
    }
    sample_place.change_a_message()
    result = sample_place.run(sys.executable, "-c", SCRIPT)
    assert result.returncode == 0, result.stderr[-5000:]
    return json.loads(result.stdout.splitlines()[-1])


def test_every_asset_says_whose_it_is_where_it_belongs_and_where_it_is_explained(told: Any) -> None:
    assert len(told["assets"]) > 300
    for asset in told["assets"]:
        name, tags = "/".join(asset["assetKey"]["path"]), {tag["key"]: tag["value"] for tag in asset["tags"]}
        assert asset["owners"], name
        assert asset["description"], name
        assert asset["groupName"] not in (None, "default"), name
        assert {"system", "layer", "personal"} <= tags.keys(), name
        metadata = {entry["label"]: entry for entry in asset["metadataEntries"]}
        assert metadata["docs"]["url"].startswith("https://git.example.com/warehouse/blob/main/"), name
        [code] = metadata["dagster/code_references"]["codeReferences"]
        assert "url" in code or "exports" in name, name


def test_raw_tables_and_what_is_published_of_them_tell_their_columns_with_types(told: Any) -> None:
    by_name = {"/".join(asset["assetKey"]["path"]): asset for asset in told["assets"]}
    for name, asset in by_name.items():
        layer = next(tag["value"] for tag in asset["tags"] if tag["key"] == "layer")
        metadata = {entry["label"]: entry for entry in asset["metadataEntries"]}
        if layer in ("raw", "staging", "intermediate", "core", "marts"):
            assert metadata["dagster/table_name"]["text"].endswith(".".join(asset["assetKey"]["path"][-1:])), name
            columns = metadata["dagster/column_schema"]["schema"]["columns"]
            assert columns, name
            if layer in ("raw", "marts"):
                assert all(column["type"] != "?" for column in columns), name
    metadata = {entry["label"]: entry for entry in by_name["whatsapp/messages"]["metadataEntries"]}
    columns = {c["name"]: c for c in metadata["dagster/column_schema"]["schema"]["columns"]}
    assert (columns["timestamp"]["type"], columns["_op"]["type"]) == ("timestamp", "text")
    assert columns["sender_id"]["description"] == "Personal (identifier): raw has a pseudonym of it"


def test_names_of_jobs_stay_and_each_is_described(told: Any) -> None:
    jobs = {job["name"]: job["description"] for job in told["jobs"]["pipelines"] if not job["name"].startswith("__")}
    systems = ("consulting", "erp", "restaurant", "shop", "whatsapp")
    assert set(jobs) == {
        *("warehouse", "warehouse_models", "warehouse_publication", "warehouse_tests", "warehouse_nightly"),
        *(f"warehouse_publication_{cadence}" for cadence in ("daily", "weekly", "monthly")),
        *(f"extract_{system}" for system in systems),
        *(f"refresh_{system}" for system in (*systems, "cross_source")),
        *("reread_table", "reconcile", "confirm_deletes", "rebuild_raw", "column_lineage"),
    }
    assert all(jobs.values())


def test_schedules_that_are_named_are_on(told: Any) -> None:
    assert {one["name"]: one["scheduleState"]["status"] for one in told["jobs"]["schedules"]} == {
        "warehouse_hourly": "RUNNING",
        "warehouse_nightly": "STOPPED",
        "warehouse_publication_daily": "STOPPED",
        "warehouse_publication_weekly": "STOPPED",
        "warehouse_publication_monthly": "RUNNING",
    }


def test_all_data_tests_follow_the_night(told: Any) -> None:
    assert told["night"] == ["warehouse_tests", 0, "yes"]


def test_check_is_run_by_itself_and_nothing_is_built(told: Any) -> None:
    assert (told["tested"], told["built"]) == (["SUCCEEDED"], 0)


def test_what_is_read_once_more_makes_models_due_and_waits_with_their_tests(told: Any) -> None:
    scope, appended, seconds = told["reread"]
    assert (scope, appended) == ("again since 2026-09-01 00:00", 1)
    assert isinstance(seconds, float)
    job, assets, _ = told["after reread"]
    assert job == "warehouse_models"
    assert assets > 20
    [event] = [event for event in told["untested"] if event]
    assert (
        "Of whatsapp, cross_source raw holds what models have not seen, or nothing yet: build them first."
        in event["error"]["message"]
    )


def test_columns_are_followed_where_somebody_asks(told: Any) -> None:
    staging = "staging/stg_whatsapp__messages"
    assert told["lineage"]["conversation_id"] == [[staging, "conversation_id"]]
    assert [staging, "sent_at"] in told["lineage"]["message_date"]


def test_wrong_input_is_told_in_one_line(told: Any) -> None:
    sentences = [event["error"]["message"] for event in told["wrong"]]
    begun = [
        "Failure: Unknown source 'whatsap'. Use one of: ",
        "Failure: 'yesterday' is no date. Write ",
        "Failure: Unknown source ''. Use one of: ",
        "Failure: Unknown source ''. Use one of: ",
        "Failure: Raw holds rows of whatsapp.",
        "Failure: There is no system 'shopp'. Use one of: ",
    ]
    assert len(sentences) == len(begun)
    for sentence, first in zip(sentences, begun, strict=True):
        assert sentence.startswith(first)
        assert sentence.count("\n") == 1


def test_every_kind_of_step_fails_with_its_sentence_and_no_stack(told: Any) -> None:
    assert [event["stepKey"] for event in told["locked"]] == [
        *("raw_erp", "models", "models", "bi_copy", "exports_whatsapp_monthly", "reports_whatsapp_monthly"),
        *("compare_keys", "compare_keys", "let_go"),
    ]
    for event in told["locked"]:
        assert event["error"]["message"].startswith("Failure: "), event
        assert "was held by another run" in event["error"]["message"], event
        assert (event["error"]["stack"], event["error"]["causes"]) == ([], []), event
