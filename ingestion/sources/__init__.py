"""Readers of source databases, one file each.

Belongs here: which reader serves which URL. Not here: what is done with the rows.
"""

from importlib import import_module

from sqlalchemy import URL

from ingestion.errors import ConfigurationError
from ingestion.sources.base import Source, SourceName

_READERS = {
    "sqlite": "ingestion.sources.adbc_sqlite:SqliteSource",
    "postgresql": "ingestion.sources.adbc_postgresql:PostgresqlSource",
    "postgres": "ingestion.sources.adbc_postgresql:PostgresqlSource",
}
# Whatever driver their URL names: the others show a zero date as null.
_DIALECT_READERS = dict.fromkeys(("mysql", "mariadb"), "ingestion.sources.mysql:MysqlSource")
_GENERAL = "ingestion.sources.sqlalchemy:SqlalchemySource"
_PACKAGES = {"pymysql": "'PyMySQL[rsa]'", "psycopg2": "psycopg2-binary"}


def open_source(name: str, url: URL, variable: str | None = None, schema: str | None = None) -> Source:
    """The reader for a source. Nothing is connected yet.

    Args:
        name: the source's name.
        url: where it is.
        variable: where that is told; as the five systems' own unless given.
        schema: where its tables are found; the database's default if None.

    A plain URL gets the best reader; one that names a driver (`sqlite+pysqlite://`) that driver, but for MySQL.

    Raises:
        ConfigurationError: no dialect or driver for the URL is installed, or it takes no schema.
    """
    dialect = url.drivername.partition("+")[0]
    reader = _READERS.get(url.drivername) or _DIALECT_READERS.get(dialect, _GENERAL)
    module, _, class_ = reader.partition(":")
    told = SourceName(name, variable)
    further = {}
    if schema is not None and dialect in ("postgresql", "postgres") and reader != _GENERAL:
        further = {"schema": schema}
    elif schema is not None and dialect in _DIALECT_READERS:
        # There a schema is a database.
        url = url.set(database=schema)
    elif schema is not None:
        raise ConfigurationError(
            f"{name}: a schema can be told of PostgreSQL and MySQL alone. Leave it out, and let the database's user "
            "have it as its default."
        )
    try:
        source: Source = getattr(import_module(module), class_)(told, url, **further)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{told.variable}: the driver module '{error.name}' is not installed. "
            f"Install it: .venv/bin/pip install {_PACKAGES.get(error.name or '', error.name)}"
        ) from None
    return source
