"""How much room is too little."""

from pathlib import Path

import pytest

from alerts.disk import LEAST_BYTES, Disk, disks, in_words, places
from alerts.findings import Kind
from ingestion.operations.judging import Grade
from ingestion.settings import Settings

GIB = 2**30


@pytest.mark.parametrize(
    ("free", "rewritten", "grade"),
    [
        (LEAST_BYTES, 0, Grade.WELL),
        (LEAST_BYTES - 1, 0, Grade.WARNING),
        (LEAST_BYTES // 4 - 1, 0, Grade.CRITICAL),
        # A large warehouse is written anew beside itself.
        (100 * GIB, 50 * GIB, Grade.WELL),
        (99 * GIB, 50 * GIB, Grade.WARNING),
        (24 * GIB, 50 * GIB, Grade.CRITICAL),
    ],
)
def test_room_is_judged_by_what_is_written_anew(free: int, rewritten: int, grade: Grade) -> None:
    disk = Disk(("archive", "warehouse"), free, 500 * GIB, rewritten)
    assert disk.grade is grade
    assert [(f.kind, f.subject) for f in disk.findings()] == (
        [(Kind.DISK_NEARLY_FULL, "archive, warehouse")] if grade is not Grade.WELL else []
    )


def test_places_on_one_disk_are_one_with_the_files_that_are_rewritten(tmp_path: Path) -> None:
    settings = Settings(
        warehouse_url=f"duckdb:///{tmp_path}/w.duckdb",
        archive_url=f"{tmp_path}/archive/not/there/yet",
        exports_url="s3://bucket/exports",
        bi_snapshot_path=tmp_path / "bi.duckdb",
    )
    (tmp_path / "w.duckdb").write_bytes(b"x" * 1000)
    (tmp_path / "bi.duckdb").write_bytes(b"x" * 500)
    [disk] = disks(places(settings, tmp_path / "dagster"))
    assert (disk.subject, disk.rewritten) == ("archive, copy, dagster, warehouse", 1500)
    assert 0 < disk.free <= disk.size


def test_memory_of_the_machine_is_another_disk(tmp_path: Path) -> None:
    other = Path("/proc")
    assert {disk.places for disk in disks({"here": tmp_path, "there": other})} == {("here",), ("there",)}


def test_bytes_are_told_in_words() -> None:
    assert [in_words(size) for size in (12, 2048, 3.2 * GIB, 5000 * GIB)] == [
        "12 bytes",
        "2.0 KiB",
        "3.2 GiB",
        "4.9 TiB",
    ]
