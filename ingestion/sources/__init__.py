"""Readers of source databases, one file each.

Belongs here: which reader serves which URL. Not here: what is done with the rows.
"""

from importlib import import_module

from sqlalchemy import URL

from ingestion.errors import ConfigurationError
from ingestion.sources.base import Source

_READERS = {
    "sqlite": "ingestion.sources.adbc_sqlite:SqliteSource",
    "postgresql": "ingestion.sources.adbc_postgresql:PostgresqlSource",
    "postgres": "ingestion.sources.adbc_postgresql:PostgresqlSource",
}
# Whatever driver their URL names: the others show a zero date as null.
_DIALECT_READERS = dict.fromkeys(("mysql", "mariadb"), "ingestion.sources.mysql:MysqlSource")
_GENERAL = "ingestion.sources.sqlalchemy:SqlalchemySource"
_PACKAGES = {"pymysql": "'PyMySQL[rsa]'", "psycopg2": "psycopg2-binary"}


def open_source(name: str, url: URL) -> Source:
    """The reader for a source. Nothing is connected yet.

    A plain URL gets the best reader; one that names a driver (`sqlite+pysqlite://`) that driver, but for MySQL.

    Raises:
        ConfigurationError: no dialect or driver for the URL is installed.
    """
    dialect = url.drivername.partition("+")[0]
    reader = _READERS.get(url.drivername) or _DIALECT_READERS.get(dialect, _GENERAL)
    module, _, class_ = reader.partition(":")
    try:
        source: Source = getattr(import_module(module), class_)(name, url)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{name.upper()}_DATABASE_URL: the driver module '{error.name}' is not installed. "
            f"Install it: .venv/bin/pip install {_PACKAGES.get(error.name or '', error.name)}"
        ) from None
    return source
