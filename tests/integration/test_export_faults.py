"""Exports among hostile ids, dates, manifests and links: one tenant's fault is its own, nothing outside is touched."""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_exports import SCHEMA, Mart, csv_tree, publish, restatements, row, tree

from ingestion.output.storage import Storage

CJK = "whatsapp:" + "\u5e97" * 29


T1 = "whatsapp/t1/costs_daily"
T2 = "whatsapp/t2/costs_daily"


def manifest(folder: Path, place: str = T1) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / place / "manifest.json").read_text(encoding="utf-8"))
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
    result = publish(Mart(*(row(1, str(n), key) for n, key in enumerate(keys))), tmp_path)
    assert (result.published, result.faults) == (len(keys), ())
    folders = [path.parent for path in tmp_path.rglob("manifest.json")]
    told = {manifest(tmp_path, str(folder))["tenant_key"]: folder for folder in folders}
    assert set(told) == set(keys)
    assert len({str(folder).casefold() for folder in folders}) == len(keys)
    for n, key in enumerate(keys):
        assert f"{n}.000000000" in (told[key] / "2026-03-01.csv").read_text(encoding="utf-8")
    assert told["whatsapp:acme"] == tmp_path / "whatsapp/acme/costs_daily"


@pytest.mark.parametrize("fault", ["folder is a file", "folder is a link"])
def test_fault_of_one_tenant_is_its_own(tmp_path: Path, fault: str) -> None:
    mart = Mart(*(row(1, "1", f"whatsapp:t{n}") for n in range(4)))
    place = tmp_path / "whatsapp" / "t2"
    place.parent.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    if fault == "folder is a file":
        place.write_text("x")
    else:
        place.symlink_to(tmp_path / "outside")
    result = publish(mart, tmp_path)
    [told] = result.faults
    assert told.startswith("tenant whatsapp:t2: whatsapp/t2/costs_daily/2026-03-01.csv can't be written: ")
    assert told.endswith(". Check EXPORTS_URL.")
    assert result.published == 3
    assert sorted(csv_tree(tmp_path)) == [f"whatsapp/t{n}/costs_daily/2026-03-01.csv" for n in (0, 1, 3)]
    assert list((tmp_path / "outside").iterdir()) == []
    place.unlink()
    result = publish(mart, tmp_path, hour=1)
    assert (result.published, result.unchanged, result.faults) == (1, 3, ())


def test_tenant_that_fails_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(Mart(row(1, "1"), row(2, "1"), row(1, "1", "whatsapp:t2")), tmp_path)
    write = Storage.write

    def refuse(self: Storage, name: str, content: bytes) -> None:
        if "t1/" in name:
            raise RuntimeError("a library's own\nerror")
        write(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write", refuse)
        result = publish(Mart(row(1, "2"), row(1, "2", "whatsapp:t2")), tmp_path, hour=1)
    assert result.faults == ("tenant whatsapp:t1: RuntimeError: a library's own",)
    assert result.restated == 1
    assert sorted(manifest(tmp_path)["files"]) == ["2026-03-01.csv", "2026-03-02.csv"]
    assert sorted(manifest(tmp_path, T2)["files"]) == ["2026-03-01.csv"]
    result = publish(Mart(row(1, "2"), row(1, "2", "whatsapp:t2")), tmp_path, hour=2)
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
    result = publish(lambda _: table, tmp_path)
    assert (result.published, result.faults) == (2, ())
    files = {path.rpartition("/")[2]: content for path, content in csv_tree(tmp_path).items()}
    assert set(files) == {f"{name}.csv", "2026-03-01.csv"}
    told = f"'{name}" if name.startswith("-") else name
    assert f"whatsapp:t1,o1,{told},{told},true,1.000000000".encode() in files[f"{name}.csv"]
    assert files["2026-03-01.csv"].endswith(b",1970-01-01T00:00:00+00:00\r\n")
    assert publish(lambda _: table, tmp_path).unchanged == 2


def test_manifest_that_lists_a_file_elsewhere_touches_nothing_there(tmp_path: Path) -> None:
    exports = tmp_path / "data" / "exports"
    private = tmp_path / "outside" / "private.csv"
    private.parent.mkdir()
    private.write_text("secret")
    publish(Mart(row(1, "1")), exports)
    content = manifest(exports)
    [entry] = content["files"].values()
    content["files"]["../../../../../outside/private.csv"] = entry
    (exports / T1 / "manifest.json").write_text(json.dumps(content))
    result = publish(Mart(row(1, "2")), exports, hour=1)
    assert private.read_text() == "secret"
    assert result.restated == 1
    assert result.withdrawn == 0
    [told] = result.faults
    assert told.startswith(
        f"tenant whatsapp:t1: {T1}/manifest.json was not believed: it lists '../../../../../outside/private.csv', which"
    )
    assert "secret" not in "".join(p.read_text() for p in exports.rglob("*") if p.is_file())
    assert publish(Mart(row(1, "2")), exports, hour=2).faults == ()


PATHS = st.one_of(
    st.sampled_from(
        [
            "../private.csv",
            "../../private.csv",
            "../../../private.csv",
            "whatsapp/../../private.csv",
            "/etc/passwd",
            "whatsapp/t1/../../../private.csv",
            "manifest.json",
            "restatements.jsonl",
            "notes.txt",
            "2026-03-09.csv",
            "../../t2/costs_daily/2026-03-01.csv",
            "",
            ".",
            "costs_daily.csv",
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
        },
        optional={
            "size": st.one_of(st.just(1), JSON),
            "rows_sha256": st.one_of(st.just("0" * 64), JSON),
            "through": st.one_of(st.just({"whatsapp:t1": "2026-03-01"}), JSON),
        },
    ),
)
MANIFESTS = st.one_of(
    st.binary(max_size=50),
    st.sampled_from([b"", b"{}", b"[" * 100_000, b"[]", b"null", b'{"files": []}', b"9" * 5_000, b"\xff\xfe"]),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(PATHS, ENTRIES, max_size=4).map(
        lambda files: json.dumps({"files": files, "tenant_key": "..:.."}).encode()
    ),
)


@given(MANIFESTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_manifest_harms_anything_or_stops_the_export(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    root = tmp_path_factory.mktemp("hostile")
    mart = Mart(row(1, "1"), row(2, "1"), row(1, "1", "whatsapp:t2"))
    publish(mart, root / "a" / "b")
    folder = root / "a" / "b" / T1
    mine = [root / "private.csv", root / "a" / "private.csv", root / "a" / "b" / "private.csv"]
    mine += [folder / "notes.txt", folder / "2026-03-09.csv"]
    for path in mine:
        path.write_text("secret")
    (folder / "manifest.json").write_bytes(content)
    result = publish(mart, root / "a" / "b", hour=1)
    for path in mine[:-1]:
        assert path.read_text() == "secret"
    assert result.published + result.unchanged == 3
    assert "private" not in str(restatements(root / "a" / "b"))
    if result.faults:
        [told] = result.faults
        assert "\n" not in told
        # Nothing is lost: what was there is kept under a name of its own.
        assert content in [p.read_bytes() for p in folder.glob("manifest.damaged-*.json")]
    result = publish(mart, root / "a" / "b", hour=2)
    assert (result.unchanged, result.faults) == (3, ())


def test_restatements_are_recorded_although_the_manifest_is_damaged(tmp_path: Path) -> None:
    publish(Mart(row(1, "1"), row(2, "1")), tmp_path)
    (tmp_path / T1 / "manifest.json").write_text("{}")
    result = publish(Mart(row(1, "2"), row(2, "1")), tmp_path, hour=1)
    assert (result.restated, result.unchanged, result.published) == (1, 1, 0)
    [record] = restatements(tmp_path)
    assert (record["old_as_of"], record["changes"][0]["old"]) == (None, "1.000000000")
    [told] = result.faults
    assert told.startswith(
        f"tenant whatsapp:t1: {T1}/manifest.json was not believed: it is no manifest (KeyError). It is kept as "
    )


def test_manifest_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(Mart(row(1, "1")), tmp_path)
    monkeypatch.setattr("exports.manifest.MOST_BYTES", 100)
    assert "manifest.json was not believed" in publish(Mart(row(1, "1")), tmp_path, hour=1).faults[0]


def test_links_are_neither_written_nor_read_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("secret")
    exports = tmp_path / "exports"
    publish(Mart(row(1, "1"), row(2, "1")), exports)
    folder = exports / T1
    period = folder / "2026-03-01.csv"
    period.unlink()
    period.symlink_to(outside)
    gone = folder / "2026-03-02.csv"
    gone.unlink()
    gone.symlink_to(outside)
    for name in ("2026-03-01.csv.partial", "manifest.json.partial", "restatements.jsonl"):
        (folder / name).symlink_to(outside)
    os.mkfifo(folder / "2026-03-03.csv")
    result = publish(Mart(row(1, "2"), row(3, "1")), exports, hour=1)
    assert result.faults == ()
    assert outside.read_text() == "secret"
    assert not period.is_symlink()
    assert not gone.is_symlink()
    assert not gone.exists()
    assert "secret" not in (folder / "restatements.jsonl").read_text()
    assert (folder / "2026-03-03.csv").is_file()


def test_link_in_the_place_of_a_file_that_did_not_change_is_replaced(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    exports = tmp_path / "exports"
    publish(Mart(row(1, "1")), exports)
    period = exports / T1 / "2026-03-01.csv"
    period.rename(outside)
    period.symlink_to(outside)
    result = publish(Mart(row(1, "1")), exports, hour=1)
    assert (result.published, result.unchanged, result.faults) == (1, 0, ())
    assert not period.is_symlink()
    assert period.read_bytes() == outside.read_bytes()


def test_file_of_a_killed_run_is_removed_and_no_other(tmp_path: Path) -> None:
    publish(Mart(row(1, "1")), tmp_path)
    folder = tmp_path / T1
    (folder / "2026-03-01.csv.0123456789abcdef.partial").write_text("half")
    (folder / "mine.txt.0123456789abcdef.partial").write_text("mine")
    publish(Mart(row(1, "1")), tmp_path, hour=1)
    assert set(tree(folder)) == {
        "manifest.json",
        "2026-03-01.csv",
        "mine.txt.0123456789abcdef.partial",
    }


def test_exports_to_an_object_store_work_alike() -> None:
    mart = Mart(row(1, "1"), row(1, "1", CJK))
    assert publish(mart, "memory://bucket/exports").published == 2
    assert publish(mart, "memory://bucket/exports").unchanged == 2
    mart = Mart(row(1, "2"))
    result = publish(mart, "memory://bucket/exports")
    assert (result.restated, result.withdrawn, result.faults) == (1, 1, ())
