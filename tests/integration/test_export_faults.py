"""Exports among hostile ids, dates, manifests and links: one tenant's fault is its own, nothing outside is touched."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_exports import EXPORT, SCHEMA, Mart, row, tree

from exports.publish import ExportResult, publish
from ingestion.output.storage import Storage

CJK = "whatsapp:" + "\u5e97" * 29


def published(mart: Mart, folder: Path, hour: int = 0) -> ExportResult:
    return publish(EXPORT, mart.query, str(folder), datetime(2026, 4, 1, hour, tzinfo=UTC))


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "costs_daily/manifest.json").read_text(encoding="utf-8"))
    return content


def test_ids_of_any_length_case_and_composition_have_files_of_their_own(tmp_path: Path) -> None:
    ids = [
        "\u5e97" * 29,
        "x" * 5_000,
        "acme",
        "ACME",
        "Acme",
        "caf\u00e9",
        "cafe\u0301",
        "con",
        "CON",
        "a.",
        "a ",
        "..",
        "",
    ]
    keys = [f"whatsapp:{i}" for i in ids]
    result = published(Mart(*(row(1, str(n), key) for n, key in enumerate(keys))), tmp_path)
    assert (result.published, result.faults) == (len(keys), ())
    folders = manifest(tmp_path)["folders"]
    assert set(folders) == set(keys)
    assert len({folder.casefold() for folder in folders.values()}) == len(keys)
    for n, key in enumerate(keys):
        content = (tmp_path / "costs_daily" / folders[key] / "2026-03-01.csv").read_text(encoding="utf-8")
        assert f"{n}.000000000" in content
    assert folders["whatsapp:acme"] == "whatsapp/acme"


@pytest.mark.parametrize("fault", ["folder is a file", "folder is a link"])
def test_fault_of_one_tenant_is_its_own(tmp_path: Path, fault: str) -> None:
    mart = Mart(*(row(1, "1", f"whatsapp:t{n}") for n in range(4)))
    place = tmp_path / "costs_daily" / "whatsapp" / "t2"
    place.parent.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    if fault == "folder is a file":
        place.write_text("x")
    else:
        place.symlink_to(tmp_path / "outside")
    result = published(mart, tmp_path)
    [told] = result.faults
    assert told.startswith("tenant whatsapp:t2: whatsapp/t2/2026-03-01.csv can't be written: ")
    assert told.endswith(". Check EXPORTS_URL.")
    assert result.published == 3
    assert sorted(manifest(tmp_path)["files"]) == [f"whatsapp/t{n}/2026-03-01.csv" for n in (0, 1, 3)]
    assert list((tmp_path / "outside").iterdir()) == []
    place.unlink()
    result = published(mart, tmp_path, hour=1)
    assert (result.published, result.unchanged, result.faults) == (1, 3, ())


def test_tenant_that_fails_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(Mart(row(1, "1"), row(2, "1"), row(1, "1", "whatsapp:t2")), tmp_path)
    write = Storage.write

    def refuse(self: Storage, name: str, content: bytes) -> None:
        if "t1/" in name:
            raise RuntimeError("a library's own\nerror")
        write(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write", refuse)
        result = published(Mart(row(1, "2"), row(1, "2", "whatsapp:t2")), tmp_path, hour=1)
    assert result.faults == ("tenant whatsapp:t1: RuntimeError: a library's own",)
    assert result.restated == 1
    assert sorted(manifest(tmp_path)["files"]) == [
        "whatsapp/t1/2026-03-01.csv",
        "whatsapp/t1/2026-03-02.csv",
        "whatsapp/t2/2026-03-01.csv",
    ]
    result = published(Mart(row(1, "2"), row(1, "2", "whatsapp:t2")), tmp_path, hour=2)
    assert (result.restated, result.unchanged, result.withdrawn, result.faults) == (1, 1, 1, ())


@pytest.mark.parametrize(
    ("days", "name"),
    [(-719_529, "-0001-12-31"), (-719_162, "0001-01-01"), (2_932_897, "10000-01-01"), (0, "1970-01-01")],
)
def test_date_that_python_cannot_hold_is_a_file_like_any_other(tmp_path: Path, days: int, name: str) -> None:
    rows = [row(1, "1"), row(2, "1")]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    day = pa.array([days, 20_513], pa.int32()).cast(pa.date32())
    for column in ("period_start_date", "period_end_date"):
        table = table.set_column(table.column_names.index(column), column, day)
    table = table.append_column("at", pa.array([-(2**62), 0], pa.int64()).cast(pa.timestamp("us", "UTC")))
    result = publish(EXPORT, lambda _: table, str(tmp_path))
    assert (result.published, result.faults) == (2, ())
    files = tree(tmp_path / "costs_daily/whatsapp/t1")
    assert set(files) == {f"{name}.csv", "2026-03-01.csv"}
    told = f"'{name}" if name.startswith("-") else name
    assert f"whatsapp:t1,o1,{told},{told},true,1.000000000".encode() in files[f"{name}.csv"]
    assert files["2026-03-01.csv"].endswith(b",1970-01-01T00:00:00+00:00\r\n")
    assert publish(EXPORT, lambda _: table, str(tmp_path)).unchanged == 2


def test_manifest_that_lists_a_file_elsewhere_touches_nothing_there(tmp_path: Path) -> None:
    exports = tmp_path / "data" / "exports"
    private = tmp_path / "outside" / "private.csv"
    private.parent.mkdir()
    private.write_text("secret")
    published(Mart(row(1, "1")), exports)
    content = manifest(exports)
    [entry] = content["files"].values()
    content["files"]["../../../outside/private.csv"] = entry
    (exports / "costs_daily/manifest.json").write_text(json.dumps(content))
    result = published(Mart(row(1, "2")), exports, hour=1)
    assert private.read_text() == "secret"
    assert result.restated == 1
    assert result.withdrawn == 0
    [told] = result.faults
    assert told.startswith("manifest.json was not believed: it lists '../../../outside/private.csv', which this export")
    assert "secret" not in "".join(p.read_text() for p in (exports / "costs_daily").rglob("*") if p.is_file())
    assert published(Mart(row(1, "2")), exports, hour=2).faults == ()


PATHS = st.one_of(
    st.sampled_from(
        [
            "../private.csv",
            "../../private.csv",
            "whatsapp/../../private.csv",
            "/etc/passwd",
            "whatsapp/t1/../../../private.csv",
            "manifest.json",
            "restatements.jsonl",
            "whatsapp/t1/notes.txt",
            "whatsapp/t1/2026-03-09.csv",
            "whatsapp/t9/2026-03-01.csv",
            "",
            ".",
            "all/2026-03-01.csv",
        ]
    ),
    st.text(max_size=20),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), PATHS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PATHS, inner, max_size=3)),
    max_leaves=6,
)
ENTRIES = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {
            "rows": st.one_of(st.just(1), JSON),
            "sha256": st.one_of(st.just("0" * 64), JSON),
            "tenant_key": st.one_of(st.sampled_from(["whatsapp:t1", "..:x", "whatsapp:..", "../..:a", None]), JSON),
            "period_start_date": st.one_of(st.sampled_from(["2026-03-01", "../../private"]), JSON),
            "period_end_date": st.one_of(st.just("2026-03-01"), JSON),
            "as_of": st.one_of(st.just("2026-03-01"), JSON),
        }
    ),
)
MANIFESTS = st.one_of(
    st.binary(max_size=50),
    st.sampled_from([b"", b"{}", b"[" * 100_000, b"[]", b"null", b'{"files": []}', b"9" * 5_000, b"\xff\xfe"]),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(PATHS, ENTRIES, max_size=4).map(lambda files: json.dumps({"files": files}).encode()),
)


@given(MANIFESTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_manifest_harms_anything_or_stops_the_export(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("hostile")
    mart = Mart(row(1, "1"), row(2, "1"), row(1, "1", "whatsapp:t2"))
    published(mart, root / "a" / "b")
    folder = root / "a" / "b" / "costs_daily"
    mine = [root / "private.csv", root / "a" / "private.csv", root / "a" / "b" / "private.csv"]
    mine += [folder / "whatsapp" / "t1" / "notes.txt", folder / "whatsapp" / "t1" / "2026-03-09.csv"]
    for path in mine:
        path.write_text("secret")
    (folder / "manifest.json").write_bytes(content)
    result = published(mart, root / "a" / "b", hour=1)
    for path in mine[:-1]:
        assert path.read_text() == "secret"
    assert result.published + result.unchanged == 3
    restatements = folder / "restatements.jsonl"
    assert not restatements.exists() or "private" not in restatements.read_text()
    if result.faults:
        [told] = result.faults
        assert "\n" not in told
        # Nothing is lost: what was there is kept under a name of its own.
        assert content in [p.read_bytes() for p in folder.glob("manifest.damaged-*.json")]
    result = published(mart, root / "a" / "b", hour=2)
    assert (result.unchanged, result.faults) == (3, ())


def test_restatements_are_recorded_although_the_manifest_is_damaged(tmp_path: Path) -> None:
    published(Mart(row(1, "1"), row(2, "1")), tmp_path)
    (tmp_path / "costs_daily/manifest.json").write_text("{}")
    result = published(Mart(row(1, "2"), row(2, "1")), tmp_path, hour=1)
    assert (result.restated, result.unchanged, result.published) == (1, 1, 0)
    [record] = map(json.loads, (tmp_path / "costs_daily/restatements.jsonl").read_text().splitlines())
    assert (record["old_as_of"], record["changes"][0]["old"]) == (None, "1.000000000")
    [told] = result.faults
    assert told.startswith(
        "manifest.json was not believed: it is no manifest (KeyError). It is kept as manifest.damaged-"
    )


def test_manifest_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(Mart(row(1, "1")), tmp_path)
    monkeypatch.setattr("exports.manifest.MOST_BYTES", 100)
    assert "manifest.json was not believed" in published(Mart(row(1, "1")), tmp_path, hour=1).faults[0]


def test_links_are_neither_written_nor_read_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("secret")
    exports = tmp_path / "exports"
    published(Mart(row(1, "1"), row(2, "1")), exports)
    folder = exports / "costs_daily"
    period = folder / "whatsapp/t1/2026-03-01.csv"
    period.unlink()
    period.symlink_to(outside)
    gone = folder / "whatsapp/t1/2026-03-02.csv"
    gone.unlink()
    gone.symlink_to(outside)
    for name in ("whatsapp/t1/2026-03-01.csv.partial", "manifest.json.partial", "restatements.jsonl"):
        (folder / name).symlink_to(outside)
    os.mkfifo(folder / "whatsapp/t1/2026-03-03.csv")
    result = published(Mart(row(1, "2"), row(3, "1")), exports, hour=1)
    assert result.faults == ()
    assert outside.read_text() == "secret"
    assert not period.is_symlink()
    assert not gone.is_symlink()
    assert not gone.exists()
    assert "secret" not in (folder / "restatements.jsonl").read_text()
    assert (folder / "whatsapp/t1/2026-03-03.csv").is_file()


def test_link_in_the_place_of_a_file_that_did_not_change_is_replaced(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    exports = tmp_path / "exports"
    published(Mart(row(1, "1")), exports)
    period = exports / "costs_daily/whatsapp/t1/2026-03-01.csv"
    period.rename(outside)
    period.symlink_to(outside)
    result = published(Mart(row(1, "1")), exports, hour=1)
    assert (result.published, result.unchanged, result.faults) == (1, 0, ())
    assert not period.is_symlink()
    assert period.read_bytes() == outside.read_bytes()


def test_file_of_a_killed_run_is_removed_and_no_other(tmp_path: Path) -> None:
    published(Mart(row(1, "1")), tmp_path)
    folder = tmp_path / "costs_daily"
    (folder / "whatsapp/t1/2026-03-01.csv.0123456789abcdef.partial").write_text("half")
    (folder / "whatsapp/t1/mine.txt.0123456789abcdef.partial").write_text("mine")
    published(Mart(row(1, "1")), tmp_path, hour=1)
    assert set(tree(folder)) == {
        "manifest.json",
        "whatsapp/t1/2026-03-01.csv",
        "whatsapp/t1/mine.txt.0123456789abcdef.partial",
    }


def test_files_that_an_earlier_version_put_elsewhere_move_with_their_history(tmp_path: Path) -> None:
    mart = Mart(row(1, "1", "whatsapp:ACME"), row(2, "1", "whatsapp:ACME"))
    published(mart, tmp_path)
    folder = tmp_path / "costs_daily"
    content = manifest(tmp_path)
    now = content.pop("folders")["whatsapp:ACME"]
    (folder / now).rename(folder / "whatsapp/ACME")
    content["files"] = {path.replace(now, "whatsapp/ACME"): entry for path, entry in content["files"].items()}
    (folder / "manifest.json").write_text(json.dumps(content))
    result = published(Mart(row(1, "1", "whatsapp:ACME"), row(2, "2", "whatsapp:ACME")), tmp_path, hour=1)
    assert (result.unchanged, result.restated, result.published, result.withdrawn, result.faults) == (1, 1, 0, 0, ())
    [record] = map(json.loads, (folder / "restatements.jsonl").read_text().splitlines())
    assert [change["old"] for change in record["changes"]] == ["1.000000000"]
    assert not list(folder.rglob("ACME/*"))


def test_exports_to_an_object_store_work_alike() -> None:
    mart = Mart(row(1, "1"), row(1, "1", CJK))
    assert publish(EXPORT, mart.query, "memory://bucket/exports").published == 2
    assert publish(EXPORT, mart.query, "memory://bucket/exports").unchanged == 2
    mart = Mart(row(1, "2"))
    result = publish(EXPORT, mart.query, "memory://bucket/exports")
    assert (result.restated, result.withdrawn, result.faults) == (1, 1, ())
