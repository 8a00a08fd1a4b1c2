"""Pseudonyms of personal values, and the clean form that they are made of."""

import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rows.conformance import OddValue
from ingestion.rows.pseudonyms import Pseudonym, PseudonymKey, SourceKey, clean_email, clean_phone, clean_text

SECRET = "correct horse battery staple, and more"

PHONES = {
    "+1 555 123": "+1555123",
    "001555123": "+1555123",
    "whatsapp:+1555123": "+1555123",
    " TEL:+49 (30) 123-456\t": "+4930123456",
    "(+49) 30 123456": "+4930123456",
    "+123456": "+123456",
    "+12345678": "+12345678",
    "+123456789012345": "+123456789012345",
    "+1234567890123456": "+1234567890123456",
    "0301234567": "0301234567",
    "tel:0301234567": "tel:0301234567",
    " Anna \ufeff": "Anna",
    "00": "00",
    "+": "+",
    "++1555123456": "+1555123456",
    "\u0661\u0662\u0663+1555123": "+1555123",
    "": None,
    "\u200b": None,
}


def pseudonyms(values: list[object], clean: object = clean_text, type_: pa.DataType | None = None) -> list[str | None]:
    key = PseudonymKey((SECRET,)).of_source("whatsapp")
    found, _ = Pseudonym(clean, key).of(pa.array(values, type_))  # type: ignore[arg-type]
    return list(found.to_pylist())


@pytest.mark.parametrize("written", PHONES)
def test_phone_number_is_one_however_it_is_written(written: str) -> None:
    assert clean_phone(None)(written) == PHONES[written]


def test_national_number_has_the_country_code_of_its_source() -> None:
    clean = clean_phone("49")
    assert clean("030 1234567") == clean("+49 30 1234567") == clean("0049301234567") == "+49301234567"
    assert clean("tel:0301234567") == "+49301234567"
    assert clean("301234567") == "301234567"
    assert clean("0") == "0"


def test_address_is_one_in_any_case() -> None:
    assert clean_email("\u00a0Zoë@Example.ORG\n") == "zoë@example.org"
    assert clean_email(" ") is None


def test_pseudonym_is_the_hmac_of_the_clean_value_under_the_sources_key() -> None:
    key = hmac.new(SECRET.encode(), b"crm-warehouse/pseudonyms/whatsapp", hashlib.sha256).digest()
    expected = hmac.new(key, b"+1555123", hashlib.sha256).hexdigest()
    assert pseudonyms(["+1 555 123", None, "", "001555123"], clean_phone(None)) == [expected, None, None, expected]


def test_key_is_whatever_bytes_the_environment_has() -> None:
    made = hmac.new(b"\xff" * 32, b"crm-warehouse/pseudonyms/whatsapp", hashlib.sha256).digest()
    key = PseudonymKey(("\udcff" * 32,)).of_source("whatsapp")
    assert key.pseudonym(b"x") == hmac.new(made, b"x", hashlib.sha256).hexdigest()


def test_pseudonyms_of_two_sources_or_keys_are_unlike() -> None:
    keys = [PseudonymKey((secret,)).of_source(name) for secret in (SECRET, SECRET[::-1]) for name in ("a", "b")]
    assert len({key.pseudonym(b"+1555123") for key in keys}) == len({key.fingerprint for key in keys}) == 4


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4), st.binary(max_size=20), st.data())
def test_what_was_hashed_under_a_key_is_hashed_once_more_under_the_next(
    chain: list[bytes], value: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(chain)))
    first, then = SourceKey(tuple(chain[:place])), SourceKey(tuple(chain[place:]))
    assert then.pseudonym(first.pseudonym(value).encode()) == SourceKey(tuple(chain)).pseudonym(value)


@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=20))
def test_equal_values_and_no_others_share_a_pseudonym(values: list[str | None]) -> None:
    found = pseudonyms(list(values), type_=pa.string())
    clean = [value if value is None else clean_text(value) for value in values]
    assert [value is None for value in found] == [value is None for value in clean]
    assert len({*found}) == len({*clean})


def test_whatever_a_source_has_in_the_column_becomes_a_pseudonym() -> None:
    """Numbers, bytes that are no text, and values that a reader could not hand over."""
    assert pseudonyms([15551234567, None]) == pseudonyms(["15551234567", None])
    latin = pa.array([b"Zo\xeb", b"Ann", None], pa.binary())
    key = PseudonymKey((SECRET,)).of_source("whatsapp")
    for wire in (latin, latin.view(pa.string())):
        found, _ = Pseudonym(clean_text, key).of(wire)
        assert [value and len(value) for value in found.to_pylist()] == [64, 64, None]
    odd = [OddValue(1, "phone", "+1 555 123", "why")]
    _, told = Pseudonym(clean_phone(None), key).of(pa.array(["a", None]), odd)
    assert told == [OddValue(1, "phone", key.pseudonym(b"+1555123"), "why")]
