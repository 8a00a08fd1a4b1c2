"""The document form of a report: a PDF for A4 paper, which document.typ and its parts lay out.

Belongs here: what the template is given, fonts, and the PDF's own properties. Not here: how it looks (document*.typ),
nor what the report shows (content.py).
"""

import json
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


def _report(report: Report) -> dict[str, Any]:
    return {
        "title": printable(report.title),
        "recipient": printable(report.recipient),
        "period": printable(report.period),
        "timezone": printable(report.timezone),
        "revision": report.revision,
        "changes": [
            [printable(f"{change.section}: {change.place}"), *map(printable, (change.before, change.now, change.why))]
            for change in report.changes
        ],
        "sections": [_section(section) for section in report.sections],
    }


def _section(section: Section) -> dict[str, Any]:
    told: dict[str, Any] = {"form": type(section).__name__.lower(), "title": printable(section.title)}
    match section:
        case Headlines(figures=figures):
            told["figures"] = [
                {
                    "label": printable(figure.label),
                    "value": _cell(figure.value),
                    "prior": _cell(figure.prior),
                    "change": _cell(figure.change),
                    "direction": figure.direction,
                    "news": figure.news,
                    "unusual": figure.unusual,
                    "about": printable(figure.about),
                }
                for figure in figures
            ]
        case Trend(label=label, points=bars) | Comparison(label=label, bars=bars):
            told |= {"label": printable(label), **_bars(bars)}
        case Table(columns=columns, rows=rows):
            told |= {
                "columns": list(map(printable, columns)),
                "numeric": [_is_numeric(column) for column in zip(*rows, strict=True)] or [False] * len(columns),
                "rows": [[_cell(cell) for cell in row] for row in rows],
            }
        case Notes(lines=lines):
            told["lines"] = list(map(printable, lines))
    if isinstance(section, Comparison):
        told["by"] = printable(section.by)
    if isinstance(section, Comparison | Table):
        told["left"] = left_out(section)
    return told


def _cell(cell: Cell) -> dict[str, Any]:
    return {"text": printable(cell.text), "was": cell.was and printable(cell.was), "is_text": cell.kind.form == "text"}


def _bars(bars: Sequence[tuple[str, Cell]]) -> dict[str, Any]:
    """Each with where it begins and ends, as shares of the whole height or length; nothing is drawn for no value."""
    sizes = [float(cell.value) if isinstance(cell.value, Decimal | int) else 0.0 for _, cell in bars]
    low, high = min([0.0, *sizes]), max([0.0, *sizes])
    span = high - low or 1.0
    return {
        "zero": -low / span,
        "bars": [
            {
                "name": printable(name),
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
