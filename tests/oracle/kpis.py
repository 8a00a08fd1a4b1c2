"""What the tall table of headline metrics must hold, given the daily marts of all systems.

Belongs here: comparing a period with the one before and with its weekday's history. Not here: measuring a day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from oracle.arithmetic import ratio, rounded
from oracle.periods import ONE_DAY, Mart, Period, Row, day_of, month_of, week_of

HISTORY_WEEKS, LEAST_HISTORY, ANOMALY = 8, 4, 3
GRAINS: dict[str, Callable[[date], Period]] = {"day": day_of, "week": week_of, "month": month_of}


@dataclass(frozen=True)
class Metric:
    """Where a metric comes from; without a denominator it is a sum. One of money has a row for each currency."""

    name: str
    mart: str
    numerator: str
    denominator: str | None = None
    is_money: bool = False


METRICS = (
    Metric("conversations", "conversations_daily", "total_conversations"),
    Metric("resolution_rate", "conversations_daily", "resolved_conversations", "total_conversations"),
    Metric("containment_rate", "conversations_daily", "contained_conversations", "eligible_conversations"),
    Metric("messages", "messages_daily", "total_messages"),
    Metric("average_response_time_seconds", "messages_daily", "total_response_seconds", "responses"),
    Metric("handoff_rate", "handoffs_daily", "total_handoffs", "total_conversations"),
    Metric("cost_per_conversation", "costs_daily", "total_cost", "total_conversations"),
    Metric("leads_created", "crm_metrics_daily", "leads_created"),
    Metric("deals_won", "crm_metrics_daily", "deals_won"),
    Metric("won_amount", "crm_metrics_daily", "won_amount", is_money=True),
    Metric("visits", "visits_daily", "total_visits"),
    Metric("spend_amount", "visits_daily", "total_spend_amount", is_money=True),
    Metric("outreach_delivery_rate", "campaigns_daily", "sent", "delivery_attempts"),
    Metric("orders_paid", "sales_daily", "orders_paid"),
    Metric("net_amount", "sales_daily", "net_amount", is_money=True),
    Metric("sessions", "web_behavior_daily", "sessions"),
    Metric("purchase_rate", "web_behavior_daily", "purchase_sessions", "sessions"),
    Metric("interactions", "interactions_daily", "total_interactions"),
)


@dataclass
class Day:
    """Sums of a metric over a day; a plain sum has no denominator."""

    numerator: Fraction = Fraction(0)
    denominator: Fraction | None = None


def kpis(marts: Iterable[Mart], today: Callable[[str], date]) -> Mart:
    """Make the table from the daily marts, given the tenants' local dates as of the build."""
    by_name = {mart.name: mart for mart in marts}
    series: dict[tuple[str, str], dict[date, Day]] = defaultdict(dict)
    for metric in METRICS:
        for row in by_name[metric.mart].rows:
            name = f"{metric.name}_{row['currency_code'].lower()}" if metric.is_money else metric.name
            day = series[row["tenant_key"], name].setdefault(row["period_start_date"], Day())
            day.numerator += Fraction(row[metric.numerator])
            if metric.denominator:
                day.denominator = (day.denominator or Fraction(0)) + Fraction(row[metric.denominator])
    rows = [
        row
        for (tenant_key, name), days in series.items()
        for row in _rows(days, {"tenant_key": tenant_key, "metric": name}, today(tenant_key))
    ]
    return Mart("kpis", ("tenant_key", "metric", "grain", "period_start_date"), rows)


def _rows(days: dict[date, Day], names: Row, today: date) -> Iterator[Row]:
    for grain, period_of in GRAINS.items():
        for period in {period_of(day) for day in days}:
            total = _total(days, period)
            assert total is not None, "the period holds a day"
            value, prior = _value(total), _value(_total(days, _prior(period, period_of, today)))
            delta = value - prior if value is not None and prior is not None else None
            score = _score(days, period.start, value) if grain == "day" else None
            yield names | {
                "grain": grain,
                "period_start_date": period.start,
                "period_end_date": period.end,
                "is_complete": period.end < today,
                "value": value,
                "numerator": rounded(total.numerator),
                "denominator": None if total.denominator is None else rounded(total.denominator),
                "prior_value": prior,
                "delta": delta,
                "delta_rate": ratio(delta, prior) if delta is not None and prior is not None else None,
                "z_score": score,
                "is_anomaly": score is not None and abs(score) >= ANOMALY,
            }


def _prior(period: Period, period_of: Callable[[date], Period], today: date) -> Period:
    """The period before; of one that has not ended, as many days of it as have begun."""
    before = period_of(period.start - ONE_DAY)
    return (
        before if period.end < today else Period(before.start, min(before.end, before.start + (today - period.start)))
    )


def _total(days: dict[date, Day], period: Period) -> Day | None:
    """Sum of the days there are in a period; none where there is no day."""
    found = [day for start, day in days.items() if period.start <= start <= period.end]
    if not found:
        return None
    parts = [day.denominator for day in found if day.denominator is not None]
    return Day(sum((day.numerator for day in found), Fraction(0)), sum(parts, Fraction(0)) if parts else None)


def _value(day: Day | None) -> Decimal | None:
    if day is None:
        return None
    return rounded(day.numerator) if day.denominator is None else ratio(day.numerator, day.denominator)


def _score(days: dict[date, Day], start: date, value: Decimal | None) -> Decimal | None:
    """Sample standard deviations from the mean of the same weekday in the weeks before, to six decimals."""
    weeks = (start - timedelta(weeks=number) for number in range(1, HISTORY_WEEKS + 1))
    values = [_value(days.get(day)) for day in weeks]
    history = [Fraction(value) for value in values if value is not None]
    if value is None or len(history) < LEAST_HISTORY:
        return None
    mean = sum(history, Fraction(0)) / len(history)
    variance = sum(((one - mean) * (one - mean) for one in history), Fraction(0)) / (len(history) - 1)
    if not variance:
        return None
    distance = Fraction(value) - mean
    squared = distance * distance / variance
    size = (Decimal(squared.numerator) / Decimal(squared.denominator)).sqrt()
    score = size.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return score if value > mean else -score
