"""The oracle beside a warehouse: every mart that the oracle knows, and every row that it can't read.

Belongs here: which systems are compared. Not here: what their marts must hold (one module per system).
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from oracle.consulting import Consulting
from oracle.customers import Customers
from oracle.differences import differences
from oracle.erp import Erp
from oracle.periods import Mart, Row
from oracle.restaurant import Restaurant
from oracle.shop import Shop
from oracle.sources import SourceFile
from oracle.whatsapp import Whatsapp

Query = Callable[[str], pa.Table]


def disagreements(query: Query, folder: Path) -> list[str]:
    """Compare every mart with the oracle, a line for each disagreement.

    The build's day is taken to be that of the sources' last change: they are compared right after a run.

    Args:
        query: Reads the warehouse.
        folder: Where the sources' SQLite files are.
    """
    told = []
    as_of = datetime.fromtimestamp(max(path.stat().st_mtime for path in folder.iterdir()), UTC)
    for source, marts in _oracles(query, folder, as_of):
        told += _unexplained(query, source)
        for mart in marts:
            told += differences(mart, query(f"select * from marts.{mart.name}").to_pylist())
    return told


def _oracles(query: Query, folder: Path, as_of: datetime) -> Iterator[tuple[SourceFile, list[Mart]]]:
    def file(name: str) -> SourceFile:
        return SourceFile(name, folder / f"{name}.sqlite", as_of)

    def versions(source: SourceFile, table: str) -> list[Row]:
        return query(f"select * from raw_{source.name}.{table}").to_pylist()

    source = file("whatsapp")
    whatsapp = Whatsapp(source, versions(source, "conversations"))
    yield source, whatsapp.marts()
    source = file("restaurant")
    restaurant = Restaurant(source)
    yield source, restaurant.marts()
    source = file("shop")
    shop = Shop(source)
    yield source, shop.marts()
    source = file("erp")
    erp = Erp(source, versions(source, "customer_segments"))
    yield source, [*erp.marts(), *Customers(restaurant, shop, whatsapp, erp).marts()]
    source = file("consulting")
    yield source, Consulting(source, versions(source, "leads")).marts()


def _unexplained(query: Query, source: SourceFile) -> list[str]:
    """Rows that the oracle can't read and the warehouse took all the same."""
    rejected = query(f"select distinct table_name, row_key from raw_{source.name}._rejected").to_pylist()
    known = {(row["table_name"], str(json.loads(row["row_key"])["id"])) for row in rejected}
    lost = [(table, key) for table, keys in source.unreadable.items() for key in keys if (table, key) not in known]
    return [f"{source.name}: not rejected, though unreadable: {lost}"] if lost else []
