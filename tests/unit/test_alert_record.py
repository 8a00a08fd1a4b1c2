"""The record of incidents: whole after whatever happens to it, its owner's alone, and written on a full disk."""

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts import record as module
from alerts.findings import Finding, Kind
from alerts.incidents import Incident, Told
from alerts.record import RESERVE_BYTES, Record, RecordError
from ingestion.settings import PROJECT_ROOT

AT = datetime(2026, 11, 2, 3, 5, tzinfo=UTC)
FIRST = Incident("a1", Finding(Kind.SOURCE_UNREACHABLE, "erp", "It is down.", ("erp",), "Look.", AT), AT)
SECOND = Incident(
    "b2", Finding(Kind.RUN_FAILED, "warehouse", "Killed.", title="killed"), AT, is_again=True, away_since=AT,
    ended_at=AT, told={"x": Told.PERHAPS_END, "y": Told.NOTHING},
)  # fmt: skip


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "home" / "alerts.json")


@pytest.fixture
def written(record: Record) -> Record:
    with record.locked():
        record.write([FIRST])
        record.write([FIRST, SECOND])
    return record


def test_what_is_written_is_read_as_it_was(written: Record) -> None:
    assert written.read().incidents == [FIRST, SECOND]


def test_there_is_none_at_first(record: Record) -> None:
    with record.locked():
        assert record.read().incidents == ()


def test_nobody_else_reads_it(written: Record) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in written.path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert modes.keys() == {"alerts.json", "alerts.json.before", "alerts.json.lock", "alerts.json.reserve"}


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    "damaged",
    [cut, lambda _: b"", lambda _: b'{"a": 1}', lambda _: b"[3]", lambda _: b"\xff\0"],
    ids=["cut", "empty", "no list", "no incident", "noise"],
)
def test_damaged_record_is_kept_aside_and_the_one_before_it_counts(
    written: Record, damaged: Callable[[bytes], bytes]
) -> None:
    content = damaged(written.path.read_bytes())
    written.path.write_bytes(content)
    kept = written.read()
    assert kept.incidents == [FIRST]
    assert "the one before it counts" in str(kept.fault)
    [aside] = written.path.parent.glob("alerts.json.damaged-*")
    assert aside.read_bytes() == content
    # It is told once.
    written.write(kept.incidents)
    assert written.read().fault is None


def test_loss_of_both_is_told(written: Record) -> None:
    for path in (written.path, written.path.with_name("alerts.json.before")):
        path.write_bytes(b"{")
    kept = written.read()
    assert kept.incidents == ()
    assert "what was open is not known any more" in str(kept.fault)


def test_on_a_disk_without_room_the_reserve_is_given_up(written: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    reserve = written.path.with_name("alerts.json.reserve")
    assert reserve.stat().st_size == RESERVE_BYTES
    write = module._write

    def full(path: Path, content: bytes) -> None:
        if reserve.exists() or path == reserve:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_write", full)
        written.write([SECOND])
        assert written.read().incidents == [SECOND]
        assert not reserve.exists()
    # Once there is room again, it is held again.
    written.write([FIRST])
    assert reserve.stat().st_size == RESERVE_BYTES


def test_record_that_can_not_be_written_stays_as_it_was(written: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch, pytest.raises(RecordError, match="can't be written: Read-only file system"):
        patch.setattr(module, "_write", full)
        written.write([])
    assert written.read().incidents == [FIRST, SECOND]


def test_processes_that_write_at_once_lose_nothing(record: Record) -> None:
    code = """
import sys
from pathlib import Path
from alerts.findings import Finding, Kind
from alerts.incidents import Incident
from alerts.record import Record
from datetime import UTC, datetime
record = Record(Path(sys.argv[1]))
for number in range(20):
    with record.locked():
        one = Incident(f"{sys.argv[2]}{number}", Finding(Kind.STALE, "x", "It is."), datetime.now(UTC))
        record.write([*record.read().incidents, one])
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(record.path), name], cwd=PROJECT_ROOT) for name in "ab"
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(record.read().incidents) == 40


def test_record_holds_no_addresses(written: Record) -> None:
    assert {*json.loads(written.path.read_bytes())[1]["told"]} == {"x", "y"}
