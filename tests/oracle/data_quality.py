"""Whether every source row is in the table of core that has its kind, or told by the mart data_quality why not.

Belongs here: what adds up. Not here: what is plausible.
"""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa

Query = Callable[[str], pa.Table]

NAMED_TENANTS = "select count(*) from core.dim_tenants where {of_system} and not is_inferred"
NAMED_CUSTOMERS = "select count(*) from core.dim_customers where {of_system} and not is_inferred"
IN_CORE = {
    ("consulting", "event_outbox"): "select count(*) from core.fct_crm_events",
    ("consulting", "leads"): "select count(*) from core.dim_leads where not is_inferred",
    ("consulting", "accounts"): "select count(*) from core.dim_accounts where not is_inferred",
    ("consulting", "deals"): "select count(*) from core.fct_deals",
    ("erp", "organizations"): NAMED_TENANTS,
    ("erp", "customers"): NAMED_CUSTOMERS,
    ("erp", "customer_interactions"): "select count(*) from core.fct_interactions",
    ("erp", "customer_segments"): "select sum(source_rows) from core.fct_segment_memberships",
    ("restaurant", "restaurants"): NAMED_TENANTS,
    ("restaurant", "customers"): NAMED_CUSTOMERS,
    ("restaurant", "visits"): "select count(*) from core.fct_visits",
    ("restaurant", "campaigns"): "select count(*) from core.dim_campaigns where not is_inferred",
    ("restaurant", "outreach_events"): "select sum(source_rows) from core.fct_outreach",
    ("shop", "user_events"): "select count(*) from core.fct_web_events",
    ("shop", "product_events"): "select count(*) from core.fct_product_events",
    ("shop", "order_events"): "select sum(source_rows) from core.fct_orders",
    ("whatsapp", "tenants"): NAMED_TENANTS,
    ("whatsapp", "outlets"): "select count(*) from core.dim_outlets where not is_inferred",
    ("whatsapp", "conversations"): "select count(*) from core.fct_conversations",
    ("whatsapp", "messages"): "select count(*) from core.fct_messages",
}
"""By source table, how many of its rows core represents."""


def unaccounted(query: Query) -> list[str]:
    """Tell each source table of which rows are neither in core nor in data_quality, or in both.

    Rows of a source table are the keys that are live in raw, and those of standing rejections that are not.
    """
    told = []
    for (system, table), in_core in IN_CORE.items():
        live = _live_keys(query, system, table)
        rejected = _column(
            query,
            f"select row_key from raw_{system}._rejected where table_name = '{table}'"
            " and resolved_at is null and coalesce(effect, 'row') = 'row'",
        )
        rows = len(live) + len({key for key in map(_id, rejected) if key not in live})
        represented = _number(query, in_core.format(of_system=f"source_system = '{system}'"))
        missing = _number(
            query,
            "select sum(row_count) from marts.data_quality"
            f" where source_system = '{system}' and table_name = '{table}' and effect = 'row'",
        )
        if rows != represented + missing:
            told.append(f"{system}.{table}: {rows} rows, {represented} in core and {missing} not there by data_quality")
    return told


def _live_keys(query: Query, system: str, table: str) -> set[str]:
    """Keys of which the latest version is no delete."""
    versions = query(f"select cast(id as varchar) as id, _op, _batch_seq from raw_{system}.{table}").to_pylist()
    latest = {row["id"]: row["_op"] for row in sorted(versions, key=lambda row: int(row["_batch_seq"]))}
    return {key for key, op in latest.items() if op != "delete"}


def _id(row_key: str) -> str:
    return str(json.loads(row_key)["id"])


def _column(query: Query, sql: str) -> list[Any]:
    values: list[Any] = query(sql).column(0).to_pylist()
    return values


def _number(query: Query, sql: str) -> int:
    return int(_column(query, sql)[0] or 0)
