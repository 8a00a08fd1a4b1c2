"""What the last look at the warehouse's health came to, for a monitor that knows nothing of the project.

Belongs here: the file that tells it, and the answer to /health. Not here: the look (health.py), the web server
(webserver.py).

The answer holds nothing that is secret or of a person: it is given to whoever asks. A look that is too old says that
nobody looks any more, and counts as bad: so a monitor also notices that the watch is dead.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.operations.judging import Grade
from ingestion.output.storage import aside_name

FILE = "health.json"
VALID = timedelta(hours=1)
"""How long a look says how things are: several times as long as between two (deploy/systemd)."""

_OK, _UNAVAILABLE = 200, 503


def write_outcome(home: Path, grade: Grade, at: datetime) -> None:
    """Leave the outcome of a look in Dagster's folder; who reads it meanwhile has the old one or the new.

    Raises:
        OSError: it can't be written.
    """
    file = home / FILE
    aside = file.with_name(aside_name(file.name))
    try:
        aside.write_text(json.dumps({"health": grade.word, "judged_at": at.isoformat()}), encoding="utf-8")
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def read_outcome(home: Path, now: datetime) -> tuple[int, dict[str, str]]:
    """The status and the body of the answer to /health: 200 while it is well, or warned of; else 503."""
    try:
        told: Any = json.loads((home / FILE).read_text(encoding="utf-8"))
        health, at = str(told["health"]), datetime.fromisoformat(told["judged_at"]).astimezone(UTC)
    except (OSError, ValueError, KeyError, TypeError):
        return _UNAVAILABLE, {"health": "unknown", "reason": "nobody has looked yet"}
    body = {"health": health, "judged_at": at.isoformat(timespec="seconds")}
    if now - at > VALID:
        return _UNAVAILABLE, body | {"health": "unknown", "reason": "nobody looks any more"}
    return (_OK if health in (Grade.WELL.word, Grade.WARNING.word) else _UNAVAILABLE), body
