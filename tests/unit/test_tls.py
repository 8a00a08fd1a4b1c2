"""Which connections are encrypted where their owner said nothing of it."""

import pytest
from sqlalchemy import make_url

from ingestion.settings import parse_url

LOCAL = ("localhost", "127.0.0.1", "127.8.9.1", "[::1]")


@pytest.mark.parametrize("host", LOCAL)
@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "postgresql+psycopg2"])
def test_connections_within_the_machine_are_as_the_url_says(dialect: str, host: str) -> None:
    url = f"{dialect}://me:secret@{host}:5432/db"
    assert parse_url(url, "X") == make_url(url)


@pytest.mark.parametrize("told", ["", "?host=/var/run/postgresql", "?host=/tmp,localhost"])
def test_sockets_are_within_the_machine(told: str) -> None:
    assert "sslmode" not in parse_url(f"postgresql:///db{told}", "X").query


@pytest.mark.parametrize(
    "host", ["db.example.com", "10.0.0.5", "localhost.example.com", "[2001:db8::1]", "localhost,db"]
)
def test_others_are_encrypted(host: str) -> None:
    for dialect in ("postgresql", "postgres", "postgresql+psycopg2"):
        assert parse_url(f"{dialect}://me@{host}/db?application_name=x", "X").query["sslmode"] == "require"
    for dialect in ("mysql", "mariadb", "mysql+pymysql"):
        assert parse_url(f"{dialect}://me@{host}/db", "X").query["ssl_verify_cert"] == "none"


def test_host_among_the_options_counts() -> None:
    assert parse_url("postgresql:///db?host=db.example.com", "X").query["sslmode"] == "require"
    assert parse_url("postgresql://localhost/db?hostaddr=10.0.0.5", "X").query["sslmode"] == "require"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example.com/db?sslmode=disable",
        "postgresql://db.example.com/db?sslrootcert=system",
        "mysql://db.example.com/db?ssl_disabled=true",
        "mysql://db.example.com/db?ssl_ca=/etc/ca.pem",
        # Drivers that know other options, or none.
        "postgresql+asyncpg://db.example.com/db",
        "mssql+pyodbc://db.example.com/db",
    ],
)
def test_what_the_owner_says_counts(url: str) -> None:
    assert parse_url(url, "X") == make_url(url)


def test_the_environment_of_postgresql_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert "sslmode" not in parse_url("postgresql://db.example.com/db", "X").query
