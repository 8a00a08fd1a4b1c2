"""Parts of dbt that it has no settings for, and that cost a build more than its SQL.

Belongs here: what is replaced in dbt, or asked of its inside; each is private to dbt, whose version is pinned, and is
compared with the original by a test. Not here: builds (dbt.py), nor anything that changes what dbt does.
"""

import gc
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import CodeType
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation
from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.include.global_project import PROJECT_NAME
from dbt_common.clients import agate_helper
from dbt_common.clients.jinja import MacroFuzzEnvironment, NativeSandboxEnvironment
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

GARBAGE = (100_000, 10, 100)
"""How many new objects there are before dbt's are looked at, and how often the older ones are: a project parsed is a
million that stay."""

_JINJA = re.compile(r"[{%#][{%#]|[}%#][}%#]")

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


class _Original:
    """What is replaced, to be called from what stands in its place."""

    compile = MacroFuzzEnvironment.compile
    from_string = NativeSandboxEnvironment.from_string
    build_namespace = MacroNamespaceBuilder.build_namespace
    make_event = BaseEvent.__init__
    of_event = BaseEvent.__getattr__
    set_of_event = BaseEvent.__setattr__
    make_match = BaseAdapter._make_match
    build_type_tester = staticmethod(agate_helper.build_type_tester)


_compiled: dict[tuple[type, str], CodeType] = {}


def compile_once(self: MacroFuzzEnvironment, source: Any, *arguments: Any, **options: Any) -> Any:
    """Compile a template, or find what one of the same text was compiled to: tests differ in arguments alone.

    Code knows nothing of the environment that it runs in, which is of one class with the same extensions.
    """
    if arguments or options or not isinstance(source, str):
        return _Original.compile(self, source, *arguments, **options)
    key = type(self), source
    if key not in _compiled:
        _compiled[key] = _Original.compile(self, source)
    return _compiled[key]


class Plain:
    """What dbt calls a template and is only text: two thirds of what it compiles while it reads a project's YAML."""

    def __init__(self, text: str) -> None:
        self._text = re.sub(r"\r\n?", "\n", text).removesuffix("\n")

    def render(self, _: object) -> str:
        """The text, as Jinja leaves it."""
        return self._text


def from_string(self: NativeSandboxEnvironment, source: Any, *arguments: Any, **options: Any) -> Any:
    """A template of a string; nothing is compiled where nothing in it is Jinja's."""
    if isinstance(source, str) and not _JINJA.search(source):
        return Plain(source)
    return _Original.from_string(self, source, *arguments, **options)


def make_event(self: BaseEvent, *arguments: Any, **options: Any) -> None:
    """Keep what an event is of; it becomes a message where somebody looks at it, and most are dropped unseen."""
    vars(self)["_given"] = arguments, options


def of_event(self: BaseEvent, key: str) -> Any:
    """What an event holds, which is its message's."""
    if key != "pb_msg":
        return getattr(self.pb_msg, key)
    arguments, options = vars(self).pop("_given")
    _Original.make_event(self, *arguments, **options)
    return vars(self)["pb_msg"]


def set_of_event(self: BaseEvent, key: str, value: Any) -> None:
    """Change what an event holds."""
    if key != "pb_msg" and "_given" in vars(self):
        of_event(self, "pb_msg")
    _Original.set_of_event(self, key, value)  # type: ignore[no-untyped-call]


def make_match(
    self: BaseAdapter, relations: Iterable[BaseRelation], database: str, schema: str, identifier: str
) -> list[BaseRelation]:
    """The relations of a name, of which dbt compares every part with every relation of the schema."""
    wanted = _folded(identifier)
    named = [relation for relation in relations if _folded(relation.identifier) == wanted]
    return _Original.make_match(self, named, database, schema, identifier)


def _folded(name: str | None) -> str | None:
    return name and name.lower().strip('"`')


@cache
def _type_tester(text_columns: frozenset[str], null_values: tuple[str, ...] | None) -> Any:
    return _Original.build_type_tester(text_columns, string_null_values=null_values)


def build_type_tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
    """What tells the types of a result's columns: it knows all forms of dates, and remembers nothing of a result."""
    return _type_tester(frozenset(text_columns), None if string_null_values is None else tuple(string_null_values))


def hurry() -> None:
    """Replace what is replaced, in this process, and look for garbage less often: it took a quarter of a build."""
    gc.set_threshold(*GARBAGE)
    ctx_set_event_manager(Events())
    MacroNamespaceBuilder.build_namespace = build_namespace  # type: ignore[method-assign]
    MacroFuzzEnvironment.compile = compile_once  # type: ignore[method-assign, assignment]
    NativeSandboxEnvironment.from_string = from_string  # type: ignore[method-assign, assignment]
    BaseEvent.__init__ = make_event  # type: ignore[method-assign]
    BaseEvent.__getattr__ = of_event  # type: ignore[method-assign]
    BaseEvent.__setattr__ = set_of_event  # type: ignore[method-assign]
    BaseAdapter._make_match = make_match  # type: ignore[method-assign, assignment]
    agate_helper.build_type_tester = build_type_tester


def release() -> None:
    """Let others open the DuckDB file, which dbt keeps open for as long as its process lives."""
    adapter = sys.modules.get("dbt.adapters.duckdb.connections")
    if adapter and (environment := adapter.DuckDBConnectionManager._ENV):
        environment.close()
        adapter.DuckDBConnectionManager._ENV = None
