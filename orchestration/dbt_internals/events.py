"""dbt's events, made into messages only where somebody looks at them.

Belongs here: what is told, and when it is put together. Not here: what a run makes of it (orchestration/dbt.py).
"""

import sys
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from dbt.tracking import track_behavior_change_warn
from dbt_common import behavior_flags
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import PRINT_EVENT_NAMES

_source_of_flag = behavior_flags.BehaviorFlagRendered._default_source
_make, _get, _set = BaseEvent.__init__, BaseEvent.__getattr__, BaseEvent.__setattr__


_LEVELS = [EventLevel.DEBUG, EventLevel.TEST, EventLevel.INFO, EventLevel.WARN, EventLevel.ERROR]
_WARNS = _LEVELS.index(EventLevel.WARN)


class Listener:
    """A callback for the events of some names."""

    def __init__(self, names: Collection[str], hear: Callable[[Any], None]) -> None:
        self.names = names
        self._hear = hear

    def __call__(self, message: Any) -> None:
        """Hear of an event, if it is of these names."""
        if message.info.name in self.names:
            self._hear(message)


class Events(EventManager):
    """No events that nobody asks for: of 20,000 in a build each costs as much as a small query.

    Debugging events are a log's alone.
    """

    def fire_event(self, e: Any, level: Any = None, *others: Any, **options: Any) -> None:
        """Tell loggers and callbacks of an event."""
        rank = _LEVELS.index(level or e.level_tag())
        # A warning may be an error, which dbt finds out as it tells it.
        if rank >= _WARNS or self._is_logged(e, rank) or (rank > 0 and self._is_listened_to(e)):
            super().fire_event(e, level, *others, **options)

    def _is_logged(self, e: Any, rank: int) -> bool:
        # What a macro prints is shown by whoever shows nothing else.
        return type(e).__name__ in PRINT_EVENT_NAMES or any(
            _LEVELS.index(logger.level) <= rank for logger in self.loggers
        )

    def _is_listened_to(self, e: Any) -> bool:
        name = type(e).__name__
        # dbt's own wants warnings.
        listeners = [callback for callback in self.callbacks if callback is not track_behavior_change_warn]
        return any(name in getattr(callback, "names", [name]) for callback in listeners)


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


def source_of_flag() -> str:
    """The module that has a flag, which is told in events of it; dbt reads the source of every frame for that."""
    frame: FrameType | None = sys._getframe()
    while frame and frame.f_globals.get("__name__") in (__name__, behavior_flags.__name__):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")) if frame else "Unknown"
