"""dbt inside the orchestration's process: what it leaves behind for those who come next."""

import duckdb
import pytest
from end_to_end.place import Place

pytestmark = pytest.mark.slow

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


def test_build_lets_others_open_the_duckdb_file_whether_it_failed_or_not(sample_place: Place) -> None:
    with duckdb.connect(sample_place.folder / "warehouse.duckdb") as warehouse:
        warehouse.execute("drop table raw_erp.customers cascade")
    result = sample_place.run("python", "-c", BUILD_AND_LEAVE, "tag:reference", "stg_erp__customers")
    said = result.stdout.splitlines()
    assert (said[0], said[-1], result.stderr) == ("0 failed", "1 failed", "")
