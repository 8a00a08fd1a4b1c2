"""What was published of a recipient's reports: `reports.json` beside them.

Belongs here: the record's shape, and what the next edition of a report is. Not here: the files themselves.

A figure is remembered as it was shown. What is told of the data's freshness is no figure: it makes no revision.
"""

import hashlib
import json
import posixpath
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from exports.errors import ExportError
from exports.periods import Cadence, Period
from exports.reports.content import (
    NOTHING,
    Change,
    Comparison,
    Headlines,
    Notes,
    Report,
    Section,
    Table,
    Trend,
)
from exports.reports.declaration import Declaration
from exports.reports.reasons import Arrivals, reason
from ingestion.output.storage import Storage

Figures = dict[str, dict[str, str]]

NO_ARRIVALS = Arrivals({})

RECORD = "reports.json"
_LOOK = 1
"""Of the three forms: raised where they look otherwise, so that reports that are there are made anew."""


class Edition(BaseModel):
    """The last edition of a report for one period.

    Attributes:
        revision: 1, and one more for each time that a figure had changed.
        published_at: when these figures were first shown, ISO, UTC.
        declared: fingerprint of the declaration and the look that it was made by.
        figures: section → place → what is shown there.
        changes: against the revision before.
        ids: section → place → what the place is called whatever the names in it are.
        rows_until: when the newest row had arrived when it was last looked at, ISO, UTC; None: it was not noted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    recipient: str
    cadence: Cadence | Literal["now"]
    period: str
    first_day: date
    keeps: bool
    revision: int
    published_at: str
    declared: str
    figures: Figures
    changes: list[dict[str, str]]
    ids: Figures = {}
    rows_until: str | None = None

    @classmethod
    def of(cls, report: Report, declaration: Declaration, stamp: str, arrivals: Arrivals = NO_ARRIVALS) -> Self:
        """The record of a report."""
        return cls(
            title=report.title,
            recipient=report.recipient,
            cadence=report.cadence,
            period=report.period,
            first_day=report.first_day,
            keeps=declaration.keeps,
            revision=report.revision,
            published_at=stamp,
            declared=_fingerprint(declaration),
            figures=figures_of(report) if declaration.keeps or declaration.trailing_days else {},
            changes=[{name: getattr(change, name) for name in Change.__slots__} for change in report.changes],
            ids=ids_of(report) if declaration.keeps else {},
            rows_until=arrivals.newest if declaration.keeps else None,
        )

    def stem(self, key: str) -> str:
        """The files' name without its end: earlier revisions keep theirs."""
        return f"{key}-r{self.revision}" if self.revision > 1 else key

    def says_the_same(self, other: "Edition") -> bool:
        """Whether the files of another edition would be these."""
        of_no_file = ("published_at", "ids", "rows_until")
        return self.model_copy(update={name: getattr(other, name) for name in of_no_file}) == other


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")
    editions: dict[str, Edition]


class Record:
    """The record of one recipient's folder."""

    def __init__(self, folder: str, editions: dict[str, Edition]) -> None:
        self.editions = editions
        self._folder, self._was = folder, dict(editions)

    @classmethod
    def read(cls, storage: Storage, folder: str) -> "Record":
        """Read it; an empty one where there is none.

        Raises:
            ExportError: it is no such record.
        """
        path = posixpath.join(folder, RECORD)
        content = storage.read(path)
        if content is None:
            return cls(folder, {})
        try:
            return cls(folder, _Content.model_validate_json(content).editions)
        except ValidationError:
            raise ExportError(
                f"{path} is not what reports wrote. Restore it, or remove it with the reports beside it: they are made "
                "anew, as first revisions."
            ) from None

    def periods(self, name: str, cadence: Cadence) -> list[Period]:
        """The periods of a report that were published."""
        return [
            Period(cadence, edition.first_day)
            for key, edition in self.editions.items()
            if edition.cadence == cadence and key == f"{name}-{Period(cadence, edition.first_day).name}"
        ]

    def note(self, key: str, edition: Edition) -> None:
        """Remember an edition."""
        self.editions[key] = edition

    def save(self, storage: Storage) -> None:
        """Write what is new. Whoever lists editions finds them in the order in which they will be read."""
        self.editions = dict(sorted(self.editions.items()))
        if self.editions != self._was:
            content = _Content(editions=self.editions).model_dump(mode="json")
            text = json.dumps(content, indent=1, ensure_ascii=False)
            storage.write(posixpath.join(self._folder, RECORD), f"{text}\n".encode())
            self._was = dict(self.editions)


def figures_of(report: Report) -> Figures:
    """Section → place → what is shown there; but of sections that tell how things stand."""
    return {
        section.title: {place: cell.text for place, cell in section.cells()}
        for section in report.sections
        if not isinstance(section, Notes) and not (isinstance(section, Table) and section.as_it_stands)
    }


def ids_of(report: Report) -> Figures:
    """Section → place → what the place is called whatever the names in it are, of what is known by ids."""
    found = {
        section.title: section.ids_of_places()
        for section in report.sections
        if isinstance(section, Comparison) or (isinstance(section, Table) and not section.as_it_stands)
    }
    return {title: ids for title, ids in found.items() if ids}


def revised(
    report: Report, before: Edition | None, declaration: Declaration, arrivals: Arrivals = NO_ARRIVALS
) -> Report:
    """A report as the next edition after the one before: the same one, or a revision that marks what changed.

    Where the report is declared otherwise than it was, only figures that both show are compared.
    """
    if before is None:
        return report
    is_same_declaration = before.declared == _fingerprint(declaration)
    why = partial(
        reason, arrivals, before.rows_until or before.published_at, is_declared_otherwise=not is_same_declaration
    )
    changes = tuple(
        Change(section, place, was, now, why(was_place=was_place))
        for section, place, was, now, was_place in _differences(before, figures_of(report), ids_of(report))
        if is_same_declaration or NOTHING not in (was, now)
    )
    if changes:
        report = replace(report, revision=before.revision + 1, changes=changes)
    else:
        kept = tuple(Change(**change) for change in before.changes)
        report = replace(report, revision=before.revision, changes=kept)
    marks = {(change.section, change.place): change.before for change in report.changes}
    return replace(report, sections=tuple(_marked(section, marks) for section in report.sections))


def _differences(before: Edition, now: Figures, ids: Figures) -> Iterator[tuple[str, str, str, str, str | None]]:
    """Section, place, what was and is shown there, and the place before where it had another name."""
    figures = before.figures
    gone_sections = [sorted(figures[section].values()) for section in figures.keys() - now.keys()]
    new_sections = [sorted(now[section].values()) for section in now.keys() - figures.keys()]
    for section in {**figures, **now}:
        was, shown = figures.get(section, {}), now.get(section, {})
        # It is called otherwise, as its measure is.
        if section not in now and sorted(was.values()) in new_sections:
            continue
        if section not in figures and sorted(shown.values()) in gone_sections:
            continue
        if section in before.ids and section in ids:
            yield from ((section, *told) for told in _by_ids(was, before.ids[section], shown, ids[section]))
        else:
            yield from ((section, *told, None) for told in _by_names(was, shown))


def _by_ids(
    was: dict[str, str], was_ids: dict[str, str], shown: dict[str, str], ids: dict[str, str]
) -> Iterator[tuple[str, str, str, str | None]]:
    """Place, what was and is shown there, and the place before: what has another name is found by its id."""
    places_before, places = {was_ids[place]: place for place in was}, {ids[place]: place for place in shown}
    for id_ in {**places_before, **places}:
        place_before, place = places_before.get(id_), places.get(id_)
        text_before = was[place_before] if place_before is not None else NOTHING
        text = shown[place] if place is not None else NOTHING
        if text_before == text:
            continue
        if place is None:
            # Another may have the name now.
            yield f"{place_before} (gone)" if place_before in shown else str(place_before), text_before, text, None
        else:
            yield place, text_before, text, place_before if place_before != place else None


def _by_names(was: dict[str, str], shown: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Place, and what was and is shown there: another name is told by figures that are as they were."""
    if was.keys() != shown.keys() and sorted(was.values()) == sorted(shown.values()):
        return
    gone, come = was.keys() - shown.keys(), shown.keys() - was.keys()
    is_renamed = sorted(was[place] for place in gone) == sorted(shown[place] for place in come)
    for place in {**was, **shown}:
        if is_renamed and place in gone | come:
            continue
        if was.get(place, NOTHING) != shown.get(place, NOTHING):
            yield place, was.get(place, NOTHING), shown.get(place, NOTHING)


def _marked(section: Section, marks: dict[tuple[str, str], str]) -> Section:
    """A section whose cells say what the revision before showed."""
    if isinstance(section, Notes):
        return section

    marked = [replace(cell, was=marks.get((section.title, place))) for place, cell in section.cells()]
    if isinstance(section, Trend):
        return replace(section, points=tuple(zip((label for label, _ in section.points), marked, strict=True)))
    if isinstance(section, Comparison):
        return replace(section, bars=tuple(zip((name for name, _ in section.bars), marked, strict=True)))
    cells = iter(marked)
    if isinstance(section, Headlines):
        figures = (replace(f, value=next(cells), prior=next(cells), change=next(cells)) for f in section.figures)
        return replace(section, figures=tuple(figures))
    rows = (tuple(cell if cell.kind.form == "text" else next(cells) for cell in row) for row in section.rows)
    return replace(section, rows=tuple(rows))


def _fingerprint(declaration: Declaration) -> str:
    # To whom it is sent makes no report another one.
    return digest_of([_LOOK, declaration.model_dump(mode="json", exclude={"deliver"})])[:16]


def digest_of(content: Any) -> str:
    """The sha256 of what JSON can say, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
