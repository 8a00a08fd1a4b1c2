"""Who is compared: the project, its peers, and the limits that no program gets below.

Belongs here: one class for each, with the command that it runs and the place where the rows end up. Not here:
when they run (extraction.py).
"""

import shlex
import shutil
import sys
from importlib.metadata import Distribution
from pathlib import Path
from typing import ClassVar, Protocol

import yaml

from benchmarks import TABLE
from benchmarks.measure import ROOT
from benchmarks.source import CREATE, Content, Server, duckdb_content, postgresql_content

PROJECT = "this project"


class Contender(Protocol):
    """A way of moving the table.

    Attributes:
        name: how it is called in the report.
    """

    name: str

    def reset(self) -> None:
        """Begin anew: nothing was ever moved."""
        ...

    def clean(self) -> None:
        """Leave nothing behind."""
        ...

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        """Program with its arguments, and its environment, given the name of the source's database."""
        ...

    def content(self, has_changed: bool) -> Content | None:
        """What arrived.

        Args:
            has_changed: whether the table was moved more than once.
        """
        ...


class _InFolder:
    """A contender with files of its own, its DuckDB file among them."""

    rows: ClassVar[str] = TABLE

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._file = folder / "warehouse.duckdb"

    def reset(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)

    def clean(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def content(self, has_changed: bool) -> Content | None:
        del has_changed
        return duckdb_content(self._file, self.rows)


class _InDatabase:
    """A contender that writes into a database of the same server."""

    def __init__(self, server: Server, database: str) -> None:
        self._server = server
        self._database = database

    def reset(self) -> None:
        self._server.new_database(self._database)

    def clean(self) -> None:
        self._server.drop_database(self._database)

    def content(self, has_changed: bool) -> Content | None:
        del has_changed
        return postgresql_content(self._server, self._database)


class CopyOut:
    """The limit of reading: COPY BINARY by psql, the bytes thrown away."""

    name = "COPY out, bytes thrown away"

    def __init__(self, server: Server) -> None:
        self._server = server

    def reset(self) -> None:
        """Nothing to forget."""

    def clean(self) -> None:
        """Nothing to forget."""

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        return ["sh", "-c", f"{copy_out(self._server, source)} > /dev/null"], {}

    def content(self, has_changed: bool) -> Content | None:
        del has_changed
        return None


class ArrowToDuckdb(_InFolder):
    """The limit of loading DuckDB: Arrow's driver and an insert, nothing checked, hashed or remembered."""

    name = "COPY out → Arrow → DuckDB"

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        return mover("arrow-to-duckdb", self._server.url(source), str(self._file))


class Dlt(_InFolder):
    """dlt's `sql_database` with one of its backends."""

    rows = f"dlt.{TABLE}"

    def __init__(self, server: Server, folder: Path, backend: str, how: str = "replace") -> None:
        super().__init__(server, folder)
        self.name = f"dlt, {backend}" + (", merge by cursor" if how == "merge" else "")
        self._backend, self._how = backend, how

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        command, environment = mover("dlt", self._backend, self._server.url(source), str(self._folder), self._how)
        return command, environment | {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(self._folder / "dlt")}


class CopyPipe(_InDatabase):
    """The limit of loading PostgreSQL: COPY BINARY out by one psql, into a bare table by another."""

    name = "COPY out → COPY in"

    def reset(self) -> None:
        super().reset()
        self._server.sql(self._database, CREATE)

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        return ["sh", "-c", f"{copy_out(self._server, source)} | {copy_in(self._server, self._database)}"], {}


class Sling(_InDatabase):
    """Sling, by the program that its wheel holds.

    Only into PostgreSQL: into DuckDB it downloads DuckDB's program and extensions while it runs.
    """

    name = "Sling"

    def __init__(self, server: Server, database: str, folder: Path) -> None:
        super().__init__(server, database)
        self._folder = folder

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        program = Distribution.from_name("sling-linux-amd64").locate_file("sling_linux_amd64/bin/sling-linux-amd64")
        table = f"public.{TABLE}"
        command = [str(program), "run", "--mode", "full-refresh"]
        command += ["--src-conn", "SOURCE", "--src-stream", table, "--tgt-conn", "TARGET", "--tgt-object", table]
        return command, {
            "SOURCE": self._server.url(source),
            "TARGET": self._server.url(self._database),
            "SLING_HOME_DIR": str(self._folder),
            "SLING_DISABLE_TELEMETRY": "TRUE",
        }


class Project:
    """This project: `python -m ingestion run` with a catalogue of this table alone, into DuckDB or PostgreSQL."""

    name = PROJECT

    def __init__(self, server: Server, folder: Path, python: Path, target: str) -> None:
        self._target = target
        self._server, self._folder, self._python = server, folder, python
        self._database = "project"

    def reset(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        catalogue = yaml.safe_load((ROOT / "ingestion" / "catalogue.yml").read_text(encoding="utf-8"))
        only = {"whatsapp": {TABLE: catalogue["whatsapp"][TABLE]}}
        (self._folder / "catalogue.yml").write_text(yaml.safe_dump(only), encoding="utf-8")
        if self._target == "PostgreSQL":
            self._server.new_database(self._database)

    def clean(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._server.drop_database(self._database)

    def command(self, source: str) -> tuple[list[str], dict[str, str]]:
        duckdb = f"duckdb:///{self._folder / 'warehouse.duckdb'}"
        return [str(self._python), "-m", "ingestion", "run"], {
            "PYTHONPATH": str(ROOT),
            "WHATSAPP_DATABASE_URL": self._server.url(source),
            "WAREHOUSE_URL": duckdb if self._target == "DuckDB" else self._server.url(self._database),
            "ARCHIVE_URL": str(self._folder / "archive"),
            "INGESTION_CATALOGUE": str(self._folder / "catalogue.yml"),
        }

    def content(self, has_changed: bool) -> Content | None:
        rows = f"raw_whatsapp.{TABLE}"
        if has_changed:
            # The log keeps every version; the latest is the row.
            rows = f"(select distinct on (id) * from {rows} order by id, _batch_seq desc)"
        if self._target == "DuckDB":
            return duckdb_content(self._folder / "warehouse.duckdb", rows)
        return postgresql_content(self._server, self._database, rows)


def mover(*arguments: str) -> tuple[list[str], dict[str, str]]:
    """A move of movers.py, in this environment."""
    return [sys.executable, "-m", "benchmarks.movers", *arguments], {"PYTHONPATH": str(ROOT)}


def copy_out(server: Server, database: str) -> str:
    """The table in PostgreSQL's binary form to standard output."""
    return _psql(server, database, f"copy {TABLE} to stdout (format binary)")


def copy_in(server: Server, database: str) -> str:
    """The same from standard input, into an empty table."""
    return _psql(server, database, f"copy {TABLE} from stdin (format binary)")


def _psql(server: Server, database: str, statement: str) -> str:
    command = [str(server.programs / "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    return shlex.join([*command, server.url(database), "--command", statement])
