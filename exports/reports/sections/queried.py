"""Sections of a query's rows, and of what is to be known about the data.

Belongs here: rows that no declared measure gives. Not here: measures.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from exports.catalogue import ALL_SOURCES
from exports.errors import ExportError
from exports.periods import Span
from exports.reports.content import COUNT, DATE, INSTANT, SHARE, TEXT, Cell, Kind, Notes, Section, Table
from exports.reports.declaration import ColumnOf, Declaration, SectionOf
from exports.reports.measures import CURRENCY, Row, named, rows_of, unit_of, words
from exports.reports.reads import told_of_tables
from exports.reports.sections.sources import Sources, Told

_KINDS = {"count": COUNT, "share": SHARE, "date": DATE, "instant": INSTANT, "tenant": TEXT, "text": TEXT}


def query(section: SectionOf, declaration: Declaration, sources: Sources) -> Told:
    """Rows of a query, in its order."""
    assert section.query is not None
    asked, title = section.query, section.title or ""
    cached: dict[Span, list[Row]] = {}
    is_each, shown = declaration.recipients == "each", asked.columns.items()

    def told(tenant: str, period: Span) -> list[Section]:
        if period not in cached:
            sql = asked.sql
            # Other braces are SQL's own.
            for place, day in (("{first_day}", period.first_day), ("{last_day}", period.last_day)):
                sql = sql.replace(place, f"date '{day}'")
            with told_of_tables(sql):
                rows = rows_of(sources.query, sql)
            needed = {*asked.columns, *(["tenant_key"] if is_each else [])}
            if rows and (missing := needed - rows[0].keys()):
                raise ExportError(f"The query of {title!r} gives no column {', '.join(sorted(missing))}.")
            cached[period] = rows
        rows = [row for row in cached[period] if not is_each or row["tenant_key"] == tenant]
        cells = tuple(
            tuple(Cell(_plain(name, row[name], of, sources), _kind(of, row, sources.minor_units)) for name, of in shown)
            for row in rows[: asked.top]
        )
        texts = [name for name, of in shown if of.form in ("text", "tenant")]
        ids = tuple(", ".join(str(row[name]) for name in texts) for row in rows[: asked.top])
        headings = tuple(of.label for of in asked.columns.values())
        return [Table(title, headings, cells, len(rows) - len(cells), asked.as_it_stands, ids)] if rows else []

    return told


def _plain(column: str, value: Any, of: ColumnOf, sources: Sources) -> Any:
    if value is None:
        return value
    if of.form == "tenant":
        return sources.tenants[value].name if value in sources.tenants else named(None, str(value))
    if of.form == "text":
        return str(value)
    if not isinstance(value, Decimal | int | str | date):
        raise ExportError(f"{column} is no {of.form} but {type(value).__name__}: cast it in the query.")
    return value.date() if of.form == "date" and isinstance(value, datetime) else value


def _kind(of: ColumnOf, row: Row, minor_units: Mapping[str, int]) -> Kind:
    if of.form == "money":
        currency = str(row.get(CURRENCY) or of.unit or "unknown")
        return Kind("money", minor_units.get(currency, 2) if of.decimals is None else of.decimals, unit_of(currency))
    shipped = _KINDS.get(of.form, Kind("number", 1))
    return Kind(shipped.form, shipped.decimals if of.decimals is None else of.decimals, of.unit)


def of_kind(kind: str) -> str:
    """The condition for rows of a kind's sources; that which is named as the kind may have no tenant yet."""
    named = f"select source_system from core.dim_tenants where source_kind = '{kind}'"
    return f"(source_system = '{kind}' or source_system in ({named}))"


def left_out(section: SectionOf, declaration: Declaration, sources: Sources) -> Told:
    """What is not in the numbers."""
    only = "" if declaration.source == ALL_SOURCES else f" where {of_kind(declaration.source)}"
    by = declaration.recipients == "each"
    key = "tenant_key" if by else "'' as tenant_key"
    rows = rows_of(
        sources.query,
        f"select {key}, table_name, rule, effect, sum(row_count) as row_count from marts.data_quality{only}"
        f" group by {'tenant_key, ' if by else ''}table_name, rule, effect order by 1, 2, 3, 4",
    )

    def told(tenant: str, _: Span) -> list[Section]:
        lines = tuple(
            f"{COUNT.text(count)} {row['effect']}{'' if count == 1 else 's'} of {row['table_name']}: "
            f"{words(row['rule']).lower()}"
            for row in rows
            if (count := row["row_count"]) and (not by or row["tenant_key"] == tenant)
        )
        return [Notes(section.title or "Not in these numbers", lines or ("Nothing was left out.",))]

    return told


def reach(section: SectionOf, declaration: Declaration, sources: Sources) -> Told:
    """How far the data reach."""
    only = "" if declaration.source == ALL_SOURCES else f" and {of_kind(declaration.source)}"
    rows = rows_of(
        sources.query,
        "select source_system, min(last_extracted_at) as read_at, max(newest_row_at) as newest_at from marts.freshness"
        f" where kind = 'system'{only} group by source_system order by source_system",
    )

    def told(_: str, __: Span) -> list[Section]:
        lines = tuple(
            f"{words(row['source_system'])}: {_instant('last read', row['read_at'])}"
            f"{_instant(', newest row of', row['newest_at'])}."
            for row in rows
        )
        return [Notes(section.title or "How far the data reach", lines)] if lines else []

    return told


def _instant(label: str, at: Any) -> str:
    return f"{label} {at.day} {at:%B %Y, %H:%M} UTC" if at is not None else ""
