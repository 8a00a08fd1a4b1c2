"""What sections of a report are told from, and what several of them need.

Belongs here: the warehouse with its declared marts and names, as sections ask it. Not here: the kinds of sections.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from exports.errors import ExportError
from exports.names import TABLES, Names
from exports.periods import Span, Window
from exports.reports.content import Comparison, Section, Trend
from exports.reports.measures import Measures, Row, Tenant, named, rows_of
from ingestion.errors import nearest
from ingestion.warehouses import Query
from marts.declaration import Mart

Marts = Mapping[str, tuple[str, Mart]]
Told = Callable[[str, Span], list[Section]]
"""The sections of one declared section, of a tenant's days: one for each currency, none where nothing is known."""


@dataclass(frozen=True)
class Sources:
    """Where sections come from.

    Attributes:
        query: runs SQL on the warehouse.
        marts: all declared ones.
        first: the first period or window that is told.
        last: the last.
        tenants: by key.
        names: of outlets, campaigns, products.
        minor_units: currency → decimals.
        windows: tenant → its own, of a report of windows: each ends with the last complete day of its tenant.
    """

    query: Query
    marts: Marts
    first: Span
    last: Span
    tenants: Mapping[str, Tenant]
    names: Names
    minor_units: Mapping[str, int]
    windows: Mapping[str | None, Window] = field(default_factory=dict)

    def measures(
        self, of: str, columns: Sequence[str], by: Sequence[str] = (), *, of_periods: bool = False
    ) -> Measures:
        """Columns of a mart.

        Args:
            of: the mart's name, without a grain.
            columns: of it.
            by: dimensions of it.
            of_periods: whether they are told of periods, also where the report is of a window.

        Raises:
            ExportError: there is no such mart, or it has no such columns.
        """
        if of not in self.marts:
            raise ExportError(f"There is no declared mart {of}. Near it: {nearest(of, self.marts)}.")
        of_windows = isinstance(self.first, Window) and not of_periods
        return Measures(of, self.marts[of][1], tuple(columns), tuple(by)).checked(of_windows=of_windows)

    def name(self, tenant: str, dimension: str, value: Any) -> str:
        """What people call a value of a dimension. An id without a name is told apart by a short mark."""
        told = str(value)
        if dimension not in TABLES:
            return told.replace("_", " ") if told.isascii() and told.islower() else told
        return named(self.names.of_source(dimension, tenant, value), told)


def minor_units_of(query: Query) -> dict[str, int]:
    """Currency → decimals of its smallest unit."""
    return {row["currency_code"]: row["minor_units"] for row in rows_of(query, "select * from core.currencies")}


def by_period(rows: Sequence[Row]) -> dict[tuple[str, date], list[Row]]:
    """Tenant and first day → the rows of its period."""
    found: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["tenant_key"], row["period_start_date"]].append(row)
    return found


def of_currencies(title: str | None, sections: list[Trend] | list[Comparison]) -> list[Section]:
    """Sections of several currencies: a title that is the same for all says which."""
    if len(sections) == 1 or title is None:
        return [*sections]
    return [replace(one, title=f"{title}: {one.label}") for one in sections]
