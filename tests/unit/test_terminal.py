"""Text as a terminal shows it: nothing that somebody else wrote is markup or an order."""

import io
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from ingestion.loading.progress import BarListener, LogListener
from ingestion.output.terminal import Page, printable, say

ORDERS = [
    "\x1b[2J",
    "\x1b]8;;http://x\x07",
    "\r\n",
    "\x9b31m",
    "\u202e",
    "\u2066",
    "\u2028",
    "[/b]",
    "[red]",
    ":smile:",
]
TEXTS = st.lists(st.one_of(st.text(max_size=5), st.sampled_from(ORDERS))).map("".join)


def orders(text: str) -> set[str]:
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set(
        "\u200c\u200d"
    )


@given(TEXTS)
def test_printable_text_is_one_line_without_orders(text: str) -> None:
    assert not orders(printable(text))
    assert "\n" not in printable(text)
    assert printable(printable(text)) == printable(text)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn", "Zs"])))
def test_text_of_any_script_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(TEXTS)
def test_page_shows_any_text_anywhere(text: str) -> None:
    told = io.StringIO()
    page = Page(file=told, width=200)
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    table.add_row(Text(text))
    page.print(table)
    page.print(text, soft_wrap=True)
    assert not orders(told.getvalue())
    assert told.getvalue().endswith(printable(text) + "\n")


@given(TEXTS)
def test_lines_and_bars_show_any_text(text: str) -> None:
    told = io.StringIO()
    say(text, told)
    LogListener(told).finished(text, text)
    progress = Progress(TextColumn("{task.description}", markup=False), console=Page(file=told, width=200))
    listener = BarListener(progress)
    with progress:
        listener.started(text, 3)
        listener.advanced(text, 1)
        progress.refresh()
        listener.finished(text, text)
    assert not orders(told.getvalue())


def test_name_that_is_markup_is_shown_as_it_is() -> None:
    told = io.StringIO()
    Page(file=told, width=80).print("[/b] Bakery \x1b[31m")
    assert told.getvalue() == "[/b] Bakery \\x1b[31m\n"
