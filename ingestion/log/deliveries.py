"""What was delivered to whom: `operations.deliveries`, and its copy in the archive.

Belongs here: an entry's shape, and the copy that a rebuild brings back. Not here: what is due and how it is sent
(exports/delivery), the table (warehouses/).

The copy is `<archive>/operations/deliveries.jsonl`: a line for each change of an entry, written before the warehouse
commits it. A warehouse that was lost, or came back from a backup, would else take for unsent what was sent.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from ingestion.errors import StorageError
from ingestion.output.storage import Storage
from ingestion.rows.columns import Column, ColumnType

SCHEMA, TABLE = "operations", "deliveries"
_COPY = f"{SCHEMA}/{TABLE}.jsonl"

State = Literal["set up", "ended", "sending", "sent", "failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of `deliveries`: something that is sent to a target, or (`set up`, `ended`) that it is to be.

    Attributes:
        delivery_id: names the entry; the same for the same thing, target, recipient, period and revision.
        kind: `report` or `export`.
        name: of the report or export.
        target: the name of the address, never the address.
        recipient: the folder of whose figures they are: `whatsapp/42`, or `all`; of what is `set up` the tenant's key,
            or nothing where no tenants are named.
        period: 2026-10, 2026-W44 or 2026-10-31; of what has no periods the day on which it was sent. None of `set up`.
        revision: of a report; 1 of all else.
        digest: of what is shown, by which another state of the same is told.
        state: `sending` is noted before anything leaves, `sent` or `failed` after.
        changed_at: since when the state stands.
        reason: why it failed.
    """

    delivery_id: str
    kind: Literal["report", "export"]
    name: str
    target: str
    recipient: str
    period: str | None
    revision: int
    digest: str | None
    state: State
    changed_at: datetime
    reason: str | None = None


DELIVERY_COLUMNS = (
    Column("delivery_id", ColumnType.TEXT),
    Column("kind", ColumnType.TEXT),
    Column("name", ColumnType.TEXT),
    Column("target", ColumnType.TEXT),
    Column("recipient", ColumnType.TEXT),
    Column("period", ColumnType.TEXT),
    Column("revision", ColumnType.INTEGER),
    Column("digest", ColumnType.TEXT),
    Column("state", ColumnType.TEXT),
    Column("changed_at", ColumnType.TIMESTAMP),
    Column("reason", ColumnType.TEXT),
)
"""The columns of `deliveries`, in the order of `Delivery`'s fields."""


class DeliveryCopy:
    """The archive's copy.

    Args:
        storage: the archive's.

    Raises:
        StorageError: (every method) the archive can't be used.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Note changes."""
        lines = [json.dumps(asdict(one) | {"changed_at": one.changed_at.isoformat()}) + "\n" for one in deliveries]
        noted, known = "".join(lines).encode(), self._storage.read(_COPY) or b""
        if (whole := _whole_lines(known)) == known:
            self._storage.append(_COPY, noted)
        else:
            self._storage.write(_COPY, whole + noted)

    def read(self) -> list[Delivery]:
        """Every entry as it was noted last."""
        content = self._storage.read(_COPY) or b""
        found: dict[str, Delivery] = {}
        for number, line in enumerate(_whole_lines(content).splitlines(), start=1):
            try:
                delivery = _parsed(json.loads(line))
            except (ValueError, TypeError, KeyError):
                raise StorageError(
                    f"{_COPY} of the archive: line {number} is damaged. Put a whole copy of the file in its place, or "
                    "remove the line: what it tells of may then be sent again."
                ) from None
            found[delivery.delivery_id] = delivery
        return list(found.values())

    def unknown_to(self, known: Mapping[str, Delivery]) -> list[Delivery]:
        """What the copy says of entries that a warehouse doesn't know, or as they were before: it lost them.

        A warehouse that came back from a backup would else send once more what was sent since.
        """
        return [
            noted
            for noted in self.read()
            if (held := known.get(noted.delivery_id)) is None or (noted != held and noted.changed_at >= held.changed_at)
        ]


def _whole_lines(content: bytes) -> bytes:
    """All but a line without its end, which a killed process may have left: the warehouse knows nothing of it."""
    return content[: content.rfind(b"\n") + 1]


def _parsed(record: dict[str, Any]) -> Delivery:
    return Delivery(**record | {"changed_at": datetime.fromisoformat(record["changed_at"])})
