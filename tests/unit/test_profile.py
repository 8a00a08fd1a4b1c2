"""What dbt connects to: profiles.yml with the variables that a warehouse's URL becomes."""

import os
from contextlib import closing
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from ingestion.settings import PROJECT_ROOT, parse_url
from ingestion.warehouses.bigquery_connection import BigqueryConnection
from orchestration.profile import variables

PROFILES = PROJECT_ROOT / "dbt_project" / "profiles.yml"
NOWHERE = {"user": "", "password": "", "host": "", "port": 5432, "sslmode": "", "sslrootcert": ""}


def profile() -> dict[str, Any]:
    """The target that dbt takes in this environment, as it renders it."""
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context

    set_invocation_context(os.environ)
    content = yaml.safe_load(PROFILES.read_text(encoding="utf-8"))["crm_warehouse"]
    renderer = ProfileRenderer({})
    target = renderer.render_value(content["target"])
    assert target in content["outputs"], target
    rendered: dict[str, Any] = renderer.render_data(content["outputs"][target])
    return rendered


def profile_of(url: str) -> dict[str, Any]:
    """The same for a warehouse's URL."""
    with patch.dict(os.environ, variables(parse_url(url, "WAREHOUSE_URL"))):
        return profile()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://us%40er:p%2Fa%3As%25%C3%A9%22@[::1]:5433/base?sslmode=require&sslrootcert=%2Fa%20b",
            {
                "user": "us@er",
                "password": 'p/a:s%é"',
                "host": "::1",
                "port": 5433,
                "database": "base",
                "sslmode": "require",
                "sslrootcert": "/a b",
            },
        ),
        (
            "postgresql://me:1234@warehouse.example/base",
            {"user": "me", "password": "1234", "host": "warehouse.example", "database": "base", "sslmode": "require"},
        ),
        (
            "postgresql://me:{{x}}@warehouse.example:5432/base%20two",
            {
                "user": "me",
                "password": "{{x}}",
                "host": "warehouse.example",
                "database": "base two",
                "sslmode": "require",
            },
        ),
        (
            "postgresql://me:a+b%2525:c@host/12%2F%2534?sslmode=verify-full",
            {"user": "me", "password": "a+b%25:c", "host": "host", "database": "12/%34", "sslmode": "verify-full"},
        ),
        ("postgresql+psycopg2://me@/base?host=%2Frun%2Fx", {"user": "me", "host": "/run/x", "database": "base"}),
        ("postgresql:///base?host=/run/a+b&port=5433", {"host": "/run/a b", "port": 5433, "database": "base"}),
    ],
)
def test_postgresql_url_becomes_plain_fields(url: str, expected: dict[str, Any]) -> None:
    assert profile_of(url).items() >= ({"type": "postgres"} | NOWHERE | expected).items()


def test_password_that_the_url_lacks_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "secret")
    assert profile_of("postgresql://me@host/base")["password"] == "secret"
    assert profile_of("postgresql://me:own@host/base")["password"] == "own"


def test_password_is_in_no_variable_that_dbt_may_write_down() -> None:
    for name, value in variables(parse_url("postgresql://me:hunter2@host/base", "WAREHOUSE_URL")).items():
        assert ("hunter2" in value) == name.startswith("DBT_ENV_SECRET_"), name


@pytest.mark.parametrize(
    "url", ["bigquery://project-1/pre_fix", "bigquery://p/x?maximum_bytes_billed=5000&location=europe-west3"]
)
def test_bigquery_url_is_read_as_the_ingestion_does(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:1")
    with closing(BigqueryConnection(parse_url(url, "WAREHOUSE_URL"))) as connection:
        assert (
            profile_of(url).items()
            >= {
                "type": "bigquery",
                "project": connection.project,
                "dataset": connection.prefix,
                "location": connection.location or "",
                "maximum_bytes_billed": connection.maximum_bytes_billed,
                "method": "oauth-secrets",
                "token": "none",
            }.items()
        )
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST")
    assert profile_of(url).items() >= {"method": "oauth", "token": ""}.items()


def test_file_is_the_same_from_every_folder() -> None:
    assert profile_of("duckdb:///data/other.duckdb")["path"] == str(PROJECT_ROOT / "data" / "other.duckdb")
    assert profile_of("duckdb:////with%20space/w.duckdb")["path"] == "/with space/w.duckdb"


def test_dbt_alone_needs_no_variable() -> None:
    assert profile().items() >= {"type": "duckdb", "path": "../data/warehouse.duckdb"}.items()


def test_dbt_alone_does_not_take_the_default_for_another_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://me@host/base")
    with pytest.raises(AssertionError, match="python -m orchestration dbt"):
        profile()


def test_profile_calls_no_method_of_pythons() -> None:
    """Jinja of other makes, as dbt 2.0's, has none."""
    text = PROFILES.read_text(encoding="utf-8")
    assert not [mark for mark in ("modules.", "').", ").", "fromjson") if mark in text.partition("crm_warehouse:")[2]]
