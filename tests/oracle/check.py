"""The oracle beside a warehouse: every mart, every source row, and those that the oracle can't read.

Belongs here: what is compared. Not here: what their marts must hold (one module per system).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from ingestion.warehouses.base import Query, Warehouse
from oracle.consulting import Consulting
from oracle.customers import Customers
from oracle.data_quality import unaccounted
from oracle.differences import differences
from oracle.erp import Erp
from oracle.kpis import kpis
from oracle.periods import Mart, Row
from oracle.restaurant import Restaurant
from oracle.shop import Shop
from oracle.sources import Source
from oracle.whatsapp import Whatsapp

Versions = Callable[[str, str], list[Row]]
"""Gives all versions of a system's table, as raw has them."""


class System(Protocol):
    """A source system that tells its marts."""

    def marts(self) -> list[Mart]:
        """All marts that are made from it alone."""


SYSTEMS: dict[str, Callable[[Source, Versions], System]] = {
    "whatsapp": lambda source, versions: Whatsapp(source, versions("whatsapp", "conversations")),
    "restaurant": lambda source, _: Restaurant(source),
    "shop": lambda source, _: Shop(source),
    "consulting": lambda source, versions: Consulting(source, versions("consulting", "leads")),
    "erp": lambda source, versions: Erp(source, versions("erp", "customer_segments")),
}


def disagreements(warehouse: Warehouse, folder: Path, as_of: datetime) -> list[str]:
    """Compare every mart with the oracle, a line for each disagreement.

    Args:
        warehouse: What was built of them.
        folder: Where the sources' SQLite files are.
        as_of: The instant that the marts were built for.
    """
    sources = {name: Source.from_file(name, as_of, folder / f"{name}.sqlite") for name in SYSTEMS}
    with warehouse.reader() as query:
        return [line for lines in _compared(query, sources).values() for line in lines]


def _compared(query: Query, sources: dict[str, Source]) -> dict[str, list[str]]:
    """By mart, and as `all` for what concerns none of them, the disagreements."""
    marts = _marts(_versions(query), sources)
    told = {"all": [line for source in sources.values() for line in _unexplained(query, source)]}
    built = query("select table_name from information_schema.tables where table_schema = 'marts'")
    told["data_quality"] = unaccounted(query)
    # What data_quality holds beside that depends on the sources' flaws, and freshness on the runs: dbt's unit tests
    # say what.
    if others := set(built["table_name"].to_pylist()) ^ {"data_quality", "freshness", *(mart.name for mart in marts)}:
        told["all"].append(f"only the warehouse or only the oracle has {sorted(others)}")
    for mart in marts:
        if mart.name not in others:
            told[mart.name] = differences(mart, query(f"select * from marts.{mart.name}").to_pylist())
    return told


def disagreements_of_system(warehouse: Warehouse, name: str, as_of: datetime, sources: Sequence[str] = ()) -> list[str]:
    """Compare the marts of one system with the oracle, given the rows that raw has.

    Args:
        warehouse: What was built of them.
        name: Of the system.
        as_of: The instant that the marts were built for.
        sources: All of its kind, each of which must give what it would give alone; the one of the kind's name if empty.
    """
    told = []
    with warehouse.reader() as query:
        found: dict[str, list[Row]] = {}
        for source in sources or [name]:
            versions = _versions(query, {name: source})
            system = SYSTEMS[name](Source.from_versions(name, as_of, versions), versions)
            for mart in system.marts():
                rows = found.setdefault(mart.name, query(f"select * from marts.{mart.name}").to_pylist())
                of_source = [
                    as_if_alone(row, name, source) for row in rows if row["tenant_key"].startswith(f"{source}:")
                ]
                told += [f"{source}: {line}" for line in differences(mart, of_source)]
        keys = {row["tenant_key"] for rows in found.values() for row in rows}
        return told + [key for key in sorted(keys) if key.partition(":")[0] not in (sources or [name])]


def disagreements_of_sources(warehouse: Warehouse, names: Mapping[str, str], as_of: datetime) -> list[str]:
    """Compare what all marts say of some sources with the oracle, which knows of no others, given what raw has.

    Args:
        warehouse: What was built of them, and of others.
        names: Kind → the source of it.
        as_of: The instant that the marts were built for.
    """
    kinds = {name: kind for kind, name in names.items()}
    told = []
    with warehouse.reader() as query:
        versions = _versions(query, names)
        sources = {name: Source.from_versions(name, as_of, versions) for name in SYSTEMS}
        for mart in _marts(versions, sources):
            rows = query(f"select * from marts.{mart.name}").to_pylist()
            owners = [row["tenant_key"].partition(":")[0] for row in rows]
            found = [
                as_if_alone(row, kinds[name], name) for row, name in zip(rows, owners, strict=True) if name in kinds
            ]
            told += differences(mart, found)
    return told


def as_if_alone(row: Row, kind: str, source: str) -> Row:
    """A row as it would be if its source were the only one and named as its kind (dbt_project/macros/sources)."""
    return {column: _cell_alone(row, column, kind, source) for column in row}


def _cell_alone(row: Row, column: str, kind: str, source: str) -> object:
    cell = row[column]
    if column == "source_system":
        return kind
    if not isinstance(cell, str) or not cell.startswith(f"{source}:"):
        return cell
    natural = cell.removeprefix(f"{source}:")
    if column.endswith("_key"):
        return f"{kind}:{natural}"
    # A tenant's id is always as its source has it; who has no name is called by the id.
    is_id = column.endswith("_id") and column != "tenant_id"
    is_id_as_name = column.endswith("_name") and cell == row.get(f"{column.removesuffix('_name')}_id")
    return natural if is_id or is_id_as_name else cell


def _versions(query: Query, names: Mapping[str, str] = MappingProxyType({})) -> Versions:
    def versions(system: str, table: str) -> list[Row]:
        rows: list[Row] = query(f"select * from raw_{names.get(system, system)}.{table}").to_pylist()
        return rows

    return versions


def _marts(versions: Versions, sources: dict[str, Source]) -> list[Mart]:
    systems = {name: SYSTEMS[name](source, versions) for name, source in sources.items()}
    marts = [mart for system in systems.values() for mart in system.marts()]
    restaurant, shop, whatsapp, erp = (systems[name] for name in ("restaurant", "shop", "whatsapp", "erp"))
    assert isinstance(restaurant, Restaurant)
    assert isinstance(shop, Shop)
    assert isinstance(whatsapp, Whatsapp)
    assert isinstance(erp, Erp)
    customers = Customers(restaurant, shop, whatsapp, erp)
    return [*marts, *customers.marts(), kpis(marts, customers.today)]


def _unexplained(query: Query, source: Source) -> list[str]:
    """Rows that the oracle can't read and the warehouse took all the same."""
    rejected = query(f"select distinct table_name, row_key from raw_{source.name}._rejected").to_pylist()
    known = {(row["table_name"], str(json.loads(row["row_key"])["id"])) for row in rejected}
    lost = [(table, key) for table, keys in source.unreadable.items() for key in keys if (table, key) not in known]
    return [f"{source.name}: not rejected, though unreadable: {lost}"] if lost else []
