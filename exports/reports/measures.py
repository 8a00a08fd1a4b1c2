"""Measures of declared marts for reports: their SQL, and how their values are told.

Belongs here: what may be added up over what, and the statement that does it. Not here: what a measure means, which its
declaration in dbt_project says.

A distinct count and a quantile of two outlets can't be had from those of each: they are only shown by all dimensions
of their mart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exports.errors import ExportError
from exports.names import told_name
from exports.periods import MARTS, TRAILING, Span, Window
from exports.reports.content import COUNT, SHARE, Kind
from ingestion.errors import nearest
from ingestion.warehouses import Query
from marts.declaration import Mart
from marts.metrics import headline_of

Row = dict[str, Any]

CURRENCY = "currency_code"
_DOLLARS = "US dollars"
_UNKNOWN = "unknown"

_COLUMN = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
"""What may be a column's name in a sentence."""

_WORDS = {
    "p50": "median",
    "p90": "90th percentile of",
    "llm": "LLM",
    "whatsapp": "WhatsApp",
    "crm": "CRM",
    "erp": "ERP",
    "kpis": "KPIs",
}


@dataclass(frozen=True)
class Measures:
    """Some columns of one mart, for a report.

    Attributes:
        name: of the mart.
        mart: its declaration.
        columns: of the mart.
        by: dimensions of the mart.
    """

    name: str
    mart: Mart
    columns: tuple[str, ...]
    by: tuple[str, ...] = ()

    def checked(self, *, of_windows: bool = False) -> "Measures":
        """These measures, if they can be had.

        Args:
            of_windows: whether of trailing windows, which have no row of what was quiet in them.

        Raises:
            ExportError: a column or dimension is not there, or can't be added up over the mart's other dimensions.
        """
        for column in self.columns:
            if column not in self.mart.columns:
                raise ExportError(f"{self.name} has no column {column}. Near it: {nearest(column, self.mart.columns)}.")
        for dimension in self.by:
            if dimension not in self.mart.dimensions:
                told = ", ".join(self.mart.dimensions) or "none"
                raise ExportError(f"{self.name} has no dimension {dimension}. It has {told}.")
        over = set(self.mart.dimensions) - set(self.keys)
        for column in self.columns:
            if over and not self._adds_up(column):
                raise ExportError(
                    f"{self.name}.{column} can't be added up over {', '.join(sorted(over))}: show it by all dimensions "
                    f"of its mart, or take a measure that is counted or summed."
                )
            if over and of_windows and self.is_state(column):
                raise ExportError(
                    f"{self.name}.{column} tells how things stand at a day's end, and trailing windows have no row of "
                    f"what was quiet in them: it can't be added up over {', '.join(sorted(over))}. Show its trend."
                )
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells rows of a tenant's period apart: amounts of two currencies are never added."""
        is_by_currency = any(
            self.is_amount(column) or (CURRENCY in self.mart.dimensions and not self._adds_up(column))
            for column in self.columns
        )
        return tuple(dict.fromkeys((*self.by, *((CURRENCY,) if is_by_currency else ()))))

    def is_amount(self, column: str) -> bool:
        """Whether a column is money in the currencies that its rows name."""
        declared = self.mart.columns[column]
        if declared.share or declared.unit or self.mart.is_whole(column):
            return False
        if CURRENCY not in {*self.mart.dimensions, *self.mart.attributes}:
            return False
        return not declared.quotient or not self.mart.is_whole(declared.quotient[0])

    def is_state(self, column: str) -> bool:
        """Whether a column, or a part of it, tells how things stand at the end of a period."""
        return any(self.mart.additivity(part) == "last" for part in (*self._parts(column), column))

    def label(self, column: str, currency: str | None = None) -> str:
        """For people; with the currency, of what is told in each by itself."""
        declared = self.mart.columns[column]
        label = declared.label or words(column.removesuffix(f"_{declared.unit}"))
        return f"{label} ({currency})" if currency else label

    def about(self, column: str) -> str:
        """What is measured, in a sentence; other columns have their labels in it."""
        return _COLUMN.sub(
            lambda found: self.label(found[0]).lower() if found[0] in self.mart.columns else found[0],
            self.mart.columns[column].description,
        )

    def kind(self, column: str, row: Mapping[str, Any], minor_units: Mapping[str, int]) -> Kind:
        """How a value of a row is told."""
        declared = self.mart.columns[column]
        if declared.share:
            return SHARE
        if self.mart.is_whole(column):
            return COUNT if declared.unit is None else Kind("count", unit=declared.unit)
        if self.is_amount(column):
            currency = str(row[CURRENCY])
            return Kind("money", minor_units.get(currency, 2), unit_of(currency))
        if declared.unit == _DOLLARS:
            return Kind("money", 4 if declared.quotient else 2, "USD")
        return Kind("number", 1 if declared.unit else 2, declared.unit)

    def rows(self, query: Query, first: Span, last: Span) -> list[Row]:
        """Complete periods, or windows, of all tenants: tenant_key, period_start_date, keys, and the columns."""
        keys = ("tenant_key", "period_start_date", *self.keys)
        parts = dict.fromkeys(part for column in self.columns for part in self._parts(column))
        told = [*keys, *(f'{self._aggregate(part)}("{part}") as "{part}"' for part in parts)]
        if isinstance(first, Window):
            suffix, wanted = TRAILING, f"window_days = {first.days}"
        else:
            suffix, wanted = MARTS[first.cadence], "is_complete"
        rows = rows_of(
            query,
            f"select {', '.join(told)} from marts.{self.name}_{suffix}"
            f" where {wanted} and period_start_date between date '{first.first_day}' and date '{last.first_day}'"
            f" group by {', '.join(keys)}",
        )
        for row in rows:
            for column in self.columns:
                if column not in row:
                    numerator, denominator = (row[part] for part in self._parts(column))
                    row[column] = (
                        Decimal(numerator) / Decimal(denominator) if numerator is not None and denominator else None
                    )
        return rows

    def _adds_up(self, column: str) -> bool:
        parts = self.mart.columns[column].quotient or (column,)
        return all(self.mart.additivity(part) in ("sum", "last", "max") for part in parts)

    def _parts(self, column: str) -> tuple[str, ...]:
        """What is added up: numerator and denominator of a quotient, if it can be."""
        quotient = self.mart.columns[column].quotient
        return quotient if quotient and self._adds_up(column) else (column,)

    def _aggregate(self, column: str) -> str:
        # Of what can't be added up there is one row, by all dimensions.
        return "sum" if self.mart.additivity(column) in ("sum", "last") else "max"


def headlines_of(marts: Mapping[str, tuple[str, Mart]], system: str, *, of_windows: bool = False) -> list[str]:
    """The headlines of a system as `<mart>.<column>`; of windows without those that tell how things stand."""
    return [
        f"{name}.{column}"
        for name, (its, mart) in marts.items()
        for column in mart.columns
        if its == system and headline_of(mart, column)
        if not (of_windows and Measures(name, mart, (column,)).is_state(column))
    ]


def unit_of(currency: str) -> str:
    """A currency as the unit of an amount; many sources have rows that name none."""
    return "of unknown currency" if currency == _UNKNOWN else currency


def words(name: str) -> str:
    """A column's name as people write it."""
    parts = name.removesuffix("_id").removesuffix("_code").split("_")
    told = " ".join(_WORDS.get(part, part) for part in parts)
    return told[:1].upper() + told[1:]


def rows_of(query: Query, sql: str) -> list[Row]:
    """The rows of a query, numbers exact."""
    return [{name: _exact(value) for name, value in row.items()} for row in query(sql).to_pylist()]


def _exact(value: object) -> object:
    if not isinstance(value, float):
        return value
    return Decimal(repr(value)) if isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant, as people know it."""

    key: str
    system: str
    name: str
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone; UTC where only the warehouse knows it."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")


def tenants_of(query: Query) -> dict[str, Tenant]:
    """All tenants by key."""
    rows = rows_of(
        query,
        "select tenant_key, source_kind, tenant_name, timezone from core.dim_tenants order by tenant_key",
    )
    return {
        row["tenant_key"]: Tenant(
            row["tenant_key"], row["source_kind"], named(row["tenant_name"], row["tenant_key"]), row["timezone"]
        )
        for row in rows
    }


def named(name: str | None, id_: str) -> str:
    """A name in one line."""
    return told_name(id_, " ".join((name or "").split())) or id_


def days_out_of_the_ordinary(query: Query, first_day: date) -> Iterator[Row]:
    """Days on which a headline was far from what such days are like: tenant_key, metric, period_start_date."""
    yield from rows_of(
        query,
        "select tenant_key, metric, period_start_date from marts.kpis"
        f" where grain = 'day' and is_anomaly and period_start_date >= date '{first_day}' order by 1, 2, 3",
    )
