"""A report in which everything occurs that one can show, with names that a business may have or an attacker choose."""

from datetime import date
from decimal import Decimal

from exports.reports.content import (
    COUNT,
    DATE,
    SHARE,
    Cell,
    Change,
    Comparison,
    Figure,
    Headlines,
    Kind,
    Notes,
    Report,
    Table,
    Trend,
)

MONEY = Kind("money", 2, "EUR")
MINUTES = Kind("number", 1, "minutes")
MONTHS = (
    *("November 2025", "December 2025", "January 2026", "February 2026", "March 2026", "April 2026"),
    *("May 2026", "June 2026", "July 2026", "August 2026", "September 2026", "October 2026"),
)
NAMES = (
    "Caf\u00e9 Zentral",
    '<b>M\u00fcller & S\u00f6hne</b> "GmbH"',
    "</title></style></svg><script>alert(1)</script>",
    "\u0645\u0637\u0639\u0645 \u0627\u0644\u0634\u0631\u0642 \u0627\u0644\u0643\u0628\u064a\u0631",
    "\u5317\u4eac\u70e4\u9e2d\u5e97\uff08\u671d\u9633\u533a\u5efa\u56fd\u95e8\u5916\u5927\u8857\u65d7\u8230\u5e97\uff09",
    "The Restaurant and Catering Company of Upper Austria with the Long Name, Branch Linz-Urfahr",
    "exe.\u202egnp",
    "bell \x07, null \x00,\r\n\tnew line",
)


def points(*values: str | None, kind: Kind, was: dict[int, str] | None = None) -> tuple[tuple[str, Cell], ...]:
    """Values of the months until October 2026."""
    return tuple(
        (month, Cell(None if value is None else Decimal(value), kind, (was or {}).get(at)))
        for at, (month, value) in enumerate(zip(MONTHS[-len(values) :], values, strict=True))
    )


def report(names: tuple[str, ...] = NAMES) -> Report:
    """The second revision of a monthly report."""
    return Report(
        name="overview",
        title="Business overview",
        recipient=names[1],
        tenant_key="whatsapp:1",
        cadence="month",
        first_day=date(2026, 10, 1),
        last_day=date(2026, 10, 31),
        period="October 2026",
        timezone="Europe/Vienna",
        sections=(
            Headlines(
                "At a glance",
                (
                    Figure(
                        "Revenue",
                        Cell(Decimal("128450.60"), MONEY, "128,310.60 EUR"),
                        Cell(Decimal("114380.10"), MONEY),
                        Cell(Decimal("0.123"), SHARE),
                        is_good=True,
                        about="What was sold, less refunds, without tax.",
                    ),
                    Figure(
                        "Conversations",
                        Cell(1204, COUNT),
                        Cell(1370, COUNT),
                        Cell(Decimal("-0.121"), SHARE),
                        is_good=False,
                        anomalies=(date(2026, 10, 3), date(2026, 10, 26)),
                    ),
                    Figure("New customers", Cell(88, COUNT), Cell(None, COUNT), Cell(None, SHARE)),
                ),
            ),
            Trend(
                "Revenue by month",
                "Revenue, EUR",
                points("92000.5", "131200", None, "88010", "0", "128450.6", kind=MONEY, was={3: "88,000.00 EUR"}),
            ),
            Trend("Time to reply", "Median, minutes", points("6.1", "5.9", None, "5.2", None, "3.4", kind=MINUTES)),
            Trend("Customers", "Gained less lost", points("12", "-5", "8", "-20", "0", "-6", kind=COUNT)),
            Trend("Nothing", "Of which there is nothing", points(None, None, kind=COUNT)),
            Comparison(
                "Revenue by outlet",
                "Outlet",
                "Revenue, EUR",
                tuple((name, Cell(Decimal(30000 - 3900 * at), MONEY)) for at, name in enumerate(names)),
                left=1200,
            ),
            Comparison(
                "Change by campaign",
                "Campaign",
                "Change",
                (("Sale", Cell(Decimal("0.5"), SHARE)), ("None", Cell(None, SHARE)), ("F", Cell(Decimal(-1), SHARE))),
            ),
            Table(
                "Best-selling products",
                ("Product", "Category", "First sold", "Sold", "Revenue"),
                tuple(
                    (
                        Cell(name),
                        Cell("Food & drinks"),
                        Cell(date(2024, 3, 1 + at), DATE),
                        Cell(900 - at, COUNT, "905" if at == 1 else None),
                        Cell(Decimal(at), MONEY),
                    )
                    for at, name in enumerate(names)
                ),
                left=40,
            ),
            Table("Staff", ("Name", "Replies"), ()),
            Notes("About the numbers", ("Conversations <without> a tenant are left out.",)),
        ),
        revision=2,
        changes=(
            Change("At a glance", "Revenue", "128,310.60 EUR", "128,450.60 EUR", "A late order came in."),
            Change("Best-selling products", f"{names[1]}, Food & drinks: Sold", "905", "899", "Corrected <there>."),
        ),
    )
