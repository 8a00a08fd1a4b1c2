"""What is wrong, as a table for people.

Belongs here: display of open incidents. Not here: what they are (incidents.py).
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from alerts.incidents import Incident
from alerts.message import heading, here


def print_incidents(console: Console, incidents: Sequence[Incident], zone: ZoneInfo) -> None:
    """One line for each that is open, and what it says of itself below.

    Args:
        console: where to.
        incidents: the oldest first.
        zone: in which times are told.
    """
    if not incidents:
        console.print("Nothing is wrong, as far as anything that looked has told.")
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for name in (f"since ({zone.key})", "kind", "what"):
        table.add_column(name, no_wrap=name != "what", overflow="fold")
    for one in incidents:
        begun = f"{one.began_at.astimezone(zone):%Y-%m-%d %H:%M}"
        follows = "  (follows from another)" if one.is_held else ""
        table.add_row(begun, one.finding.kind, f"{heading(one.finding)}{follows}")
    console.print(table)
    for one in incidents:
        console.print(here(f"{one.finding.what} {one.finding.remedy}".rstrip()))
