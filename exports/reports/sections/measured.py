"""Sections of declared measures: over periods, and by the dimensions of their mart.

Belongs here: which rows are shown, in which order. Not here: SQL (measures.py), nor how a section looks.
"""

from collections import defaultdict
from datetime import date
from itertools import dropwhile

from exports.periods import Period, Span, Window
from exports.reports.content import Cell, Comparison, Section, Table, Trend
from exports.reports.declaration import Declaration, SectionOf
from exports.reports.measures import CURRENCY, Row, words
from exports.reports.sections.sources import Sources, Told, by_period, of_currencies

PERIODS_OF_A_TREND = {"day": 28, "week": 13, "month": 13}
"""How far back a trend goes: months and weeks show the same of the year and the quarter before."""


def trend(section: SectionOf, _: Declaration, sources: Sources) -> Told:
    """A measure over this and earlier periods, as far back as the tenant goes; over the days of a window."""
    of, column = (section.trend or "").split(".")
    measures = sources.measures(of, [column], of_periods=True)
    found = by_period(measures.rows(sources.query, _periods(sources.first)[0], _periods(sources.last)[-1]))
    is_zero = measures.mart.quiet_days is None and measures.mart.additivity(column) == "sum"
    first_days: dict[str, date] = {}
    for tenant, day in found:
        first_days[tenant] = min(day, first_days.get(tenant, day))

    def told(tenant: str, period: Span) -> list[Section]:
        if tenant not in first_days:
            return []
        periods = [p for p in _periods(period) if p.first_day >= first_days[tenant]]
        rows = {
            (p.first_day, row.get(CURRENCY) if measures.keys else None): row[column]
            for p in periods
            for row in found.get((tenant, p.first_day), [])
        }
        sections: list[Trend] = []
        for currency in sorted({currency for _, currency in rows}, key=str):
            kind = measures.kind(column, {CURRENCY: currency}, sources.minor_units)
            missing = 0 if is_zero else None
            known = dropwhile(lambda p: (p.first_day, currency) not in rows, periods)  # noqa: B023 - called at once
            cells = tuple((p.short_text, Cell(rows.get((p.first_day, currency), missing), kind)) for p in known)
            if any(cell.value for _, cell in cells):
                label = measures.label(column, currency)
                sections.append(Trend(section.title or label, label, cells))
        return of_currencies(section.title, sections)

    return told


def _periods(of: Span) -> list[Period]:
    """Those of a trend, oldest first: a period with earlier ones, the days of a window."""
    if isinstance(of, Window):
        return [*Period("day", of.first_day).up_to(Period("day", of.last_day))]
    return [of.moved(back) for back in range(1 - PERIODS_OF_A_TREND[of.cadence], 1)]


def comparison(section: SectionOf, _: Declaration, sources: Sources) -> Told:
    """A measure by a dimension, the largest first."""
    assert section.comparison is not None
    by, top = section.comparison.by, section.comparison.top
    of, column = section.comparison.of.split(".")
    measures = sources.measures(of, [column], [by])
    found = by_period(measures.rows(sources.query, sources.first, sources.last))

    def told(tenant: str, period: Span) -> list[Section]:
        by_currency: dict[str | None, list[Row]] = defaultdict(list)
        for row in found.get((tenant, period.first_day), []):
            if row[column]:
                by_currency[row.get(CURRENCY) if CURRENCY in measures.keys else None].append(row)
        sections: list[Comparison] = []
        for currency, rows in sorted(by_currency.items(), key=lambda item: str(item[0])):
            ordered = sorted(rows, key=lambda row: (-row[column], str(row[by])))
            bars = tuple(
                (sources.name(tenant, by, row[by]), Cell(row[column], measures.kind(column, row, sources.minor_units)))
                for row in ordered[:top]
            )
            label = measures.label(column, currency)
            title = section.title or f"{label} by {words(by).lower()}"
            ids = tuple(str(row[by]) for row in ordered[:top])
            sections.append(Comparison(title, words(by), label, bars, len(ordered) - len(bars), ids))
        return of_currencies(section.title, sections)

    return told


def table(section: SectionOf, _: Declaration, sources: Sources) -> Told:
    """Measures by dimensions, ordered by the first measure."""
    assert section.table is not None
    title, top = section.title or "", section.table.top
    measures = sources.measures(section.table.of, section.table.columns, section.table.by)
    found = by_period(measures.rows(sources.query, sources.first, sources.last))
    headings = (*map(words, measures.by), *map(measures.label, measures.columns))
    first = measures.columns[0]

    def told(tenant: str, period: Span) -> list[Section]:
        rows = [row for row in found.get((tenant, period.first_day), []) if any(row[c] for c in measures.columns)]
        rows.sort(key=lambda row: (-(row[first] or 0), *(str(row[key]) for key in measures.keys)))
        cells = tuple(
            (
                *(Cell(sources.name(tenant, by, row[by])) for by in measures.by),
                *(Cell(row[c], measures.kind(c, row, sources.minor_units)) for c in measures.columns),
            )
            for row in rows[:top]
        )
        ids = tuple(", ".join(str(row[by]) for by in measures.by) for row in rows[:top])
        return [Table(title, headings, cells, len(rows) - len(cells), ids=ids)] if rows else []

    return told
