"""What the marts of the consulting CRM must hold.

Belongs here: outbox events, deals and how leads move. Not here: customers.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle.arithmetic import amount, ratio, rounded, seconds
from oracle.periods import Counted, Facts, Mart, Row, local_date, periodic_marts
from oracle.sources import CURRENCY, ROOT, UNKNOWN, SourceFile, code, order_of, text

TENANT = "consulting:default"
ZONE = ZoneInfo("UTC")
METRICS = {
    "INSERT_LEADS": "leads_created",
    "UPDATE_LEADS": "lead_updates",
    "INSERT_ACCOUNTS": "accounts_created",
    "UPDATE_ACCOUNTS": "account_updates",
}


@dataclass(frozen=True)
class Stay:
    """A lead's stay in a stage, which lasts while exited_at is none; `reached` are all stages the lead was ever in."""

    stage: str
    entered_at: datetime
    exited_at: datetime | None
    next_stage: str | None
    reached: frozenset[str]


class Consulting:
    """The CRM's rows, read once.

    Args:
        source: The CRM's file.
        versions: Of leads, as dictionaries of raw's columns.
    """

    def __init__(self, source: SourceFile, versions: Iterable[Row]) -> None:
        self._source = source
        self._versions = sorted(versions, key=lambda version: int(version["_batch_seq"]))
        path = ROOT / "dbt_project" / "seeds" / "consulting" / "lead_stages.csv"
        stages = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        self._orders = {row["stage"]: int(row["stage_order"]) for row in stages if row["stage_order"]}
        self._outcomes = {row["stage"]: row["outcome"] for row in stages}
        self._today = local_date(source.as_of, ZONE)

    def marts(self) -> list[Mart]:
        """All marts of the CRM but those of customers."""
        events = [
            Counted("events", TENANT, (_event_type(row),), local_date(row["created_at"], ZONE), row)
            for row in self._source.tables["event_outbox"]
        ]
        return [
            *periodic_marts("crm_activity", ("event_type",), events, _activity_measures, self._local_today),
            *periodic_marts("crm_metrics", ("currency_code",), self._metrics(), _metric_measures, self._local_today),
            *periodic_marts("lead_funnel", ("stage",), self._funnel(), self._stage_measures, self._local_today),
        ]

    def _local_today(self, _tenant_key: str) -> date:
        return self._today

    def _metrics(self) -> Iterator[Counted]:
        for row in self._source.tables["event_outbox"]:
            if metric := METRICS.get(_event_type(row)):
                yield Counted(metric, TENANT, (CURRENCY,), local_date(row["created_at"], ZONE), row)
        for row in self._source.tables["deals"]:
            stage = code(row["stage"])
            if stage in {"won", "lost"}:
                currency = (text(row["currency_code"]) or CURRENCY).upper()
                moment = row["closed_at"] or row["updated_at"] or row["created_at"]
                yield Counted(f"deals_{stage}", TENANT, (currency,), local_date(moment, ZONE), row)

    def _funnel(self) -> Iterator[Counted]:
        for stay in self._stays():
            yield Counted("entered", TENANT, (stay.stage,), local_date(stay.entered_at, ZONE), stay)
            if stay.exited_at is not None:
                yield Counted("exited", TENANT, (stay.stage,), local_date(stay.exited_at, ZONE), stay)

    def _stays(self) -> Iterator[Stay]:
        """Tell each lead's stays from what was observed of its status; repetitions are one stay."""
        observations = self._observations()
        for lead in self._source.tables["leads"]:
            observed = observations[lead["id"]]
            if not observed:
                observed = [(lead["updated_at"] or lead["created_at"], code(lead["status"]) or UNKNOWN)]
            entries: list[tuple[datetime, str]] = []
            for moment, status in observed:
                if not entries or entries[-1][1] != status:
                    entries.append((moment, status))
            if self._orders.get(entries[0][1]) == 1:
                entries[0] = (lead["created_at"], entries[0][1])
            reached = frozenset(status for _, status in entries)
            for (moment, status), after in zip(entries, [*entries[1:], None], strict=True):
                yield Stay(status, moment, after and after[0], after and after[1], reached)

    def _observations(self) -> dict[str, list[tuple[datetime, str]]]:
        """By lead, instants and statuses in order; of one instant events come before versions of the row."""
        found: dict[str, list[tuple[datetime, int, int, str]]] = defaultdict(list)
        events = sorted(self._source.tables["event_outbox"], key=lambda row: order_of(row["id"]))
        for number, row in enumerate(events):
            status = _payload_status(row)
            if _aggregate_type(row) == "leads" and row["aggregate_id"] and status:
                found[row["aggregate_id"]].append((row["created_at"], 0, number, status))
        histories: dict[str, list[Row]] = defaultdict(list)
        for version in self._versions:
            if version["_op"] == "delete":
                histories[str(version["id"])].clear()
            else:
                histories[str(version["id"])].append(version)
        for lead_id, history in histories.items():
            for number, version in enumerate(history):
                status = code(version["status"])
                if version["updated_at"] is not None and status:
                    found[lead_id].append((version["updated_at"], 1, number, status))
        return defaultdict(
            list,
            {lead: [(moment, status) for moment, _, _, status in sorted(told)] for lead, told in found.items()},
        )

    def _stage_measures(self, facts: Facts, _tenant_key: str, group: tuple[str, ...], _period: object) -> Row:
        entered: list[Stay] = list(facts["entered"])
        exited: list[Stay] = list(facts["exited"])
        order = self._orders.get(group[0])
        has_next = order is not None and order + 1 in self._orders.values()
        convertible = entered if has_next else []
        converted = [
            stay for stay in convertible if any(self._orders.get(stage, 0) > (order or 0) for stage in stay.reached)
        ]
        spent = sum((seconds(stay.entered_at, stay.exited_at) for stay in exited if stay.exited_at), Fraction(0))
        hours = rounded(spent / 3600)
        outcomes = [self._outcomes.get(stay.next_stage or "") for stay in exited]
        return {
            "leads_entered": len(entered),
            "leads_exited": len(exited),
            "leads_won": outcomes.count("won"),
            "leads_lost": outcomes.count("lost"),
            "total_stage_hours": hours,
            "average_stage_hours": ratio(hours, len(exited)),
            "convertible_leads": len(convertible),
            "converted_leads": len(converted),
            "stage_conversion_rate": ratio(len(converted), len(convertible)),
        }


def _activity_measures(facts: Facts, *_: object) -> Row:
    events: list[Row] = list(facts["events"])
    aggregates = {(_aggregate_type(row), row["aggregate_id"]) for row in events if row["aggregate_id"]}
    return {"event_count": len(events), "distinct_aggregates": len(aggregates)}


def _metric_measures(facts: Facts, *_: object) -> Row:
    won = sum((amount(row["amount_cents"]) or Fraction(0) for row in facts["deals_won"]), Fraction(0))
    return {
        **{metric: len(facts[metric]) for metric in METRICS.values()},
        "deals_won": len(facts["deals_won"]),
        "deals_lost": len(facts["deals_lost"]),
        "won_amount": rounded(won),
    }


def _event_type(row: Row) -> str:
    return (text(row["event_type"]) or "").upper() or UNKNOWN


def _aggregate_type(row: Row) -> str:
    """What an event is about; where it does not tell, what its type says after the verb."""
    _, _, about = _event_type(row).partition("_")
    return code(row["aggregate_type"]) or about.lower() or UNKNOWN


def _payload_status(row: Row) -> str | None:
    try:
        payload = json.loads(row["payload"] or "")
    except ValueError:
        return None
    status = payload.get("status") if isinstance(payload, dict) else None
    return code(status if status is None else str(status))
