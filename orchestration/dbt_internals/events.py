"""dbt's events, made into messages only where somebody looks at them.

Belongs here: what is told, and when it is put together. Not here: what a run makes of it (orchestration/dbt.py).
"""

from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

_make, _get, _set = BaseEvent.__init__, BaseEvent.__getattr__, BaseEvent.__setattr__


class Events(EventManager):
    """No debugging events that no log asks for: of 20,000 in a build each costs as much as a small query."""

    def fire_event(self, e: Any, level: Any = None, *others: Any, **options: Any) -> None:
        """Tell loggers and callbacks of an event."""
        is_asked_for = any(logger.level == EventLevel.DEBUG for logger in self.loggers)
        if is_asked_for or (level or e.level_tag()) != EventLevel.DEBUG:
            super().fire_event(e, level, *others, **options)


def make_event(self: BaseEvent, *arguments: Any, **options: Any) -> None:
    """Keep what an event is of; it becomes a message where somebody looks at it, and most are dropped unseen."""
    vars(self)["_given"] = arguments, options


def of_event(self: BaseEvent, key: str) -> Any:
    """What an event holds, which is its message's."""
    if key != "pb_msg":
        return getattr(self.pb_msg, key)
    arguments, options = vars(self).pop("_given")
    _make(self, *arguments, **options)
    return vars(self)["pb_msg"]


def set_of_event(self: BaseEvent, key: str, value: Any) -> None:
    """Change what an event holds."""
    if key != "pb_msg" and "_given" in vars(self):
        of_event(self, "pb_msg")
    _set(self, key, value)  # type: ignore[no-untyped-call]
