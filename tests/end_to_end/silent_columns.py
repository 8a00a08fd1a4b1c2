"""Columns of core and marts that say the same in every row: what a sample does not show.

A column speaks if it has two values that are not null. Of a periodic mart its forms are judged together: weeks, months
and trailing windows follow from its days.
"""

import re
from collections import defaultdict
from fnmatch import fnmatch

from end_to_end.place import Rows

FORMS = re.compile(r"_(daily|weekly|monthly|trailing)$")

REASONS: dict[str, tuple[str, ...]] = {
    "a system without tenants is one": ("*.tenant_key = *:default",),
    "seeds are as they are shipped: no settings, one rate, one threshold": (
        "core.tenant_settings.*",
        "core.llm_rates.*",
        "core.message_rates.*",
        "core.dim_tenants.high_spender_amount",
        "core.fct_messages.whatsapp_cost_amount",
        "marts.customer_360.high_spender_amount",
        "marts.audience_high_spenders.reason",
    ),
    "the tenant's currency, which is the default one": tuple(
        f"{table}.currency_code"
        for table in (
            *("core.dim_leads", "core.dim_products", "core.dim_tenants", "core.fct_messages", "core.fct_outreach"),
            *("core.fct_visits", "marts.account_360", "marts.acquisition", "marts.campaign_performance"),
            *("marts.categories", "marts.customer_360", "marts.products", "marts.recommendations"),
            *("marts.retention_cohorts", "marts.visits"),
        )
    ),
    "visits name no currency": ("*.attributed_visits_in_other_currencies",),
    "one build": ("marts.*.as_of_date", "marts.freshness.last_built_at"),
    "only a second reading of the source tells": (
        "core.fct_conversations.is_reopened",
        "marts.conversations.reopened_conversations",
    ),
    "two months are no longer than that": (
        "marts.customer_360.is_inactive_60d",
        "marts.customer_360.is_inactive_90d",
    ),
    "the source's unique key lets no row come twice": ("core.fct_outreach.source_rows",),
    "an ERP's owner has to say that its customers are companies": ("marts.customer_analytics.customer_name",),
}
"""Columns that may be silent, and perhaps with which value, under the reason why."""


def silent_columns(rows: Rows) -> list[str]:
    """Columns that say nothing without a reason: schema.table.column, a periodic mart's without its form."""
    values: defaultdict[str, set[object]] = defaultdict(set)
    columns: defaultdict[tuple[object, object], list[object]] = defaultdict(list)
    for schema, table, column in rows(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('core', 'marts') order by table_schema, table_name, ordinal_position"
    ):
        columns[schema, table].append(column)
    for (schema, table), names in columns.items():
        extremes = ", ".join(f'min("{name}"), max("{name}")' for name in names)
        [row] = rows(f'select {extremes} from "{schema}"."{table}"')
        for position, name in enumerate(names):
            shown = {value for value in row[2 * position : 2 * position + 2] if value is not None}
            values[f"{schema}.{FORMS.sub('', str(table))}.{name}"] |= shown
    return [column for column, shown in values.items() if len(shown) < 2 and not _has_reason(column, shown)]


def _has_reason(column: str, shown: set[object]) -> bool:
    told = (column, *(f"{column} = {value}" for value in shown))
    return any(fnmatch(text, pattern) for text in told for patterns in REASONS.values() for pattern in patterns)
