import itertools

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sources.base import BATCH_ROWS
from ingestion.sources.batches import cut, gathered

ROWS = st.lists(st.tuples(st.one_of(st.none(), st.integers(), st.binary(max_size=40), st.text(max_size=20))))


@given(ROWS, st.integers(1, 100))
def test_cut_rows_are_all_there_and_no_list_is_much_larger_than_asked(rows: list[tuple[object]], most: int) -> None:
    lists = list(cut(rows, most))
    assert [row for part in lists for row in part] == rows
    for part in lists:
        assert 0 < len(part) <= BATCH_ROWS
        # Without its last row, each would have room.
        assert sum(len(v) for (v,) in part[:-1] if isinstance(v, bytes | str)) < most


@given(st.lists(st.integers(0, 30)), st.integers(1, 500))
def test_gathered_batches_hold_the_same_rows_and_are_few(sizes: list[int], most: int) -> None:
    batches = [pa.RecordBatch.from_pydict({"id": list(range(size))}, pa.schema({"id": pa.int64()})) for size in sizes]
    found = list(gathered(batches, most))
    assert [v for b in found for v in b.column("id").to_pylist()] == [v for size in sizes for v in range(size)]
    assert all(b.nbytes <= max(most, 8 * max(sizes)) for b in found)
    assert all(a.nbytes + b.nbytes > most for a, b in itertools.pairwise(found))
