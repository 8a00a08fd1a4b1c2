"""Periods in Dagster: which were published for how many tenants, publishing some once more, and deliveries."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml
from end_to_end.place import Place

pytestmark = pytest.mark.slow

DAILY, MONTHLY = (dg.AssetKey(["exports", f"conversations_{cadence}_by_tenant"]) for cadence in ("daily", "monthly"))


@contextmanager
def dagster_of(place: Place) -> Iterator[dg.DagsterInstance]:
    """What Dagster remembers there."""
    home = place.environment["DAGSTER_HOME"]
    with pytest.MonkeyPatch.context() as patch:
        # Its own configuration names it.
        patch.setenv("DAGSTER_HOME", home)
        with dg.DagsterInstance.from_config(home) as instance:
            yield instance


def told(place: Place, key: dg.AssetKey) -> dict[str, tuple[int, object, object]]:
    """Period → its last event, and of how many tenants that tells, and of how many files."""
    with dagster_of(place) as instance:
        events = {}
        for period in sorted(instance.get_materialized_partitions(key)):
            filters = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[period])
            [record] = instance.fetch_materializations(filters, limit=1).records
            assert record.asset_materialization is not None
            metadata = record.asset_materialization.metadata
            events[period] = (record.storage_id, metadata["tenants"].value, metadata["written"].value)
        return events


def published(place: Place, export: str) -> dict[str, list[Path]]:
    """First day of a period → its files, of all tenants."""
    files: dict[str, list[Path]] = {}
    for path in sorted((place.folder / "exports").rglob(f"{export}/manifest.json")):
        for name, entry in json.loads(path.read_text(encoding="utf-8"))["files"].items():
            files.setdefault(entry["period_start_date"], []).append(path.with_name(name))
    return files


def materialize(place: Place, key: dg.AssetKey, periods: str) -> None:
    """As "Materialize" in the UI does it: one run for a range of partitions."""
    option = "--partition-range" if "..." in periods else "--partition"
    result = place.run(
        *(sys.executable, "-m", "dagster", "asset", "materialize", "--module-name", "orchestration.definitions"),
        *("--select", f'key:"{key.to_user_string()}"', option, periods),
    )
    assert result.returncode == 0, result.stderr


def test_each_period_is_shown_with_the_number_of_its_tenants(sample_place: Place) -> None:
    for key in (DAILY, MONTHLY):
        files = published(sample_place, key.path[-1])
        shown = told(sample_place, key)
        assert len(files) > 1
        as_told = {start[:7] if key == MONTHLY else start: len(of_period) for start, of_period in files.items()}
        assert {period: tenants for period, (_, tenants, _) in shown.items()} == as_told
        assert {period: written for period, (_, _, written) in shown.items()} == as_told


def test_periods_that_are_asked_for_are_published_once_more_and_no_other(sample_place: Place) -> None:
    before = told(sample_place, DAILY)
    files = published(sample_place, DAILY.path[-1])
    damaged = {start: files[start][0] for start in ("2026-10-05", "2026-10-06", "2026-10-07", "2026-10-08")}
    whole = {start: path.read_bytes() for start, path in damaged.items()}
    for path in damaged.values():
        # As long as it was: nobody who only lists files can tell.
        path.write_bytes(b"x" * path.stat().st_size)
    materialize(sample_place, DAILY, "2026-10-06...2026-10-07")
    mended = {start for start, path in damaged.items() if path.read_bytes() == whole[start]}
    assert mended == {"2026-10-06", "2026-10-07"}
    after = told(sample_place, DAILY)
    assert {period for period in after if after[period][0] != before[period][0]} == mended
    # No number was another one: nothing is told to have been restated.
    assert not list((sample_place.folder / "exports").rglob(f"{DAILY.path[-1]}/restatements.jsonl"))
    result = sample_place.module("exports", "run", "--name", DAILY.path[-1], "--period", "2026-10-05", "2026-10-08")
    assert result.returncode == 0, result.stderr
    assert {start: path.read_bytes() for start, path in damaged.items()} == whole


def test_schedules_ask_for_the_period_that_has_ended(sample_place: Place) -> None:
    script = """
        from datetime import UTC, datetime
        import dagster as dg
        from orchestration.definitions import defs
        from orchestration.jobs import schedules
        with dg.instance_for_test() as instance:
            for at in (datetime(2026, 11, 1, 13, tzinfo=UTC), datetime(2027, 1, 4, 13, tzinfo=UTC)):
                for schedule in schedules[2:]:
                    context = dg.build_schedule_context(
                        instance, scheduled_execution_time=at, repository_def=defs.get_repository_def()
                    )
                    [request] = schedule.evaluate_tick(context).run_requests
                    print(schedule.job_name, request.partition_key)
                    names = [name for of in ("days", "weeks", "months") for name in instance.get_dynamic_partitions(of)]
                    assert request.partition_key in names
    """
    result = sample_place.run(sys.executable, "-c", "\n".join(line[8:] for line in script.splitlines()))
    assert result.returncode == 0, result.stderr
    job = "warehouse_publication"
    assert result.stdout.splitlines() == [
        f"{job}_daily 2026-10-31",
        f"{job}_weekly 2026-W43",
        f"{job}_monthly 2026-10",
        f"{job}_daily 2027-01-03",
        f"{job}_weekly 2026-W53",
        f"{job}_monthly 2026-12",
    ]


def test_what_is_due_is_sent_by_a_job_and_one_fault_leaves_the_others(sample_place: Place) -> None:
    catalogue = Path(sample_place.environment["EXPORTS_CATALOGUE"])
    exports = yaml.safe_load(catalogue.read_text(encoding="utf-8"))
    exports["tenant_summary"]["deliver"] = [{"to": "SHELF"}]
    exports["account_360"]["deliver"] = [{"to": "NOWHERE"}]
    delivered = catalogue.with_name("delivered.yml")
    delivered.write_text(yaml.safe_dump(exports), encoding="utf-8")
    shelf = sample_place.folder / "shelf"
    environment = dict(sample_place.environment)
    sample_place.environment |= {
        "EXPORTS_CATALOGUE": str(delivered),
        "DELIVERY_SHELF": str(shelf),
        "SEND_AT": "06:30",
        "SEND_TIMEZONE": "Europe/Berlin",
    }
    command = ("dagster", "job", "execute", "--module-name", "orchestration.definitions", "--job", "warehouse_delivery")
    told = "from orchestration.jobs import schedules as all; print(all[-1].cron_schedule, all[-1].execution_timezone)"
    try:
        result = sample_place.run(sys.executable, "-m", *command)
        scheduled = sample_place.run(sys.executable, "-c", told)
    finally:
        sample_place.environment = environment
    assert result.returncode == 1
    assert "export account_360 to NOWHERE: failed: DELIVERY_NOWHERE is not set" in result.stderr
    [sent] = [path for path in shelf.rglob("*") if path.is_file()]
    published = sample_place.folder / "exports" / "all" / "tenant_summary" / "tenant_summary.csv"
    assert sent.read_bytes() == published.read_bytes()
    with dagster_of(sample_place) as instance:
        events = {
            name: instance.get_latest_materialization_event(dg.AssetKey(["deliveries", name]))
            for name in ("tenant_summary", "account_360")
        }
    assert events["account_360"] is None
    assert events["tenant_summary"] is not None
    assert scheduled.stdout == "30 6 * * * Europe/Berlin\n", scheduled.stderr
