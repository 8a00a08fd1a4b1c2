"""Keyed pseudonyms of personal values: what raw has in their place.

Belongs here: the clean form of a value, its pseudonym, and the keys. Not here: which columns have one
(catalogue/personal.py), when raw's are renewed (operations/rotation.py).

A pseudonym is the HMAC-SHA-256 (RFC 2104) of the clean value under a key of its source, as 64 hexadecimal digits. A
hash without a key, or with one that stands in the warehouse, protects no telephone numbers: there are few enough to
try them all.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

import pyarrow as pa

from ingestion.rows.columns import ColumnType
from ingestion.rows.conformance import OddValue
from ingestion.rows.conversion import convert, texts

# White_Space of Unicode, its control characters (Cc), the zero width space and the byte order mark.
_WHITE_SPACE = (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_UNSEEN = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0), *_WHITE_SPACE, 0x200B, 0xFEFF)))

_BYTES = "surrogateescape"
"""What is no UTF-8 is its bytes, in a key as in a value."""

_SCHEME = re.compile(r"^(whatsapp|tel):")
_NO_DIGIT = re.compile(r"[^0-9+]")
_PHONE = re.compile(r"[+][0-9]{7,15}")


@dataclass(frozen=True)
class SourceKey:
    """The key of a source's pseudonyms.

    Attributes:
        chain: its parts, the first one first: a key that was replaced stays below the new one, so that what was hashed
            under it can be hashed anew by nobody knowing it.
    """

    chain: tuple[bytes, ...]

    def pseudonym(self, value: bytes) -> str:
        """A clean value's pseudonym."""
        for hashed in self._hashes:
            value = hashed(value)
        return value.decode()

    @cached_property
    def _hashes(self) -> list[Callable[[bytes], bytes]]:
        return [_keyed(key) for key in self.chain]

    @cached_property
    def fingerprint(self) -> str:
        """What tells this key from others, and nothing of it."""
        return self.pseudonym(b"fingerprint of the key")[:16]

    @cached_property
    def fingerprints(self) -> tuple[str, ...]:
        """Those of the keys that it was, one after the other; its own is the last."""
        return tuple(SourceKey(self.chain[: place + 1]).fingerprint for place in range(len(self.chain)))


def key_bytes(secret: str) -> bytes:
    """A secret of the environment as the bytes that it was there, which need not be text."""
    return secret.encode(errors=_BYTES)


def _keyed(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 under a key of at most 64 bytes, in hexadecimal digits.

    As RFC 2104 has it, its two hashes begun once: Python's own begins them for every value, which takes three times as
    long.
    """
    padded = key.ljust(64, b"\0")
    inner, outer = (sha256(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))

    def hashed(value: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(value)
        around.update(within.digest())
        return around.hexdigest().encode()

    return hashed


@dataclass(frozen=True)
class PseudonymKey:
    """What the keys of all sources are derived from.

    Attributes:
        secrets: the owner's key; before it those that it replaced, the oldest first.
    """

    secrets: tuple[str, ...]

    def of_source(self, source: str) -> SourceKey:
        """The key of a source: pseudonyms of two sources tell nothing of each other."""
        use = f"crm-warehouse/pseudonyms/{source}".encode()
        return SourceKey(tuple(hmac.digest(key_bytes(secret), use, "sha256") for secret in self.secrets))


@dataclass(frozen=True)
class Pseudonym:
    """How the values of a column become pseudonyms.

    Attributes:
        clean: a value in the form in which equal ones are equal; None where it is none.
        key: the source's.
    """

    clean: Callable[[str], str | None]
    key: SourceKey

    def of(self, wire: pa.Array, odd: Sequence[OddValue] = ()) -> tuple[pa.Array, list[OddValue]]:
        """The column's pseudonyms, each made once in the batch, and odd values with pseudonyms in their place."""
        text = wire if pa.types.is_string(wire.type) else self._text(wire)
        found = text.dictionary_encode()
        hashed = pa.array([self._of(value) for value in texts(found.dictionary, _BYTES)], pa.string())
        return hashed.take(found.indices), [replace(o, value=self._of(o.value) or "") for o in odd]

    def _text(self, wire: pa.Array) -> pa.Array:
        text, bad = convert(wire, ColumnType.TEXT)
        if not bad:
            return text
        # What is no text is personal as well.
        rows = {row: repr(wire[row].as_py()) for row in bad}
        return pa.array([rows.get(row, value) for row, value in enumerate(texts(text, _BYTES))], pa.string())

    def _of(self, value: str | None) -> str | None:
        clean = None if value is None else self.clean(value)
        return clean and self.key.pseudonym(clean.encode(errors=_BYTES))


def clean_text(value: str) -> str | None:
    """A value without what is not seen at both ends; None where nothing is left."""
    return value.strip(_UNSEEN) or None


def clean_email(value: str) -> str | None:
    """An address in lower case."""
    text = clean_text(value)
    return text and text.lower()


def clean_phone(country_code: str | None) -> Callable[[str], str | None]:
    """Telephone numbers as + and 7 to 15 digits, however they are written; what is none stays text.

    Args:
        country_code: of numbers that are written with one leading 0; None: they stay as they are.
    """

    def clean(value: str) -> str | None:
        if _PHONE.fullmatch(value):
            return value
        if (text := clean_text(value)) is None:
            return None
        digits = _NO_DIGIT.sub("", _SCHEME.sub("", text.lower()))
        number = digits.replace("+", "")
        if digits.startswith("+"):
            number = f"+{number}"
        elif digits.startswith("00"):
            number = f"+{number[2:]}"
        elif digits.startswith("0") and country_code:
            number = f"+{country_code}{number[1:]}"
        return number if _PHONE.fullmatch(number) else text

    return clean
