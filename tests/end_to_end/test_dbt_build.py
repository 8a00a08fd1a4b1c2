"""dbt inside the orchestration's process: what it leaves behind for those who come next."""

from pathlib import Path

from end_to_end.place import Place

BUILD_AND_LEAVE = """
import subprocess, sys
from orchestration import dbt
from orchestration.configuration import settings

heard = []
build = dbt.build(["tag:reference", "{}"], heard.append, is_full=False)
assert build.events == heard
assert heard
print(len(build.faults), "failed")
# Another process may write now, while this one lives.
subprocess.run([sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", settings.warehouse.database])
"""


def test_build_lets_others_open_the_duckdb_file_whether_it_failed_or_not(tmp_path: Path) -> None:
    place = Place(tmp_path, {})
    built = place.run("python", "-c", BUILD_AND_LEAVE.format("tag:reference"))
    assert (built.stdout, built.stderr) == ("0 failed\n", "")
    # Without anything extracted, its source is missing.
    failed = place.run("python", "-c", BUILD_AND_LEAVE.format("stg_erp__customers"))
    assert (failed.stdout.splitlines()[-1], failed.stderr) == ("1 failed", "")
