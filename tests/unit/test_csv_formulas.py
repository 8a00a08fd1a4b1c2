"""Cells of CSV files: what a spreadsheet would run begins with an apostrophe, whatever stands before it."""

import csv
import io
import re
import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.formats.cells import _OPERATOR
from exports.formats.delimited import csv_files

SKIPPED = list(" \t\r\n\x00\x0b\x0c\x1c\x85\xa0\xad\u200b\u200e\u2028\u2060\u3000\ufeff\"'`\u201c")
OPERATORS = list("=+-@\uff1d\uff0b\uff0d\uff20\ufe62\u2212\u207a")


def cell(text: str) -> str:
    content = b"".join(csv_files(pa.table({"x": [text]}))(0, 1)).decode()
    [[told]] = csv.reader(io.StringIO(content.removeprefix("x\r\n"), newline=""))
    return told


def begins_with_a_formula(cell: str) -> bool:
    """What a spreadsheet sees that strips all it may strip, and normalizes."""
    rest = cell.lstrip("".join(SKIPPED).replace("'", ""))
    return unicodedata.normalize("NFKC", rest)[:1] in ("=", "+", "-", "@", "\u2212") and bool(rest)


@given(st.lists(st.sampled_from(SKIPPED)).map("".join), st.sampled_from(OPERATORS), st.text(max_size=5))
def test_formula_behind_anything_that_is_skipped_is_led_in_by_an_apostrophe(led: str, operator: str, rest: str) -> None:
    assert cell(led + operator + rest).startswith("'")


@given(st.text("a =+;\t\n\"'\uff1d\u200b1", max_size=12))
def test_no_cell_begins_with_a_formula_for_programs_that_separate_by_semicolon_or_tab(text: str) -> None:
    for part in re.split(r"[;\t\r\n]", cell(text)):
        assert not begins_with_a_formula(part), part


@given(st.text(max_size=20))
def test_only_apostrophes_are_added_and_harmless_text_has_none(text: str) -> None:
    told = cell(text)
    assert told.replace("'", "") == text.replace("'", "")
    if not re.search(f"[{''.join(map(re.escape, OPERATORS))}\t\r\n]", text) and not _OPERATOR.search(text):
        assert told == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n=1+1", "'\n'=1+1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20a", "'\uff20a"),
        ("\ufeff=1", "'\ufeff=1"),
        ("x;=1", "x;'=1"),
        ("well-known", "well-known"),
        ("a = b", "a = b"),
        ("whatsapp:t1", "whatsapp:t1"),
    ],
)
def test_examples(text: str, told: str) -> None:
    assert cell(text) == told


def test_operators_are_all_characters_that_normalize_to_one() -> None:
    found = {c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.normalize("NFKC", c)[0] in "=+-@\u2212"}
    assert {c for c in found if not _OPERATOR.match(c)} == set()
