"""Times without a zone are the instants at which the clocks of their zone showed them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rows.columns import ColumnType
from ingestion.rows.conversion import convert, timezones
from ingestion.rows.local_times import instants_of
from ingestion.sources.translation import Translation

ZONES = [
    *("Europe/Madrid", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Antarctica/Troll"),
    *("Africa/Casablanca", "Africa/Cairo", "America/Havana", "Asia/Kathmandu", "Pacific/Apia", "UTC"),
]
HALF_HOUR = timedelta(minutes=30)
INSTANTS = st.datetimes(
    datetime.fromisoformat("1850-01-01"), datetime.fromisoformat("2190-01-01"), timezones=st.just(UTC)
)


def shown(instant: datetime, zone: str) -> datetime:
    """What the clocks of a zone show; of no zone, with `fold` where they show it for the second time."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def read(local: list[datetime | None], zone: str) -> list[datetime | None]:
    found: list[datetime | None] = instants_of(pa.array(local, pa.timestamp("us")), zone).to_pylist()
    return found


@given(zone=st.sampled_from(timezones()), instants=st.lists(st.none() | INSTANTS, max_size=20))
def test_instant_is_read_as_what_it_was_unless_it_was_shown_before(zone: str, instants: list[datetime | None]) -> None:
    local = [None if i is None else shown(i, zone) for i in instants]
    for instant, time, found in zip(instants, local, read(local, zone), strict=True):
        assert found == instant or (time is not None and found is not None and time.fold and found < instant)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("zone", "year"),
    [
        *(("Europe/Madrid", 2026), ("Australia/Lord_Howe", 2026), ("Antarctica/Troll", 2026), ("Africa/Cairo", 2026)),
        # Beyond the changes of clocks that systems list one by one, and when Samoa had no 30 December.
        *(("Europe/Madrid", 2061), ("Pacific/Apia", 2011)),
    ],
)
def test_every_half_hour_of_a_year_is_read_as_python_reads_it(zone: str, year: int) -> None:
    local = [datetime.fromisoformat(f"{year}-01-01") + n * HALF_HOUR for n in range(366 * 48)]
    told = [time - (time.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()) for time in local]
    found = instants_of(pa.array(local, pa.timestamp("us")), zone)
    assert found.cast(pa.timestamp("us")).equals(pa.array(told, pa.timestamp("us")))


def test_each_value_without_a_zone_is_read_in_the_one_told_and_others_in_their_own() -> None:
    told = {
        "2026-07-01 23:30:00.123456": "2026-07-01T21:30:00.123456",
        "2026-07-01T23:30:00.1234569": "2026-07-01T21:30:00.123456",
        "20260701T2330": "2026-07-01T21:30",
        "2026-01-01": "2025-12-31T23:00",
        "2026-10-24 24:00:00": "2026-10-24T22:00",
        "2026-10-25 02:30": "2026-10-25T00:30",
        "2026-03-29 02:30": "2026-03-29T01:30",
        "2026-07-01 23:30:00+05:30": "2026-07-01T18:00",
        "2026-07-01T23:30:00Z": "2026-07-01T23:30",
        "20260701T233000 GMT": "2026-07-01T23:30",
        " 2026-07-01 23:30:00\N{MINUS SIGN}01 ": "2026-07-02T00:30",
        "2026-07-01T23:30+01:00[Europe/Madrid]": "2026-07-01T22:30",
    }
    expected = [datetime.fromisoformat(f"{instant}+00:00") for instant in told.values()]
    for spelled in ([*told], [*told] * 20):
        values, bad = convert(pa.array([*spelled, None, "soon"]), ColumnType.TIMESTAMP, "Europe/Madrid")
        assert values.to_pylist() == [*expected * (len(spelled) // len(told)), None, None]
        assert bad == [len(spelled) + 1]
    # Each alone, as a column of one form is read in another way than one of several.
    for text, instant in zip(told, expected, strict=True):
        assert convert(pa.array([text]), ColumnType.TIMESTAMP, "Europe/Madrid")[0].to_pylist() == [instant], text


@pytest.mark.parametrize(
    "wire",
    [
        pa.array([date(2026, 7, 1), None]),
        pa.array([datetime.fromisoformat("2026-07-01"), None], pa.timestamp("ns")),
        pa.array(["2026-07-01", None]).dictionary_encode(),
        pa.array([datetime.fromisoformat("2026-06-30T22:00:00+00:00"), None], pa.timestamp("ms", tz="Asia/Tokyo")),
    ],
    ids=str,
)
def test_whatever_a_driver_hands_over_is_read_in_the_zone(wire: pa.Array) -> None:
    values, odd = Translation(ColumnType.TIMESTAMP, zone="Europe/Madrid").of(wire, "c")
    assert (values.to_pylist(), odd) == ([datetime.fromisoformat("2026-06-30T22:00:00+00:00"), None], [])


@pytest.mark.parametrize("micros", [-(2**63), -(2**63) + 1, 2**63 - 1, -(10**17), 3 * 10**17])
def test_times_beyond_pythons_years_are_read_or_set_aside(micros: int) -> None:
    wire = pa.array([micros, 0]).view(pa.timestamp("us"))
    values, odd = Translation(ColumnType.TIMESTAMP, zone="Asia/Tokyo").of(wire, "c")
    found, beginning = values.view(pa.int64()).to_pylist()
    assert beginning == -9 * 3_600_000_000
    assert [o.row for o in odd] == ([0] if found is None else [])
    assert found is None or 8 * 3_600_000_000 < micros - found < 10 * 3_600_000_000


def test_what_is_no_time_is_told_as_it_was_written() -> None:
    values, odd = Translation(ColumnType.JSON, ["at"], default="2026-01-01", zone="Europe/Madrid").of(
        pa.array(['{"at": "2026-07-01 12:00"}', '{"at": "soon"}', "{}", None]), "c"
    )
    # The default is raw's value, and so in UTC.
    told = ["2026-07-01 10:00:00.000000Z", None, "2026-01-01", "2026-01-01"]
    assert values.to_pylist() == told
    assert [(o.row, o.value, o.reason) for o in odd] == [(1, "soon", "expected a timestamp")]
    # Drivers hand over text as it lies in the file.
    no_utf8 = pc.cast(pa.array([b"\xff"]), options=pc.CastOptions(pa.string(), allow_invalid_utf8=True))
    assert [o.value for o in Translation(ColumnType.TIMESTAMP, zone="Europe/Madrid").of(no_utf8, "c")[1]] == ["ff"]


@settings(max_examples=50)
@given(
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(["2026-03-29T01:00", "2026-10-25T01:00", "2026-04-04T15:00", "2026-11-01T05:00"]),
    minutes=st.integers(-300, 300),
)
def test_source_is_asked_for_all_that_clocks_show_from_then_on(zone: str, change: str, minutes: int) -> None:
    watermark = datetime.fromisoformat(f"{change}+00:00") + timedelta(minutes=minutes)
    bound = Translation(ColumnType.TIMESTAMP, zone=zone).since(watermark)
    assert isinstance(bound, datetime)
    assert bound <= watermark
    for after in range(0, 300, 10):
        assert shown(watermark + timedelta(minutes=after), zone) >= bound.replace(tzinfo=None)
    # Of times that no clock shows neither: what is read as the watermark or later.
    local = [bound.replace(tzinfo=None) - timedelta(minutes=n) for n in range(1, 300, 10)]
    assert all(found is not None and found < watermark for found in read([*local], zone))
