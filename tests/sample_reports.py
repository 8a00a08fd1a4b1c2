"""Reports for tests of their forms: one that has everything, and any others.

Belongs here: content. Not here: what a form makes of it (unit/test_report_*.py).
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from exports.reports.content import (
    COUNT,
    DATE,
    SHARE,
    TEXT,
    Cell,
    Change,
    Comparison,
    Figure,
    Headlines,
    Kind,
    Notes,
    Report,
    Section,
    Table,
    Trend,
)

EURO = Kind("money", 2, "EUR")
SECONDS = Kind("number", 1, "seconds")
POINTS = Kind("number", 1, "pp")

NAMES = (
    "Ristorante #1 *Stella* [Nord] $x$ _y_ @a <b> \\n `c`",
    "Ελληνική Ταβέρνα",
    "Кафе «Москва»",
    "מסעדת הים",
    "مطعم",
    "दिल्ली",
    "東京レストラン",
    "北京饭店",
    "서울 식당",
    "กรุงเทพ",
    "ქართული",
    "Հայերեն",
    "ঢাকা",
    "சென்னை",
    "አዲስ አበባ",
    "Pizza 🍕",
    "Office fluff",
)
"""One script each; the last has ligatures."""

HEADLINES = Headlines(
    "Headlines",
    (
        Figure(
            "Revenue",
            Cell(Decimal("1234567.8"), EURO, was="1,234,000.00 EUR"),
            Cell(Decimal("1100000"), EURO),
            Cell(Decimal("0.1223"), SHARE),
            True,
            (date(2026, 10, 3), date(2026, 10, 31)),
            "Money of orders that are paid.",
        ),
        Figure("Visits", Cell(48210, COUNT), Cell(50111, COUNT), Cell(Decimal("-0.0379"), SHARE), False),
        Figure("Came back", Cell(Decimal("0.314"), SHARE), Cell(Decimal("0.3136"), SHARE), Cell(Decimal(0), POINTS)),
        Figure("First answer", Cell(Decimal("412.5"), SECONDS), Cell(None, SECONDS), Cell(None, SHARE)),
    ),
)
TREND = Trend("Weeks", "Revenue", tuple((f"W{week}", Cell(Decimal(week * 7919), EURO)) for week in range(40, 53)))
COMPARISON = Comparison(
    "Outlets",
    "Outlet",
    "Revenue",
    tuple((name, Cell(Decimal(9000 - 611 * at), EURO)) for at, name in enumerate(NAMES)),
    12,
)
TABLE = Table(
    "Products",
    ("Product", "First sold", "Sold", "Revenue", "Returned", "Waited"),
    tuple(
        (
            Cell(f"Product {at}"),
            Cell(date(2026, 10, 1 + at % 31), DATE),
            Cell(1013 * at, COUNT, was="77" if at == 3 else None),
            Cell(Decimal(at) * Decimal("98765.43"), EURO),
            Cell(Decimal(at) / 70, SHARE),
            Cell(Decimal(at) - Decimal("20.21") if at % 7 else None, SECONDS),
        )
        for at in range(70)
    ),
    left=1,
)
NOTES = Notes("About", ("Data reach to 31 October 2026.", "=1+1 is no formula."))
CHANGES = (
    Change("Headlines", "Revenue", "1,234,000.00 EUR", "1,234,567.80 EUR", "4 orders came later."),
    Change("Products", "Product 3: Sold", "77", "3,039", "Corrected in the source."),
)
REPORT = Report(
    name="monthly",
    title="Monthly review",
    recipient="Bella Vista #1 *Bar* (Ελλάς)",
    tenant_key="restaurant:7",
    cadence="month",
    first_day=date(2026, 10, 1),
    last_day=date(2026, 10, 31),
    period="October 2026",
    timezone="Europe/Berlin",
    sections=(HEADLINES, TREND, COMPARISON, TABLE, NOTES),
    revision=2,
    changes=CHANGES,
)


def of(*sections: Section, **others: Any) -> Report:
    """A report of these sections alone, in its first revision."""
    return replace(REPORT, sections=sections, **{"revision": 1, "changes": (), **others})


def cell_of(value: Any, kind: Kind = TEXT, **others: Any) -> Report:
    """A report of one cell, in the second column of a table."""
    return of(Table("One", ("Name", "Value"), ((Cell("x"), Cell(value, kind, **others)),)))


_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.sampled_from(NAMES)
_kinds = st.builds(
    Kind,
    st.sampled_from(("count", "number", "share", "money")),
    st.integers(0, 4),
    st.none() | st.sampled_from(("seconds", "EUR", 'a"b', "\\")),
)
_numbers = st.none() | st.integers(-(10**12), 10**12) | st.decimals(-(10**15), 10**15, places=3)
_figures = st.builds(Cell, _numbers, _kinds, st.none() | st.just("12"))
_cells = _figures | st.builds(Cell, st.none() | _texts) | st.builds(Cell, st.dates(), st.just(DATE))
_bars = st.lists(st.tuples(_texts, _figures), max_size=20).map(tuple)


def _rows(width: int) -> st.SearchStrategy[Table]:
    columns = st.tuples(*[_texts] * width)
    rows = st.lists(st.tuples(*[_cells] * width), max_size=8).map(tuple)
    return st.builds(Table, _texts, columns, rows, st.integers(0, 3))


_sections = st.one_of(
    st.builds(Headlines, _texts, st.lists(st.builds(Figure, _texts, _cells, _cells, _figures), max_size=4).map(tuple)),
    st.builds(Trend, _texts, _texts, _bars),
    st.builds(Comparison, _texts, _texts, _texts, _bars, st.integers(0, 3)),
    st.integers(1, 16).flatmap(_rows),
    st.builds(Notes, _texts, st.lists(_texts, max_size=3).map(tuple)),
)
any_reports = st.lists(_sections, max_size=4).flatmap(
    lambda sections: st.builds(of, *map(st.just, sections), title=_texts, recipient=_texts)
)
"""With every kind of section, text and value, and none."""
