"""Who is told to be out of the ordinary, of all whose counts are."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
from sqlalchemy import URL

from alerts.counts import Part, Series, findings, read_series, unusual
from alerts.findings import Finding, Kind
from ingestion.warehouses import open_warehouse

LAST_DAY = date(2026, 11, 26)
DAYS = 84
METRICS = {"conversations": 60, "messages": 400}


def series(tenants: int, last: float = 1.0, of: Iterable[int] = (), source: str = "whatsapp") -> list[Series]:
    """Usual days of some tenants; of some of them the last day has a share of what is usual."""
    found = []
    for tenant in range(tenants):
        for metric, mean in METRICS.items():
            random = Random(f"{tenant} {metric}")
            counts = [round(mean * (0.7 if day % 7 in (5, 6) else 1) * random.uniform(0.9, 1.1)) for day in range(DAYS)]
            if tenant in of:
                counts[-1] = round(counts[-1] * last)
            found.append(Series(Part(source, f"{source}:{tenant}"), metric, LAST_DAY, counts))
    return found


def told(all_: list[Series]) -> list[Finding]:
    return [*findings(unusual(all_))]


def test_usual_days_are_not_told() -> None:
    assert told(series(6)) == []


def test_half_of_a_source_is_told_once_and_not_of_each_tenant() -> None:
    [finding] = told([*series(6, 0.5, range(6)), *series(2, source="shop")])
    assert (finding.kind, finding.subject, finding.systems) == (Kind.ANOMALY, "whatsapp", ("whatsapp",))
    assert " messages on 2026-11-26, where about " in finding.what
    assert " conversations on 2026-11-26, where about " in finding.what
    assert finding.since == datetime(2026, 11, 26, tzinfo=UTC)


def test_tenant_that_stops_is_told_once_for_all_that_it_has_no_more_of() -> None:
    [finding] = told(series(6, 0.0, [2]))
    assert (finding.kind, finding.subject) == (Kind.SILENT, "whatsapp:2")
    assert finding.what.startswith("whatsapp:2: no conversations since 2026-11-26, where about ")
    assert "; no messages since 2026-11-26" in finding.what


def test_silence_that_began_at_noon_goes_on_being_the_same_incident() -> None:
    ordinary, half = series(6), series(6, 0.5, [2])
    [first] = told(half)
    next_day = LAST_DAY + timedelta(days=1)
    later = [
        Series(
            one.part,
            one.metric,
            next_day,
            [*one.counts, 0 if one.part.tenant == "whatsapp:2" else usual.counts[-7]],
        )
        for one, usual in zip(half, ordinary, strict=True)
    ]
    [second] = told(later)
    assert (first.kind, first.subject) == (second.kind, second.subject) == (Kind.ANOMALY, "whatsapp:2")


def test_many_tenants_at_once_are_told_as_their_source() -> None:
    [finding] = told(series(30, 0.0, range(4)))
    assert (finding.kind, finding.subject) == (Kind.SILENT, "whatsapp")
    assert finding.what.startswith("whatsapp: 4 tenants at once, whatsapp:0 among them: no conversations since")


def test_outlet_is_told_where_its_tenant_is_not() -> None:
    all_ = series(3)
    outlets = [
        Series(Part("whatsapp", "whatsapp:1", name), "conversations", LAST_DAY, [*[30] * (DAYS - 1), last])
        for name, last in (("quiet", 0), ("usual", 30))
    ]
    [finding] = told([*all_, *outlets])
    assert (finding.kind, finding.subject) == (Kind.SILENT, "whatsapp:1 outlet quiet")


def test_day_is_judged_when_a_later_row_has_come(tmp_path: Path) -> None:

    path = f"{tmp_path}/warehouse.duckdb"
    days = [LAST_DAY - timedelta(days=ago) for ago in reversed(range(40))]
    rows = pa.table({"day": days})
    with duckdb.connect(path) as connection:
        connection.register("days", rows)
        connection.execute("create schema core; create schema intermediate")
        connection.execute(
            "create table core.dim_tenants as select * from (values"
            " ('desk:1', 'desk', 'Bay' || chr(10) || 'One', 'Asia/Tokyo'),"
            " ('desk:2', 'desk', null, 'No/Zone'), ('gone:1', 'gone', null, 'UTC'))"
            " as t (tenant_key, source_system, tenant_name, timezone)"
        )
        connection.execute(
            "create table intermediate.int_cross_source__kpi_periods as select tenant_key, 'messages' as metric,"
            " 'count' as metric_kind, 'day' as grain, day as period_start_date, cast(3 as decimal(38, 9)) as numerator,"
            " cast(null as decimal(38, 9)) as denominator, true as is_complete, true as is_mature"
            " from days, core.dim_tenants"
        )
    warehouse = open_warehouse(URL.create("duckdb", database=path), 5)
    # In Tokyo it is half past midnight of the 26th; nothing is known of the source that has gone.
    newest = {"desk": datetime(2026, 11, 25, 15, 30, tzinfo=UTC)}
    found = read_series(warehouse, datetime(2026, 11, 27, tzinfo=UTC), newest)
    assert {one.part.tenant: one.last_day for one in found} == {
        "desk:1": date(2026, 11, 25),
        "desk:2": date(2026, 11, 24),
    }
    assert {tuple(one.counts) for one in found} == {(3.0,) * 39, (3.0,) * 38}
    # People read names, of one line, where there are any.
    assert {one.part.name: one.part.called for one in found} == {"desk:1": r"Bay\nOne (desk)", "desk:2": "desk:2"}
