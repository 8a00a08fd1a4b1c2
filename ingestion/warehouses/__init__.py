"""Writers of warehouses, one file each.

Belongs here: which warehouse serves which URL. Not here: what is written.
"""

from importlib import import_module

from sqlalchemy import URL

from ingestion.errors import ConfigurationError
from ingestion.warehouses.base import REPORTING, Described, Part, Query, Session, Warehouse

__all__ = ["REPORTING", "Described", "Part", "Query", "Session", "Warehouse", "open_warehouse"]

_WAREHOUSES = {
    "duckdb": "ingestion.warehouses.duckdb:DuckdbWarehouse",
    "postgresql": "ingestion.warehouses.postgresql:PostgresqlWarehouse",
    "bigquery": "ingestion.warehouses.bigquery:BigqueryWarehouse",
}


READERS_WAIT_SECONDS = 300.0
"""How long a server's readers may hold up writers where nobody says otherwise."""


def open_warehouse(
    url: URL, lock_timeout_seconds: float, readers_wait_seconds: float = READERS_WAIT_SECONDS
) -> Warehouse:
    """The warehouse behind a URL. Nothing is connected yet.

    Args:
        url: the warehouse's.
        lock_timeout_seconds: how long another writer is waited for.
        readers_wait_seconds: how long each reader is waited for, where readers can hold up writers.

    Raises:
        ConfigurationError: there is no writer for such a URL, or what it needs is not installed.
    """
    backend = url.get_backend_name()
    if backend not in _WAREHOUSES:
        known = ", ".join(f"{name}://" for name in _WAREHOUSES)
        raise ConfigurationError(f"Unknown warehouse '{backend}' in WAREHOUSE_URL. Use one of: {known}.")
    module, _, class_ = _WAREHOUSES[backend].partition(":")
    try:
        warehouse: Warehouse = getattr(import_module(module), class_)(url, lock_timeout_seconds, readers_wait_seconds)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"WAREHOUSE_URL: the module '{error.name}' is not installed. Install it: .venv/bin/pip install "
            "--require-hashes --no-deps --requirement requirements/runtime.txt"
        ) from None
    return warehouse
