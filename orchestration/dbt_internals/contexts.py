"""What a node's context holds, made when it is asked for.

dbt binds each of 800 macros to the context of every node, twice, and makes a module of a macro at each of its calls.
Belongs here: what a name means, as dbt says. Not here: how a template is compiled (templates.py).
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dbt.clients.jinja import MacroGenerator, MacroStack
from dbt.context.base import BaseContext
from dbt.context.macros import MacroNamespace, MacroNamespaceBuilder
from dbt.exceptions import PackageNotFoundForMacroError
from dbt.include.global_project import PROJECT_NAME
from dbt_common.clients.jinja import MacroFuzzTemplate, NativeSandboxTemplate
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.runtime import Context

Macros = Mapping[str, Any]
"""Macros as they were parsed, by their names."""


class Bindings:
    """What all macros of a node are bound to."""

    __slots__ = ("context", "node", "stack")

    def __init__(self, context: dict[str, Any], node: Any, stack: MacroStack) -> None:
        self.context = context
        self.node = node
        self.stack = stack


class Bound(MacroGenerator):
    """A macro bound by one reference, made a module at its first call: it has no state but its context's."""

    def __init__(self, macro: Any, bindings: Bindings) -> None:  # the original's would set what is looked up here
        self.macro = macro
        self._bindings = bindings
        self._function: Callable[..., Any] | None = None

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

    def get_macro(self) -> Callable[..., Any]:
        """The macro as a function of Jinja's."""
        if self._function is None:
            self._function = super().get_macro()
        return self._function


class Lazy(dict[str, Any]):
    """A dictionary whose further entries are made when they are asked for; what is told of it whole is without them."""

    def made(self, name: str) -> Any:
        """A further entry.

        Raises:
            KeyError: there is none of that name.
        """
        raise NotImplementedError

    def can_make(self, name: object) -> bool:
        """Whether there is a further entry of that name."""
        raise NotImplementedError

    def __missing__(self, name: str) -> Any:
        made = self[name] = self.made(name)
        return made

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.can_make(name)

    def get(self, name: str, default: Any = None) -> Any:
        """An entry, or what is given."""
        try:
            return self[name]
        except KeyError:
            return default


class Package(Lazy):
    """The macros of a package, or of several of which the first that has a name counts."""

    def __init__(self, places: Iterable[Macros], bindings: Bindings) -> None:
        super().__init__()
        self._places = list(places)
        self._bindings = bindings

    def made(self, name: str) -> Bound:
        """A macro."""
        for place in self._places:
            if name in place:
                return Bound(place[name], self._bindings)
        raise KeyError(name)

    def can_make(self, name: object) -> bool:
        """Whether a package has such a macro."""
        return any(name in place for place in self._places)

    def names(self) -> set[str]:
        """Of all its macros."""
        return {name for place in self._places for name in place}


class BuiltIns(Lazy):
    """What dbt itself gives a context: most nodes ask for a tenth of it."""

    def __init__(self, of: BaseContext) -> None:
        super().__init__()
        self._of = of

    def made(self, name: str) -> Any:
        """A property's value, or a function."""
        value = self._of._context_members_[name]
        return value.__get__(self._of) if hasattr(value, "__get__") else value

    def can_make(self, name: object) -> bool:
        """Whether dbt has it."""
        return name in self._of._context_members_


class Namespace(MacroNamespace):
    """What a name means in a node's context: its own package, then the project's, then packages, then dbt's.

    Args:
        own: names of the packages whose macros go before all others.
        internal: names of dbt's and the adapter's packages; the first that has a name counts.
    """

    def __init__(
        self, macros: Mapping[str, Macros], own: Sequence[str], internal: Sequence[str], bindings: Bindings
    ) -> None:
        self._own = Package([macros.get(name, {}) for name in own], bindings)
        self._internal = Package([macros.get(name, {}) for name in internal], bindings)
        # dbt's own package is all internal ones.
        packages = {name: Package([of_it], bindings) for name, of_it in macros.items() if name not in internal}
        self._packages = packages
        self._named = {PROJECT_NAME: self._internal} | packages

    def __iter__(self) -> Iterator[str]:
        return iter(self._own.names() | set(self._named) | self._internal.names())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._named or name in self._internal

    def __getitem__(self, name: str) -> Any:
        for place in (self._own, self._named, self._internal):
            if name in place:
                return place[name]
        raise KeyError(name)

    def get_from_package(self, package_name: str | None, name: str) -> Any:
        """A macro of a package, or of the first that has it.

        Raises:
            PackageNotFoundForMacroError: there is no such package, or it is an adapter's.
        """
        if package_name is None:
            return self.get(name)
        if package_name == PROJECT_NAME:
            return self._internal.get(name)
        if package_name not in self._packages:
            raise PackageNotFoundForMacroError(package_name)
        return self._packages[package_name].get(name)


class Scope(Lazy):
    """A context of Jinja's in which macros and built-ins are made when they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._later: tuple[Mapping[str, Any], ...] = ()

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Take entries over: what comes last goes before what is there under the same name."""
        if isinstance(other, Namespace | BuiltIns):
            self._later = (other, *self._later)
            for name in [name for name in self if name in other]:
                del self[name]
        else:
            super().update(other)
        super().update(more)

    def made(self, name: str) -> Any:
        """What the last that was taken over has under a name, or Jinja itself."""
        for place in self._later:
            if name in place:
                return place[name]
        return DEFAULT_NAMESPACE[name]

    def can_make(self, name: object) -> bool:
        """Whether one of them has it, or Jinja itself."""
        return any(name in place for place in self._later) or name in DEFAULT_NAMESPACE


_make_context, _build_namespace = BaseContext.__init__, MacroNamespaceBuilder.build_namespace
_generate_builtins = BaseContext.generate_builtins
_new_context, _new_native_context = MacroFuzzTemplate.new_context, NativeSandboxTemplate.new_context


def make_context(self: BaseContext, cli_vars: dict[str, Any], require_vars: bool = True) -> None:
    """Begin a context, of whatever kind."""
    _make_context(self, cli_vars, require_vars)
    self._ctx = Scope()


def generate_builtins(self: BaseContext) -> dict[str, Any]:
    """What dbt itself gives a context."""
    config = getattr(self, "config", None)
    # Variables, which are always made in the original, have dbt look for the packages in which macros are looked for.
    if getattr(config, "dependencies", ()) is None:
        config.load_dependencies()  # type: ignore[union-attr]
    return BuiltIns(self)


def new_context(
    self: MacroFuzzTemplate | NativeSandboxTemplate, vars: dict[str, Any] | None = None, *_: Any, **__: Any
) -> Context:
    """What a template sees: no copy, which would be without what was not asked for yet."""
    places: Any = vars if isinstance(vars, Scope) else ChainMap(vars or {}, self.globals)
    return self.environment.context_class(self.environment, places, self.name, self.blocks)


def build_namespace(
    self: MacroNamespaceBuilder, macros_by_package: Mapping[str, Macros], ctx: dict[str, Any]
) -> Namespace:
    """All macros, for a node's context: done three times for every node."""
    own = dict.fromkeys((self.search_package, self.root_package))
    before = [name for name in own if name not in self.internal_package_names]
    bindings = Bindings(ctx, self.node, self.thread_ctx)
    return Namespace(macros_by_package, before, self.internal_package_names_order, bindings)
