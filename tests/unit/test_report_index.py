"""The list of all reports: what comes first, what is folded, and where its links lead."""

from dataclasses import replace
from datetime import date

import page_reader
from page_reader import Element

from exports.reports.forms.index import Entry, render


def index_of(*entries: Entry) -> Element:
    return page_reader.read(render(entries))


def entry(**changed: object) -> Entry:
    usual = Entry("Overview", "Rössl", "month", "October 2026", date(2026, 10, 1), 1, (("Page", "a/2026-10-01.html"),))
    return replace(usual, **changed)  # type: ignore[arg-type]


def test_index_has_newest_first_and_older_ones_folded_by_report_and_recipient() -> None:
    september = entry(period="September 2026", first_day=date(2026, 9, 1), revision=2)
    daily = entry(title="Sales", cadence="day", period="3 October 2026", first_day=date(2026, 10, 3))
    root = index_of(september, entry(recipient="All <together>"), daily, entry())
    assert [heading.text for heading in root.all("h2", "h3")] == [
        *("Rössl", "Overview Monthly", "Sales Daily", "All <together>", "Overview Monthly")
    ]
    [overview, *_] = root.all("article")
    assert overview.all("p", class_="newest")[0].all("span", class_="period")[0].text.strip() == "October 2026"
    [older] = overview.all("details")
    assert [line.all("span", class_="period")[0].text for line in older.all("li")] == ["September 2026 Revision 2"]
    assert [len(article.all("details")) for article in root.all("article")] == [1, 0, 0]


def test_index_addresses_files_by_what_they_are_called_on_disk() -> None:
    root = index_of(entry(links=(("Page", "a%2Eb/ü?.html"), ("PDF", "javascript:alert(1)"))))
    links = root.all("a")
    assert [link.attributes["href"] for link in links] == ["a%252Eb/%C3%BC%3F.html", "javascript%3Aalert%281%29"]
    assert links[0].text == "Page: Overview, October 2026, Rössl"


def test_index_of_nothing_says_so() -> None:
    assert "There are no reports yet." in index_of().text
