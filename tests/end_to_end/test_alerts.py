"""Whatever goes wrong in a run is one message to everybody, with what to do, and one more when it is over.

Real runs in processes of their own; a mail server and a webhook hear of them.
"""

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from delivery_place import Mailbox, Webhook, mail_server, web_server
from end_to_end.place import Place

from ingestion.settings import PROJECT_ROOT, SOURCES

pytestmark = pytest.mark.slow

LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
runpy.run_module("orchestration", run_name="__main__")
"""
BUILD_TWICE = """
import sys
import dagster as dg
import duckdb
from orchestration.alerting import alerting
from orchestration.configuration import MODELS_JOB
from orchestration.definitions import defs
from orchestration.interrupted import close_interrupted_runs

job, model = defs.resolve_job_def(MODELS_JOB), dg.AssetKey(["core", "fct_interactions"])

def change(sql):
    with duckdb.connect(sys.argv[1]) as warehouse:
        warehouse.execute(sql)

def build():
    with dg.DagsterInstance.get() as instance:
        print(job.execute_in_process(instance=instance, asset_selection=[model], raise_on_error=False).success)

change("insert into core.fct_interactions select * replace ('x' as interaction_id) from core.fct_interactions limit 2")
def look(cursor):
    with dg.DagsterInstance.get() as instance:
        return alerting(dg.build_sensor_context(instance=instance, cursor=cursor)).cursor

build()
cursor = look(None)
with dg.DagsterInstance.get() as instance:
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    close_interrupted_runs(instance)
cursor = look(cursor)
change("delete from core.fct_interactions where interaction_id = 'x'")
build()
look(cursor)
"""
"""Somebody picks a model in which two rows have one key, and picks it again once they are gone; in between a run is
killed, and the sensor looks. Reading dbt's project takes longest, so that one process does it all."""


class Team:
    """People, by mail and by a webhook, who are told of the runs of one system of the sample: one is quicker read."""

    def __init__(self, place: Place, mailbox: Mailbox, webhook: Webhook) -> None:
        self.place, self.mailbox, self.webhook = place, mailbox, webhook
        for source in {*SOURCES} - {"erp"}:
            place.environment.pop(f"{source.upper()}_DATABASE_URL", None)
        place.environment["ALERT_URLS"] = f"{mailbox.url()}, {webhook.url}"
        self.source = place.folder / "sample" / "erp.sqlite"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return self.place.run(sys.executable, *(command or ("-m", "orchestration", "run")))

    def hears(self) -> dict[str, str]:
        """What came since: subject → text. All hear the same."""
        # A long one begins on a line of its own.
        letters = {str(one["Subject"]).strip(): self.mailbox.text(n) for n, one in enumerate(self.mailbox.letters)}
        posts = {body["title"]: body["message"] for body in self.webhook.bodies}
        assert len(letters) == len(self.mailbox.letters) == len(self.webhook.bodies)
        assert [text.split() for text in letters.values()] == [text.split() for text in posts.values()]
        assert letters.keys() == posts.keys()
        self.mailbox.letters.clear()
        self.webhook.bodies.clear()
        return {subject.removeprefix("[CRM warehouse] "): text for subject, text in letters.items()}

    def sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.source)) as source, source:
            for statement in statements:
                source.execute(statement)


@pytest.fixture(scope="module")
def team(sample_place: Place) -> Iterator[Team]:
    # Whoever is new hears of all that is open, and the first run rejected rows of the sample.
    (sample_place.folder / "dagster" / "alerts.json").unlink()
    with mail_server() as mailbox, web_server() as webhook:
        yield Team(sample_place, mailbox, webhook)


def over(heading: str) -> re.Pattern[str]:
    return re.compile(rf"over after .+: {re.escape(heading)}")


def assert_over(told: dict[str, str], *headings: str) -> None:
    assert len(told) == len(headings), [*told]
    for heading in headings:
        assert any(over(heading).fullmatch(subject) for subject in told), [*told]


def test_source_that_is_down_and_a_run_that_is_killed(team: Team) -> None:
    aside = team.source.rename(team.source.with_name("erp.away"))
    assert team.run().returncode == 1
    [(subject, text)] = team.hears().items()
    assert subject == "erp can't be read"
    assert text.startswith("erp: there is no SQLite file erp.sqlite. Check the path in ERP_DATABASE_URL.\n\nSince ")
    # What is declared says what it concerns, and dbt's manifest which marts.
    assert "marts (customer_analytics, interactions, " in text.replace("\n", " ")
    assert "report" in text
    assert "-m ingestion inspect --source erp" in text.replace("\n", " ")
    assert team.run().returncode == 1
    assert team.hears() == {}

    aside.rename(team.source)
    killed = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "run"],
        cwd=PROJECT_ROOT,
        env=team.place.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert killed.stderr is not None
    # The first of five steps: all of them are still to come.
    assert next(line for line in killed.stderr if " raw " in line)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert team.hears() == {}
    assert team.run().returncode == 0
    told = team.hears()
    assert "What it had not committed is undone" in told.pop("a run of warehouse was killed").replace("\n", " ")
    assert_over(told, "erp can't be read", "a run of warehouse was killed")


def test_disk_that_is_full_then_rows_that_are_rejected_and_deletes_that_are_refused(team: Team) -> None:
    limited = team.run("-c", LIMITED, "100000", "run")
    assert limited.returncode == 1
    [(subject, text)] = team.hears().items()
    assert subject == "a disk is full or broken, a run of warehouse failed"
    assert "Make room" in text

    team.sql(
        "create table kept as select * from organizations",
        "delete from organizations",
        "insert into customer_segments (organization_id, customer_id, segment_name, is_active, updated_at) "
        "select organization_id, customer_id, segment_name, 'perhaps', max(updated_at) from customer_segments",
    )
    assert team.run().returncode == 1
    told = team.hears()
    refused = told.pop("warning: deletes refused in erp.organizations").replace("\n", " ")
    assert "-m ingestion reconcile --source erp --table organizations --allow-deletes" in refused
    rejected = told.pop("warning: rows rejected in erp.customer_segments")
    assert "kept out" in rejected
    assert_over(told, "a disk is full or broken, a run of warehouse failed")

    team.sql("insert into organizations select * from kept", "drop table kept")
    assert team.run().returncode == 0
    assert_over(team.hears(), "deletes refused in erp.organizations", "rows rejected in erp.customer_segments")


def test_number_that_a_test_finds_wrong_and_a_run_of_a_schedule_that_is_killed(team: Team) -> None:
    done = team.run("-c", BUILD_TWICE, str(team.place.folder / "warehouse.duckdb"))
    # Between them dbt says what fails.
    assert [line for line in done.stdout.splitlines() if line in ("False", "True")] == ["False", "True"], done.stderr
    told = team.hears()
    begun = told.pop("the build fails at 2 places of erp")
    assert "The test unique_combination_fct_interactions_interaction_id fails: Got 1 result" in begun
    assert "marts (" in begun
    assert "makes up for it" in told.pop("a run of warehouse_models was killed")
    assert_over(told, "the build fails at 2 places of erp", "a run of warehouse_models was killed")
