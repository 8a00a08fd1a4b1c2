"""Archive and exports where a server refuses, or nothing is: one clear line, whatever the library raises."""

from collections.abc import Iterator
from ftplib import error_perm
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from sandbox import Sandbox, message

import exports.__main__ as exports_cli
import ingestion.__main__ as ingestion_cli
from ingestion.errors import StorageError
from ingestion.output.storage import Storage

SECRET = "hunter2"
URLS = [
    "ftp://127.0.0.1:1/x",
    f"ftp://me:{SECRET}@127.0.0.1:1/x",
    "s3://bucket/x",
    "gs://bucket/x",
    "abfs://container/x",
    "sftp://127.0.0.1:1/x",
    "webdav://127.0.0.1:1/x",
    f"https://me:{SECRET}@127.0.0.1:1/x",
    "hdfs://127.0.0.1:1/x",
    "nosuch://x",
    "github://a:b@c/x",
]


@pytest.fixture
def sandbox(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    sandbox = Sandbox(tmp_path).fill()
    sandbox.sql(message(1))
    sandbox.export_settings(monkeypatch)
    return sandbox


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    written = capsys.readouterr()
    assert "Traceback" not in written.out + written.err
    assert SECRET not in written.out + written.err
    return [line.removeprefix("error: ") for line in written.err.splitlines() if not line.startswith("  ")]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("variable", ["ARCHIVE_URL", "EXPORTS_URL"])
def test_place_that_cannot_be_used_is_told_in_one_line(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, url)
    main, arguments = (ingestion_cli.main, ["run"]) if variable == "ARCHIVE_URL" else (exports_cli.main, ["run"])
    assert main(arguments) == 1
    [error] = told(capsys)
    assert variable in error
    assert "127.0.0.1:1/x" not in error


def test_status_needs_no_archive(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the day that the source's rows are of.
    monkeypatch.setenv("AS_OF", "2026-03-01T12:00:00+00:00")
    assert ingestion_cli.main(["run"]) == 0
    monkeypatch.setenv("ARCHIVE_URL", "ftp://127.0.0.1:1/x")
    assert ingestion_cli.main(["status"]) == 0


class Odd(Exception):  # noqa: N818 - as libraries call theirs
    """What a backend's library raises: no OSError, and several lines with a URL in them."""

    def __str__(self) -> str:
        return f"refused by https://me:{SECRET}@host/x?token={SECRET}\nand more"


FAULTS = [
    Odd(),
    error_perm("530 Login incorrect."),  # noqa: S321
    EOFError(),
    NotImplementedError(),
    RuntimeError("Session is closed"),
    KeyError("Bucket"),
    TimeoutError("timed out"),
    PermissionError(13, "Forbidden"),
    ValueError("bad"),
    AssertionError(),
    pa.ArrowInvalid("x"),
]


class Refusing(MemoryFileSystem):
    """A server that fails at one kind of request."""

    protocol = "refusing"
    cachable = False
    store: dict[str, Any] = {}  # noqa: RUF012 - as its parent's
    pseudo_dirs = [""]  # noqa: RUF012
    at = ""
    fault: Exception = Odd()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fail("begin")

    @classmethod
    def fail(cls, at: str) -> None:
        if cls.at == at:
            raise cls.fault

    def ls(self, path: str, detail: bool = True, **options: Any) -> Any:
        self.fail("ls")
        return super().ls(path, detail=detail, **options)

    def open(self, path: str, mode: str = "rb", *arguments: Any, **options: Any) -> Any:
        self.fail(mode)
        return super().open(path, mode, *arguments, **options)

    def mv(self, path1: str, path2: str, *arguments: Any, **options: Any) -> Any:
        self.fail("mv")
        return super().mv(path1, path2, *arguments, **options)

    def rm_file(self, path: str) -> None:
        self.fail("rm")
        super().rm_file(path)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Refusing]]:
    fsspec.register_implementation("refusing", Refusing, clobber=True)
    monkeypatch.setattr(Refusing, "store", {})
    monkeypatch.setattr(Refusing, "pseudo_dirs", [""])
    monkeypatch.setattr(Refusing, "at", "")
    yield Refusing


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("at", ["begin", "ls", "rb", "wb", "mv", "rm"])
def test_whatever_a_backend_raises_is_one_line_of_our_own(
    refusing: type[Refusing], monkeypatch: pytest.MonkeyPatch, at: str, fault: Exception
) -> None:
    Storage("refusing://x", "ARCHIVE_URL").write("a", b"1")
    monkeypatch.setattr(Refusing, "at", at)
    monkeypatch.setattr(Refusing, "fault", fault)
    storage = Storage("refusing://x", "ARCHIVE_URL")
    acts: dict[str, Any] = {
        "begin": storage.check,
        "ls": storage.check,
        "rb": lambda: storage.read("a"),
        "wb": lambda: storage.write("a", b"2"),
        "mv": lambda: storage.write("a", b"2"),
        "rm": lambda: storage.remove("a"),
    }
    with pytest.raises(StorageError) as error:
        acts[at]()
    assert "ARCHIVE_URL" in str(error.value)
    assert "\n" not in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("at", ["wb", "mv"])
def test_archive_that_takes_no_file_keeps_batches_from_being_committed(
    refusing: type[Refusing],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    at: str,
) -> None:
    monkeypatch.setenv("ARCHIVE_URL", "refusing://x")
    sandbox.more["archive_url"] = "refusing://x"
    monkeypatch.setattr(Refusing, "at", at)
    assert ingestion_cli.main(["run"]) == 1
    errors = told(capsys)
    assert len(errors) == 3
    assert all("can't be written: Odd: refused by ... Check ARCHIVE_URL." in e for e in errors)
    assert sandbox.query("select * from raw_whatsapp.messages") == []
    monkeypatch.setattr(Refusing, "at", "")
    assert ingestion_cli.main(["run"]) == 0
    assert ingestion_cli.main(["rebuild", "--from-archive", "--replace"]) == 0
    assert sandbox.latest("messages", "id") == [(1,)]


@given(st.sampled_from(["", "a", "x/y"]), st.binary(max_size=9), st.binary(max_size=9))
def test_files_lie_alike_on_a_disk_and_on_a_server(
    tmp_path_factory: pytest.TempPathFactory, folder: str, one: bytes, other: bytes
) -> None:
    name = f"{folder}/n.txt".lstrip("/")
    root = tmp_path_factory.mktemp("disk")
    for storage in (Storage(str(root), "ARCHIVE_URL"), Storage(f"memory://{root.name}", "ARCHIVE_URL")):
        assert storage.sizes() == {}
        assert storage.listed(folder) == []
        assert storage.read(name) is None
        assert storage.digest(name) is None
        storage.write(name, one)
        storage.append(name, other)
        assert storage.read(name) == one + other
        assert storage.sizes() == {name: len(one + other)}
        assert storage.listed(folder) == ["n.txt"]
        storage.move(name, "z/other.txt")
        assert storage.sizes() == {"z/other.txt": len(one + other)}
        storage.remove("z/other.txt")
        storage.remove("z/other.txt")
        assert storage.sizes() == {}


def test_export_to_a_server_that_takes_no_file_tells_each_tenant(
    refusing: type[Refusing], monkeypatch: pytest.MonkeyPatch
) -> None:
    from test_exports import Mart, publish, row

    mart = Mart(*(row(1, "1", f"whatsapp:t{n}") for n in range(30)))
    monkeypatch.setattr(Refusing, "at", "mv")
    result = publish(mart, "refusing://x")
    assert result.published == 0
    assert result.faults[0].startswith(
        "tenant whatsapp:t0: whatsapp/t0/costs_daily/2026-03-01.csv can't be written: Odd: refused by"
    )
    assert result.faults[20:] == ("10 more tenants failed",)
    monkeypatch.setattr(Refusing, "at", "")
    assert publish(mart, "refusing://x").published == 30
