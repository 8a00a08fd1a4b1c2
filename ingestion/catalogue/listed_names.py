"""Names of tables and columns in messages, and those that case alone tells apart.

Belongs here: how names are looked up and listed. Not here: which of them are meant (matching.py).
"""

import json
from collections.abc import Iterable

_TOLD = 5
"""So many names are told; of the others their number."""


def alike_names(name: str, names: Iterable[str]) -> list[str]:
    """Those of some names that differ from one in case alone, or are it."""
    return sorted(n for n in names if n.casefold() == name.casefold())


def listed(names: Iterable[str]) -> str:
    """Names in quotes: the first few, and how many more there are."""
    return shortened([in_quotes(name) for name in names])


def shortened(told: list[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(told) - _TOLD:,} more" if len(told) > _TOLD else ""
    return ", ".join(told[:_TOLD]) + more


def in_quotes(name: str) -> str:
    """A name in quotes, control characters escaped."""
    return json.dumps(name, ensure_ascii=False)
