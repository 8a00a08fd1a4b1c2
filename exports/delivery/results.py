"""What became of deliveries, for people.

Belongs here: outcomes, and what to do about them. Not here: printing them (exports/__main__.py).
"""

from dataclasses import dataclass
from typing import Literal

from ingestion.log.deliveries import Delivery

Outcome = Literal["sent", "failed", "perhaps sent"]

AGAIN = ".venv/bin/python -m exports deliver --again"
ARRIVED = ".venv/bin/python -m exports deliver --arrived"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of a delivery.

    Attributes:
        delivery_id: of its entry in the ledger; None of what is wrong before there is one.
        what: `report conversations`.
        target: the address's name.
        recipient: whose figures they are; empty where it concerns all.
        period: likewise.
        revision: of a report; 0 of what has no periods.
        outcome: `failed` is tried again at the next call, `perhaps sent` is not.
        reason: why, and what to do; None of what was sent.
    """

    delivery_id: str | None
    what: str
    target: str
    recipient: str
    period: str
    revision: int
    outcome: Outcome
    reason: str | None = None

    @classmethod
    def of(cls, entry: Delivery, outcome: Outcome, reason: str | None = None) -> "DeliveryResult":
        """The result that an entry of the ledger has."""
        period = entry.period or ""
        return cls(
            entry.delivery_id, what(entry), entry.target, entry.recipient, period, entry.revision, outcome, reason
        )

    @classmethod
    def perhaps(cls, entry: Delivery) -> "DeliveryResult":
        """The result of what was begun, with what to do."""
        id_, why = entry.delivery_id, entry.reason or "the process ended before the answer was noted"
        todo = f"Look whether it arrived; if it did: {ARRIVED} {id_}, if not: {AGAIN} {id_}"
        return cls.of(entry, "perhaps sent", f"{why}. {todo}")


def what(entry: Delivery) -> str:
    """What is sent, for people."""
    return f"{entry.kind} {entry.name}"
