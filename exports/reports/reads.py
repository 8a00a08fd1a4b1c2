"""What a report is made from.

Belongs here: the tables that its sections, and queries, name. Not here: reading them (sections).
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from exports.errors import ExportError
from exports.periods import MARTS, TRAILING, Cadence
from exports.reports.declaration import Declaration
from ingestion.errors import WarehouseError
from marts.tables import unmade

_READ = re.compile(r"""\b(?:\w+_)?(core|marts|reporting)["`]?\.["`]?(\w+)""", re.IGNORECASE)


def tables_of(declaration: Declaration, cadences: Sequence[Cadence]) -> set[tuple[str, str]]:
    """Schema and name of what a report reads for some cadences; of windows it has none."""
    found = set()
    of_periods = [MARTS["day"]] if declaration.trailing_days else [MARTS[cadence] for cadence in cadences]
    of_report = [TRAILING] if declaration.trailing_days else of_periods
    for section in declaration.sections:
        found |= {("marts", f"{mart}_{suffix}") for mart in section.measured for suffix in of_report}
        trend = [section.trend.split(".")[0]] if section.trend else []
        found |= {("marts", f"{mart}_{suffix}") for mart in trend for suffix in of_periods}
        found |= {("marts", "kpis")} if section.headlines or section.businesses else set()
        found |= {("marts", "data_quality")} if section.left_out else set()
        found |= {("marts", "freshness")} if section.reach else set()
        if section.query:
            found |= tables_in(section.query.sql)
    return found


@contextmanager
def told_of_tables(sql: str) -> Iterator[None]:
    """Say of a query that can't be run which table it names that no model makes, if so.

    Raises:
        ExportError: there is one. Somebody may have made it by hand: what the warehouse says is told too.
    """
    try:
        yield
    except WarehouseError as error:
        if why := unmade(tables_in(sql)):
            raise ExportError(f"{str(error).rstrip('.')}: {why}.") from None
        raise


def tables_in(sql: str) -> set[tuple[str, str]]:
    """Schema and name of the tables of core and marts that a query names; a view of `reporting` is a mart's."""
    named = {(schema.lower(), table.lower()) for schema, table in _READ.findall(sql)}
    return {("marts" if schema == "reporting" else schema, table) for schema, table in named}
