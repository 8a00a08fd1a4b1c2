"""dbt inside the orchestration's process: what it leaves behind for those who come next."""

from pathlib import Path

from end_to_end.place import Place

BUILD_AND_LEAVE = """
import subprocess, sys
from orchestration import dbt
from orchestration.configuration import settings

for selected in sys.argv[1:]:
    heard = []
    build = dbt.build(["tag:reference", selected], heard.append, is_full=False)
    assert build.events == heard
    assert heard
    print(len(build.faults), "failed")
    # Another process may write now, while this one lives.
    other = "import duckdb, sys; duckdb.connect(sys.argv[1])"
    subprocess.run([sys.executable, "-c", other, settings.warehouse.database])
"""


def test_build_lets_others_open_the_duckdb_file_whether_it_failed_or_not(tmp_path: Path) -> None:
    # Without anything extracted, the source of the second is missing.
    result = Place(tmp_path, {}).run("python", "-c", BUILD_AND_LEAVE, "tag:reference", "stg_erp__customers")
    said = result.stdout.splitlines()
    assert (said[0], said[-1], result.stderr) == ("0 failed", "1 failed", "")
