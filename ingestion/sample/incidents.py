"""What went wrong in the sample, and when: what an alert or an analyst ought to find.

Days are counted back from the end that the sample was made with (`Today.days_left`), so that they are as long ago for
everyone; days that it is moved on to have no incident. Nothing else comes out otherwise because of one: each is drawn
apart, or changes what was drawn already.

Belongs here: which incidents there are, and what becomes of rows by them. Not here: the rows themselves.
"""

from ingestion.sample.dialogue import Line
from ingestion.sample.today import DAY_SECONDS, Today

SILENT_OUTLET, OUTLET_INSTEAD = "Mitte", 'Filiale "Süd"'
"""The outlet whose number is dead, and the one of the same tenant that new customers write to meanwhile.

A name may have got an addition since.
"""
SILENCE = range(3)
"""Its three days: the last ones of the sample."""

SURGE_RESTAURANT, SURGE = 2, 9
"""The restaurant next to a fair, and when that was: some four times as many guests as on other days."""
SURGE_VISITS = 16.0

BROKEN_BOT_TENANT = "Masala & Sons"
"""The tenant whose language model understands nobody, and asks for people instead."""
BROKEN_BOT = range(14, 21)
"""Its week."""
LOST_LINES = ("Sorry, I did not understand that.", "Could you say that in other words?")


def is_silent(today: Today, outlet: object, at: int) -> bool:
    """Whether nobody reaches an outlet, given by name, at an instant."""
    days_left = today.days_left + (today.start - at + DAY_SECONDS - 1) // DAY_SECONDS
    return days_left in SILENCE and str(outlet).startswith(SILENT_OUTLET)


def has_broken_bot(today: Today, tenant: str | None) -> bool:
    """Whether the language model of a tenant, given by name, is broken today."""
    return tenant == BROKEN_BOT_TENANT and today.days_left in BROKEN_BOT


def said_by_broken_bot(line: Line) -> Line:
    """What becomes of a line while the bot is broken; those of customers and agents stay as they are."""
    if line.sender != "llm" or line.metadata is None:
        return line
    known, _, _ = line.metadata.partition(', "confidence"')
    asks = ', "confidence": 0.07, "handoff_requested": true, "trigger": "confidence"}'
    return line._replace(content=LOST_LINES[line.at % len(LOST_LINES)], metadata=known + asks)
