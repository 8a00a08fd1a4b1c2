"""The one place that reads the environment.

Belongs here: environment variables, `.env`, defaults and their validation. Not here: opening anything.
"""

import os
import re
from datetime import UTC, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ingestion.errors import ConfigurationError
from ingestion.tls import encrypted

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SAMPLE_DIRECTORY = PROJECT_ROOT / "data" / "sample"
SHORTEST_KEY = 32
SAMPLE_KEY = "The sample's people are nobody, so that its key is no secret."
"""Of pseudonyms in the sample; real sources refuse it."""

_BETWEEN_URLS = re.compile(r",(?=\s*[A-Za-z][A-Za-z0-9+.-]*://)")

SOURCES = ("consulting", "whatsapp", "restaurant", "shop", "erp")


def _empty_is_unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value().strip()) < SHORTEST_KEY:
        raise ValueError(f"it must have {SHORTEST_KEY} characters or more")
    return key


def _without_offset(told: time) -> time:
    if told.tzinfo is not None:
        raise ValueError("it is a time of day of SEND_TIMEZONE, and has no offset of its own")
    return told


SCHEDULES = ("hourly", "nightly", "daily", "weekly", "monthly", "deliveries")
"""What can be switched on: runs, the nightly sweep, publications by cadence, and what is sent."""


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _known_schedules(value: str) -> str:
    if unknown := sorted({*_words(value)} - {*SCHEDULES}):
        raise ValueError(f"there is no schedule '{unknown[0]}'. Name some of: {', '.join(SCHEDULES)}, by comma")
    return value


OptionalUrl = Annotated[str | None, BeforeValidator(_empty_is_unset)]


class Settings(BaseSettings):
    """Where the sources are, and where the warehouse, the archive and the exports lie.

    Relative file paths, also those in URLs, count from the project's root, so that every command sees the
    same files wherever it is started.
    """

    model_config = SettingsConfigDict(env_file=PROJECT_ROOT / ".env", extra="ignore", env_ignore_empty=True)

    warehouse_url: str = "duckdb:///data/warehouse.duckdb"
    consulting_database_url: OptionalUrl = None
    whatsapp_database_url: OptionalUrl = None
    restaurant_database_url: OptionalUrl = None
    shop_database_url: OptionalUrl = None
    erp_database_url: OptionalUrl = None
    archive_url: str = "data/archive"
    exports_url: str = "data/exports"
    # Not marts.duckdb: DuckDB names a file's catalog after it, and marts.costs_daily would be ambiguous there.
    bi_snapshot_path: Path = Path("data/bi.duckdb")
    sources_file: Path = Path("sources.yml")
    ingestion_catalogue: Path = PROJECT_ROOT / "ingestion" / "catalogue.yml"
    exports_catalogue: Path = PROJECT_ROOT / "exports" / "catalogue.yml"
    reports_catalogue: Path = PROJECT_ROOT / "exports" / "reports.yml"
    exports_link: str = ""
    ui_hosts: str = ""
    repository_url: str = ""
    readers_group: str = ""
    send_at: Annotated[time, AfterValidator(_without_offset)] = time(7)
    send_timezone: ZoneInfo = ZoneInfo("UTC")
    alert_urls: SecretStr | None = None
    schedules: Annotated[str, AfterValidator(_known_schedules)] = ""
    privacy_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    privacy_key_before: SecretStr | None = None
    default_country_code: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{0,2}$")] = None
    lock_timeout_seconds: float = 900.0
    readers_wait_seconds: Annotated[float, Field(ge=0)] = 300.0
    read_rows_per_second: Annotated[float | None, Field(gt=0)] = None
    compact_after_days: Annotated[float, Field(ge=0)] = 90.0
    retain_rejected_days: Annotated[int, Field(ge=1)] | None = None
    retain_versions_days: Annotated[int, Field(ge=1)] | None = None
    retain_revisions_days: Annotated[int, Field(ge=1)] | None = None
    as_of: AwareDatetime | None = None

    @classmethod
    def read(cls) -> "Settings":
        """The settings of this process.

        Raises:
            ConfigurationError: a variable has a value that it can't have.
        """
        try:
            settings = cls()
        except ValidationError as error:
            fault = error.errors()[0]
            name = ".".join(str(part) for part in fault["loc"]).upper()
            raise ConfigurationError(f"{name} can't be used: {fault['msg'].removeprefix('Value error, ')}.") from None
        settings.check_file()
        return settings

    def check_file(self) -> None:
        """See to it that nobody else on this machine can read or write `.env`, which holds passwords and keys.

        Raises:
            ConfigurationError: somebody can.
        """
        file = Path(str(self.model_config.get("env_file")))
        if os.name == "posix" and file.is_file() and file.stat().st_mode & 0o007:
            raise ConfigurationError(
                f"{file.name} holds secrets, and everybody on this machine may read or write it. Run: chmod 600 {file}"
            )

    def with_patience(self, seconds: float) -> "Settings":
        """The same for who only looks: a warehouse that is in use is waited for no longer than so."""
        return self.model_copy(update={"lock_timeout_seconds": min(self.lock_timeout_seconds, seconds)})

    def variable(self, name: str) -> str | None:
        """A variable whose name somebody chose, of the environment or else `.env`; None where it is unset or empty."""
        file = self.model_config.get("env_file")
        known = {**(dotenv_values(str(file)) if file else {}), **os.environ}
        return known.get(name) or None

    @property
    def schedules_on(self) -> frozenset[str]:
        """The schedules that are on from the beginning."""
        return frozenset(_words(self.schedules))

    @property
    def now(self) -> datetime:
        """The instant that models are built for: AS_OF, as a rule the clock's."""
        return self.as_of or datetime.now(UTC)

    @cached_property
    def uses_sample(self) -> bool:
        """Whether no source is told, by URL or file, so that the sample sources stand in for all five systems."""
        return not any(getattr(self, f"{source}_database_url") for source in SOURCES) and not self.has_sources_file

    def pseudonym_secret(self, needed_for: str) -> str:
        """What the keys of pseudonyms are derived from.

        Raises:
            ConfigurationError: there is none; it begins with what it is needed for.
        """
        if self.uses_sample:
            # Whether a key is told or not: setting one for the sources to come is not to stop the sample.
            return SAMPLE_KEY
        told = self.privacy_key.get_secret_value() if self.privacy_key else None
        if told is None or told == SAMPLE_KEY:
            what = "is not set" if told is None else "is the sample's, which everybody knows"
            raise ConfigurationError(
                f"{needed_for} become pseudonyms, and PRIVACY_KEY {what}. Make one, keep it where you keep secrets, "
                'and set it in the environment or in .env: python -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return told

    @property
    def sources_path(self) -> Path:
        """The owner's file of sources; there may be none."""
        return PROJECT_ROOT / self.sources_file

    @property
    def has_sources_file(self) -> bool:
        """Whether it names a source: a file of comments does not."""
        try:
            lines = self.sources_path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        return any(line.strip() and not line.lstrip().startswith("#") for line in lines)

    @cached_property
    def source_urls(self) -> dict[str, URL]:
        """The configured sources, in a fixed order: name → parsed URL.

        Raises:
            ConfigurationError: a URL does not parse.
        """
        if self.uses_sample:
            return {s: URL.create("sqlite", database=str(SAMPLE_DIRECTORY / f"{s}.sqlite")) for s in SOURCES}
        urls = {}
        for source in SOURCES:
            value = getattr(self, f"{source}_database_url")
            if value is not None:
                urls[source] = parse_url(value, f"{source.upper()}_DATABASE_URL")
        return urls

    @cached_property
    def warehouse(self) -> URL:
        """The parsed warehouse URL.

        Raises:
            ConfigurationError: it does not parse.
        """
        return parse_url(self.warehouse_url, "WAREHOUSE_URL")

    @property
    def alert_addresses(self) -> list[str]:
        """The URLs of ALERT_URLS. A comma parts two only where another URL follows: options have commas, too."""
        told = self.alert_urls.get_secret_value() if self.alert_urls else ""
        return [url.strip() for url in _BETWEEN_URLS.split(told) if url.strip()]

    @property
    def alerts_record(self) -> Path:
        """The file that remembers what is wrong and who was told.

        Where Dagster has a home elsewhere, it lies there: that is a place which this process may write.
        """
        data = PROJECT_ROOT / "data"
        return (data if self.dagster_home == data / "dagster" else self.dagster_home) / "alerts.json"

    @property
    def dagster_home(self) -> Path:
        """Dagster's folder, which has dbt's artifacts too; it may not be there yet."""
        return PROJECT_ROOT / (self.variable("DAGSTER_HOME") or "data/dagster")

    @property
    def archive(self) -> str:
        """The archive's root as fsspec takes it."""
        return anchored(self.archive_url)

    @property
    def exports(self) -> str:
        """The exports' root as fsspec takes it."""
        return anchored(self.exports_url)

    @property
    def exports_place(self) -> str:
        """The exports' root for people to read: without the password that a URL may hold."""
        return re.sub(r"://[^/@]*@", "://", self.exports)

    @property
    def bi_snapshot(self) -> Path:
        """The file that holds the read-only copy of core, marts and reporting."""
        return PROJECT_ROOT / self.bi_snapshot_path


def parse_url(value: str, variable: str) -> URL:
    """Parse a database URL, with a file path in it made absolute.

    Raises:
        ConfigurationError: `value` is no URL; the message names the variable only.
    """
    try:
        url = make_url(value.strip())
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            f"{variable} is not a database URL. Write it as dialect://user:password@host:port/database, "
            "or sqlite:////absolute/path for a file."
        ) from None
    is_file = url.get_backend_name() in ("sqlite", "duckdb") and url.database not in (
        None,
        "",
        ":memory:",
    )
    return url.set(database=str(PROJECT_ROOT / str(url.database))) if is_file else encrypted(url)


def anchored(location: str) -> str:
    """A location as fsspec takes it: a URL as it is, a relative path counted from the project's root."""
    protocol, found, path = location.partition("://")
    if protocol and found:
        return f"{protocol}://{path.rstrip('/')}"
    return str(PROJECT_ROOT / location)
