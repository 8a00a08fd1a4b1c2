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
from ingestion.sources.translation import Translation

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
        (ColumnType.TEXT, pa.array(["a lot", "", "nan", "1e999999999"]), ["a lot", "", "nan", "1e999999999"]),
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
