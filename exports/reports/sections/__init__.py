"""Sections of a report, from the rows of marts.

Belongs here: one module for each family of sections. Not here: SQL of measures, nor how a section looks.

Each section asks once for all tenants and periods, and is then told for each.
"""

from collections.abc import Callable, Mapping

from exports.reports.declaration import Declaration, SectionOf
from exports.reports.sections import figures, measured, queried
from exports.reports.sections.sources import Marts, Sources, Told, minor_units_of

__all__ = ["Marts", "Sources", "Told", "minor_units_of", "told_sections"]

_TELL: Mapping[str, Callable[[SectionOf, Declaration, Sources], Told]] = {
    "headlines": figures.headlines,
    "businesses": figures.businesses,
    "trend": measured.trend,
    "comparison": measured.comparison,
    "table": measured.table,
    "query": queried.query,
    "left_out": queried.left_out,
    "reach": queried.reach,
}
"""Kind of a section → what tells it."""


def told_sections(declaration: Declaration, sources: Sources) -> list[Told]:
    """Ask for everything that a report shows, of all tenants and periods.

    Raises:
        ExportError: a section names what is not there.
        WarehouseError: a query fails.
    """
    return [_TELL[section.kind](section, declaration, sources) for section in declaration.sections]
