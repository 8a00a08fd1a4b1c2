"""The document form of a report: a PDF for A4 paper, which document.typ lays out.

Belongs here: what the template is given, fonts, and the PDF's own properties. Not here: how it looks (document.typ),
nor what the report shows (content.py).
"""

import json
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from exports.reports.content import Cell, Comparison, Headlines, Notes, Report, Section, Table, Trend, left_out

_FONT_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Noto in wheels: a document looks the same wherever it is made, whatever fonts the machine has."""

_LATIN = "Noto Sans"
_BREAKS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_MARK = "\ufeff"
"""A byte order mark; within text it is nothing, and PDF/UA forbids it."""


def render(report: Report) -> bytes:
    """The report as PDF/UA, the same bytes for the same report.

    Characters that no font of the packages has (some of rare scripts, private ones) stand as boxes; the document
    then says so in a last note, and is tagged as before but promises no PDF/UA, which wants every character drawn.
    """
    told = json.dumps({"fonts": _families(), "boxes": False, **_report(report)})
    try:
        return _compiled(told, standards=["ua-1"])
    except typst.TypstError as error:
        if "could not be displayed" not in error.diagnostic:
            raise
    boxes = "A box stands for a character that this document's fonts lack; the page and the workbook have it."
    return _compiled(json.dumps({**json.loads(told), "boxes": boxes}), standards=[])


def _compiled(told: str, standards: list[Any]) -> bytes:
    return typst.compile(
        _template(),
        format="pdf",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": told},
        pdf_standards=standards,
    )


@cache
def _template() -> bytes:
    return files("exports.reports").joinpath("document.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    folders = [str(files(package)) for package in _FONT_PACKAGES]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def _families() -> list[str]:
    """All of them, in an order of our own: in that of the folder, another machine would choose other glyphs."""
    return [_LATIN, *sorted(family for family in _fonts().families() if family != _LATIN)]


def _report(report: Report) -> dict[str, Any]:
    return {
        "title": _plain(report.title),
        "recipient": _plain(report.recipient),
        "period": _plain(report.period),
        "timezone": _plain(report.timezone),
        "revision": report.revision,
        "changes": [
            [_plain(f"{change.section}: {change.place}"), *map(_plain, (change.before, change.now, change.why))]
            for change in report.changes
        ],
        "sections": [_section(section) for section in report.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    told: dict[str, Any] = {"form": type(section).__name__.lower(), "title": _plain(section.title)}
    match section:
        case Headlines(figures=figures):
            told["figures"] = [
                {
                    "label": _plain(figure.label),
                    "value": _cell(figure.value),
                    "prior": _cell(figure.prior),
                    "change": _cell(figure.change),
                    "direction": figure.direction,
                    "news": figure.news,
                    "unusual": figure.unusual,
                    "about": _plain(figure.about),
                }
                for figure in figures
            ]
        case Trend(label=label, points=bars) | Comparison(label=label, bars=bars):
            told |= {"label": _plain(label), **_bars(bars)}
        case Table(columns=columns, rows=rows):
            told |= {
                "columns": list(map(_plain, columns)),
                "numeric": [_is_numeric(column) for column in zip(*rows, strict=True)] or [False] * len(columns),
                "rows": [[_cell(cell) for cell in row] for row in rows],
            }
        case Notes(lines=lines):
            told["lines"] = list(map(_plain, lines))
    if isinstance(section, Comparison):
        told["by"] = _plain(section.by)
    if isinstance(section, Comparison | Table):
        told["left"] = left_out(section)
    return told


def _cell(cell: Cell) -> dict[str, Any]:
    return {"text": _plain(cell.text), "was": cell.was and _plain(cell.was), "is_text": cell.kind.form == "text"}


def _bars(bars: Sequence[tuple[str, Cell]]) -> dict[str, Any]:
    """Each with where it begins and ends, as shares of the whole height or length; nothing is drawn for no value."""
    sizes = [float(cell.value) if isinstance(cell.value, Decimal | int) else 0.0 for _, cell in bars]
    low, high = min([0.0, *sizes]), max([0.0, *sizes])
    span = high - low or 1.0
    return {
        "zero": -low / span,
        "bars": [
            {
                "name": _plain(name),
                "cell": _cell(cell),
                "is_negative": size < 0,
                "begins": (min(size, 0.0) - low) / span,
                "ends": (max(size, 0.0) - low) / span,
            }
            for (name, cell), size in zip(bars, sizes, strict=True)
        ],
    }


def _is_numeric(column: Sequence[Cell]) -> bool:
    return all(cell.kind.form != "text" for cell in column)


def _plain(text: str) -> str:
    """On one line, and without what has no picture: other control characters stand as U+FFFD."""
    return "".join(_drawable(character) for character in text)


def _drawable(character: str) -> str:
    if character in _BREAKS:
        return " "
    if character == _MARK:
        return ""
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") else character
