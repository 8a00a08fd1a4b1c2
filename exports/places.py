"""Where an export's files lie, below its folder.

Belongs here: the path of a tenant's period, and whether a path is one of those. Not here: what lies there.
"""

import posixpath
import re
from urllib.parse import quote

from exports.formats import FORMATS
from ingestion.output.file_names import file_name

WHOLE = "all"
"""The folder of files that span all tenants."""


def folder(tenant_key: str | None) -> str:
    """`whatsapp:42` → `whatsapp/42`, whatever characters the id holds and however long it is."""
    if tenant_key is None:
        return WHOLE
    system, _, tenant_id = tenant_key.partition(":")
    return posixpath.join(file_name(system), file_name(tenant_id))


def path(tenant_key: str | None, period_start: str, format_name: str) -> str:
    """The file of a tenant's period, which begins on an ISO date."""
    return posixpath.join(folder(tenant_key), f"{file_name(period_start)}.{format_name}")


def current_path(listed: str, tenant_key: str | None, period_start: str) -> str | None:
    """Where a file that a manifest lists belongs; None where no version of this package can have written it there."""
    for format_name in FORMATS:
        now = path(tenant_key, period_start, format_name)
        if listed == now or listed == _former_path(tenant_key, period_start, format_name):
            return now
    return None


def _former_path(tenant_key: str | None, period_start: str, format_name: str) -> str | None:
    """Where earlier versions put it: they let ids that differ in case only, and long ones, have names of their own."""
    system, _, tenant_id = (tenant_key or "").partition(":")
    if not re.fullmatch("[a-z_]+", system) or not re.fullmatch(r"\d{4}-\d\d-\d\d", period_start, re.ASCII):
        return None
    name = quote(tenant_id, safe="").replace(".", "%2E") or "%00"
    return posixpath.join(system, name, f"{period_start}.{format_name}")
