"""What Dagster is told of reports."""

from contextlib import nullcontext
from types import SimpleNamespace

import dagster as dg
import pytest

from exports.reports.publish import ReportResult
from orchestration import reported
from orchestration.configuration import CROSS_SOURCE


def test_report_that_is_made_is_told_where_another_of_its_system_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [ReportResult("management", faults=["broken"]), ReportResult("warehouse", made=1)]
    due: list[str] = []
    warehouse = SimpleNamespace(exclusive=nullcontext, reader=nullcontext)
    monkeypatch.setattr(reported, "ingestion", SimpleNamespace(warehouse=warehouse))
    monkeypatch.setattr(reported, "publish", lambda *_: results)
    monkeypatch.setattr(reported.changes, "forget", lambda _, systems: due.extend(systems))
    [assets] = [one for one in reported.report_assets if one.op.name == f"reports_{CROSS_SOURCE}"]
    result = dg.materialize([assets], raise_on_error=False)
    assert not result.success
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [
        dg.AssetKey(["reports", "warehouse"])
    ]
    [failed] = result.get_step_failure_events()
    assert "management: broken" in str(failed.step_failure_data)
    assert due == [CROSS_SOURCE]
