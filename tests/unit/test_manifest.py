"""dbt's manifest is made anew where it is of other files, variables or another engine, and only there."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import dbt

LONG_AGO = (0, 1_000_000_000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dbt project of one model, of which the manifest was made."""
    for name in ("DIRECTORY", "TARGET"):
        monkeypatch.setattr(dbt, name, tmp_path / name)
    monkeypatch.setattr(dbt, "MANIFEST", tmp_path / "TARGET" / "manifest.json")
    monkeypatch.setattr(dbt, "_MADE_OF", tmp_path / "TARGET" / "made_of.json")
    monkeypatch.setattr(dbt, "_variables", {})
    monkeypatch.setattr(dbt, "assert_written", lambda: None)
    write(tmp_path / "DIRECTORY" / "models" / "a.sql", "select 1 as n")
    assert is_made_anew(monkeypatch)
    return tmp_path / "DIRECTORY" / "models"


def write(file: Path, text: str) -> None:
    """A file as an archive or image brings it: with the time that it had where it was packed, and its folder's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    for path in (file, file.parent):
        os.utime(path, LONG_AGO)


def is_made_anew(monkeypatch: pytest.MonkeyPatch, engine: str = "duckdb", **variables: object) -> bool:
    """Whether a process that begins finds no manifest that holds."""
    made: list[str] = []

    def parsed() -> None:
        made.append(engine)
        dbt.MANIFEST.write_text(json.dumps({"metadata": {"adapter_type": dbt.ADAPTERS[engine]}}), encoding="utf-8")

    monkeypatch.setattr(dbt, "_parsed", parsed)
    dbt._hashes.cache_clear()
    dbt._variables.clear()
    dbt.prepare(engine, variables)
    dbt._hashes.cache_clear()
    return bool(made)


def gone(models: Path) -> None:
    (models / "a.sql").unlink()
    os.utime(models, LONG_AGO)


@pytest.mark.parametrize(
    "change",
    [
        lambda models: write(models / "a.sql", "select 2 as n"),
        lambda models: write(models / "of" / "mine.sql", "select 1 as n"),
        lambda models: write(models.with_name("macros") / "a.sql", ""),
        gone,
    ],
    ids=["changed", "come", "come where nothing was", "gone"],
)
def test_files_are_told_by_what_they_hold_however_old_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    assert not is_made_anew(monkeypatch)
    change(folder)
    assert is_made_anew(monkeypatch)
    assert not is_made_anew(monkeypatch)


def test_file_that_only_is_newer_makes_nothing_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(folder / "a.sql")
    assert not is_made_anew(monkeypatch)


def test_other_variables_and_another_engine_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_made_anew(monkeypatch, systems=["shop"])
    assert is_made_anew(monkeypatch, "postgresql", systems=["shop"])
    assert not is_made_anew(monkeypatch, "postgresql", systems=["shop"])


def test_manifest_of_a_process_that_was_killed_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dbt.MANIFEST.write_text('{"metadata": {', encoding="utf-8")
    assert is_made_anew(monkeypatch)
