"""The oracle beside a warehouse: every mart, and every row that the oracle can't read.

Belongs here: what is compared. Not here: what their marts must hold (one module per system).
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from oracle.consulting import Consulting
from oracle.customers import Customers
from oracle.differences import differences
from oracle.erp import Erp
from oracle.kpis import kpis
from oracle.periods import Mart, Row
from oracle.restaurant import Restaurant
from oracle.shop import Shop
from oracle.sources import SourceFile
from oracle.whatsapp import Whatsapp

Query = Callable[[str], pa.Table]
SOURCES = ("whatsapp", "restaurant", "shop", "consulting", "erp")


def disagreements(query: Query, folder: Path) -> list[str]:
    """Compare every mart with the oracle, a line for each disagreement.

    The build's day is taken to be that of the sources' last change: they are compared right after a run.

    Args:
        query: Reads the warehouse.
        folder: Where the sources' SQLite files are.
    """
    as_of = datetime.fromtimestamp(max(path.stat().st_mtime for path in folder.iterdir()), UTC)
    sources = {name: SourceFile(name, folder / f"{name}.sqlite", as_of) for name in SOURCES}
    marts = _marts(query, sources)
    told = [line for source in sources.values() for line in _unexplained(query, source)]
    built = query("select table_name from information_schema.tables where table_schema = 'marts'")
    if others := set(built["table_name"].to_pylist()) ^ {mart.name for mart in marts}:
        told.append(f"only the warehouse or only the oracle has {sorted(others)}")
    for mart in marts:
        if mart.name not in others:
            told += differences(mart, query(f"select * from marts.{mart.name}").to_pylist())
    return told


def _marts(query: Query, sources: dict[str, SourceFile]) -> list[Mart]:
    def versions(source: str, table: str) -> list[Row]:
        rows: list[Row] = query(f"select * from raw_{source}.{table}").to_pylist()
        return rows

    whatsapp = Whatsapp(sources["whatsapp"], versions("whatsapp", "conversations"))
    restaurant = Restaurant(sources["restaurant"])
    shop = Shop(sources["shop"])
    consulting = Consulting(sources["consulting"], versions("consulting", "leads"))
    erp = Erp(sources["erp"], versions("erp", "customer_segments"))
    customers = Customers(restaurant, shop, whatsapp, erp)
    systems = [mart for system in (whatsapp, restaurant, shop, consulting, erp) for mart in system.marts()]
    return [*systems, *customers.marts(), kpis(systems, customers.today)]


def _unexplained(query: Query, source: SourceFile) -> list[str]:
    """Rows that the oracle can't read and the warehouse took all the same."""
    rejected = query(f"select distinct table_name, row_key from raw_{source.name}._rejected").to_pylist()
    known = {(row["table_name"], str(json.loads(row["row_key"])["id"])) for row in rejected}
    lost = [(table, key) for table, keys in source.unreadable.items() for key in keys if (table, key) not in known]
    return [f"{source.name}: not rejected, though unreadable: {lost}"] if lost else []
