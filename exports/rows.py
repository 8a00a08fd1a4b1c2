"""The rows of an export: what one query gives, as it is published.

Belongs here: which rows and columns, their order, names, rounding and headings. Not here: files (publish.py).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import pyarrow as pa
import pyarrow.compute as pc

from exports.catalogue import Export
from exports.errors import ExportError
from exports.names import Names, is_name
from ingestion.errors import nearest
from ingestion.warehouses import Query

_PERIOD = ["period_start_date", "period_end_date"]
_TENANT = "tenant_key"
_IS_COMPLETE = "is_complete"

_COUNTED_FROM_THE_BUILD = re.compile(r"as_of_date|recency_days|tenure_days|days_since_\w+|\w+_age_days|reason")
"""Columns that are others each day, though nothing happened: alone they change no file. The reason for which somebody
is in an audience names the day."""

_PERSONAL = re.compile(r"customer_(id|key|name)|\w*user_id|session_(key|id)|\w*_hash|owner|\w*(email|phone)\w*")
"""Columns of core that tell a person, or one person from another. tests/contract lists the tables that have none."""


@dataclass(frozen=True, slots=True)
class PeriodRows:
    """Rows that belong to one period, of one tenant where `tenant_key` is not None: those from `first` to before `end`.

    Attributes:
        start: its first day, ISO; None where the export has no periods.
        last: its last day, included.
        tenants: how many have rows.
    """

    tenant_key: str | None
    start: str | None
    last: str | None
    first: int
    end: int
    tenants: int = 1


@dataclass(frozen=True, slots=True)
class Rows:
    """What an export publishes, file after file.

    Attributes:
        published: under their headings.
        compared: of these, the columns that make a file another one.
        dimensions: headings of the columns that tell a row from the others.
        files: the periods of each file, in the order of the rows.
    """

    published: pa.Table
    compared: pa.Table
    dimensions: list[str]
    files: list[list[PeriodRows]]


def rows_of(export: Export, query: Query, names: Names) -> Rows:
    """The rows of complete periods, or of the table as it stands, in the one order in which they are published.

    Raises:
        ExportError: a column is missing, or personal.
        WarehouseError: the query can't be run.
    """
    table = query(_sql(export)).combine_chunks()
    _assert_may_be_published(export, table)
    if export.names:
        table = names.beside_ids(table)
    wanted = [*export.columns] or table.column_names
    _assert_has(export, table, {*wanted, *export.rounding, *_needed(export)})
    for name in _needed(export):
        if table[name].null_count:
            table = table.filter(pc.is_valid(table[name]))
    table = table.take(pc.sort_indices(table, [(name, "ascending") for name in _order(export, table)]))
    files = list(_files(export, table))
    headings = export.columns if isinstance(export.columns, dict) else {name: name for name in wanted}
    published = _rounded(export, table).select(wanted).rename_columns([headings[name] for name in wanted])
    lasting = [headings[name] for name in wanted if not _COUNTED_FROM_THE_BUILD.fullmatch(name)]
    compared = published.select(lasting) if 0 < len(lasting) < len(wanted) else published
    return Rows(published, compared, [headings[name] for name in _dimensions(wanted)], files)


def personal_columns(names: Iterable[str]) -> list[str]:
    """Those of core's columns that tell a person, or one person from another: they are told by their names."""
    return [name for name in names if _PERSONAL.fullmatch(name)]


def _sql(export: Export) -> str:
    conditions = [_IS_COMPLETE] * (export.cadence is not None) + [f"({export.where}\n)"] * (export.where is not None)
    # A query may end in a comment.
    source = f"({export.query}\n) as asked" if export.query else f'{export.schema_}."{export.mart}"'
    return f"select * from {source}" + (f" where {' and '.join(conditions)}" if conditions else "")


def _assert_may_be_published(export: Export, table: pa.Table) -> None:
    told = personal_columns(table.column_names)
    if export.schema_ == "core" and told:
        raise ExportError(
            f"{export.name}: {export.relation} tells persons apart ({', '.join(told)}) and is not published. Take a "
            "mart, or a query without these columns."
        )


def _assert_has(export: Export, table: pa.Table, names: set[str]) -> None:
    if absent := sorted(names - set(table.column_names)):
        near = nearest(absent[0], table.column_names)
        raise ExportError(f"{export.name}: {export.relation} has no column {', '.join(absent)}. Near it: {near}.")


def _needed(export: Export) -> list[str]:
    """The columns that tell which file a row belongs to: none of them may be null."""
    periods = _PERIOD if export.cadence else []
    return [_TENANT, *periods] if export.split == "tenant" else periods


def _order(export: Export, table: pa.Table) -> list[str]:
    """A file's rows stand together, and each tenant's and period's in it; then texts tell them apart as a rule."""
    first = [_TENANT] if _TENANT in table.column_names else []
    periods = _PERIOD if export.cadence else []
    by_file = [*periods, *first] if export.split == "whole" and export.files != "history" else [*first, *periods]
    fields = [field for field in table.schema if not pa.types.is_nested(field.type)]
    moving = [field.name for field in fields if _COUNTED_FROM_THE_BUILD.fullmatch(field.name)]
    lasting = [field for field in fields if field.name not in moving]
    texts = [f.name for f in lasting if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    return list(dict.fromkeys([*by_file, *texts, *(field.name for field in lasting), *moving]))


def _files(export: Export, table: pa.Table) -> Iterator[list[PeriodRows]]:
    """Each file's periods."""
    if export.cadence is None and export.split == "whole":
        yield [PeriodRows(None, None, None, 0, len(table))]
        return
    by_tenant = export.split == "tenant" or (export.files == "history" and _TENANT in table.column_names)
    periods = _periods(table, by_tenant, [*_PERIOD] if export.cadence else [])
    of_file = (lambda period: period.tenant_key) if export.split == "tenant" else (lambda _: None)
    for _, group in groupby(periods, of_file):
        found = list(group)
        if export.files == "history":
            yield found
        else:
            yield from ([period] for period in (found[-1:] if export.files == "latest" else found))


def _periods(table: pa.Table, by_tenant: bool, columns: list[str]) -> Iterator[PeriodRows]:
    by = [_TENANT, *columns] if by_tenant else columns
    # Days, as text: a date that a warehouse can hold need not be one that Python can.
    keys = [table[name].cast(pa.string()).combine_chunks() for name in by]
    ends = {end for key in keys for end in pc.run_end_encode(key).run_ends.to_pylist()}
    positions = sorted({0, len(table)} | ends)
    firsts = pa.array(positions[:-1], pa.int64())
    told = zip(*(key.take(firsts).to_pylist() for key in keys), strict=True)
    for (first, end), key in zip(pairwise(positions), told, strict=True):
        *tenant, start, last = key if columns else (*key, None, None)
        # Only a file of all tenants has rows of none.
        tenant_key = (tenant[0] or "") if by_tenant else None
        is_mixed = not by_tenant and _TENANT in table.column_names
        tenants = pc.count_distinct(table[_TENANT][first:end], mode="only_valid").as_py() if is_mixed else 1
        yield PeriodRows(tenant_key, start, last, first, end, tenants)


def _rounded(export: Export, table: pa.Table) -> pa.Table:
    for name, decimals in export.rounding.items():
        column = table[name]
        if not (pa.types.is_decimal(column.type) or pa.types.is_floating(column.type)):
            raise ExportError(f"{export.name}: {name} can't be rounded: it is {column.type}.")
        rounded = pc.round(column, decimals, round_mode="half_to_even")
        if pa.types.is_decimal(column.type) and decimals < column.type.scale:
            rounded = rounded.cast(pa.decimal128(column.type.precision, decimals))
        table = table.set_column(table.column_names.index(name), name, rounded)
    return table


def _dimensions(columns: list[str]) -> list[str]:
    """In a periodic mart they stand before is_complete; a name stands beside its id."""
    before = columns[: columns.index(_IS_COMPLETE)] if _IS_COMPLETE in columns else columns
    return [name for name in before if not is_name(name)]
