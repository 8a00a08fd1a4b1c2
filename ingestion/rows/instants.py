"""Instants out of text: ISO 8601 and RFC 3339, as databases and programming languages spell them.

Belongs here: which spellings are read. Not here: what becomes of others (conversion.py).

Read are, beside the canonical form: a date and no time (its midnight); a comma before the fraction; a blank for the T
and before the offset; t, z, UTC and GMT; offsets as +01, +0100, +01:00 and with seconds; hours, minutes and seconds
without separators (20260301T120000Z); a name of the zone after an offset, which says the same (Java's
+01:00[Europe/Berlin], Go's +0100 CET). No offset is the zone that is told, or UTC. Digits beyond the microsecond are
cut, never rounded: a rounded instant may be of the next day. 24:00:00 is the next midnight.
"""

from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.rows.local_times import instants_of

_UTC = pa.timestamp("us", tz="UTC")
_SECOND, _DAY = 1_000_000, 86_400_000_000

_MINUS = pa.array(["-", "\N{MINUS SIGN}"])
_NUMBER = r"(?P<sign>[+\-\x{2212}])(?P<hours>[01]\d|2[0-3])(?::?(?P<minutes>[0-5]\d)(?::?(?P<seconds>[0-5]\d))?)?"
_NAME = r"(?:\[[\w/+\-:]+\]|\s+(?:[A-Z]{2,5}|[+\-]\d{2,4}))?(?:\s+m=[+\-][\d.]+)?"
_ZONE = rf"(?:\s*(?:{_NUMBER}{_NAME}|(?P<utc>[Zz]|UTC|GMT)(?:\[[\w/+\-:]+\])?))?"
_EXTENDED = (
    r"^(?P<day>\d{4}-\d{2}-\d{2})(?:(?:[Tt]|\s+)"
    r"(?P<hour>\d{2})(?P<minute>:\d{2})?(?P<second>:\d{2})?(?:[.,](?P<fraction>\d+))?" + _ZONE + r")?$"
)
_BASIC = r"^(\d{4})(\d{2})(\d{2})[Tt](\d{2})(\d{2})?(\d{2})?(\D.*)?$"


def instants(text: pa.Array, zone: str | None = None) -> pa.Array:
    """Instants in UTC of text (string) without blanks around it; null of null.

    Args:
        text: the instants as they are written.
        zone: whose clocks showed those that are written without an offset; None: UTC.

    Raises:
        pa.ArrowInvalid: a value is spelled otherwise, or there is no such day or time.
    """
    # Most columns are of one canonical form, which is read many times faster.
    with suppress(pa.ArrowInvalid):
        return text.cast(_UTC)
    with suppress(pa.ArrowInvalid):
        return instants_of(text.cast(pa.timestamp("us")), zone)
    with suppress(pa.ArrowInvalid):
        return pc.floor_temporal(text.cast(pa.timestamp("ns", tz="UTC")), unit="microsecond").cast(_UTC)
    return _read(text, zone)


def _read(text: pa.Array, zone: str | None) -> pa.Array:
    if pc.any(is_basic := pc.match_substring_regex(text, _BASIC)).as_py():
        # What is absent ends in separators, which are taken away again.
        extended = pc.replace_substring_regex(text, _BASIC, r"\1-\2-\3T\4:\5:\6\7")
        extended = pc.replace_substring_regex(extended, r"(T\d{2}(?::\d{2})?):+(\D.*)?$", r"\1\2")
        text = pc.if_else(is_basic, extended, text)
    found = pc.extract_regex(text, _EXTENDED)
    if found.null_count != text.null_count:
        raise pa.ArrowInvalid("not an instant")
    part = dict(zip((field.name for field in found.type), found.flatten(), strict=True))
    is_midnight = pc.equal(part["hour"], "24")
    time = pc.binary_join_element_wise(
        pc.if_else(is_midnight, "00", _or(part["hour"], "00")),
        _or(part["minute"], ":00"),
        _or(part["second"], ":00"),
        "",
    )
    whole = pc.binary_join_element_wise(part["day"], time, "T").cast(pa.timestamp("us")).view(pa.int64())
    fraction = pc.utf8_rpad(pc.utf8_slice_codeunits(part["fraction"], 0, 6), 6, "0").cast(pa.int64())
    rest = pc.binary_join_element_wise(time, part["fraction"], "")
    if pc.any(pc.and_(is_midnight, pc.match_substring_regex(rest, "[1-9]"))).as_py():
        raise pa.ArrowInvalid("no such time")
    if pc.any(pc.and_(pc.not_equal(part["fraction"], ""), pc.equal(part["second"], ""))).as_py():
        raise pa.ArrowInvalid("a fraction of something else than a second")
    whole = pc.add(pc.add(whole, fraction), pc.multiply(is_midnight.cast(pa.int64()), _DAY))
    told = pc.subtract(whole, _offset(part)).view(_UTC)
    if zone is None:
        return told
    is_local = pc.equal(pc.binary_join_element_wise(part["sign"], part["utc"], ""), "")
    return pc.if_else(is_local, instants_of(whole.view(pa.timestamp("us")), zone), told)


def _offset(part: dict[str, pa.Array]) -> pa.Array:
    """Microseconds by which the zone is ahead of UTC."""
    hours, minutes, seconds = (_or(part[name], "0").cast(pa.int64()) for name in ("hours", "minutes", "seconds"))
    ahead = pc.add(pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60), seconds)
    sign = pc.if_else(pc.is_in(part["sign"], value_set=_MINUS), -_SECOND, _SECOND)
    return pc.multiply(ahead, sign)


def _or(text: pa.Array, otherwise: str) -> pa.Array:
    return pc.if_else(pc.equal(text, ""), otherwise, text)
