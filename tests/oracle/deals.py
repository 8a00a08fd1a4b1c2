"""Deals of the consulting CRM, and what `pipeline` must hold of them.

Belongs here: when a deal was open, won or lost, whose it is, and what it is worth. Not here: leads (consulting.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from oracle.arithmetic import ratio, rounded, seconds
from oracle.periods import Counted, Facts, Mart, Period, Row, periodic_marts
from oracle.sources import CURRENCY, MINOR_UNITS, UNKNOWN, Source, code, own_word, plausible, plausible_amount, text

Day = Callable[[datetime], date]
"""Gives the local date of an instant."""

OUTCOMES = ("won", "lost")
GROUPS = ("owner", "lead_source", "currency_code")


@dataclass(frozen=True)
class Deal:
    """A deal; dates are local, none where nothing plausible tells them.

    Attributes:
        account_id: the account that it names.
        group: owner and source of its lead, and its currency.
        amount: in the currency's major units.
        outcome: won, lost, or none.
        created_on: when it was created.
        closed_on: when it was won or lost.
        seconds_to_close: how long that took; negative if it was closed before it was created.
    """

    account_id: str | None
    group: tuple[str, str, str]
    amount: Fraction | None
    outcome: str | None
    created_on: date | None
    closed_on: date | None
    seconds_to_close: Fraction | None

    def is_open_on(self, day: date) -> bool:
        """Whether it is open at the end of a day; one that nobody knows when it was closed never was."""
        if self.created_on is None or self.created_on > day:
            return False
        return self.outcome is None or (self.closed_on is not None and self.closed_on > day)

    @property
    def ended_on(self) -> date | None:
        """Since when it is open no more."""
        if self.outcome is None or self.created_on is None:
            return None
        return max(self.created_on, self.closed_on or self.created_on)


def deals_of(source: Source, day: Day) -> list[Deal]:
    """Read all deals."""
    leads = {row["id"]: row for row in source.tables["leads"]}
    return [_deal(row, leads.get(row["lead_id"] or ""), day) for row in source.tables["deals"]]


def _deal(row: Row, lead: Row | None, day: Day) -> Deal:
    stage, created, closed = code(row["stage"]), plausible(row["created_at"]), plausible(row["closed_at"])
    outcome = stage if stage in OUTCOMES else None
    # Closed without a date, it counts when it was last touched; with one that can't be, never.
    decided = closed if row["closed_at"] else plausible(row["updated_at"]) or created
    currency = (text(row["currency_code"]) or CURRENCY).upper()
    cents = row["amount_cents"]
    return Deal(
        account_id=row["account_id"],
        group=(
            (lead and text(lead["owner"])) or UNKNOWN,
            (lead and own_word(code(lead["source"]))) or UNKNOWN,
            currency if currency in MINOR_UNITS else UNKNOWN,
        ),
        amount=None if cents is None else plausible_amount(Fraction(cents, 10 ** MINOR_UNITS.get(currency, 2))),
        outcome=outcome,
        created_on=day(created) if created else None,
        closed_on=day(decided) if outcome and decided else None,
        seconds_to_close=seconds(created, closed) if outcome and created and closed else None,
    )


def pipeline(deals: Iterable[Deal], tenant_key: str, today: date) -> list[Mart]:
    """What was opened, won and lost, and what was open then."""
    of_groups = defaultdict(list)
    for deal in deals:
        of_groups[deal.group].append(deal)

    def measures(facts: Facts, _tenant_key: str, group: tuple[str, ...], period: Period) -> Row:
        last_day = min(period.end, today)
        return _measures(facts) | _open(deal for deal in of_groups[group] if deal.is_open_on(last_day))

    counted = [one for of_group in of_groups.values() for deal in of_group for one in _counted(deal, tenant_key)]
    return periodic_marts("pipeline", GROUPS, counted, measures, lambda _: today, balance=_opened)


def _counted(deal: Deal, tenant_key: str) -> Iterator[Counted]:
    days = {"opened": deal.created_on, deal.outcome or "": deal.closed_on, "ended": deal.ended_on}
    for kind, day in days.items():
        if day is not None:
            yield Counted(kind, tenant_key, deal.group, day, deal)


def _opened(counted: Counted) -> int:
    return {"opened": 1, "ended": -1}.get(counted.kind, 0)


def _measures(facts: Facts) -> Row:
    won, lost = facts["won"], facts["lost"]
    times = [deal.seconds_to_close for deal in (*won, *lost) if deal.seconds_to_close is not None]
    valid = [time for time in times if time >= 0]
    days = rounded(sum(valid, Fraction(0)) / 86_400)
    return {
        "deals_opened": len(facts["opened"]),
        "opened_amount": amount_of(facts["opened"]),
        "deals_won": len(won),
        "won_amount": amount_of(won),
        "average_won_amount": ratio(amount_of(won), len(won)),
        "deals_lost": len(lost),
        "lost_amount": amount_of(lost),
        "deals_decided": len(won) + len(lost),
        "win_rate": ratio(len(won), len(won) + len(lost)),
        "timed_deals": len(valid),
        "total_days_to_close": days,
        "average_days_to_close": ratio(days, len(valid)),
        "invalid_times_to_close": len(times) - len(valid),
        "deals_ended": len(facts["ended"]),
        "ended_amount": amount_of(facts["ended"]),
    }


def _open(deals: Iterable[Deal]) -> Row:
    open_deals = list(deals)
    return {"open_deals": len(open_deals), "open_amount": amount_of(open_deals)}


def amount_of(deals: Iterable[Deal]) -> object:
    """Sum of amounts; deals without one add nothing."""
    return rounded(sum((deal.amount for deal in deals if deal.amount is not None), Fraction(0)))
