"""Rows of an export stand in groups, which are found without pandas."""

import subprocess
import sys
from itertools import groupby

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from exports.rows import _periods
from ingestion.settings import PROJECT_ROOT

# 9999-12-31, the last day of Python's; warehouses hold later ones.
LAST_DAY = 2932896
KEYS = st.lists(st.tuples(st.sampled_from(["", "a", "b", None]), st.integers(LAST_DAY, LAST_DAY + 2)))


@given(KEYS, st.booleans(), st.integers(1, 3))
def test_groups_are_the_runs_of_equal_keys(keys: list[tuple[str | None, int]], by_tenant: bool, size: int) -> None:
    keys.sort(key=lambda key: (by_tenant and (key[0] is None, key[0]), key[1]))
    days = pa.array([day for _, day in keys], pa.int32()).cast(pa.date32())
    tenants = pa.array([tenant for tenant, _ in keys], pa.string())
    rows = pa.table([tenants, days, days], names=["tenant_key", "period_start_date", "period_end_date"])
    rows = pa.Table.from_batches(rows.to_batches(max_chunksize=size), rows.schema)
    groups = [
        [row for row, _ in group]
        for _, group in groupby(enumerate(keys), lambda row: row[1] if by_tenant else row[1][1])
    ]
    found = [*_periods(rows, by_tenant, ["period_start_date", "period_end_date"])]
    assert [[*range(one.first, one.end)] for one in found] == groups
    told = [
        (tenants[group[0]].as_py() or "" if by_tenant else None, days.cast(pa.string())[group[0]].as_py())
        for group in groups
    ]
    assert [(one.tenant_key, one.start) for one in found] == told
    assert all(one.start == one.last for one in found)
    counted = [1 if by_tenant else len({keys[row][0] for row in group} - {None}) for group in groups]
    assert [one.tenants for one in found] == counted


def test_rows_are_read_and_written_without_pandas_which_is_there_for_others() -> None:
    asked = """
import sys
import alerts.listing, exports.publish, exports.reports.publish, ingestion.loading.run
import pyarrow as pa
rows = pa.table({"number": pa.array([1, 2])})
assert "pandas" not in sys.modules
print(rows.to_pandas()["number"].sum(), pa.array(sys.modules["pandas"].Series([3])).to_pylist())
"""
    told = subprocess.run([sys.executable, "-c", asked], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "3 [3]\n"
