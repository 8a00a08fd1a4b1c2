"""What was published and is superseded goes with time; what is shown now stays."""

import json
from datetime import date
from pathlib import Path

import pytest

from exports.__main__ import main
from exports.reports.record import RECORD, Edition, Record
from exports.restatements import RESTATEMENTS, log, record
from ingestion.output.storage import Storage

FIRST, LAST = "2026-01-10T00:00:00+00:00", "2026-06-10T00:00:00+00:00"


def edition(revision: int, published_at: str) -> Edition:
    return Edition(
        title="Guests", recipient="Lamp", cadence="month", period="May 2026", first_day=date(2026, 5, 1), keeps=True,
        revision=revision, published_at=published_at, declared="", figures={}, changes=[],
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three revisions of an old report, two of a young one, and restatements of both ages."""
    folder = tmp_path / "exports" / "restaurant" / "1"
    told = Record("restaurant/1/reports", {})
    told.note("old", edition(3, FIRST))
    told.note("young", edition(2, LAST))
    storage = Storage(str(tmp_path / "exports"), "EXPORTS_URL")
    told.save(storage)
    for name in ("old", "old-r2", "old-r3", "young", "young-r2", "old-r22"):
        storage.write(f"restaurant/1/reports/{name}.pdf", b"figures")
    changed = [{"row": "a", "column": "n", "old": "17\u2028", "new": "18"}]
    records = [record("2026-01.csv", at, ("", "digest"), "other", [*changed]) for at in (FIRST, LAST)]
    log(storage, "restaurant/1/costs", records)
    with (folder / "costs" / RESTATEMENTS).open("ab") as file:
        file.write(b"\xff not ours\n")
    for name, value in {
        "EXPORTS_URL": tmp_path / "exports",
        "WAREHOUSE_URL": f"duckdb:///{tmp_path / 'warehouse.duckdb'}",
        "AS_OF": "2026-07-01T00:00:00+00:00",
    }.items():
        monkeypatch.setenv(name, str(value))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_superseded_revisions_and_former_values_go(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert main(["retain"]) == 0
    assert "RETAIN_REVISIONS_DAYS is not set" in capsys.readouterr().out
    monkeypatch.setenv("RETAIN_REVISIONS_DAYS", "60")
    assert main(["retain", "--dry-run"]) == 0
    assert "2 files of earlier revisions would be removed, and the former values of 1" in capsys.readouterr().out
    assert contents(folder) == before
    assert main(["retain"]) == 0
    after = contents(folder)
    assert set(before) - set(after) == {"old.pdf", "old-r2.pdf"}
    assert after[RECORD] == before[RECORD]
    old, young, strange = after[RESTATEMENTS].splitlines(keepends=True)
    assert json.loads(old) == json.loads(before[RESTATEMENTS].splitlines()[0]) | {"changes": None}
    assert young + strange == b"".join(before[RESTATEMENTS].splitlines(keepends=True)[1:])
    assert main(["retain"]) == 0
    assert contents(folder) == after


def test_damaged_record_is_told_and_nothing_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "reports" / RECORD).write_text("{")
    monkeypatch.setenv("RETAIN_REVISIONS_DAYS", "60")
    before = contents(folder)
    assert main(["retain"]) == 1
    assert f"restaurant/1/reports/{RECORD} is not what reports wrote" in capsys.readouterr().err
    assert contents(folder) == before
