"""Files as a source, through a real extraction into DuckDB."""

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from ingestion.catalogue.entries import TableEntry
from ingestion.errors import SourceError, TransientSourceError
from ingestion.loading.progress import LogListener
from ingestion.loading.results import LoadResult
from ingestion.loading.source import load_source
from ingestion.log.archive import Archive
from ingestion.rows.columns import RawTable
from ingestion.sources.files import FilesSource
from ingestion.sources.files_entry import FilesEntry
from ingestion.warehouses import open_warehouse

COLUMNS = {"id": "identifier", "name": "text", "amount": "decimal", "day": "date"}


class Exports:
    """A folder of exports of one table `leads`, and a warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "exports"
        self.folder.mkdir()
        self.root = f"files://{self.folder}"
        self.entry: dict[str, object] = {"files": "leads*.csv"}
        self.table: dict[str, object] = {"columns": COLUMNS, "mode": "full", "max_delete_share": 1}
        self._warehouse = open_warehouse(make_url(f"duckdb:///{folder / 'w.duckdb'}"), 10)
        self._archive = Archive(str(folder / "archive"))

    def write(self, **files: str | bytes) -> None:
        """Files by the beginnings of their names, all .csv."""
        for name, content in files.items():
            path = self.folder / f"{name}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def source(self) -> FilesSource:
        entries = {"leads": FilesEntry.model_validate(self.entry), "others": FilesEntry(files="others.csv")}
        return FilesSource("hosted", self.root, entries)

    def load(self, **options: Any) -> LoadResult:
        # A second table is there beside the one that is looked at, or not: it may be absent.
        entries = {name: TableEntry.model_validate(self.table) for name in ("leads", "others")}
        with self._warehouse.session() as session:
            result, _ = load_source("hosted", entries, self.source(), session, self._archive, LogListener(), **options)
        return result

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self._warehouse.query(sql).to_pylist()]

    def live(self, columns: str = "id, name") -> list[tuple[Any, ...]]:
        return self.query(
            f"select {columns} from (select *, row_number() over (partition by id order by _batch_seq desc) as place "
            "from raw_hosted.leads) where place = 1 and _op = 'upsert' order by id"
        )

    def rejected(self) -> list[tuple[Any, ...]]:
        return self.query(
            "select row_key, column_name, reason, row_content from raw_hosted._rejected "
            "where resolved_at is null order by reason"
        )


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path)


def counts(result: LoadResult) -> tuple[int, int, int]:
    assert result.error is None
    return result.state.rows_read, result.state.rows_appended, result.state.rows_deleted


def test_parts_are_one_table_through_edits_removals_and_renames(exports: Exports) -> None:
    exports.write(leads1="id,name\n1,Ann\n2,Bob\n", leads2="name,id,more\nCid,3,x\n")
    assert counts(exports.load()) == (3, 3, 0)
    assert exports.live("id, name, more") == [("1", "Ann", None), ("2", "Bob", None), ("3", "Cid", "x")]
    # A touched file and a renamed one hold what they held.
    os.utime(exports.folder / "leads1.csv", (0, 0))
    (exports.folder / "leads2.csv").rename(exports.folder / "leads3.csv")
    unchanged = exports.load()
    assert (counts(unchanged), unchanged.scope) == ((0, 0, 0), "files unchanged")
    # Of the same size and date, with other content.
    exports.write(leads1="id,name\n1,Eve\n2,Bob\n")
    os.utime(exports.folder / "leads1.csv", (0, 0))
    assert counts(exports.load()) == (3, 1, 0)
    (exports.folder / "leads1.csv").unlink()
    assert counts(exports.load()) == (1, 0, 2)
    assert exports.live() == [("3", "Cid")]
    # Options change what a file says.
    exports.entry["null"] = ["", "x"]
    assert counts(exports.load()) == (1, 1, 0)


def test_last_snapshot_by_name_is_the_table(exports: Exports) -> None:
    exports.entry["each"] = "snapshot"
    exports.write(leads9="id,name\n1,Ann\n2,Bob\n")
    assert counts(exports.load()) == (2, 2, 0)
    exports.write(leads10="id,name\n2,Bea\n3,Cid\n")
    assert counts(exports.load()) == (2, 2, 1)
    assert exports.live() == [("2", "Bea"), ("3", "Cid")]
    exports.write(leads9="changed")
    assert counts(exports.load()) == (0, 0, 0)


def test_increments_add_and_later_files_supersede(exports: Exports) -> None:
    exports.entry["each"] = "increment"
    exports.write(leads9="id,name\n1,Ann\n2,Bob\n1,Amy\n", leads10="id,name\n2,Bea\n")
    assert counts(exports.load()) == (4, 2, 0)
    assert exports.live() == [("1", "Amy"), ("2", "Bea")]
    exports.write(leads11="id,name\n3,Cid\n1,Ada\n")
    assert counts(exports.load()) == (2, 2, 0)
    assert exports.load(keys_only=True).error is None
    # An earlier file that changes does not win over later ones.
    exports.write(leads9="id,name\n1,Abe\n4,Dan\n")
    assert counts(exports.load()) == (5, 1, 0)
    assert exports.live() == [("1", "Ada"), ("2", "Bea"), ("3", "Cid"), ("4", "Dan")]
    (exports.folder / "leads9.csv").unlink()
    assert counts(exports.load()) == (0, 0, 0)
    # A column more: all files that are there are read again, and nothing is deleted.
    exports.write(leads12="id,name,more\n5,Eva,x\n")
    assert counts(exports.load()) == (4, 1, 0)
    assert len(exports.live()) == 5
    assert exports.rejected() == []


def test_no_row_of_a_dirty_file_is_lost(exports: Exports) -> None:
    exports.entry |= {"separator": ";", "decimal": ",", "null": ["", "NULL"], "dates": "%d.%m.%Y"}
    content = (
        (
            "\ufeffid;name;amount;day;name;\r\n"
            '1;"a ""b""\r\nc; d";1,5;01.02.2026;x;y\r\n'
            "2;NULL;-3;;;\r\n"
            "3;too;few\r\n"
            "4;many;1;01.02.2026;;;;\r\n"
            '5;"lost;1;01.02.2026;;\r\n'
            "\r\n"
            "6;nul\0in;1.234,5;31.02.2026;;\r\n"
            "7;\xff;1;01.02.2026;;\r\n"
        )
        .encode()
        .replace("\xff".encode(), b"\xff")
    )
    exports.write(leads=content)
    result = exports.load()
    assert result.error is None
    assert exports.live("id, name, amount, day, name_5, column_6") == [
        ("1", 'a "b"\r\nc; d', Decimal("1.5"), date(2026, 2, 1), "x", "y"),
        ("2", None, Decimal(-3), None, None, None),
        ("6", "nul\0in", None, None, None, None),
        ("7", None, Decimal(1), date(2026, 2, 1), None, None),
    ]
    told = {(column, reason) for _, column, reason, _ in exports.rejected()}
    assert told == {
        ("_line", "3 values instead of 6 (leads.csv, line 5)"),
        ("_line", "8 values instead of 6 (leads.csv, line 6)"),
        ("_line", "a quote that is not closed (leads.csv, line 7)"),
        ("amount", "a number with a point, where the decimal sign is , (leads.csv, line 9)"),
        ("day", "expected a date written as %d.%m.%Y (leads.csv, line 9)"),
        ("name", "text that is not utf-8 (leads.csv, line 10)"),
    }
    [(key, content_)] = [(k, c) for k, _, reason, c in exports.rejected() if "line 5" in reason]
    assert json.loads(key) == {"_file": "leads.csv", "_line": 5}
    assert json.loads(content_) == {"_line": "3;too;few\r\n"}
    # A row that can't be parsed may be one that seems to be gone.
    exports.write(leads="id;name;amount;day;name;\n3;too;few\n1;a;1,5;;;\n")
    refused = exports.load()
    assert refused.error and "can't be parsed and may be they: nothing was deleted" in refused.error
    assert len(exports.live()) == 4
    # That is said until the file is right.
    assert exports.load().error == refused.error
    exports.write(leads="id;name;amount;day;name;\n3;ok;2;;;\n1;a;1,5;;;\n")
    assert counts(exports.load()) == (2, 1, 3)
    assert exports.rejected() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leads2.csv", b"id,name\n1,Ann\n2"),
        ("leads2.csv", b'id,name\n1,Ann\n2,"B'),
        ("leads2.csv", b"id,na"),
        ("leads2.csv", b""),
        ("leads2.jsonl", b'{"id": 1}\n{"id": 2, "na'),
        pytest.param("leads2.csv.gz", gzip.compress(b"id,name\n1,Ann\n" * 100, mtime=0)[:-9], id="leads2.csv.gz"),
        ("leads2.parquet", b"PAR1 and so on"),
        pytest.param("leads2.csv.zst", b"(\xb5/\xfd and so on", id="leads2.csv.zst"),
        ("leads2.zip", b""),
    ],
)
def test_file_that_is_not_whole_fails_its_table_and_changes_nothing(
    exports: Exports, name: str, content: bytes
) -> None:
    exports.entry["files"] = "leads*"
    exports.write(leads1="id,name\n7,Gil\n")
    exports.load()
    (exports.folder / name).write_bytes(content)
    result = exports.load()
    assert result.error and name in result.error
    assert exports.live() == [("7", "Gil")]
    assert result.is_transient == (content.startswith((b"id", b'{"')) or name.endswith(".gz") or name == "leads2.csv")


def test_file_that_grows_between_digest_and_read_is_not_read(exports: Exports) -> None:
    exports.write(leads="id,name\n1,Ann\n")
    with exports.source().snapshot() as snapshot:
        snapshot.position("leads", "full", None, None)
        exports.write(leads="id,name\n1,Ann\n2,Bob\n")
        with pytest.raises(TransientSourceError, match=r"leads\.csv changed while it was read"):
            list(snapshot.read(RawTable("hosted", "leads", (), ())))


def test_json_lines_keep_what_was_written(exports: Exports) -> None:
    exports.entry["files"] = "leads.jsonl"
    lines = [
        '{"id": 1, "name": "", "amount": 12345678901234567890.123456789}',
        '{"id": "2", "name": null, "nested": {"b": 1.10, "a": [1, {"x": 1e400}]}, "flag": true}',
        "no json",
        "[1]",
        '{"id": 3, "id": 4}',
        '{"id": 5, "name": "\\ud800", "late": "x"}',
    ]
    (exports.folder / "leads.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert exports.load().error is None
    assert exports.live("id, name, amount, nested, flag, late") == [
        ("1", "", Decimal("12345678901234567890.123456789"), None, None, None),
        ("2", None, None, '{"b": 1.10, "a": [1, {"x": 1e400}]}', "true", None),
        ("5", None, None, None, None, "x"),
    ]
    assert [(c, r[:14]) for _, c, r, _ in exports.rejected()] == [
        ("_line", "no JSON object"),
        ("_line", "no JSON object"),
        ("_line", "no JSON object"),
        ("name", "text that is n"),
    ]


def test_parquet_keeps_its_types(exports: Exports) -> None:
    exports.entry["files"] = "**/*.parquet"
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "amount": pa.array([1.1, None]),
            "at": pa.array([at, None], pa.timestamp("ns", "UTC")),
            "raw": pa.array([b"\0\xff", None]),
            "nested": pa.array([{"a": [1, 2]}, None]),
        }
    )
    (exports.folder / "a" / "b").mkdir(parents=True)
    pq.write_table(rows, exports.folder / "a" / "b" / "x.parquet")
    assert counts(exports.load()) == (2, 2, 0)
    expected = (1, Decimal("1.1"), at, b"\0\xff", '{"a": [1, 2]}')
    assert exports.live('id, amount, "at", raw, nested') == [expected, (2, None, None, None, None)]


def test_encodings_headers_and_compression(exports: Exports) -> None:
    exports.entry |= {"files": "leads.tsv.gz", "encoding": "cp1252", "header": ["id", "name"]}
    (exports.folder / "leads.tsv.gz").write_bytes(gzip.compress("1\tZoë €\n".encode("cp1252")))
    assert counts(exports.load()) == (1, 1, 0)
    assert exports.live() == [("1", "Zoë €")]
    exports.entry |= {"files": "leads.txt.zst", "encoding": "utf-16", "header": True}
    with pa.CompressedOutputStream(str(exports.folder / "leads.txt.zst"), "zstd") as file:
        file.write("id,name\n1,Łuc\n".encode("utf-16"))
    assert counts(exports.load()) == (1, 1, 0)
    assert exports.live() == [("1", "Łuc")]


def test_pattern_that_matches_nothing_says_what_is_near(exports: Exports) -> None:
    exports.write(leads_2026="id,name\n1,Ann\n", others="id\n1\n")
    near = "no file matches leads-*.csv; near are leads_2026.csv"
    exports.entry["files"] = "leads-*.csv"
    assert exports.load().outcome == f"not in the source, empty in raw; {near}"
    exports.entry["files"] = "leads*.csv"
    exports.load()
    exports.entry["files"] = "leads-*.csv"
    error = exports.load().error
    assert error and error == f"it was in the source before and is not there any more ({near}); nothing was deleted"
    # Increments may be taken away when they were read.
    exports.entry["each"] = "increment"
    assert exports.load().error is None
    assert exports.live() == [("1", "Ann")]


def test_links_and_folders_that_are_not_there_are_refused(exports: Exports, tmp_path: Path) -> None:
    exports.write(leads1="id,name\n1,Ann\n")
    exports.load()
    outside = tmp_path / "outside.csv"
    outside.write_text("id,name\n2,Bob\n", encoding="utf-8")
    (exports.folder / "leads2.csv").symlink_to(outside)
    refused = exports.load()
    assert refused.error and "leads2.csv is a link, which is not followed" in refused.error
    assert exports.live() == [("1", "Ann")]
    exports.root = f"files://{tmp_path}/secret-folder"
    with pytest.raises(SourceError, match="the url of hosted") as caught:
        exports.load()
    assert "secret-folder" not in str(caught.value)


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/bucket", recursive=True)


def test_bucket_is_read_like_a_folder(exports: Exports, memory: Any) -> None:
    exports.root, exports.entry["files"] = "memory://bucket/crm", "*/leads*.csv"
    memory.pipe("/bucket/crm/2026/leads1.csv", b"id,name\n1,Ann\n")
    assert counts(exports.load()) == (1, 1, 0)
    memory.pipe("/bucket/crm/2026/leads1.csv", b"id,name\n1,Eve\n")
    assert counts(exports.load()) == (1, 1, 0)
    assert exports.live() == [("1", "Eve")]


TEXTS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
ROWS = st.dictionaries(st.integers(0, 99).map(str), st.tuples(TEXTS, TEXTS), min_size=1, max_size=12)


def csv_text(rows: Iterable[tuple[str | None, ...]]) -> str:
    def cell(value: str | None) -> str:
        return "\\N" if value is None else '"' + value.replace('"', '""') + '"'

    return "".join(",".join(map(cell, row)) + "\n" for row in rows)


@given(rows=ROWS, each=st.sampled_from(["part", "increment"]), cuts=st.lists(st.integers(0, 12), max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rows_come_as_they_were_given_whatever_the_files(
    tmp_path_factory: pytest.TempPathFactory,
    rows: dict[str, tuple[str | None, str | None]],
    each: str,
    cuts: list[int],
) -> None:
    exports = Exports(tmp_path_factory.mktemp("random"))
    exports.entry = {"files": "t*", "each": each, "null": ["\\N"]}
    given_ = sorted((key, *values) for key, values in rows.items())
    names = ("id", "name", "more")
    ends = sorted({*(min(c, len(given_)) for c in cuts), len(given_)})
    for place, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        part = given_[start:end]
        base = exports.folder / f"t{place}"
        if place % 3 == 0:
            base.with_suffix(".csv").write_bytes(csv_text([names, *part]).encode())
        elif place % 3 == 1:
            lines = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in part)
            base.with_suffix(".jsonl").write_bytes(lines.encode())
        else:
            columns = {name: pa.array([row[i] for row in part], pa.string()) for i, name in enumerate(names)}
            pq.write_table(pa.table(columns), base.with_suffix(".parquet"))
    assert exports.load().error is None
    assert exports.rejected() == []
    assert sorted(exports.live("id, name, more")) == given_


def test_times_without_a_zone_are_read_in_the_one_told(exports: Exports) -> None:
    exports.table["columns"] = COLUMNS | {"seen": "timestamp"}
    exports.table["mapping"] = {"zone": "Europe/Madrid"}
    evening, midnight = (datetime.fromisoformat(f"{at}+00:00") for at in ("2026-07-01T22:30", "2026-07-01T22:00"))
    exports.write(leads="id,seen\n1,2026-07-02 00:30\n2,2026-07-02\n3,2026-07-01T22:30Z\n4,soon\n")
    exports.load()
    assert exports.live("id, seen") == [("1", evening), ("2", midnight), ("3", evening), ("4", None)]
    assert [row[:3] for row in exports.rejected()] == [('{"id": "4"}', "seen", "expected a timestamp")]
    # Told by a format, with an offset or without.
    for form, own in (("%d.%m.%Y %H:%M", ""), ("%d.%m.%Y %H:%M%z", "+0200")):
        exports.entry["dates"] = form
        exports.write(leads=f"id,seen\n1,02.07.2026 00:30{own}\n2,02.07.2026 00:00{own}\n")
        exports.load()
        assert exports.live("id, seen") == [("1", evening), ("2", midnight)]
    # In UTC it is midnight, of which nothing but the day would be left to read in the zone.
    exports.write(leads="id,seen\n1,02.07.2026 02:00+0200\n")
    exports.load()
    assert exports.live("seen") == [(datetime.fromisoformat("2026-07-02T00:00+00:00"),)]


def test_times_of_parquet_are_read_in_the_zone_told_or_in_their_own(exports: Exports) -> None:
    exports.entry["files"] = "leads.parquet"
    exports.table["columns"] = COLUMNS | {"seen": "timestamp", "own": "timestamp"}
    exports.table["mapping"] = {"zone": "Europe/Madrid"}
    local, own = datetime.fromisoformat("2026-07-02T00:30:00.000001"), datetime.fromisoformat("2026-07-01T22:30+00:00")
    types = {"seen": pa.timestamp("ns"), "own": pa.timestamp("us", tz="Asia/Tokyo")}
    columns = {"id": pa.array(["1"]), "seen": pa.array([local], types["seen"]), "own": pa.array([own], types["own"])}
    pq.write_table(pa.table(columns), exports.folder / "leads.parquet")
    exports.load()
    assert exports.live("seen, own") == [(own.replace(microsecond=1), own)]
