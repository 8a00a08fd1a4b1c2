"""What the tall table of headline metrics must hold, given the daily marts of all systems.

Belongs here: comparing a period with the one before and with its weekday's history. Not here: measuring a day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction

from oracle.arithmetic import ratio, rounded
from oracle.periods import (
    ONE_DAY,
    QUIET_DAYS,
    QUIET_TENANT_DAYS,
    Mart,
    Period,
    Row,
    day_of,
    days_between,
    month_of,
    week_of,
)

HISTORY_WEEKS, LEAST_HISTORY, LEAST_DENOMINATOR, ANOMALY = 8, 4, 10, 3
GRAINS: dict[str, Callable[[date], Period]] = {"day": day_of, "week": week_of, "month": month_of}


class Kind(Enum):
    """How a metric varies by chance alone; a share counts in its numerator some of what its denominator counts."""

    COUNT = "count"
    SHARE = "share"
    RATIO = "ratio"
    MONEY = "money"


@dataclass(frozen=True)
class Metric:
    """Where a metric comes from; without a denominator it is a sum. One of money has a row for each currency.

    One that settles goes on changing while the conversations that it is about are active.
    """

    name: str
    kind: Kind
    mart: str
    numerator: str
    denominator: str | None = None
    settles: bool = False


METRICS = (
    Metric("conversations", Kind.COUNT, "conversations_daily", "total_conversations", settles=True),
    Metric(
        "resolution_rate",
        Kind.SHARE,
        "conversations_daily",
        "resolved_conversations",
        "total_conversations",
        settles=True,
    ),
    Metric(
        "containment_rate",
        Kind.SHARE,
        "conversations_daily",
        "contained_conversations",
        "eligible_conversations",
        settles=True,
    ),
    Metric("messages", Kind.COUNT, "messages_daily", "total_messages"),
    Metric("average_response_time_seconds", Kind.RATIO, "messages_daily", "total_response_seconds", "responses"),
    Metric("handoff_rate", Kind.RATIO, "handoffs_daily", "total_handoffs", "total_conversations"),
    Metric("cost_per_conversation", Kind.RATIO, "costs_daily", "total_cost", "total_conversations"),
    Metric("leads_created", Kind.COUNT, "crm_metrics_daily", "leads_created"),
    Metric("deals_won", Kind.COUNT, "crm_metrics_daily", "deals_won"),
    Metric("won_amount", Kind.MONEY, "crm_metrics_daily", "won_amount"),
    Metric("visits", Kind.COUNT, "visits_daily", "total_visits"),
    Metric("spend_amount", Kind.MONEY, "visits_daily", "total_spend_amount"),
    Metric("outreach_delivery_rate", Kind.SHARE, "campaigns_daily", "sent", "delivery_attempts"),
    Metric("orders_paid", Kind.COUNT, "sales_daily", "orders_paid"),
    Metric("net_amount", Kind.MONEY, "sales_daily", "net_amount"),
    Metric("sessions", Kind.COUNT, "web_behavior_daily", "sessions"),
    Metric("payment_success_rate", Kind.SHARE, "sales_daily", "payments_completed", "payments_started"),
    Metric("cart_abandonment_rate", Kind.SHARE, "web_behavior_daily", "abandoned_carts", "carts"),
    Metric("purchase_rate", Kind.SHARE, "web_behavior_daily", "purchase_sessions", "sessions"),
    Metric("interactions", Kind.COUNT, "interactions_daily", "total_interactions"),
)


@dataclass
class Day:
    """Sums of a metric over a day; a plain sum has no denominator."""

    numerator: Fraction = Fraction(0)
    denominator: Fraction | None = None
    conversations: int = 0
    active: int = 0


Series = dict[date, Day]


def kpis(marts: Iterable[Mart], today: Callable[[str], date]) -> Mart:
    """Make the table from the daily marts, given the tenants' local dates as of the build."""
    by_name = {mart.name: mart for mart in marts}
    series: dict[str, dict[tuple[str, Metric], Series]] = defaultdict(lambda: defaultdict(dict))
    for metric in METRICS:
        for row in by_name[metric.mart].rows:
            name = f"{metric.name}_{row['currency_code'].lower()}" if metric.kind is Kind.MONEY else metric.name
            day = series[row["tenant_key"]][name, metric].setdefault(row["period_start_date"], Day())
            day.numerator += Fraction(row[metric.numerator])
            if metric.denominator:
                day.denominator = (day.denominator or Fraction(0)) + Fraction(row[metric.denominator])
            if metric.settles:
                day.conversations += row["total_conversations"]
                day.active += row["active_conversations"]
    with_rows: dict[str, set[date]] = defaultdict(set)
    for name, mart in by_name.items():
        if name.endswith("_daily") and name != "tenant_summary_daily":
            for row in mart.rows:
                with_rows[row["tenant_key"]].add(row["period_start_date"])
    rows = [
        row
        for tenant_key, metrics in series.items()
        for (name, metric), days in _without_gaps(metrics, with_rows[tenant_key], today(tenant_key)).items()
        for row in _rows(metric, days, {"tenant_key": tenant_key, "metric": name}, today(tenant_key))
    ]
    return Mart("kpis", ("tenant_key", "metric", "grain", "period_start_date"), rows)


def _without_gaps(
    metrics: dict[tuple[str, Metric], Series], with_rows: set[date], today: date
) -> dict[tuple[str, Metric], Series]:
    """Every metric on every day from the tenant's first one to today, unless it has been silent for too long.

    Args:
        metrics: The days that daily marts have.
        with_rows: Days on which any daily mart has a row of the tenant, the quiet ones after activity included.
        today: The tenant's local date.
    """
    last = min(today, max(with_rows) + (QUIET_TENANT_DAYS - QUIET_DAYS) * ONE_DAY)
    span = days_between(min(with_rows), last)
    return {
        key: {day: days.get(day) or Day(denominator=Fraction(0) if key[1].denominator else None) for day in span}
        for key, days in metrics.items()
    }


def _rows(metric: Metric, days: Series, names: Row, today: date) -> Iterator[Row]:
    for grain, period_of in GRAINS.items():
        for period in {period_of(day) for day in days}:
            total = _total(days, period)
            assert total is not None, "the period holds a day"
            is_complete = period.end < today
            is_mature = 2 * total.active <= total.conversations
            ours, before = _compared(period, period_of, today)
            value, compared, prior = _value(total), _value(_total(days, ours)), _value(_total(days, before))
            delta = compared - prior if compared is not None and prior is not None else None
            score = _score(metric, days, period.start) if grain == "day" and is_complete and is_mature else None
            yield names | {
                "grain": grain,
                "period_start_date": period.start,
                "period_end_date": period.end,
                "is_complete": is_complete,
                "is_mature": is_mature,
                "value": value,
                "numerator": rounded(total.numerator),
                "denominator": None if total.denominator is None else rounded(total.denominator),
                "prior_value": prior,
                "delta": delta,
                "delta_rate": ratio(delta, prior) if delta is not None and prior is not None else None,
                "z_score": score,
                "is_anomaly": score is not None and abs(score) >= ANOMALY,
            }


def _compared(period: Period, period_of: Callable[[date], Period], today: date) -> tuple[Period, Period]:
    """What is compared with what: two periods, or of one that has not ended as many days of both as have ended."""
    before = period_of(period.start - ONE_DAY)
    if period.end < today:
        return period, before
    ended = min(today - period.start, period.start - before.start) - ONE_DAY
    return Period(period.start, period.start + ended), Period(before.start, before.start + ended)


def _total(days: Series, period: Period) -> Day | None:
    """Sum of the days there are in a period; none where there is no day."""
    found = [day for start, day in days.items() if period.start <= start <= period.end]
    if not found:
        return None
    parts = [day.denominator for day in found if day.denominator is not None]
    return Day(
        sum((day.numerator for day in found), Fraction(0)),
        sum(parts, Fraction(0)) if parts else None,
        sum(day.conversations for day in found),
        sum(day.active for day in found),
    )


def _value(day: Day | None) -> Decimal | None:
    if day is None:
        return None
    return rounded(day.numerator) if day.denominator is None else ratio(day.numerator, day.denominator)


def _score(metric: Metric, days: Series, start: date) -> Decimal | None:
    """Standard deviations from the mean of the same weekday in the weeks before, to six decimals."""
    weeks = (days.get(start - timedelta(weeks=number)) for number in range(1, HISTORY_WEEKS + 1))
    history = [day for day in weeks if _value(day) is not None and day is not None]
    day, value = days[start], _value(days[start])
    if value is None or len(history) < LEAST_HISTORY:
        return None
    values = [Fraction(one) for one in map(_value, history) if one is not None]
    mean = sum(values, Fraction(0)) / len(values)
    variance = sum(((one - mean) * (one - mean) for one in values), Fraction(0)) / (len(values) - 1)
    if metric.kind is Kind.COUNT:
        variance = max(variance, mean, Fraction(1))
    if metric.kind is Kind.SHARE:
        if (day.denominator or 0) < LEAST_DENOMINATOR:
            return None
        successes = sum((one.numerator for one in history), Fraction(0))
        trials = sum((one.denominator or Fraction(0) for one in history), Fraction(0))
        share = (successes + 1) / (trials + 2)
        variance = max(variance, share * (1 - share) / (day.denominator or 1))
    if not variance:
        return None
    distance = Fraction(value) - mean
    squared = distance * distance / variance
    size = min((Decimal(squared.numerator) / Decimal(squared.denominator)).sqrt(), Decimal(10**6))
    score = size.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return score if value > mean else -score
