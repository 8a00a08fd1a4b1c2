"""Instants out of the times that the clocks of a zone showed.

Belongs here: which instant a local time is. Not here: times as text (instants.py), which zone it is (catalogue/).

By Python's zoneinfo, since Arrow knows of no change of clocks after those that the system's files list one by one: of
none after 2037, and of none at all after 2007 where the files are of the short form.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

_DAY = 86_400_000_000
_EPOCH, _YEAR_1, _YEAR_9999 = datetime(1970, 1, 1), datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001
_MICROSECOND = timedelta(microseconds=1)
_FIRST, _LAST = ((end - _EPOCH) // _MICROSECOND for end in (_YEAR_1, _YEAR_9999))


def instants_of(local: pa.Array, zone: str | None) -> pa.Array:
    """The instants, in UTC, of local times (timestamps in microseconds without a zone); None is UTC.

    A time that was shown twice is the first of the two. One that was never shown, since the clocks were put forward
    over it, is counted on from before: 02:30 is what was shown as 03:30.

    Raises:
        pa.ArrowInvalid: an instant is beyond what 64 bits of microseconds hold.
    """
    if zone is None:
        return local.cast(pa.timestamp("us", tz="UTC"))
    clock, micros = ZoneInfo(zone), local.view(pa.int64())
    # As a day begins and ends by the same offset, it has no other one in between.
    days = pc.floor_temporal(local, unit="day").view(pa.int64()).dictionary_encode()
    starts = days.dictionary.to_pylist()
    first = [_ahead(start, clock) for start in starts]
    is_constant = [ahead == _ahead(start + _DAY, clock) for start, ahead in zip(starts, first, strict=True)]
    ahead = pa.array(first, pa.int64()).take(days.indices)
    if not all(is_constant):
        mask = pc.fill_null(pc.invert(pa.array(is_constant, pa.bool_()).take(days.indices)), False)
        times = micros.filter(mask).dictionary_encode()
        told = pa.array([_ahead(time, clock) for time in times.dictionary.to_pylist()], pa.int64()).take(times.indices)
        ahead = pc.replace_with_mask(ahead, mask, told)
    return pc.subtract_checked(micros, ahead).view(pa.timestamp("us", tz="UTC"))


def _ahead(local: int, clock: ZoneInfo) -> int:
    """Microseconds by which the clock is ahead of UTC when it shows a time; beyond the years 1 to 9999 as at an end."""
    shown = _EPOCH + timedelta(microseconds=min(max(local, _FIRST), _LAST))
    offset = shown.replace(tzinfo=clock).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND
