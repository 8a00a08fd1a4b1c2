"""Markup that cannot be broken by what stands in it.

Belongs here: elements, escaping, and the frame of a page, for HTML and for SVG alike. Not here: which elements a report
has (page.py, index.py, charts.py).
"""

import re
from functools import cache
from html import escape
from importlib import resources

_SPACE = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML or HTML forbids in text, as it is or as a reference."""


class Html(str):
    """Markup that is done: only this is not escaped when it is put into an element."""

    __slots__ = ()


def fit(text: str) -> str:
    """Text as a page holds it: on one line, with U+FFFD for what markup cannot hold."""
    return _UNFIT.sub("\ufffd", _SPACE.sub(" ", text))


def element(name: str, *children: str, **attributes: str | int | None) -> Html:
    """An element: `data_place` becomes data-place, `class_` class; an attribute that is None is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(fit(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{said}>{joined(*children)}</{name}>")


def joined(*children: str) -> Html:
    """Pieces after one another: markup as it is, text escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(fit(child)) for child in children))


def name(text: str) -> Html:
    """A name in any script, which leaves the direction of the text around it alone."""
    return element("bdi", text)


def unseen(text: str) -> Html:
    """What only a screen reader needs."""
    return element("span", text, class_="unseen")


def document(title: str, *body: str) -> bytes:
    """A whole page in one file, which loads nothing and runs nothing: its policy forbids even what might slip in."""
    head = joined(
        Html('<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'),
        Html(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        ),
        element("title", title),
        Html(f"\n<style>\n{_style()}</style>\n"),
    )
    page = joined(element("head", Html("\n"), head), Html("\n"), element("body", Html("\n"), *body, Html("\n")))
    return f'<!doctype html>\n<html lang="en">\n{page}\n</html>\n'.encode()


@cache
def _style() -> Html:
    return Html(resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8"))
