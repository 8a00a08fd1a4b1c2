"""Jobs, the schedules that launch them, and the sensor that launches what follows.

Belongs here: what runs together and when. Not here: what it does, or what is due (changes.py).
"""

from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from exports.periods import MARTS, Cadence, Period
from ingestion.errors import IngestionError
from orchestration.alerting import alert_sensors
from orchestration.chain import IN_ONE_PROCESS, STAGES, is_of_the_night, next_launch
from orchestration.configuration import (
    DELIVERY_JOB,
    MODELS_JOB,
    NIGHTLY_JOB,
    PUBLICATION_JOB,
    REFRESH_JOBS,
    TESTS_JOB,
    settings,
)
from orchestration.delivered import delivery_assets
from orchestration.ended import ended_since
from orchestration.extraction import extract_jobs, warehouse_job
from orchestration.lineage import lineage_job
from orchestration.models import keys_of_models, model_assets
from orchestration.operations import nightly_job, operation_jobs
from orchestration.partitions import add_partitions
from orchestration.publications import cadences, steps
from orchestration.snapshot import snapshot_assets

_SECONDS_BETWEEN_LOOKS = 10
_PATIENCE_SECONDS = 5
"""How long a look waits for a warehouse that is in use: Dagster ends one that takes a minute."""

_AFTER_THE_LAST_MIDNIGHT: Mapping[Cadence, str] = {"day": "0 13 * * *", "week": "0 13 * * 1", "month": "0 13 1 * *"}
"""When a period has ended in every time zone: the last of them is twelve hours behind UTC."""

models_job = dg.define_asset_job(
    MODELS_JOB,
    selection=dg.AssetSelection.assets(model_assets),
    description="Raw → staging → core → marts. Follows the main job with what is due; launched by hand, it builds all.",
    executor_def=dg.in_process_executor,
)

refresh_jobs = [
    dg.define_asset_job(
        job,
        selection=dg.AssetSelection.assets(*keys_of_models(system)),
        config={"ops": {"models": {"config": {"full_refresh": True}}}},
        description=f"The models of {system}, made anew from all of raw. No number should come out otherwise. As a "
        f"command: python -m orchestration refresh {system}",
        executor_def=dg.in_process_executor,
    )
    for system, job in REFRESH_JOBS.items()
]

tests_job = dg.define_asset_job(
    TESTS_JOB,
    selection=dg.AssetSelection.checks_for_assets(model_assets),
    description="All data tests, on tables as they stand. Follows the night's work, when all that it made due is done.",
    executor_def=dg.in_process_executor,
)


def _published_by(job: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(path) for step in steps if step.job == job for path in step.assets.values()]


publication_jobs = [
    dg.define_asset_job(
        PUBLICATION_JOB,
        selection=dg.AssetSelection.assets(*snapshot_assets, *_published_by(PUBLICATION_JOB)),
        description="Marts → BI copy, and what is published as it stands. Follows the models with what is due; by "
        "hand, it makes all.",
        executor_def=dg.in_process_executor,
    ),
    *(
        dg.define_asset_job(
            job,
            selection=dg.AssetSelection.assets(*_published_by(job)),
            description=f"Marts → exports and reports by {cadence}. Follows the models with what is due; by hand, it "
            "publishes the periods that are chosen, once more.",
            executor_def=dg.in_process_executor,
        )
        for job, cadence in cadences.items()
    ),
]

delivery_jobs = [
    dg.define_asset_job(
        DELIVERY_JOB,
        selection=dg.AssetSelection.assets(*delivery_assets),
        description="Published reports and exports → mail, chats, folders: what is due. By hand, or by its schedule.",
        executor_def=dg.in_process_executor,
    )
    for _ in delivery_assets
]

_OFF = "Off until it is switched on, here or by SCHEDULES."


def _status(name: str) -> dg.DefaultScheduleStatus:
    """Whether a schedule is on until somebody switches it otherwise in the UI."""
    is_on = name in settings.schedules_on
    return dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED


hourly = dg.ScheduleDefinition(
    name="warehouse_hourly",
    job=warehouse_job,
    cron_schedule="5 * * * *",
    default_status=_status("hourly"),
    description=f"The main job, every hour. {_OFF}",
)

nightly = dg.ScheduleDefinition(
    name=NIGHTLY_JOB,
    job=nightly_job,
    cron_schedule="30 2 * * *",
    default_status=_status("nightly"),
    description=f"Keys compared, what is past its age let go, then all data tests: every night. {_OFF}",
)


@dg.sensor(
    name="warehouse_chain",
    jobs=[models_job, *publication_jobs, tests_job],
    minimum_interval_seconds=_SECONDS_BETWEEN_LOOKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After each run that writes raw: what it made due. Switched off, the main job only extracts.",
)
def chain(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Launch what follows the runs that ended since the last look."""
    ended = ended_since(context.instance, context.cursor, STAGES)
    if not ended:
        return dg.SkipReason("No run of the main job, or of what follows it, has ended since.")
    cursor = ended[0].run_id
    jobs_ended = [run.job_name for run in ended if not IN_ONE_PROCESS.items() <= run.tags.items()]
    if not jobs_ended:
        return dg.SensorResult(skip_reason="What follows is launched by the same process.", cursor=cursor)
    try:
        # After an extraction models are due too, whatever ended after it.
        launch = next_launch(
            min(jobs_ended, key=STAGES.__getitem__),
            _PATIENCE_SECONDS,
            is_of_the_night=any(is_of_the_night(run) for run in ended),
        )
    except IngestionError as error:
        # The cursor stays: the next look asks again.
        return dg.SkipReason(f"What is due can't be told yet: {error}")
    if launch is None:
        return dg.SensorResult(skip_reason="Nothing is due.", cursor=cursor)
    assets = None if launch.assets is None else list(launch.assets)
    request = dg.RunRequest(run_key=cursor, job_name=launch.job, asset_selection=assets, tags=launch.tags)
    return dg.SensorResult(run_requests=[request], cursor=cursor)


def _periodic(job: str, cadence: Cadence) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=job,
        job_name=job,
        cron_schedule=_AFTER_THE_LAST_MIDNIGHT[cadence],
        default_status=_status(MARTS[cadence]),
        description=f"The {cadence} that has ended, to all whom it concerns. {_OFF}",
    )
    def publish_last_period(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        last = Period.around(cadence, context.scheduled_execution_time.date()).moved(-1)
        add_partitions(context.instance, cadence, [last])
        return dg.RunRequest(partition_key=last.name)

    return publish_last_period


jobs: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [
    *(warehouse_job, *extract_jobs),
    *(models_job, *refresh_jobs, tests_job),
    *(*publication_jobs, *delivery_jobs),
    *operation_jobs,
    lineage_job,
]
schedules = [
    hourly,
    nightly,
    *(_periodic(job, cadence) for job, cadence in cadences.items()),
    *(
        dg.ScheduleDefinition(
            name=DELIVERY_JOB,
            job=job,
            cron_schedule=f"{settings.send_at.minute} {settings.send_at.hour} * * *",
            execution_timezone=settings.send_timezone.key,
            default_status=_status("deliveries"),
            description=f"Sends what is due, every day at SEND_AT. {_OFF}",
        )
        for job in delivery_jobs
    ),
]
sensors = [chain, *alert_sensors]
