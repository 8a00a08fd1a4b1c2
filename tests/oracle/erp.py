"""What the marts of the ERP's customer interactions must hold.

Belongs here: interactions, segments and who was in them when. Not here: customers of all systems (customers.py).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from oracle.arithmetic import ratio
from oracle.periods import Counted, Facts, Mart, Period, Row, month_of, periodic_marts, week_of
from oracle.sources import UNKNOWN, Source, Tenants, code, order_of, text

TYPES = ("call", "email", "meeting", "support_ticket", "complaint", "feedback")
STATUSES = ("pending", "in_progress", "completed", "cancelled")


@dataclass(frozen=True)
class Membership:
    """A customer's time in a segment: from joined_at until before left_at."""

    tenant_key: str
    customer_id: str
    segment: str
    value: str | None
    order: int
    joined_at: datetime
    left_at: datetime | None

    def holds_at(self, instant: datetime) -> bool:
        """Whether the customer is a member at an instant."""
        return self.joined_at <= instant and (self.left_at is None or instant < self.left_at)


class Erp:
    """The ERP's rows, read once.

    Args:
        source: The ERP's file.
        versions: Of memberships, as dictionaries of raw's columns.
    """

    def __init__(self, source: Source, versions: Iterable[Row]) -> None:
        self.tenants = Tenants(source, "organizations", "erp")
        self._source = source
        self.interactions = source.tables["customer_interactions"]
        self.memberships = _merged(self._spans(versions))

    def tenant_of(self, row: Row) -> str:
        """Tenant that a row names."""
        return self.tenants.key(row["organization_id"])

    def day_of(self, interaction: Row) -> date:
        """Local date of an interaction."""
        return self.tenants.day(self.tenant_of(interaction), interaction["interaction_date"])

    def _spans(self, versions: Iterable[Row]) -> Iterator[Membership]:
        """Follow the versions of each row that exists, since its last deletion."""
        histories: dict[str, list[Row]] = defaultdict(list)
        for version in sorted(versions, key=lambda version: int(version["_batch_seq"])):
            if version["_op"] == "delete":
                histories[str(version["id"])].clear()
            else:
                histories[str(version["id"])].append(version)
        for row in self._source.tables["customer_segments"]:
            yield from self._spans_of(row, histories[row["id"]])

    def _spans_of(self, row: Row, history: list[Row]) -> Iterator[Membership]:
        def span(version: Row, joined_at: datetime, left_at: datetime | None) -> Iterator[Membership]:
            if left_at is None or joined_at < left_at:
                segment, value = text(version["segment_name"]) or UNKNOWN, text(version["segment_value"])
                order = int(version["_batch_seq"])
                yield Membership(self.tenant_of(row), row["customer_id"], segment, value, order, joined_at, left_at)

        first = history[0]
        if not _is_active(first):
            yield from span(first, first["assigned_date"], first["updated_at"])
        begun: datetime | None = first["assigned_date"] if _is_active(first) else None
        for before, version in pairwise(history):
            has_moved = version["assigned_date"] > before["assigned_date"]
            moment = version["assigned_date"] if has_moved else version["updated_at"]
            moment = max(moment, version["assigned_date"])
            if begun is not None:
                yield from span(before, begun, moment)
            begun = moment if _is_active(version) else None
        if begun is not None:
            yield from span(history[-1], begun, None)

    def marts(self) -> list[Mart]:
        """All marts of the ERP but those of all systems' customers."""
        today = self.tenants.today
        interactions = [
            Counted("interactions", self.tenant_of(row), (_type(row), _status(row)), self.day_of(row), row)
            for row in self.interactions
        ]
        groups = ("interaction_type", "status")
        return [
            *periodic_marts("interactions", groups, interactions, _interaction_measures, today),
            *periodic_marts(
                "segments", ("segment_name",), self._moves(), self._segment_measures, today, balance=_members_added
            ),
            Mart("customer_analytics", ("customer_key",), [self._customer(row) for row in self._customers()]),
            Mart("organization_summary", ("tenant_key",), [self._organization(key) for key in self._tenant_keys()]),
        ]

    def _customers(self) -> list[Row]:
        return self._source.tables["customers"]

    def _tenant_keys(self) -> set[str]:
        rows = [*self._customers(), *self.interactions, *self._source.tables["customer_segments"]]
        return {*self.tenants.listed, *(self.tenant_of(row) for row in rows)}

    def _moves(self) -> Iterator[Counted]:
        members = defaultdict(list)
        for one in self.memberships:
            group = (one.segment,)
            members[one.tenant_key, one.customer_id].append(one)
            yield Counted("joined", one.tenant_key, group, self.tenants.day(one.tenant_key, one.joined_at), one)
            if one.left_at is not None:
                yield Counted("left", one.tenant_key, group, self.tenants.day(one.tenant_key, one.left_at), one)
        for row in self.interactions:
            for one in members[self.tenant_of(row), row["customer_id"]]:
                if one.holds_at(row["interaction_date"]):
                    yield Counted("interactions", one.tenant_key, (one.segment,), self.day_of(row), row)

    def _segment_measures(self, facts: Facts, tenant_key: str, group: tuple[str, ...], period: Period) -> Row:
        members = {
            one.customer_id
            for one in self.memberships
            if (one.tenant_key, one.segment) == (tenant_key, *group)
            and self.tenants.day(tenant_key, one.joined_at) <= period.end
            and (one.left_at is None or self.tenants.day(tenant_key, one.left_at) > period.end)
        }
        return {
            "members": len(members),
            "joined": len(facts["joined"]),
            "left": len(facts["left"]),
            "interactions": len(facts["interactions"]),
            "distinct_active_members": len({row["customer_id"] for row in facts["interactions"]}),
            "average_interactions_per_customer": ratio(len(facts["interactions"]), len(members)),
        }

    def _customer(self, customer: Row) -> Row:
        tenant_key = self.tenant_of(customer)
        theirs = [
            row
            for row in self.interactions
            if (row["customer_id"], self.tenant_of(row)) == (customer["id"], tenant_key)
        ]
        days = [self.day_of(row) for row in theirs]
        types, statuses = Counter(map(_type, theirs)), Counter(map(_status, theirs))
        current = [
            one
            for one in self.memberships
            if (one.tenant_key, one.customer_id, one.left_at) == (tenant_key, customer["id"], None)
        ]
        segments = [
            {"name": one.segment, "value": one.value, "since": str(self.tenants.day(tenant_key, one.joined_at))}
            for one in sorted(current, key=lambda one: one.segment.encode())
        ]
        return {
            "customer_key": f"erp:{customer['id']}",
            "tenant_key": tenant_key,
            "customer_id": customer["id"],
            "active_segments": _json(segments),
            "total_interactions": len(theirs),
            **{f"{kind}_interactions": types[kind] for kind in TYPES},
            "other_type_interactions": len(theirs) - sum(types[kind] for kind in TYPES),
            **{f"{status}_interactions": statuses[status] for status in STATUSES},
            "other_status_interactions": len(theirs) - sum(statuses[status] for status in STATUSES),
            "active_segment_count": len(current),
            "days_since_last_interaction": (self.tenants.today(tenant_key) - max(days)).days if days else None,
            "first_interaction_date": min(days, default=None),
            "last_interaction_date": max(days, default=None),
        }

    def _organization(self, tenant_key: str) -> Row:
        today = self.tenants.today(tenant_key)
        days = [self.day_of(row) for row in self.interactions if self.tenant_of(row) == tenant_key]

        def since(first: date) -> int:
            return sum(first <= day <= today for day in days)

        members = Counter(
            one.segment for one in self.memberships if one.tenant_key == tenant_key and one.left_at is None
        )
        top = sorted(members.items(), key=lambda item: (-item[1], item[0].encode()))[:5]
        return {
            "tenant_key": tenant_key,
            "tenant_name": self.tenants.name(tenant_key),
            "top_segments": _json([{"name": name, "members": count} for name, count in top]),
            "total_customers": sum(self.tenant_of(row) == tenant_key for row in self._customers()),
            "total_interactions": len(days),
            "interactions_today": since(today),
            "interactions_week_to_date": since(week_of(today).start),
            "interactions_month_to_date": since(month_of(today).start),
            "interactions_trailing_7_days": since(today - timedelta(days=6)),
            "interactions_trailing_30_days": since(today - timedelta(days=29)),
            "as_of_date": today,
        }


def _merged(spans: Iterable[Membership]) -> list[Membership]:
    """Make one membership of spans of a customer and segment that touch or overlap; the latest one's value holds."""
    merged: list[Membership] = []
    ordered = sorted(spans, key=lambda s: (s.tenant_key, order_of(s.customer_id), s.segment, s.joined_at))
    for one in ordered:
        last = merged[-1] if merged else None
        place = (one.tenant_key, one.customer_id, one.segment)
        is_same = last is not None and place == (last.tenant_key, last.customer_id, last.segment)
        if last is None or not is_same or (last.left_at is not None and last.left_at < one.joined_at):
            merged.append(one)
            continue
        left_at = None if None in {last.left_at, one.left_at} else max(_told(last.left_at), _told(one.left_at))
        latest = max(last, one, key=lambda s: s.order)
        merged[-1] = Membership(*place, latest.value, latest.order, last.joined_at, left_at)
    return merged


def _told(instant: datetime | None) -> datetime:
    assert instant is not None
    return instant


def _is_active(version: Row) -> bool:
    return version["is_active"] is not False


def _interaction_measures(facts: Facts, *_: object) -> Row:
    rows = facts["interactions"]
    return {
        "total_interactions": len(rows),
        "distinct_customers": len({row["customer_id"] for row in rows} - {None}),
    }


def _type(row: Row) -> str:
    return code(row["interaction_type"]) or UNKNOWN


def _status(row: Row) -> str:
    return code(row["status"]) or UNKNOWN


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _members_added(counted: Counted) -> int:
    return {"joined": 1, "left": -1}.get(counted.kind, 0)
