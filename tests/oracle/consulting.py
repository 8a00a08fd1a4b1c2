"""What the marts of the consulting CRM must hold.

Belongs here: outbox events, how leads move, and accounts. Not here: deals (deals.py), customers of all systems.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle.arithmetic import quantile, ratio, rounded, seconds
from oracle.deals import OUTCOMES, amount_of, deals_of, pipeline
from oracle.periods import Counted, Facts, Mart, Period, Row, local_date, periodic_marts
from oracle.sources import (
    CURRENCY,
    OTHER,
    UNKNOWN,
    Source,
    code,
    listed,
    order_of,
    own_word,
    plausible,
    seed,
    text,
)

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
    """A lead's stay in a stage, which lasts while exited_at is none; `later` are its stages thereafter, with days."""

    lead: Row
    stage: str
    entered_at: datetime
    exited_at: datetime | None
    next_stage: str | None
    later: tuple[tuple[str, date], ...]


class Consulting:
    """The CRM's rows, read once.

    Args:
        source: The CRM's file.
        versions: Of leads, as dictionaries of raw's columns.
    """

    def __init__(self, source: Source, versions: Iterable[Row]) -> None:
        self._source = source
        self._versions = sorted(versions, key=lambda version: int(version["_batch_seq"]))
        stages = seed("consulting", "lead_stages")
        self._orders = {row["stage"]: int(row["stage_order"]) for row in stages if row["stage_order"]}
        self._outcomes = {row["stage"]: row["outcome"] for row in stages}
        self._today = local_date(source.as_of, ZONE)
        self._deals = deals_of(source, _day)

    def marts(self) -> list[Mart]:
        """All marts of the CRM but those of customers."""
        outbox = [*self._outbox()]
        events = [one for one in outbox if one.kind == "events"]
        # Marts with the same dimensions have rows for each other's days.
        active = {(TENANT, one.group, one.day) for one in outbox if one.day <= self._today}
        today, types, groups = self._local_today, ("event_type",), ("stage", "owner", "lead_source")
        return [
            *periodic_marts("crm_activity", types, events, _activity_measures, today, active),
            *periodic_marts("outbox", types, outbox, self._outbox_measures, today, active, balance=_events_waiting),
            *periodic_marts("crm_metrics", ("currency_code",), self._metrics(), self._metric_measures, today),
            *periodic_marts("lead_funnel", groups, self._funnel(), self._stage_measures, today),
            *pipeline(self._deals, TENANT, self._today),
            Mart("account_360", ("account_id",), list(self._accounts())),
        ]

    def _local_today(self, _tenant_key: str) -> date:
        return self._today

    def _events(self) -> list[Row]:
        """Events whose date can be."""
        return [row for row in self._source.tables["event_outbox"] if plausible(row["created_at"])]

    def _outbox(self) -> Iterator[Counted]:
        """Events, on the day on which they were written and on that since which they do not wait."""
        for row in self._events():
            written = _day(row["created_at"])
            yield Counted("events", TENANT, (_event_type(row),), written, row)
            if processed := plausible(row["processed_at"]):
                yield Counted("handled", TENANT, (_event_type(row),), max(written, _day(processed)), row)

    def _outbox_measures(self, facts: Facts, _tenant_key: str, group: tuple[str, ...], period: Period) -> Row:
        events, last_day = facts["events"], min(period.end, self._today)
        processed = [row for row in events if self._is_processed_on(row, self._today)]
        latencies = [seconds(row["created_at"], row["processed_at"]) for row in processed]
        valid = [latency for latency in latencies if latency >= 0]
        total = rounded(sum(valid, Fraction(0)))
        written = (
            row for row in self._events() if (_event_type(row),) == group and _day(row["created_at"]) <= last_day
        )
        return {
            "events": len(events),
            "processed_events": len(processed),
            "timed_events": len(valid),
            "total_latency_seconds": total,
            "average_latency_seconds": ratio(total, len(valid)),
            "p50_latency_seconds": quantile(valid, 50),
            "p90_latency_seconds": quantile(valid, 90),
            "max_latency_seconds": rounded(max(valid)) if valid else None,
            "invalid_latencies": len(latencies) - len(valid),
            "handled_events": len(facts["handled"]),
            "unprocessed_events": sum(not self._is_processed_on(row, last_day) for row in written),
        }

    def _is_processed_on(self, event: Row, day: date) -> bool:
        """Whether an event was processed by the end of a day."""
        processed = plausible(event["processed_at"])
        return processed is not None and _day(processed) <= day

    def _metrics(self) -> Iterator[Counted]:
        for row in self._events():
            if metric := METRICS.get(_event_type(row)):
                yield Counted(metric, TENANT, (CURRENCY,), local_date(row["created_at"], ZONE), row)
        for deal in self._deals:
            if deal.closed_on:
                yield Counted(f"deals_{deal.outcome}", TENANT, deal.group[-1:], deal.closed_on, deal)

    def _metric_measures(self, facts: Facts, *_: object) -> Row:
        return {
            **{metric: len(facts[metric]) for metric in METRICS.values()},
            "deals_won": len(facts["deals_won"]),
            "deals_lost": len(facts["deals_lost"]),
            "won_amount": amount_of(facts["deals_won"]),
        }

    def _funnel(self) -> Iterator[Counted]:
        for stay in self._stays():
            group = (stay.stage, text(stay.lead["owner"]) or UNKNOWN, own_word(code(stay.lead["source"])) or UNKNOWN)
            yield Counted("entered", TENANT, group, local_date(stay.entered_at, ZONE), stay)
            if stay.exited_at is not None:
                yield Counted("exited", TENANT, group, local_date(stay.exited_at, ZONE), stay)

    def _stays(self) -> Iterator[Stay]:
        """Tell each lead's stays from what was observed of its status; repetitions are one stay.

        A lead that nothing plausible dates has none.
        """
        observations = self._observations()
        for lead in self._source.tables["leads"]:
            created_at = plausible(lead["created_at"])
            observed = observations[lead["id"]]
            if not observed and (moment := plausible(lead["updated_at"]) or created_at):
                observed = [(moment, _listed_status(lead["status"]) or UNKNOWN)]
            entries: list[tuple[datetime, str]] = []
            for moment, status in observed:
                if not entries or entries[-1][1] != status:
                    entries.append((moment, status))
            if entries and created_at and self._orders.get(entries[0][1]) == 1:
                entries[0] = (min(created_at, entries[0][0]), entries[0][1])
            for number, (moment, status) in enumerate(entries):
                later = tuple((stage, local_date(entered_at, ZONE)) for entered_at, stage in entries[number + 1 :])
                after = entries[number + 1] if later else None
                yield Stay(lead, status, moment, after and after[0], after and after[1], later)

    def _observations(self) -> dict[str, list[tuple[datetime, str]]]:
        """By lead, instants and statuses in order; of one instant events come before versions of the row."""
        found: dict[str, list[tuple[datetime, int, int, str]]] = defaultdict(list)
        events = sorted(self._events(), key=lambda row: order_of(row["id"]))
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
                status = _listed_status(version["status"])
                if (moment := plausible(version["updated_at"])) and status:
                    found[lead_id].append((moment, 1, number, status))
        return defaultdict(
            list,
            {lead: [(moment, status) for moment, _, _, status in sorted(told)] for lead, told in found.items()},
        )

    def _accounts(self) -> Iterator[Row]:
        entered = defaultdict(list)
        for stay in self._stays():
            entered[stay.lead["id"]].append(_day(stay.entered_at))
        for account in self._source.tables["accounts"]:
            yield self._account(account, entered)

    def _account(self, account: Row, entered: Mapping[str, list[date]]) -> Row:
        """An account with what was there by today, or nobody knows when; `entered` are days of its leads' stages."""
        leads = [
            (created, row)
            for row in self._source.tables["leads"]
            for created in [plausible(row["created_at"])]
            if row["account_id"] == account["id"] and (created is None or _day(created) <= self._today)
        ]
        deals = [
            deal
            for deal in self._deals
            if deal.account_id == account["id"] and (deal.created_on is None or deal.created_on <= self._today)
        ]
        by_outcome = {
            outcome: [deal for deal in deals if deal.outcome == outcome and not self._is_yet_to_come(deal.closed_on)]
            for outcome in OUTCOMES
        }
        decided = [deal for of_outcome in by_outcome.values() for deal in of_outcome]
        by_outcome["open"] = [deal for deal in deals if deal not in decided]
        stages = Counter(self._outcomes.get(_listed_status(row["status"]) or UNKNOWN, "open") for _, row in leads)
        owners = [
            ((created is not None, created, order_of(row["id"])), text(row["owner"]))
            for created, row in leads
            if text(row["owner"])
        ]
        days = [
            *(_day(created) for created, _ in leads if created),
            *(day for deal in deals for day in (deal.created_on, deal.closed_on) if day),
            *(day for _, row in leads for day in entered.get(row["id"], ())),
        ]
        past = [day for day in days if day <= self._today]
        in_currency = {
            outcome: amount_of(deal for deal in of_outcome if deal.group[-1] == CURRENCY)
            for outcome, of_outcome in by_outcome.items()
        }
        return {
            "account_id": account["id"],
            "tenant_key": TENANT,
            "account_name": text(account["name"]) or account["id"],
            "industry": own_word(text(account["industry"])) or UNKNOWN,
            "owner": max(owners)[1] if owners else UNKNOWN,
            "currency_code": CURRENCY,
            "leads": len(leads),
            "open_leads": stages["open"],
            "leads_won": stages["won"],
            "leads_lost": stages["lost"],
            "deals": len(deals),
            "open_deals": len(by_outcome["open"]),
            "deals_won": len(by_outcome["won"]),
            "deals_lost": len(by_outcome["lost"]),
            "deals_decided": len(decided),
            "deals_in_other_currencies": sum(deal.group[-1] != CURRENCY for deal in deals),
            "win_rate": ratio(len(by_outcome["won"]), len(decided)),
            **{f"{outcome}_amount": in_currency[outcome] for outcome in ("open", *OUTCOMES)},
            "days_since_last_activity": (self._today - max(past)).days if past else None,
            "first_activity_date": min(past, default=None),
            "last_activity_date": max(past, default=None),
        }

    def _is_yet_to_come(self, day: date | None) -> bool:
        return day is not None and day > self._today

    def _stage_measures(self, facts: Facts, _tenant_key: str, group: tuple[str, ...], _period: object) -> Row:
        entered: list[Stay] = list(facts["entered"])
        exited: list[Stay] = list(facts["exited"])
        order = self._orders.get(group[0])
        has_next = order is not None and order + 1 in self._orders.values()
        convertible = _leads(entered) if has_next else set()
        reaching = _leads(stay for stay in entered if has_next and self._went_further(stay))
        spent = sum((seconds(stay.entered_at, stay.exited_at) for stay in exited if stay.exited_at), Fraction(0))
        hours = rounded(spent / 3600)
        won, lost = (
            _leads(stay for stay in exited if self._outcomes.get(stay.next_stage or "") == outcome)
            for outcome in ("won", "lost")
        )
        return {
            "stage_entries": len(entered),
            "leads_entered": len(_leads(entered)),
            "leads_exited": len(_leads(exited)),
            "leads_won": len(won),
            "leads_lost": len(lost),
            "total_stage_hours": hours,
            "average_stage_hours": ratio(hours, len(_leads(exited))),
            "convertible_leads": len(convertible),
            "leads_reaching_next_stage": len(reaching),
            "stage_conversion_rate": ratio(len(reaching), len(convertible)),
        }

    def _went_further(self, stay: Stay) -> bool:
        """Whether, after this stay, the lead was in a later stage by today."""
        order = self._orders[stay.stage]
        return any(self._orders.get(stage, 0) > order and day <= self._today for stage, day in stay.later)


def _leads(stays: Iterable[Stay]) -> set[str]:
    return {stay.lead["id"] for stay in stays}


def _day(instant: datetime) -> date:
    return local_date(instant, ZONE)


def _events_waiting(counted: Counted) -> int:
    return {"events": 1, "handled": -1}[counted.kind]


def _activity_measures(facts: Facts, *_: object) -> Row:
    events: list[Row] = list(facts["events"])
    aggregates = {(_aggregate_type(row), row["aggregate_id"]) for row in events if row["aggregate_id"]}
    return {"event_count": len(events), "distinct_aggregates": len(aggregates)}


def _event_type(row: Row) -> str:
    told = own_word((text(row["event_type"]) or "").upper() or None) or UNKNOWN
    return told.upper() if told == OTHER else told


def _aggregate_type(row: Row) -> str:
    """What an event is about; where it does not tell, what its type says after the verb."""
    _, _, about = _event_type(row).partition("_")
    return own_word(code(row["aggregate_type"])) or about.lower() or UNKNOWN


def _payload_status(row: Row) -> str | None:
    try:
        payload = json.loads(row["payload"] or "")
    except ValueError:
        return None
    status = payload.get("status") if isinstance(payload, dict) else None
    return _listed_status(status if status is None else str(status))


_STAGES = [row["stage"] for row in seed("consulting", "lead_stages")]


def _listed_status(told: str | None) -> str | None:
    return listed(code(told), _STAGES)
