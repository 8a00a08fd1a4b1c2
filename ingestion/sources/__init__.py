"""Readers of source databases, one file each.

Belongs here: which reader serves which URL. Not here: what is done with the rows.
"""

from importlib import import_module

from sqlalchemy import URL

from ingestion.sources.base import Source

_READERS = {
    "sqlite": "ingestion.sources.adbc_sqlite:SqliteSource",
    "postgresql": "ingestion.sources.adbc_postgresql:PostgresqlSource",
    "postgres": "ingestion.sources.adbc_postgresql:PostgresqlSource",
}
_GENERAL = "ingestion.sources.sqlalchemy:SqlalchemySource"


def open_source(name: str, url: URL) -> Source:
    """The reader for a source. Nothing is connected yet.

    A URL that names a driver (`sqlite+pysqlite://`) gets that driver; a plain one gets the fastest reader.

    Raises:
        ConfigurationError: no dialect or driver for the URL is installed.
    """
    module, _, class_ = _READERS.get(url.drivername, _GENERAL).partition(":")
    source: Source = getattr(import_module(module), class_)(name, url)
    return source
