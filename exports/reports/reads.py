"""What a report is made from.

Belongs here: the tables that its sections name. Not here: reading them (sections).
"""

import re
from collections.abc import Sequence

from exports.periods import MARTS, Cadence
from exports.reports.declaration import Declaration

_READ = re.compile(r"\b(core|marts)\.(\w+)")


def tables_of(declaration: Declaration, cadences: Sequence[Cadence]) -> set[tuple[str, str]]:
    """Schema and name of what a report reads for some cadences."""
    found = set()
    for section in declaration.sections:
        measures = [*(section.headlines or []), *([section.trend] if section.trend else [])]
        measures += [section.comparison.of] if section.comparison else []
        marts = {name.split(".")[0] for name in measures} | ({section.table.of} if section.table else set())
        found |= {("marts", f"{mart}_{MARTS[cadence]}") for mart in marts for cadence in cadences}
        found |= {("marts", "kpis")} if section.headlines or section.businesses else set()
        found |= {("marts", "data_quality")} if section.left_out else set()
        found |= {("marts", "freshness")} if section.reach else set()
        if section.query:
            found |= {(schema, table) for schema, table in _READ.findall(section.query.sql)}
    return found
