"""What the marts of the conversation platform must hold.

Belongs here: conversations, messages, responses, handoffs and their costs. Not here: customers (customers.py).
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import partial
from typing import Any

from oracle.arithmetic import quantile, ratio, rounded, seconds
from oracle.business_hours import hours_of_tenants
from oracle.periods import QUIET_TENANT_DAYS, Counted, Facts, Mart, Measure, Period, Row, periodic_marts
from oracle.sources import UNKNOWN, Source, Tenants, code, order_of, plausible, plausible_count, seed, text

OUTLET = ("outlet_id",)
SENDERS = ("customer", "llm", "agent")


@dataclass(frozen=True)
class Message:
    """A message with what its metadata tells."""

    id: str
    conversation_id: str
    sender: str
    sent_at: datetime | None
    model: str | None
    tokens: int
    asks_for_handoff: bool
    trigger: str

    @classmethod
    def of(cls, row: Row) -> "Message":
        """Read a row of the source."""
        metadata = _json_object(row["metadata"])
        sender = code(row["sender_type"])
        trigger = code(_json_text(metadata.get("trigger")))
        tokens = re.fullmatch(r"(\d{1,18})(\.0+)?", _json_text(metadata.get("tokens_used")) or "")
        return cls(
            id=row["id"],
            conversation_id=row["conversation_id"],
            sender=sender if sender in SENDERS else "other",
            sent_at=plausible(row["timestamp"]),
            model=code(_json_text(metadata.get("model"))),
            tokens=(plausible_count(int(tokens[1])) or 0) if tokens and sender == "llm" else 0,
            asks_for_handoff=code(_json_text(metadata.get("handoff_requested"))) == "true",
            trigger=trigger if trigger in {"keyword", "confidence"} else "other",
        )


@dataclass(frozen=True)
class Turn:
    """A customer's turn: opened by a message, closed by the next answer, if any.

    Attributes:
        responder: Who answered: llm or agent.
        business_seconds: What of the wait lies in the tenant's business hours; all of it where it has none.
    """

    opened_at: datetime
    responder: str | None = None
    response_seconds: Fraction | None = None
    business_seconds: Fraction | None = None


@dataclass(frozen=True)
class Talk:
    """A conversation's messages in order, under a conversation that may be missing at the source."""

    id: str
    tenant_key: str
    outlet_id: str
    row: Row | None
    messages: list[Message]
    business_time: Callable[[datetime, datetime], Fraction]

    @property
    def started_at(self) -> datetime | None:
        """When it started, if that is known."""
        return plausible(self.row["started_at"]) if self.row else None

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, if it did."""
        return plausible(self.row["ended_at"]) if self.row else None

    def turns(self) -> list[Turn]:
        """A turn opens with the first unanswered customer message, and closes with the next llm or agent message.

        A message whose time is not known does neither.
        """
        turns = []
        opened: datetime | None = None
        for message in self.messages:
            if message.sent_at is None:
                continue
            if message.sender == "customer" and opened is None:
                opened = message.sent_at
            elif message.sender in {"llm", "agent"} and opened is not None:
                wait = seconds(opened, message.sent_at)
                turns.append(Turn(opened, message.sender, wait, self.business_time(opened, message.sent_at)))
                opened = None
        if opened is not None:
            turns.append(Turn(opened))
        return turns

    def handoffs(self) -> list[Message]:
        """Messages that ask for a human; repeats before the next agent message are one with the first."""
        handoffs = []
        is_waiting = False
        for message in self.messages:
            if message.asks_for_handoff and not is_waiting:
                handoffs.append(message)
                is_waiting = True
            if message.sender == "agent":
                is_waiting = False
        return handoffs


class Whatsapp:
    """The platform's rows, read once.

    Args:
        source: The platform's file.
        versions: Of conversations, as dictionaries of raw's columns.
    """

    def __init__(self, source: Source, versions: Iterable[Row]) -> None:
        self.tenants = Tenants(source, "tenants", "whatsapp")
        self._source = source
        self._hours = hours_of_tenants()
        self._rates = {name: seed("whatsapp", f"{name}_rates") for name in ("llm", "message")}
        self.talks = list(self._talks())
        history = sorted(versions, key=lambda version: int(version["_batch_seq"]))
        self._first_loaded: datetime | None = min((version["_loaded_at"] for version in history), default=None)
        self._reopened = set()
        last: dict[str, str | None] = {}
        for version in history:
            identifier, is_deleted, status = version["id"], version["_op"] == "delete", code(version["status"])
            if last.get(identifier) == "resolved" and not is_deleted and status != "resolved":
                self._reopened.add(identifier)
            last[identifier] = None if is_deleted else status

    def _talks(self) -> Iterator[Talk]:
        messages = defaultdict(list)
        for sent in self._source.tables["messages"]:
            messages[sent["conversation_id"]].append(Message.of(sent))
        rows = {row["id"]: row for row in self._source.tables["conversations"]}
        for identifier in rows.keys() | messages.keys():
            row = rows.get(identifier)
            # Those of unknown time come last.
            ordered = sorted(
                messages[identifier], key=lambda m: (m.sent_at or datetime.max.replace(tzinfo=UTC), order_of(m.id))
            )
            tenant_key = self.tenants.key(row["tenant_id"] if row else None)
            business_time = partial(self._business_seconds, tenant_key)
            yield Talk(identifier, tenant_key, (row and row["outlet_id"]) or UNKNOWN, row, ordered, business_time)

    def _business_seconds(self, tenant_key: str, start: datetime, end: datetime) -> Fraction:
        hours = self._hours.get(tenant_key)
        return hours.seconds(start, end, self.tenants.zone(tenant_key)) if hours else seconds(start, end)

    def _counted(self) -> Iterator[Counted]:
        for talk in self.talks:
            happened: list[tuple[str, datetime | None, object]] = [
                ("conversations", talk.started_at, talk),
                *(("messages", message.sent_at, message) for message in talk.messages),
                *(("turns", turn.opened_at, turn) for turn in talk.turns()),
                *(("handoffs", handoff.sent_at, (talk, handoff)) for handoff in talk.handoffs()),
            ]
            for kind, instant, fact in happened:
                if instant is not None:
                    day = self.tenants.day(talk.tenant_key, instant)
                    yield Counted(kind, talk.tenant_key, (talk.outlet_id,), day, fact)

    def marts(self) -> list[Mart]:
        """All marts of the platform but those of customers."""
        counted = list(self._counted())
        today = self.tenants.today
        measures: dict[str, Measure] = {
            "conversations": self._conversations,
            "messages": self._messages,
            "handoffs": self._handoffs,
            "costs": self._costs,
        }
        marts = []
        for name, measure in measures.items():
            marts += periodic_marts(name, OUTLET, counted, measure, today)
        together = [Counted(one.kind, one.tenant_key, (), one.day, one.fact) for one in counted]
        marts += periodic_marts("tenant_summary", (), together, self._summary, today, quiet_days=QUIET_TENANT_DAYS)
        return [*marts, self._lifetime(together)]

    def _conversations(self, facts: Facts, tenant_key: str, group: tuple[str, ...], period: Period) -> Row:
        talks: list[Talk] = list(facts["conversations"])
        statuses = [code(_row(talk)["status"]) or UNKNOWN for talk in talks]
        spans = [seconds(talk.started_at, talk.ended_at) for talk in talks if talk.started_at and talk.ended_at]
        valid = [span for span in spans if span >= 0]
        minutes = rounded(sum(valid) / Fraction(60))
        firsts = [turns[0] for talk in talks if (turns := talk.turns())]
        phones = {phone_number(_row(talk)["customer_phone"]) for talk in talks} - {None}
        eligible = [talk for talk in talks if any(m.sender == "llm" for m in talk.messages)]
        contained = [talk for talk in eligible if _is_contained(talk)]
        resolved = statuses.count("resolved")
        return {
            "total_conversations": len(talks),
            "active_conversations": statuses.count("active"),
            "resolved_conversations": resolved,
            "handed_off_conversations": statuses.count("handed_off"),
            "conversations_with_duration": len(valid),
            "total_duration_minutes": minutes,
            "average_duration_minutes": ratio(minutes, len(valid)),
            "invalid_durations": len(spans) - len(valid),
            "resolution_rate": ratio(resolved, len(talks)),
            **_waits("first_response", firsts),
            **_waits("llm_first_response", firsts, "llm"),
            **_waits("agent_first_response", firsts, "agent"),
            "distinct_customers": len(phones),
            "eligible_conversations": len(eligible),
            "contained_conversations": len(contained),
            "containment_rate": ratio(len(contained), len(eligible)),
            "reopened_conversations": self._reopenings(talks, tenant_key, period),
        }

    def _reopenings(self, talks: list[Talk], tenant_key: str, period: Period) -> int | None:
        """Count conversations that left `resolved`, of those whose whole past was seen."""
        if self._first_loaded is None:
            return None
        first = self.tenants.day(tenant_key, self._first_loaded)
        if period.end < first:
            return None
        seen = [talk for talk in talks if talk.started_at and self.tenants.day(tenant_key, talk.started_at) >= first]
        return sum(talk.id in self._reopened for talk in seen)

    def _messages(self, facts: Facts, *_: object) -> Row:
        senders = [message.sender for message in facts["messages"]]
        turns: list[Turn] = list(facts["turns"])
        waits = _waits("response", turns)
        business = [
            turn.business_seconds for turn in turns if turn.responder == "agent" and turn.business_seconds is not None
        ]
        return {
            "total_messages": len(senders),
            "customer_messages": senders.count("customer"),
            "llm_messages": senders.count("llm"),
            "agent_messages": senders.count("agent"),
            "other_messages": senders.count("other"),
            "average_response_time_seconds": waits.pop("average_response_seconds"),
            **waits,
            **_waits("llm_response", turns, "llm"),
            **_waits("agent_response", turns, "agent"),
            **_statistics("agent_business_seconds", business),
            "unanswered_turns": len(turns) - waits["responses"],
        }

    def _handoffs(self, facts: Facts, *_: object) -> Row:
        started: list[Talk] = list(facts["conversations"])
        handoffs: list[tuple[Talk, Message]] = list(facts["handoffs"])
        triggers = [message.trigger for _, message in handoffs]
        waits = [
            seconds(talk.started_at, message.sent_at)
            for talk, message in handoffs
            if talk.started_at and message.sent_at
        ]
        timed = [wait for wait in waits if wait >= 0]
        minutes = rounded(sum(timed) / Fraction(60))
        ever = sum(bool(talk.handoffs()) for talk in started)
        return {
            "total_handoffs": len(handoffs),
            "keyword_triggered": triggers.count("keyword"),
            "confidence_triggered": triggers.count("confidence"),
            "other_triggered": triggers.count("other"),
            "conversations_with_handoff": len({talk.id for talk, _ in handoffs}),
            "timed_handoffs": len(timed),
            "invalid_times_to_handoff": len(waits) - len(timed),
            "total_time_to_handoff_minutes": minutes,
            "average_time_to_handoff_minutes": ratio(minutes, len(timed)),
            "total_conversations": len(started),
            "handoff_rate": ratio(len(handoffs), len(started)),
            "started_conversations_with_handoff": ever,
            "handoff_conversation_rate": ratio(ever, len(started)),
        }

    def _costs(self, facts: Facts, tenant_key: str, *_: object) -> Row:
        messages: list[Message] = list(facts["messages"])
        started = len(facts["conversations"])
        llm, whatsapp = self._llm_cost(messages, tenant_key), self._whatsapp_cost(messages, tenant_key)
        return {
            "total_llm_calls": sum(message.sender == "llm" for message in messages),
            "total_tokens_used": sum(message.tokens for message in messages),
            "total_llm_cost": rounded(llm),
            "total_whatsapp_cost": rounded(whatsapp),
            "total_cost": rounded(llm + whatsapp),
            "active_conversations_count": len({message.conversation_id for message in messages}),
            "total_conversations": started,
            "cost_per_conversation": ratio(llm + whatsapp, started),
        }

    def _llm_cost(self, messages: list[Message], tenant_key: str) -> Fraction:
        total = Fraction(0)
        for message in messages:
            day = self.tenants.day(tenant_key, _sent_at(message))
            rates = [rate for rate in self._rates["llm"] if _is_valid(rate, day)]
            by_model = {rate["model"]: Fraction(rate["rate_per_1000_tokens"]) for rate in rates}
            rate = by_model.get(message.model or "default", by_model["default"])
            total += Fraction(rounded(message.tokens * rate / 1000))
        return total

    def _whatsapp_cost(self, messages: list[Message], tenant_key: str) -> Fraction:
        total = Fraction(0)
        for message in messages:
            day = self.tenants.day(tenant_key, _sent_at(message))
            total += sum(Fraction(rate["rate_per_message"]) for rate in self._rates["message"] if _is_valid(rate, day))
        return total

    def _summary(self, facts: Facts, tenant_key: str, *_: object) -> Row:
        messages, handoffs, costs = (
            self._messages(facts),
            self._handoffs(facts),
            self._costs(facts, tenant_key),
        )
        resolved = sum(code(_row(talk)["status"]) == "resolved" for talk in facts["conversations"])
        return {
            "tenant_name": self.tenants.name(tenant_key),
            "total_conversations": handoffs["total_conversations"],
            "total_messages": messages["total_messages"],
            "average_response_time_seconds": messages["average_response_time_seconds"],
            "p50_response_seconds": messages["p50_response_seconds"],
            "p50_agent_response_seconds": messages["p50_agent_response_seconds"],
            "resolution_rate": ratio(resolved, handoffs["total_conversations"]),
            "handoff_rate": handoffs["handoff_rate"],
            "total_llm_cost": costs["total_llm_cost"],
            "total_whatsapp_cost": costs["total_whatsapp_cost"],
            "total_cost": costs["total_cost"],
            "responses": messages["responses"],
            "total_response_seconds": messages["total_response_seconds"],
            "resolved_conversations": resolved,
            "total_handoffs": handoffs["total_handoffs"],
        }

    def _lifetime(self, counted: list[Counted]) -> Mart:
        tenants: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        outlets = self._source.tables["outlets"]
        named = [*self.tenants.listed, *(self.tenants.key(outlet["tenant_id"]) for outlet in outlets)]
        # Also those of which nothing counts, as its time is not known or yet to come.
        for tenant_key in [*named, *(talk.tenant_key for talk in self.talks)]:
            tenants[tenant_key]["messages"] = []
        for one in counted:
            if one.day <= self.tenants.today(one.tenant_key):
                tenants[one.tenant_key][one.kind].append(one.fact)
        rows = [{"tenant_key": key, **self._summary(facts, key)} for key, facts in tenants.items()]
        return Mart("tenant_summary", ("tenant_key",), rows)


def phone_number(value: str | None) -> str | None:
    """A phone number, however it is written: + and 7 to 15 digits; what can't be one as clean text."""
    digits = re.sub(r"(?!^)[+]|[^\d+]", "", re.sub(r"^(whatsapp|tel):", "", code(value) or ""), flags=re.ASCII)
    number = re.sub(r"^00", "+", digits)
    return number if re.fullmatch(r"[+]\d{7,15}", number, flags=re.ASCII) else text(value)


def _waits(name: str, turns: list[Turn], responder: str | None = None) -> Row:
    """How many turns were answered (by somebody), and how long that took."""
    answered = [turn for turn in turns if turn.responder and responder in {None, turn.responder}]
    waits = [turn.response_seconds for turn in answered if turn.response_seconds is not None]
    return {f"{name}s": len(waits), **_statistics(f"{name}_seconds", waits)}


def _statistics(name: str, values: list[Fraction]) -> Row:
    return {
        f"total_{name}": rounded(sum(values)),
        f"average_{name}": ratio(sum(values), len(values)),
        f"p50_{name}": quantile(values, 50),
        f"p90_{name}": quantile(values, 90),
    }


def _row(talk: Talk) -> Row:
    assert talk.row is not None, "only conversations with a row are counted as started"
    return talk.row


def _sent_at(message: Message) -> datetime:
    assert message.sent_at is not None, "only messages of known time are counted"
    return message.sent_at


def _is_contained(talk: Talk) -> bool:
    is_resolved = code(_row(talk)["status"]) == "resolved"
    return is_resolved and not talk.handoffs() and not any(m.sender == "agent" for m in talk.messages)


def _json_object(value: str | None) -> dict[str, Any]:
    try:
        parsed = json.loads(value or "")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _is_valid(rate: dict[str, str], day: date) -> bool:
    """Whether a rate holds on a day: from valid_from until before valid_to, empty being open."""
    began = not rate["valid_from"] or date.fromisoformat(rate["valid_from"]) <= day
    return began and (not rate["valid_to"] or day < date.fromisoformat(rate["valid_to"]))
