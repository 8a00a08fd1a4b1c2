"""Names of files and folders out of ids that tenants chose."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exports import places
from ingestion.log.archive import Archive
from ingestion.output.file_names import file_name
from ingestion.output.storage import aside_name
from ingestion.rows.columns import RawTable

IDS = st.one_of(
    st.text(max_size=400),
    st.text("aAbBßẞ\u0131İ\u017fKk.~-_%@/\\: \u0301é\0", max_size=12),
    st.sampled_from(
        ["con", "CON", "nul", "com1", "..", ".", "", "\0", "%00", "a.", "a ", "%2E", "%2e", "A@", "/", "\\", "C:"]
    ),
)


def on_disk(name: str) -> str:
    """What a disk that ignores case and composition takes a name for; Windows also drops dots and spaces at the end."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold()).rstrip(". ")


@example("", "\0")
@given(IDS, IDS)
def test_two_texts_never_have_one_name_on_any_disk(one: str, other: str) -> None:
    if one != other:
        assert on_disk(file_name(one)) != on_disk(file_name(other))


@given(st.text(max_size=30))
def test_texts_that_differ_in_case_or_composition_only_have_names_of_their_own(text: str) -> None:
    variants = {text, text.upper(), text.lower(), text.swapcase(), text.casefold()}
    variants |= {unicodedata.normalize(form, v) for v in list(variants) for form in ("NFC", "NFD", "NFKC")}  # type: ignore[arg-type]
    variants |= {v + end for v in list(variants) for end in (".", " ")}
    assert len({on_disk(file_name(v)) for v in variants}) == len(variants)


@given(IDS)
def test_name_is_one_part_of_a_path_that_every_disk_takes(text: str) -> None:
    name = file_name(text)
    assert name.isascii()
    assert name.isprintable()
    assert not set(name) & set('/\\:*?"<>| .')
    assert name.lower() not in ("con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(10)))
    for suffix in (".csv", ".parquet", ".manifest.json"):
        assert len(aside_name(name + suffix).encode()) <= 255
    assert file_name(text) == name


@given(IDS, IDS)
def test_place_of_a_tenants_file_lies_below_the_exports_folder(system: str, tenant_id: str) -> None:
    folder = places.recipient(f"{system}:{tenant_id}")
    assert len(folder.split("/")) == 2
    assert not {"", ".", ".."} & set(folder.split("/"))


@pytest.mark.parametrize(
    ("tenant_id", "name"),
    [("42", "42"), ("t1", "t1"), ("a/b:c", "a%2Fb%3Ac"), ("müller", "m%C3%BCller"), ("", "%00"), ("..", "%2E%2E")],
)
def test_plain_ids_keep_the_names_that_they_had(tenant_id: str, name: str) -> None:
    assert file_name(tenant_id) == name


@pytest.mark.parametrize("tenant_id", ["\u5e97" * 29, "x" * 10_000, "ACME", "con", "\ud800"])
def test_other_ids_have_short_names_that_begin_like_them(tenant_id: str) -> None:
    name = file_name(tenant_id)
    assert len(name) <= 200
    assert name[:3] in (tenant_id[:3], "%E5", "%ED")


@given(st.text(min_size=1, max_size=300).filter(lambda name: name < "\ud800" or name > "\udfff"))
def test_archive_of_a_table_of_any_name_lies_in_the_archive(name: str) -> None:
    parts = Archive("/archive").name(RawTable("whatsapp", name, (), ()), 7).split("/")
    assert len(parts) == 3
    assert parts[::2] == ["whatsapp", "7.parquet"]
    assert parts[1].strip(" .")
    assert len(parts[1].encode()) <= 200
    assert "\\" not in parts[1]
