"""What the files of requirements/ give.

Belongs here: reading them. Not here: what they are to hold (contract tests).
"""

import re
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parents[1] / "requirements"


@cache
def locked(name: str) -> dict[str, Requirement]:
    """What a file gives on this machine: name → requirement. A line without a version or a hash is a fault."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    lines = re.sub(r" *\\\n +", " ", re.sub("(?m)^ *#.*\n", "", text)).splitlines()
    found = [re.fullmatch(r"([^ ]+==[^ ]+ ; [^-]+?)( --hash=sha256:[0-9a-f]{64})+", line) for line in lines]
    assert all(found), lines[found.index(None)]
    here = [Requirement(line[1]) for line in found if line]
    return {canonicalize_name(it.name): it for it in here if it.marker and it.marker.evaluate()}
