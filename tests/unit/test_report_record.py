"""What the next edition of a report is, beside what was shown before."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from exports.errors import ExportError
from exports.reports.content import COUNT, SHARE, Cell, Comparison, Figure, Headlines, Notes, Report, Section, Table
from exports.reports.declaration import Declaration
from exports.reports.reasons import Arrivals
from exports.reports.record import Edition, Record, revised
from ingestion.output.storage import Storage

DECLARATION = Declaration.model_validate(
    {"title": "Visits", "source": "restaurant", "sections": [{"trend": "visits.total_visits"}]}
)
OTHERWISE = DECLARATION.model_copy(update={"title": "Guests"})


def report(visits: int, name: str = "Lamp", sold: int = 3, reach: str = "Read at noon.") -> Report:
    sections: tuple[Section, ...] = (
        Headlines("At a glance", (Figure("Visits", Cell(visits, COUNT), Cell(9, COUNT), Cell(None, SHARE)),)),
        Comparison(
            "Units sold by product", "Product", "Units sold", ((name, Cell(sold, COUNT)), ("Rug", Cell(1, COUNT)))
        ),
        Table("Campaigns", ("Campaign", "Sent"), ((Cell("Best"), Cell(visits * 2, COUNT)),), as_it_stands=True),
        Notes("How far the data reach", (reach,)),
    )
    return Report(
        "visits",
        "Visits",
        "Léo",
        "restaurant:1",
        "month",
        date(2026, 10, 1),
        date(2026, 10, 31),
        "October 2026",
        "UTC",
        sections,
    )


def edition(shown: Report, declaration: Declaration = DECLARATION) -> Edition:
    return Edition.of(shown, declaration, "2026-11-01T05:06:07+00:00")


def test_first_edition_is_what_there_is() -> None:
    assert revised(report(5), None, DECLARATION) == report(5)


def test_freshness_and_how_things_stand_make_no_revision() -> None:
    before = edition(report(5))
    shown = report(5, reach="Read in the evening.")
    stands = replace(shown.sections[2], rows=((Cell("Best"), Cell(99, COUNT)),))  # type: ignore[arg-type]
    again = revised(replace(shown, sections=(*shown.sections[:2], stands, shown.sections[3])), before, DECLARATION)
    assert again.revision == 1
    assert again.changes == ()
    assert before.says_the_same(edition(again).model_copy(update={"published_at": "later"}))


def test_changed_figure_is_marked_and_told_why() -> None:
    before = edition(report(5, sold=3))
    again = revised(report(6, sold=4), before, DECLARATION)
    assert again.revision == 2
    assert [(change.section, change.place, change.before, change.now) for change in again.changes] == [
        ("At a glance", "Visits", "5", "6"),
        ("Units sold by product", "Lamp", "3", "4"),
    ]
    assert {change.why for change in again.changes} == {
        "No row arrived after 2026-11-01 05:06 UTC: what there was is counted anew."
    }
    marked = {(section, place): cell.was for section, place, cell in again.cells() if cell.was}
    assert marked == {("At a glance", "Visits"): "5", ("Units sold by product", "Lamp"): "3"}
    assert edition(again).stem("visits-2026-10") == "visits-2026-10-r2"
    # The same again is the same edition, marks included.
    assert revised(report(6, sold=4), edition(again), DECLARATION) == again
    assert revised(report(7, sold=4), edition(again), DECLARATION).revision == 3


def test_another_name_is_no_changed_figure() -> None:
    again = revised(report(5, name="Lantern"), edition(report(5)), DECLARATION)
    assert again.revision == 1
    assert not edition(report(5)).says_the_same(edition(again))


def test_another_label_of_a_measure_is_no_changed_figure() -> None:
    shown = report(5)
    renamed = replace(
        shown, sections=(shown.sections[0], replace(shown.sections[1], title="Sold"), *shown.sections[2:])
    )
    assert revised(renamed, edition(shown), DECLARATION).revision == 1
    # A section that only goes is a change.
    without = replace(shown, sections=(shown.sections[0], *shown.sections[2:]))
    assert revised(without, edition(shown), DECLARATION).revision == 2


def test_another_name_beside_a_changed_figure_is_no_change_of_its_own() -> None:
    bars = replace(report(5).sections[1], bars=(("Lantern", Cell(3, COUNT)), ("Rug", Cell(2, COUNT))))  # type: ignore[arg-type]
    shown = report(5)
    shown = replace(shown, sections=(shown.sections[0], bars, *shown.sections[2:]))
    again = revised(shown, edition(report(5)), DECLARATION)
    assert [(change.place, change.before, change.now) for change in again.changes] == [("Rug", "1", "2")]


def test_figure_that_comes_or_goes_is_a_change() -> None:
    again = revised(report(5, name="Lantern", sold=4), edition(report(5)), DECLARATION)
    assert [(change.place, change.before, change.now) for change in again.changes] == [
        ("Lamp", "3", "\u2013"),
        ("Lantern", "\u2013", "4"),
    ]


def test_section_that_is_declared_later_is_no_changed_figure() -> None:
    shown = report(5)
    before = edition(replace(shown, sections=shown.sections[:1]))
    again = revised(shown, before, OTHERWISE)
    assert again.revision == 1
    assert revised(report(6), before, OTHERWISE).revision == 2


def test_record_is_kept_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path), "EXPORTS_URL")
    record = Record.read(storage, "all/reports")
    record.note("visits-2026-10", edition(report(5)))
    record.note("visits-2026-W44", edition(replace(report(5), cadence="week", first_day=date(2026, 10, 26))))
    record.save(storage)
    again = Record.read(storage, "all/reports")
    assert again.editions == record.editions
    assert [period.name for period in again.periods("visits", "month")] == ["2026-10"]
    assert [period.name for period in again.periods("visits", "week")] == ["2026-W44"]
    assert again.periods("other", "month") == []
    for damaged in (b"{", b"[]", b'{"editions": {"a": {}}}', b"\xff"):
        (tmp_path / "all" / "reports" / "reports.json").write_bytes(damaged)
        with pytest.raises(ExportError, match=r"all/reports/reports\.json is not what reports wrote"):
            Record.read(storage, "all/reports")


def test_reason_names_the_tables_in_which_rows_arrived_since_somebody_last_looked() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    tables = {"restaurant.visits": noon, "restaurant.campaigns": noon - timedelta(days=1)}
    before = Edition.of(report(5), DECLARATION, "2026-11-02T05:06:07+00:00", Arrivals(tables))
    later = Arrivals(tables | {"restaurant.visits": noon + timedelta(days=3)})
    [change] = revised(report(6), before, DECLARATION, later).changes
    assert change.why == "Rows arrived or changed after 2026-11-01 12:00 UTC in restaurant.visits."
    [change] = revised(report(6), before, OTHERWISE, Arrivals(tables)).changes
    assert change.why == (
        "No row arrived after 2026-11-01 12:00 UTC: what there was is counted anew. "
        "The report is declared or laid out otherwise than before."
    )
    many = Arrivals({f"shop.table{n}": noon + timedelta(days=1) for n in range(7)})
    [change] = revised(report(6), before, DECLARATION, many).changes
    assert change.why.endswith("in shop.table0, shop.table1, shop.table2, shop.table3, shop.table4 and 2 more.")


def named(*rows: tuple[str, str, int]) -> Report:
    """A report of a table and a comparison of what has an id and a name."""
    bars = tuple((name, Cell(number, COUNT)) for _, name, number in rows)
    lines = tuple((Cell(name), Cell(number, COUNT)) for _, name, number in rows)
    ids = tuple(id_ for id_, _, _ in rows)
    sections = (
        Comparison("By outlet", "Outlet", "Sold", bars, ids=ids),
        Table("All", ("Outlet", "Sold"), lines, ids=ids),
    )
    return replace(report(5), sections=sections)


def test_changed_figure_of_what_is_renamed_is_marked_as_its_own() -> None:
    before = edition(named(("1", "Lamp", 3), ("2", "Rug", 4)))
    # Another name alone is no change, not even where it was another's.
    assert revised(named(("1", "Rug", 3), ("2", "Lamp", 4)), before, DECLARATION).revision == 1
    again = revised(named(("1", "Lantern", 5), ("2", "Rug", 4)), before, DECLARATION)
    assert [(change.place, change.before, change.now) for change in again.changes] == [
        ("Lantern", "3", "5"),
        ("Lantern: Sold", "3", "5"),
    ]
    assert again.changes[1].why.endswith(' It stood as "Lamp: Sold" before.')
    assert {place for _, place, cell in again.cells() if cell.was} == {"Lantern", "Lantern: Sold"}
    # What is gone is told, also where another has its name.
    again = revised(named(("1", "Rug", 3)), before, DECLARATION)
    assert [(change.place, change.before, change.now) for change in again.changes] == [
        ("Rug (gone)", "4", "\u2013"),
        ("Rug: Sold (gone)", "4", "\u2013"),
    ]
    assert {place for _, place, cell in again.cells() if cell.was} == set()
    # Two of one name are told apart.
    twins = edition(named(("1", "Lamp", 3), ("2", "Lamp", 4)))
    again = revised(named(("1", "Lamp", 3), ("2", "Lamp", 6)), twins, DECLARATION)
    assert [(change.place, change.before, change.now) for change in again.changes] == [
        ("Lamp (2)", "4", "6"),
        ("Lamp (2): Sold", "4", "6"),
    ]
