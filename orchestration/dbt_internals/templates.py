"""Templates compiled once, and not again in the next process.

Belongs here: what Jinja compiles for dbt, and the file that remembers it. Not here: what a name means (contexts.py).
"""

import marshal
import re
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from dbt_common.clients.jinja import MacroFuzzEnvironment, NativeSandboxEnvironment

from ingestion.output.storage import aside_name

FILE = "templates.marshal"
MOST = 20_000
"""Templates that are remembered; where there are more, those of the last process alone are."""

_MADE_WITH = f"{sys.version} Jinja {jinja2.__version__}"
_JINJA = re.compile(r"[{%#][{%#]|[}%#][}%#]")

_compile, _from_string = MacroFuzzEnvironment.compile, NativeSandboxEnvironment.from_string

_compiled: dict[tuple[str, str], CodeType] = {}
_asked_for: set[tuple[str, str]] = set()
_remembered: set[tuple[str, str]] = set()


def compile_once(self: MacroFuzzEnvironment, source: Any, *arguments: Any, **options: Any) -> Any:
    """Compile a template, or find what one of the same text was compiled to: tests differ in arguments alone.

    Code knows nothing of the environment that it runs in, which is of one class with the same extensions.
    """
    if arguments or options or not isinstance(source, str):
        return _compile(self, source, *arguments, **options)
    key = type(self).__name__, source
    _asked_for.add(key)
    if key not in _compiled:
        _compiled[key] = _compile(self, source)
    return _compiled[key]


def recall(folder: Path) -> None:
    """Take over what earlier processes compiled, if the same Python and Jinja did."""
    try:
        # Code that runs here: as private as dbt's own memory beside it, and as what Python compiles.
        made_with, compiled = marshal.loads((folder / FILE).read_bytes())  # noqa: S302
    except (OSError, EOFError, ValueError, TypeError):
        return
    if made_with == _MADE_WITH:
        _compiled.update(compiled)
        _remembered.update(compiled)


def remember(folder: Path) -> None:
    """Keep what this process compiled for the next one, as Jinja's own caches do: as Python's code."""
    if _asked_for <= _remembered:
        return
    kept = _compiled if len(_compiled) <= MOST else {key: _compiled[key] for key in _asked_for}
    aside = folder / aside_name(FILE)
    aside.write_bytes(marshal.dumps((_MADE_WITH, kept)))
    aside.replace(folder / FILE)
    _remembered.update(kept)


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
    return _from_string(self, source, *arguments, **options)
