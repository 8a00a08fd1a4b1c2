"""What lies where things are published: a file there says what each system's part of a step was made from.

Belongs here: that file. Not here: what parts are made from, and so are due (changes.py).

The warehouse remembers it as well, but does not see whether the place is another: a folder of exports or a copy that
was restored to an older state, or the warehouse itself.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ingestion.errors import StorageError
from ingestion.output.storage import Storage
from orchestration.publications import Step

EXPORTS_MARK = "published.json"
"""Below EXPORTS_URL; that of the copy has the copy's name before this one's."""

_FILE = "file"


class Marks:
    """What one look finds: each place is read once, which most steps share and which may be a bucket."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, object] | None] = {}

    def of(self, step: Step) -> dict[str, str] | None:
        """System → what its part of what lies there was made from; None where the place is not there, or can't be read.

        A disk may be away today. What is there without a mark is made of nothing known.
        """
        if step.place not in self._told:
            self._told[step.place] = _told(step)
        if (told := self._told[step.place]) is None:
            return None
        made_of = told.get(step.name)
        return made_of if isinstance(made_of, dict) else {}


def write(step: Step, made_of: Mapping[str, str | None]) -> None:
    """Note what systems' parts were made from, beside what is told of others.

    Raises:
        StorageError: the place can't be written.
    """
    told = _read(step)
    known = told.get(step.name)
    others = known if isinstance(known, dict) else {}
    storage, name = _place(step)
    content = told | {step.name: {**others, **made_of}, _FILE: _file(step)}
    storage.write(name, json.dumps(content, indent=1, sort_keys=True).encode())


def _told(step: Step) -> dict[str, object] | None:
    """What a place tells, if it is there and can be read; nothing where the copy is another file."""
    if step.kind != "copy" and "://" not in step.place and not Path(step.place).is_dir():
        return None
    with suppress(StorageError):
        told = _read(step)
        return told if told.get(_FILE) == _file(step) else {}
    return None


def _read(step: Step) -> dict[str, object]:
    storage, name = _place(step)
    # Others may write there.
    with suppress(ValueError, RecursionError):
        told = json.loads(storage.read(name) or b"{}")
        return told if isinstance(told, dict) else {}
    return {}


def _place(step: Step) -> tuple[Storage, str]:
    if step.kind != "copy":
        return Storage(step.place, "EXPORTS_URL"), EXPORTS_MARK
    path = Path(step.place)
    return Storage(str(path.parent), "BI_SNAPSHOT_PATH"), f"{path.name}.{EXPORTS_MARK}"


def _file(step: Step) -> list[int] | None:
    """Which file the copy is. Files of exports have their manifests, which each publication looks at."""
    path = Path(step.place)
    if step.kind != "copy" or not path.exists():
        return None
    return [path.stat().st_size, path.stat().st_mtime_ns]
