"""The main job, launched by hand in Dagster's UI in a real browser."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from end_to_end.dagster_api import Ui
from end_to_end.place import Place
from end_to_end.web import BROWSER, FLAGS, free_port, needs_browser, wait_until_it_answers

from ingestion.settings import PROJECT_ROOT

sync_api = pytest.importorskip("playwright.sync_api")

RUN_MILLISECONDS = 600_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    needs_browser,
]


@pytest.fixture
def ui(place_of_two: Place) -> Iterator[str]:
    """The address of a running UI that is stopped afterwards."""
    # What is published by default: days and weeks would be two runs more.
    place_of_two.environment["EXPORTS_CATALOGUE"] = str(PROJECT_ROOT / "exports" / "catalogue.yml")
    address = f"127.0.0.1:{free_port()}"
    host, _, port = address.partition(":")
    command = [sys.executable, "-m", "orchestration", "ui", "--host", host, "--port", port]
    log = place_of_two.folder / "ui.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=place_of_two.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_it_answers(f"http://{address}/server_info", server)
            yield f"http://{address}"
        finally:
            stop_with_all_its_processes(server)


def stop_with_all_its_processes(server: "subprocess.Popen[bytes]") -> None:
    """Web server, daemon and code server are processes of their own, in the session of the one that was started."""
    os.killpg(server.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(timeout=10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def test_job_launched_in_the_browser_brings_what_follows_and_assets_are_shown(ui: str, place_of_two: Place) -> None:
    messages = "select count(*) from core.fct_messages"
    [before] = place_of_two.rows(messages)
    place_of_two.receive_message()
    chain = ("warehouse_models", "warehouse_publication", "warehouse_publication_monthly")
    known = {job: Ui(ui).runs(job) for job in chain}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        try:
            page.goto(f"{ui}/locations/crm_warehouse/jobs/warehouse")
            page.get_by_role("button", name="Materialize all").click(timeout=120_000)
            page.get_by_role("link", name="View", exact=True).click(timeout=120_000)
            page.wait_for_url("**/runs/*")
            page.get_by_text("Success", exact=True).first.wait_for(timeout=RUN_MILLISECONDS)
            for job in chain:
                assert Ui(ui).wait(Ui(ui).wait_for_run(job, known[job]), "SUCCESS")
            page.goto(f"{ui}/assets/marts/conversations_daily?view=checks")
            page.get_by_text("rates_are_between_zero_and_one").last.wait_for(timeout=120_000)
            page.get_by_text("Passed", exact=True).first.wait_for(timeout=120_000)
            page.goto(f"{ui}/automation")
            page.get_by_text("warehouse_hourly").first.wait_for(timeout=120_000)
        except sync_api.Error:
            page.screenshot(path=place_of_two.folder / "ui.png")
            raise
        finally:
            browser.close()
    [after] = place_of_two.rows(messages)
    assert after > before  # type: ignore[operator]
