"""What the marts of the ERP's customer interactions must hold.

Belongs here: interactions, segments and who was in them when. Not here: customers of all systems (customers.py).
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from oracle.arithmetic import ratio
from oracle.periods import Counted, Facts, Mart, Period, Row, month_of, periodic_marts, week_of
from oracle.sources import UNKNOWN, Source, Tenants, code, listed, order_of, plausible, text

TYPES = ("call", "email", "meeting", "support_ticket", "complaint", "feedback")
STATUSES = ("pending", "in_progress", "completed", "cancelled")


@dataclass(frozen=True)
class Membership:
    """A customer's time in a segment: from joined_at until before left_at."""

    tenant_key: str
    customer_id: str
    segment: str
    value: str | None
    order: tuple[datetime, datetime, str, int]
    """Of several spans of one membership, the greatest tells its value: it ends last, then began last."""
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

    Attributes:
        tenants: The organizations.
        interactions: Those that have taken place by the tenant's local day.
        memberships: Those of which a plausible date tells when they began.
    """

    def __init__(self, source: Source, versions: Iterable[Row]) -> None:
        self.tenants = Tenants(source, "organizations", "erp")
        self._source = source
        rows = source.tables["customer_interactions"]
        dated = [row for row in rows if plausible(row["interaction_date"])]
        self.interactions = [row for row in dated if self.day_of(row) <= self.tenants.today(self.tenant_of(row))]
        self._undated = [row for row in rows if not plausible(row["interaction_date"])]
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
        """A span for each stretch of versions that are active in one segment."""
        stretches = [list(stretch) for _, stretch in groupby(history, key=lambda v: (_is_active(v), _segment(v)))]
        starts = [_start(stretch, before) for before, stretch in zip([None, *stretches], stretches, strict=False)]
        ends = [*starts[1:], None]
        if stretches and not _is_active(stretches[0][0]):
            # It had been active until it was first seen.
            stretches, starts = [stretches[0], *stretches], [starts[0], *starts]
            ends = [_changed_at(stretches[0][0]), *ends]
            active = [True, *(_is_active(stretch[0]) for stretch in stretches[1:])]
        else:
            active = [_is_active(stretch[0]) for stretch in stretches]
        for stretch, joined_at, left_at, is_active in zip(stretches, starts, ends, active, strict=True):
            if is_active and joined_at is not None and (left_at is None or joined_at < left_at):
                last = stretch[-1]
                order = (left_at or datetime.max.replace(tzinfo=UTC), joined_at, row["id"], int(last["_batch_seq"]))
                segment, value = _segment(last), text(last["segment_value"])
                yield Membership(self.tenant_of(row), row["customer_id"], segment, value, order, joined_at, left_at)

    def is_current(self, one: Membership) -> bool:
        """Whether a customer is a member at the end of the tenant's local day."""
        return self._holds_on(one, self.tenants.today(one.tenant_key))

    def _holds_on(self, one: Membership, day: date) -> bool:
        joined, left = self.tenants.day(one.tenant_key, one.joined_at), one.left_at
        return joined <= day and (left is None or self.tenants.day(one.tenant_key, left) > day)

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
            *periodic_marts(
                "segment_interactions",
                ("segment_name", "interaction_type"),
                self._with_members(),
                lambda facts, *_: {"interactions": len(facts["interactions"])},
                today,
            ),
            Mart("customer_analytics", ("customer_key",), [self._customer(row) for row in self._customers()]),
            Mart("recent_activity", ("customer_key", "activity_rank"), list(self._recent())),
            Mart("organization_summary", ("tenant_key",), [self._organization(key) for key in self._tenant_keys()]),
        ]

    def _customers(self) -> list[Row]:
        return self._source.tables["customers"]

    def _tenant_keys(self) -> set[str]:
        tables = ("customers", "customer_interactions", "customer_segments")
        rows = [row for table in tables for row in self._source.tables[table]]
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

    def _with_members(self) -> Iterator[Counted]:
        for one in self._moves():
            if one.kind == "interactions":
                yield replace(one, group=(*one.group, _type(one.fact)))

    def _segment_measures(self, facts: Facts, tenant_key: str, group: tuple[str, ...], period: Period) -> Row:
        last_day = min(period.end, self.tenants.today(tenant_key))
        members = {
            one.customer_id
            for one in self.memberships
            if (one.tenant_key, one.segment) == (tenant_key, *group) and self._holds_on(one, last_day)
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
        # Those with another organization, to which the customer belonged before, stay with that.
        dated, undated = (
            [row for row in rows if (row["customer_id"], self.tenant_of(row)) == (customer["id"], tenant_key)]
            for rows in (self.interactions, self._undated)
        )
        theirs, days = [*dated, *undated], [self.day_of(row) for row in dated]
        types, statuses = Counter(map(_type, theirs)), Counter(map(_status, theirs))
        current = [
            one
            for one in self.memberships
            if (one.tenant_key, one.customer_id) == (tenant_key, customer["id"]) and self.is_current(one)
        ]
        segments = [
            {"name": one.segment, "value": one.value, "since": str(self.tenants.day(tenant_key, one.joined_at))}
            for one in sorted(current, key=lambda one: one.segment.encode())
        ]
        return {
            "customer_key": f"erp:{customer['id']}",
            "tenant_key": tenant_key,
            "customer_id": customer["id"],
            # Not shown, as the catalogue comes.
            "customer_name": None,
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

    def _recent(self) -> Iterator[Row]:
        for customer in self._customers():
            theirs = [
                row
                for row in self.interactions
                if row["customer_id"] == customer["id"] and self.tenant_of(row) == self.tenant_of(customer)
            ]
            theirs.sort(key=lambda row: (row["interaction_date"], order_of(row["id"])), reverse=True)
            for rank, row in enumerate(theirs[:10], start=1):
                yield {
                    "customer_key": f"erp:{customer['id']}",
                    "tenant_key": self.tenant_of(customer),
                    "customer_id": customer["id"],
                    "activity_rank": rank,
                    "interaction_id": row["id"],
                    "interaction_type": _type(row),
                    "status": _status(row),
                    "interaction_date": self.day_of(row),
                    "interaction_at": row["interaction_date"],
                }

    def _organization(self, tenant_key: str) -> Row:
        today = self.tenants.today(tenant_key)
        days = [self.day_of(row) for row in self.interactions if self.tenant_of(row) == tenant_key]

        def since(first: date) -> int:
            return sum(first <= day <= today for day in days)

        undated = sum(self.tenant_of(row) == tenant_key for row in self._undated)
        members = Counter(
            one.segment for one in self.memberships if one.tenant_key == tenant_key and self.is_current(one)
        )
        top = sorted(members.items(), key=lambda item: (-item[1], item[0].encode()))[:5]
        return {
            "tenant_key": tenant_key,
            "tenant_name": self.tenants.name(tenant_key),
            "top_segments": _json([{"name": name, "members": count} for name, count in top]),
            "total_customers": sum(self.tenant_of(row) == tenant_key for row in self._customers()),
            "total_interactions": len(days) + undated,
            "interactions_today": since(today),
            "interactions_week_to_date": since(week_of(today).start),
            "interactions_month_to_date": since(month_of(today).start),
            "interactions_trailing_7_days": since(today - timedelta(days=6)),
            "interactions_trailing_30_days": since(today - timedelta(days=29)),
            "as_of_date": today,
        }


def _merged(spans: Iterable[Membership]) -> list[Membership]:
    """Make one membership of spans of a customer and segment that touch or overlap."""
    merged: list[Membership] = []
    for one in sorted(spans, key=lambda s: (s.tenant_key, s.customer_id, s.segment, s.joined_at)):
        last = merged[-1] if merged else None
        place = (one.tenant_key, one.customer_id, one.segment)
        is_same = last is not None and place == (last.tenant_key, last.customer_id, last.segment)
        if last is None or not is_same or (last.left_at is not None and last.left_at < one.joined_at):
            merged.append(one)
            continue
        told = max(last, one, key=lambda span: span.order)
        merged[-1] = Membership(*place, told.value, told.order, last.joined_at, told.left_at)
    return merged


def _start(stretch: list[Row], before: list[Row] | None) -> datetime | None:
    """When a stretch of versions began; none where its date is one that can't be."""
    first, told = stretch[0], [version for version in stretch if version["assigned_date"] is not None]
    assigned = plausible(told[-1]["assigned_date"]) if told else None
    if before is None:
        return assigned if told else _updated_at(first)
    assigned_before = plausible(before[-1]["assigned_date"])
    if _is_active(first) and assigned and assigned_before and assigned > assigned_before:
        return assigned
    return _changed_at(first)


def _changed_at(version: Row) -> datetime:
    """When a version came to be: nobody changes a membership before it was assigned."""
    updated_at = _updated_at(version)
    return max(plausible(version["assigned_date"]) or updated_at, updated_at)


def _updated_at(version: Row) -> datetime:
    updated_at = plausible(version["updated_at"]) or version["_loaded_at"]
    assert isinstance(updated_at, datetime)
    return updated_at


def _segment(version: Row) -> str:
    return text(version["segment_name"]) or UNKNOWN


def _is_active(version: Row) -> bool:
    return version["is_active"] is not False


def _interaction_measures(facts: Facts, *_: object) -> Row:
    rows = facts["interactions"]
    return {
        "total_interactions": len(rows),
        "distinct_customers": len({row["customer_id"] for row in rows} - {None}),
    }


def _type(row: Row) -> str:
    return listed(code(row["interaction_type"]), TYPES) or UNKNOWN


def _status(row: Row) -> str:
    return listed(code(row["status"]), (*STATUSES, "escalated")) or UNKNOWN


def _json(value: Any) -> str:
    # Digits of escapes are capitals in every warehouse.
    return re.sub(r"(?<=\\u00)[0-9a-f]{2}", lambda digits: digits[0].upper(), json.dumps(value, ensure_ascii=False))


def _members_added(counted: Counted) -> int:
    return {"joined": 1, "left": -1}.get(counted.kind, 0)
