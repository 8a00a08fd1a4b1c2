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

from oracle.arithmetic import ratio, rounded, seconds
from oracle.periods import Counted, Facts, Mart, Row, local_date, periodic_marts
from oracle.sources import CURRENCY, ROOT, UNKNOWN, Source, code, order_of, plausible, plausible_amount, text

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
        path = ROOT / "dbt_project" / "seeds" / "consulting" / "lead_stages.csv"
        stages = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        self._orders = {row["stage"]: int(row["stage_order"]) for row in stages if row["stage_order"]}
        self._outcomes = {row["stage"]: row["outcome"] for row in stages}
        self._minor_units = _minor_units()
        self._today = local_date(source.as_of, ZONE)

    def marts(self) -> list[Mart]:
        """All marts of the CRM but those of customers."""
        events = [
            Counted("events", TENANT, (_event_type(row),), local_date(row["created_at"], ZONE), row)
            for row in self._events()
        ]
        today, groups = self._local_today, ("stage", "owner", "lead_source")
        return [
            *periodic_marts("crm_activity", ("event_type",), events, _activity_measures, today),
            *periodic_marts("crm_metrics", ("currency_code",), self._metrics(), self._metric_measures, today),
            *periodic_marts("lead_funnel", groups, self._funnel(), self._stage_measures, today),
        ]

    def _local_today(self, _tenant_key: str) -> date:
        return self._today

    def _events(self) -> list[Row]:
        """Events whose date can be."""
        return [row for row in self._source.tables["event_outbox"] if plausible(row["created_at"])]

    def _metrics(self) -> Iterator[Counted]:
        for row in self._events():
            if metric := METRICS.get(_event_type(row)):
                yield Counted(metric, TENANT, (CURRENCY,), local_date(row["created_at"], ZONE), row)
        for row in self._source.tables["deals"]:
            stage = code(row["stage"])
            closed = row["closed_at"] or plausible(row["updated_at"]) or row["created_at"]
            if stage in {"won", "lost"} and (moment := plausible(closed)):
                yield Counted(f"deals_{stage}", TENANT, (self._currency(row),), local_date(moment, ZONE), row)

    def _currency(self, deal: Row) -> str:
        currency = (text(deal["currency_code"]) or CURRENCY).upper()
        return currency if currency in self._minor_units else UNKNOWN

    def _metric_measures(self, facts: Facts, *_: object) -> Row:
        won = Fraction(0)
        for row in facts["deals_won"]:
            if row["amount_cents"] is not None:
                unit = 10 ** self._minor_units.get(self._currency(row), 2)
                won += plausible_amount(Fraction(row["amount_cents"], unit)) or 0
        return {
            **{metric: len(facts[metric]) for metric in METRICS.values()},
            "deals_won": len(facts["deals_won"]),
            "deals_lost": len(facts["deals_lost"]),
            "won_amount": rounded(won),
        }

    def _funnel(self) -> Iterator[Counted]:
        for stay in self._stays():
            group = (stay.stage, text(stay.lead["owner"]) or UNKNOWN, code(stay.lead["source"]) or UNKNOWN)
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
                observed = [(moment, code(lead["status"]) or UNKNOWN)]
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
                status = code(version["status"])
                if (moment := plausible(version["updated_at"])) and status:
                    found[lead_id].append((moment, 1, number, status))
        return defaultdict(
            list,
            {lead: [(moment, status) for moment, _, _, status in sorted(told)] for lead, told in found.items()},
        )

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


def _minor_units() -> dict[str, int]:
    """By currency, how many decimals its minor unit has."""
    path = ROOT / "dbt_project" / "seeds" / "reference" / "currencies.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {row["currency_code"]: int(row["minor_units"]) for row in rows}


def _activity_measures(facts: Facts, *_: object) -> Row:
    events: list[Row] = list(facts["events"])
    aggregates = {(_aggregate_type(row), row["aggregate_id"]) for row in events if row["aggregate_id"]}
    return {"event_count": len(events), "distinct_aggregates": len(aggregates)}


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
