"""What is left of rows of people that were erased, and how they are known again."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from ingestion.errors import StorageError
from ingestion.log.erasures import Erasure, Erasures, SourceErasure
from ingestion.output.storage import Storage
from ingestion.rows.conformance import Conformed, Effect, Rejection
from ingestion.rows.erased import Blanking, ErasedRows, Tokens, keys_of, row_names
from ingestion.rows.pseudonyms import PseudonymKey

KEY = PseudonymKey(("the key of tests, of people that there are not",)).of_source("whatsapp")
BLANKING = Blanking(("id",), frozenset({"phone"}), frozenset({"id", "status"}), {"data": ["amount", "kind"]})

ROWS = pa.record_batch(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "phone": ["p1", None, "p3"],
        "status": ["open", None, "done"],
        "data": ['{"amount": 1.5, "name": "Ann", "kind": {"of": "Ann"}}', "Ann", None],
        "day": pa.array([date(2026, 1, 1)] * 3, pa.date32()),
        "price": pa.array([Decimal("1.5")] * 3, pa.decimal128(38, 9)),
        "at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "_op": ["upsert"] * 3,
    }
)


def erased(rows: dict[int, Tokens | None], blanking: Blanking = BLANKING) -> ErasedRows:
    names = row_names(KEY, map(str, rows))
    return ErasedRows(blanking, KEY, dict(zip(names, rows.values(), strict=True)))


def test_of_a_row_that_is_erased_what_is_declared_as_nobodys_stays() -> None:
    which = pa.array([True, True, False])
    left = BLANKING.of(ROWS, which, lambda name, values: pa.array([f"token of {name}"] * len(values)))
    assert left.schema == ROWS.schema
    assert left.to_pylist()[0] == dict.fromkeys(ROWS.schema.names) | {
        "id": 1,
        "phone": "token of phone",
        "status": "open",
        "data": '{"amount": 1.5}',
        "_op": "upsert",
    }
    assert left.to_pylist()[1]["data"] == "[]"
    assert left.to_pylist()[2] == ROWS.to_pylist()[2]


@pytest.mark.parametrize(
    ("document", "left"),
    [
        (
            '{"kind": "a", "kind": "b", "amount": 12345678901234567890123}',
            {"kind": "b", "amount": 12345678901234567890123},
        ),
        ('{"kind": true, "amount": null}', {"kind": True}),
        ('{"kind": "\\u0000 \\n \\" ä"}', {"kind": '\x00 \n " ä'}),
        ('{"kind": "\\ud800"}', {"kind": "?"}),
        ('{"kind": NaN, "amount": 1e999}', {}),
        ('{"kind": Infinity, "amount": -0.0}', {"amount": -0.0}),
        ('["kind"]', []),
        ('"kind"', []),
        ("", None),
        ("kind", []),
        ("[" * 100_000, []),
        ('{"kind":' * 100_000, []),
        ('{"amount": 1' + "0" * 5_000 + "}", []),
    ],
    ids=range(13),
)
def test_of_a_document_single_values_stay(document: str, left: object) -> None:
    rows = pa.record_batch({"id": [1], "data": [document]})
    [[found]] = [BLANKING.of(rows, pa.array([True]), lambda _, values: values).column("data").to_pylist()]
    assert (found if found is None else json.loads(found, parse_constant=pytest.fail)) == left


def test_bytes_that_are_no_text_do_not_keep_a_document_from_being_erased() -> None:
    data = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xff{"))
    rows = pa.record_batch({"id": pa.array([1]), "data": data})
    assert BLANKING.of(rows, pa.array([True]), lambda _, values: values).column("data").to_pylist() == ["[]"]


def test_rows_that_were_erased_are_known_again_and_told_of_while_the_source_has_something_of_them() -> None:
    register = erased({1: {"phone": "token"}, 2: {}, 3: None})
    left = register.of(Conformed(ROWS, [])).batch
    assert [(row["id"], row["phone"]) for row in left.to_pylist()] == [(1, "token"), (2, None)]
    assert len(register.still_there) == 3
    again = erased({1: {"phone": "token"}, 2: {}})
    assert again.of(Conformed(left, [])).batch == left
    assert again.still_there == set()


def test_keys_show_nothing_of_what_the_source_has() -> None:
    register = erased({1: {}, 3: None})
    assert register.of(Conformed(ROWS.select(["id"]), []), are_keys=True).batch.to_pylist() == [{"id": 1}, {"id": 2}]
    assert register.still_there == set()


def rejection(key: object, column: str, effect: Effect = Effect.ROW) -> Rejection:
    return Rejection(json.dumps({"id": key}), column, "expected text", "Ann", '{"id": 1, "name": "Ann"}', effect)


def test_of_a_row_that_was_erased_nothing_is_recorded_but_its_key() -> None:
    register = erased({1: {}, 2: None})
    of_nobody = [rejection(9, "status"), rejection(None, "id"), rejection("1 ", "status")]
    given = [
        rejection(1, "status"),
        rejection(1, "status", Effect.VALUE),
        rejection(1, "name", Effect.VALUE),
        rejection(2, "status"),
    ]
    left = register.of(Conformed(ROWS.slice(0, 0), [*given, *of_nobody])).rejections
    assert left[2:] == of_nobody
    assert [(r.key, r.value, r.content) for r in left[:2]] == [('{"id": 1}', None, '{"id": 1}')] * 2


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array([-7]), "-7"),
        (pa.array(["a\u00a0b"]), "a\u00a0b"),
        (pa.array([b"\xff\0"]), "ff00"),
        (pa.array([date(2026, 1, 1)]), "2026-01-01"),
        (pa.array([Decimal("1.50")], pa.decimal128(38, 9)), "1.500000000"),
    ],
    ids=["integer", "text", "bytes", "date", "decimal"],
)
def test_a_key_is_one_text_whatever_its_type(values: pa.Array, told: str) -> None:
    rows = pa.record_batch({"a": values, "b": ["x"]})
    assert keys_of(rows, ["a", "b"]).to_pylist() == [f"{told}\x1fx"]
    assert keys_of(pa.record_batch({"a": pa.nulls(1, values.type), "b": ["x"]}), ["a", "b"]).to_pylist() == [None]


def erasure(rows: dict[str, Tokens | None], fingerprint: str = KEY.fingerprint) -> Erasure:
    return Erasure("2026-01-01", False, "done", None, {"whatsapp": SourceErasure(fingerprint, {"people": rows})})


def test_what_is_gone_stays_gone_and_else_the_last_erasure_counts(tmp_path: object) -> None:
    register = Erasures(Storage(str(tmp_path), "ARCHIVE_URL"))
    assert register.of_source("whatsapp").tables == {}
    register.write(
        {
            "1": erasure({"a": {"phone": "1"}, "b": None, "c": {"phone": "1"}}),
            "2": erasure({"a": {"phone": "2"}, "b": {"phone": "2"}, "c": None}),
        }
    )
    assert register.of_source("whatsapp").tables == {"people": {"a": {"phone": "2"}, "b": None, "c": None}}
    assert not register.of_source("whatsapp").is_told
    register.note_told("whatsapp")
    assert register.of_source("whatsapp").is_told
    assert register.of_source("shop").tables == {}


@pytest.mark.parametrize(
    "told",
    ["", "[]", '{"1": null}', '{"1": {}}', '{"1": {"sources": []}}', '{"1": {"sources": {"whatsapp": 1}}}'],
)
def test_register_that_is_damaged_is_not_taken_for_an_empty_one(tmp_path: object, told: str) -> None:
    storage = Storage(str(tmp_path), "ARCHIVE_URL")
    storage.write("operations/erasures.json", told.encode())
    with pytest.raises(StorageError, match=r"operations/erasures\.json is damaged"):
        Erasures(storage).read()
