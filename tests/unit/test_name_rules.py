"""What a source's columns are called in raw, and what ids are there."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.matching import admitted, matched_columns, refused_tables
from ingestion.errors import TableError
from ingestion.rows.columns import RESERVED_COLUMNS, ColumnType
from ingestion.rows.folding import Folding, as_written
from ingestion.rows.names import ANY_NAME, NameRules, raw_names, with_digest
from ingestion.warehouses import bigquery, duckdb, postgresql

RULES = [w._CAPABILITIES.names for w in (duckdb, postgresql, bigquery)]
NAMES = st.one_of(
    st.sampled_from(
        ["note", "Note", "NOTE", "id", "ID", "_op", "_OP", "_odd", "xmin", "", " ", "n" * 64, "ß", "ss", "SS"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
)


@pytest.mark.parametrize("rules", RULES)
@given(st.lists(NAMES, unique=True, max_size=12), st.randoms(use_true_random=False))
def test_every_column_has_a_name_that_the_warehouse_takes_and_keeps_it(
    rules: NameRules, found: list[str], random: "st.DataObject"
) -> None:
    existing: list[str] = []
    known: dict[str, str] = {}
    # Columns come one after the other, and some go.
    for number in range(1, len(found) + 1):
        present = [name for name in found[:number] if random.random() < 0.9]  # type: ignore[attr-defined]
        names = raw_names(present, {"id": "id" if "id" in present else None}, existing, rules)
        assert set(names) >= set(present)
        folded = [name.casefold() for name in names.values()]
        assert len({*folded}) == len(folded)
        assert not {*folded} & {*RESERVED_COLUMNS}
        assert all(rules.fault(name) is None for name in names.values())
        for name in present:
            if name in known and all(known[name] != other for n, other in names.items() if n != name):
                assert names[name] == known[name]
        known |= names
        existing += [name for name in names.values() if name not in existing]


@given(NAMES)
def test_name_with_a_digest_is_taken_by_every_warehouse_and_is_always_the_same(name: str) -> None:
    given_ = with_digest(name)
    assert given_ == with_digest(name)
    assert all(rules.fault(given_) is None for rules in RULES)
    assert with_digest(name, {given_.casefold()}) != given_


@given(st.lists(NAMES, unique=True, min_size=1, max_size=8), st.permutations(range(8)))
def test_order_of_columns_does_not_matter(found: list[str], order: list[int]) -> None:
    shuffled = [found[i] for i in order if i < len(found)]
    assert raw_names(found, {}) == raw_names(shuffled, {})


def entry(*columns: str) -> TableEntry:
    return TableEntry.model_validate(
        {"mode": "full", "key": [columns[0]], "columns": dict.fromkeys(columns, "identifier")}
    )


def test_exact_name_wins_over_case_and_two_that_differ_in_case_alone_are_told() -> None:
    assert matched_columns(entry("id", "note"), ["ID", "Note", "note"]) == {"id": "ID", "note": "note"}
    with pytest.raises(
        TableError, match='"NOTE", "Note", which differ from the catalogue\'s column note in case alone'
    ):
        matched_columns(entry("id", "note"), ["id", "NOTE", "Note"])
    with pytest.raises(TableError, match="the catalogue declares columns that differ in case alone"):
        matched_columns(entry("id", "ID"), ["id"])


def test_tables_of_a_warehouse_that_tells_case_apart_both_stay() -> None:
    assert set(refused_tables(["outlets", "Outlets"], ())) == {"Outlets"}
    assert set(refused_tables(["outlets", "Outlets"], ["Outlets"])) == {"outlets"}
    assert refused_tables(["outlets", "Outlets"], ["Outlets", "outlets"]) == {}


def test_column_of_the_source_called_as_a_spelling_is_not_taken_for_it() -> None:
    found = FoundTable("t", {"id": ColumnType.TEXT, "id_as_written": ColumnType.TEXT})
    admission = admitted("shop", "t", entry("id"), found, {"id": Folding("all")})
    assert [c.name for c in admission.table.columns] == ["id", with_digest("id_as_written"), "id_as_written"]
    assert admission.names.spellings == {"id_as_written": "id"}


@pytest.mark.parametrize(
    ("folding", "same"),
    [
        (Folding("all"), str.lower),
        (Folding("ascii"), lambda text: "".join(c.lower() if c.isascii() else c for c in text)),
        (Folding(trailing_spaces=True), lambda text: text.rstrip(" ")),
        (
            Folding("ascii", trailing_spaces=True),
            lambda text: "".join(c.lower() if c.isascii() else c for c in text).rstrip(" "),
        ),
    ],
)
@given(values=st.lists(st.none() | st.text("aAbB zZéÉ \t1", max_size=6)), bad=st.booleans())
def test_canonical_form_is_what_the_source_takes_for_the_same(
    folding: Folding, same: Callable[[str], str], values: list[str | None], bad: bool
) -> None:
    encoded = [None if v is None else v.encode() for v in values] + ([b"\xff A "] if bad else [])
    wire = pc.cast(pa.array(encoded, pa.binary()), options=pc.CastOptions(pa.string(), allow_invalid_utf8=True))
    canonical = folding.canonical(wire)
    shown = canonical.cast(pa.binary()).to_pylist()
    assert shown[: len(values)] == [None if v is None else same(v).encode() for v in values]
    spelled = as_written(wire, canonical).cast(pa.binary()).to_pylist()
    assert spelled == [None if w == c else w for w, c in zip(encoded, shown, strict=True)]
    assert canonical.to_pylist() == folding.canonical(canonical).to_pylist() if not bad else True


def test_any_name_is_taken_where_nothing_limits_it() -> None:
    assert ANY_NAME.fault("\x01 ;`") is None
    assert ANY_NAME.fault("") == "is empty"
