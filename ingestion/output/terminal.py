"""Text as a terminal or a log shows it, whoever wrote it.

Belongs here: how commands are called wrongly, the page and the lines that they print, and what keeps names and values
of a source from being markup or control for whatever shows them. Not here: what is printed.
"""

import argparse
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any, NoReturn, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

WIDTH = 110
"""Of what is printed into a file or a pipe, in characters."""

WRONG_USAGE = 64
"""The exit code for a command that was called wrongly (EX_USAGE of sysexits.h): 1 and 2 are results of some."""

_JOINERS = "\u200c\u200d"
"""Scripts and emoji need them, and they move nothing but their neighbours."""


def printable(text: object) -> str:
    r"""What was given, on one line, with whatever a terminal would obey written out: `\x1b`, `\n`, `\u202e`."""
    told = str(text)
    return told if told.isprintable() else "".join(map(_shown, told))


def _shown(character: str) -> str:
    # What is no picture but an order: to a terminal, to the direction of text, or to begin another line.
    is_order = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _JOINERS
    return character.encode("unicode_escape").decode() if is_order else character


def say(line: object, stream: TextIO | None = None) -> None:
    """Print one line (default: on standard error)."""
    print(printable(line), file=stream or sys.stderr, flush=True)


def say_error(line: object) -> None:
    """Tell an error as every command does."""
    say(f"error: {line}")


class Parser(argparse.ArgumentParser):
    """Options of a command, which ends with `WRONG_USAGE` where they make no sense."""

    def error(self, message: str) -> NoReturn:
        """See `ArgumentParser.error`."""
        self.print_usage(sys.stderr)
        self.exit(WRONG_USAGE, f"{self.prog}: error: {message}\n")


class Page(Console):
    """A console that takes no text for markup, and prints only what is printable."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **options})

    def render_str(self, text: str, **options: Any) -> Text:
        """See `Console.render_str`; here already, since what is written out takes more room."""
        return super().render_str(printable(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """See `Console.render`; whatever reaches it in another form than that of a string."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                lines = segment.text.split("\n")
                yield Segment("\n".join(map(printable, lines)), segment.style)


def page() -> Page:
    """Standard output, as wide as the terminal or `WIDTH`."""
    # A stream of a narrower alphabet than the names: shown as they can be, not failed.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Page(width=None if sys.stdout.isatty() else WIDTH)
