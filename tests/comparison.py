"""Two warehouses side by side: tables and views of the models, cell by cell.

Another type of a column is a difference too. Left out are columns that tell of the load: `_loaded_at`, `_batch_seq`,
and when data_quality first and last saw something; marts.freshness, which tells when each of the two was loaded and
built; and core.tenant_access, which is no model's. What else the clock decides must be given to both builds: dbt's
variable `as_of`, or sources whose periods have all ended.
"""

from collections import Counter
from collections.abc import Collection

import pyarrow as pa

from ingestion.warehouses.base import Query, Warehouse
from ingestion.warehouses.sql import relation

SCHEMAS = ("core", "marts")
_SHOWN = 3
_OF_ITS_OWN = {("marts", "freshness"), ("core", "tenant_access")}

Row = tuple[object, ...]


def differences(one: Warehouse, other: Warehouse, schemas: Collection[str] = SCHEMAS) -> list[str]:
    """What differs, a line for each table that does; empty where the warehouses hold the same."""
    ours, theirs = (warehouse.tables(schemas) - _OF_ITS_OWN for warehouse in (one, other))
    found = [f"{'.'.join(table)} is in one of the two only" for table in sorted(ours ^ theirs)]
    with one.reader() as read, other.reader() as read_other:
        for table in sorted(ours & theirs):
            (names, rows), (other_names, other_rows) = _content(read, *table), _content(read_other, *table)
            if names != other_names:
                found.append(f"{'.'.join(table)} has columns {names} and {other_names}")
            elif rows != other_rows:
                missing, surplus = rows - other_rows, other_rows - rows
                found.append(
                    f"{'.'.join(table)} {names}: {missing.total()} of {rows.total()} rows are in the first only, "
                    f"{surplus.total()} in the second only: {_shown(missing)} and {_shown(surplus)}"
                )
    return found


def _content(read: Query, schema: str, table: str) -> tuple[dict[str, str], Counter[Row]]:
    """Columns with their types, and how often each row occurs."""
    content = read(f"select * from {relation(schema, table)}")
    of_load = {"first_seen_at", "last_seen_at"} if table == "data_quality" else set()
    names = [name for name in content.column_names if not name.startswith("_") and name not in of_load]
    content = content.select(names)
    columns = [_plain(column).to_pylist() for column in content.columns]
    return {field.name: str(field.type) for field in content.schema}, Counter(zip(*columns, strict=True))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals and instants as what Python makes, hashes and compares quickly."""
    if pa.types.is_decimal(column.type):
        return column.cast(pa.string())
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column


def _shown(rows: Counter[Row]) -> list[Row]:
    return sorted(rows, key=repr)[:_SHOWN]
