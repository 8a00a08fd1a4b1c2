"""The document form of a report: a PDF for A4 paper, which document.typ and its parts lay out.

Belongs here: what the template is given, fonts, and the PDF's own properties. Not here: how it looks (document*.typ),
nor what the report shows (content.py).
"""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

from exports.reports.content import (
    Cell,
    Comparison,
    Headlines,
    Notes,
    Report,
    Section,
    Table,
    Trend,
    left_out,
    printable,
)

_FONT_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Noto in wheels: a document looks the same wherever it is made, whatever fonts the machine has."""

_LATIN = "Noto Sans"

_INVISIBLE = re.compile(r"(?<=[ -~])[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f]+")

_BOXES = "A box stands for a character that this document's fonts lack; the page and the workbook have it."


def render(report: Report) -> bytes:
    """The report as PDF/UA, the same bytes for the same report.

    Characters that no font of the packages has (some of rare scripts, private ones) stand as boxes; the document
    then says so in a last note. What breaks a rule of PDF/UA, as such a character does and a section without a title,
    makes it a tagged PDF that does not say that it is PDF/UA.
    """
    told = {"fonts": _families(), "boxes": "", **_report(report)}
    try:
        return _compiled(told, standards=["ua-1"])
    except typst.TypstError as error:
        if "PDF/UA-1 error" not in error.diagnostic:
            raise
        boxes = _BOXES if "could not be displayed" in error.diagnostic else ""
    return _compiled({**told, "boxes": boxes}, standards=[])


def _compiled(told: dict[str, Any], standards: list[Any]) -> bytes:
    return typst.compile(
        _template(),
        format="pdf",
        root=_template().parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(told)},
        pdf_standards=standards,
    )


def _template() -> Path:
    return Path(__file__).with_name("document.typ")


@cache
def _fonts() -> typst.Fonts:
    folders = [str(files(package)) for package in _FONT_PACKAGES]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def _families() -> list[str]:
    """All of them, in an order of our own: in that of the folder, another machine would choose other glyphs."""
    return [_LATIN, *sorted(family for family in _fonts().families() if family != _LATIN)]


def _plain(text: str) -> str:
    """Text without invisible characters after plain ones.

    A digit that has one is one glyph with it, and reads so wherever else it stands: who copies a figure gets both.
    """
    return _INVISIBLE.sub("", printable(text))


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
