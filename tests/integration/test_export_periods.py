"""Some periods of an export, published by themselves."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_exports import EXPORT, Mart, csv_tree, publish, row, tree

from exports.catalogue import Export
from exports.errors import ExportError
from exports.periods import Period
from exports.publish import ExportResult, Publisher

COSTS = st.dictionaries(
    st.tuples(st.integers(1, 5), st.sampled_from(["whatsapp:t1", "whatsapp:t2"])),
    st.sampled_from(["1", "2", "3"]),
    min_size=1,
)
"""Day and tenant → cost."""


def mart(costs: Mapping[tuple[int, str], str]) -> Mart:
    return Mart(*(row(day, cost, tenant) for (day, tenant), cost in costs.items()))


def of_day(day: int) -> Period:
    return Period("day", date(2026, 3, day))


def some(mart: Mart, folder: Path, *days: int, export: Export = EXPORT) -> ExportResult:
    now = datetime(2026, 4, 2, tzinfo=UTC)
    return Publisher(mart.query, str(folder)).publish(export, now, wanted=[of_day(day) for day in days])


def told(result: ExportResult) -> dict[str, tuple[int, int]]:
    return {period.name: (of.tenants, of.written) for period, of in result.periods.items()}


@pytest.mark.slow
@given(before=COSTS, now=COSTS, data=st.data())
def test_only_what_is_asked_for_is_brought_up_to_date_and_the_rest_later(
    before: dict[tuple[int, str], str], now: dict[tuple[int, str], str], data: st.DataObject
) -> None:
    days = data.draw(st.sets(st.sampled_from(sorted({day for day, _ in now})), min_size=1))
    with TemporaryDirectory() as name, TemporaryDirectory() as other:
        folder, whole = Path(name), Path(other)
        publish(mart(before), folder)
        was = csv_tree(folder)
        publish(mart(now), whole)
        wanted = csv_tree(whole)
        result = some(mart(now), folder, *days)
        asked = {path: content for path, content in wanted.items() if int(path[-6:-4]) in days}
        assert csv_tree(folder) == {**was, **asked}
        assert {of_day(day) for day in days} == result.periods.keys()
        assert told(result) == {
            of_day(day).name: (
                sum(of == day for of, _ in now),
                sum(path[-6:-4] == f"{day:02}" and was.get(path) != content for path, content in asked.items()),
            )
            for day in days
        }
        # What was left aside is still known to be due.
        publish(mart(now), folder)
        assert csv_tree(folder) == wanted


@pytest.mark.parametrize("files", ["period", "history", "latest"])
@pytest.mark.parametrize("split", ["tenant", "whole"])
def test_file_that_somebody_edited_is_mended_and_nothing_is_said_to_be_restated(
    tmp_path: Path, files: str, split: str
) -> None:
    export = Export.model_validate({**EXPORT.model_dump(by_alias=True), "files": files, "split": split})
    costs = mart({(day, f"whatsapp:t{tenant}"): "1" for day in (1, 2) for tenant in (1, 2)})
    publish(costs, tmp_path, export=export)
    was = tree(tmp_path)
    for path in tmp_path.rglob("*.csv"):
        path.write_bytes(b"x" * path.stat().st_size)
    assert publish(costs, tmp_path, export=export).published == 0
    result = some(costs, tmp_path, 2, export=export)
    assert result.faults == ()
    after = tree(tmp_path)
    mended = {path for path in was if path.endswith(".csv") and after[path] == was[path]}
    assert mended == {path for path in was if path.endswith(".csv") and "2026-03-01" not in path}
    assert {path: after[path] for path in was if path.endswith(".json")} == {
        path: content for path, content in was.items() if path.endswith(".json")
    }
    assert not [path for path in after if path.endswith(".jsonl")]


def test_each_period_is_told_with_its_tenants_and_what_was_written(tmp_path: Path) -> None:
    costs = {(1, "whatsapp:t1"): "1", (1, "whatsapp:t2"): "1", (2, "whatsapp:t1"): "1"}
    history = Export.model_validate({**EXPORT.model_dump(by_alias=True), "files": "history", "split": "whole"})
    for export in (EXPORT, history):
        assert told(publish(mart(costs), tmp_path / export.files, export=export)) == {
            "2026-03-01": (2, 2),
            "2026-03-02": (1, 1),
        }
        # Of a history that grows, only what is new.
        later = {**costs, (3, "whatsapp:t2"): "4"}
        assert told(publish(mart(later), tmp_path / export.files, export=export)) == {
            "2026-03-01": (2, 0),
            "2026-03-02": (1, 0),
            "2026-03-03": (1, 1),
        }


@pytest.mark.parametrize(
    ("options", "period", "message"),
    [
        (
            {},
            Period.named("2026-03-09"),
            "2026-03-09 is no complete period; .* from 2026-03-01 to 2026-03-02",
        ),
        ({}, Period.named("2026-03"), "it is daily, and 2026-03 is a month"),
        ({"files": "latest"}, Period.named("2026-03-01"), "from 2026-03-02 to 2026-03-02"),
        ({"cadence": None, "files": "latest"}, Period.named("2026-03-01"), "it has no periods"),
    ],
)
def test_period_that_an_export_does_not_have_is_refused_and_nothing_is_touched(
    tmp_path: Path, options: dict[str, Any], period: Period, message: str
) -> None:
    export = Export.model_validate({**EXPORT.model_dump(by_alias=True), **options})
    costs = mart({(1, "whatsapp:t1"): "1", (2, "whatsapp:t1"): "1"})
    costs_as_asked = lambda sql: costs.query(f"{sql} is_complete")  # noqa: E731 - a table without periods asks for none
    with pytest.raises(ExportError, match=message):
        Publisher(costs_as_asked, str(tmp_path)).publish(export, wanted=[period])
    assert tree(tmp_path) == {}
