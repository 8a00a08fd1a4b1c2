"""How values are told, periods named, and reports declared."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exports.errors import ExportError
from exports.periods import CADENCES, Period
from exports.reports.content import COUNT, DATE, INSTANT, SHARE, TEXT, Cell, Comparison, Kind, Table, told_apart
from exports.reports.declaration import Declaration, load_reports
from exports.reports.reads import tables_of


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (COUNT, 1234567, "1,234,567"),
        (COUNT, -12, "\u221212"),
        (COUNT, None, "\u2013"),
        (SHARE, Decimal("0.45349"), "45.3 %"),
        (SHARE, Decimal("-0.00001"), "0.0 %"),
        (Kind("money", 2, "EUR"), Decimal("1234.505"), "1,234.50 EUR"),
        (Kind("money", 0, "JPY"), Decimal(1234), "1,234 JPY"),
        (Kind("money", 3, "KWD"), Decimal("0.0005"), "0.000 KWD"),
        (Kind("number", 1, "seconds"), Decimal("84.25"), "84.2 s"),
        (Kind("number", 2), Decimal("999999.995"), "1,000,000.00"),
        (Kind("number", 9), Decimal("1e308"), f"{10**308:,}.000000000"),
        (DATE, date(2026, 10, 3), "3 October 2026"),
        (INSTANT, datetime(2026, 10, 3, 7, 5, tzinfo=UTC), "3 October 2026, 07:05 UTC"),
        (TEXT, "=1+1", "=1+1"),
    ],
)
def test_value_is_told_with_its_unit(kind: Kind, value: object, text: str) -> None:
    assert Cell(value, kind).text == text  # type: ignore[arg-type]


def test_rows_of_one_name_have_places_of_their_own() -> None:
    rows = tuple((Cell("Lamp"), Cell(number, COUNT)) for number in (3, 2, 2))
    assert [place for place, _ in Table("Products", ("Product", "Sold"), rows).cells()] == [
        "Lamp: Sold",
        "Lamp (2): Sold",
        "Lamp (3): Sold",
    ]
    bars = (("Lamp", Cell(1, COUNT)), ("Lamp", Cell(1, COUNT)))
    assert [place for place, _ in Comparison("Products", "Product", "Sold", bars).cells()] == ["Lamp", "Lamp (2)"]
    # One may be called so by itself.
    named = [(name, None) for name in ("Lamp", "Lamp (2)", "Lamp", "Lamp (2)")]
    assert [name for name, _ in told_apart(named)] == ["Lamp", "Lamp (2)", "Lamp (3)", "Lamp (2) (2)"]


@given(st.dates(date(1901, 1, 1), date(9960, 12, 31)), st.sampled_from(CADENCES), st.integers(-400, 400))
def test_periods_are_named_moved_and_read_again(day: date, cadence: str, periods: int) -> None:
    name = {
        "day": day.isoformat(),
        "week": "{:04}-W{:02}".format(*day.isocalendar()[:2]),
        "month": day.isoformat()[:7],
    }[cadence]
    period = Period.named(name)
    assert period.name == name
    assert period.first_day <= day <= period.last_day
    assert Period.around(period.cadence, day) == period
    assert [*period.up_to(period.moved(3))] == [period.moved(later) for later in range(4)]
    assert period.moved(periods).moved(-periods) == period
    assert Period.named(period.moved(1).name) == period.moved(1)
    assert (period.moved(1).first_day - period.last_day).days == 1


@pytest.mark.parametrize("name", ["2026", "2026-13", "2026-W54", "2026-02-30", "2026-1", "october", "", "\uff12026-10"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(ExportError, match="is no period: a day is 2026-10-31"):
        Period.named(name)


def test_periods_that_are_asked_for_together_are_of_one_kind() -> None:
    assert [period.name for period in Period.several(["2026-10", "2026-02", "2026-10"])] == ["2026-02", "2026-10"]
    with pytest.raises(ExportError, match=r"2026-10-31 and 2026-W44 are not of one kind|2026-W44 and 2026-10-31"):
        Period.several(["2026-10-31", "2026-W44"])


REPORT = {"title": "Visits", "source": "restaurant", "sections": [{"trend": "visits.total_visits"}]}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ([], "must map names to entries"),
        ({"re/port": REPORT}, "is no name"),
        ({"index": REPORT}, "is no name: letters, digits and _, but index and reports"),
        ({"a": REPORT | {"sections": []}}, "a.sections: List should have at least 1 item"),
        ({"a": REPORT | {"source": "till"}}, "a.source"),
        ({"a": REPORT | {"source": "all"}}, "a report over all systems is for `all`"),
        ({"a": REPORT | {"recipients": "all"}}, "trend shows one tenant's figures: a report for `all` can't have it"),
        ({"a": REPORT | {"trailing_days": 7}}, "a: the last days are others every day"),
        ({"a": REPORT | {"keeps": False, "trailing_days": 14}}, "a.trailing_days: Input should be 7, 28, 30 or 90"),
        (
            {"a": REPORT | {"keeps": False, "sections": [{"trend": "visits.total_visits"}]}},
            "a: trend shows some days: with keeps: false say which, as trailing_days",
        ),
        ({"a": REPORT | {"sections": [{"businesses": True}]}}, "businesses shows all tenants' figures"),
        ({"a": REPORT | {"sections": [{"trend": "total_visits"}]}}, "a.sections.0.trend"),
        ({"a": REPORT | {"sections": [{"trend": "a.b", "reach": True}]}}, "wants exactly one of headlines, trend"),
        ({"a": REPORT | {"sections": [{"graph": "a.b"}]}}, "a.sections.0.graph: Extra inputs"),
        ({"a": REPORT | {"sections": [{"table": {"of": "v", "by": ["x"], "columns": ["y"]}}]}}, "want a title"),
    ],
)
def test_report_that_makes_no_sense_is_refused_by_its_place(tmp_path: Path, entry: object, told: str) -> None:
    path = tmp_path / "reports.yml"
    path.write_text(yaml.safe_dump(entry), encoding="utf-8")
    with pytest.raises(ExportError) as error:
        load_reports(path)
    assert told in str(error.value)


def test_reports_that_are_not_there_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="can't be read: No such file"):
        load_reports(tmp_path / "none.yml")
    (tmp_path / "broken.yml").write_text("a: [", encoding="utf-8")
    with pytest.raises(ExportError, match="is not valid YAML"):
        load_reports(tmp_path / "broken.yml")
    (tmp_path / "broken.yml").write_bytes("a: Gäste".encode("latin-1"))
    with pytest.raises(ExportError, match=r"broken.yml is no text in UTF-8"):
        load_reports(tmp_path / "broken.yml")


def test_report_of_windows_is_made_from_windows_and_from_the_days_of_its_trends() -> None:
    sections = [{"headlines": ["visits.total_visits"]}, {"trend": "campaigns.delivery_rate"}]
    declared = Declaration.model_validate(REPORT | {"keeps": False, "trailing_days": 7, "sections": sections})
    of_windows = {("marts", "visits_trailing"), ("marts", "campaigns_daily"), ("marts", "kpis")}
    assert tables_of(declared, ["month"]) == of_windows
    declared = Declaration.model_validate(REPORT | {"sections": sections})
    of_months = {("marts", "visits_monthly"), ("marts", "campaigns_monthly"), ("marts", "kpis")}
    assert tables_of(declared, ["month"]) == of_months
