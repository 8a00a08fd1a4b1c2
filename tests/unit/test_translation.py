"""How values of an owner's source become raw's."""

from decimal import Decimal

import pyarrow as pa
import pytest
from pydantic import ValidationError

from ingestion.catalogue.entries import TableEntry
from ingestion.catalogue.mapped import FoundTable
from ingestion.catalogue.mapping import ColumnMapping, TableMapping
from ingestion.catalogue.matching import admitted
from ingestion.rows.columns import ColumnType
from ingestion.sources.translation import EPOCHS, Translation

DOCUMENT = '{"a": {"n": 12345678901234567890.10, "l": [1, {"c": true}, "1"], "big": 1e400, "no": null, "é": "ü\\""}}'


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (["a", "n"], "12345678901234567890.10"),
        (["a", "big"], "1e400"),
        (["a", "l"], '[1, {"c": true}, "1"]'),
        (["a", "l", "1", "c"], "true"),
        (["a", "no"], None),
        (["a", "l", "-1"], None),
        (["a", "l", "99999999999999999999"], None),
        (["a", "é"], 'ü"'),
        (
            ["a"],
            '{"n": 12345678901234567890.10, "l": [1, {"c": true}, "1"], "big": 1e400, "no": null, "é": "ü\\""}',
        ),
    ],
)
def test_what_a_path_leads_to_is_as_the_document_has_it(path: list[str], told: str | None) -> None:
    values, odd = Translation(ColumnType.JSON, path).of(pa.array([DOCUMENT]), "c")
    assert (values.to_pylist(), odd) == ([told], [])


@pytest.mark.parametrize("document", ["no json", "", '{"a": NaN}', "[" * 100_000, '["a"]', "7", None])
def test_where_there_is_no_such_place_there_is_null(document: str | None) -> None:
    assert Translation(ColumnType.TEXT, ["a"]).of(pa.array([document], pa.string()), "c")[0].to_pylist() == [None]


def test_document_that_is_no_utf8_is_read_without_those_characters() -> None:
    """Some drivers hand over strings that are none."""
    documents = pa.array([b'{"a": "x\xff"}', b'{"a": "y"}', b"\xff", None], pa.binary()).view(pa.string())
    found, odd = Translation(ColumnType.TEXT, ("a",)).of(documents, "a")
    assert (found.to_pylist(), odd) == (["x\ufffd", "y", None, None], [])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array([True, False, None]), {True: "t", 0: "f", None: "n"}),
        (pa.array([1, 0, None]), {True: "t", "0": "f", None: "n"}),
        (pa.array(["1.50", "0.00", None]).cast(pa.decimal128(38, 9)), {1.5: "t", 0: "f", None: "n"}),
        (pa.array([2.0, 0.0, None]), {"2.0": "t", 0: "f", None: "n"}),
        (pa.array(["None", "", None]), {"None": "t", "": "f", None: "n"}),
    ],
)
def test_values_are_found_however_their_type_is_written(values: pa.Array, told: dict[object, str]) -> None:
    types = {
        "bool": ColumnType.BOOLEAN,
        "int64": ColumnType.INTEGER,
        "decimal128(38, 9)": ColumnType.DECIMAL,
        "double": ColumnType.DOUBLE,
        "string": ColumnType.TEXT,
    }
    mapping = TableMapping.model_validate({"columns": {"c": {"values": told}}})
    entry = TableEntry.model_validate({"columns": {"id": "identifier", "c": "text"}, "mapping": mapping})
    found = FoundTable("t", {"id": ColumnType.INTEGER, "c": types[str(values.type)]})
    translation = admitted("source", "t", entry, found).names.translations["c"]
    assert (translation.of(values, "c")[0].to_pylist(), translation.of(values, "c")[1]) == (["t", "f", "n"], [])


@pytest.mark.parametrize(
    ("wire", "times", "held", "told", "refused"),
    [
        (pa.array(["45.50", "45", " +.07 ", "1e2", "45.505", "4_5", "NaN", "٣", "", None]), "100", ColumnType.INTEGER,
         ["4550", "4500", "7", "10000"] + [None] * 6, ["45.505", "4_5", "NaN", "٣", ""]),
        (pa.array([45.1, 1e300, float("inf")]), "100", ColumnType.INTEGER,
         ["4510", "1" + "0" * 302, None], ["inf"]),
        (pa.array([7, 2**62]), "0.01", ColumnType.DECIMAL, ["0.07", "46116860184273879.04"], []),
        (pa.array(["0.00"]).cast(pa.decimal128(38, 9)), "100", ColumnType.INTEGER, ["0"], []),
        (pa.array(["1e999999999", "9" * 2_000]), "2", ColumnType.DECIMAL, [None, None], ["1e999999999", "9" * 2_000]),
    ],
    ids=["text", "double", "integer", "decimal", "enormous"],
)  # fmt: skip
def test_products_are_exact_and_what_has_none_is_told_as_it_was(
    wire: pa.Array, times: str, held: ColumnType, told: list[str | None], refused: list[str]
) -> None:
    values, odd = Translation(ColumnType.TEXT, times=Decimal(times), held=held).of(wire, "c")
    assert values.to_pylist() == told
    assert [o.value for o in odd] == refused


def test_instants_that_are_numbers_are_read_to_the_microsecond() -> None:
    wire = pa.array(["1772359200", "-0.0000015", "1772359200.1234567", "9e12", "9e13", "soon", None])
    values, odd = Translation(ColumnType.TEXT, times=EPOCHS["seconds"], held=ColumnType.TIMESTAMP).of(wire, "c")
    assert values.cast(pa.int64()).to_pylist() == [
        1_772_359_200_000_000, -2, 1_772_359_200_123_456, 9 * 10**18, None, None, None,
    ]  # fmt: skip
    assert [o.value for o in odd] == ["9e13", "soon"]


@pytest.mark.parametrize(
    ("type_", "values", "written"),
    [
        (ColumnType.INTEGER, {"1": "open", "x": "open", "true": "open", "2": "shut"}, [1, 1]),
        (ColumnType.BOOLEAN, {"true": "open", "0": "open", "7": "open"}, [True, False]),
        (ColumnType.DATE, {"2026-03-01": "open", "soon": "open", None: "open"}, ["2026-03-01", None]),
        (ColumnType.TEXT, {"1": "open", "x": "open"}, ["1", "x"]),
    ],
)
def test_source_is_asked_for_what_its_column_may_hold(
    type_: ColumnType, values: dict[str | None, str], written: list[object]
) -> None:
    assert Translation(type_, values=values).written(["open"]) == written


@pytest.mark.parametrize(
    ("type_", "values", "told"),
    [
        (ColumnType.DECIMAL, pa.array(["12.50", "-0.01", "1e3", None]), ["1250", "-1", "100000", None]),
        (
            ColumnType.DECIMAL,
            pa.array([" 99999999999999999999999999999.999999999 "]),
            ["9999999999999999999999999999999.9999999"],
        ),
        # As MySQL writes a double, and as Arrow holds it; 0.1 + 0.2 is 0.3 where a float is taken at what it can hold.
        (ColumnType.DOUBLE, pa.array(["0.30000000000000004", "12.345"]), ["30", "1234.5"]),
        (ColumnType.DOUBLE, pa.array([0.1 + 0.2, 4.35]), ["30", "435"]),
        (ColumnType.INTEGER, pa.array([7, -7]), ["700", "-700"]),
    ],
)
def test_numbers_are_multiplied_to_the_last_digit(type_: ColumnType, values: pa.Array, told: list[str | None]) -> None:
    assert Translation(type_, times=Decimal(100)).of(values, "c")[0].to_pylist() == told


@pytest.mark.parametrize("times", [0, -1, ".nan", "a lot", True])
def test_nothing_but_a_positive_number_multiplies(times: object) -> None:
    with pytest.raises(ValidationError):
        ColumnMapping.model_validate({"times": times})
    with pytest.raises(ValidationError, match="not both"):
        ColumnMapping.model_validate({"times": 0.01, "values": {1: "a"}})


def test_mappings_that_differ_are_told_apart() -> None:
    null, text = (TableMapping.model_validate({"columns": {"c": {"values": {key: "n"}}}}) for key in (None, "None"))
    assert null.record() != text.record()


def test_zone_is_the_columns_or_else_the_tables_and_of_instants_alone() -> None:
    columns = {
        "plain": {},
        "other": {"zone": "Asia/Tokyo", "default": "2026-01-01"},
        "deep": {"path": "at", "from": "document"},
        "counted": {"epoch": "seconds"},
        "listed": {"values": {"2026-01-01": "2026-01-02"}},
    }
    mapping = TableMapping.model_validate({"zone": "Europe/Madrid", "columns": columns})
    types = dict.fromkeys(columns, "timestamp") | {"id": "identifier", "day": "date", "said": "text"}
    entry = TableEntry.model_validate({"columns": types, "mapping": mapping})
    # As a file has them, but for what nobody declares.
    found = dict.fromkeys([*types, "document"], ColumnType.TEXT)
    found |= {"document": ColumnType.JSON, "further": ColumnType.TIMESTAMP, "flag": ColumnType.BOOLEAN}
    names = admitted("source", "t", entry, FoundTable("t", found)).names
    assert {name: one.zone for name, one in names.translations.items()} == {
        "plain": "Europe/Madrid",
        "other": "Asia/Tokyo",
        "deep": "Europe/Madrid",
        "counted": None,
        "listed": None,
        "further": "Europe/Madrid",
    }
    # Read as instants, so that a file's formats of dates count for them.
    assert names.translations["other"].type is ColumnType.TIMESTAMP
