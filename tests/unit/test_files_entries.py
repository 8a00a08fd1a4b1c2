"""What an owner may declare of files, and which files that means."""

import pytest
from pydantic import ValidationError

from ingestion.errors import TableError
from ingestion.sources.files_copies import form_of
from ingestion.sources.files_entry import FilesEntry
from ingestion.sources.files_found import Content, chosen, natural_order


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"files": "/etc/*.csv"}, "not a pattern of files below"),
        ({"files": "a/../../*.csv"}, "not a pattern of files below"),
        ({"files": ""}, "not a pattern of files below"),
        ({"files": "s3://other/*.csv"}, "not a pattern of files below"),
        ({"files": "a.csv", "encoding": "klingon"}, "no encoding of text"),
        ({"files": "a.csv", "encoding": "base64"}, "no encoding of text"),
        ({"files": "a.csv", "separator": '"'}, "must differ"),
        ({"files": "a.csv", "header": ["a", "a"]}, "must differ"),
        ({"files": "a.csv", "each": "other"}, "'part', 'snapshot' or 'increment'"),
        ({"files": "a.csv", "delimiter": ";"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_options_are_refused(entry: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FilesEntry.model_validate(entry)


def test_names_are_in_the_order_of_their_numbers() -> None:
    names = ["leads-10.csv", "leads-9.csv", "2.csv", "leads.csv", "leads-09.csv"]
    assert sorted(names, key=natural_order) == ["2.csv", "leads-09.csv", "leads-9.csv", "leads-10.csv", "leads.csv"]


def test_increments_are_read_from_the_first_that_changed() -> None:
    before = {name: Content(1, name) for name in "abc"}
    assert chosen(before, before, "abc") == []
    assert chosen(before | {"b": Content(1, "x")}, before, "abc") == ["b", "c"]
    assert chosen(before | {"d": Content(1, "d")}, before, "abcd") == ["d"]


def test_form_follows_from_suffixes() -> None:
    assert form_of("a/B.TSV.GZ").separator == "\t"
    assert form_of("x.ndjson.zst").compression == ".zst"
    with pytest.raises(TableError, match="no file that can be read"):
        form_of("x.csv.md5")
