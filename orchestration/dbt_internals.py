"""Parts of dbt that it has no settings for, and that cost a build more than its SQL.

Belongs here: what is replaced in dbt, or asked of its inside; each is private to dbt, whose version is pinned, and is
compared with the original by a test. Not here: builds (dbt.py), nor anything that changes what dbt does.
"""

import gc
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.include.global_project import PROJECT_NAME
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

GARBAGE = (100_000, 10, 100)
"""How many new objects there are before dbt's are looked at, and how often the older ones are: a project parsed is a
million that stay."""

Macros = dict[str, MacroGenerator]


class Events(EventManager):
    """No debugging events that no log asks for: of 20,000 in a build each costs as much as a small query."""

    def fire_event(self, e: Any, level: Any = None, *others: Any, **options: Any) -> None:
        """Tell loggers and callbacks of an event."""
        is_asked_for = any(logger.level == EventLevel.DEBUG for logger in self.loggers)
        if is_asked_for or (level or e.level_tag()) != EventLevel.DEBUG:
            super().fire_event(e, level, *others, **options)


class Namespace(MacroNamespace):
    """Finds a macro by one look-up, where the original looks through its packages, for each of 725 names."""

    def __init__(self, global_: Macros, local: Macros, internal: Macros, packages: dict[str, Macros]) -> None:
        super().__init__(global_, local, internal, packages)
        self._found = {**internal, PROJECT_NAME: internal, **packages, **global_, **local}

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, key: str) -> Any:
        return self._found[key]


class Bindings:
    """What all macros of a node are bound to."""

    __slots__ = ("context", "node", "stack")

    def __init__(self, context: dict[str, Any], node: Any, stack: MacroStack) -> None:
        self.context = context
        self.node = node
        self.stack = stack


class Bound(MacroGenerator):
    """A macro bound by one reference: most are never called, and two million are made in a build."""

    def __init__(self, macro: Any, bindings: Bindings) -> None:  # the original's would set what is looked up here
        self.macro = macro
        self._bindings = bindings

    @property
    def context(self) -> dict[str, Any]:  # type: ignore[override]
        """What its names are looked up in."""
        return self._bindings.context

    @property
    def node(self) -> Any:  # type: ignore[override]
        """Whose context it is."""
        return self._bindings.node

    @property
    def stack(self) -> MacroStack:  # type: ignore[override]
        """The macros that are being called."""
        return self._bindings.stack


def build_namespace(
    self: MacroNamespaceBuilder, macros_by_package: Mapping[str, Mapping[str, Any]], ctx: dict[str, Any]
) -> Namespace:
    """All macros, bound to a node's context: done three times for every node."""
    bindings = Bindings(ctx, self.node, self.thread_ctx)
    packages: dict[str, Macros] = {
        package: {name: Bound(macro, bindings) for name, macro in macros.items()}
        for package, macros in macros_by_package.items()
    }
    internal: Macros = {}
    for package in reversed(self.internal_package_names_order):
        internal |= packages.pop(package, {})
    local = packages.get(self.search_package, {})
    global_ = packages.get(self.root_package, {}) if self.root_package != self.search_package else {}
    return Namespace(global_, local, internal, packages)


def hurry() -> None:
    """Replace what is replaced, in this process, and look for garbage less often: it took a quarter of a build."""
    gc.set_threshold(*GARBAGE)
    ctx_set_event_manager(Events())
    MacroNamespaceBuilder.build_namespace = build_namespace  # type: ignore[method-assign]


def release() -> None:
    """Let others open the DuckDB file, which dbt keeps open for as long as its process lives."""
    adapter = sys.modules.get("dbt.adapters.duckdb.connections")
    if adapter and (environment := adapter.DuckDBConnectionManager._ENV):
        environment.close()
        adapter.DuckDBConnectionManager._ENV = None
