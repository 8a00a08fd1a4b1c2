"""A relation that differs from another, made without reading it from a dictionary.

Belongs here: what becomes of a relation. Not here: which relations there are (answers.py).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.contracts.relation import ComponentName, FakeAPIObject, RelationType

_incorporate: Callable[..., BaseRelation] = FakeAPIObject.incorporate
_PARTS, _TYPES = frozenset(ComponentName), frozenset(RelationType)


def incorporate(self: BaseRelation, **given: Any) -> BaseRelation:
    """The relation with another type or other parts of its path, as every materialization asks for.

    dbt writes all that a relation holds into a dictionary, and reads one from that.
    """
    kind, parts = given.get("type"), given.get("path", {})
    is_plain = (
        given.keys() <= {"path", "type"}
        and (kind is None or kind in _TYPES)
        and isinstance(parts, dict)
        and parts.keys() <= _PARTS
        and all(isinstance(part, str | None) for part in parts.values())
    )
    if not is_plain:
        return _incorporate(self, **given)
    path = replace(self.path, **parts) if parts else self.path
    return replace(self, path=path, type=(kind and RelationType(kind)) if "type" in given else self.type)
