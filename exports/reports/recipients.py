"""Whom a report is for, and which periods are complete for each, or which days its window has.

Belongs here: tenants as recipients, their days and periods. Not here: what they get (sections), nor where it lies.
"""

import posixpath
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exports import places
from exports.catalogue import ALL_SOURCES
from exports.periods import TRAILING, Cadence, Period, Window
from exports.reports.declaration import Declaration
from exports.reports.measures import Tenant, headlines_of, rows_of
from ingestion.warehouses import Query
from marts.declaration import Mart

FOLDER = "reports"
"""In a recipient's folder."""

ALL = "All together"


@dataclass(frozen=True)
class Recipient:
    """A tenant, or all together."""

    tenant_key: str | None
    name: str
    timezone: str

    @property
    def folder(self) -> str:
        """Where its reports lie, below EXPORTS_URL."""
        return folder_of(self.tenant_key)


def folder_of(tenant_key: str | None) -> str:
    """Where the reports of a tenant, or of all together, lie."""
    return posixpath.join(places.recipient(tenant_key), FOLDER)


def recipients_of(declaration: Declaration, tenants: Mapping[str, Tenant]) -> list[Recipient]:
    """All together, or each tenant of the report's system."""
    if declaration.recipients == "all":
        return [Recipient(None, ALL, "UTC")]
    return [
        Recipient(tenant.key, tenant.name, tenant.timezone)
        for tenant in tenants.values()
        if tenant.system == declaration.source
    ]


def complete_periods(
    query: Query, tenants: Mapping[str, Tenant], declaration: Declaration, cadence: Cadence, now: datetime
) -> dict[str | None, tuple[Period, Period]]:
    """Tenant → its first and last complete period; of all together the last that is complete for each of them."""
    rows = rows_of(
        query,
        "select tenant_key, min(period_start_date) as first_day, max(period_start_date) as last_day from marts.kpis"
        f" where is_complete and grain = '{cadence}' group by tenant_key",
    )
    of_tenants = [
        (tenant, Period(cadence, row["first_day"]), Period(cadence, row["last_day"]))
        for row in rows
        if (tenant := tenants.get(row["tenant_key"])) and declaration.source in (ALL_SOURCES, tenant.system)
    ]
    if declaration.recipients == "each" or not of_tenants:
        return {tenant.key: (first, last) for tenant, first, last in of_tenants}
    # One that has been quiet for long does not hold up the others: what it has is complete. One whose month has not
    # ended yet where it is does.
    ended = [last for tenant, _, last in of_tenants if last.moved(1).last_day >= now.astimezone(tenant.zone).date()]
    last = min(ended, default=max(last for _, _, last in of_tenants))
    return {None: (min(first for _, first, _ in of_tenants), last)}


def windows_of(
    query: Query, tenants: Mapping[str, Tenant], declaration: Declaration, marts: Mapping[str, tuple[str, Mart]]
) -> dict[str | None, Window]:
    """Tenant → its trailing window, as the marts that are shown have it: of whom they have nothing there is none.

    Of all together it is that of most of them.
    """
    days = declaration.trailing_days
    assert days is not None
    shown = {mart for section in declaration.sections for mart in section.measured if mart in marts}
    if any(section.businesses for section in declaration.sections):
        systems = dict.fromkeys(tenant.system for tenant in tenants.values())
        shown |= {name.split(".")[0] for system in systems for name in headlines_of(marts, system, of_windows=True)}
    if not shown:
        return {}
    asked = [
        f"select tenant_key, is_prior, period_start_date from marts.{mart}_{TRAILING} where window_days = {days}"
        for mart in sorted(shown)
    ]
    windows: dict[str | None, Window] = {}
    for row in rows_of(query, " union distinct ".join(asked)):
        # Quiet in the last days, a tenant has rows of those before.
        window, key = Window(days, row["period_start_date"]).moved(1 if row["is_prior"] else 0), row["tenant_key"]
        if key in tenants:
            windows[key] = max(window, windows.get(key, window))
    if windows:
        times = Counter(windows.values())
        windows[None] = max(times, key=lambda window: (times[window], window))
    return windows
