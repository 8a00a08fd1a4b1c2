"""How much room there is where the project writes.

Belongs here: disks of local places, and how little is too little. Not here: what takes the room.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alerts.findings import Finding, Kind
from ingestion.operations.judging import Grade
from ingestion.settings import Settings

LEAST_BYTES = 2**30
"""Below this a run may not end; a quarter of it is critical."""
TIMES_THE_WAREHOUSE = 2.0
"""So many times the warehouse and its copy has to be free beside them: both are written anew beside themselves."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that something is written to.

    Attributes:
        places: what lies on it: warehouse, copy, archive, exports, dagster.
        free: bytes.
        size: bytes.
        rewritten: bytes of the files on it that are now and then written anew beside themselves.
    """

    places: tuple[str, ...]
    free: int
    size: int
    rewritten: int

    @property
    def grade(self) -> Grade:
        """How well off it is."""
        needed = max(LEAST_BYTES, TIMES_THE_WAREHOUSE * self.rewritten)
        return Grade.CRITICAL if self.free < needed / 4 else Grade.WARNING if self.free < needed else Grade.WELL

    @property
    def subject(self) -> str:
        """By what lies on it."""
        return ", ".join(self.places)

    def findings(self) -> list[Finding]:
        """What is wrong, if anything is."""
        if self.grade is Grade.WELL:
            return []
        what = f"The disk of {self.subject} is nearly full: {self.told()}."
        remedy = "python -m orchestration forget --older-than-days 30; python -m ingestion compact"
        return [Finding(Kind.DISK_NEARLY_FULL, self.subject, what, (), remedy)]

    def told(self) -> str:
        """In words."""
        room = f"{in_words(self.free)} free of {in_words(self.size)}"
        return (
            f"{room}; {in_words(self.rewritten)} are at times written anew beside themselves"
            if self.rewritten
            else room
        )


def places(settings: Settings, home: Path) -> dict[str, Path]:
    """The local places, by name; `home` is Dagster's."""
    found = {"dagster": home}
    if settings.warehouse.get_backend_name() == "duckdb":
        found |= {"warehouse": Path(str(settings.warehouse.database)), "copy": settings.bi_snapshot}
    for name, location in (("archive", settings.archive), ("exports", settings.exports)):
        if "://" not in location or location.startswith("file://"):
            found[name] = Path(location.removeprefix("file://"))
    return found


def disks(where: Mapping[str, Path]) -> list[Disk]:
    """The disks of some places; one that can't be looked at is left out.

    A place may not be there yet: then its disk is that of the next folder above that is.
    """
    found: dict[int, list[tuple[str, Path]]] = {}
    for name, path in where.items():
        folder = next((one for one in (path, *path.parents) if one.exists()), None)
        if folder is not None:
            found.setdefault(folder.stat().st_dev, []).append((name, folder))
    return [
        Disk(
            tuple(sorted(name for name, _ in ones)),
            (usage := shutil.disk_usage(ones[0][1])).free,
            usage.total,
            sum(path.stat().st_size for _, path in ones if path.is_file()),
        )
        for ones in found.values()
    ]


def in_words(size: float) -> str:
    """Bytes for people: 3.2 GiB."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
