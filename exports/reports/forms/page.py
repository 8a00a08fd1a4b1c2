"""A report as a page: one HTML file that needs nothing else, for a phone, a screen and paper.

Belongs here: what stands around the sections. Not here: the sections (sections.py), how they look (page.css).
"""

from collections.abc import Iterator

from exports.reports.content import DATE, Report
from exports.reports.forms.markup import Html, document, element, joined, name
from exports.reports.forms.sections import Column, body, region, revised

CADENCES = {"day": "Daily", "week": "Weekly", "month": "Monthly", "now": "As it stands"}
_MOST_CHANGES = 10
_FEW_SECTIONS = 3


def render(report: Report) -> bytes:
    """The page: the same report gives the same bytes."""
    sections = [
        element(
            "section",
            element("h2", section.title, id=f"s{number}"),
            body(section, report),
            class_=type(section).__name__.lower(),
            aria_labelledby=f"s{number}",
        )
        for number, section in enumerate(report.sections, 1)
    ]
    return document(
        f"{report.title}, {report.period}, {report.recipient}",
        element("header", *_head(report)),
        element("main", *_revision(report), *_contents(report), *sections),
    )


def _head(report: Report) -> Iterator[Html]:
    yield element("p", name(report.recipient), class_="recipient")
    yield element("h1", report.title)
    yield element("p", report.period, class_="period")
    days = DATE.text(report.first_day)
    if report.last_day != report.first_day:
        days += f" to {DATE.text(report.last_day)}"
    facts = {"Report": CADENCES[report.cadence], "Days": days, "Time zone": report.timezone}
    if report.revision > 1:
        facts["Revision"] = str(report.revision)
    yield element(
        "dl",
        *(element("div", element("dt", key), element("dd", said)) for key, said in facts.items()),
        class_="facts",
    )


def _revision(report: Report) -> Iterator[Html]:
    """What this revision shows otherwise, before all else: somebody may have acted on what it showed before."""
    if report.revision == 1:
        return
    count = len(report.changes)
    what = f"{count:,} figure{'' if count == 1 else 's'} changed" if count else "no figure changed"
    heading = element("h2", f"Revision {report.revision}: {what}", id="revision")
    changes = element(
        "details",
        element("summary", "Before, now and why"),
        region(
            "What changed",
            "Figures that the revision before showed otherwise",
            (Column("Figure"), Column("Now", "n"), Column("Why")),
            [
                (
                    joined(name(change.place), " ", element("small", change.section)),
                    revised(joined(change.now), change.before),
                    joined(change.why),
                )
                for change in report.changes
            ],
        ),
        open="" if count <= _MOST_CHANGES else None,
    )
    yield element(
        "section", heading, *([changes] if report.changes else []), class_="revision", aria_labelledby="revision"
    )


def _contents(report: Report) -> Iterator[Html]:
    if len(report.sections) > _FEW_SECTIONS:
        links = (
            element("li", element("a", section.title, href=f"#s{number}"))
            for number, section in enumerate(report.sections, 1)
        )
        yield element("nav", element("ul", *links), aria_label="Sections")
