"""Files of earlier versions, which lay by export and then by recipient: one command moves them with their history."""

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox import Sandbox
from test_exports import Mart, publish, published, restatements, row, tree

import exports.__main__ as exports_cli
from exports.errors import ExportError
from exports.former_layout import Moved, move
from exports.places import Destination
from ingestion.output.storage import Storage

MART = Mart(row(1, "1"), row(2, "2"), row(1, "3", "whatsapp:ACME"))
RECORDS = ["whatsapp/t1/2026-03-01.csv", "whatsapp/gone/2026-03-01.csv", "../../x/2026-03-01.csv"]


def former(folder: Path, *older: str) -> dict[str, bytes]:
    """Put what MART publishes where earlier versions did; returns the files by today's paths.

    Args:
        folder: EXPORTS_URL.
        older: tenants whose files lie where versions before that put them.
    """
    published(MART, folder)
    content: dict[str, Any] = {"files": {}, "folders": {}}
    files = {path: data for path, data in tree(folder).items() if path.endswith(".csv")}
    for path in list(folder.rglob("manifest.json")):
        told = json.loads(path.read_text())
        recipient = str(path.parent.parent.relative_to(folder))
        key = told.pop("tenant_key")
        place = recipient if key not in older else key.replace(":", "/")
        for name, entry in told.pop("files").items():
            for field in ("size", "rows_sha256"):
                del entry[field]
            content["files"][f"{place}/{name}"] = {**entry, "tenant_key": key}
            old = folder / "costs_daily" / place / name
            old.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / name).rename(old)
        content |= told
        content["folders"][key] = recipient
        path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not list(path.iterdir()):
            path.rmdir()
    (folder / "costs_daily/manifest.json").write_text(json.dumps(content))
    records = [{"path": path, "at": f"{n}", "changes": []} for n, path in enumerate(RECORDS)]
    lines = [*map(json.dumps, records), "no record"]
    (folder / "costs_daily/restatements.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return files


def moved(folder: Path) -> list[Moved | ExportError]:
    return list(move(Destination(str(folder))))


def test_run_says_which_command_moves_files_of_earlier_versions_and_publishes_nothing(tmp_path: Path) -> None:
    former(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(ExportError) as error:
        publish(MART, tmp_path)
    assert str(error.value) == (
        "costs_daily: files lie in costs_daily/, where earlier versions put them. Move all of them to their "
        "recipients' folders, with their history: .venv/bin/python -m exports move"
    )
    assert tree(tmp_path) == before


@pytest.mark.parametrize("older", [(), ("whatsapp:ACME",)])
def test_move_gives_files_other_names_and_writes_none_of_them(tmp_path: Path, older: tuple[str, ...]) -> None:
    files = former(tmp_path, *older)
    inodes = {path.stat().st_ino for path in tmp_path.rglob("*.csv")}
    assert moved(tmp_path) == [Moved("costs_daily", 3, 2)]
    now = tree(tmp_path)
    assert {path: data for path, data in now.items() if path.endswith(".csv")} == files
    assert {path.stat().st_ino for path in tmp_path.rglob("*.csv")} == inodes
    # Of what the log tells of nobody's files nothing is lost.
    left = [json.dumps({"path": RECORDS[2], "at": "2", "changes": []}), "no record"]
    assert now["costs_daily/restatements.jsonl"].decode().splitlines() == left
    assert [(r["path"], r["at"]) for r in restatements(tmp_path)] == [("2026-03-01.csv", "0")]
    assert [(r["path"], r["at"]) for r in restatements(tmp_path, "whatsapp/gone")] == [("2026-03-01.csv", "1")]
    assert published(MART, tmp_path, 1) == (0, 3, 0, 0)
    assert moved(tmp_path) == []


def test_moved_files_are_restated_against_what_they_were(tmp_path: Path) -> None:
    former(tmp_path)
    moved(tmp_path)
    changed = Mart(row(1, "1.5"), row(2, "2"))
    assert published(changed, tmp_path, 1) == (0, 1, 1, 1)
    [_, record] = restatements(tmp_path)
    assert (record["old_as_of"], record["changes"][0]["old"]) == ("2026-04-01T00:00:00+00:00", "1.000000000")


def test_moved_file_that_lost_its_end_is_written_again(tmp_path: Path) -> None:
    former(tmp_path)
    moved(tmp_path)
    (tmp_path / "whatsapp/t1/costs_daily/2026-03-01.csv").write_bytes(b"tenant")
    assert published(MART, tmp_path, 1) == (1, 2, 0, 0)


@pytest.mark.parametrize("last", range(9))
def test_move_that_was_killed_anywhere_is_completed_by_the_next(
    tmp_path: Path, last: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = former(tmp_path)
    steps = 0

    def dying(step: str) -> Any:
        real = getattr(Storage, step)

        def step_or_die(self: Storage, *arguments: Any) -> None:
            nonlocal steps
            steps += 1
            if steps > last:
                raise KeyboardInterrupt
            real(self, *arguments)

        return step_or_die

    with monkeypatch.context() as patch:
        for step in ("move", "write", "remove"):
            patch.setattr(Storage, step, dying(step))
        with pytest.raises(KeyboardInterrupt):
            moved(tmp_path)
    assert [type(done) for done in moved(tmp_path)] == [Moved]
    now = tree(tmp_path)
    assert {path: data for path, data in now.items() if path.endswith(".csv")} == files
    assert len(restatements(tmp_path)) == 1
    assert published(MART, tmp_path, 1) == (0, 3, 0, 0)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[", "costs_daily/manifest.json is no manifest (JSONDecodeError): nothing of it was moved."),
        (b'{"files": {"../x.csv": {"tenant_key": null}}}', "costs_daily/manifest.json lists '../x.csv', which this"),
        (b'{"files": {"x": 1}}', "costs_daily/manifest.json is no manifest (TypeError): nothing of it was moved."),
    ],
)
def test_manifest_that_is_not_believed_moves_nothing(tmp_path: Path, content: bytes, told: str) -> None:
    former(tmp_path)
    (tmp_path / "costs_daily/manifest.json").write_bytes(content)
    before = tree(tmp_path)
    [fault] = moved(tmp_path)
    assert str(fault).startswith(told)
    assert tree(tmp_path) == before


def test_command_moves_what_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.export_settings(monkeypatch)
    former(tmp_path / "exports")
    assert exports_cli.main(["move"]) == 0
    assert capsys.readouterr().out == "costs_daily: 3 files, to 2 recipients\n"
    assert exports_cli.main(["move"]) == 0
    assert capsys.readouterr().out == "Nothing lies where earlier versions put it.\n"
    (tmp_path / "exports/costs_daily").mkdir(exist_ok=True)
    (tmp_path / "exports/costs_daily/manifest.json").write_text("[")
    assert exports_cli.main(["move"]) == 1
    assert "is no manifest (JSONDecodeError)" in capsys.readouterr().err
