"""Freshness policies, as Dagster's UI shows them.

Belongs here: what the catalogue says of ages, in Dagster's terms. Not here: what is judged and told by it (alerts), for
which Dagster need not run.

Dagster knows when an asset was last made, by the calendar: working hours become the longest stretch that they allow,
and how old rows are it can't be told.
"""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.freshness import NEVER

_NEW_DAY = timedelta(days=1)


def of_table(entry: TableEntry) -> dg.FreshnessPolicy | None:
    """A raw table's: it is made whenever it is read, whether or not it has changed."""
    return _within(entry.freshness.longest_unread)


def of_marts(entries: Iterable[TableEntry]) -> dg.FreshnessPolicy | None:
    """That of marts on some tables: nothing may change in them for a day, and on the next they are made anew."""
    longest = max((entry.freshness.longest_unread for entry in entries), default=NEVER)
    return None if longest == NEVER else _within(longest + _NEW_DAY)


def _within(longest: timedelta) -> dg.FreshnessPolicy | None:
    return None if longest == NEVER else dg.FreshnessPolicy.time_window(fail_window=longest)
