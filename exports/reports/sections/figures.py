"""Sections of headline figures: of one tenant, and of all businesses.

Belongs here: a figure beside the one before. Not here: what is measured, which the marts declare.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from exports.periods import Period, Span
from exports.reports.content import SHARE, Cell, Figure, Headlines, Kind, Section, Table
from exports.reports.declaration import Declaration, SectionOf
from exports.reports.measures import CURRENCY, Measures, days_out_of_the_ordinary, headlines_of
from exports.reports.sections.sources import Sources, Told, by_period
from marts.metrics import headline_of


def headlines(section: SectionOf, _: Declaration, sources: Sources) -> Told:
    """Measures of the period beside the same of the period before."""
    return _figures(section.title or "At a glance", section.headlines or (), sources)


def _figures(title: str, wanted: Sequence[str], sources: Sources) -> Told:
    measured = [sources.measures(of, [column]) for of, column in (name.split(".") for name in wanted)]
    # One statement for each mart.
    marts: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for measures in measured:
        marts.setdefault((measures.name, measures.keys), []).extend(measures.columns)
    rows = {
        key: by_period(sources.measures(key[0], columns).rows(sources.query, sources.first.moved(-1), sources.last))
        for key, columns in marts.items()
    }
    unusual: dict[tuple[str, str], list[date]] = defaultdict(list)
    for row in days_out_of_the_ordinary(sources.query, sources.first.first_day):
        unusual[row["tenant_key"], row["metric"]].append(row["period_start_date"])

    def figures(measures: Measures, tenant: str, period: Span) -> list[Figure]:
        found = rows[measures.name, measures.keys]
        now, before = (
            {row.get(CURRENCY) if measures.keys else None: row for row in found.get((tenant, p.first_day), [])}
            for p in (period, period.moved(-1))
        )
        [column] = measures.columns
        made = []
        for currency in sorted({*now, *before}, key=str):
            row, prior = now.get(currency, {}), before.get(currency, {})
            kind = measures.kind(column, {CURRENCY: currency}, sources.minor_units)
            metric = headline_of(measures.mart, column)
            metric = f"{metric}_{currency.lower()}" if currency and measures.is_amount(column) else metric
            days = (day for day in unusual.get((tenant, metric), []) if period.first_day <= day <= period.last_day)
            figure = _figure(measures.label(column, currency), kind, row.get(column), prior.get(column))
            declared = measures.mart.columns[column]
            made.append(
                Figure(
                    *figure,
                    is_good=_is_good(figure[3].value, declared.better),
                    anomalies=tuple(days),
                    about=measures.about(column),
                )
            )
        # A currency of which nothing was is told only where there is no other.
        return [one for one in made if one.value.value or one.prior.value] or made[:1]

    def told(tenant: str, period: Span) -> list[Section]:
        found = tuple(figure for measures in measured for figure in figures(measures, tenant, period))
        return [Headlines(title, found)] if found else []

    return told


def businesses(section: SectionOf, _: Declaration, sources: Sources) -> Told:
    """All headlines of all tenants, which are known by their systems; of windows, each business by its own days."""
    tell = {
        system: _figures("", watched, sources)
        for system in dict.fromkeys(tenant.system for tenant in sources.tenants.values())
        if (watched := headlines_of(sources.marts, system, of_windows=bool(sources.windows)))
    }

    def told(__: str, period: Span) -> list[Section]:
        rows, ids = [], []
        for key, tenant in sources.tenants.items():
            own = sources.windows.get(key, period)
            name = tenant.name if own == period else f"{tenant.name} (to {Period('day', own.last_day).short_text})"
            for of_tenant in tell[tenant.system](key, own) if tenant.system in tell else ():
                assert isinstance(of_tenant, Headlines)
                rows += [
                    (Cell(name), Cell(figure.label), figure.value, figure.prior, figure.change)
                    for figure in of_tenant.figures
                ]
                ids += [f"{key}, {figure.label}" for figure in of_tenant.figures]
        headings = ("Business", "Headline", "Value", "Before", "Change")
        title = section.title or "Headlines of every business"
        return [Table(title, headings, tuple(rows), ids=tuple(ids))] if rows else []

    return told


def _figure(label: str, kind: Kind, now: Any, before: Any) -> tuple[str, Cell, Cell, Cell]:
    """Label, value, prior value and change: as a share of the prior one; of a share in percentage points."""
    change: Decimal | None = None
    is_share = kind.form == "share"
    if now is not None and before is not None and (before or is_share):
        difference = Decimal(now) - Decimal(before)
        change = difference * 100 if is_share else difference / abs(Decimal(before))
    told = Cell(change, Kind("number", 1, "points") if is_share else SHARE)
    return label, Cell(now, kind), Cell(before, kind), told


def _is_good(change: Any, better: str | None) -> bool | None:
    if not change or better is None:
        return None
    return bool((change > 0) == (better == "more"))
